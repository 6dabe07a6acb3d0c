//! What a version on its way into the log is held against. Everything that appends asks here: with the head that is
//! locked or known, and with what is said about the version.

use crate::core::StateResult;
use crate::core::definition::Definition;
use crate::pg::spi::Mode;
use crate::store::Key;
use crate::store::definitions::check::{self, TOLD};
use crate::store::definitions::documents::Name;
use crate::store::definitions::{cache, moves, workflows};
use crate::store::log::executions::Head;
use crate::store::log::new_version::Labels;
use crate::store::migrations::chains;
use std::rc::Rc;

/// The rules of a version, and what they add to what is said about it.
#[derive(Default)]
pub struct Bound {
    rules: Option<Rules>,
    phase: Option<String>,
    workflow_version: Option<i32>,
    schema_version: Option<i32>,
}

struct Rules {
    workflow: String,
    definition: Rc<Definition>,
    /// Of the version.
    phase: Option<String>,
    /// Whether the version before was in another phase.
    enters: bool,
    /// Whether the version before satisfies the same rules, so that only what changes need be looked at.
    holds_before: bool,
}

fn definition(key: Key<'_>, workflow: &str, version: i32) -> StateResult<Rc<Definition>> {
    let tenant = key.tenant;
    let name = Name {
        tenant,
        workflow,
        version,
    };
    cache::get(Mode::Latest, name)
}

/// What is said of a new execution of a workflow where nobody says it: the version of its shape, and its phase.
pub fn unsaid(tenant: &str, workflow: &str) -> StateResult<(Option<i32>, Option<String>)> {
    let newest = chains::newest(tenant, Some(workflow), None)?;
    let Some(version) = workflows::active(tenant, workflow)? else {
        return Ok((newest, None));
    };
    let name = Name {
        tenant,
        workflow,
        version,
    };
    let definition = cache::get(Mode::Latest, name)?;
    Ok((
        definition.schema_version().or(newest),
        definition.initial_phase().map(str::to_owned),
    ))
}

/// For an execution that is about to be made.
pub fn created(key: Key<'_>, labels: &Labels<'_>) -> StateResult<Bound> {
    let Some(workflow) = labels.workflow else {
        return Ok(Bound::default());
    };
    let Some(version) = workflows::active(key.tenant, workflow)? else {
        return Ok(Bound::default());
    };
    let definition = definition(key, workflow, version)?;
    moves::start(key, &definition, labels.phase)?;
    Ok(Bound::newly(
        workflow,
        version,
        definition,
        labels.phase,
        labels,
    ))
}

/// For a head that is locked, or of which the statement that appends compares everything that is asked here.
pub fn onto(key: Key<'_>, head: &Head, labels: &Labels<'_>) -> StateResult<Bound> {
    if let Some(workflow) = labels.workflow
        && head.workflow.as_deref() != Some(workflow)
    {
        return moved(key, workflow, head, labels);
    }
    let Some((workflow, version)) = head.workflow.as_deref().zip(head.workflow_version) else {
        return Ok(Bound::default());
    };
    let definition = definition(key, workflow, version)?;
    let before = head.phase.as_deref();
    let phase = labels.phase.or(before);
    let enters = phase != before;
    if let Some(phase) = phase.filter(|_| enters) {
        moves::phase(key, &definition, before, phase)?;
    }
    if let Some(status) = labels.status {
        moves::status(key, &definition, &head.status, status)?;
    }
    Ok(Bound {
        rules: Some(Rules {
            workflow: workflow.to_owned(),
            phase: phase.map(str::to_owned),
            definition,
            enters,
            holds_before: !enters,
        }),
        ..Bound::default()
    })
}

/// An execution that gets another workflow: bound as a new one, in the phase that it is in or is given.
fn moved(key: Key<'_>, workflow: &str, head: &Head, labels: &Labels<'_>) -> StateResult<Bound> {
    let Some(version) = workflows::active(key.tenant, workflow)? else {
        return Ok(Bound::default());
    };
    let definition = definition(key, workflow, version)?;
    let phase = labels.phase.or(head.phase.as_deref());
    moves::known(&definition, phase)?;
    Ok(Bound::newly(workflow, version, definition, phase, labels))
}

/// For a head that only this session believes in: `None` where what is said about the version is to be decided on
/// the locked one.
pub fn believed(key: Key<'_>, head: &Head, labels: &Labels<'_>) -> StateResult<Option<Bound>> {
    let other = labels
        .workflow
        .filter(|workflow| head.workflow.as_deref() != Some(*workflow));
    let decides = match other {
        Some(workflow) => {
            head.workflow_version.is_some() || workflows::find(key.tenant, workflow).is_some()
        }
        None => head.workflow_version.is_some(),
    };
    if decides && labels.change_the_head() {
        return Ok(None);
    }
    onto(key, head, labels).map(Some)
}

