//! What is known of agents, and keeping it in bounds.

use super::routing::micros;
use crate::core::limits;
use crate::core::routing::{count, share};
use crate::core::stats::encode;
use crate::pg::error::run;
use crate::pg::stats_datum::StatsDatum;
use crate::store::routing::maintenance;
use crate::store::routing::statistics::{self, Agent};
use crate::store::tenants::tenant;
use pgrx::prelude::*;

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
    agent: Option<&str>,
    since: Option<TimestampWithTimeZone>,
    until: Option<TimestampWithTimeZone>,
    task_type: Option<&str>,
    after: Option<&str>,
    max_rows: Option<i32>,
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
        let query = statistics::Query {
            agent,
            task_type,
            since: micros(since),
            until: micros(until),
            after,
            max_rows: Some(limits::max_rows(max_rows)?),
        };
        statistics::sum(&tenant::current()?, &query)
    });
    TableIterator::new(agents.into_iter().map(agent_row))
}

/// All agents, for the two functions below, which order them by what only the sums say.
fn every_agent<'a>(
    task_type: Option<&'a str>,
    since: Option<TimestampWithTimeZone>,
) -> statistics::Query<'a> {
    statistics::Query {
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
    min_tasks: Option<i64>,
    since: Option<TimestampWithTimeZone>,
    task_type: Option<&str>,
    max_rows: Option<i32>,
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
        statistics::top(&tenant::current()?, &query, min_tasks, max_rows)
    });
    TableIterator::new(agents.into_iter().map(agent_row))
}

#[pg_extern(stable, parallel_safe, requires = ["routing_stats"])]
#[allow(clippy::type_complexity)]
fn wf_underperforming_agents(
    threshold: Option<f64>,
    min_tasks: Option<i64>,
    since: Option<TimestampWithTimeZone>,
    task_type: Option<&str>,
    max_rows: Option<i32>,
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
        statistics::underperforming(&tenant::current()?, &query, bar, max_rows)
    });
    TableIterator::new(agents.into_iter().map(agent_row))
}

#[pg_extern(sql = false)]
fn wf_recalculate_statistics(since: Option<TimestampWithTimeZone>) -> i64 {
    run(|| maintenance::recalculate(&tenant::current()?, micros(since)))
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn wf_prune_routing(
    older_than: Option<Interval>,
    statistics_older_than: Option<Interval>,
    max_rows: Option<i32>,
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

#[pg_extern(sql = false)]
fn wf_maintain(
    max_rows: Option<i32>,
) -> TableIterator<'static, (name!(task, &'static str), name!(processed, i64))> {
    TableIterator::new(run(|| {
        let max_rows = limits::max_rows(max_rows)?;
        let tenant = tenant::current()?;
        Ok([("fold_statistics", maintenance::fold(&tenant, max_rows)?)])
    }))
}
