//! Steps, and undoing them.

use super::{bytes, interval, with_key, with_lease};
use crate::core::{StateResult, limits};
use crate::pg::datum::JsonbArg;
use crate::pg::record::{Record, Value, jsonb, record, time};
use crate::pg::records::Records;
use crate::pg::spi::Interval;
use crate::store::execution::start::kept;
use crate::store::execution::step_begin::{self, Answer, Begin};
use crate::store::execution::step_fail::{self, Said};
use crate::store::execution::step_finish::{self, Ran};
use crate::store::execution::{step_list, steps};
use pgrx::prelude::*;

/// What wf_step_begin answers, behind the columns that come first.
pub(super) fn answered(answer: Answer) -> [Value; 6] {
    let (action, step) = match answer {
        Answer::Run(attempt) => {
            let attempt = Value::Int4(attempt);
            let rest = [Value::Null, Value::Null, Value::Null, Value::Null];
            let [output, error, retry_at, blocked_by] = rest;
            return [
                Value::Word("run"),
                attempt,
                output,
                error,
                retry_at,
                blocked_by,
            ];
        }
        Answer::Blocked(by) => {
            let by = Value::Texts(by);
            return [
                Value::Word("blocked"),
                Value::Null,
                Value::Null,
                Value::Null,
                Value::Null,
                by,
            ];
        }
        Answer::Done(step) => ("done", step),
        Answer::Wait(step) => ("wait", step),
        Answer::Failed(step) => ("failed", step),
    };
    [
        Value::Word(action),
        Value::Int4(step.attempt),
        jsonb(step.output),
        jsonb(step.error),
        time(step.retry_at),
        Value::Null,
    ]
}

/// What wf_step_next answers where nothing of the execution begins any more.
fn stop() -> [Value; 6] {
    let [a, b, c, d, e] = [const { Value::Null }; 5];
    [Value::Word("stop"), a, b, c, d, e]
}

#[pg_extern(sql = false)]
fn wf_step_begin<'a>(
    execution_id: Option<&'a str>,
    step_id: Option<&'a str>,
    input: Option<JsonbArg<'a>>,
    compensation: Option<&'a str>,
    lease: Option<i64>,
) -> Records<'a> {
    Records::written(move |out| {
        with_lease(execution_id, lease, |key| {
            let call = Begin {
                step_id: limits::name("step_id", step_id)?,
                input: bytes(input),
                compensation: limits::optional_name("compensation", compensation)?,
            };
            out.put(&Record::new(answered(step_begin::begin(key, call)?).into()));
            Ok(())
        })
    })
}

