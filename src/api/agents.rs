//! What is known of agents, and keeping it in bounds.

use super::{age, micros};
use crate::core::routing::{count, share};
use crate::core::stats::encode;
use crate::core::{StateError, StateResult, limits};
use crate::pg::error::run;
use crate::pg::record::{Record, Value, record};
use crate::pg::records::Records;
use crate::store::routing::maintenance;
use crate::store::routing::statistics::{self, Agent, Wanted};
use crate::store::tenants::tenant;
use pgrx::prelude::*;

/// A row of `wfstate.agent_summary`.
fn agent_record(Agent { agent, summary }: Agent) -> Record {
    record![
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
        Value::Stats(encode::encode(&summary)),
    ]
}

#[pg_extern(sql = false)]
fn wf_agent_statistics<'a>(
    agent: Option<&'a str>,
    since: Option<TimestampWithTimeZone>,
    until: Option<TimestampWithTimeZone>,
    task_type: Option<&'a str>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        let query = statistics::Query {
            agent: limits::optional_name("agent", agent)?,
            task_type: limits::optional_name("task_type", task_type)?,
            since: micros(since),
            until: micros(until),
            after,
            max_rows: Some(limits::max_rows(max_rows)?),
        };
        statistics::sum(&tenant::current()?, &query, |agent| {
            out.put(&agent_record(agent));
        });
        Ok(())
    })
}

/// All agents, for the two functions below, which order them by what only the sums say.
fn every_agent<'a>(
    task_type: Option<&'a str>,
    since: Option<TimestampWithTimeZone>,
) -> StateResult<statistics::Query<'a>> {
    Ok(statistics::Query {
        agent: None,
        task_type: limits::optional_name("task_type", task_type)?,
        since: micros(since),
        until: None,
        after: None,
        max_rows: None,
    })
}

fn wanted(
    min_tasks: Option<i64>,
    below: Option<f64>,
    max_rows: Option<i32>,
) -> StateResult<Wanted> {
    let max_rows = limits::rows("max_rows", max_rows)?;
    Ok(Wanted {
        min_tasks: count("min_tasks", min_tasks)?.unsigned_abs(),
        below,
        max_rows: usize::try_from(max_rows).unwrap_or(usize::MAX),
    })
}

#[pg_extern(sql = false)]
fn wf_top_agents<'a>(
    min_tasks: Option<i64>,
    since: Option<TimestampWithTimeZone>,
    task_type: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        let wanted = wanted(min_tasks, None, max_rows)?;
        let query = every_agent(task_type, since)?;
        statistics::top(&tenant::current()?, &query, &wanted, |agent| {
            out.put(&agent_record(agent));
        })
    })
}

#[pg_extern(sql = false)]
fn wf_underperforming_agents<'a>(
    threshold: Option<f64>,
    min_tasks: Option<i64>,
    since: Option<TimestampWithTimeZone>,
    task_type: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        let below = share("threshold", threshold)?;
        let wanted = wanted(min_tasks, Some(below), max_rows)?;
        let query = every_agent(task_type, since)?;
        statistics::underperforming(&tenant::current()?, &query, &wanted, |agent| {
            out.put(&agent_record(agent));
        })
    })
}

#[pg_extern(sql = false)]
fn wf_recalculate_statistics(since: Option<TimestampWithTimeZone>) -> i64 {
    run(|| maintenance::recalculate(&tenant::current()?, micros(since)))
}

#[pg_extern(sql = false)]
fn wf_prune_routing(
    older_than: Option<pgrx::datum::Interval>,
    statistics_older_than: Option<pgrx::datum::Interval>,
    max_rows: Option<i32>,
) -> Records<'static> {
    Records::written(move |out| {
        let max_rows = limits::rows("max_rows", max_rows)?;
        let tenant = tenant::current()?;
        if older_than.is_none() && statistics_older_than.is_none() {
            return Err(StateError::invalid(
                "older_than and statistics_older_than must not both be null",
            )
            .hint("wf_prune_routing(older_than => '90 days') keeps 90 days of decisions."));
        }
        let pruned = maintenance::prune(
            &tenant,
            age("older_than", older_than)?,
            age("statistics_older_than", statistics_older_than)?,
            max_rows,
        )?;
        out.put(&record![pruned.decisions, pruned.statistics]);
        Ok(())
    })
}
