//! Undoing steps.

use super::{bytes, with_key};
use crate::core::limits;
use crate::pg::datum::JsonbArg;
use crate::pg::error::run;
use crate::pg::record::{jsonb, record};
use crate::pg::records::Records;
use crate::store::Key;
use crate::store::execution::finish::Move;
use crate::store::execution::sagas;
use crate::store::execution::start::kept;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_compensations(
    execution_id: Option<&str>,
    after: Option<i64>,
    max_rows: Option<i32>,
) -> Records<'_> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let max_rows = limits::max_rows(max_rows)?;
            sagas::compensations(key, after, max_rows, |row| {
                out.put(&record![
                    row.text(0),
                    row.text(1),
                    row.text(2),
                    jsonb(row.jsonb(3)),
                    jsonb(row.jsonb(4)),
                    jsonb(row.jsonb(5)),
                    row.int8(6),
                ]);
            });
            Ok(())
        })
    })
}

fn of(key: Key<'_>) -> Move<'_> {
    Move {
        key,
        expected: None,
        note: None,
    }
}

#[pg_extern(sql = false)]
fn wf_step_compensated<'a>(
    execution_id: Option<&'a str>,
    step_id: Option<&'a str>,
    lease: Option<i64>,
) -> Records<'a> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let step_id = limits::name("step_id", step_id)?;
            let undone = sagas::compensated(of(key), lease, step_id)?;
            out.put(&record![undone.is_new, undone.remaining, undone.status]);
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_step_compensation_failed(
    execution_id: Option<&str>,
    step_id: Option<&str>,
    error: Option<JsonbArg<'_>>,
    lease: Option<i64>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            let step_id = limits::name("step_id", step_id)?;
            let error = kept("error", bytes(error))?;
            sagas::failed(of(key), lease, step_id, error)
        })
    })
}
