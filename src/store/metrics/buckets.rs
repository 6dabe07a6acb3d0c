//! `wf_metrics`: measurements summed up by buckets of time.

use crate::core::StateResult;
use crate::pg::spi::{Interval, Mode, Param, Row, Statement, Type};

/// Which measurements are summed up, and how.
pub struct Query<'a> {
    /// Of this name.
    pub name: &'a str,
    /// Length of a bucket in microseconds; `None`: all in one.
    pub bucket: Option<i64>,
    /// At or after.
    pub since: Option<i64>,
    /// Before.
    pub until: Option<i64>,
    /// Only of this execution.
    pub execution_id: Option<&'a str>,
    /// Only whose labels contain these.
    pub labels: Option<&'a [u8]>,
    /// The bucket before the page.
    pub after: Option<i64>,
    /// Rows of the page.
    pub max_rows: i64,
}

/// Where buckets are counted from: a Monday.
macro_rules! origin {
    () => {
        "'2000-01-03 00:00:00+00'::pg_catalog.timestamptz"
    };
}
pub(super) use origin;

/// Planned for the values of each call. A bucket that would begin before all times is part of the next one. Percentiles by sorting: unlike the sketch of routing_stats they are exact, and
/// take negative and tiny values for what they are.
static SUM: Statement = Statement::planned_each_time(
    concat!(
        "SELECT x.bucket_at, x.count, x.sum, x.min, x.max,
                x.percentiles[1], x.percentiles[2], x.percentiles[3],
                CASE WHEN x.units {=} x.count AND x.first_unit {=} x.last_unit THEN x.first_unit END
           FROM (
  SELECT CASE WHEN $2 IS NULL THEN NULL ELSE pg_catalog.date_bin($2, greatest(m.recorded_at,
              '4713-01-01 00:00:00+00 BC'::pg_catalog.timestamptz {+} $2), ",
        origin!(),
        ") END AS bucket_at,
         pg_catalog.count(*) AS count, pg_catalog.sum(m.value) AS sum, pg_catalog.min(m.value) AS min,
         pg_catalog.max(m.value) AS max,
         pg_catalog.percentile_cont('{0.5,0.95,0.99}'::pg_catalog.float8[]) WITHIN GROUP (ORDER BY m.value) AS percentiles,
         pg_catalog.count(m.unit) AS units, pg_catalog.min(m.unit::pg_catalog.text) AS first_unit,
         pg_catalog.max(m.unit::pg_catalog.text) AS last_unit
    FROM wfstate.metrics AS m
   WHERE m.tenant {=} wfstate.current_tenant() AND m.name {=} $1
     AND ($3 IS NULL OR m.recorded_at {>=} $3)
     AND ($4 IS NULL OR m.recorded_at {<} $4)
     AND ($5 IS NULL OR m.execution_id {=} $5)
     AND ($6 IS NULL OR m.labels {@>} $6)
     AND ($7 IS NULL OR m.recorded_at {>=} $7)
   GROUP BY 1) AS x
  ORDER BY x.bucket_at LIMIT $8"
    ),
    &[
        Type::Text,
        Type::Interval,
        Type::Timestamptz,
        Type::Timestamptz,
        Type::Text,
        Type::Jsonb,
        Type::Timestamptz,
        Type::Int8,
    ],
);

/// A page of buckets; `each` gets them one by one.
pub fn sum(query: &Query<'_>, mut each: impl FnMut(&Row<'_>)) -> StateResult<()> {
    let bucket = query.bucket.unwrap_or_default();
    let next = |after: i64| super::statistics::bucket_of(after, bucket).saturating_add(bucket);
    let params = [
        Param::Text(Some(query.name)),
        Param::Interval(query.bucket.map(Interval::of_micros)),
        Param::Timestamptz(query.since),
        Param::Timestamptz(query.until),
        Param::Text(query.execution_id),
        Param::Jsonb(query.labels),
        // All in one are one page.
        Param::Timestamptz(query.after.map(|after| match query.bucket {
            Some(_) => next(after),
            None => i64::MAX,
        })),
        Param::Int8(Some(query.max_rows)),
    ];
    SUM.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
    Ok(())
}
