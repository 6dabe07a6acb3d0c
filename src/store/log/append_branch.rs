//! A version that stands on an older one than the head, as after a recovery to there: one version, one statement.

use crate::core::{StateError, StateResult, hash, statuses};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::branches::branch::{Target, jump_cost, target};
use crate::store::definitions::bind;
use crate::store::feed::record::{self, record};
use crate::store::log::cache::{self, content_hash};
use crate::store::log::executions::{Head, final_statuses, head, head_columns, key_params};
use crate::store::log::keyframe;
use crate::store::log::new_version::{Content, Labels};
use crate::store::log::next::{Change, Next, next_of};
use crate::store::log::rebuild;
use crate::store::log::save::Request;
use crate::store::log::versions::bytes;
use std::rc::Rc;

static APPEND: Statement = Statement::new(
    concat!(
        "WITH head AS (
  UPDATE wfstate.executions AS e
     SET version = e.version {+} 1, keyframe_version = e.version {+} 1, hash = $4, state_bytes = $5,
         chain_bytes = $6, archive_bytes = 0, status = coalesce($7, e.status), phase = $8, workflow = $9,
         workflow_version = $10, schema_version = $11,
         updated_at = greatest(e.updated_at, pg_catalog.clock_timestamp()),
         started_at = CASE WHEN e.started_at IS NULL AND $7 {=} 'running'
                           THEN pg_catalog.clock_timestamp() ELSE e.started_at END,
         completed_at = CASE WHEN $7 IS NULL THEN e.completed_at
                             WHEN $7 {=} ANY (",
        final_statuses!(),
        ")
                             THEN coalesce(e.completed_at, pg_catalog.clock_timestamp()) END
   WHERE e.tenant {=} $1 AND e.execution_id {=} $2
  RETURNING ",
        head_columns!(),
        "
), log AS (
  INSERT INTO wfstate.state_versions (tenant, execution_id, version, base_version, keyframe_version, hash,
         snapshot_hash, saved_at, state_bytes, chain_bytes, schema_version, status, phase, step_id, note, patch,
         snapshot)
  SELECT $1, $2, h.version, $3, h.version, h.hash, $14, h.updated_at, h.state_bytes, h.chain_bytes,
         h.schema_version, h.status, h.phase, $12, $13, $15, $16
    FROM head AS h
)
SELECT e.* FROM head AS e"
    ),
    &[
        Type::Text,  // 1 tenant
        Type::Text,  // 2 execution_id
        Type::Int8,  // 3 base_version
        Type::Int8,  // 4 hash
        Type::Int4,  // 5 state_bytes
        Type::Int4,  // 6 chain_bytes
        Type::Text,  // 7 status, where it is given
        Type::Text,  // 8 phase
        Type::Text,  // 9 workflow
        Type::Int4,  // 10 workflow_version
        Type::Int4,  // 11 schema_version
        Type::Text,  // 12 step_id
        Type::Text,  // 13 note
        Type::Int8,  // 14 snapshot_hash
        Type::Jsonb, // 15 patch
        Type::Jsonb, // 16 snapshot
    ],
);

/// What a change makes of an older version, whose state has a shape of its own.
fn next(
    request: &Request<'_>,
    change: Change<'_>,
    head: &Head,
    base: &Target,
) -> StateResult<Next> {
    let old = Rc::new(rebuild::at(Mode::Latest, request.key, base.version)?);
    next_of(request, change, &standing_on(head, base), &old)
}

/// The locked head, were its state that of the older version.
pub(super) fn standing_on(head: &Head, base: &Target) -> Head {
    Head {
        schema_version: base.schema_version,
        ..head.clone()
    }
}

/// Saves onto an older version of a locked execution. Status and phase are those of the head, unless they are given,
/// so that what they are bound by holds; the state is looked at in full, since nothing says that the older one
/// satisfied the same rules. Returns the new version.
pub(super) fn save(
    request: &Request<'_>,
    change: Change<'_>,
    base: i64,
    head: &Head,
) -> StateResult<i64> {
    let key = request.key;
    if let Some(status) = request.labels.status {
        statuses::check(key.id, &head.status, status)?;
    }
    let bound = bind::onto(key, head, &request.labels)?;
    let base = target(key, base)?;
    let Next {
        state,
        patch,
        shape,
        ..
    } = next(request, change, head, &base)?;
    bound.check(key, &state)?;
    let labels = bound.labels(&request.labels).of_shape(shape);
    let before = standing_on(head, &base);
    let state_bytes = bytes(state.len());
    let chain_bytes = |patch: &Vec<u8>| {
        base.chain_bytes + jump_cost(state_bytes) + Content::Patch(patch.as_slice()).cost()
    };
    let is_due = |patch: &Vec<u8>| {
        keyframe::is_due(&Head {
            state_bytes,
            chain_bytes: chain_bytes(patch),
            ..before.clone()
        })
    };
    // A keyframe that jumps is no patch besides: it never gives its state up again.
    let patch = patch.filter(|patch| !is_due(patch));
    let content = match &patch {
        Some(patch) => Content::Patch(patch),
        None => Content::Snapshot(&state),
    };
    let payload_hash = content_hash(patch.as_deref(), &state)?;
    let after = Head {
        hash: hash::chain(base.hash, payload_hash),
        state_bytes,
        chain_bytes: patch.as_ref().map_or(0, chain_bytes),
        ..before
    };
    let new = append(key, after, &labels, base.version, &content, payload_hash)?;
    cache::put(key, &new, Rc::clone(&state));
    keyframe::finish(request, &new, || Ok(Rc::clone(&state)))?;
    let is_new_status = new.status != head.status;
    let change = record::Change::of(new.version, is_new_status, &new.status);
    record(key, change)?;
    Ok(new.version)
}

fn append(
    key: Key<'_>,
    mut after: Head,
    labels: &Labels<'_>,
    base: i64,
    content: &Content<'_>,
    payload_hash: i64,
) -> StateResult<Head> {
    labels.follow(&mut after);
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(base)),
        Param::Int8(Some(after.hash)),
        Param::Int4(Some(after.state_bytes)),
        Param::Int4(Some(after.chain_bytes)),
        Param::Text(labels.status),
        Param::Text(after.phase.as_deref()),
        Param::Text(after.workflow.as_deref()),
        Param::Int4(after.workflow_version.map(i64::from)),
        Param::Int4(after.schema_version.map(i64::from)),
        Param::Text(labels.step_id),
        Param::Text(labels.note),
        Param::Int8(content.snapshot().map(|_| payload_hash)),
        Param::Jsonb(content.patch()),
        Param::Jsonb(content.snapshot()),
    ];
    let new = APPEND.one(Mode::Write, &params, head)?;
    new.ok_or_else(|| StateError::execution_not_found(key.id, key.tenant))
}
