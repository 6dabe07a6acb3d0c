//! What is known of the tasks of each agent: `wfstate.agent_statistics`, by hour, and what of
//! `wfstate.routing_outcomes` is not folded into it yet.

use crate::core::routing::{hour, hour_from};
use crate::core::stats::{Summary, encode};
use crate::core::{StateResult, limits};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::pg::stats_datum::damaged;
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

/// Agents with their tasks, by name.
pub fn sum(tenant: &str, query: &Query<'_>) -> StateResult<Vec<Agent>> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(limits::optional_name("agent", query.agent)?),
        Param::Text(limits::optional_name("task_type", query.task_type)?),
        Param::Timestamptz(query.since.map(hour)),
        Param::Timestamptz(query.until.map(hour_from)),
        Param::Text(query.after),
        Param::Int8(query.max_rows),
    ];
    SUM.all(Mode::Read, &params, |row| {
        Ok(Agent {
            agent: row.text(0).unwrap_or_default(),
            summary: encode::decode(row.stats(1).unwrap_or_default()).map_err(damaged)?,
        })
    })
}

/// The best agents: the highest success rate first, of equals the faster one.
pub fn top(
    tenant: &str,
    query: &Query<'_>,
    min_tasks: i64,
    max_rows: i64,
) -> StateResult<Vec<Agent>> {
    let mut agents = sum(tenant, query)?;
    agents.retain(|agent| agent.summary.total() >= min_tasks.cast_unsigned());
    agents.sort_by(|a, b| {
        rate(b)
            .total_cmp(&rate(a))
            .then_with(|| duration(a).total_cmp(&duration(b)))
    });
    agents.truncate(usize::try_from(max_rows).unwrap_or(usize::MAX));
    Ok(agents)
}

/// Agents whose success rate is below a threshold, the worst first, of equals the one with more tasks.
pub fn underperforming(
    tenant: &str,
    query: &Query<'_>,
    (threshold, min_tasks): (f64, i64),
    max_rows: i64,
) -> StateResult<Vec<Agent>> {
    let mut agents = sum(tenant, query)?;
    agents.retain(|agent| {
        agent.summary.total() >= min_tasks.cast_unsigned() && rate(agent) < threshold
    });
    agents.sort_by(|a, b| match rate(a).total_cmp(&rate(b)) {
        Ordering::Equal => b.summary.total().cmp(&a.summary.total()),
        order => order,
    });
    agents.truncate(usize::try_from(max_rows).unwrap_or(usize::MAX));
    Ok(agents)
}

fn rate(agent: &Agent) -> f64 {
    agent.summary.success_rate().unwrap_or_default()
}

/// An agent without durations is taken for the slowest.
fn duration(agent: &Agent) -> f64 {
    agent.summary.moments().mean().unwrap_or(f64::INFINITY)
}
