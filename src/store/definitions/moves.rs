//! Which moves of phase and status a definition allows.

use crate::core::definition::Definition;
use crate::core::{Code, StateError, StateResult, limits};
use crate::store::Key;

/// Names that a hint lists, at most.
const MOST_NAMED: usize = 20;

/// Refuses a move to another phase that the definition does not allow.
pub fn phase(key: Key<'_>, by: &Definition, from: Option<&str>, to: &str) -> StateResult<()> {
    let allowed = match by.next_phases(from) {
        None => return Ok(()),
        Some(allowed) => allowed,
    };
    if allowed.iter().any(|phase| phase == to) {
        return Ok(());
    }
    let (id, to) = (key.id, limits::quoted(to));
    let from = from.map_or_else(
        || "no phase".into(),
        |f| format!("phase {}", limits::quoted(f)),
    );
    Err(StateError::new(
        Code::IllegalTransition,
        format!("execution \"{id}\" cannot go from {from} to phase {to}"),
    )
    .hint(match names(allowed) {
        Some(names) => format!("From {from} it may go to {names}."),
        None => format!("Nothing follows {from}."),
    }))
}

/// Refuses a phase that no new execution starts in.
pub fn start(key: Key<'_>, by: &Definition, phase: Option<&str>) -> StateResult<()> {
    match (by.initial_phase(), phase) {
        (Some(initial), Some(phase)) if initial != phase => Err(StateError::new(
            Code::IllegalTransition,
            format!(
                "execution \"{}\" cannot start in phase {}",
                key.id,
                limits::quoted(phase)
            ),
        )
        .hint(format!("It starts in {}.", limits::quoted(initial)))),
        _ => Ok(()),
    }
}

/// Refuses a phase that the definition does not have.
pub fn known(by: &Definition, phase: Option<&str>) -> StateResult<()> {
    match phase {
        Some(phase) if !by.has_phase(phase) => Err(StateError::new(
            Code::IllegalTransition,
            format!("workflow has no phase {}", limits::quoted(phase)),
        )
        .hint("wf_definition shows the phases that there are.")),
        _ => Ok(()),
    }
}

/// Refuses a move to another status that the definition does not allow.
pub fn status(key: Key<'_>, by: &Definition, from: &str, to: &str) -> StateResult<()> {
    let allowed = match by.status_moves(from) {
        Some(allowed) if from != to => allowed,
        _ => return Ok(()),
    };
    if allowed.iter().any(|status| status == to) {
        return Ok(());
    }
    Err(StateError::new(
        Code::IllegalTransition,
        format!("execution \"{}\" cannot go from {from} to {to}", key.id),
    )
    .hint(match names(allowed) {
        Some(names) => format!("From {from} it may go to {names}."),
        None => format!("Nothing follows {from}."),
    }))
}

fn names(allowed: &[String]) -> Option<String> {
    let listed = allowed.iter().take(MOST_NAMED);
    let mut names: Vec<String> = listed.map(|name| limits::quoted(name)).collect();
    if allowed.len() > MOST_NAMED {
        names.push(format!("{} others", allowed.len() - MOST_NAMED));
    }
    (!names.is_empty()).then(|| names.join(", "))
}
