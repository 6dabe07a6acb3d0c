//! Starting executions, and moving them from status to status.

use super::{bytes, micros, with_key};
use crate::core::{StateError, StateResult, limits};
use crate::pg::datum::JsonbArg;
use crate::pg::error::run;
use crate::pg::record::{jsonb, record, time};
use crate::pg::records::Records;
use crate::store::Key;
use crate::store::execution::finish::{self, Move};
use crate::store::execution::retry;
use crate::store::execution::runs::{self, Outcome};
use crate::store::execution::start::{self, Start};
use crate::store::queue::guard;
use crate::store::queue::queues::MAX_PRIORITY;
use crate::store::tenants::tenant;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_start<'a>(
    workflow: Option<&'a str>,
    execution_id: Option<&'a str>,
    input: Option<JsonbArg<'a>>,
    idempotency_key: Option<&'a str>,
    parent: Option<&'a str>,
    priority: Option<i32>,
    start_at: Option<pgrx::datum::TimestampWithTimeZone>,
    concurrency_key: Option<&'a str>,
    state: Option<JsonbArg<'a>>,
    tags: Option<JsonbArg<'a>>,
    note: Option<&'a str>,
) -> Records<'a> {
    Records::written(move |out| {
        let call = Start {
            workflow: limits::name("workflow", workflow)?,
            execution_id: limits::optional_name("execution_id", execution_id)?,
            input: bytes(input),
            idempotency_key: limits::optional_name("idempotency_key", idempotency_key)?,
            parent: limits::optional_name("parent", parent)?,
            priority: limits::within_range("priority", priority, (0, MAX_PRIORITY))?.unwrap_or(0),
            start_at: micros(start_at),
            concurrency_key: limits::optional_name("concurrency_key", concurrency_key)?,
            state: bytes(state),
            tags: limits::object("tags", bytes(tags))?,
            note: limits::note(note)?,
        };
        let started = start::start(&tenant::current()?, &call)?;
        out.put(&record![
            started.execution_id,
            started.version,
            started.created
        ]);
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_execution(execution_id: Option<&str>) -> Records<'_> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let is_there = runs::show(key, |row| {
                out.put(&record![
                    row.text(0),
                    row.int4(1),
                    row.text(2),
                    row.text(3),
                    row.int8(4),
                    jsonb(row.jsonb(5)),
                    jsonb(row.jsonb(6)),
                    jsonb(row.jsonb(7)),
                    row.text(8),
                    row.text(9),
                    row.text(10),
                    time(row.micros(11)),
                    time(row.micros(12)),
                    time(row.micros(13)),
                    time(row.micros(14)),
                    row.int4(15),
                    row.text(16),
                    time(row.micros(17)),
                ]);
            })?;
            if is_there {
                return Ok(());
            }
            Err(StateError::execution_not_found(key.id, key.tenant))
        })
    })
}

/// What is said about a move besides: the version that the head must be at, a note.
type Said<'a> = (Option<i64>, Option<&'a str>);

fn call<T>(
    execution_id: Option<&str>,
    (expected_version, note): Said<'_>,
    how: impl FnOnce(Move<'_>) -> StateResult<T>,
) -> T {
    run(|| {
        with_key(execution_id, |key: Key<'_>| {
            how(Move {
                key,
                expected: limits::expected(expected_version)?,
                note: limits::note(note)?,
            })
        })
    })
}

#[pg_extern(sql = false)]
fn wf_set_status(
    execution_id: Option<&str>,
    status: Option<&str>,
    expected_version: Option<i64>,
    note: Option<&str>,
    lease: Option<i64>,
) -> i64 {
    call(execution_id, (expected_version, note), |call| {
        let status = limits::required("status", limits::status(status)?)?;
        finish::set_status_under(call, lease, status)
    })
}

#[pg_extern(sql = false)]
fn wf_complete(
    execution_id: Option<&str>,
    result: Option<JsonbArg<'_>>,
    patch: Option<JsonbArg<'_>>,
    expected_version: Option<i64>,
    note: Option<&str>,
    lease: Option<i64>,
) -> i64 {
    call(execution_id, (expected_version, note), |call| {
        let outcome = Outcome {
            result: start::kept("result", bytes(result))?,
            error: None,
        };
        finish::end_under(call, lease, "completed", outcome, bytes(patch))
    })
}

#[pg_extern(sql = false)]
fn wf_fail(
    execution_id: Option<&str>,
    error: Option<JsonbArg<'_>>,
    expected_version: Option<i64>,
    note: Option<&str>,
    lease: Option<i64>,
) -> i64 {
    call(execution_id, (expected_version, note), |call| {
        let outcome = Outcome {
            result: None,
            error: start::kept("error", bytes(error))?,
        };
        finish::end_under(call, lease, "failed", outcome, None)
    })
}

#[pg_extern(sql = false)]
fn wf_cancel(
    execution_id: Option<&str>,
    expected_version: Option<i64>,
    note: Option<&str>,
    lease: Option<i64>,
) -> i64 {
    call(execution_id, (expected_version, note), |call| {
        finish::end_under(call, lease, "cancelled", Outcome::default(), None)
    })
}

#[pg_extern(sql = false)]
fn wf_pause(
    execution_id: Option<&str>,
    expected_version: Option<i64>,
    note: Option<&str>,
    lease: Option<i64>,
) -> i64 {
    call(execution_id, (expected_version, note), |call| {
        finish::set_status_under(call, lease, "paused")
    })
}

/// Takes an execution up again, which no lease is held on.
fn again(
    execution_id: Option<&str>,
    said: Said<'_>,
    how: impl FnOnce(Move<'_>) -> StateResult<i64>,
) -> i64 {
    call(execution_id, said, |call| {
        guard::with_status(call.key, None, Some("pending"), || how(call))
    })
}

#[pg_extern(sql = false)]
fn wf_resume(execution_id: Option<&str>, expected_version: Option<i64>, note: Option<&str>) -> i64 {
    again(execution_id, (expected_version, note), finish::resume)
}

#[pg_extern(sql = false)]
fn wf_retry(execution_id: Option<&str>, expected_version: Option<i64>, note: Option<&str>) -> i64 {
    again(execution_id, (expected_version, note), retry::retry)
}
