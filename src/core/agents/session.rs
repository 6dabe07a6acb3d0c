//! What a session's state says of the session.

use super::super::jsonb::{self, Object, Value};
use super::super::limits::{MAX_NAME, MAX_NOTE};
use super::super::statuses::STATUSES;
use super::super::{Code, StateError, StateResult};

/// User, mission and status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Said<'a> {
    /// Whose session it is.
    pub user_id: Option<&'a str>,
    /// What it is for.
    pub mission: Option<&'a str>,
    /// One of the statuses that there are.
    pub status: Option<&'a str>,
}

/// The members user_id, mission and status of a state that is an object, where each is a text that may be one.
/// Others are the application's own, and left alone.
pub fn said(state: &[u8]) -> StateResult<Said<'_>> {
    let bad = |error| StateError::bad_document("state", error);
    let Value::Object(object) = jsonb::root(state).map_err(bad)? else {
        return Ok(Said::default());
    };
    let member = |name: &[u8], most: usize| text(object, name, most).map_err(bad);
    Ok(Said {
        user_id: member(b"user_id", MAX_NAME)?,
        mission: member(b"mission", MAX_NOTE)?,
        status: member(b"status", MAX_NAME)?.filter(|status| STATUSES.contains(status)),
    })
}

/// What goes with a state is given, but no state (22023).
pub fn no_state() -> StateError {
    StateError::invalid("state must not be null")
        .detail("With workflow or schema_version the state has to be given, too.")
        .hint("Give the state, or leave these out to keep the former.")
}

/// Tells of a refused status that the caller didn't give, but the state.
pub fn said_so(error: StateError, status: &str) -> StateError {
    if error.code != Code::IllegalTransition {
        return error;
    }
    let from = format!("The status {status} comes from the member status of the state.");
    let detail = [error.detail.as_deref().unwrap_or_default(), &from].join(" ");
    let hint = error.hint.clone().unwrap_or_default();
    error.detail(detail.trim_start()).hint(format!(
        "The argument status counts before that member: give it, or leave the member out. {hint}"
    ))
}

fn text<'a>(object: Object<'a>, name: &[u8], most: usize) -> super::super::Result<Option<&'a str>> {
    Ok(match object.get(name)? {
        Some(Value::String(bytes)) if (1..=most).contains(&bytes.len()) => {
            std::str::from_utf8(bytes).ok()
        }
        _ => None,
    })
}
