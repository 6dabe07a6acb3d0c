//! `wf_metric_values` and `wf_metric_names`: measurements as they were recorded, and what was measured.

use crate::core::StateResult;
use crate::core::telemetry::{Of, place};
use crate::pg::spi::{Mode, Param, Row, Statement, Type};

/// Filters, order and page of a list of measurements.
pub struct Query<'a> {
    /// Only of this execution.
    pub execution_id: Option<&'a str>,
    /// Only of this name.
    pub name: Option<&'a str>,
    /// At or after.
    pub since: Option<i64>,
    /// Before.
    pub until: Option<i64>,
    /// Only whose labels contain these.
    pub labels: Option<&'a [u8]>,
    /// Newest first.
    pub newest_first: bool,
    /// Cursor of the row before the page.
    pub after: Option<&'a str>,
    /// Rows of the page.
    pub max_rows: i64,
}

/// As in the list of lines: the order says which index it is to be.
macro_rules! list {
    ($which:literal, $than:literal, $or_equal:literal, $direction:literal) => {
        Statement::planned_each_time(
            concat!(
                "SELECT m.recorded_at, m.name, m.value, m.unit, m.labels, m.execution_id, m.position
                   FROM wfstate.metrics AS m
                  WHERE m.tenant {=} wfstate.current_tenant()
                    AND ",
                $which,
                " AND ($3 IS NULL OR m.recorded_at {>=} $3)
                    AND ($4 IS NULL OR m.recorded_at {<} $4)
                    AND ($5 IS NULL OR m.labels {@>} $5)
                    AND ($6 IS NULL OR (ROW(m.recorded_at, m.position) ",
                $than,
                " ROW($6, $7) AND m.recorded_at ",
                $or_equal,
                " $6)) ORDER BY m.recorded_at",
                $direction,
                ", m.position",
                $direction,
                " LIMIT $8"
            ),
            &[
                Type::Text,
                Type::Text,
                Type::Timestamptz,
                Type::Timestamptz,
                Type::Jsonb,
                Type::Timestamptz,
                Type::Int8,
                Type::Int8,
            ],
        )
    };
}
macro_rules! both_ways {
    ($which:literal, $up:literal, $down:literal) => {
        [
            list!($which, "{>}", "{>=}", $up),
            list!($which, "{<}", "{<=}", $down),
        ]
    };
}
/// The name in words that its index does not fit.
static OF_EXECUTION: [Statement; 2] = both_ways!(
    "m.execution_id {=} $1 AND ($2 IS NULL OR (m.name {||} '') {=} $2)",
    " NULLS FIRST",
    " DESC NULLS LAST"
);
static OF_NAME: [Statement; 2] = both_ways!(
    "$1 IS NULL AND m.name {=} $2",
    " NULLS FIRST",
    " DESC NULLS LAST"
);
static BY_TIME: [Statement; 2] = both_ways!("$1 IS NULL AND $2 IS NULL", "", " DESC");

/// A page of measurements; `each` gets them one by one.
pub fn list(query: &Query<'_>, mut each: impl FnMut(&Row<'_>)) -> StateResult<()> {
    let after = place(Of::Values, query.after)?;
    let [up, down] = match (query.execution_id, query.name) {
        (Some(_), _) => &OF_EXECUTION,
        (None, Some(_)) => &OF_NAME,
        (None, None) => &BY_TIME,
    };
    let params = [
        Param::Text(query.execution_id),
        Param::Text(query.name),
        Param::Timestamptz(query.since),
        Param::Timestamptz(query.until),
        Param::Jsonb(query.labels),
        Param::Timestamptz(after.map(|(at, _)| at)),
        Param::Int8(after.map(|(_, position)| position)),
        Param::Int8(Some(query.max_rows)),
    ];
    let statement = if query.newest_first { down } else { up };
    statement.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
    Ok(())
}

/// From name to name through the index, whatever lies between.
static NAMES: Statement = Statement::new(
    "WITH RECURSIVE names (name) AS (
  (SELECT m.name::pg_catalog.text FROM wfstate.metrics AS m
    WHERE m.tenant {=} wfstate.current_tenant() AND m.name {>} coalesce($1, '') ORDER BY m.name LIMIT 1)
  UNION ALL
  SELECT (SELECT m.name::pg_catalog.text FROM wfstate.metrics AS m
           WHERE m.tenant {=} wfstate.current_tenant() AND m.name {>} n.name ORDER BY m.name LIMIT 1)
    FROM names AS n WHERE n.name IS NOT NULL
)
SELECT n.name, x.value, x.unit, x.recorded_at
  FROM (SELECT n.name FROM names AS n WHERE n.name IS NOT NULL LIMIT $2) AS n
 CROSS JOIN LATERAL (
       SELECT m.value, m.unit, m.recorded_at FROM wfstate.metrics AS m
        WHERE m.tenant {=} wfstate.current_tenant() AND m.name {=} n.name
        ORDER BY m.recorded_at DESC NULLS LAST, m.position DESC NULLS LAST LIMIT 1) AS x
 ORDER BY n.name",
    &[Type::Text, Type::Int8],
);

/// The names of metrics, each with its newest measurement; `each` gets them one by one.
pub fn names(
    after: Option<&str>,
    max_rows: i64,
    mut each: impl FnMut(&Row<'_>),
) -> StateResult<()> {
    let params = [Param::Text(after), Param::Int8(Some(max_rows))];
    NAMES.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
    Ok(())
}
