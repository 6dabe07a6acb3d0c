//! Lists of circuits and of what moved them.

use super::circuits::interval;
use crate::core::circuit::State;
use crate::core::{StateResult, limits};
use crate::pg::error::run;
use crate::store::circuits::list;
use crate::store::circuits::transitions;
use crate::store::tenants::tenant;
use pgrx::prelude::*;

fn time(micros: Option<i64>) -> Option<TimestampWithTimeZone> {
    micros.and_then(|micros| TimestampWithTimeZone::try_from(micros).ok())
}

/// The circuits of a page.
fn page(
    states: &[State],
    after: Option<&str>,
    max_rows: Option<i32>,
) -> StateResult<Vec<list::Listed>> {
    let after = limits::optional_name("after", after)?;
    list::page(
        &tenant::current()?,
        states,
        after,
        limits::max_rows(max_rows)?,
    )
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn wf_circuits(
    state: Option<&str>,
    after: Option<&str>,
    max_rows: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(agent_key, String),
        name!(state, &'static str),
        name!(allows, bool),
        name!(retry_after, Option<Interval>),
        name!(calls, i64),
        name!(failures, i64),
        name!(slow_calls, i64),
        name!(failure_rate, Option<f64>),
        name!(slow_call_rate, Option<f64>),
        name!(failure_rate_limit, f64),
        name!(slow_call_rate_limit, f64),
        name!(minimum_calls, i64),
        name!(window_kind, &'static str),
        name!(window_size, i64),
        name!(permits_taken, i64),
        name!(half_open_permits, i64),
        name!(attempt, i64),
        name!(opened_at, Option<TimestampWithTimeZone>),
        name!(reset_at, Option<TimestampWithTimeZone>),
        name!(transitions, i64),
        name!(updated_at, Option<TimestampWithTimeZone>),
    ),
> {
    let rows = run(|| match state {
        None => page(&State::ALL, after, max_rows),
        Some(value) => page(&[super::circuits::state(value)?], after, max_rows),
    });
    TableIterator::new(rows.into_iter().map(|row| {
        let (circuit, policy) = (&row.circuit, &row.policy);
        let verdict = circuit.verdict(policy, row.now);
        let counts = circuit.window.counts(row.now);
        (
            row.agent_key,
            circuit.state.as_str(),
            verdict.allowed,
            verdict.retry_after.and_then(interval),
            counts.calls.into(),
            counts.failures.into(),
            counts.slow.into(),
            counts.failure_rate(),
            counts.slow_call_rate(),
            policy.failure_rate,
            policy.slow_call_rate,
            policy.minimum_calls.into(),
            policy.window_kind.as_str(),
            policy.window_size.into(),
            circuit.permits_taken.into(),
            policy.half_open_permits.into(),
            circuit.attempt.into(),
            time(circuit.opened_at),
            time(circuit.reset_at),
            row.transitions,
            row.updated_at,
        )
    }))
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn wf_circuits_open(
    after: Option<&str>,
    max_rows: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(agent_key, String),
        name!(state, &'static str),
        name!(retry_after, Option<Interval>),
        name!(attempt, i64),
        name!(opened_at, Option<TimestampWithTimeZone>),
        name!(reset_at, Option<TimestampWithTimeZone>),
    ),
> {
    let rows = run(|| page(&[State::Open, State::ForcedOpen], after, max_rows));
    TableIterator::new(rows.into_iter().map(|row| {
        let circuit = &row.circuit;
        let wait = circuit.reset_at.map(|at| at.saturating_sub(row.now).max(0));
        (
            row.agent_key,
            circuit.state.as_str(),
            wait.and_then(interval),
            circuit.attempt.into(),
            time(circuit.opened_at),
            time(circuit.reset_at),
        )
    }))
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn wf_circuit_transitions(
    agent_key: Option<&str>,
    after: Option<&str>,
    max_rows: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(agent_key, String),
        name!(transition_no, i64),
        name!(from_state, String),
        name!(to_state, String),
        name!(reason, String),
        name!(failure_rate, Option<f64>),
        name!(slow_call_rate, Option<f64>),
        name!(calls, i64),
        name!(changed_by, String),
        name!(changed_at, Option<TimestampWithTimeZone>),
        name!(cursor, String),
    ),
> {
    let rows = run(|| {
        let agent_key = limits::optional_name("agent_key", agent_key)?;
        let max_rows = limits::max_rows(max_rows)?;
        transitions::page(&tenant::current()?, agent_key, after, max_rows)
    });
    TableIterator::new(rows.into_iter().map(|row| {
        let cursor = format!("{}:{}", row.transition_no, row.agent_key);
        (
            row.agent_key,
            row.transition_no,
            row.from_state,
            row.to_state,
            row.reason,
            row.failure_rate,
            row.slow_call_rate,
            row.calls,
            row.changed_by,
            row.changed_at,
            cursor,
        )
    }))
}
