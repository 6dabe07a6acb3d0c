//! Saving: a whole state, or the patch that leads to it. Either way the log gets only what changed.

use crate::core::jsonb::{self, Kind};
use crate::core::{Code, StateError, StateResult};
use crate::pg::document::Document;
use crate::pg::settings;
use crate::pg::spi::Mode;
use crate::store::Key;
use crate::store::log::append;
use crate::store::log::cache::{self, State, content_hash, patch_hash, snapshot_hash};
use crate::store::log::checks::{applied_limit, check_depth, check_size, check_state, refused};
use crate::store::log::executions::{self, Head, Lock};
use crate::store::log::new_version::{Append, Content, Labels, Onto};
use crate::store::log::rebuild;
use crate::store::log::versions::{self, UNCHANGED, bytes};
use crate::store::search::index;
use std::rc::Rc;

/// A call of wf_save_state or wf_patch_state.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Execution.
    pub key: Key<'a>,
    /// The version that the head must be at; 0: there must be none.
    pub expected: Option<i64>,
    /// What is said about the version.
    pub labels: Labels<'a>,
    /// New tags; NULL keeps the former.
    pub tags: Option<&'a [u8]>,
}

/// A document that leads from the head's state to the next.
#[derive(Clone, Copy)]
pub(super) enum Change<'a> {
    State(&'a [u8]),
    Patch(&'a [u8]),
}

/// Saves a whole state; creates the execution when it is missing. Returns the new version.
pub fn save(request: &Request<'_>, state: &[u8]) -> StateResult<i64> {
    check_state(state)?;
    if request.expected == Some(0) {
        return create(request, state)?.ok_or_else(|| taken(request.key));
    }
    if let Some(version) = onto_cached(request, Change::State(state))? {
        return Ok(version);
    }
    loop {
        if let Some(head) = executions::lock(request.key, Lock::Save)? {
            return onto_locked(request, Change::State(state), &head);
        }
        if request.expected.is_some() {
            return Err(missing(request.key));
        }
        // Another session may create it first; then it is there to be locked.
        if let Some(version) = create(request, state)? {
            return Ok(version);
        }
    }
}

/// Saves what a patch makes of the state. Returns the new version.
pub fn patch(request: &Request<'_>, patch: &[u8]) -> StateResult<i64> {
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
    let unread = kind == Kind::MergePatch && !index::touched(request.key.tenant, patch)?;
    if unread && let Some(version) = onto_unread(request, patch)? {
        return Ok(version);
    }
    if !unread && let Some(version) = onto_cached(request, Change::Patch(patch))? {
        return Ok(version);
    }
    let head = executions::lock_existing(request.key, Lock::Save)?;
    onto_locked(request, Change::Patch(patch), &head)
}

pub(super) fn missing(key: Key<'_>) -> StateError {
    StateError::execution_not_found(key.id, key.tenant)
}

pub(super) fn taken(key: Key<'_>) -> StateError {
    let id = key.id;
    StateError::new(
        Code::AlreadyExists,
        format!("execution \"{id}\" already exists"),
    )
    .detail("Expected version 0 means that it must not exist.")
    .hint("Load it and save with its version, or leave expected_version out.")
}

/// Creates the execution; `None` when it is there.
fn create(request: &Request<'_>, state: &[u8]) -> StateResult<Option<i64>> {
    let hash = snapshot_hash(state)?;
    let copy = Document::copy(state).map_err(|e| StateError::bad_document("state", e))?;
    let copy = Rc::new(copy);
    // Cut before the execution exists: if the workflow is declared anew meanwhile, the row is one of a former
    // declaration, which every search looks at.
    let (workflow, labels) = (request.labels.workflow, &request.labels);
    let new = workflow.is_some();
    let row = index::row(request.key, workflow, new, request.tags, || {
        Ok(Rc::clone(&copy))
    })?;
    let Some(head) = append::create(request.key, state, hash, labels, row.as_ref())? else {
        return Ok(None);
    };
    cache::put(request.key, &head, copy);
    Ok(Some(head.version))
}

/// Without reading anything first: on the state that this session believes to be the head's. The statement
/// itself checks that it is; `None` when it is not.
fn onto_cached(request: &Request<'_>, change: Change<'_>) -> StateResult<Option<i64>> {
    let Some(hit) = cache::get(request.key) else {
        return Ok(None);
    };
    if request
        .expected
        .is_some_and(|expected| expected != hit.head.version)
    {
        return Ok(None);
    }
    let next = match (Next::of(change, &hit.state), change) {
        (Ok(next), _) => next,
        // The patch may fail only because the believed head is not the head.
        (Err(_), Change::Patch(_)) => return Ok(None),
        (Err(error), Change::State(_)) => return Err(error),
    };
    let written = write(request, next, &hit.head)?;
    if written.is_none() {
        cache::forget(request.key);
    }
    Ok(written)
}

/// On the locked head.
fn onto_locked(request: &Request<'_>, change: Change<'_>, head: &Head) -> StateResult<i64> {
    if request.expected == Some(0) {
        return Err(taken(request.key));
    }
    executions::check_expected(request.key, request.expected, head.version)?;
    let old = rebuild::head(Mode::Write, request.key, head)?;
    let next = Next::of(change, &old)?;
    match write(request, next, head)? {
        Some(version) => Ok(version),
        // The head is locked and known: only its status can have refused.
        None => Err(executions::refused_status(
            request.key,
            request.labels.status,
        )?),
    }
}

/// The next state, and the patch that the log gets where that is smaller.
struct Next {
    state: State,
    patch: Option<Vec<u8>>,
}

impl Next {
    fn of(change: Change<'_>, old: &[u8]) -> StateResult<Self> {
        let state = match change {
            Change::State(state) => {
                Document::copy(state).map_err(|e| StateError::bad_document("state", e))?
            }
            Change::Patch(patch) => {
                let applied = cache::patched(old, &[patch], None, applied_limit())
                    .map_err(|e| refused(patch, e))?;
                check_state(&applied)?;
                applied
            }
        };
        Ok(Next {
            patch: smaller(change, old, &state)?,
            state: Rc::new(state),
        })
    }
}

fn write(request: &Request<'_>, next: Next, onto: &Head) -> StateResult<Option<i64>> {
    let Next { state, patch } = next;
    let append = Append {
        onto: Onto::Known(onto),
        content: match &patch {
            Some(patch) => Content::Patch(patch),
            None => Content::Snapshot(&state),
        },
        payload_hash: content_hash(patch.as_deref(), &state)?,
        state_bytes: Some(state.len()),
        labels: request.labels,
    };
    let Some(head) = append::append(request.key, &append)? else {
        return Ok(None);
    };
    cache::put(request.key, &head, Rc::clone(&state));
    finish(request, &head, || Ok(Rc::clone(&state)))?;
    Ok(Some(head.version))
}

/// The patch to store, or `None` where the state itself is no larger.
pub(super) fn smaller(change: Change<'_>, old: &[u8], new: &[u8]) -> StateResult<Option<Vec<u8>>> {
    if old == new {
        return Ok(Some(UNCHANGED.to_vec()));
    }
    if new.len() <= settings::snapshot_below() {
        return Ok(None);
    }
    let patch = match change {
        Change::State(_) => jsonb::diff(old, new),
        Change::Patch(patch) => jsonb::without_tests(patch).map(std::borrow::Cow::into_owned),
    };
    let patch = patch.map_err(|e| StateError::bad_document("state", e))?;
    Ok((patch.len() < new.len()).then_some(patch))
}

/// A merge patch applies to any state, so that it is stored without reading one.
fn onto_unread(request: &Request<'_>, patch: &[u8]) -> StateResult<Option<i64>> {
    if request.expected == Some(0) {
        return Ok(None);
    }
    let payload_hash = patch_hash(patch)?;
    let append = |onto| {
        let append = Append {
            onto,
            content: Content::Patch(patch),
            payload_hash,
            state_bytes: None,
            labels: request.labels,
        };
        append::append(request.key, &append)
    };
    let known = cache::get_head(request.key).filter(|head| {
        request
            .expected
            .is_none_or(|expected| expected == head.version)
    });
    let mut head = match &known {
        Some(known) => append(Onto::Known(known))?,
        None => None,
    };
    if head.is_none() {
        head = append(Onto::Head(request.expected))?;
    }
    let Some(head) = head else { return Ok(None) };
    cache::follow(request.key, &head, payload_hash, patch);
    // The bound counts every patch in full, so most states over it are not over the limit.
    if head.state_bytes + head.chain_bytes > bytes(settings::max_state_size()) {
        check_size(rebuild::head(Mode::Write, request.key, &head)?.len())?;
    }
    finish(request, &head, || {
        rebuild::head(Mode::Write, request.key, &head)
    })?;
    Ok(Some(head.version))
}

/// What follows an append: the search row, and a keyframe when the chain has grown too long.
fn finish(
    request: &Request<'_>,
    head: &Head,
    state: impl Fn() -> StateResult<State>,
) -> StateResult<()> {
    let (workflow, new) = (head.workflow.as_deref(), request.labels.workflow.is_some());
    index::maintain(request.key, workflow, new, request.tags, &state)?;
    if keyframe_is_due(head) {
        keyframe(request.key, head, &state()?)?;
    }
    Ok(())
}

pub(super) fn keyframe_is_due(head: &Head) -> bool {
    let share = settings::keyframe_ratio() * head.state_bytes as f64;
    head.chain_bytes as f64 > share.max(settings::keyframe_min() as f64)
}

/// Gives the head's version its whole state, and takes it from the keyframe before where the versions
/// behind that one stay quick to reach from an older one.
pub(super) fn keyframe(key: Key<'_>, head: &Head, state: &[u8]) -> StateResult<()> {
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
