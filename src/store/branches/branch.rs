//! Going back: one small row, whatever the size of the state.

use crate::core::{Code, StateError, StateResult, hash, statuses};
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::branches::checkpoints;
use crate::store::definitions::bind;
use crate::store::execution::runs::{self, Outcome};
use crate::store::execution::steps;
use crate::store::feed::record::{Change, record};
use crate::store::log::cache::patch_hash;
use crate::store::log::executions::{
    self, Head, Lock, final_statuses, head, head_columns, key_params,
};
use crate::store::log::rebuild;
use crate::store::log::versions::{ROW_COST, UNCHANGED, bytes};
use crate::store::migrations::{apply, chains};
use crate::store::search::index;

/// What a recovery or a fork takes over from the version it goes back to.
pub(in crate::store) struct Target {
    pub version: i64,
    pub hash: i64,
    pub state_bytes: i64,
    pub chain_bytes: i64,
    pub status: String,
    pub phase: Option<String>,
    pub schema_version: Option<i32>,
}

/// A version that only refers to another one is looked through, so that chains of recoveries stay short.
static TARGET: Statement = Statement::new(
    "SELECT CASE WHEN v.version {>} 1 AND v.snapshot IS NULL AND v.patch {=} '[]'::pg_catalog.jsonb
                 THEN v.base_version ELSE v.version END,
            v.hash, v.state_bytes::pg_catalog.int8, v.chain_bytes::pg_catalog.int8, v.status, v.phase, v.version, v.schema_version
       FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} $3",
    &[Type::Text, Type::Text, Type::Int8],
);
static HASH: Statement = Statement::new(
    "SELECT v.hash FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} $3",
    &[Type::Text, Type::Text, Type::Int8],
);
static RECOVER: Statement = Statement::new(
    concat!(
        "WITH head AS (
  UPDATE wfstate.executions AS e
     SET version = e.version {+} 1, keyframe_version = e.version {+} 1, hash = $4,
         state_bytes = $5, chain_bytes = $6, archive_bytes = 0, status = $7, phase = $8, schema_version = $10,
         updated_at = greatest(e.updated_at, pg_catalog.clock_timestamp()),
         completed_at = CASE WHEN $7 {=} ANY (",final_statuses!(),")
                             THEN coalesce(e.completed_at, greatest(e.updated_at, pg_catalog.clock_timestamp())) END
   WHERE e.tenant {=} $1 AND e.execution_id {=} $2
  RETURNING ",
        head_columns!(),
        "
), log AS (
  INSERT INTO wfstate.state_versions (tenant, execution_id, version, base_version, keyframe_version, hash,
         saved_at, state_bytes, chain_bytes, schema_version, status, phase, note, patch)
  SELECT $1, $2, h.version, $3, h.version, h.hash, h.updated_at, h.state_bytes, h.chain_bytes, $10, $7, $8, $9,
         '[]'::pg_catalog.jsonb
    FROM head AS h
)
SELECT e.* FROM head AS e"
    ),
    &[
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Int4,
    ],
);
pub(in crate::store) fn target(key: Key<'_>, version: i64) -> StateResult<Target> {
    let read = |row: &Row<'_>| {
        let version = row.int8(0).unwrap_or_default();
        Ok((
            Target {
                version,
                hash: row.int8(1).unwrap_or_default(),
                state_bytes: row.int8(2).unwrap_or_default(),
                chain_bytes: row.int8(3).unwrap_or_default(),
                status: row.text(4).unwrap_or_default(),
                phase: row.text(5),
                schema_version: row.int4(7),
            },
            row.int8(6) == Some(version),
        ))
    };
    let [tenant, id] = key_params(key);
    // The newest: under REPEATABLE READ the version may have been pruned since the transaction's snapshot.
    let found = TARGET.one(
        Mode::Latest,
        &[tenant, id, Param::Int8(Some(version))],
        read,
    )?;
    let Some((mut target, direct)) = found else {
        return Err(StateError::version_not_found(key.id, version));
    };
    if !direct {
        let [tenant, id] = key_params(key);
        let params = [tenant, id, Param::Int8(Some(target.version))];
        let hash = HASH.one(Mode::Latest, &params, |row| Ok(row.int8(0)))?;
        match hash.flatten() {
            Some(hash) => target.hash = hash,
            None => target.version = version,
        }
    }
    Ok(target)
}

