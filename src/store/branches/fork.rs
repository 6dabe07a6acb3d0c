//! Branching off: one small row, whatever the size of the state.

use crate::core::{Code, StateError, StateResult, hash};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::branches::branch::{both, check, index, jump_cost, target};
use crate::store::branches::checkpoints;
use crate::store::feed::record::{Change, record};
use crate::store::log::cache::patch_hash;
use crate::store::log::executions::{self, Lock, final_statuses, head, head_columns, key_params};
use crate::store::log::versions::UNCHANGED;
use crate::store::migrations::chains;

static FORK: Statement = Statement::new(
    concat!(
        "WITH head AS (
  INSERT INTO wfstate.executions AS e (tenant, execution_id, workflow, workflow_version, schema_version, status, phase,
         version, keyframe_version, hash, state_bytes, chain_bytes, created_at, started_at, updated_at, completed_at, forked_from_execution_id, forked_from_version)
  SELECT $1, $3, $11, $12, $10, $8, $9, 1, 1, $5, $6, $7, t.at,
         CASE WHEN $8 {=} 'running' THEN t.at END, t.at,
         CASE WHEN $8 {=} ANY (",final_statuses!(),") THEN t.at END, $2, $4
    FROM (SELECT pg_catalog.clock_timestamp() AS at) AS t
  ON CONFLICT (tenant, execution_id) DO NOTHING
  RETURNING ",
        head_columns!(),
        "
), log AS (
  INSERT INTO wfstate.state_versions (tenant, execution_id, version, base_version, keyframe_version, hash,
         saved_at, state_bytes, chain_bytes, schema_version, status, phase, patch)
  SELECT $1, $3, 1, $4, 1, h.hash, h.updated_at, h.state_bytes, h.chain_bytes, $10, $8, $9,
         '[]'::pg_catalog.jsonb
    FROM head AS h
)
SELECT e.* FROM head AS e"
    ),
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Text,
        Type::Text,
        Type::Int4,
        Type::Text,
        Type::Int4,
    ],
);
static TAGS: Statement = Statement::new(
    "SELECT s.tags FROM wfstate.search AS s WHERE s.tenant {=} $1 AND s.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

/// Starts a new execution from a version of this one, by default the head. Returns its version, 1.
pub fn fork(
    key: Key<'_>,
    new_id: &str,
    version: Option<i64>,
    checkpoint: Option<&str>,
) -> StateResult<i64> {
    let source = executions::lock_existing(key, Lock::Reference)?;
    let version = match (checkpoint, version) {
        (Some(_), Some(_)) => return Err(both()),
        (Some(name), None) => checkpoints::existing(Mode::Write, key, name)?,
        (None, version) => version.unwrap_or(source.version),
    };
    let target = target(key, version)?;
    let new_key = Key {
        tenant: key.tenant,
        id: new_id,
    };
    chains::keep(key.tenant, source.workflow.as_deref())?;
    check(new_key, key, &source, &target)?;
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(Some(new_id)),
        Param::Int8(Some(target.version)),
        Param::Int8(Some(hash::chain(target.hash, patch_hash(&UNCHANGED)?))),
        Param::Int8(Some(target.state_bytes)),
        Param::Int8(Some(target.chain_bytes + jump_cost(target.state_bytes))),
        Param::Text(Some(&target.status)),
        Param::Text(target.phase.as_deref()),
        Param::Int4(target.schema_version.map(i64::from)),
        Param::Text(source.workflow.as_deref()),
        Param::Int4(source.workflow_version.map(i64::from)),
    ];
    let Some(head) = FORK.one(Mode::Write, &params, head)? else {
        return Err(StateError::new(
            Code::AlreadyExists,
            format!("execution \"{new_id}\" already exists"),
        )
        .hint("Choose another id for the fork."));
    };
    index(new_key, &head, tags_of(key)?.as_deref())?;
    record(new_key, Change::Status(head.version, &head.status))?;
    Ok(head.version)
}

/// The tags of an execution.
pub(super) fn tags_of(key: Key<'_>) -> StateResult<Option<Vec<u8>>> {
    let tags = TAGS.one(Mode::Write, &key_params(key), |row| Ok(row.jsonb(0)))?;
    Ok(tags.flatten())
}
