//! Routing decisions: their ids and their hours.

use super::limits::required;
use super::{StateError, StateResult};

/// Microseconds from 1970, where UUIDs count from, to 2000, where the server's timestamps do.
const EPOCH: i64 = 946_684_800_000_000;
/// Microseconds of an hour: the statistics' bucket.
pub const HOUR: i64 = 3_600_000_000;
/// Greatest number of milliseconds that an id holds.
const MAX_MILLIS: i64 = (1 << 48) - 1;

/// An id that sorts by time (UUIDv7, RFC 9562): milliseconds, then the rest of the microsecond in twelve bits, then
/// chance. `at` is in the server's microseconds; times outside what an id can say become the nearest.
pub fn decision_id(at: i64, chance: [u8; 8]) -> [u8; 16] {
    let micros = at.saturating_add(EPOCH).clamp(0, MAX_MILLIS * 1000 + 999);
    let (millis, rest) = (micros as u64 / 1000, micros as u64 % 1000);
    let fraction = rest * 4096 / 1000;
    let high = millis << 16 | 0x7 << 12 | fraction;
    let low = u64::from_be_bytes(chance) >> 2 | 0b10 << 62;
    (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
}

/// An id as the server writes it.
pub fn id_text(id: [u8; 16]) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(id));
    let (mut text, mut rest) = (String::with_capacity(36), digits.as_str());
    for length in [8, 4, 4, 4] {
        let (group, after) = rest.split_at(length);
        text.push_str(group);
        text.push('-');
        rest = after;
    }
    text + rest
}

/// The id before all others of its microsecond.
pub fn first_id(at: i64) -> [u8; 16] {
    decision_id(at, [0; 8])
}

/// When the hour began that a time is in. Both in the server's microseconds.
pub fn hour(at: i64) -> i64 {
    at.div_euclid(HOUR).saturating_mul(HOUR)
}

/// When the first hour began that is not before a time.
pub fn hour_from(at: i64) -> i64 {
    hour(at.saturating_add(HOUR - 1))
}

/// A time that a decision can have been made at: finite, and from 1970 on.
pub fn decided_at(at: i64) -> StateResult<i64> {
    let micros = at.checked_add(EPOCH);
    match micros {
        Some(micros) if at != i64::MIN && (0..=MAX_MILLIS * 1000).contains(&micros) => Ok(at),
        _ => Err(StateError::invalid("decided_at is out of range")
            .hint("Give a finite time from 1970 on, or leave it out for now.")),
    }
}

/// A score, which may be left out.
pub fn score(value: Option<f64>) -> StateResult<Option<f64>> {
    match value {
        Some(score) if !score.is_finite() => Err(StateError::invalid("agent_score must be finite")
            .detail(format!("It is {score}."))
            .hint("Give a number, or NULL where there is no score.")),
        other => Ok(other),
    }
}

/// A share from 0 to 1.
pub fn share(argument: &str, value: Option<f64>) -> StateResult<f64> {
    let value = required(argument, value)?;
    if (0.0..=1.0).contains(&value) {
        return Ok(value);
    }
    Err(StateError::invalid(format!("{argument} is out of range"))
        .detail(format!("It is {value}, but must be between 0 and 1."))
        .hint("0.8 means 80 %."))
}

/// A number of attempts or tasks.
pub fn count(argument: &str, value: Option<i64>) -> StateResult<i64> {
    let value = required(argument, value)?;
    if value >= 0 {
        return Ok(value);
    }
    Err(
        StateError::invalid(format!("{argument} must not be negative"))
            .detail(format!("It is {value}."))
            .hint("Count from 0."),
    )
}
