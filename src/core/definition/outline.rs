//! What a definition looks like from outside: its phases and steps.

use super::findings::read;
use crate::core::{StateError, StateResult};

/// A step: its name, those that it depends on, and what undoes it.
pub type OutlineStep = (String, Vec<String>, Option<String>);

/// Phases and steps.
#[derive(Debug, Default, Clone)]
pub struct Outline {
    /// The phases, each with those that may follow.
    pub phases: Vec<(String, Vec<String>)>,
    /// Where executions begin.
    pub initial: Option<String>,
    /// Where they end.
    pub terminal: Vec<String>,
    /// The steps.
    pub steps: Vec<OutlineStep>,
}

/// Reads it from the document of a definition.
pub fn outline(document: &[u8]) -> StateResult<Outline> {
    let format = read(document).map_err(|finding| {
        StateError::invalid("definition cannot be read").detail(format!(
            "It is not what wf_define accepts: {}.",
            super::message::clipped(&finding.message)
        ))
    })?;
    let phases = format.phases.into_iter();
    let steps = format.steps.into_iter();
    Ok(Outline {
        phases: phases.map(|(name, phase)| (name, phase.next)).collect(),
        initial: format.initial_phase,
        terminal: format.terminal_phases,
        steps: steps
            .map(|(name, step)| (name, step.depends_on, step.compensation))
            .collect(),
    })
}
