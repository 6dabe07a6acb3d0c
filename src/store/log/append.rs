//! Appending a version: the head moves and the log grows in one statement.

use crate::core::{StateResult, statuses};
use crate::pg::spi::{Mode, Param, Statement, Type, now};
use crate::store::Key;
use crate::store::feed::record::{Change, record};
use crate::store::log::direct::append::{self as direct, Outcome};
use crate::store::log::executions::{Head, final_statuses, head, head_columns, key_params};
use crate::store::log::new_version::{Append, Onto, head_after};
use crate::store::log::versions::bytes;

/// Onto a head that is known, everything can be worked out beforehand. What the hash does not cover and a save
/// goes by, the workflow with its version and the shape, is compared, too: the execution may have been deleted and
/// saved again. The server takes longer to set a statement up than to run it, and each expression adds to that;
/// parameters hardly do.
macro_rules! append_known {
    ($phase:literal) => {
        Statement::new(
            concat!(
                "WITH head AS (
  UPDATE wfstate.executions AS e
     SET version = $4, hash = $6, keyframe_version = $7, state_bytes = $8, chain_bytes = $9,
         archive_bytes = $10, updated_at = $11
   WHERE e.tenant {=} wfstate.current_tenant() AND e.execution_id {=} $2 AND e.version {=} $3 AND e.hash {=} $5
     AND coalesce(e.workflow, '') {=} $17 AND coalesce(e.workflow_version, 0) {=} $18
     AND coalesce(e.schema_version, -1) {=} $19",
                $phase,
                "
  RETURNING e.tenant, e.execution_id, e.schema_version, e.status, e.phase
)
INSERT INTO wfstate.state_versions (tenant, execution_id, version, base_version, keyframe_version, hash,
       snapshot_hash, saved_at, state_bytes, chain_bytes, schema_version, status, phase, step_id, note, patch, snapshot)
SELECT h.tenant, h.execution_id, $4, $3, $7, $6, $12, $11, $8, $20, h.schema_version, h.status, h.phase, $13, $14,
       $15, $16
  FROM head AS h"
            ),
            KNOWN,
        )
    };
}
static APPEND_KNOWN: Statement = append_known!("");
/// What a definition says of a state may depend on the phase.
static APPEND_BOUND: Statement = append_known!(" AND coalesce(e.phase, '') {=} $21");
const KNOWN: &[Type] = &[
    Type::Text,        // 1 tenant, for the statement's callers only
    Type::Text,        // 2 execution_id
    Type::Int8,        // 3 version before
    Type::Int8,        // 4 version
    Type::Int8,        // 5 hash before
    Type::Int8,        // 6 hash
    Type::Int8,        // 7 keyframe_version
    Type::Int4,        // 8 state_bytes
    Type::Int4,        // 9 chain_bytes of the head
    Type::Int8,        // 10 archive_bytes
    Type::Timestamptz, // 11 updated_at
    Type::Int8,        // 12 snapshot_hash
    Type::Text,        // 13 step_id
    Type::Text,        // 14 note
    Type::Jsonb,       // 15 patch
    Type::Jsonb,       // 16 snapshot
    Type::Text,        // 17 workflow, '' for none
    Type::Int4,        // 18 workflow_version, 0 for none
    Type::Int4,        // 19 schema_version, -1 for none
    Type::Int4,        // 20 chain_bytes of the version
    Type::Text,        // 21 phase, '' for none; compared where a definition binds the head
];

