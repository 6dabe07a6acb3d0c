//! `wf_transition`: phase and state move in one version.

use crate::core::{StateResult, limits};
use crate::store::branches::checkpoints;
use crate::store::definitions::bind;
use crate::store::log::executions::{self, Lock};
use crate::store::log::next::Change;
use crate::store::log::patch;
use crate::store::log::save::{self, Request};
use crate::store::log::versions::UNCHANGED;

/// Moves an execution to the phase that is said about the version, and its state by the patch. Returns the version.
pub fn transition(request: &Request<'_>, change: Option<&[u8]>) -> StateResult<i64> {
    let key = request.key;
    if let Some(change) = change {
        patch::checked(change)?;
    }
    let head = executions::lock_existing(key, Lock::Save)?;
    if request.expected == Some(0) {
        return Err(save::taken(key));
    }
    executions::check_expected(key, request.expected, head.version)?;
    let mut bound = bind::onto(key, &head, &request.labels)?;
    if request.labels.phase == head.phase.as_deref() {
        bound.enter_again(key)?;
    }
    let change = Change::Patch(change.unwrap_or(&UNCHANGED));
    let version = save::append_locked(request, &bound, change, &head)?;
    if bound.wants_checkpoint() {
        let phase = request.labels.phase.unwrap_or_default();
        checkpoints::create(key, &name(phase, version), Some(version), None)?;
    }
    Ok(version)
}

/// The checkpoint of a version that has entered a phase, such as review@7.
fn name(phase: &str, version: i64) -> String {
    let version = format!("@{version}");
    let room = limits::MAX_NAME - version.len();
    let end = (0..=room.min(phase.len()))
        .rev()
        .find(|at| phase.is_char_boundary(*at));
    format!(
        "{}{version}",
        phase.get(..end.unwrap_or(0)).unwrap_or_default()
    )
}
