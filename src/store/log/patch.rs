//! Saving what a patch makes of a state.

use crate::core::jsonb::{self, Kind};
use crate::core::{StateError, StateResult};
use crate::pg::settings;
use crate::pg::spi::Mode;
use crate::store::definitions::{bind, workflows};
use crate::store::log::append;
use crate::store::log::cache::{self, patch_hash};
use crate::store::log::checks::{check_depth, check_size};
use crate::store::log::executions::{self, Head, Lock};
use crate::store::log::keyframe;
use crate::store::log::new_version::{Append, Content, Onto};
use crate::store::log::next::Change;
use crate::store::log::rebuild;
use crate::store::log::save::{Request, believed, onto_cached, onto_locked};
use crate::store::log::versions::{UNCHANGED, bytes};
use crate::store::migrations::chains;
use crate::store::search::index;

/// Saves what a patch makes of the state. Returns the new version.
pub fn patch(request: &Request<'_>, patch: &[u8]) -> StateResult<i64> {
    let kind = checked(patch)?;
    // The state goes to this workflow in the shape that it is in.
    chains::keep(request.key.tenant, request.labels.workflow)?;
    let unread = kind == Kind::MergePatch && !index::touched(request.key.tenant, patch)?;
    if unread {
        return onto_unread(request, patch);
    }
    if let Some(version) = onto_cached(request, Change::Patch(patch))? {
        return Ok(version);
    }
    let head = executions::lock_existing(request.key, Lock::Save)?;
    onto_locked(request, Change::Patch(patch), &head)
}

/// Refuses what is no patch, or over a limit.
pub(in crate::store) fn checked(patch: &[u8]) -> StateResult<Kind> {
    check_size(patch.len())?;
    let shape = jsonb::check(patch).map_err(|e| StateError::bad_document("patch", e))?;
    let kind = jsonb::kind(patch).map_err(|e| StateError::bad_document("patch", e))?;
    // What a merge patch makes is no deeper than the deeper of the two.
    if kind == Kind::MergePatch {
        check_depth("patch", shape.depth)?;
    }
    if kind == Kind::Scalar {
        return Err(StateError::invalid("patch must be a json object or array")
            .hint("An object is an RFC 7386 merge patch, an array an RFC 6902 patch."));
    }
    Ok(kind)
}

/// A merge patch applies to any state, so that it is stored without reading one, unless a rule reads what it changes.
fn onto_unread(request: &Request<'_>, patch: &[u8]) -> StateResult<i64> {
    let key = request.key;
    if request.expected == Some(0) {
        let head = executions::lock_existing(key, Lock::Save)?;
        return onto_locked(request, Change::Patch(patch), &head);
    }
    let payload_hash = patch_hash(patch)?;
    let known = cache::get_head(key).filter(|head| {
        request
            .expected
            .is_none_or(|expected| expected == head.version)
    });
    if let Some(head) = &known
        && chains::pending_of(key.tenant, head)?
    {
        return reading(request, patch);
    }
    if let Some(known) = &known
        && let Some(bound) = believed(request, known)?
    {
        if !bound.lets_pass(patch)? {
            return reading(request, patch);
        }
        if let Some(version) = append(request, patch, payload_hash, Onto::Known(known))? {
            return Ok(version);
        }
    }
    // Where nothing is defined, the head is bound to nothing; the statement itself looks that it is not.
    if !workflows::any(key.tenant)
        && !chains::any(key.tenant)
        && let Some(version) = append(request, patch, payload_hash, Onto::Head(request.expected))?
    {
        return Ok(version);
    }
    let head = executions::lock_existing(key, Lock::Save)?;
    executions::check_expected(key, request.expected, head.version)?;
    if chains::pending_of(key.tenant, &head)? {
        return onto_locked(request, Change::Patch(patch), &head);
    }
    let bound = bind::onto(key, &head, &request.labels)?;
    if bound.lets_pass(patch)?
        && let Some(version) = append(request, patch, payload_hash, Onto::Known(&head))?
    {
        return Ok(version);
    }
    onto_locked(request, Change::Patch(patch), &head)
}

/// On the state, which a rule reads.
fn reading(request: &Request<'_>, patch: &[u8]) -> StateResult<i64> {
    if let Some(version) = onto_cached(request, Change::Patch(patch))? {
        return Ok(version);
    }
    let head = executions::lock_existing(request.key, Lock::Save)?;
    onto_locked(request, Change::Patch(patch), &head)
}

/// A version with the state and phase of the locked head as they are: what held of them before holds now, and nothing
/// is read. What migrations would make of the state is left to those who change it.
pub(in crate::store) fn unchanged(request: &Request<'_>, head: &Head) -> StateResult<i64> {
    let key = request.key;
    bind::onto(key, head, &request.labels)?;
    match append(
        request,
        &UNCHANGED,
        patch_hash(&UNCHANGED)?,
        Onto::Known(head),
    )? {
        Some(version) => Ok(version),
        // The head is locked and known: only its status can have refused.
        None => Err(executions::refused_status(key, request.labels.status)?),
    }
}

/// The same where the state must not be read at all, damaged as it may be: no keyframe follows. `None` where the status
/// may not follow.
pub(in crate::store) fn moved(request: &Request<'_>, head: &Head) -> StateResult<Option<i64>> {
    if bind::onto(request.key, head, &request.labels).is_err() {
        return Ok(None);
    }
    let append = Append {
        onto: Onto::Known(head),
        content: Content::Patch(&UNCHANGED),
        payload_hash: patch_hash(&UNCHANGED)?,
        state_bytes: None,
        labels: request.labels,
    };
    Ok(append::append(request.key, &append)?.map(|head| head.version))
}

fn append(
    request: &Request<'_>,
    patch: &[u8],
    payload_hash: i64,
    onto: Onto<'_>,
) -> StateResult<Option<i64>> {
    let append = Append {
        onto,
        content: Content::Patch(patch),
        payload_hash,
        state_bytes: None,
        labels: request.labels,
    };
    let Some(head) = append::append(request.key, &append)? else {
        return Ok(None);
    };
    follow(request, &head, payload_hash, patch)?;
    Ok(Some(head.version))
}

fn follow(request: &Request<'_>, head: &Head, payload_hash: i64, patch: &[u8]) -> StateResult<()> {
    cache::follow(request.key, head, payload_hash, patch);
    // The bound counts every patch in full, so most states over it are not over the limit.
    if head.state_bytes + head.chain_bytes > bytes(settings::max_state_size()) {
        check_size(rebuild::head(Mode::Write, request.key, head)?.len())?;
    }
    keyframe::finish(request, head, || {
        rebuild::head(Mode::Write, request.key, head)
    })
}
