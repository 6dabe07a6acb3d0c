//! Ages, which only the server can subtract from a time.

use crate::core::StateResult;
use crate::pg::spi::{Interval, Mode, Param, Statement, Type};

static BEFORE: Statement = Statement::new(
    "SELECT coalesce($2, pg_catalog.now()) {-} $1",
    &[Type::Interval, Type::Timestamptz],
);

/// The time an age ago, in the server's microseconds.
pub fn before(age: Option<Interval>) -> StateResult<Option<i64>> {
    before_at(age, None)
}

/// The time an age before another.
pub fn before_at(age: Option<Interval>, as_of: Option<i64>) -> StateResult<Option<i64>> {
    let Some(age) = age else { return Ok(None) };
    let params = [Param::Interval(Some(age)), Param::Timestamptz(as_of)];
    let found = BEFORE.one(Mode::Read, &params, |row| Ok(row.micros(0)))?;
    Ok(found.flatten())
}
