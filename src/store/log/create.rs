//! An execution with its first version, in one statement.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::feed::record::{Change, record};
use crate::store::log::executions::{Head, final_statuses, head, head_columns, key_params};
use crate::store::log::new_version::Labels;
use crate::store::log::versions::bytes;
use crate::store::search::index;

/// `$search` is what else the statement inserts.
macro_rules! create {
    ($search:literal, $types:expr) => {
        Statement::new(
            concat!(
                "WITH head AS (
  INSERT INTO wfstate.executions AS e (tenant, execution_id, workflow, workflow_version, schema_version, status, phase,
         version, keyframe_version, hash, state_bytes, chain_bytes, created_at, started_at, updated_at, completed_at)
  SELECT $1, $2, $7, $12, $8::pg_catalog.int4, coalesce($5, 'running'), $6, 1, 1,
         wfstate.chain_hash(0, $4), $11, 0, t.at,
         CASE WHEN coalesce($5, 'running') {=} 'running' THEN t.at END, t.at,
         CASE WHEN $5 {=} ANY (",final_statuses!(),") THEN t.at END
    FROM (SELECT pg_catalog.clock_timestamp() AS at) AS t
  ON CONFLICT (tenant, execution_id) DO NOTHING
  RETURNING ",
                head_columns!(),
                ", e.tenant, e.execution_id
), log AS (
  INSERT INTO wfstate.state_versions (tenant, execution_id, version, keyframe_version, hash, snapshot_hash,
         saved_at, state_bytes, chain_bytes, schema_version, status, phase, step_id, note, snapshot)
  SELECT h.tenant, h.execution_id, 1, 1, h.hash, $4, h.updated_at, h.state_bytes, 0, h.schema_version, h.status, h.phase,
         $9, $10, $3
    FROM head AS h
)",
                $search,
                "
SELECT e.* FROM head AS e"
            ),
            $types,
        )
    };
}
static CREATE: Statement = create!(
    "",
    &[
        Type::Text,  // 1 tenant
        Type::Text,  // 2 execution_id
        Type::Jsonb, // 3 snapshot
        Type::Int8,  // 4 its hash
        Type::Text,  // 5 status
        Type::Text,  // 6 phase
        Type::Text,  // 7 workflow
        Type::Int8,  // 8 schema_version
        Type::Text,  // 9 step_id
        Type::Text,  // 10 note
        Type::Int4,  // 11 state_bytes
        Type::Int4,  // 12 workflow_version
    ]
);
/// With its row for searches: a statement of its own would take as long again to set up.
static CREATE_SEARCHED: Statement = create!(
    ", search AS (
  INSERT INTO wfstate.search (tenant, execution_id, workflow, declaration, tags, document)
  SELECT h.tenant, h.execution_id, $7, $13, $14, $15 FROM head AS h
  ON CONFLICT (tenant, execution_id) DO UPDATE
     SET workflow = excluded.workflow, declaration = excluded.declaration, tags = excluded.tags,
         document = excluded.document
)",
    &[
        Type::Text, // 1 to 12 as above
        Type::Text,
        Type::Jsonb,
        Type::Int8,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Text,
        Type::Text,
        Type::Int4,
        Type::Int4,
        Type::Int8,  // 13 declaration
        Type::Jsonb, // 14 tags
        Type::Jsonb, // 15 document
    ]
);

/// Creates an execution with its first version, and its search row where it has one. `None` when the id is taken.
pub fn create(
    key: Key<'_>,
    state: &[u8],
    hash: i64,
    labels: &Labels<'_>,
    search: Option<&index::Row<'_>>,
) -> StateResult<Option<Head>> {
    let [tenant, id] = key_params(key);
    let mut params = vec![
        tenant,
        id,
        Param::Jsonb(Some(state)),
        Param::Int8(Some(hash)),
        Param::Text(labels.status),
        Param::Text(labels.phase),
        Param::Text(labels.workflow),
        Param::Int8(labels.schema_version),
        Param::Text(labels.step_id),
        Param::Text(labels.note),
        Param::Int4(Some(bytes(state.len()))),
        Param::Int4(labels.workflow_version),
    ];
    let created = match search {
        None => CREATE.one(Mode::Write, &params, head)?,
        Some(row) => {
            params.extend(row.contents());
            CREATE_SEARCHED.one(Mode::Write, &params, head)?
        }
    };
    if let Some(head) = &created {
        record(key, Change::Status(head.version, &head.status))?;
    }
    Ok(created)
}
