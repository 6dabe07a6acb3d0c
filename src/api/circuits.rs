//! Circuit breakers.

use crate::core::circuit::{MAX_DURATION, Options, State, Verdict};
use crate::core::{StateError, StateResult, limits};
use crate::pg::error::run;
use crate::pg::record::{Record, record};
use crate::pg::records::Records;
use crate::pg::spi::{Interval, Mode};
use crate::store::circuits::breaker;
use crate::store::circuits::policies;
use crate::store::circuits::rows::Agent;
use crate::store::tenants::tenant;
use pgrx::prelude::*;

fn with_agent<T>(
    agent_key: Option<&str>,
    body: impl FnOnce(&str, &str) -> StateResult<T>,
) -> StateResult<T> {
    let tenant = tenant::current()?;
    body(&tenant, limits::name("agent_key", agent_key)?)
}

/// A row of `wfstate.circuit_verdict`.
fn verdict_record(verdict: Verdict) -> Record {
    record![
        verdict.allowed,
        verdict.state.as_str(),
        verdict.retry_after.map(Interval::of_micros),
    ]
}

/// Beyond what any option may be, so that the option's own refusal has the words.
fn micros(duration: Option<pgrx::datum::Interval>) -> Option<i64> {
    super::interval(duration).map(|d| {
        let most = i128::from(MAX_DURATION) + 1;
        i64::try_from(d.in_micros().clamp(-1, most)).unwrap_or(-1)
    })
}

pub(super) fn state(value: &str) -> StateResult<State> {
    State::parse(value)
        .ok_or_else(|| limits::unknown("state", value, &State::ALL.map(State::as_str)))
}

#[pg_extern(sql = false)]
fn wf_circuit_allow(agent_key: Option<&str>) -> Record {
    verdict_record(run(|| with_agent(agent_key, breaker::allow)))
}

#[pg_extern(sql = false)]
fn wf_circuit_record(
    agent_key: Option<&str>,
    success: Option<bool>,
    duration_ms: Option<f64>,
) -> Record {
    verdict_record(run(|| {
        with_agent(agent_key, |tenant, key| {
            let success = limits::required("success", success)?;
            breaker::record(tenant, key, success, limits::duration_ms(duration_ms)?)
        })
    }))
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_circuit_configure(
    agent_key: Option<&str>,
    failure_rate: Option<f64>,
    slow_call_rate: Option<f64>,
    slow_call_duration: Option<pgrx::datum::Interval>,
    window_kind: Option<&str>,
    window_size: Option<i32>,
    minimum_calls: Option<i32>,
    open_wait: Option<pgrx::datum::Interval>,
    open_wait_multiplier: Option<f64>,
    open_wait_max: Option<pgrx::datum::Interval>,
    half_open_permits: Option<i32>,
    half_open_max_wait: Option<pgrx::datum::Interval>,
    replace: Option<bool>,
) {
    run(|| {
        with_agent(agent_key, |tenant, key| {
            let options = Options {
                failure_rate,
                slow_call_rate,
                slow_call_duration: micros(slow_call_duration),
                window_kind,
                window_size,
                minimum_calls,
                open_wait: micros(open_wait),
                open_wait_multiplier,
                open_wait_max: micros(open_wait_max),
                half_open_permits,
                half_open_max_wait: micros(half_open_max_wait),
            };
            let agent = Agent { tenant, key };
            policies::configure(agent, &options, replace.unwrap_or(false))
        })
    });
}

#[pg_extern(sql = false)]
fn wf_circuit_policy(agent_key: Option<&str>) -> Records<'_> {
    Records::written(move |out| {
        with_agent(agent_key, |tenant, key| {
            let policy = policies::effective(Mode::Read, Agent { tenant, key })?;
            let duration = Interval::of_micros;
            out.put(&record![
                policy.failure_rate,
                policy.slow_call_rate,
                duration(policy.slow_call_duration),
                policy.window_kind.as_str(),
                i64::from(policy.window_size),
                i64::from(policy.minimum_calls),
                duration(policy.open_wait),
                policy.open_wait_multiplier,
                duration(policy.open_wait_max),
                i64::from(policy.half_open_permits),
                duration(policy.half_open_max_wait),
            ]);
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_circuit_save(
    agent_key: Option<&str>,
    state: Option<&str>,
    reset_at: Option<TimestampWithTimeZone>,
    reason: Option<&str>,
) -> bool {
    run(|| {
        with_agent(agent_key, |tenant, key| {
            let state = self::state(limits::required("state", state)?)?;
            let until = reset_at.map(TimestampWithTimeZone::into_inner);
            if until.is_some() && state != State::Open {
                return Err(StateError::invalid("reset_at goes with state open only")
                    .hint("Leave reset_at out, or save the state as open."));
            }
            if until.is_some_and(|at| at == i64::MIN || at == i64::MAX) {
                return Err(StateError::invalid("reset_at must be finite")
                    .hint("The state forced_open refuses calls until somebody says otherwise."));
            }
            let reason = limits::optional_name("reason", reason)?;
            breaker::save(tenant, key, state, until, reason)
        })
    })
}

#[pg_extern(sql = false)]
fn wf_circuit_reset(agent_key: Option<&str>) -> bool {
    run(|| with_agent(agent_key, breaker::reset))
}

#[pg_extern(sql = false)]
fn wf_circuits_recover(max_rows: Option<i32>) -> SetOfIterator<'static, String> {
    let recovered =
        run(|| breaker::recover(&tenant::current()?, limits::rows("max_rows", max_rows)?));
    SetOfIterator::new(recovered)
}
