//! `wf_rebind`: an execution goes on under another version of its workflow's definition.

use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::spi::Mode;
use crate::store::Key;
use crate::store::definitions::documents::{self, Name};
use crate::store::definitions::{bind, workflows};
use crate::store::log::executions::{self, Head, Lock};
use crate::store::log::new_version::Labels;
use crate::store::log::next::Change;
use crate::store::log::rebuild;
use crate::store::log::save::{self, Request};
use crate::store::log::versions::UNCHANGED;
use crate::store::migrations::{apply, chains};

/// Binds an execution to a version, by default the one of new executions. Returns the version of the execution.
pub fn rebind(key: Key<'_>, to: Option<i32>, expected: Option<i64>) -> StateResult<i64> {
    let head = executions::lock_existing(key, Lock::Save)?;
    executions::check_expected(key, expected, head.version)?;
    let Some(workflow) = head.workflow.as_deref() else {
        return Err(StateError::new(
            Code::NotFound,
            format!("execution \"{}\" has no workflow", key.id),
        )
        .hint("Save it with the workflow that it belongs to."));
    };
    let to = target(key, workflow, to)?;
    let bound = bind::anew(key, workflow, to, head.phase.as_deref())?;
    let stored = rebuild::head(Mode::Write, key, &head)?;
    let (state, _) = apply::upgraded(Mode::Write, key, &head, stored)?;
    bound.check(key, &state)?;
    if head.workflow_version == Some(to) && !bound.gives_phase() {
        return Ok(head.version);
    }
    append(key, &bound, &head, to)
}

fn append(key: Key<'_>, bound: &bind::Bound, head: &Head, to: i32) -> StateResult<i64> {
    let note = format!("rebound to version {to}");
    // What the definition says of the shape is of new executions; a state that is migrated says it itself.
    let pending = chains::pending_of(key.tenant, head)?;
    let kept = head.schema_version.filter(|_| !pending);
    let request = Request {
        key,
        expected: None,
        labels: Labels {
            workflow_version: Some(i64::from(to)),
            schema_version: kept.map(i64::from),
            note: Some(&note),
            ..Labels::default()
        },
        tags: None,
    };
    save::append_locked(&request, bound, Change::Patch(&UNCHANGED), head)
}

fn target(key: Key<'_>, workflow: &str, to: Option<i32>) -> StateResult<i32> {
    let tenant = key.tenant;
    let Some(version) = to else {
        return workflows::active(tenant, workflow)?
            .ok_or_else(|| documents::undefined(tenant, workflow));
    };
    let name = Name {
        tenant,
        workflow,
        version,
    };
    match documents::retired(Mode::Latest, name)? {
        None => Err(name.missing()),
        Some(false) => Ok(version),
        Some(true) => Err(StateError::new(
            Code::NotFound,
            format!(
                "version {version} of workflow {} is retired",
                limits::quoted(workflow)
            ),
        )
        .hint("Bind it to a version that is not; wf_definitions lists them.")),
    }
}
