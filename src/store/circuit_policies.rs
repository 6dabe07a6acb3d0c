//! `wfstate.circuit_policies`: what circuits go by.

use crate::core::StateResult;
use crate::core::circuit::{Options, Policy};
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::circuit_rows::Agent;
use pgrx::IntoDatum;
use pgrx::datum::Interval;

/// The agent's own options over the tenant's, from `p` and `d`.
macro_rules! policy_columns {
    () => {
        "coalesce(p.failure_rate, d.failure_rate), coalesce(p.slow_call_rate, d.slow_call_rate),
         coalesce(p.slow_call_duration, d.slow_call_duration), coalesce(p.window_kind, d.window_kind),
         coalesce(p.window_size, d.window_size), coalesce(p.minimum_calls, d.minimum_calls),
         coalesce(p.open_wait, d.open_wait), coalesce(p.open_wait_multiplier, d.open_wait_multiplier),
         coalesce(p.open_wait_max, d.open_wait_max), coalesce(p.half_open_permits, d.half_open_permits),
         coalesce(p.half_open_max_wait, d.half_open_max_wait)"
    };
}
pub(super) use policy_columns;

/// Reads the columns of `policy_columns!`, where they begin.
pub(super) fn policy(row: &Row<'_>, column: usize) -> Policy {
    let window_kind = row.text(column + 3);
    Policy::with(&Options {
        failure_rate: row.float8(column),
        slow_call_rate: row.float8(column + 1),
        slow_call_duration: row.interval(column + 2),
        window_kind: window_kind.as_deref(),
        window_size: row.int4(column + 4),
        minimum_calls: row.int4(column + 5),
        open_wait: row.interval(column + 6),
        open_wait_multiplier: row.float8(column + 7),
        open_wait_max: row.interval(column + 8),
        half_open_permits: row.int4(column + 9),
        half_open_max_wait: row.interval(column + 10),
    })
}

static EFFECTIVE: Statement = Statement::new(
    concat!(
        "SELECT ",
        policy_columns!(),
        " FROM (SELECT) AS o
          LEFT JOIN wfstate.circuit_policies AS p
            ON p.tenant {=} wfstate.current_tenant() AND p.agent_key {=} $2
          LEFT JOIN wfstate.circuit_policies AS d
            ON d.tenant {=} wfstate.current_tenant() AND d.agent_key {=} '*'"
    ),
    &[Type::Text, Type::Text],
);
static CONFIGURE: Statement = Statement::new(
    "INSERT INTO wfstate.circuit_policies AS p
            (tenant, agent_key, failure_rate, slow_call_rate, slow_call_duration, window_kind, window_size,
             minimum_calls, open_wait, open_wait_multiplier, open_wait_max, half_open_permits,
             half_open_max_wait)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
     ON CONFLICT (tenant, agent_key) DO UPDATE
        SET failure_rate = coalesce(excluded.failure_rate, p.failure_rate),
            slow_call_rate = coalesce(excluded.slow_call_rate, p.slow_call_rate),
            slow_call_duration = coalesce(excluded.slow_call_duration, p.slow_call_duration),
            window_kind = coalesce(excluded.window_kind, p.window_kind),
            window_size = coalesce(excluded.window_size, p.window_size),
            minimum_calls = coalesce(excluded.minimum_calls, p.minimum_calls),
            open_wait = coalesce(excluded.open_wait, p.open_wait),
            open_wait_multiplier = coalesce(excluded.open_wait_multiplier, p.open_wait_multiplier),
            open_wait_max = coalesce(excluded.open_wait_max, p.open_wait_max),
            half_open_permits = coalesce(excluded.half_open_permits, p.half_open_permits),
            half_open_max_wait = coalesce(excluded.half_open_max_wait, p.half_open_max_wait),
            configured_by = excluded.configured_by, configured_at = excluded.configured_at",
    &[
        Type::Text,
        Type::Text,
        Type::Float8,
        Type::Float8,
        Type::Interval,
        Type::Text,
        Type::Int4,
        Type::Int4,
        Type::Interval,
        Type::Float8,
        Type::Interval,
        Type::Int4,
        Type::Interval,
    ],
);
static FORGET: Statement = Statement::new(
    "DELETE FROM wfstate.circuit_policies AS p WHERE p.tenant {=} $1 AND p.agent_key {=} $2",
    &[Type::Text, Type::Text],
);

/// The options in force for an agent.
pub fn effective(agent: Agent<'_>) -> StateResult<Policy> {
    let found = EFFECTIVE.one(Mode::Read, &agent.params(), |row| Ok(policy(row, 0)))?;
    Ok(found.unwrap_or_default())
}

/// Sets the options that are given; the others stay, or with `replace` are inherited again.
pub fn configure(agent: Agent<'_>, options: &Options<'_>, replace: bool) -> StateResult<()> {
    options.check()?;
    if replace {
        FORGET.run(Mode::Write, &agent.params())?;
    }
    if options.is_empty() {
        return Ok(());
    }
    let [tenant, key] = agent.params();
    let count = |value: Option<i32>| Param::Int4(value.map(i64::from));
    let duration = |micros: Option<i64>| {
        let interval = micros.and_then(|micros| Interval::new(0, 0, micros).ok());
        Param::Datum(interval.and_then(IntoDatum::into_datum))
    };
    let params = [
        tenant,
        key,
        Param::Float8(options.failure_rate),
        Param::Float8(options.slow_call_rate),
        duration(options.slow_call_duration),
        Param::Text(options.window_kind),
        count(options.window_size),
        count(options.minimum_calls),
        duration(options.open_wait),
        Param::Float8(options.open_wait_multiplier),
        duration(options.open_wait_max),
        count(options.half_open_permits),
        duration(options.half_open_max_wait),
    ];
    CONFIGURE.run(Mode::Write, &params)?;
    Ok(())
}
