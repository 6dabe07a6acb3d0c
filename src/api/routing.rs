//! Routing decisions, and the statistics of agents.

use super::{bytes, jsonb};
use crate::core::routing::{count, decided_at, score, share};
use crate::core::stats::encode;
use crate::core::{StateResult, limits};
use crate::pg::datum::{Jsonb, JsonbArg};
use crate::pg::error::run;
use crate::pg::stats_datum::StatsDatum;
use crate::store::agent_statistics::{self, Agent};
use crate::store::routing_decisions::{self, Decision, Outcome};
use crate::store::routing_maintenance as maintenance;
use crate::store::{circuits, tenant};
use pgrx::Uuid;
use pgrx::prelude::*;

/// Microseconds, as the server counts them.
fn micros(at: Option<TimestampWithTimeZone>) -> Option<i64> {
    at.map(TimestampWithTimeZone::into_inner)
}

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
fn feed(tenant: &str, agent: &str, wanted: Option<bool>, outcome: &Outcome<'_>) -> StateResult<()> {
    if let (Some(true), Some(success)) = (wanted, outcome.success) {
        circuits::record(tenant, agent, success, outcome.duration_ms)?;
    }
    Ok(())
}

#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::too_many_arguments)]
fn wf_record_routing(
    task_id: Option<&str>,
    selected_agent: Option<&str>,
    success: default!(Option<bool>, "NULL"),
    duration_ms: default!(Option<f64>, "NULL"),
    task_type: default!(Option<&str>, "NULL"),
    required_capability: default!(Option<&str>, "NULL"),
    priority: default!(Option<i32>, "NULL"),
    agent_score: default!(Option<f64>, "NULL"),
    candidates: default!(Option<JsonbArg<'_>>, "NULL"),
    error: default!(Option<&str>, "NULL"),
    retry_attempts: default!(Option<i32>, "0"),
    execution_id: default!(Option<&str>, "NULL"),
    step_id: default!(Option<&str>, "NULL"),
    decided_at: default!(Option<TimestampWithTimeZone>, "NULL"),
    feed_circuit: default!(Option<bool>, "false"),
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
        let id = routing_decisions::record(&tenant, &decision)?;
        feed(&tenant, decision.agent, feed_circuit, &decision.outcome)?;
        Ok(id)
    })
}

#[pg_extern(volatile, parallel_unsafe)]
fn wf_complete_routing(
    decision_id: Option<Uuid>,
    success: Option<bool>,
    duration_ms: default!(Option<f64>, "NULL"),
    error: default!(Option<&str>, "NULL"),
    retry_attempts: default!(Option<i32>, "NULL"),
    feed_circuit: default!(Option<bool>, "false"),
) -> bool {
    run(|| {
        let tenant = tenant::current()?;
        let id = limits::required("decision_id", decision_id)?;
        let succeeded = limits::required("success", success)?;
        let outcome = outcome(success, duration_ms, error, retry_attempts)?;
        let agent = routing_decisions::complete(&tenant, id, succeeded, &outcome)?;
        if let Some(agent) = &agent {
            feed(&tenant, agent, feed_circuit, &outcome)?;
        }
        Ok(agent.is_some())
    })
}

#[pg_extern(stable, parallel_safe)]
#[allow(clippy::too_many_arguments, clippy::type_complexity)]
fn wf_routing_decisions(
    task_id: default!(Option<&str>, "NULL"),
    execution_id: default!(Option<&str>, "NULL"),
    agent: default!(Option<&str>, "NULL"),
    task_type: default!(Option<&str>, "NULL"),
    success: default!(Option<bool>, "NULL"),
    pending: default!(Option<bool>, "NULL"),
    since: default!(Option<TimestampWithTimeZone>, "NULL"),
    until: default!(Option<TimestampWithTimeZone>, "NULL"),
    newest_first: default!(Option<bool>, "true"),
    after: default!(Option<Uuid>, "NULL"),
    max_rows: default!(Option<i32>, "100"),
) -> TableIterator<
    'static,
    (
        name!(decision_id, Option<Uuid>),
        name!(task_id, String),
        name!(selected_agent, String),
        name!(success, Option<bool>),
        name!(duration_ms, Option<f64>),
        name!(task_type, Option<String>),
        name!(required_capability, Option<String>),
        name!(priority, Option<i32>),
        name!(agent_score, Option<f64>),
        name!(candidates, Option<Jsonb>),
        name!(error, Option<String>),
        name!(retry_attempts, i32),
        name!(execution_id, Option<String>),
        name!(step_id, Option<String>),
        name!(decided_at, Option<TimestampWithTimeZone>),
        name!(completed_at, Option<TimestampWithTimeZone>),
        name!(recorded_by, String),
    ),
