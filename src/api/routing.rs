//! Routing decisions.

use super::{bytes, micros};
use crate::core::routing::{count, decided_at, score};
use crate::core::{StateResult, limits};
use crate::pg::datum::JsonbArg;
use crate::pg::error::run;
use crate::pg::record::{jsonb, record, time};
use crate::pg::records::Records;
use crate::store::circuits::breaker;
use crate::store::routing::decisions::{self, Decision, Outcome};
use crate::store::routing::list;
use crate::store::tenants::tenant;
use pgrx::Uuid;
use pgrx::prelude::*;

fn outcome<'a>(
    success: Option<bool>,
    duration_ms: Option<f64>,
    error: Option<&'a str>,
    retry_attempts: Option<i32>,
) -> StateResult<Outcome<'a>> {
    let attempts = retry_attempts.map(|n| count("retry_attempts", Some(i64::from(n))));
    Ok(Outcome {
        success,
        duration_ms: limits::duration_ms(duration_ms)?,
        error: limits::text("error", error)?,
        retry_attempts: attempts.transpose()?,
    })
}

/// Records the outcome with the agent's circuit breaker, too, where that is wanted.
fn record_in_circuit(
    tenant: &str,
    agent: &str,
    wanted: Option<bool>,
    outcome: &Outcome<'_>,
) -> StateResult<()> {
    if let (Some(true), Some(success)) = (wanted, outcome.success) {
        breaker::record(tenant, agent, success, outcome.duration_ms)?;
    }
    Ok(())
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_record_routing(
    task_id: Option<&str>,
    selected_agent: Option<&str>,
    success: Option<bool>,
    duration_ms: Option<f64>,
    task_type: Option<&str>,
    required_capability: Option<&str>,
    priority: Option<i32>,
    agent_score: Option<f64>,
    candidates: Option<JsonbArg<'_>>,
    error: Option<&str>,
    retry_attempts: Option<i32>,
    execution_id: Option<&str>,
    step_id: Option<&str>,
    decided_at: Option<TimestampWithTimeZone>,
    feed_circuit: Option<bool>,
) -> Uuid {
    run(|| {
        let tenant = tenant::current()?;
        let decision = Decision {
            task_id: limits::name("task_id", task_id)?,
            agent: limits::name("selected_agent", selected_agent)?,
            task_type: limits::optional_name("task_type", task_type)?,
            required_capability: limits::optional_name("required_capability", required_capability)?,
            priority,
            agent_score: score(agent_score)?,
            candidates: limits::document("candidates", bytes(candidates))?,
            execution_id: limits::optional_name("execution_id", execution_id)?,
            step_id: limits::optional_name("step_id", step_id)?,
            decided_at: micros(decided_at).map(self::decided_at).transpose()?,
            outcome: outcome(success, duration_ms, error, retry_attempts)?,
        };
        let id = decisions::record(&tenant, &decision)?;
        record_in_circuit(&tenant, decision.agent, feed_circuit, &decision.outcome)?;
        Ok(Uuid::from_bytes(id))
    })
}

#[pg_extern(sql = false)]
fn wf_complete_routing(
    decision_id: Option<Uuid>,
    success: Option<bool>,
    duration_ms: Option<f64>,
    error: Option<&str>,
    retry_attempts: Option<i32>,
    feed_circuit: Option<bool>,
) -> bool {
    run(|| {
        let tenant = tenant::current()?;
        let id = *limits::required("decision_id", decision_id)?.as_bytes();
        let succeeded = limits::required("success", success)?;
        let outcome = outcome(success, duration_ms, error, retry_attempts)?;
        let agent = decisions::complete(&tenant, id, succeeded, &outcome)?;
        if let Some(agent) = &agent {
            record_in_circuit(&tenant, agent, feed_circuit, &outcome)?;
        }
        Ok(agent.is_some())
    })
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_routing_decisions<'a>(
    task_id: Option<&'a str>,
    execution_id: Option<&'a str>,
    agent: Option<&'a str>,
    task_type: Option<&'a str>,
    success: Option<bool>,
    pending: Option<bool>,
    since: Option<TimestampWithTimeZone>,
    until: Option<TimestampWithTimeZone>,
    newest_first: Option<bool>,
    after: Option<Uuid>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        let tenant = tenant::current()?;
        let query = list::Query {
            max_rows: limits::max_rows(max_rows)?,
            task_id: limits::optional_name("task_id", task_id)?,
            execution_id: limits::optional_name("execution_id", execution_id)?,
            agent: limits::optional_name("agent", agent)?,
            task_type: limits::optional_name("task_type", task_type)?,
            success,
            pending,
            since: micros(since),
            until: micros(until),
            newest_first: newest_first.unwrap_or(true),
            after: after.map(|id| *id.as_bytes()),
        };
        list::list(&tenant, &query, |row| {
            out.put(&record![
                row.decision_id,
                row.task_id,
                row.selected_agent,
                row.success,
                row.duration_ms,
                row.task_type,
                row.required_capability,
                row.priority,
                row.agent_score,
                jsonb(row.candidates),
                row.error,
                row.retry_attempts,
                row.execution_id,
                row.step_id,
                time(row.decided_at),
                time(row.completed_at),
                row.recorded_by,
            ]);
        })
    })
}
