//! `wf_list`: executions by what they are, page by page.

use crate::core::{StateError, StateResult, limits};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::log::load::{Loaded, loaded, loaded_columns};

/// What a list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// When they were created.
    CreatedAt,
    /// When they were saved last.
    UpdatedAt,
    /// Their ids.
    ExecutionId,
}

impl Sort {
    /// Their names.
    pub const NAMES: [&str; 3] = ["created_at", "updated_at", "execution_id"];

    /// By its name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "created_at" => Some(Sort::CreatedAt),
            "updated_at" => Some(Sort::UpdatedAt),
            "execution_id" => Some(Sort::ExecutionId),
            _ => None,
        }
    }
}

/// Filters, order and page of a list.
pub struct Query<'a> {
    /// Only of this workflow.
    pub workflow: Option<&'a str>,
    /// Only with this status.
    pub status: Option<&'a str>,
    /// Only in this phase.
    pub phase: Option<&'a str>,
    /// Only whose tags contain these.
    pub tags: Option<&'a [u8]>,
    /// true: not in a final status; false: in one.
    pub incomplete: Option<bool>,
    /// Created at or after.
    pub created_since: Option<i64>,
    /// Created before.
    pub created_before: Option<i64>,
    /// Saved last at or after.
    pub updated_since: Option<i64>,
    /// Saved last before.
    pub updated_before: Option<i64>,
    /// Only those that this role has created.
    pub initiated_by: Option<&'a str>,
    /// Only those that belong to this execution.
    pub parent: Option<&'a str>,
    /// true: with an error; false: without one.
    pub has_error: Option<bool>,
    /// created_at, updated_at or execution_id.
    pub sort: Sort,
    /// Greatest first.
    pub descending: bool,
    /// Cursor of the row before the page.
    pub after: Option<&'a str>,
    /// Rows of the page.
    pub max_rows: i64,
}

const ARGS: &[Type] = &[
    Type::Text,
    Type::Text,
    Type::Text,
    Type::Text,
    Type::Jsonb,
    Type::Bool,
    Type::Timestamptz,
    Type::Timestamptz,
    Type::Timestamptz,
    Type::Text,
    Type::Int8,
    Type::Timestamptz, // 12 updated_since
    Type::Timestamptz, // 13 updated_before
    Type::Text,        // 14 initiated_by
    Type::Text,        // 15 parent
    Type::Bool,        // 16 has_error
];

