//! Lists of circuits and of what moved them.

use crate::core::circuit::State;
use crate::core::limits;
use crate::pg::record::{Record, record, time};
use crate::pg::records::Records;
use crate::pg::spi::Interval;
use crate::store::circuits::list::{self, Listed};
use crate::store::circuits::transitions;
use crate::store::tenants::tenant;
use pgrx::prelude::*;

/// A row of `wfstate.circuit_summary`.
fn circuit_record(row: Listed) -> Record {
    let (circuit, policy) = (&row.circuit, &row.policy);
    let verdict = circuit.verdict(policy, row.now);
    let counts = circuit.window.counts(row.now);
    // The next call to an open circuit is told the wait, or that it is a trial call: none then.
    let open_wait = circuit
        .reset_at
        .filter(|_| circuit.state == State::Open)
        .map(|at| at.saturating_sub(row.now).max(0));
    record![
        row.agent_key,
        circuit.state.as_str(),
        verdict.allowed,
        open_wait.or(verdict.retry_after).map(Interval::of_micros),
        i64::from(counts.calls),
        i64::from(counts.failures),
        i64::from(counts.slow),
        counts.failure_rate(),
        counts.slow_call_rate(),
        policy.failure_rate,
        policy.slow_call_rate,
        i64::from(policy.minimum_calls),
        policy.window_kind.as_str(),
        i64::from(policy.window_size),
        i64::from(circuit.permits_taken),
        i64::from(policy.half_open_permits),
        i64::from(circuit.attempt),
        time(circuit.opened_at),
        time(circuit.reset_at),
        row.transitions,
        time(row.updated_at),
    ]
}

/// The circuits of a page.
fn page<'a>(
    state: Option<&'a str>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
    open: bool,
) -> Records<'a> {
    Records::written(move |out| {
        let one;
        let states: &[State] = match state {
            _ if open => &[State::Open, State::ForcedOpen],
            None => &State::ALL,
            Some(value) => {
                one = [super::circuits::state(value)?];
                &one
            }
        };
        let after = limits::optional_name("after", after)?;
        let max_rows = limits::max_rows(max_rows)?;
        list::page(&tenant::current()?, states, after, max_rows, |row| {
            out.put(&circuit_record(row));
        })
    })
}

#[pg_extern(sql = false)]
fn wf_circuits<'a>(
    state: Option<&'a str>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    page(state, after, max_rows, false)
}

#[pg_extern(sql = false)]
fn wf_circuits_open(after: Option<&str>, max_rows: Option<i32>) -> Records<'_> {
    page(None, after, max_rows, true)
}

#[pg_extern(sql = false)]
fn wf_circuit_transitions<'a>(
    agent_key: Option<&'a str>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        let agent_key = limits::optional_name("agent_key", agent_key)?;
        let max_rows = limits::max_rows(max_rows)?;
        transitions::page(&tenant::current()?, agent_key, after, max_rows, |row| {
            let cursor = format!("{}:{}", row.transition_no, row.agent_key);
            out.put(&record![
                row.agent_key,
                row.transition_no,
                row.from_state,
                row.to_state,
                row.reason,
                row.failure_rate,
                row.slow_call_rate,
                row.calls,
                row.changed_by,
                time(row.changed_at),
                cursor,
            ]);
        })
    })
}
