//! Looking back: versions, history, differences; forgetting and verifying them; taking them elsewhere.

use super::{jsonb, with_key};
use crate::core::limits;
use crate::pg::datum::{Jsonb, JsonbArg};
use crate::pg::error::run;
use crate::store;
use crate::store::tenants::tenant;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_state_at(
    execution_id: Option<&str>,
    version: Option<i64>,
    at: Option<TimestampWithTimeZone>,
) -> Jsonb {
    run(|| with_key(execution_id, |key| store::log::load::at(key, version, at)).map(Jsonb))
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn wf_history(
    execution_id: Option<&str>,
    newest_first: Option<bool>,
    after: Option<i64>,
    max_rows: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(version, i64),
        name!(base_version, Option<i64>),
        name!(kind, &'static str),
        name!(status, String),
        name!(phase, Option<String>),
        name!(step_id, Option<String>),
        name!(note, Option<String>),
        name!(saved_by, String),
        name!(saved_at, Option<TimestampWithTimeZone>),
        name!(changes, Option<Jsonb>),
        name!(stored_bytes, i64),
    ),
> {
    let newest_first = newest_first.unwrap_or(false);
    let entries = run(|| {
        with_key(execution_id, |key| {
            store::history::page::page(key, after, max_rows, newest_first)
        })
    });
    TableIterator::new(entries.into_iter().map(|entry| {
        (
            entry.version,
            entry.base_version,
            entry.kind,
            entry.status,
            entry.phase,
            entry.step_id,
            entry.note,
            entry.saved_by,
            entry.saved_at,
            jsonb(entry.changes),
            entry.stored_bytes,
        )
    }))
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
            store::history::page::diff(key, from, to_version)
        })
        .map(Jsonb::from)
    })
}

#[pg_extern(sql = false)]
fn wf_prune_history(
    execution_id: Option<&str>,
    keep_last: Option<i32>,
    older_than: Option<Interval>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            store::history::prune::prune(key, keep_last, older_than)
        })
    })
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn wf_verify(
    execution_id: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(versions, i64),
        name!(snapshots, i64),
        name!(valid, bool),
        name!(bad_version, Option<i64>),
        name!(problem, Option<String>),
    ),
> {
    let report = run(|| with_key(execution_id, store::history::verify::verify));
    TableIterator::once((
        report.versions,
        report.snapshots,
        report.problem.is_none(),
        report.bad_version,
        report.problem,
    ))
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
        store::transfer::import::import(&tenant, document.bytes(), execution_id)
    })
}
