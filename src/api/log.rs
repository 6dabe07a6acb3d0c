//! Looking back: versions, history, differences; forgetting and verifying them; taking them elsewhere.

use super::{age, in_tenant, micros, with_key};
use crate::core::{StateError, limits};
use crate::pg::datum::{Jsonb, JsonbArg};
use crate::pg::error::run;
use crate::pg::record::{Record, record, time};
use crate::pg::records::Records;
use crate::store;
use crate::store::history::page::Entry;
use crate::store::tenants::tenant;
use pgrx::prelude::*;
use std::rc::Rc;

#[pg_extern(sql = false)]
fn wf_state_at(
    execution_id: Option<&str>,
    version: Option<i64>,
    at: Option<TimestampWithTimeZone>,
    upgrade: Option<bool>,
    checkpoint: Option<&str>,
) -> Jsonb {
    run(|| {
        with_key(execution_id, |key| {
            let given = [version.is_some(), at.is_some(), checkpoint.is_some()];
            if given.into_iter().filter(|is_given| *is_given).count() > 1 {
                return Err(
                    StateError::invalid("version, at and checkpoint exclude each other")
                        .hint("Give one of them, or none for the current state."),
                );
            }
            let version = limits::optional_version("version", version)?;
            let checkpoint = limits::optional_name("checkpoint", checkpoint)?;
            let upgrade = limits::required("upgrade", upgrade)?;
            match checkpoint {
                Some(name) => store::branches::checkpoints::state(key, name, upgrade),
                None => store::log::load::at(key, version, micros(at), upgrade),
            }
        })
        .map(Jsonb)
    })
}

#[pg_extern(sql = false)]
fn wf_history(
    execution_id: Option<&str>,
    newest_first: Option<bool>,
    after: Option<i64>,
    max_rows: Option<i32>,
) -> Records<'static> {
    let newest_first = newest_first.unwrap_or(false);
    let entries = run(|| {
        with_key(execution_id, |key| {
            let max_rows = limits::max_rows(max_rows)?;
            let page = store::history::page::page(key, after, max_rows, newest_first)?;
            Ok(in_tenant(key.tenant.to_owned(), page))
        })
    });
    Records::one_by_one(entries, history_record)
}

fn history_record(entry: Entry) -> Record {
    record![
        entry.version,
        entry.base_version,
        entry.kind,
        entry.status,
        entry.phase,
        entry.schema_version,
        entry.step_id,
        entry.note,
        entry.saved_by,
        time(entry.saved_at),
        entry.changes.map(Rc::new),
        entry.stored_bytes,
        entry.step_status,
        entry.step_attempt,
    ]
}

#[pg_extern(sql = false)]
fn wf_diff(
    execution_id: Option<&str>,
    from_version: Option<i64>,
    to_version: Option<i64>,
) -> Jsonb {
    run(|| {
        with_key(execution_id, |key| {
            let from = limits::required("from_version", from_version)?;
            let from = limits::version("from_version", from)?;
            let to = limits::optional_version("to_version", to_version)?;
            store::history::page::diff(key, from, to)
        })
        .map(Jsonb::from)
    })
}

#[pg_extern(sql = false)]
fn wf_prune_history(
    execution_id: Option<&str>,
    keep_last: Option<i32>,
    older_than: Option<pgrx::datum::Interval>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            limits::kept(keep_last, older_than.is_some())?;
            let before = store::ages::before(age("older_than", older_than)?)?;
            store::history::prune::prune(key, keep_last, before)
        })
    })
}

#[pg_extern(sql = false)]
fn wf_verify(execution_id: Option<&str>) -> Records<'_> {
    Records::written(move |out| {
        let report = with_key(execution_id, store::history::verify::verify)?;
        out.put(&record![
            report.versions,
            report.snapshots,
            report.problem.is_none(),
            report.bad_version,
            report.problem,
        ]);
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_verify_all(after: Option<&str>, max_rows: Option<i32>) -> Records<'_> {
    Records::written(move |out| {
        let tenant = tenant::current()?;
        let after = limits::optional_name("after", after)?;
        let max_rows = limits::max_rows(max_rows)?;
        store::history::verify_all::verify_all(&tenant, after, max_rows, |id, report| {
            out.put(&record![
                id.to_owned(),
                report.versions,
                report.snapshots,
                report.problem.is_none(),
                report.bad_version,
                report.problem,
            ]);
        })
    })
}

#[pg_extern(sql = false)]
fn wf_export(execution_id: Option<&str>) -> Jsonb {
    run(|| with_key(execution_id, store::transfer::export::export).map(Jsonb::from))
}

#[pg_extern(sql = false)]
fn wf_import(document: Option<JsonbArg<'_>>, execution_id: Option<&str>) -> i64 {
    run(|| {
        let tenant = tenant::current()?;
        let document = limits::required("document", document)?;
        let id = limits::optional_name("execution_id", execution_id)?;
        store::transfer::import::import(&tenant, document.bytes(), id)
    })
}
