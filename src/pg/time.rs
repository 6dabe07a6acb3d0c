//! Times: the clock, and the server's own reading of text.

use pgrx::datum::TimestampWithTimeZone;
use std::str::FromStr;

/// A finite time with its offset, as the server writes it into jsonb, in the server's microseconds. What depends
/// on the session (a time without an offset) or on the moment (`now`) is none.
pub fn read(text: &str) -> Option<i64> {
    let (_, clock) = text.split_once('T')?;
    if !text.starts_with(|c: char| c.is_ascii_digit()) || !clock.contains(['Z', '+', '-']) {
        return None;
    }
    let time = TimestampWithTimeZone::from_str(text).ok()?;
    let micros = time.into_inner();
    (micros != i64::MIN && micros != i64::MAX).then_some(micros)
}