/// Makes the state of a checkpoint or version the newest one again, with its status and phase.
pub fn recover(
    key: Key<'_>,
    checkpoint: Option<&str>,
    version: Option<i64>,
    expected: Option<i64>,
    note: Option<&str>,
) -> StateResult<i64> {
    let current = executions::lock_existing(key, Lock::Save)?;
    executions::check_expected(key, expected, current.version)?;
    let version = match (checkpoint, version) {
        (Some(_), Some(_)) => return Err(both()),
        (Some(name), None) => checkpoints::existing(Mode::Write, key, name)?,
        (None, Some(version)) => version,
        (None, None) => checkpoints::latest(Mode::Write, key)?.ok_or_else(|| nothing(key))?,
    };
    back_to(key, &current, version, None, note)
}

/// Makes the state of a version the newest one again, with its phase, and its status unless another is given.
pub(in crate::store) fn back_to(
    key: Key<'_>,
    current: &Head,
    version: i64,
    status: Option<&str>,
    note: Option<&str>,
) -> StateResult<i64> {
    let target = target(key, version)?;
    let status = status.unwrap_or(&target.status);
    if statuses::goes_on(status) {
        steps::check_not_undone(
            key,
            "wf_fork starts another execution from any version, without steps.",
        )?;
    }
    chains::keep(key.tenant, current.workflow.as_deref())?;
    check(key, key, current, &target)?;
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(target.version)),
        Param::Int8(Some(hash::chain(target.hash, patch_hash(&UNCHANGED)?))),
        Param::Int8(Some(target.state_bytes)),
        Param::Int8(Some(target.chain_bytes + jump_cost(target.state_bytes))),
        Param::Text(Some(status)),
        Param::Text(target.phase.as_deref()),
        Param::Text(note),
        Param::Int4(target.schema_version.map(i64::from)),
    ];
    let Some(head) = RECOVER.one(Mode::Write, &params, head)? else {
        return Err(StateError::execution_not_found(key.id, key.tenant));
    };
    index(key, &head, None)?;
    if statuses::goes_on(&head.status) && !statuses::goes_on(&current.status) {
        went_on(key)?;
    } else if statuses::is_final(&current.status) && current.status != head.status {
        runs::set_outcome(key, Outcome::default())?;
    }
    if head.status == "compensating" {
        runs::set_undoing(key, true)?;
    }
    record(key, Change::Status(head.version, &head.status))?;
    Ok(head.version)
}

/// A locked execution goes on that did not: nothing has come of it yet.
pub(in crate::store) fn went_on(key: Key<'_>) -> StateResult<()> {
    runs::set_outcome(key, Outcome::default())?;
    runs::set_undoing(key, false)?;
    steps::renew(key)
}

/// What a jump adds to the chain. A load asks for each jump's segment by itself: so many of them that a load takes
/// noticeably longer bring a keyframe, however large the state and small the rows.
pub(in crate::store) fn jump_cost(state_bytes: i64) -> i64 {
    bytes(ROW_COST).max(state_bytes / 500)
}

/// Holds the state that a version stands for against the rules that bind the execution: it may come from before
/// them. How its phase was reached is no matter.
pub(super) fn check(to: Key<'_>, from: Key<'_>, head: &Head, target: &Target) -> StateResult<()> {
    let (workflow, phase) = (head.workflow.as_deref(), target.phase.as_deref());
    let bound = bind::kept(to, workflow, head.workflow_version, phase)?;
    if bound.is_free() {
        return Ok(());
    }
    let state = rebuild::at(Mode::Latest, from, target.version)?;
    let shape = target.schema_version;
    bound.check(
        to,
        &apply::as_loaded(Mode::Latest, to, workflow, shape, state)?,
    )
}

pub(super) fn index(key: Key<'_>, head: &Head, tags: Option<&[u8]>) -> StateResult<()> {
    let workflow = head.workflow.as_deref();
    index::maintain(key, workflow, true, tags, || {
        rebuild::head(Mode::Write, key, head)
    })
}

pub(super) fn both() -> StateError {
    StateError::invalid("checkpoint and version exclude each other")
        .hint("Give a checkpoint or a version, not both.")
}

fn nothing(key: Key<'_>) -> StateError {
    StateError::new(
        Code::StateRecovery,
        format!("execution \"{}\" has nothing to recover to", key.id),
    )
    .detail("It has no checkpoint.")
    .hint("Make checkpoints with wf_checkpoint, or give the version to recover to.")
}
