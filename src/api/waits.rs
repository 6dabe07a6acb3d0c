//! Signals, timers, and waiting for children.

use super::{age, bytes, micros, with_key};
use crate::core::{StateError, limits};
use crate::pg::datum::JsonbArg;
use crate::pg::record::{jsonb, record, time};
use crate::pg::records::Records;
use crate::store::execution::start::kept;
use crate::store::waits::signals::{self, Signal};
use crate::store::waits::wait::{self, Wait, What};
use crate::store::waits::{children, list};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_signal<'a>(
    execution_id: Option<&'a str>,
    name: Option<&'a str>,
    payload: Option<JsonbArg<'a>>,
    idempotency_key: Option<&'a str>,
) -> Records<'a> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let signal = Signal {
                name: limits::name("name", name)?,
                payload: kept("payload", bytes(payload))?,
                idempotency_key: limits::optional_name("idempotency_key", idempotency_key)?,
            };
            let (position, created) = signals::send(key, &signal)?;
            out.put(&record![position, created]);
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_await_signal<'a>(
    execution_id: Option<&'a str>,
    name: Option<&'a str>,
    timeout: Option<pgrx::datum::Interval>,
    wait_id: Option<&'a str>,
    lease: Option<i64>,
) -> Records<'a> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let name = limits::name("name", name)?;
            let call = Wait {
                wait_id: limits::optional_name("wait_id", wait_id)?.unwrap_or(name),
                what: What::Signal(name),
                timeout: age("timeout", timeout)?,
                until: None,
            };
            let answer = wait::wait(key, lease, &call)?;
            out.put(&record![
                answer.action,
                jsonb(answer.payload),
                time(answer.wake_at)
            ]);
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_sleep<'a>(
    execution_id: Option<&'a str>,
    wait_id: Option<&'a str>,
    duration: Option<pgrx::datum::Interval>,
    until: Option<TimestampWithTimeZone>,
    lease: Option<i64>,
) -> Records<'a> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let call = Wait {
                wait_id: limits::name("wait_id", wait_id)?,
                what: What::Sleep,
                timeout: age("duration", duration)?,
                until: micros(until),
            };
            if call.timeout.is_some() == call.until.is_some() {
                return Err(
                    StateError::invalid("one of duration and until must be given")
                        .hint("Give duration => interval '1 hour', or until => a time."),
                );
            }
            let answer = wait::wait(key, lease, &call)?;
            out.put(&record![answer.action, time(answer.wake_at)]);
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_await_children<'a>(
    execution_id: Option<&'a str>,
    timeout: Option<pgrx::datum::Interval>,
    wait_id: Option<&'a str>,
    lease: Option<i64>,
) -> Records<'a> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let call = Wait {
                wait_id: limits::name("wait_id", wait_id)?,
                what: What::Children,
                timeout: age("timeout", timeout)?,
                until: None,
            };
            let answer = wait::wait(key, lease, &call)?;
            let counts = children::count(key)?;
            out.put(&record![
                answer.action,
                counts.all,
                counts.completed,
                counts.incomplete,
                time(answer.wake_at)
            ]);
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_signals<'a>(
    execution_id: Option<&'a str>,
    name: Option<&'a str>,
    taken: Option<bool>,
    after: Option<i64>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let name = limits::optional_name("name", name)?;
            let max_rows = limits::max_rows(max_rows)?;
            list::signals(key, (name, taken), after, max_rows, |row| {
                out.put(&record![
                    row.int8(0),
                    row.text(1),
                    jsonb(row.jsonb(2)),
                    row.text(3),
                    row.text(4),
                    time(row.micros(5)),
                    row.text(6),
                    time(row.micros(7)),
                ]);
            });
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_waits<'a>(
    execution_id: Option<&'a str>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let max_rows = limits::max_rows(max_rows)?;
            list::waits(key, after, max_rows, |row| {
                out.put(&record![
                    row.text(0),
                    row.text(1),
                    row.text(2),
                    row.text(3),
                    jsonb(row.jsonb(4)),
                    time(row.micros(5)),
                    time(row.micros(6)),
                    time(row.micros(7)),
                ]);
            });
            Ok(())
        })
    })
}