> {
    let query = routing_decisions::Query {
        task_id,
        execution_id,
        agent,
        task_type,
        success,
        pending,
        since: micros(since),
        until: micros(until),
        newest_first: newest_first.unwrap_or(true),
        after,
        max_rows,
    };
    let rows =
        run(|| routing_decisions::list(&tenant::current()?, &query, routing_decisions::listed));
    TableIterator::new(rows.into_iter().map(|row| {
        (
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
            row.decided_at,
            row.completed_at,
            row.recorded_by,
        )
    }))
}

/// What the three functions on agents return; spelled out in each, as pgrx wants it.
type AgentRow = (
    String,
    i64,
    i64,
    i64,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    StatsDatum,
);

fn agent_row(Agent { agent, summary }: Agent) -> AgentRow {
    (
        agent,
        summary.total().cast_signed(),
        summary.succeeded().cast_signed(),
        summary.failed().cast_signed(),
        summary.success_rate(),
        summary.moments().mean(),
        summary.moments().stddev(),
        summary.min(),
        summary.percentile(0.5),
        summary.percentile(0.95),
        summary.percentile(0.99),
        summary.max(),
        StatsDatum(encode::encode(&summary)),
    )
}

#[pg_extern(stable, parallel_safe, requires = ["routing_stats"])]
#[allow(clippy::type_complexity)]
fn wf_agent_statistics(
    agent: default!(Option<&str>, "NULL"),
    since: default!(Option<TimestampWithTimeZone>, "NULL"),
    until: default!(Option<TimestampWithTimeZone>, "NULL"),
    task_type: default!(Option<&str>, "NULL"),
    after: default!(Option<&str>, "NULL"),
    max_rows: default!(Option<i32>, "100"),
) -> TableIterator<
    'static,
    (
        name!(agent, String),
        name!(total_tasks, i64),
        name!(successful_tasks, i64),
        name!(failed_tasks, i64),
        name!(success_rate, Option<f64>),
        name!(mean_duration_ms, Option<f64>),
        name!(stddev_duration_ms, Option<f64>),
        name!(min_duration_ms, Option<f64>),
        name!(p50_duration_ms, Option<f64>),
        name!(p95_duration_ms, Option<f64>),
        name!(p99_duration_ms, Option<f64>),
        name!(max_duration_ms, Option<f64>),
        name!(stats, StatsDatum),
    ),
> {
    let agents = run(|| {
        let query = agent_statistics::Query {
            agent,
            task_type,
            since: micros(since),
            until: micros(until),
            after,
            max_rows: Some(limits::max_rows(max_rows)?),
        };
        agent_statistics::sum(&tenant::current()?, &query)
    });
    TableIterator::new(agents.into_iter().map(agent_row))
}

/// All agents, for the two functions below, which order them by what only the sums say.
fn every_agent<'a>(
    task_type: Option<&'a str>,
    since: Option<TimestampWithTimeZone>,
) -> agent_statistics::Query<'a> {
    agent_statistics::Query {
        agent: None,
        task_type,
        since: micros(since),
        until: None,
        after: None,
        max_rows: None,
    }
}