/// A step that was run, of what a call says of it.
fn ran<'a>(
    step_id: Option<&'a str>,
    (output, patch): (Option<JsonbArg<'a>>, Option<JsonbArg<'a>>),
    expected_version: Option<i64>,
    attempt: Option<i32>,
    note: Option<&'a str>,
) -> StateResult<Ran<'a>> {
    Ok(Ran {
        step_id: limits::name("step_id", step_id)?,
        output: kept("output", bytes(output))?,
        patch: bytes(patch),
        expected: limits::expected(expected_version)?,
        attempt,
        note: limits::note(note)?,
    })
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_step_complete<'a>(
    execution_id: Option<&'a str>,
    step_id: Option<&'a str>,
    output: Option<JsonbArg<'a>>,
    patch: Option<JsonbArg<'a>>,
    expected_version: Option<i64>,
    attempt: Option<i32>,
    note: Option<&'a str>,
    lease: Option<i64>,
) -> Records<'a> {
    Records::written(move |out| {
        with_lease(execution_id, lease, |key| {
            let step = ran(step_id, (output, patch), expected_version, attempt, note)?;
            let (recorded, version) = step_finish::ran(key, &step)?;
            out.put(&record![recorded.is_new, jsonb(recorded.output), version]);
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_step_next<'a>(
    execution_id: Option<&'a str>,
    step_id: Option<&'a str>,
    next_step_id: Option<&'a str>,
    output: Option<JsonbArg<'a>>,
    patch: Option<JsonbArg<'a>>,
    next_input: Option<JsonbArg<'a>>,
    next_compensation: Option<&'a str>,
    expected_version: Option<i64>,
    attempt: Option<i32>,
    note: Option<&'a str>,
    lease: Option<i64>,
) -> Records<'a> {
    Records::written(move |out| {
        with_lease(execution_id, lease, |key| {
            let step = ran(step_id, (output, patch), expected_version, attempt, note)?;
            let next = Begin {
                step_id: limits::name("next_step_id", next_step_id)?,
                input: bytes(next_input),
                compensation: limits::optional_name("next_compensation", next_compensation)?,
            };
            let (recorded, version, answer) = step_finish::next(key, &step, next)?;
            let done = [
                Value::Bool(recorded.is_new),
                jsonb(recorded.output),
                Value::from(version),
            ];
            let next = answer.map_or_else(stop, answered);
            out.put(&Record::new(done.into_iter().chain(next).collect()));
            Ok(())
        })
    })
}

fn wait(argument: &str, value: Option<Interval>) -> StateResult<Option<Interval>> {
    if let Some(wait) = value {
        limits::age(argument, wait.months, wait.days, wait.micros)?;
    }
    Ok(value)
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_step_fail<'a>(
    execution_id: Option<&'a str>,
    step_id: Option<&'a str>,
    error: Option<JsonbArg<'a>>,
    max_attempts: Option<i32>,
    initial_interval: Option<pgrx::datum::Interval>,
    backoff_coefficient: Option<f64>,
    max_interval: Option<pgrx::datum::Interval>,
    attempt: Option<i32>,
    lease: Option<i64>,
) -> Records<'a> {
    Records::written(move |out| {
        with_lease(execution_id, lease, |key| {
            let step_id = limits::name("step_id", step_id)?;
            let said = Said {
                max_attempts: limits::within_range("max_attempts", max_attempts, (1, 1_000_000))?,
                initial_interval: wait("initial_interval", interval(initial_interval))?,
                backoff_coefficient: limits::within_range(
                    "backoff_coefficient",
                    backoff_coefficient,
                    (1.0, 1000.0),
                )?,
                max_interval: wait("max_interval", interval(max_interval))?,
            };
            let error = kept("error", bytes(error))?;
            let (attempt, retry_at) = step_fail::fail(key, step_id, error, said, attempt)?;
            let action = if retry_at.is_some() { "wait" } else { "failed" };
            out.put(&record![action, attempt, time(retry_at)]);
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_steps<'a>(
    execution_id: Option<&'a str>,
    status: Option<&'a str>,
    after: Option<i64>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let max_rows = limits::max_rows(max_rows)?;
            if let Some(status) = status.filter(|status| !steps::STATUSES.contains(status)) {
                return Err(limits::unknown("status", status, &steps::STATUSES));
            }
            step_list::steps(key, status, after, max_rows, |row| {
                out.put(&record![
                    row.text(0),
                    row.text(1),
                    row.int4(2),
                    jsonb(row.jsonb(3)),
                    jsonb(row.jsonb(4)),
                    jsonb(row.jsonb(5)),
                    row.text(6),
                    time(row.micros(7)),
                    time(row.micros(8)),
                    time(row.micros(9)),
                    row.int8(10),
                ]);
            });
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_step_failures<'a>(
    execution_id: Option<&'a str>,
    step_id: Option<&'a str>,
    after: Option<i64>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let step_id = limits::name("step_id", step_id)?;
            let max_rows = limits::max_rows(max_rows)?;
            step_list::failures(key, step_id, after, max_rows, |row| {
                out.put(&record![
                    row.int8(0),
                    row.int4(1),
                    jsonb(row.jsonb(2)),
                    time(row.micros(3)),
                    time(row.micros(4)),
                ]);
            });
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_ready_steps(execution_id: Option<&str>) -> Records<'_> {
    Records::written(move |out| {
        for (step_id, attempt) in with_key(execution_id, step_list::ready)? {
            out.put(&record![step_id, attempt]);
        }
        Ok(())
    })
}
