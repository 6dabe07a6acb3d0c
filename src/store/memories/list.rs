//! Listing memories, and forgetting them.

use crate::core::{StateError, StateResult, limits};
use crate::pg::spi::{Interval, Mode, Param, Row, Statement, Type};
use crate::store::ages;

static LIST: Statement = Statement::new(
    "SELECT m.memory_id, m.context, m.lesson, m.tool_name, m.confidence, m.times, m.tags,
            pg_catalog.cardinality(m.embedding), m.config, m.created_at, m.updated_at
       FROM wfstate.memories AS m WHERE m.tenant {=} $1 AND m.memory_id {>} $2
      ORDER BY m.memory_id LIMIT $3",
    &[Type::Text, Type::Int8, Type::Int8],
);

/// Gives `each` a page.
pub fn list(tenant: &str, after: Option<i64>, max_rows: i64, mut each: impl FnMut(&Row<'_>)) {
    let params = [
        Param::Text(Some(tenant)),
        Param::Int8(Some(after.unwrap_or(i64::MIN))),
        Param::Int8(Some(max_rows)),
    ];
    LIST.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
}

static CONFIDENCE: Statement = Statement::new(
    "UPDATE wfstate.memories AS m SET confidence = $3 WHERE m.tenant {=} $1 AND m.memory_id {=} $2",
    &[Type::Text, Type::Int8, Type::Float8],
);

/// Says how sure a memory is; false where there is none.
pub fn set_confidence(tenant: &str, memory_id: i64, confidence: f64) -> StateResult<bool> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Int8(Some(memory_id)),
        Param::Float8(Some(confidence)),
    ];
    Ok(CONFIDENCE.run(Mode::Write, &params)? > 0)
}

/// Planned for the values of each call, so that what is not given doesn't hide an index.
static FORGET: Statement = Statement::planned_each_time(
    "DELETE FROM wfstate.memories AS m
      WHERE m.tenant {=} $1 AND ($2 IS NULL OR m.memory_id {=} $2) AND ($3 IS NULL OR m.tool_name {=} $3)
        AND ($4 IS NULL OR m.updated_at {<} $4) AND ($5 IS NULL OR m.confidence {<=} $5)",
    &[
        Type::Text,
        Type::Int8,
        Type::Text,
        Type::Timestamptz,
        Type::Float8,
    ],
);

/// Removes the memories that all of these say. Returns how many.
pub fn forget(
    tenant: &str,
    memory_id: Option<i64>,
    tool_name: Option<&str>,
    older_than: Option<Interval>,
    max_confidence: Option<f64>,
) -> StateResult<u64> {
    let before = ages::before(older_than)?;
    if memory_id.is_none() && tool_name.is_none() && before.is_none() && max_confidence.is_none() {
        return Err(StateError::invalid(
            "memory_id, tool_name, older_than and max_confidence must not all be null",
        )
        .hint("Say what is to be forgotten; max_confidence => 1 is everything."));
    }
    let max_confidence = limits::within_range("max_confidence", max_confidence, (0.0, 1.0))?;
    let params = [
        Param::Text(Some(tenant)),
        Param::Int8(memory_id),
        Param::Text(tool_name),
        Param::Timestamptz(before),
        Param::Float8(max_confidence),
    ];
    FORGET.run(Mode::Latest, &params)
}
