//! When the states of a SQLite file were saved.

use crate::core::jsonb::{self, Value};
use crate::pg::time;
use crate::store::sqlite::{Cell, Row};

/// A time as SQLite keeps it: text, of UTC where it has no offset, or a number since 1970. Seconds, milliseconds,
/// microseconds and nanoseconds are told apart by their size: each is taken for what lies between 1973 and 5138.
pub(super) fn saved_at(cell: &Cell) -> Option<i64> {
    /// 2000-01-01, from which the server counts, in microseconds since 1970.
    const EPOCH: i128 = 946_684_800_000_000;
    const MILLIS: u128 = 100_000_000_000;
    const MICROS: u128 = MILLIS * 1000;
    const NANOS: u128 = MICROS * 1000;
    let micros = match cell {
        Cell::Text(text) => return read_time(text),
        Cell::Integer(number) => {
            let number = i128::from(*number);
            match number.unsigned_abs() {
                0..MILLIS => number * 1_000_000,
                MILLIS..MICROS => number * 1000,
                MICROS..NANOS => number,
                _ => number / 1000,
            }
        }
        Cell::Real(number) => {
            let micros = match number.abs() {
                size if size < MILLIS as f64 => number * 1e6,
                size if size < MICROS as f64 => number * 1e3,
                size if size < NANOS as f64 => *number,
                _ => number / 1e3,
            };
            micros.round() as i128
        }
        Cell::Null | Cell::Blob => return None,
    };
    let micros = micros - EPOCH;
    (micros.abs() < 9_000_000_000_000_000)
        .then(|| i64::try_from(micros).ok())
        .flatten()
}

fn read_time(text: &str) -> Option<i64> {
    let text = text.trim().replacen(' ', "T", 1);
    let Some((_, clock)) = text.split_once('T') else {
        // A date alone is when that day began; in this form only, as others depend on the session.
        let is_date = text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2;
        let is_date = is_date && text.as_bytes().get(4) == Some(&b'-');
        return is_date.then(|| time::read(&format!("{text}T00:00:00Z")))?;
    };
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
