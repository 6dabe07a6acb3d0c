//! What is known of the tasks of each agent: `wfstate.agent_statistics`, by hour, and what of
//! `wfstate.routing_outcomes` is not folded into it yet.

use crate::core::routing::{hour, hour_from};
use crate::core::stats::{Summary, encode};
use crate::core::{StateError, StateResult, memory};
use crate::pg::spi::{Mode, Param, Statement, Type};
use std::cmp::Ordering;

/// Which statistics are summed up. Times are taken by whole hours: the one that holds `since` counts, and so does
/// the one that holds the moment before `until`.
pub struct Query<'a> {
    /// Only of this agent.
    pub agent: Option<&'a str>,
    /// Only of this kind of task.
    pub task_type: Option<&'a str>,
    /// In the server's microseconds.
    pub since: Option<i64>,
    /// In the server's microseconds.
    pub until: Option<i64>,
    /// Agents after this one.
    pub after: Option<&'a str>,
    /// Agents of the page; `None`: all.
    pub max_rows: Option<i64>,
}

/// Planned for the values of each call, so that filters that are not given don't hide an index.
static SUM: Statement = Statement::planned_each_time(
    "SELECT x.agent, wfstate.merge_stats(x.stats) FROM (
  SELECT a.agent, a.stats FROM wfstate.agent_statistics AS a
   WHERE a.tenant {=} $1
     AND ($2 IS NULL OR a.agent {=} $2)
     AND ($3 IS NULL OR a.task_type {=} $3)
     AND ($4 IS NULL OR a.hour_at {>=} $4)
     AND ($5 IS NULL OR a.hour_at {<} $5)
     AND ($6 IS NULL OR a.agent {>} $6)
  UNION ALL
  SELECT o.agent, wfstate.collect_stats(o.success, o.duration_ms) FROM wfstate.routing_outcomes AS o
   WHERE o.tenant {=} $1
     AND ($2 IS NULL OR o.agent {=} $2)
     AND ($3 IS NULL OR o.task_type {=} $3)
     AND ($4 IS NULL OR o.hour_at {>=} $4)
     AND ($5 IS NULL OR o.hour_at {<} $5)
     AND ($6 IS NULL OR o.agent {>} $6)
   GROUP BY o.agent
) AS x GROUP BY x.agent ORDER BY x.agent LIMIT $7",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Timestamptz,
        Type::Timestamptz,
        Type::Text,
        Type::Int8,
    ],
);

/// What is known of an agent.
pub struct Agent {
    /// Its name.
    pub agent: String,
    /// Its tasks.
    pub summary: Summary<Vec<u64>>,
}

fn summary(stats: &[u8]) -> StateResult<Summary<Vec<u64>>> {
    encode::decode(stats).map_err(StateError::statistics)
}

/// Gives each agent with the stored form of its tasks, by name.
fn stored(tenant: &str, query: &Query<'_>, mut each: impl FnMut(String, &[u8]) -> StateResult<()>) {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(query.agent),
        Param::Text(query.task_type),
        Param::Timestamptz(query.since.map(hour)),
        Param::Timestamptz(query.until.map(hour_from)),
        Param::Text(query.after),
        Param::Int8(query.max_rows),
    ];
    SUM.receive(Mode::Read, &params, |row| {
        let stats = row.stats(1).unwrap_or_default();
        each(row.text(0).unwrap_or_default(), stats)
    });
}

/// Gives each agent with its tasks, by name.
pub fn sum(tenant: &str, query: &Query<'_>, mut each: impl FnMut(Agent)) {
    stored(tenant, query, |agent, stats| {
        let summary = summary(stats)?;
        each(Agent { agent, summary });
        Ok(())
    });
}

/// How an agent does, and its tasks in their stored form, which is a fraction of what they take to be counted in.
struct Ranked {
    agent: String,
    total: u64,
    rate: f64,
    duration: f64,
    stats: Vec<u8>,
}

/// Which agents are wanted.
pub struct Wanted {
    /// With so many tasks.
    pub min_tasks: u64,
    /// Only with a success rate below this one.
    pub below: Option<f64>,
    /// So many of them.
    pub max_rows: usize,
}

/// The best agents: the highest success rate first, of equals the faster one.
pub fn top(
    tenant: &str,
    query: &Query<'_>,
    wanted: &Wanted,
    each: impl FnMut(Agent),
) -> StateResult<()> {
    ranked(tenant, query, wanted, each, |a, b| {
        b.rate
            .total_cmp(&a.rate)
            .then_with(|| a.duration.total_cmp(&b.duration))
    })
}

/// Agents whose success rate is below a threshold, the worst first, of equals the one with more tasks.
pub fn underperforming(
    tenant: &str,
    query: &Query<'_>,
    wanted: &Wanted,
    each: impl FnMut(Agent),
) -> StateResult<()> {
    ranked(tenant, query, wanted, each, |a, b| {
        a.rate
            .total_cmp(&b.rate)
            .then_with(|| b.total.cmp(&a.total))
    })
}

/// No more than twice as many agents are held as are wanted; of equals, those with the first names.
fn ranked(
    tenant: &str,
    query: &Query<'_>,
    wanted: &Wanted,
    mut each: impl FnMut(Agent),
    order: fn(&Ranked, &Ranked) -> Ordering,
) -> StateResult<()> {
    let mut held: Vec<Ranked> = Vec::new();
    stored(tenant, query, |agent, stats| {
        let found = ranked_agent(agent, stats)?;
        let low = wanted.below.is_none_or(|below| found.rate < below);
        if found.total >= wanted.min_tasks && low {
            memory::push(&mut held, found).map_err(StateError::statistics)?;
        }
        if held.len() >= wanted.max_rows.saturating_mul(2) {
            held.sort_by(order);
            held.truncate(wanted.max_rows);
        }
        Ok(())
    });
    held.sort_by(order);
    for Ranked { agent, stats, .. } in held.into_iter().take(wanted.max_rows) {
        let summary = summary(&stats)?;
        each(Agent { agent, summary });
    }
    Ok(())
}

/// An agent without durations is taken for the slowest.
fn ranked_agent(agent: String, stored: &[u8]) -> StateResult<Ranked> {
    let summary = summary(stored)?;
    let mut stats = Vec::new();
    memory::append(&mut stats, stored).map_err(StateError::statistics)?;
    Ok(Ranked {
        agent,
        total: summary.total(),
        rate: summary.success_rate().unwrap_or_default(),
        duration: summary.moments().mean().unwrap_or(f64::INFINITY),
        stats,
    })
}