#[pg_extern(stable, parallel_safe, requires = ["routing_stats"])]
#[allow(clippy::type_complexity)]
fn wf_top_agents(
    max_rows: default!(Option<i32>, "10"),
    min_tasks: default!(Option<i64>, "1"),
    since: default!(Option<TimestampWithTimeZone>, "NULL"),
    task_type: default!(Option<&str>, "NULL"),
) -> TableIterator<
    'static,
    (
        name!(agent, String),
        name!(total_tasks, i64),
        name!(successful_tasks, i64),
        name!(failed_tasks, i64),
        name!(success_rate, Option<f64>),
        name!(mean_duration_ms, Option<f64>),
        name!(stddev_duration_ms, Option<f64>),
        name!(min_duration_ms, Option<f64>),
        name!(p50_duration_ms, Option<f64>),
        name!(p95_duration_ms, Option<f64>),
        name!(p99_duration_ms, Option<f64>),
        name!(max_duration_ms, Option<f64>),
        name!(stats, StatsDatum),
    ),
> {
    let agents = run(|| {
        let (max_rows, min_tasks) = (limits::max_rows(max_rows)?, count("min_tasks", min_tasks)?);
        let query = every_agent(task_type, since);
        agent_statistics::top(&tenant::current()?, &query, min_tasks, max_rows)
    });
    TableIterator::new(agents.into_iter().map(agent_row))
}

#[pg_extern(stable, parallel_safe, requires = ["routing_stats"])]
#[allow(clippy::type_complexity)]
fn wf_underperforming_agents(
    threshold: default!(Option<f64>, "0.8"),
    min_tasks: default!(Option<i64>, "10"),
    since: default!(Option<TimestampWithTimeZone>, "NULL"),
    task_type: default!(Option<&str>, "NULL"),
    max_rows: default!(Option<i32>, "100"),
) -> TableIterator<
    'static,
    (
        name!(agent, String),
        name!(total_tasks, i64),
        name!(successful_tasks, i64),
        name!(failed_tasks, i64),
        name!(success_rate, Option<f64>),
        name!(mean_duration_ms, Option<f64>),
        name!(stddev_duration_ms, Option<f64>),
        name!(min_duration_ms, Option<f64>),
        name!(p50_duration_ms, Option<f64>),
        name!(p95_duration_ms, Option<f64>),
        name!(p99_duration_ms, Option<f64>),
        name!(max_duration_ms, Option<f64>),
        name!(stats, StatsDatum),
    ),
> {
    let agents = run(|| {
        let (max_rows, min_tasks) = (limits::max_rows(max_rows)?, count("min_tasks", min_tasks)?);
        let threshold = share("threshold", threshold)?;
        let query = every_agent(task_type, since);
        let bar = (threshold, min_tasks);
        agent_statistics::underperforming(&tenant::current()?, &query, bar, max_rows)
    });
    TableIterator::new(agents.into_iter().map(agent_row))
}

#[pg_extern(volatile, parallel_unsafe)]
fn wf_recalculate_statistics(since: default!(Option<TimestampWithTimeZone>, "NULL")) -> i64 {
    run(|| maintenance::recalculate(&tenant::current()?, micros(since)))
}

#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity)]
fn wf_prune_routing(
    older_than: default!(Option<Interval>, "NULL"),
    statistics_older_than: default!(Option<Interval>, "NULL"),
    max_rows: default!(Option<i32>, "10000"),
) -> TableIterator<'static, (name!(decisions, i64), name!(statistics, i64))> {
    let pruned = run(|| {
        let max_rows = limits::max_rows(max_rows)?;
        maintenance::prune(
            &tenant::current()?,
            older_than,
            statistics_older_than,
            max_rows,
        )
    });
    TableIterator::once((pruned.decisions, pruned.statistics))
}

#[pg_extern(volatile, parallel_unsafe)]
fn wf_maintain(
    max_rows: default!(Option<i32>, "10000"),
) -> TableIterator<'static, (name!(task, &'static str), name!(processed, i64))> {
    TableIterator::new(run(|| {
        let max_rows = limits::max_rows(max_rows)?;
        let tenant = tenant::current()?;
        Ok([("fold_statistics", maintenance::fold(&tenant, max_rows)?)])
    }))
}