macro_rules! filtered {
    () => {
        " FROM wfstate.executions AS e
          LEFT JOIN wfstate.search AS s ON s.tenant {=} $1 AND s.execution_id {=} e.execution_id
         WHERE e.tenant {=} $1
           AND ($2 IS NULL OR e.workflow {=} $2)
           AND ($3 IS NULL OR e.status {=} $3)
           AND ($4 IS NULL OR e.phase {=} $4)
           AND ($5 IS NULL OR s.tags {@>} $5)
           AND ($6 IS NULL OR ($6 AND e.completed_at IS NULL) OR (NOT $6 AND e.completed_at IS NOT NULL))
           AND ($7 IS NULL OR e.created_at {>=} $7)
           AND ($8 IS NULL OR e.created_at {<} $8)
           AND ($12 IS NULL OR e.updated_at {>=} $12)
           AND ($13 IS NULL OR e.updated_at {<} $13)
           AND ($14 IS NULL OR e.initiated_by {=} $14)
           AND ($15 IS NULL OR EXISTS (SELECT FROM wfstate.runs AS r
                WHERE r.tenant {=} $1 AND r.execution_id {=} e.execution_id AND r.parent_execution_id {=} $15))
           AND ($16 IS NULL OR $16 {=} EXISTS (SELECT FROM wfstate.runs AS r
                WHERE r.tenant {=} $1 AND r.execution_id {=} e.execution_id AND r.error IS NOT NULL))
           AND ($10 IS NULL OR "
    };
}

/// Planned for the values of each call, so that filters that are not given don't hide an index.
macro_rules! by_time {
    ($column:literal, $than:literal, $direction:literal) => {
        Statement::planned_each_time(
            concat!(
                "SELECT ",
                loaded_columns!(),
                ", (extract(epoch FROM ",
                $column,
                ") {*} 1000000)::pg_catalog.int8",
                filtered!(),
                "ROW(",
                $column,
                ", e.execution_id) ",
                $than,
                " ROW($9, $10)) ORDER BY ",
                $column,
                $direction,
                ", e.execution_id",
                $direction,
                " LIMIT $11"
            ),
            ARGS,
        )
    };
}

macro_rules! by_id {
    ($than:literal, $direction:literal) => {
        Statement::planned_each_time(
            concat!(
                "SELECT ",
                loaded_columns!(),
                ", 0::pg_catalog.int8",
                filtered!(),
                "e.execution_id ",
                $than,
                " $10 OR $9 IS NOT NULL) ORDER BY e.execution_id",
                $direction,
                " LIMIT $11"
            ),
            ARGS,
        )
    };
}

static CREATED_UP: Statement = by_time!("e.created_at", "{>}", "");
static CREATED_DOWN: Statement = by_time!("e.created_at", "{<}", " DESC");
static UPDATED_UP: Statement = by_time!("e.updated_at", "{>}", "");
static UPDATED_DOWN: Statement = by_time!("e.updated_at", "{<}", " DESC");
static ID_UP: Statement = by_id!("{>}", "");
static ID_DOWN: Statement = by_id!("{<}", " DESC");

/// Microseconds from 1970 to 2000, where the server's timestamps begin.
const EPOCH: i64 = 946_684_800_000_000;

/// A page of executions; `each` gets them one by one, with the cursor that the next page starts after.
pub fn list(
    tenant: &str,
    query: &Query<'_>,
    mut each: impl FnMut(Loaded, String),
) -> StateResult<()> {
    let statement = match (query.sort, query.descending) {
        (Sort::CreatedAt, false) => &CREATED_UP,
        (Sort::CreatedAt, true) => &CREATED_DOWN,
        (Sort::UpdatedAt, false) => &UPDATED_UP,
        (Sort::UpdatedAt, true) => &UPDATED_DOWN,
        (Sort::ExecutionId, false) => &ID_UP,
        (Sort::ExecutionId, true) => &ID_DOWN,
    };
    let by_id = query.sort == Sort::ExecutionId;
    let (after_time, after_id) = match query.after {
        None => (None, None),
        Some(id) if by_id => (None, Some(id)),
        Some(cursor) => {
            let (time, id) = parsed(cursor)?;
            (Some(time), Some(id))
        }
    };
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(query.workflow),
        Param::Text(query.status),
        Param::Text(query.phase),
        Param::Jsonb(query.tags),
        Param::Bool(query.incomplete),
        Param::Timestamptz(query.created_since),
        Param::Timestamptz(query.created_before),
        Param::Timestamptz(after_time),
        Param::Text(after_id),
        Param::Int8(Some(query.max_rows)),
        Param::Timestamptz(query.updated_since),
        Param::Timestamptz(query.updated_before),
        Param::Text(query.initiated_by),
        Param::Text(query.parent),
        Param::Bool(query.has_error),
    ];
    statement.receive(Mode::Read, &params, |row| {
        let loaded = loaded(row)?;
        let cursor = match row.int8(21) {
            Some(micros) if !by_id => format!("{micros}:{}", loaded.execution_id),
            _ => loaded.execution_id.clone(),
        };
        each(loaded, cursor);
        Ok(())
    });
    Ok(())
}

/// The cursor of a row of a list by time, whose time is in the server's microseconds.
pub(in crate::store) fn cursor(micros: i64, execution_id: &str) -> String {
    format!("{}:{execution_id}", micros.saturating_add(EPOCH))
}

/// The time and the id of a cursor.
pub(in crate::store) fn parsed(cursor: &str) -> StateResult<(i64, &str)> {
    cursor
        .split_once(':')
        .and_then(|(micros, id)| Some((micros.parse::<i64>().ok()?.checked_sub(EPOCH)?, id)))
        .ok_or_else(|| {
            let cursor = limits::quoted(cursor);
            StateError::invalid(format!("after {cursor} is not a cursor of this list")).hint(
                "Pass the column cursor of the last row of the page before, with the same sort.",
            )
        })
}
