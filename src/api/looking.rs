//! Pictures of executions and workflows.

use super::definitions::definition_version;
use super::{micros, with_key};
use crate::core::looking::plain;
use crate::core::looking::timeline::{self, Line};
use crate::core::{StateError, limits};
use crate::pg::error::run;
use crate::pg::record::{Record, record, time};
use crate::pg::records::Records;
use crate::pg::spi::Interval;
use crate::store::looking::{diagram, report, story};
use crate::store::tenants::tenant;
use pgrx::prelude::*;

fn line_record(line: Line) -> Record {
    record![
        line.line,
        line.kind,
        line.name.as_deref().map(plain::line),
        line.status,
        line.attempt,
        line.bar,
        time(line.from),
        time(line.to),
        line.micros.map(Interval::of_micros),
    ]
}

#[pg_extern(sql = false)]
fn wf_timeline(
    execution_id: Option<&str>,
    width: Option<i32>,
    max_rows: Option<i32>,
) -> Records<'_> {
    Records::written(move |out| {
        let width = limits::required("width", width)?;
        limits::within_range("width", Some(width), (10, 500))?;
        let max_rows = limits::rows("max_rows", max_rows)?;
        with_key(execution_id, |key| {
            let story = story::read(key, max_rows)?.story;
            let width = usize::try_from(width).unwrap_or_default();
            for line in timeline::draw(&story, width) {
                out.put(&line_record(line));
            }
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_diagram(
    workflow: Option<&str>,
    execution_id: Option<&str>,
    version: Option<i32>,
    kind: Option<&str>,
) -> String {
    run(|| match (workflow, execution_id) {
        (Some(_), None) => {
            let workflow = limits::name("workflow", workflow)?;
            let version = definition_version(version)?;
            diagram::workflow(&tenant::current()?, workflow, version, kind)
        }
        (None, Some(_)) if version.is_some() => Err(StateError::invalid(
            "version must not be given with execution_id",
        )
        .hint("An execution is drawn within the version of the definition that binds it.")),
        (None, Some(_)) => with_key(execution_id, |key| diagram::execution(key, kind)),
        (Some(_), Some(_)) => Err(StateError::invalid(
            "workflow and execution_id exclude each other",
        )
        .hint("Write execution_id => ... to draw an execution: its workflow is known.")),
        (None, None) => Err(
            StateError::invalid("one of workflow and execution_id must be given").hint(
                "Give workflow to draw its definition, or execution_id to draw what it has done.",
            ),
        ),
    })
}

#[pg_extern(sql = false)]
fn wf_report(
    workflow: Option<&str>,
    execution_id: Option<&str>,
    since: Option<TimestampWithTimeZone>,
    until: Option<TimestampWithTimeZone>,
    max_rows: Option<i32>,
) -> String {
    run(|| {
        let max_rows = limits::rows("max_rows", max_rows)?;
        let query = report::Query {
            workflow: limits::optional_name("workflow", workflow)?,
            execution_id: limits::optional_name("execution_id", execution_id)?,
            since: micros(since),
            until: micros(until),
            max_rows,
        };
        report::page(&tenant::current()?, &query)
    })
}
