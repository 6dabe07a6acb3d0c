//! `wf_export`: an execution as one document.

use crate::core::{StateError, StateResult};
use crate::pg::document::Document;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::{self, key_params};
use crate::store::log::rebuild;

/// `$3` stands in for a first version that refers to the execution it was forked from.
static EXPORT: Statement = Statement::new(
    "SELECT pg_catalog.jsonb_build_object(
        'format', 'wfstate', 'format_version', 1,
        'execution', (pg_catalog.to_jsonb(e) {-} ARRAY['tenant', 'hash', 'keyframe_version', 'chain_bytes',
             'archive_bytes', 'state_bytes', 'is_session']::pg_catalog.text[]),
        'tags', s.tags,
        'checkpoints', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(c)
                 {-} ARRAY['tenant', 'execution_id']::pg_catalog.text[] ORDER BY c.version, c.name), '[]')
             FROM wfstate.checkpoints AS c WHERE c.tenant {=} $1 AND c.execution_id {=} $2),
        'task_results', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)
                 {-} CASE WHEN r.output IS NULL
                          THEN ARRAY['tenant', 'execution_id', 'is_early', 'output']::pg_catalog.text[]
                          ELSE ARRAY['tenant', 'execution_id', 'is_early']::pg_catalog.text[] END
                 ORDER BY r.step_id, r.task_path, r.task_id, r.part), '[]')
             FROM wfstate.task_results AS r WHERE r.tenant {=} $1 AND r.execution_id {=} $2),
        'versions', (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
                 'version', v.version, 'status', v.status, 'phase', v.phase, 'step_id', v.step_id,
                 'note', v.note, 'saved_by', v.saved_by, 'saved_at', v.saved_at,
                 'base_version', CASE WHEN v.version {=} 1 THEN NULL ELSE v.base_version END))
                 {||} pg_catalog.jsonb_build_object('schema_version', v.schema_version)
                 {||} CASE WHEN v.version {=} 1 AND $3 IS NOT NULL
                      THEN pg_catalog.jsonb_build_object('snapshot', $3)
                      WHEN v.patch IS NULL THEN pg_catalog.jsonb_build_object('snapshot', v.snapshot)
                      ELSE pg_catalog.jsonb_build_object('patch', v.patch) END
                 ORDER BY v.version)
             FROM wfstate.state_versions AS v WHERE v.tenant {=} $1 AND v.execution_id {=} $2))
       FROM wfstate.executions AS e
       LEFT JOIN wfstate.search AS s ON s.tenant {=} $1 AND s.execution_id {=} $2
      WHERE e.tenant {=} $1 AND e.execution_id {=} $2",
    &[Type::Text, Type::Text, Type::Jsonb],
);

/// The execution with its whole log, checkpoints and tags; a fork stands on its own in it.
pub fn export(key: Key<'_>) -> StateResult<Document> {
    let first = match executions::source(Mode::Read, key)? {
        Some(_) if crate::store::history::page::kept(key, 1)? => {
            Some(rebuild::at(Mode::Read, key, 1)?)
        }
        _ => None,
    };
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Jsonb(first.as_deref())];
    EXPORT
        .one(Mode::Read, &params, |row| Ok(row.document(0)))?
        .flatten()
        .ok_or_else(|| StateError::execution_not_found(key.id, key.tenant))
}