static APPEND: Statement = Statement::new(
    concat!(
        "WITH head AS (
  UPDATE wfstate.executions AS e
     SET version = e.version {+} 1,
         hash = wfstate.chain_hash(e.hash, $5),
         keyframe_version = CASE WHEN $7 IS NULL THEN e.keyframe_version ELSE e.version {+} 1 END,
         state_bytes = coalesce($8, e.state_bytes),
         chain_bytes = CASE WHEN $7 IS NULL THEN e.chain_bytes {+} $9 ELSE 0 END,
         archive_bytes = CASE WHEN $7 IS NULL THEN e.archive_bytes ELSE 0 END,
         status = coalesce($10, e.status),
         phase = coalesce($11, e.phase),
         workflow = coalesce($12, e.workflow),
         workflow_version = CASE WHEN $12 IS NULL OR $12 {=} e.workflow THEN coalesce($16, e.workflow_version)
                                 ELSE $16 END,
         schema_version = coalesce($13::pg_catalog.int4, e.schema_version),
         updated_at = greatest(e.updated_at, pg_catalog.clock_timestamp()),
         started_at = CASE WHEN e.started_at IS NULL AND $10 {=} 'running'
                           THEN pg_catalog.clock_timestamp() ELSE e.started_at END,
         completed_at = CASE WHEN $10 IS NULL THEN e.completed_at
                             WHEN $10 {=} ANY (",final_statuses!(),")
                             THEN coalesce(e.completed_at, greatest(e.updated_at, pg_catalog.clock_timestamp())) END
   WHERE e.tenant {=} wfstate.current_tenant() AND e.execution_id {=} $2
     AND e.version {=} coalesce($3, e.version) AND e.hash {=} coalesce($4, e.hash)
     AND ($10 IS NULL OR e.status {=} ANY ($18))
     AND coalesce(e.workflow_version, 0) {=} $17
     AND ($19 IS NULL OR coalesce(e.schema_version, -1) {=} $19)
     AND ($20 IS NULL OR coalesce(e.workflow, '') {=} $20)
  RETURNING ",
        head_columns!(),
        ", e.tenant, e.execution_id
), log AS (
  INSERT INTO wfstate.state_versions (tenant, execution_id, version, base_version, keyframe_version, hash,
         snapshot_hash, saved_at, state_bytes, chain_bytes, schema_version, status, phase, step_id, note, patch,
         snapshot)
  SELECT h.tenant, h.execution_id, h.version, h.version {-} 1, h.keyframe_version, h.hash,
         CASE WHEN $7 IS NULL THEN NULL ELSE $5 END, h.updated_at, h.state_bytes, h.chain_bytes,
         h.schema_version, h.status, h.phase, $14, $15, $6, $7
    FROM head AS h
)
SELECT e.* FROM head AS e"
    ),
    &[
        Type::Text,  // 1 tenant, for the statement's callers only
        Type::Text,  // 2 execution_id
        Type::Int8,  // 3 expected version
        Type::Int8,  // 4 expected hash
        Type::Int8,  // 5 payload hash
        Type::Jsonb, // 6 patch
        Type::Jsonb, // 7 snapshot
        Type::Int4,  // 8 state_bytes
        Type::Int4,  // 9 cost of the patch
        Type::Text,  // 10 status
        Type::Text,  // 11 phase
        Type::Text,  // 12 workflow
        Type::Int8,  // 13 schema_version
        Type::Text,  // 14 step_id
        Type::Text,  // 15 note
        Type::Int4,  // 16 workflow_version
        Type::Int4,  // 17 workflow_version before, 0 for none
        Type::TextArray, // 18 statuses that the new one may follow
        Type::Int4,      // 19 schema_version before, -1 for none; NULL for any
        Type::Text,      // 20 workflow before, '' for none; NULL for any
    ],
);

/// Appends a version and moves the head. Returns the new head; `None` when it is not where it must be, or its
/// status is final and another one was given.
pub fn append(key: Key<'_>, append: &Append<'_>) -> StateResult<Option<Head>> {
    let (known, appended) = match append.onto {
        onto if !append.labels.change_the_head() => {
            let known = match onto {
                Onto::Known(head) => Some(head),
                Onto::Head(_) => None,
            };
            (known, append_plainly(key, append)?)
        }
        Onto::Known(head) => {
            let appended = append_any(key, append, Some(head), Some(head.version))?;
            (Some(head), appended)
        }
        Onto::Head(expected) => (None, append_any(key, append, None, expected)?),
    };
    if let Some(head) = &appended {
        let new = append.labels.status;
        let is_new = new.is_some_and(|new| known.is_none_or(|head| head.status != new));
        record(key, Change::of(head.version, is_new, &head.status))?;
    }
    Ok(appended)
}

