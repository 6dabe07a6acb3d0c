//! Appending to `wfstate.metrics`. Nothing is locked, and nobody waits.

use crate::core::StateResult;
use crate::pg::partitions::Partitioned;
use crate::pg::spi::{Param, Statement, Type, now};
use crate::store::logs::write::{append_many, append_one, check_exist, once};

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

const TABLE: Partitioned = Partitioned {
    parent: c"metrics",
    default: c"metrics_default",
    positions: c"metrics_position_seq",
};

/// As the owner, below row-level security, with a tenant that the caller was found to be allowed. The position is
/// drawn before, since RETURNING takes longer; so does finding a partition where there is but one.
macro_rules! append {
    ($table:literal) => {
        Statement::new(
            concat!(
                "INSERT INTO wfstate.",
                $table,
                " (tenant, execution_id, recorded_at, name, value, unit, labels, position)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            ),
            &[
                Type::Text,
                Type::Text,
                Type::Timestamptz,
                Type::Text,
                Type::Float8,
                Type::Text,
                Type::Jsonb,
                Type::Int8,
            ],
        )
    };
}
static WRITE: Statement = append!("metrics");
static WRITE_DEFAULT: Statement = append!("metrics_default");

/// Records a measurement; returns its position.
pub fn write(tenant: &str, one: &Measurement<'_>) -> StateResult<i64> {
    let at = one.recorded_at.unwrap_or_else(now);
    let params = |position| {
        [
            Param::Text(Some(tenant)),
            Param::Text(one.execution_id),
            Param::Timestamptz(Some(at)),
            Param::Text(Some(one.name)),
            Param::Float8(Some(one.value)),
            Param::Text(one.unit),
            Param::Jsonb(one.labels),
            Param::Int8(Some(position)),
        ]
    };
    check_exist(tenant, one.execution_id.into_iter())?;
    append_one(&TABLE, [&WRITE_DEFAULT, &WRITE], params)
}

macro_rules! append_all {
    ($table:literal) => {
        Statement::new(
            concat!(
                "INSERT INTO wfstate.",
                $table,
                " (tenant, execution_id, recorded_at, name, value, unit, labels)
     SELECT $1, n.* FROM unnest($2, $3, $4, $5, $6, $7) AS n"
            ),
            &[
                Type::Text,
                Type::TextArray,
                Type::TimestamptzArray,
                Type::TextArray,
                Type::Float8Array,
                Type::TextArray,
                Type::JsonbArray,
            ],
        )
    };
}
static WRITE_ALL: Statement = append_all!("metrics");
static WRITE_ALL_DEFAULT: Statement = append_all!("metrics_default");

/// Records many measurements; returns how many.
pub fn write_all(tenant: &str, all: &[Measurement<'_>]) -> StateResult<u64> {
    let executions: Vec<Option<&str>> = all.iter().map(|one| one.execution_id).collect();
    check_exist(tenant, once(&executions))?;
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
    append_many(&TABLE, [&WRITE_ALL_DEFAULT, &WRITE_ALL], &params)
}
