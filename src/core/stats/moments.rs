//! Sums of durations and of their squares, in integers: adding is exact, its order does not matter, and removing
//! undoes it. Floating-point sums would give parallel plans and moving windows results of their own.

use super::wide::{self, Wide};

/// A millisecond is kept as this many units (2^40): finer than a double can tell apart from 4 seconds on.
const UNITS: f64 = 1_099_511_627_776.0;
/// Durations below this many milliseconds have a square of 128 bits.
const SMALL: f64 = 8_388_608.0;
/// Below this many units, a double has a fraction to be rounded.
const FRACTIONAL: f64 = 4_503_599_627_370_496.0;

/// Sums over the durations that were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moments {
    /// Durations in the sums.
    pub count: u64,
    /// Sum of durations, in units.
    pub sum: u128,
    /// Sum of squares, in square units: low half.
    pub squares_low: u128,
    /// High half.
    pub squares_high: u128,
}

/// A duration in units, and its square.
#[inline]
fn units(duration: f64) -> (u128, u128, u128) {
    let scaled = duration * UNITS;
    if duration < SMALL {
        let rounded = if scaled < FRACTIONAL {
            scaled + 0.5
        } else {
            scaled
        };
        let units = u128::from(rounded as u64);
        return (units, units * units, 0);
    }
    let units = scaled as u128;
    let [a, b, c, d, ..] = wide::square(units);
    (
        units,
        u128::from(a) | u128::from(b) << 64,
        u128::from(c) | u128::from(d) << 64,
    )
}

impl Moments {
    /// Adds a duration.
    #[inline]
    pub fn add(&mut self, duration: f64) {
        let (units, low, high) = units(duration);
        self.count += 1;
        self.sum = self.sum.wrapping_add(units);
        let (low, carry) = self.squares_low.overflowing_add(low);
        self.squares_low = low;
        self.squares_high = self.squares_high.wrapping_add(high + u128::from(carry));
    }

    /// Takes a duration back.
    pub fn remove(&mut self, duration: f64) {
        let (units, low, high) = units(duration);
        self.subtract(&Moments {
            count: 1,
            sum: units,
            squares_low: low,
            squares_high: high,
        });
    }

    /// Adds other sums; `None` when that is more than can be held.
    pub fn plus(&self, other: &Self) -> Option<Self> {
        let (squares_low, carry) = self.squares_low.overflowing_add(other.squares_low);
        let squares_high = self.squares_high.checked_add(other.squares_high)?;
        Some(Moments {
            count: self.count.checked_add(other.count)?,
            sum: self.sum.checked_add(other.sum)?,
            squares_low,
            squares_high: squares_high.checked_add(u128::from(carry))?,
        })
    }

    /// Takes sums back that were added before.
    pub fn subtract(&mut self, other: &Self) {
        let (squares_low, borrow) = self.squares_low.overflowing_sub(other.squares_low);
        self.count = self.count.wrapping_sub(other.count);
        self.sum = self.sum.wrapping_sub(other.sum);
        self.squares_low = squares_low;
        self.squares_high = self
            .squares_high
            .wrapping_sub(other.squares_high)
            .wrapping_sub(u128::from(borrow));
    }

    /// Mean in milliseconds.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64 / UNITS)
    }

    /// Sum in milliseconds.
    pub fn total(&self) -> f64 {
        self.sum as f64 / UNITS
    }

    /// Standard deviation of the sample in milliseconds; from two durations on, as SQL's `stddev`.
    pub fn stddev(&self) -> Option<f64> {
        if self.count < 2 {
            return None;
        }
        // count * squares - sum * sum, without the cancellation that floating point would suffer.
        let spread = wide::minus(
            wide::times(self.squares(), self.count),
            wide::square(self.sum),
        );
        let pairs = self.count as f64 * (self.count - 1) as f64;
        Some((wide::to_f64(spread) / pairs).sqrt() / UNITS)
    }

    /// Whether so many durations between two bounds can have these sums. The sum of squares of numbers with a
    /// given sum is least when all are equal.
    pub fn plausible(&self, min: f64, max: f64) -> bool {
        let (count, (least, ..), (most, most_low, most_high)) =
            (u128::from(self.count), units(min), units(max));
        let within = least.checked_mul(count).is_some_and(|low| low <= self.sum)
            && most.checked_mul(count).is_none_or(|high| self.sum <= high);
        let largest = wide::times(wide_of(most_low, most_high), self.count);
        let spread = wide::times(self.squares(), self.count);
        within && !less(largest, self.squares()) && !less(spread, wide::square(self.sum))
    }

    fn squares(&self) -> Wide {
        wide_of(self.squares_low, self.squares_high)
    }
}

fn wide_of(low: u128, high: u128) -> Wide {
    [
        low as u64,
        (low >> 64) as u64,
        high as u64,
        (high >> 64) as u64,
        0,
        0,
    ]
}

fn less(a: Wide, b: Wide) -> bool {
    a.iter().rev().lt(b.iter().rev())
}
