//! The time that a report is about, in equal intervals that begin at round times.

use crate::core::looking::times::{DAY, HOUR, MINUTE, SECOND};
use crate::core::{StateError, StateResult};

/// Most intervals.
const MOST: i64 = 60;
/// Lengths of an interval.
const LENGTHS: [i64; 17] = [
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    28 * DAY,
];
/// Of a window whose beginning is not given.
const BY_DEFAULT: i64 = DAY;
/// The longest: 100 years.
const LONGEST: i64 = 36_525 * DAY;

/// From the beginning of the interval that holds `since`, up to `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Beginning of the first interval.
    pub from: i64,
    /// End; the last interval may be cut off by it.
    pub to: i64,
    /// Length of an interval.
    pub step: i64,
}

impl Window {
    /// Of what was asked for; refuses what is no span of time.
    pub fn new(since: Option<i64>, until: Option<i64>, now: i64) -> StateResult<Window> {
        let infinite = |at: Option<i64>| at.is_some_and(|at| at == i64::MIN || at == i64::MAX);
        if infinite(since) || infinite(until) {
            return Err(StateError::invalid("since and until must be finite")
                .hint("Give a time, such as now() - interval '7 days', or leave it out."));
        }
        let to = until.unwrap_or(now);
        let from = since.unwrap_or_else(|| to.saturating_sub(BY_DEFAULT));
        if from >= to {
            return Err(StateError::invalid("since must be before until")
                .hint("until is now unless given; since a day before it."));
        }
        let length = to.saturating_sub(from);
        if length > LONGEST {
            return Err(StateError::invalid("since is out of range")
                .detail("It must be at most 100 years before until."));
        }
        let fits = |step: &&i64| length <= **step * (MOST - 1);
        let rounded = length / (MOST - 1) / (28 * DAY) * 28 * DAY + 28 * DAY;
        let step = LENGTHS.iter().find(fits).copied().unwrap_or(rounded);
        // 2000-01-01 was a Saturday; weeks begin on Monday.
        let origin = if step % (7 * DAY) == 0 { 2 * DAY } else { 0 };
        let from = (from - origin).div_euclid(step) * step + origin;
        Ok(Window { from, to, step })
    }

    /// The beginnings of its intervals.
    pub fn starts(self) -> impl Iterator<Item = i64> {
        let step = usize::try_from(self.step).unwrap_or(usize::MAX);
        (self.from..self.to).step_by(step)
    }
}