/// For a version that is bound anew, whatever bound it before. Refuses a phase that the definition does not have.
pub fn anew(key: Key<'_>, workflow: &str, version: i32, phase: Option<&str>) -> StateResult<Bound> {
    let definition = definition(key, workflow, version)?;
    moves::known(&definition, phase)?;
    let said = Labels::default();
    let mut bound = Bound::newly(workflow, version, definition, phase, &said);
    // What a definition says of the shape is of new executions; nor is the phase entered that a state is in.
    bound.schema_version = None;
    if let Some(rules) = bound.rules.as_mut().filter(|_| phase.is_some()) {
        rules.enters = false;
    }
    Ok(bound)
}

/// For a version that goes back to an older state, or comes from elsewhere: in the phase of that state, which must be
/// one of the definition's, however it was reached.
pub fn kept(
    key: Key<'_>,
    workflow: Option<&str>,
    version: Option<i32>,
    phase: Option<&str>,
) -> StateResult<Bound> {
    let Some((workflow, version)) = workflow.zip(version) else {
        return Ok(Bound::default());
    };
    let definition = definition(key, workflow, version)?;
    moves::known(&definition, phase)?;
    Ok(Bound {
        rules: Some(Rules {
            workflow: workflow.to_owned(),
            phase: phase.map(str::to_owned),
            definition,
            enters: false,
            holds_before: false,
        }),
        ..Bound::default()
    })
}

impl Bound {
    fn newly(
        workflow: &str,
        version: i32,
        definition: Rc<Definition>,
        phase: Option<&str>,
        labels: &Labels<'_>,
    ) -> Self {
        let initial = phase
            .is_none()
            .then(|| definition.initial_phase())
            .flatten();
        let given = labels.schema_version.is_some();
        Bound {
            phase: initial.map(str::to_owned),
            workflow_version: Some(version),
            schema_version: definition.schema_version().filter(|_| !given),
            rules: Some(Rules {
                workflow: workflow.to_owned(),
                phase: phase.or(initial).map(str::to_owned),
                enters: phase.or(initial).is_some(),
                holds_before: false,
                definition,
            }),
        }
    }

    /// What is said about the version, with what the definition adds.
    pub fn labels<'a>(&'a self, labels: &Labels<'a>) -> Labels<'a> {
        Labels {
            phase: labels.phase.or(self.phase.as_deref()),
            workflow_version: labels
                .workflow_version
                .or(self.workflow_version.map(i64::from)),
            schema_version: labels.schema_version.or(self.schema_version.map(i64::from)),
            ..*labels
        }
    }

    /// Whether the version gets a phase that nobody has said.
    pub fn gives_phase(&self) -> bool {
        self.phase.is_some()
    }

    /// Whether nothing is checked.
    pub fn is_free(&self) -> bool {
        self.rules.is_none()
    }

    /// Whether a merge patch may be stored without the state being looked at.
    pub fn lets_pass(&self, patch: &[u8]) -> StateResult<bool> {
        match &self.rules {
            None => Ok(true),
            Some(rules) => Ok(rules.holds_before && !rules.definition.touched(patch)?),
        }
    }

    /// Refuses a state that breaks a rule.
    pub fn check(&self, key: Key<'_>, state: &[u8]) -> StateResult<()> {
        let Some(rules) = &self.rules else {
            return Ok(());
        };
        let phase = rules.phase.as_deref();
        let found = rules.definition.violations(state, phase, TOLD)?;
        check::refuse(key, &rules.workflow, &found)?;
        rules.check_entry(key, state)
    }

    /// The same, where the patch has made the state of the one before.
    pub fn check_change(
        &self,
        key: Key<'_>,
        before: &[u8],
        patch: &[u8],
        state: &[u8],
    ) -> StateResult<()> {
        match &self.rules {
            Some(rules) if rules.holds_before => {
                let (definition, phase) = (&rules.definition, rules.phase.as_deref());
                let found = definition.violations_after(before, patch, state, phase, TOLD)?;
                check::refuse(key, &rules.workflow, &found)
            }
            _ => self.check(key, state),
        }
    }

    /// Whether the definition wants a checkpoint of the version.
    pub fn wants_checkpoint(&self) -> bool {
        self.rules.as_ref().is_some_and(|rules| {
            let phase = rules.phase.as_deref().filter(|_| rules.enters);
            phase.is_some_and(|phase| rules.definition.checkpoint_on_entry(phase))
        })
    }

    /// For a move to the phase that it is in, which counts as one.
    pub fn enter_again(&mut self, key: Key<'_>) -> StateResult<()> {
        if let Some(rules) = &mut self.rules
            && let Some(phase) = rules.phase.as_deref()
        {
            moves::phase(key, &rules.definition, Some(phase), phase)?;
            rules.enters = true;
            rules.holds_before = false;
        }
        Ok(())
    }
}

impl Rules {
    fn check_entry(&self, key: Key<'_>, state: &[u8]) -> StateResult<()> {
        match &self.phase {
            Some(phase) if self.enters => {
                let found = self.definition.entering(state, phase, TOLD)?;
                check::refuse(key, &self.workflow, &found)
            }
            _ => Ok(()),
        }
    }
}
