//! Logs and metrics: what a line and a measurement may be, buckets of time, and cursors.

use super::limits::{self, MAX_BATCH_BYTES, quoted, required, too_large, unknown};
use super::{Code, StateError, StateResult};

/// The levels of a log, the least grave first.
pub const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "fatal"];
/// What others call two of them.
const ALIASES: [(&str, &str); 2] = [("warning", "warn"), ("critical", "fatal")];
/// Where those begin that an index has by time.
const SEVERE: usize = 3;
/// Longest message, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;
/// Largest data of a line, in bytes of binary jsonb.
const MAX_DATA: usize = 1024 * 1024;
/// Greatest value measured: sums of squares of any number of them stay within a double's range.
const MAX_VALUE: f64 = 1e100;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Longest bucket, in days.
const LONGEST_BUCKET: i64 = 1000 * 366;

/// A level, by one of its names, as it was given for an argument.
pub fn level<'a>(argument: &str, value: Option<&'a str>) -> StateResult<&'a str> {
    let value = required(argument, value)?;
    if LEVELS.contains(&value) {
        return Ok(value);
    }
    let alias = ALIASES.iter().find(|(alias, _)| *alias == value);
    alias
        .map(|(_, level)| *level)
        .ok_or_else(|| unknown(argument, value, &LEVELS))
}

/// A level and graver ones, and whether an index has them by time.
pub fn from_level(value: &str) -> (Vec<String>, bool) {
    let first = LEVELS.iter().position(|level| *level == value).unwrap_or(0);
    let graver = LEVELS.iter().skip(first);
    (
        graver.map(|level| (*level).to_owned()).collect(),
        first >= SEVERE,
    )
}

/// What a line says.
pub fn message<'a>(argument: &str, value: Option<&'a str>) -> StateResult<&'a str> {
    limits::within(argument, required(argument, value)?, MAX_MESSAGE)
}

/// What belongs to a line.
pub fn data<'a>(argument: &str, value: Option<&'a [u8]>) -> StateResult<Option<&'a [u8]>> {
    match value {
        Some(bytes) if bytes.len() > MAX_DATA => Err(too_large(argument, bytes.len(), MAX_DATA)
            .hint("Save what is large as a state, and log its id.")),
        other => Ok(other),
    }
}

/// Lines of one call together.
pub fn batch_bytes(size: usize) -> StateResult<()> {
    if size > MAX_BATCH_BYTES {
        return Err(
            StateError::new(Code::LimitExceeded, "batch of lines is too large")
                .detail(format!(
                    "Its messages and data take more than the {MAX_BATCH_BYTES} bytes that are allowed."
                ))
                .hint("Send several batches."),
        );
    }
    Ok(())
}

/// A measured value.
pub fn value(argument: &str, value: Option<f64>) -> StateResult<f64> {
    let value = required(argument, value)?;
    if !value.is_finite() {
        return Err(StateError::invalid(format!("{argument} must be finite"))
            .detail(format!("It is {value}."))
            .hint("Leave out what could not be measured."));
    }
    if value.abs() > MAX_VALUE {
        return Err(StateError::invalid(format!("{argument} is out of range"))
            .detail(format!(
                "It is {value:e}, but must be between -{MAX_VALUE:e} and {MAX_VALUE:e}."
            ))
            .hint("Choose a larger unit."));
    }
    Ok(value)
}

/// A time in the server's microseconds, which may be left out; the ends of its range stand for infinity.
pub fn time(argument: &str, value: Option<i64>) -> StateResult<Option<i64>> {
    match value {
        Some(i64::MIN | i64::MAX) => Err(StateError::invalid(format!("{argument} must be finite"))
            .hint("Give a time, or leave it out for now.")),
        other => Ok(other),
    }
}

/// A bucket of time, in microseconds.
pub fn bucket(months: i32, days: i32, micros: i64) -> StateResult<i64> {
    if months != 0 {
        return Err(StateError::invalid("bucket must not have months or years")
            .hint("Give a length of time that is always the same, such as interval '30 days'."));
    }
    let length = i64::from(days)
        .checked_mul(DAY)
        .and_then(|days| days.checked_add(micros));
    match length {
        Some(length) if length <= 0 => Err(StateError::invalid("bucket must be positive")
            .hint("Give a length of time, such as interval '1 hour'.")),
        Some(length) if length <= LONGEST_BUCKET * DAY => Ok(length),
        _ => Err(StateError::invalid("bucket is out of range")
            .detail("It must be at most 1000 years.")
            .hint("Give a length of time, such as interval '1 hour'.")),
    }
}

/// Of which list a cursor is, by its first letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Lines of logs.
    Lines,
    /// Measurements.
    Values,
}

impl Of {
    fn letter(self) -> char {
        match self {
            Of::Lines => 'l',
            Of::Values => 'v',
        }
    }
}

/// The cursor of a row: its list, its time and its position.
pub fn cursor(of: Of, at: i64, position: i64) -> String {
    format!("{}{at}:{position}", of.letter())
}

/// What a cursor says.
pub fn place(of: Of, cursor: Option<&str>) -> StateResult<Option<(i64, i64)>> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let own = cursor.strip_prefix(of.letter());
    let place = own
        .and_then(|own| own.split_once(':'))
        .and_then(|(at, position)| Some((at.parse().ok()?, position.parse().ok()?)));
    place.map(Some).ok_or_else(|| not_a_cursor(cursor))
}

/// A cursor of a list by group and bucket.
pub fn group_cursor(bucket: Option<i64>, group: &str) -> String {
    match bucket {
        Some(at) => format!("{at}:{group}"),
        None => format!(":{group}"),
    }
}

/// What such a cursor says.
pub fn group(cursor: Option<&str>) -> StateResult<Option<(Option<i64>, &str)>> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let found = cursor.split_once(':').and_then(|(at, group)| match at {
        "" => Some((None, group)),
        at => Some((Some(at.parse().ok()?), group)),
    });
    found.map(Some).ok_or_else(|| not_a_cursor(cursor))
}

fn not_a_cursor(cursor: &str) -> StateError {
    StateError::invalid(format!("after {} is not a cursor", quoted(cursor)))
        .hint("Pass the column cursor of the last row of the page before.")
}
