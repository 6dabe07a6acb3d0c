//! What follows an append: the search row, and a keyframe when the chain has grown too long.

use crate::core::StateResult;
use crate::pg::settings;
use crate::store::Key;
use crate::store::log::cache::{self, State, snapshot_hash};
use crate::store::log::executions::{self, Head};
use crate::store::log::save::Request;
use crate::store::log::versions::{self, bytes};
use crate::store::search::index;

/// Brings the search row in line with the head that was made, and makes it a keyframe where one is due.
pub(super) fn finish(
    request: &Request<'_>,
    head: &Head,
    state: impl Fn() -> StateResult<State>,
) -> StateResult<()> {
    let (workflow, new) = (head.workflow.as_deref(), request.labels.workflow.is_some());
    index::maintain(request.key, workflow, new, request.tags, &state)?;
    if is_due(head) {
        make(request.key, head, &state()?)?;
    }
    Ok(())
}

pub(super) fn is_due(head: &Head) -> bool {
    let share = settings::keyframe_ratio() * head.state_bytes as f64;
    head.chain_bytes as f64 > share.max(settings::keyframe_min() as f64)
}

/// Gives the head's version its whole state, and takes it from the keyframe before where the versions
/// behind that one stay quick to reach from an older one.
pub(super) fn make(key: Key<'_>, head: &Head, state: &[u8]) -> StateResult<()> {
    let reach = head.archive_bytes + head.chain_bytes;
    let near = reach as f64 <= settings::archive_ratio() * state.len() as f64;
    let demoted = near && versions::demote(key, head.keyframe_version)?;
    versions::set_snapshot(key, head.version, state, snapshot_hash(state)?)?;
    let keyframe = Head {
        keyframe_version: head.version,
        state_bytes: bytes(state.len()),
        chain_bytes: 0,
        archive_bytes: if demoted { reach } else { head.chain_bytes },
        ..head.clone()
    };
    executions::set_keyframe(key, keyframe.state_bytes, keyframe.archive_bytes)?;
    cache::update(key, &keyframe);
    Ok(())
}
