//! `wf_logs`: lines of logs, page by page.

use crate::core::StateResult;
use crate::core::telemetry::{Of, from_level, place};
use crate::pg::spi::{Mode, Param, Row, Statement, Type};

/// Filters, order and page of a list of lines.
pub struct Query<'a> {
    /// Only of this execution.
    pub execution_id: Option<&'a str>,
    /// Only of this level and graver ones.
    pub min_level: Option<&'a str>,
    /// At or after.
    pub since: Option<i64>,
    /// Before.
    pub until: Option<i64>,
    /// Only whose message contains this.
    pub text: Option<&'a str>,
    /// Only of this step.
    pub step_id: Option<&'a str>,
    /// Newest first.
    pub newest_first: bool,
    /// Cursor of the row before the page.
    pub after: Option<&'a str>,
    /// Rows of the page.
    pub max_rows: i64,
}

/// Planned for the values of each call, so that filters that are not given don't hide an index, and partitions are
/// passed by. The order says which index it is to be: see sql/logs.sql. The comparison of times alone is for the
/// partitions, which rows are not held against.
macro_rules! list {
    ($execution:literal, $level:literal, $than:literal, $or_equal:literal, $direction:literal) => {
        Statement::planned_each_time(
            concat!(
                "SELECT l.logged_at, l.level, l.message, l.data, l.execution_id, l.step_id, l.position
                   FROM wfstate.logs AS l
                  WHERE l.tenant {=} wfstate.current_tenant()
                    AND ",
                $execution,
                " AND ",
                $level,
                " AND ($3 IS NULL OR l.logged_at {>=} $3)
                    AND ($4 IS NULL OR l.logged_at {<} $4)
                    AND ($5 IS NULL OR pg_catalog.strpos(pg_catalog.lower(l.message), pg_catalog.lower($5)) {>} 0)
                    AND ($6 IS NULL OR l.step_id {=} $6)
                    AND ($7 IS NULL OR (ROW(l.logged_at, l.position) ",
                $than,
                " ROW($7, $8) AND l.logged_at ",
                $or_equal,
                " $7)) ORDER BY l.logged_at",
                $direction,
                ", l.position",
                $direction,
                " LIMIT $9"
            ),
            ARGS,
        )
    };
}
const ARGS: &[Type] = &[
    Type::Text,
    Type::TextArray,
    Type::Timestamptz,
    Type::Timestamptz,
    Type::Text,
    Type::Text,
    Type::Timestamptz,
    Type::Int8,
    Type::Int8,
];
macro_rules! both_ways {
    ($execution:literal, $level:literal, $up:literal, $down:literal) => {
        [
            list!($execution, $level, "{>}", "{>=}", $up),
            list!($execution, $level, "{<}", "{<=}", $down),
        ]
    };
}
/// The level in words that no index is known to fit, nor how rare it is.
static OF_EXECUTION: [Statement; 2] = both_ways!(
    "l.execution_id {=} $1",
    "($2 IS NULL OR pg_catalog.array_position($2, l.level::pg_catalog.text) IS NOT NULL)",
    " NULLS FIRST",
    " DESC NULLS LAST"
);
static SEVERE: [Statement; 2] = both_ways!(
    "$1 IS NULL",
    "l.level {=} ANY ($2)",
    " NULLS FIRST",
    " DESC NULLS LAST"
);
static BY_TIME: [Statement; 2] = both_ways!(
    "$1 IS NULL",
    "($2 IS NULL OR pg_catalog.array_position($2, l.level::pg_catalog.text) IS NOT NULL)",
    "",
    " DESC"
);

/// A page of lines; `each` gets them one by one.
pub fn list(query: &Query<'_>, mut each: impl FnMut(&Row<'_>)) -> StateResult<()> {
    let after = place(Of::Lines, query.after)?;
    let levels = query.min_level.map(from_level);
    let is_severe = levels.as_ref().is_some_and(|(_, indexed)| *indexed);
    let [up, down] = match query.execution_id {
        Some(_) => &OF_EXECUTION,
        None if is_severe => &SEVERE,
        None => &BY_TIME,
    };
    let params = [
        Param::Text(query.execution_id),
        Param::TextArray(levels.as_ref().map(|(levels, _)| levels.as_slice())),
        Param::Timestamptz(query.since),
        Param::Timestamptz(query.until),
        Param::Text(query.text),
        Param::Text(query.step_id),
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
