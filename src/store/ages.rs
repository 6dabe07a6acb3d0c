//! Ages, which only the server can subtract from a time.

use crate::core::StateResult;
use crate::pg::spi::{Interval, Mode, Param, Statement, Type};

static BEFORE: Statement = Statement::new("SELECT pg_catalog.now() {-} $1", &[Type::Interval]);

/// The time an age ago, in the server's microseconds.
pub(in crate::store) fn before(age: Option<Interval>) -> StateResult<Option<i64>> {
    let Some(age) = age else { return Ok(None) };
    let found = BEFORE.one(Mode::Read, &[Param::Interval(Some(age))], |row| {
        Ok(row.micros(0))
    })?;
    Ok(found.flatten())
}
