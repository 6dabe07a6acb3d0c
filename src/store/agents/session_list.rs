//! `wf_sessions`: sessions, newest first.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::search::list::{cursor, parsed};

/// Filters and page of a list.
pub struct Query<'a> {
    /// Only of this user.
    pub user_id: Option<&'a str>,
    /// Only with this status.
    pub status: Option<&'a str>,
    /// Created at or after.
    pub since: Option<i64>,
    /// Created before.
    pub before: Option<i64>,
    /// Cursor of the row before the page.
    pub after: Option<&'a str>,
    /// Rows of the page.
    pub max_rows: i64,
}

/// What belongs to a row is looked up row by row, whatever the statistics say of the tenant, so that the page ends the
/// work. Planned for the values of each call: filters that are not given must not hide an index.
macro_rules! list {
    ($walked:literal, $looked_up:literal, $filtered:literal) => {
        Statement::planned_each_time(
            concat!(
                "SELECT s.execution_id, s.user_id, s.mission, e.workflow, e.status, e.phase, e.version, w.created_at,
                        e.updated_at, e.completed_at
                   FROM ",
                $walked,
                " AS w CROSS JOIN LATERAL ",
                $looked_up,
                " WHERE w.tenant {=} $1 AND ",
                $filtered,
                " AND ($4 IS NULL OR w.created_at {>=} $4) AND ($5 IS NULL OR w.created_at {<} $5)
                  AND ($7 IS NULL OR ROW(w.created_at, w.execution_id) {<} ROW($6, $7))
                ORDER BY w.created_at DESC, w.execution_id DESC LIMIT $8"
            ),
            &[
                Type::Text,
                Type::Text,
                Type::Text,
                Type::Timestamptz,
                Type::Timestamptz,
                Type::Timestamptz,
                Type::Text,
                Type::Int8,
            ],
        )
    };
}
/// All, or those of a user.
static ALL: Statement = list!(
    "wfstate.sessions",
    "(SELECT h.workflow, h.status, h.phase, h.version, h.updated_at, h.completed_at
        FROM wfstate.executions AS h WHERE h.tenant {=} $1 AND h.execution_id {=} w.execution_id OFFSET 0) AS e
      CROSS JOIN LATERAL (SELECT w.execution_id, w.user_id, w.mission) AS s",
    "($2 IS NULL OR w.user_id {=} $2) AND ($3 IS NULL OR e.status {=} $3)"
);
/// Those with a status.
static WITH_STATUS: Statement = list!(
    "wfstate.executions",
    "(SELECT o.execution_id, o.user_id, o.mission FROM wfstate.sessions AS o
       WHERE o.tenant {=} $1 AND o.execution_id {=} w.execution_id OFFSET 0) AS s
      CROSS JOIN LATERAL (SELECT w.workflow, w.status, w.phase, w.version, w.updated_at, w.completed_at) AS e",
    "w.is_session AND w.status {=} $3 AND $2 IS NULL"
);

/// A page; `each` gets the rows one by one, with the cursor that the next page starts after.
pub fn list(
    tenant: &str,
    query: &Query<'_>,
    mut each: impl FnMut(&Row<'_>, String),
) -> StateResult<()> {
    let after = query.after.map(parsed).transpose()?;
    let statement = match (query.user_id, query.status) {
        (None, Some(_)) => &WITH_STATUS,
        _ => &ALL,
    };
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(query.user_id),
        Param::Text(query.status),
        Param::Timestamptz(query.since),
        Param::Timestamptz(query.before),
        Param::Timestamptz(after.map(|(time, _)| time)),
        Param::Text(after.map(|(_, id)| id)),
        Param::Int8(Some(query.max_rows)),
    ];
    statement.receive(Mode::Read, &params, |row| {
        let id = row.text(0).unwrap_or_default();
        each(row, cursor(row.micros(7).unwrap_or_default(), &id));
        Ok(())
    });
    Ok(())
}
