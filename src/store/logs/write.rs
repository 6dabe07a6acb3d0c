//! Appending to `wfstate.logs`. Nothing is locked, and nobody waits.

use crate::core::{StateError, StateResult};
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Statement, Type, now};

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

/// As the owner, below row-level security, with a tenant that the caller was found to be allowed.
static WRITE: Statement = Statement::new(
    "INSERT INTO wfstate.logs AS l (tenant, execution_id, logged_at, step_id, level, message, data)
     SELECT $1, $2, $3, $4, $5, $6, $7
      WHERE $2 IS NULL
         OR EXISTS (SELECT FROM wfstate.executions AS e WHERE e.tenant {=} $1 AND e.execution_id {=} $2)
     RETURNING l.position",
    &[
        Type::Text,
        Type::Text,
        Type::Timestamptz,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Jsonb,
    ],
);

/// Writes a line; returns its position.
pub fn write(tenant: &str, line: &Line<'_>) -> StateResult<i64> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(line.execution_id),
        Param::Timestamptz(Some(line.logged_at.unwrap_or_else(now))),
        Param::Text(line.step_id),
        Param::Text(Some(line.level)),
        Param::Text(Some(line.message)),
        Param::Jsonb(line.data),
    ];
    let written = as_owner(|| WRITE.one(Mode::Write, &params, |row| Ok(row.int8(0))))?;
    written.flatten().ok_or_else(|| {
        StateError::execution_not_found(line.execution_id.unwrap_or_default(), tenant)
    })
}

static WRITE_ALL: Statement = Statement::new(
    "INSERT INTO wfstate.logs (tenant, execution_id, logged_at, step_id, level, message, data)
     SELECT $1, n.* FROM unnest($2, $3, $4, $5, $6, $7) AS n",
    &[
        Type::Text,
        Type::TextArray,
        Type::TimestamptzArray,
        Type::TextArray,
        Type::TextArray,
        Type::TextArray,
        Type::JsonbArray,
    ],
);

/// Writes many lines; returns how many.
pub fn write_all(tenant: &str, lines: &[Line<'_>]) -> StateResult<u64> {
    let executions: Vec<Option<&str>> = lines.iter().map(|line| line.execution_id).collect();
    check_exist(tenant, &executions)?;
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
    as_owner(|| WRITE_ALL.run(Mode::Write, &params))
}

/// The first that does not exist. By a subquery for each, which is a look-up whatever the planner knows of the tenant.
static MISSING: Statement = Statement::new(
    "SELECT n.id FROM unnest($2) WITH ORDINALITY AS n (id, number)
      WHERE (SELECT true FROM wfstate.executions AS e WHERE e.tenant {=} $1 AND e.execution_id {=} n.id) IS NULL
      ORDER BY n.number LIMIT 1",
    &[Type::Text, Type::TextArray],
);

/// Refuses a batch that names an execution which does not exist.
pub(in crate::store) fn check_exist(tenant: &str, ids: &[Option<&str>]) -> StateResult<()> {
    let mut named: Vec<Option<&str>> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for id in ids.iter().flatten() {
        if seen.insert(*id) {
            named.push(Some(id));
        }
    }
    if named.is_empty() {
        return Ok(());
    }
    let params = [Param::Text(Some(tenant)), Param::Texts(&named)];
    let missing = as_owner(|| MISSING.one(Mode::Write, &params, |row| Ok(row.text(0))))?;
    match missing.flatten() {
        Some(id) => Err(StateError::execution_not_found(&id, tenant)),
        None => Ok(()),
    }
}
