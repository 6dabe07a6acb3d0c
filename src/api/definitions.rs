//! Definitions of workflows, and what they say of executions.

use super::{bytes, with_key};
use crate::core::definition::{Finding, Violations};
use crate::core::{StateResult, limits};
use crate::pg::datum::{Jsonb, JsonbArg};
use crate::pg::error::run;
use crate::pg::record::{record, time};
use crate::pg::records::{Output, Records};
use crate::store::definitions::{check, define, list, rebind, transition};
use crate::store::log::new_version::Labels;
use crate::store::log::save::Request;
use crate::store::queue::guard;
use crate::store::tenants::tenant;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_define(workflow: Option<&str>, definition: Option<JsonbArg<'_>>) -> i32 {
    run(|| {
        let tenant = tenant::current()?;
        let workflow = limits::name("workflow", workflow)?;
        let definition = limits::required("definition", bytes(definition))?;
        define::define(&tenant, workflow, definition)
    })
}

fn put(out: &mut Output, findings: Vec<Finding>) {
    for finding in findings {
        out.put(&record![finding.path, finding.rule, finding.message]);
    }
}

#[pg_extern(sql = false)]
fn wf_validate_definition(definition: Option<JsonbArg<'_>>) -> Records<'_> {
    Records::written(move |out| {
        let definition = limits::required("definition", definition)?;
        put(out, check::findings(definition.bytes())?);
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_definitions<'a>(
    workflow: Option<&'a str>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        let workflow = limits::optional_name("workflow", workflow)?;
        let max_rows = limits::max_rows(max_rows)?;
        list::list(&tenant::current()?, workflow, after, max_rows, |row| {
            let cursor = row.cursor();
            out.put(&record![
                row.workflow,
                row.version,
                row.active,
                row.defined_by,
                time(row.defined_at),
                row.retired_by,
                time(row.retired_at),
                cursor,
            ]);
        })
    })
}

#[pg_extern(sql = false)]
fn wf_definition(workflow: Option<&str>, version: Option<i32>) -> Jsonb {
    run(|| {
        let tenant = tenant::current()?;
        let workflow = limits::name("workflow", workflow)?;
        list::document(&tenant, workflow, definition_version(version)?).map(Jsonb::from)
    })
}

#[pg_extern(sql = false)]
fn wf_retire(workflow: Option<&str>, version: Option<i32>) -> bool {
    run(|| {
        let tenant = tenant::current()?;
        let workflow = limits::name("workflow", workflow)?;
        let version = definition_version(Some(limits::required("version", version)?))?;
        define::retire(&tenant, workflow, version.unwrap_or_default())
    })
}

#[pg_extern(sql = false)]
fn wf_rebind(
    execution_id: Option<&str>,
    version: Option<i32>,
    expected_version: Option<i64>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            let version = definition_version(version)?;
            rebind::rebind(key, version, limits::expected(expected_version)?)
        })
    })
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_transition(
    execution_id: Option<&str>,
    phase: Option<&str>,
    patch: Option<JsonbArg<'_>>,
    expected_version: Option<i64>,
    status: Option<&str>,
    step_id: Option<&str>,
    note: Option<&str>,
    lease: Option<i64>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            let phase = limits::name("phase", phase)?;
            let request = Request {
                key,
                expected: limits::expected(expected_version)?,
                labels: Labels {
                    phase: Some(phase),
                    ..super::state::labels(status, None, step_id, note)?
                },
                tags: None,
            };
            guard::with_status(key, lease, request.labels.status, || {
                transition::transition(&request, bytes(patch))
            })
        })
    })
}

/// A version of a definition, which may be left out.
pub(super) fn definition_version(version: Option<i32>) -> StateResult<Option<i32>> {
    limits::optional_version("version", version.map(i64::from)).map(|_| version)
}

fn version(version: Option<i64>) -> StateResult<Option<i64>> {
    limits::optional_version("version", version)
}

#[pg_extern(sql = false)]
fn wf_is_valid(execution_id: Option<&str>, version: Option<i64>) -> bool {
    let found = run(|| {
        with_key(execution_id, |key| {
            check::stored(key, self::version(version)?, 1)
        })
    });
    found.is_empty()
}

#[pg_extern(sql = false)]
fn wf_violations(
    execution_id: Option<&str>,
    version: Option<i64>,
    max_rows: Option<i32>,
) -> Records<'_> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let most = rows(max_rows)?;
            let found = check::stored(key, self::version(version)?, most)?;
            put(out, found.into_first());
            Ok(())
        })
    })
}

fn rows(max_rows: Option<i32>) -> StateResult<usize> {
    limits::rows("max_rows", max_rows).map(|most| usize::try_from(most).unwrap_or(usize::MAX))
}

/// A state given by the caller.
struct Given<'a> {
    workflow: Option<&'a str>,
    state: Option<JsonbArg<'a>>,
    version: Option<i32>,
    phase: Option<&'a str>,
}

impl Given<'_> {
    fn violations(&self, most: usize) -> StateResult<Violations> {
        let workflow = limits::name("workflow", self.workflow)?;
        let state = limits::required("state", self.state)?;
        let version = definition_version(self.version)?;
        let phase = limits::optional_name("phase", self.phase)?;
        let tenant = tenant::current()?;
        check::any(&tenant, workflow, version, phase, state.bytes(), most)
    }
}

#[pg_extern(sql = false)]
fn wf_is_valid_state(
    workflow: Option<&str>,
    state: Option<JsonbArg<'_>>,
    definition_version: Option<i32>,
    phase: Option<&str>,
) -> bool {
    let given = Given {
        workflow,
        state,
        version: definition_version,
        phase,
    };
    run(|| given.violations(1)).is_empty()
}

#[pg_extern(sql = false)]
fn wf_state_violations<'a>(
    workflow: Option<&'a str>,
    state: Option<JsonbArg<'a>>,
    definition_version: Option<i32>,
    phase: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    let given = Given {
        workflow,
        state,
        version: definition_version,
        phase,
    };
    Records::written(move |out| {
        put(out, given.violations(rows(max_rows)?)?.into_first());
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_definition_violations<'a>(
    definition: Option<JsonbArg<'a>>,
    state: Option<JsonbArg<'a>>,
    phase: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        let definition = limits::required("definition", definition)?;
        let state = limits::required("state", state)?;
        let phase = limits::optional_name("phase", phase)?;
        let most = rows(max_rows)?;
        let found = check::given(definition.bytes(), phase, state.bytes(), most)?;
        put(out, found.into_first());
        Ok(())
    })
}