/// Changing nothing of the head but what every version does: below the executor, if that can be.
fn append_plainly(key: Key<'_>, append: &Append<'_>) -> StateResult<Option<Head>> {
    match (direct::append(key, append), append.onto) {
        (Outcome::Appended(head), _) => Ok(Some(head)),
        (Outcome::Refused, _) => Ok(None),
        (Outcome::Unknown, Onto::Known(head)) => append_known(key, append, head),
        (Outcome::Unknown, Onto::Head(expected)) => append_any(key, append, None, expected),
    }
}

fn append_known(key: Key<'_>, append: &Append<'_>, before: &Head) -> StateResult<Option<Head>> {
    let (payload_hash, state_bytes) = (append.payload_hash, append.state_bytes);
    let after = head_after(before, &append.content, payload_hash, state_bytes, now());
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(before.version)),
        Param::Int8(Some(after.version)),
        Param::Int8(Some(before.hash)),
        Param::Int8(Some(after.hash)),
        Param::Int8(Some(after.keyframe_version)),
        Param::Int4(Some(after.state_bytes)),
        Param::Int4(Some(after.chain_bytes)),
        Param::Int8(Some(after.archive_bytes)),
        Param::Timestamptz(Some(after.updated_at)),
        Param::Int8(append.content.snapshot_hash(payload_hash)),
        Param::Text(append.labels.step_id),
        Param::Text(append.labels.note),
        Param::Jsonb(append.content.patch()),
        Param::Jsonb(append.content.snapshot()),
        Param::Text(Some(before.workflow.as_deref().unwrap_or_default())),
        Param::Int4(Some(before.workflow_version.map_or(0, i64::from))),
        Param::Int4(Some(before.schema_version.map_or(-1, i64::from))),
        Param::Int4(Some(append.content.chain_bytes(after.chain_bytes))),
        Param::Text(Some(before.phase.as_deref().unwrap_or_default())),
    ];
    let statement = match before.workflow_version {
        Some(_) => &APPEND_BOUND,
        None => &APPEND_KNOWN,
    };
    Ok((statement.run(Mode::Write, &params)? == 1).then_some(after))
}

fn append_any(
    key: Key<'_>,
    append: &Append<'_>,
    known: Option<&Head>,
    version: Option<i64>,
) -> StateResult<Option<Head>> {
    let bound = known.and_then(|head| head.workflow_version);
    let shape = known.map(|head| head.schema_version.map_or(-1, i64::from));
    let workflow = known.map(|head| head.workflow.as_deref().unwrap_or_default());
    let labels = &append.labels;
    let [tenant, id] = key_params(key);
    let follows = labels
        .status
        .map_or_else(Vec::new, |status| statuses::before(status, labels.reopens));
    let follows: Vec<Option<&str>> = follows.into_iter().map(Some).collect();
    let params = [
        tenant,
        id,
        Param::Int8(version),
        Param::Int8(known.map(|head| head.hash)),
        Param::Int8(Some(append.payload_hash)),
        Param::Jsonb(append.content.patch()),
        Param::Jsonb(append.content.snapshot()),
        Param::Int4(append.state_bytes.map(bytes)),
        Param::Int4(Some(append.content.cost())),
        Param::Text(labels.status),
        Param::Text(labels.phase),
        Param::Text(labels.workflow),
        Param::Int8(labels.schema_version),
        Param::Text(labels.step_id),
        Param::Text(labels.note),
        Param::Int4(labels.workflow_version),
        Param::Int4(Some(bound.map_or(0, i64::from))),
        Param::Texts(&follows),
        Param::Int4(shape),
        Param::Text(workflow),
    ];
    APPEND.one(Mode::Write, &params, head)
}
