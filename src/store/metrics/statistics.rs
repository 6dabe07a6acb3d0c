//! `wf_statistics`: how the executions of each workflow do.

use crate::core::stats::{Summary, encode};
use crate::core::{StateError, StateResult};
use crate::pg::spi::{Interval, Mode, Param, Row, Statement, Type, now};
use crate::store::metrics::buckets::origin;

/// Which executions count, and how they are grouped.
pub struct Query<'a> {
    /// Only of this workflow.
    pub workflow: Option<&'a str>,
    /// Created at or after.
    pub since: Option<i64>,
    /// Length of a bucket in microseconds; `None`: all in one.
    pub bucket: Option<i64>,
    /// Bucket and workflow of the row before the page; no workflow is an empty one.
    pub after: Option<(Option<i64>, &'a str)>,
    /// Rows of the page.
    pub max_rows: i64,
}

/// What is known of the executions of a workflow, in a bucket.
pub struct Group {
    /// Workflow; empty where they have none.
    pub workflow: String,
    /// Bucket in which they were created.
    pub bucket_at: Option<i64>,
    /// How many there are; then how many are pending, running, waiting, paused, compensating, completed, failed,
    /// cancelled and compensated.
    pub counts: [i64; 10],
    /// Oldest one that is pending.
    pub oldest_pending_at: Option<i64>,
    /// How many have ended, by the hour.
    pub ended_per_hour: Option<f64>,
    /// Durations of those that were completed, failed or compensated.
    pub durations: Option<Summary<Vec<u64>>>,
}

/// Microseconds of an hour.
const HOUR: f64 = 3_600_000_000.0;
/// 2000-01-03 in the server's microseconds: where buckets are counted from.
const ORIGIN: i64 = 2 * 86_400_000_000;

/// When the bucket began that a time is in.
pub(super) fn bucket_of(at: i64, bucket: i64) -> i64 {
    let since = at.saturating_sub(ORIGIN);
    let number = since.div_euclid(bucket.max(1));
    number.saturating_mul(bucket).saturating_add(ORIGIN)
}

/// Planned for the values of each call.
static COUNT: Statement = Statement::planned_each_time(
    concat!(
        "SELECT x.workflow, x.bucket_at, x.executions, x.pending, x.running, x.waiting, x.paused, x.compensating,
                x.completed, x.failed, x.cancelled, x.compensated, x.oldest_pending_at, x.first_created_at, x.stats
           FROM (
  SELECT coalesce(e.workflow, '')::pg_catalog.text AS workflow,
         CASE WHEN $3 IS NULL THEN NULL ELSE pg_catalog.date_bin($3, e.created_at, ",
        origin!(),
        ") END AS bucket_at,
         pg_catalog.count(*) AS executions,
         pg_catalog.count(*) FILTER (WHERE e.status {=} 'pending') AS pending,
         pg_catalog.count(*) FILTER (WHERE e.status {=} 'running') AS running,
         pg_catalog.count(*) FILTER (WHERE e.status {=} 'waiting') AS waiting,
         pg_catalog.count(*) FILTER (WHERE e.status {=} 'paused') AS paused,
         pg_catalog.count(*) FILTER (WHERE e.status {=} 'compensating') AS compensating,
         pg_catalog.count(*) FILTER (WHERE e.status {=} 'completed') AS completed,
         pg_catalog.count(*) FILTER (WHERE e.status {=} 'failed') AS failed,
         pg_catalog.count(*) FILTER (WHERE e.status {=} 'cancelled') AS cancelled,
         pg_catalog.count(*) FILTER (WHERE e.status {=} 'compensated') AS compensated,
         pg_catalog.min(e.created_at) FILTER (WHERE e.status {=} 'pending') AS oldest_pending_at,
         pg_catalog.min(e.created_at) AS first_created_at,
         wfstate.collect_stats(
             e.status {=} 'completed',
             extract(epoch FROM e.completed_at {-} e.started_at)::pg_catalog.float8 {*} 1000)
             FILTER (WHERE e.completed_at IS NOT NULL AND e.status {<>} 'cancelled') AS stats
    FROM wfstate.executions AS e
   WHERE e.tenant {=} wfstate.current_tenant()
     AND ($1 IS NULL OR e.workflow {=} $1)
     AND ($2 IS NULL OR e.created_at {>=} $2)
   GROUP BY 1, 2) AS x
 WHERE $4 IS NULL OR x.workflow {>} $4 OR (x.workflow {=} $4 AND x.bucket_at {>} $5)
 ORDER BY x.workflow, x.bucket_at LIMIT $6"
    ),
    &[
        Type::Text,
        Type::Timestamptz,
        Type::Interval,
        Type::Text,
        Type::Timestamptz,
        Type::Int8,
    ],
);

/// A page of groups; `each` gets them one by one.
pub fn count(query: &Query<'_>, mut each: impl FnMut(Group)) -> StateResult<()> {
    let params = [
        Param::Text(query.workflow),
        Param::Timestamptz(query.since),
        Param::Interval(query.bucket.map(Interval::of_micros)),
        Param::Text(query.after.map(|(_, workflow)| workflow)),
        Param::Timestamptz(query.after.and_then(|(bucket, _)| bucket)),
        Param::Int8(Some(query.max_rows)),
    ];
    COUNT.receive(Mode::Read, &params, |row| {
        each(group(query, row)?);
        Ok(())
    });
    Ok(())
}

fn group(query: &Query<'_>, row: &Row<'_>) -> StateResult<Group> {
    let bucket_at = row.micros(1);
    let counts: [i64; 10] = std::array::from_fn(|index| row.int8(2 + index).unwrap_or_default());
    let [_, _, _, _, _, _, ended @ ..] = counts;
    let first = row.micros(13).unwrap_or_default();
    let begin = bucket_at.into_iter().chain(query.since).max();
    let end = match (bucket_at, query.bucket) {
        (Some(at), Some(length)) => now().min(at.saturating_add(length)),
        _ => now(),
    };
    let hours = end.saturating_sub(begin.unwrap_or(first)) as f64 / HOUR;
    let durations = row
        .stats(14)
        .map(|stats| encode::decode(stats).map_err(StateError::statistics));
    Ok(Group {
        workflow: row.text(0).unwrap_or_default(),
        bucket_at,
        counts,
        oldest_pending_at: row.micros(12),
        ended_per_hour: (hours > 0.0).then(|| ended.iter().sum::<i64>() as f64 / hours),
        durations: durations.transpose()?,
    })
}
