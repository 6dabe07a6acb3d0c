//! `wf_import_sqlite`: the executions of a SQLite file, each with all its versions.

use crate::core::{StateResult, limits};
use crate::pg::attempt;
use crate::pg::inputs;
use crate::pg::interrupts;
use crate::store::log::checks;
use crate::store::sqlite::{Cell, Named, Row, Source};
use crate::store::transfer::sqlite_run::Run;

/// A call.
pub struct Request<'a> {
    /// The file.
    pub file: &'a [u8],
    /// A table that the caller names.
    pub named: Option<Named<'a>>,
    /// Workflow of the executions.
    pub workflow: Option<&'a str>,
    /// What their ids begin with.
    pub prefix: &'a str,
    /// Whether nothing is stored.
    pub dry_run: bool,
}

/// What became of a row.
pub struct Report {
    /// Its table.
    pub table: String,
    /// What identifies it there.
    pub source: Option<String>,
    /// Execution that it is a version of, or would have been.
    pub execution_id: Option<String>,
    /// Which.
    pub version: Option<i64>,
    /// Why it was left out; `None` where it is imported.
    pub reason: Option<String>,
}

/// Imports a file; `report` gets what became of each row.
pub fn import(
    tenant: &str,
    request: &Request<'_>,
    report: &mut impl FnMut(Report),
) -> StateResult<()> {
    // What SQLite has stopped for is raised here, where nothing of SQLite's is unwound through.
    let source = Source::open(request.file, interrupts::is_wanted);
    let source = source.inspect_err(|_| interrupts::check())?;
    let layout = source.layout(request.named);
    let layout = layout.inspect_err(|_| interrupts::check())?;
    let mut work = || {
        let mut run: Option<Run<'_>> = None;
        let read = source.each(&layout, |row| {
            interrupts::check();
            take(tenant, request, row, &mut run, report)
        });
        read.inspect_err(|_| interrupts::check())?;
        match run.take() {
            Some(run) => run.write(tenant, request, report),
            None => Ok(()),
        }
    };
    if request.dry_run {
        attempt::rolled_back(work)
    } else {
        work()
    }
}

fn take<'l>(
    tenant: &str,
    request: &Request<'_>,
    row: Row<'l>,
    run: &mut Option<Run<'l>>,
    report: &mut impl FnMut(Report),
) -> StateResult<()> {
    let id = id(request.prefix, &row);
    let found = match &id {
        Ok(id) => state(&row).map(|state| (id.clone(), state)),
        Err(reason) => Err(reason.clone()),
    };
    let (id, state) = match found {
        Ok(found) => found,
        Err(reason) => {
            report(Report {
                table: row.table.to_owned(),
                source: row.source,
                execution_id: id.ok(),
                version: None,
                reason: Some(reason),
            });
            return Ok(());
        }
    };
    limits::name("execution_id", Some(&id))?;
    if let Some(done) = run.take_if(|run| run.id != id) {
        done.write(tenant, request, report)?;
    }
    run.get_or_insert_with(|| Run::of(id)).push(row, state)
}

fn id(prefix: &str, row: &Row<'_>) -> Result<String, String> {
    match &row.id {
        Cell::Text(id) if !id.is_empty() => Ok(format!("{prefix}{id}")),
        Cell::Integer(id) => Ok(format!("{prefix}{id}")),
        Cell::Null => Err(String::from("it has no id")),
        _ => Err(String::from("its id is neither a text nor a whole number")),
    }
}

fn state(row: &Row<'_>) -> Result<Vec<u8>, String> {
    if let Some(reason) = &row.refusal {
        return Err(reason.clone());
    }
    match &row.state {
        Cell::Text(text) => {
            let state =
                inputs::jsonb(text).map_err(|why| format!("its state is no jsonb: {why}"))?;
            checks::check_state(&state).map_err(|refusal| refusal.message)?;
            Ok(state)
        }
        Cell::Null => Err(String::from("its state is NULL")),
        _ => Err(String::from("its state is no JSON text")),
    }
}
