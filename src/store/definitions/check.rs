//! A state held against a definition, and the refusal of one that breaks it.

use crate::core::definition::{self, Definition, Violations};
use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::backend::reads_committed;
use crate::pg::jsonpath::Paths;
use crate::pg::spi::Mode;
use crate::store::Key;
use crate::store::definitions::cache;
use crate::store::definitions::documents::{self, Name};
use crate::store::definitions::{moves, workflows};
use crate::store::log::checks::check_state;
use crate::store::log::executions;
use crate::store::log::load;
use crate::store::log::versions;
use std::rc::Rc;

/// Bytes of a definition.
pub const MAX_DEFINITION: usize = 1 << 20;

/// What a refusal tells of: the first; the rest are counted.
pub(super) const TOLD: usize = 1;

/// What a state in a phase breaks of the definition that an execution is bound to; none where it is bound to none.
pub fn whole(
    mode: Mode,
    tenant: &str,
    workflow: Option<&str>,
    version: Option<i32>,
    phase: Option<&str>,
    state: &[u8],
    most: usize,
) -> StateResult<Violations> {
    let Some((workflow, version)) = workflow.zip(version) else {
        return Ok(Violations::up_to(most));
    };
    let name = Name {
        tenant,
        workflow,
        version,
    };
    cache::get(mode, name)?.violations(state, phase, most)
}

/// What an execution breaks, at its head or at a version.
pub fn stored(key: Key<'_>, version: Option<i64>, most: usize) -> StateResult<Violations> {
    let head = executions::read_existing(key)?;
    let phase = match version {
        Some(version) if version != head.version => versions::phase(key, version)?
            .ok_or_else(|| StateError::version_not_found(key.id, version))?,
        _ => head.phase.clone(),
    };
    let (workflow, bound) = (head.workflow.as_deref(), head.workflow_version);
    if bound.is_none() {
        return Ok(Violations::up_to(most));
    }
    // As a load gives it, and as a recovery would be checked.
    let state = match version {
        Some(_) => load::at(key, version, None, true)?,
        None => load::state(key)?,
    };
    let phase = phase.as_deref();
    whole(Mode::Read, key.tenant, workflow, bound, phase, &state, most)
}

/// What any state breaks of a workflow's definition.
pub fn any(
    tenant: &str,
    workflow: &str,
    version: Option<i32>,
    phase: Option<&str>,
    state: &[u8],
    most: usize,
) -> StateResult<Violations> {
    check_state(state)?;
    let definition = named(tenant, workflow, version)?;
    moves::known(&definition, phase)?;
    definition.violations(state, phase, most)
}

/// A version of a definition, or the one that new executions go by.
fn named(tenant: &str, workflow: &str, version: Option<i32>) -> StateResult<Rc<Definition>> {
    let name = |version| Name {
        tenant,
        workflow,
        version,
    };
    if version.is_none()
        && reads_committed()
        && let Some(version) = workflows::find(tenant, workflow).and_then(|found| found.active)
        && let Some(definition) = cache::current(name(version))
    {
        return Ok(definition);
    }
    let version = match version {
        Some(version) => version,
        // As the snapshot of the statement shows it.
        None => documents::newest(Mode::Read, tenant, workflow, true)?,
    };
    cache::get(Mode::Read, name(version))
}

/// What a state breaks of a definition that is not stored.
pub fn given(
    document: &[u8],
    phase: Option<&str>,
    state: &[u8],
    most: usize,
) -> StateResult<Violations> {
    check_state(state)?;
    let definition = compiled(document)?;
    moves::known(&definition, phase)?;
    definition.violations(state, phase, most)
}

/// What is wrong with a definition.
pub fn findings(document: &[u8]) -> StateResult<Vec<definition::Finding>> {
    if document.len() > MAX_DEFINITION {
        return Err(limits::too_large(
            "definition",
            document.len(),
            MAX_DEFINITION,
        ));
    }
    crate::core::jsonb::check(document).map_err(|e| StateError::bad_document("definition", e))?;
    definition::findings(document, &Paths)
}

/// A definition that is sound, compiled; refuses any other.
pub(super) fn compiled(document: &[u8]) -> StateResult<Definition> {
    let findings = findings(document)?;
    let Some(first) = findings.first() else {
        return Definition::compile(document, &Paths);
    };
    Err(StateError::invalid("definition is not sound")
        .detail(told(first, findings.len()))
        .hint("wf_validate_definition lists all that is wrong with it."))
}

/// Refuses a state that breaks a rule (WF002).
pub(super) fn refuse(key: Key<'_>, workflow: &str, found: &Violations) -> StateResult<()> {
    let Some(first) = found.first().first() else {
        return Ok(());
    };
    Err(StateError::new(
        Code::StateValidation,
        format!(
            "state of execution \"{}\" breaks the rules of workflow {}",
            key.id,
            limits::quoted(workflow)
        ),
    )
    .detail(told(first, found.count()))
    .hint(
        "wf_state_violations lists all that a state breaks, wf_violations what a stored one does.",
    ))
}

/// Characters of a path, rule or message that a DETAIL quotes.
const MOST_QUOTED: usize = 200;

pub(in crate::store) fn told(first: &definition::Finding, count: usize) -> String {
    let clipped = |text: &str| -> String {
        let one_line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        one_line.take(MOST_QUOTED).collect()
    };
    let mut told = format!(
        "Path \"{}\" breaks rule {}: {}.",
        clipped(&first.path),
        clipped(&first.rule),
        clipped(&first.message)
    );
    match count.saturating_sub(1) {
        0 => {}
        1 => told.push_str(" There is 1 other."),
        others => told.push_str(&format!(" There are {others} others.")),
    }
    told
}
