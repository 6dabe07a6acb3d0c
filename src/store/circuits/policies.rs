//! `wfstate.circuit_policies`: what circuits go by.

use crate::core::StateResult;
use crate::core::circuit::{Kind, Options, Policy};
use crate::pg::spi::{Interval, Mode, Param, Row, Statement, Type};
use crate::store::circuits::rows::Agent;

macro_rules! option_columns {
    () => {
        "p.failure_rate, p.slow_call_rate, p.slow_call_duration, p.window_kind, p.window_size, p.minimum_calls,
         p.open_wait, p.open_wait_multiplier, p.open_wait_max, p.half_open_permits, p.half_open_max_wait"
    };
}

/// Reads the columns of `option_columns!`, where they begin.
pub(in crate::store) fn options(row: &Row<'_>, column: usize) -> Options<'static> {
    Options {
        failure_rate: row.float8(column),
        slow_call_rate: row.float8(column + 1),
        slow_call_duration: row.interval(column + 2),
        window_kind: row
            .text(column + 3)
            .and_then(|kind| Kind::parse(&kind))
            .map(Kind::as_str),
        window_size: row.int4(column + 4),
        minimum_calls: row.int4(column + 5),
        open_wait: row.interval(column + 6),
        open_wait_multiplier: row.float8(column + 7),
        open_wait_max: row.interval(column + 8),
        half_open_permits: row.int4(column + 9),
        half_open_max_wait: row.interval(column + 10),
    }
}

/// With the policy's own expression, so that the server compares the tenant once. One scan of an index for two
/// rows takes less than two joins.
static EFFECTIVE: Statement = Statement::new(
    concat!(
        "SELECT ",
        option_columns!(),
        ", p.agent_key {<>} $2 FROM wfstate.circuit_policies AS p
          WHERE p.tenant {=} wfstate.current_tenant() AND p.agent_key {=} ANY (ARRAY[$2, '*'])"
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
pub fn effective(mode: Mode, agent: Agent<'_>) -> StateResult<Policy> {
    let (mut own, mut inherited) = (Options::default(), Options::default());
    EFFECTIVE.each(mode, &agent.params(), |row| {
        if row.bool(11).unwrap_or_default() {
            inherited = options(row, 0);
        } else {
            own = options(row, 0);
        }
        Ok(())
    })?;
    Ok(Policy::with(&own.over(inherited)))
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
    let duration = |micros: Option<i64>| Param::Interval(micros.map(Interval::of_micros));
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
