//! Copying an execution with its history: rows to rows, whatever they hold.

use crate::core::{Code, StateError, StateResult};
use crate::pg::backend::reads_committed;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::branches::branch::{check, index, target};
use crate::store::branches::fork::tags_of;
use crate::store::feed::record::{Change, record};
use crate::store::log::executions::{self, Lock, head, head_columns, key_params};
use crate::store::migrations::chains;

/// In one statement, so that the head and what it stands on are of one moment: saves of the source go on. Hashes do
/// not cover the id, and what is stored out of line is neither unpacked nor packed again.
static COPY: Statement = Statement::new(
    concat!(
        "WITH head AS (
  INSERT INTO wfstate.executions AS e (tenant, execution_id, version, hash, updated_at, state_bytes, chain_bytes,
         keyframe_version, archive_bytes, created_at, started_at, completed_at, schema_version, workflow_version,
         workflow, status, phase, forked_from_execution_id, forked_from_version)
  SELECT $1, $3, o.version, o.hash, o.updated_at, o.state_bytes, o.chain_bytes, o.keyframe_version, o.archive_bytes,
         o.created_at, o.started_at, o.completed_at, o.schema_version, o.workflow_version, o.workflow, o.status,
         o.phase, o.forked_from_execution_id, o.forked_from_version
    FROM wfstate.executions AS o WHERE o.tenant {=} $1 AND o.execution_id {=} $2
  ON CONFLICT (tenant, execution_id) DO NOTHING
  RETURNING ",
        head_columns!(),
        "
), log AS (
  INSERT INTO wfstate.state_versions (tenant, execution_id, version, base_version, keyframe_version, hash,
         snapshot_hash, saved_at, state_bytes, chain_bytes, schema_version, patch, snapshot, status, phase, step_id,
         note, saved_by)
  SELECT $1, $3, v.version, v.base_version, v.keyframe_version, v.hash, v.snapshot_hash, v.saved_at, v.state_bytes,
         v.chain_bytes, v.schema_version, v.patch, v.snapshot, v.status, v.phase, v.step_id, v.note, v.saved_by
    FROM wfstate.state_versions AS v
   WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND EXISTS (SELECT FROM head)
), names AS (
  INSERT INTO wfstate.checkpoints (tenant, execution_id, name, version, metadata, created_by, created_at)
  SELECT $1, $3, c.name, c.version, c.metadata, c.created_by, c.created_at FROM wfstate.checkpoints AS c
   WHERE c.tenant {=} $1 AND c.execution_id {=} $2 AND EXISTS (SELECT FROM head)
), results AS (
  INSERT INTO wfstate.task_results (tenant, execution_id, step_id, task_id, task_path, part, name, output, recorded_at)
  SELECT $1, $3, r.step_id, r.task_id, r.task_path, r.part, r.name, r.output, r.recorded_at
    FROM wfstate.task_results AS r
   WHERE r.tenant {=} $1 AND r.execution_id {=} $2 AND EXISTS (SELECT FROM head)
  ON CONFLICT (tenant, execution_id, step_id, task_id, part) DO NOTHING
)
SELECT e.* FROM head AS e"
    ),
    &[Type::Text, Type::Text, Type::Text],
);

/// Makes a new execution of the versions and names of another one, with the same tags unless others are given.
/// Returns its version, which is the head's.
pub fn copy(key: Key<'_>, new_id: &str, tags: Option<&[u8]>) -> StateResult<i64> {
    let source = executions::lock_existing(key, Lock::Reference)?;
    // What the first version of a fork stands on is the copy's, too.
    if let Some(id) = executions::source(Mode::Latest, key)? {
        let tenant = key.tenant;
        executions::lock(Key { tenant, id: &id }, Lock::Reference)?;
    }
    let new_key = Key {
        tenant: key.tenant,
        id: new_id,
    };
    chains::keep(key.tenant, source.workflow.as_deref())?;
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Text(Some(new_id))];
    let Some(head) = COPY.one(Mode::Latest, &params, head)? else {
        return Err(StateError::new(
            Code::AlreadyExists,
            format!("execution \"{new_id}\" already exists"),
        )
        .hint("Choose another id for the copy."));
    };
    // Saves of the source go on: what is copied must be what a transaction sees that keeps its snapshot.
    if !reads_committed() && !head.is(&source) {
        return Err(StateError::new(
            Code::SerializationFailure,
            "could not serialize access due to concurrent update",
        )
        .hint("Run the transaction again."));
    }
    check(new_key, new_key, &head, &target(new_key, head.version)?)?;
    let own = match tags {
        Some(_) => None,
        None => tags_of(key)?,
    };
    index(new_key, &head, tags.or(own.as_deref()))?;
    record(new_key, Change::Status(head.version, &head.status))?;
    Ok(head.version)
}
