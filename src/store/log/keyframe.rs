//! What follows an append: the search row, and a keyframe when the chain has grown too long.

use crate::core::StateResult;
use crate::pg::settings;
use crate::store::Key;
use crate::store::log::cache::{self, State, snapshot_hash};
use crate::store::log::executions::{self, Head};
use crate::store::log::new_version::{Content, Keyframe};
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
    is_long(head.chain_bytes, head.state_bytes)
}

fn is_long(chain_bytes: i64, state_bytes: i64) -> bool {
    let share = settings::keyframe_ratio() * state_bytes as f64;
    chain_bytes as f64 > share.max(settings::keyframe_min() as f64)
}

/// Whether the versions behind a keyframe stay quick to reach from an older one.
fn is_near(reach: i64, state: &[u8]) -> bool {
    reach as f64 <= settings::archive_ratio() * state.len() as f64
}

/// What a version stores whose state is known: the patch, and the state as well where it makes the head a keyframe.
/// Appended as one, it need not be changed again.
pub(super) fn content<'a>(
    onto: &Head,
    patch: &'a [u8],
    state: &'a [u8],
) -> StateResult<Content<'a>> {
    let plain = Content::Patch(patch);
    let chain_bytes = onto.chain_bytes + plain.cost();
    if !is_long(chain_bytes, bytes(state.len())) {
        return Ok(plain);
    }
    let reach = onto.archive_bytes + chain_bytes;
    Ok(Content::Keyframe(Keyframe {
        patch,
        state,
        state_hash: snapshot_hash(state)?,
        chain_bytes,
        archive_bytes: if gives_up(onto, reach, state) {
            reach
        } else {
            chain_bytes
        },
    }))
}

/// Whether the keyframe before is thought to give up its state. The first version has nothing else.
fn gives_up(onto: &Head, reach: i64, state: &[u8]) -> bool {
    onto.keyframe_version > 1 && is_near(reach, state)
}

/// Once a keyframe has been appended, and with it the head is locked: takes the state from the keyframe before, if that has its patch.
pub(super) fn settle(
    key: Key<'_>,
    onto: &Head,
    content: &Content<'_>,
    head: &Head,
) -> StateResult<()> {
    let Content::Keyframe(keyframe) = content else {
        return Ok(());
    };
    let chain_bytes = keyframe.chain_bytes;
    let reach = onto.archive_bytes + chain_bytes;
    let is_demoted =
        gives_up(onto, reach, keyframe.state) && versions::demote(key, onto.keyframe_version)?;
    let archive_bytes = if is_demoted { reach } else { chain_bytes };
    if archive_bytes == head.archive_bytes {
        return Ok(());
    }
    let settled = Head {
        archive_bytes,
        ..head.clone()
    };
    executions::set_keyframe(key, head.state_bytes, archive_bytes)?;
    cache::update(key, &settled);
    Ok(())
}

/// Gives the head's version its whole state, and takes it from the keyframe before where the versions
/// behind that one stay quick to reach from an older one.
pub(super) fn make(key: Key<'_>, head: &Head, state: &[u8]) -> StateResult<()> {
    let reach = head.archive_bytes + head.chain_bytes;
    let demoted = is_near(reach, state) && versions::demote(key, head.keyframe_version)?;
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
