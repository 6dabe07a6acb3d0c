//! When the states of a SQLite file were saved.

use crate::core::jsonb::{self, Value};
use crate::pg::time;
use crate::store::sqlite::{Cell, Row};

/// A time as SQLite keeps it: text, of UTC where it has no offset, or seconds or milliseconds since 1970.
pub(super) fn saved_at(cell: &Cell) -> Option<i64> {
    /// 2000-01-01, from which the server counts, in microseconds since 1970.
    const EPOCH: i128 = 946_684_800_000_000;
    let micros = match cell {
        Cell::Text(text) => return read_time(text),
        // Seconds and milliseconds are told apart by their size.
        Cell::Integer(number) if number.unsigned_abs() > 100_000_000_000 => {
            i128::from(*number) * 1000
        }
        Cell::Integer(number) => i128::from(*number) * 1_000_000,
        Cell::Real(number) if number.abs() > 1e11 => (number * 1e3).round() as i128,
        Cell::Real(number) => (number * 1e6).round() as i128,
        Cell::Null | Cell::Blob => return None,
    };
    let micros = micros - EPOCH;
    (micros.abs() < 9_000_000_000_000_000)
        .then(|| i64::try_from(micros).ok())
        .flatten()
}

fn read_time(text: &str) -> Option<i64> {
    let text = text.trim().replacen(' ', "T", 1);
    let (_, clock) = text.split_once('T')?;
    if clock.contains(['Z', '+', '-']) {
        time::read(&text)
    } else {
        time::read(&format!("{text}Z"))
    }
}

/// LangGraph's checkpoints tell their time themselves.
pub(super) fn said_within(row: &Row<'_>, state: &[u8]) -> Option<i64> {
    if row.table != "checkpoints" {
        return None;
    }
    let Value::Object(members) = jsonb::root(state).ok()? else {
        return None;
    };
    match members.get(b"ts").ok()?? {
        Value::String(text) => read_time(std::str::from_utf8(text).ok()?),
        _ => None,
    }
}
