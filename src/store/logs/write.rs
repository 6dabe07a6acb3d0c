//! Appending to `wfstate.logs`. Nothing is locked, and nobody waits.

use crate::core::{StateError, StateResult};
use crate::pg::partitions::Partitioned;
use crate::pg::roles::as_owner;
use crate::pg::scan::Index;
use crate::pg::spi::{Mode, Param, Statement, Type, now};
use std::collections::HashSet;

/// A line of a log.
pub struct Line<'a> {
    /// Execution; `None`: of a service.
    pub execution_id: Option<&'a str>,
    /// Step of it.
    pub step_id: Option<&'a str>,
    /// How grave it is.
    pub level: &'a str,
    /// What it says.
    pub message: &'a str,
    /// What belongs to it.
    pub data: Option<&'a [u8]>,
    /// When, in the server's microseconds; `None`: now.
    pub logged_at: Option<i64>,
}

const TABLE: Partitioned = Partitioned {
    parent: c"logs",
    default: c"logs_default",
    positions: c"logs_position_seq",
};

/// As the owner, below row-level security, with a tenant that the caller was found to be allowed. The position is
/// drawn before, since RETURNING takes longer; so does finding a partition where there is but one.
macro_rules! append {
    ($table:literal) => {
        Statement::new(
            concat!(
                "INSERT INTO wfstate.",
                $table,
                " (tenant, execution_id, logged_at, step_id, level, message, data, position)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            ),
            &[
                Type::Text,
                Type::Text,
                Type::Timestamptz,
                Type::Text,
                Type::Text,
                Type::Text,
                Type::Jsonb,
                Type::Int8,
            ],
        )
    };
}
static WRITE: Statement = append!("logs");
static WRITE_DEFAULT: Statement = append!("logs_default");

/// Writes a line; returns its position.
pub fn write(tenant: &str, line: &Line<'_>) -> StateResult<i64> {
    let at = line.logged_at.unwrap_or_else(now);
    let params = |position| {
        [
            Param::Text(Some(tenant)),
            Param::Text(line.execution_id),
            Param::Timestamptz(Some(at)),
            Param::Text(line.step_id),
            Param::Text(Some(line.level)),
            Param::Text(Some(line.message)),
            Param::Jsonb(line.data),
            Param::Int8(Some(position)),
        ]
    };
    check_exist(tenant, line.execution_id.into_iter())?;
    append_one(&TABLE, [&WRITE_DEFAULT, &WRITE], params)
}

/// Appends a row at a position of its own, which is returned. The first statement is for a table that has no partition
/// but the default one.
pub(in crate::store) fn append_one<'p, const N: usize>(
    table: &Partitioned,
    [whole, parted]: [&'static Statement; 2],
    params: impl FnOnce(i64) -> [Param<'p>; N],
) -> StateResult<i64> {
    as_owner(|| {
        let position = table.next_position();
        let statement = if table.is_whole() { whole } else { parted };
        statement.run(Mode::Write, &params(position))?;
        Ok(position)
    })
}

/// The same for many rows, whose positions the table draws. Returns how many.
pub(in crate::store) fn append_many(
    table: &Partitioned,
    [whole, parted]: [&'static Statement; 2],
    params: &[Param<'_>],
) -> StateResult<u64> {
    as_owner(|| {
        let statement = if table.is_whole() { whole } else { parted };
        statement.run(Mode::Write, params)
    })
}

macro_rules! append_all {
    ($table:literal) => {
        Statement::new(
            concat!(
                "INSERT INTO wfstate.",
                $table,
                " (tenant, execution_id, logged_at, step_id, level, message, data)
     SELECT $1, n.* FROM unnest($2, $3, $4, $5, $6, $7) AS n"
            ),
            &[
                Type::Text,
                Type::TextArray,
                Type::TimestamptzArray,
                Type::TextArray,
                Type::TextArray,
                Type::TextArray,
                Type::JsonbArray,
            ],
        )
    };
}
static WRITE_ALL: Statement = append_all!("logs");
static WRITE_ALL_DEFAULT: Statement = append_all!("logs_default");

/// Writes many lines; returns how many.
pub fn write_all(tenant: &str, lines: &[Line<'_>]) -> StateResult<u64> {
    let executions: Vec<Option<&str>> = lines.iter().map(|line| line.execution_id).collect();
    check_exist(tenant, once(&executions))?;
    let now = now();
    let times: Vec<Option<i64>> = lines
        .iter()
        .map(|line| Some(line.logged_at.unwrap_or(now)))
        .collect();
    let steps: Vec<Option<&str>> = lines.iter().map(|line| line.step_id).collect();
    let levels: Vec<Option<&str>> = lines.iter().map(|line| Some(line.level)).collect();
    let messages: Vec<Option<&str>> = lines.iter().map(|line| Some(line.message)).collect();
    let data: Vec<Option<&[u8]>> = lines.iter().map(|line| line.data).collect();
    let params = [
        Param::Text(Some(tenant)),
        Param::Texts(&executions),
        Param::TimestamptzArray(&times),
        Param::Texts(&steps),
        Param::Texts(&levels),
        Param::Texts(&messages),
        Param::JsonbArray(&data),
    ];
    append_many(&TABLE, [&WRITE_ALL_DEFAULT, &WRITE_ALL], &params)
}

/// Finding an execution by a statement of its own would take longer than writing the line.
pub(in crate::store) static EXECUTIONS: Index = Index {
    table: c"executions",
    name: c"executions_pkey",
    columns: [c"tenant", c"execution_id"],
};

/// Refuses executions that do not exist now, whatever the transaction's snapshot shows: the first of them. They are
/// not locked.
pub(in crate::store) fn check_exist<'a>(
    tenant: &str,
    ids: impl Iterator<Item = &'a str>,
) -> StateResult<()> {
    let mut ids = ids.peekable();
    if ids.peek().is_none() {
        return Ok(());
    }
    match EXECUTIONS.missing(tenant, ids) {
        Some(one) if one.is_seen => Err(StateError::execution_deleted(one.key)),
        Some(one) => Err(StateError::execution_not_found(one.key, tenant)),
        None => Ok(()),
    }
}

/// Each that is named once, in order.
pub(in crate::store) fn once<'a>(ids: &[Option<&'a str>]) -> impl Iterator<Item = &'a str> {
    let mut seen = HashSet::new();
    ids.iter()
        .flatten()
        .copied()
        .filter(move |id| seen.insert(*id))
}
