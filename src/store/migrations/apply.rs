//! What the steps of a workflow make of a state.

use crate::core::{Code, Error, StateError, StateResult, limits};
use crate::pg::document::Document;
use crate::pg::functions;
use crate::pg::interrupts;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::log::cache::{self, State};
use crate::store::log::checks::{applied_limit, check_state};
use crate::store::log::executions::Head;
use crate::store::migrations::chains;
use crate::store::tenants::tenant;
use std::rc::Rc;

static STEPS: Statement = Statement::new(
    "SELECT m.from_version, m.to_version, m.patch, m.function,
            pg_catalog.pg_get_userbyid(m.added_by)::pg_catalog.text AS added_by FROM wfstate.migrations AS m
      WHERE m.tenant {=} wfstate.current_tenant() AND m.workflow {=} $2 AND m.from_version {>=} $3
      ORDER BY m.from_version",
    &[Type::Text, Type::Text, Type::Int4],
);

struct Step {
    from: i32,
    to: i32,
    patch: Option<Vec<u8>>,
    function: Option<String>,
    added_by: String,
}

/// The state of a head in the newest shape, and which that is; as it is stored where nothing leads on from it.
pub fn upgraded(
    mode: Mode,
    key: Key<'_>,
    head: &Head,
    state: State,
) -> StateResult<(State, Option<i32>)> {
    let workflow = head.workflow.as_deref();
    let Some((from, _)) = chains::pending(key.tenant, workflow, head.schema_version)? else {
        return Ok((state, head.schema_version));
    };
    let workflow = workflow.unwrap_or_default();
    Ok(match from_version(mode, key, workflow, from, &state)? {
        Some((state, to)) => (Rc::new(state), Some(to)),
        None => (state, head.schema_version),
    })
}

/// A state of a shape as a load would give it under a workflow.
pub fn as_loaded(
    mode: Mode,
    key: Key<'_>,
    workflow: Option<&str>,
    schema_version: Option<i32>,
    state: Document,
) -> StateResult<Document> {
    let pending = chains::pending(key.tenant, workflow, schema_version)?;
    let Some(((from, _), workflow)) = pending.zip(workflow) else {
        return Ok(state);
    };
    let made = from_version(mode, key, workflow, from, &state)?;
    Ok(made.map_or(state, |(state, _)| state))
}

/// The state of a head as a change took it that left another shape: whatever has been added to the steps since. Steps
/// lead to a shape that was said; where none was, none was taken.
pub fn up_to(
    mode: Mode,
    key: Key<'_>,
    head: &Head,
    shape: Option<i32>,
    state: Document,
) -> StateResult<Document> {
    let workflow = head.workflow.as_deref();
    let pending = chains::pending(key.tenant, workflow, head.schema_version)?;
    let (Some(((from, _), workflow)), Some(last)) = (pending.zip(workflow), shape) else {
        return Ok(state);
    };
    let made = through(mode, key, workflow, [from, last], &state)?;
    Ok(made.map_or(state, |(state, _)| state))
}

/// What the steps from a version on make of a state of it, and where they end; `None` where none begins there.
pub fn from_version(
    mode: Mode,
    key: Key<'_>,
    workflow: &str,
    from: i32,
    state: &[u8],
) -> StateResult<Option<(Document, i32)>> {
    through(mode, key, workflow, [from, i32::MAX], state)
}

/// The same of the steps between two versions.
fn through(
    mode: Mode,
    key: Key<'_>,
    workflow: &str,
    [from, last]: [i32; 2],
    state: &[u8],
) -> StateResult<Option<(Document, i32)>> {
    let mut made: Option<(Document, i32)> = None;
    for step in steps(mode, key.tenant, workflow, from)? {
        if step.to > last {
            break;
        }
        interrupts::check();
        let (before, at) = match &made {
            Some((state, at)) => (&**state, *at),
            None => (state, from),
        };
        if step.from != at {
            break;
        }
        made = Some((step.apply(key, before)?, step.to));
    }
    Ok(made)
}

fn steps(mode: Mode, tenant: &str, workflow: &str, from: i32) -> StateResult<Vec<Step>> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(Some(workflow)),
        Param::Int4(Some(i64::from(from))),
    ];
    STEPS.all(mode, &params, |row| {
        Ok(Step {
            from: row.int4(0).unwrap_or_default(),
            to: row.int4(1).unwrap_or_default(),
            patch: row.jsonb(2),
            function: row.text(3),
            added_by: row.text(4).unwrap_or_default(),
        })
    })
}

impl Step {
    fn apply(&self, key: Key<'_>, state: &[u8]) -> StateResult<Document> {
        let made = match (&self.patch, &self.function) {
            (Some(patch), _) => cache::patched(state, &[patch], None, applied_limit())
                .map_err(|error| self.refused(key, error))?,
            (None, Some(function)) => self.call(key, function, state)?,
            (None, None) => return Err(self.failed(key, "the step does nothing")),
        };
        check_state(&made)?;
        Ok(made)
    }

    fn call(&self, key: Key<'_>, name: &str, state: &[u8]) -> StateResult<Document> {
        let function = functions::find(name)
            .ok_or_else(|| self.failed(key, format!("there is no function {name}")))?;
        functions::check(&function, name)?;
        // Whoever runs it is in this tenant; the function gets at no other.
        let made = tenant::pinned(key.tenant, || {
            functions::call(&function, &self.added_by, state)
        })?;
        match made {
            Some(made) => Document::from_payload(made)
                .map_err(|error| StateError::bad_document("state", error)),
            None => Err(self.failed(key, format!("function {name} returns NULL"))),
        }
    }

    fn refused(&self, key: Key<'_>, error: Error) -> StateError {
        match error {
            Error::Patch { .. } => self.failed(key, error.to_string()),
            other => StateError::bad_document("state", other),
        }
    }

    fn failed(&self, key: Key<'_>, why: impl std::fmt::Display) -> StateError {
        StateError::new(
            Code::StateValidation,
            format!(
                "state of execution {} cannot be migrated from version {} to {}",
                limits::quoted(key.id),
                self.from,
                self.to
            ),
        )
        .detail(format!("It is refused: {why}."))
        .hint("wf_state_at gives the state as it was saved; wf_migrations lists the steps.")
    }
}
