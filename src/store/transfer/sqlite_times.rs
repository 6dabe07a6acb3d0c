//! When the states of a SQLite file were saved.

use crate::core::jsonb::{self, Value};
use crate::pg::time;
use crate::store::sqlite::{Cell, Row};

/// A time as SQLite keeps it: text, of UTC where it has no offset, or seconds or milliseconds since 1970.
pub(super) fn saved_at(cell: &Cell) -> Option<i64> {
    /// 2000-01-01, from which the server counts.
    const EPOCH: f64 = 946_684_800.0;
    let seconds = match cell {
        Cell::Text(text) => return read_time(text),
        Cell::Integer(number) => *number as f64,
        Cell::Real(number) => *number,
        Cell::Null | Cell::Blob => return None,
    };
    let seconds = if seconds.abs() > 1e11 {
        seconds / 1000.0
    } else {
        seconds
    };
    let micros = (seconds - EPOCH) * 1e6;
    (micros.abs() < 9e15).then_some(micros as i64)
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
