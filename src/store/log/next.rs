//! The state that comes after the head's, and what the log gets of it.

use crate::core::jsonb;
use crate::core::{StateError, StateResult, limits};
use crate::pg::document::Document;
use crate::pg::settings;
use crate::pg::spi::Mode;
use crate::store::Key;
use crate::store::definitions::bind::Bound;
use crate::store::log::cache::{self, State};
use crate::store::log::checks::{applied_limit, check_size, check_state, refused};
use crate::store::log::executions::Head;
use crate::store::log::save::Request;
use crate::store::log::versions::UNCHANGED;
use crate::store::migrations::{apply, chains};
use std::rc::Rc;

/// A document that leads from the head's state to the next.
#[derive(Clone, Copy)]
pub enum Change<'a> {
    /// The whole state.
    State(&'a [u8]),
    /// A patch of it.
    Patch(&'a [u8]),
}

/// What becomes of the locked head. A patch applies to the newest shape, which a load gives, and a whole state is taken
/// to be of it.
pub(super) fn next_of(
    request: &Request<'_>,
    change: Change<'_>,
    head: &Head,
    old: &State,
) -> StateResult<Next> {
    let key = request.key;
    match change {
        Change::Patch(patch) if chains::pending_of(key.tenant, head)? => {
            chains::keep(key.tenant, head.workflow.as_deref())?;
            let (base, shape) = apply::upgraded(Mode::Write, key, head, Rc::clone(old))?;
            let state = applied(&base, patch)?;
            Ok(Next {
                patch: smaller(Change::State(&state), old, &state)?,
                state: Rc::new(state),
                shape,
                is_migrated: true,
            })
        }
        Change::Patch(_) => Next::of(change, old),
        Change::State(_) => Ok(Next {
            shape: chains::newest(key.tenant, request.labels.workflow, Some(head))?,
            ..Next::of(change, old)?
        }),
    }
}

fn applied(base: &[u8], patch: &[u8]) -> StateResult<Document> {
    let bad = |e| StateError::bad_document("patch", e);
    let shape = jsonb::check(patch).map_err(bad)?;
    let bound = jsonb::depth_bound(patch, shape).map_err(bad)?;
    let applied =
        cache::patched(base, &[patch], None, applied_limit()).map_err(|e| refused(patch, e))?;
    // The state before is no deeper than a state may be: then neither is this one, and it need not be walked.
    if bound.is_some_and(|depth| depth <= limits::MAX_STATE_DEPTH) {
        check_size(applied.len())?;
    } else {
        check_state(&applied)?;
    }
    Ok(applied)
}

/// The next state, and the patch that the log gets where that is smaller.
pub(super) struct Next {
    pub state: State,
    pub patch: Option<Vec<u8>>,
    /// Version of its shape, where that changes without being said.
    pub shape: Option<i32>,
    /// Whether more has changed than the caller's patch says.
    pub is_migrated: bool,
}

impl Next {
    pub fn of(change: Change<'_>, old: &[u8]) -> StateResult<Self> {
        let state = match change {
            Change::State(state) => {
                Document::copy(state).map_err(|e| StateError::bad_document("state", e))?
            }
            Change::Patch(patch) => applied(old, patch)?,
        };
        Ok(Next {
            patch: smaller(change, old, &state)?,
            state: Rc::new(state),
            shape: None,
            is_migrated: false,
        })
    }

    /// Refuses what breaks the rules.
    pub fn check(
        &self,
        bound: &Bound,
        key: Key<'_>,
        change: Change<'_>,
        old: &[u8],
    ) -> StateResult<()> {
        match (&self.patch, change) {
            _ if bound.is_free() => Ok(()),
            _ if self.is_migrated => bound.check(key, &self.state),
            (Some(patch), _) => bound.check_change(key, old, patch, &self.state),
            (None, Change::Patch(patch)) => bound.check_change(key, old, patch, &self.state),
            (None, Change::State(_)) => bound.check(key, &self.state),
        }
    }
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
