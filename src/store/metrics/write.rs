//! Appending to `wfstate.metrics`. Nothing is locked, and nobody waits.

use crate::core::{StateError, StateResult};
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Statement, Type, now};
use crate::store::logs::write::check_exist;

/// A measurement.
pub struct Measurement<'a> {
    /// Execution; `None`: of a service.
    pub execution_id: Option<&'a str>,
    /// What it is a measurement of.
    pub name: &'a str,
    /// What was measured.
    pub value: f64,
    /// Unit of the value.
    pub unit: Option<&'a str>,
    /// What tells it from others of the name.
    pub labels: Option<&'a [u8]>,
    /// When, in the server's microseconds; `None`: now.
    pub recorded_at: Option<i64>,
}

/// As the owner, below row-level security, with a tenant that the caller was found to be allowed.
static WRITE: Statement = Statement::new(
    "INSERT INTO wfstate.metrics AS m (tenant, execution_id, recorded_at, name, value, unit, labels)
     SELECT $1, $2, $3, $4, $5, $6, $7
      WHERE $2 IS NULL
         OR EXISTS (SELECT FROM wfstate.executions AS e WHERE e.tenant {=} $1 AND e.execution_id {=} $2)
     RETURNING m.position",
    &[
        Type::Text,
        Type::Text,
        Type::Timestamptz,
        Type::Text,
        Type::Float8,
        Type::Text,
        Type::Jsonb,
    ],
);

/// Records a measurement; returns its position.
pub fn write(tenant: &str, one: &Measurement<'_>) -> StateResult<i64> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(one.execution_id),
        Param::Timestamptz(Some(one.recorded_at.unwrap_or_else(now))),
        Param::Text(Some(one.name)),
        Param::Float8(Some(one.value)),
        Param::Text(one.unit),
        Param::Jsonb(one.labels),
    ];
    let written = as_owner(|| WRITE.one(Mode::Write, &params, |row| Ok(row.int8(0))))?;
    written.flatten().ok_or_else(|| {
        StateError::execution_not_found(one.execution_id.unwrap_or_default(), tenant)
    })
}

static WRITE_ALL: Statement = Statement::new(
    "INSERT INTO wfstate.metrics (tenant, execution_id, recorded_at, name, value, unit, labels)
     SELECT $1, n.* FROM unnest($2, $3, $4, $5, $6, $7) AS n",
    &[
        Type::Text,
        Type::TextArray,
        Type::TimestamptzArray,
        Type::TextArray,
        Type::Float8Array,
        Type::TextArray,
        Type::JsonbArray,
    ],
);

/// Records many measurements; returns how many.
pub fn write_all(tenant: &str, all: &[Measurement<'_>]) -> StateResult<u64> {
    let executions: Vec<Option<&str>> = all.iter().map(|one| one.execution_id).collect();
    check_exist(tenant, &executions)?;
    let now = now();
    let times: Vec<Option<i64>> = all
        .iter()
        .map(|one| Some(one.recorded_at.unwrap_or(now)))
        .collect();
    let names: Vec<Option<&str>> = all.iter().map(|one| Some(one.name)).collect();
    let values: Vec<Option<f64>> = all.iter().map(|one| Some(one.value)).collect();
    let units: Vec<Option<&str>> = all.iter().map(|one| one.unit).collect();
    let labels: Vec<Option<&[u8]>> = all.iter().map(|one| one.labels).collect();
    let params = [
        Param::Text(Some(tenant)),
        Param::Texts(&executions),
        Param::TimestamptzArray(&times),
        Param::Texts(&names),
        Param::Float8Array(&values),
        Param::Texts(&units),
        Param::JsonbArray(&labels),
    ];
    as_owner(|| WRITE_ALL.run(Mode::Write, &params))
}
