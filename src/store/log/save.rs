//! Saving a whole state. The log gets only what changed.

use crate::core::{Code, StateError, StateResult};
use crate::pg::document::Document;
use crate::pg::spi::Mode;
use crate::store::Key;
use crate::store::definitions::bind::{self, Bound};
use crate::store::log::append;
use crate::store::log::cache::{self, content_hash, snapshot_hash};
use crate::store::log::checks::check_state;
use crate::store::log::create;
use crate::store::log::executions::{self, Head, Lock};
use crate::store::log::keyframe;
use crate::store::log::new_version::{Append, Content, Labels, Onto};
use crate::store::log::next::{Change, Next, next_of};
use crate::store::log::rebuild;
use crate::store::migrations::chains;
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

pub(super) fn missing(key: Key<'_>) -> StateError {
    StateError::execution_not_found(key.id, key.tenant).hint(
        "Check the id and the setting wfstate.tenant; a save creates an execution unless it expects a version, stands \
         on one, or has create_missing false.",
    )
}

pub(in crate::store) fn taken(key: Key<'_>) -> StateError {
    let id = key.id;
    StateError::new(
        Code::AlreadyExists,
        format!("execution \"{id}\" already exists"),
    )
    .detail("Expected version 0 means that it must not exist.")
    .hint("Load it and save with its version, or leave expected_version out.")
}

/// Creates the execution; `None` when it is there.
pub(in crate::store) fn create(request: &Request<'_>, state: &[u8]) -> StateResult<Option<i64>> {
    let bound = bind::created(request.key, &request.labels)?;
    bound.check(request.key, state)?;
    let labels = bound.labels(&request.labels);
    let labels = labels.of_shape(chains::newest(request.key.tenant, labels.workflow, None)?);
    let hash = snapshot_hash(state)?;
    let copy = Document::copy(state).map_err(|e| StateError::bad_document("state", e))?;
    let copy = Rc::new(copy);
    // Cut before the execution exists: if the workflow is declared anew meanwhile, the row is one of a former
    // declaration, which every search looks at.
    let workflow = labels.workflow;
    let new = workflow.is_some();
    let row = index::row(request.key, workflow, new, request.tags, || {
        Ok(Rc::clone(&copy))
    })?;
    let Some(head) = create::create(request.key, state, hash, &labels, row.as_ref())? else {
        return Ok(None);
    };
    cache::put(request.key, &head, copy);
    Ok(Some(head.version))
}

/// Without reading anything first: on the state that this session believes to be the head's. The statement
/// itself checks that it is; `None` when it is not.
pub(super) fn onto_cached(request: &Request<'_>, change: Change<'_>) -> StateResult<Option<i64>> {
    let Some(hit) = cache::get(request.key) else {
        return Ok(None);
    };
    if request
        .expected
        .is_some_and(|expected| expected != hit.head.version)
    {
        return Ok(None);
    }
    // What a state has to be migrated by, or is taken to be of, is decided on the locked head.
    if chains::pending_of(request.key.tenant, &hit.head)? {
        return Ok(None);
    }
    let Some(bound) = believed(request, &hit.head)? else {
        return Ok(None);
    };
    let shape = match change {
        Change::State(_) => {
            chains::newest(request.key.tenant, request.labels.workflow, Some(&hit.head))?
        }
        Change::Patch(_) => None,
    };
    let next = match (Next::of(change, &hit.state), change) {
        (Ok(next), _) => Next { shape, ..next },
        // The patch may fail only because the believed head is not the head.
        (Err(_), Change::Patch(_)) => return Ok(None),
        (Err(error), Change::State(_)) => return Err(error),
    };
    if let Err(error) = next.check(&bound, request.key, change, &hit.state) {
        // The state may break a rule only because the believed head is not the head.
        return if is_head(request.key, &hit.head)? {
            Err(error)
        } else {
            Ok(None)
        };
    }
    let written = write(request, &bound, next, &hit.head)?;
    if written.is_none() {
        cache::forget(request.key);
    }
    Ok(written)
}

/// What binds a believed head. That its definition is not there may mean that it is not the head: what bound it was
/// rolled back, or the extension made anew.
pub(super) fn believed(request: &Request<'_>, head: &Head) -> StateResult<Option<Bound>> {
    match bind::believed(request.key, head, &request.labels) {
        Err(_) if !is_head(request.key, head)? => {
            cache::forget(request.key);
            Ok(None)
        }
        bound => bound,
    }
}

/// Whether a believed head is the head.
fn is_head(key: Key<'_>, believed: &Head) -> StateResult<bool> {
    let locked = executions::lock(key, Lock::Save)?;
    Ok(locked.is_some_and(|head| head.is(believed)))
}

/// On the locked head.
pub(super) fn onto_locked(
    request: &Request<'_>,
    change: Change<'_>,
    head: &Head,
) -> StateResult<i64> {
    if request.expected == Some(0) {
        return Err(taken(request.key));
    }
    executions::check_expected(request.key, request.expected, head.version)?;
    let bound = bind::onto(request.key, head, &request.labels)?;
    append_locked(request, &bound, change, head)
}

/// On the locked head, under the rules that were found for it.
pub(in crate::store) fn append_locked(
    request: &Request<'_>,
    bound: &Bound,
    change: Change<'_>,
    head: &Head,
) -> StateResult<i64> {
    let old = rebuild::head(Mode::Write, request.key, head)?;
    let next = next_of(request, change, head, &old)?;
    next.check(bound, request.key, change, &old)?;
    match write(request, bound, next, head)? {
        Some(version) => Ok(version),
        // The head is locked and known: only its status can have refused.
        None => Err(executions::refused_status(
            request.key,
            request.labels.status,
        )?),
    }
}

fn write(
    request: &Request<'_>,
    bound: &Bound,
    next: Next,
    onto: &Head,
) -> StateResult<Option<i64>> {
    let Next {
        state,
        patch,
        shape,
        ..
    } = next;
    let labels = bound.labels(&request.labels).of_shape(shape);
    let append = Append {
        onto: Onto::Known(onto),
        content: match &patch {
            // The statement for more than that knows of no keyframes.
            Some(patch) if labels.change_the_head() => Content::Patch(patch),
            Some(patch) => keyframe::content(onto, patch, &state)?,
            None => Content::Snapshot(&state),
        },
        payload_hash: content_hash(patch.as_deref(), &state)?,
        state_bytes: Some(state.len()),
        labels,
    };
    let Some(head) = append::append(request.key, &append)? else {
        return Ok(None);
    };
    cache::put(request.key, &head, Rc::clone(&state));
    keyframe::settle(request.key, onto, &append.content, &head)?;
    keyframe::finish(request, &head, || Ok(Rc::clone(&state)))?;
    Ok(Some(head.version))
}
