//! Counts, moments and sketch together: what the aggregate builds and the accessors ask.

use super::mapping::{MAX_DURATION, Mapping, STEPS};
use super::moments::Moments;
use super::sketch::{Buffer, Sketch};
use crate::core::{Code, Error, Result, StateError};

/// Why one summary cannot be counted with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// A sum does not fit.
    TooLarge,
    /// The two relative errors, in hundredths of a percent.
    Errors(u16, u16),
    /// There is no memory for the buckets of both.
    OutOfMemory,
}

/// What is known of a number of tasks.
#[derive(Debug, Clone)]
pub struct Summary<B> {
    total: u64,
    succeeded: u64,
    moments: Moments,
    min: f64,
    max: f64,
    sketch: Sketch<B>,
}

/// The duration, if it is one: a number of milliseconds from 0 to [`MAX_DURATION`]. Minus zero is zero.
#[inline]
pub fn valid(duration: Option<f64>) -> Option<f64> {
    duration
        .filter(|d| (0.0..=MAX_DURATION).contains(d))
        .map(|d| d + 0.0)
}

impl<B: Buffer> Summary<B> {
    /// Of no tasks yet.
    pub fn new(mapping: Mapping, buffer: B) -> Self {
        Summary {
            total: 0,
            succeeded: 0,
            moments: Moments::default(),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            sketch: Sketch::new(mapping, buffer),
        }
    }

    /// Counts a task.
    #[inline]
    pub fn add(&mut self, success: bool, duration: Option<f64>) -> Result<()> {
        let duration = valid(duration);
        if let Some(duration) = duration {
            self.sketch.add(duration)?;
        }
        self.total += 1;
        self.succeeded += u64::from(success);
        if let Some(duration) = duration {
            self.moments.add(duration);
            // Not f64::min: neither is NaN, and this is one instruction.
            if duration < self.min {
                self.min = duration;
            }
            if duration > self.max {
                self.max = duration;
            }
        }
        Ok(())
    }

    /// Takes back what [`Summary::add`] counted, but for the extremes, which the caller then sets.
    pub fn remove(&mut self, success: bool, duration: Option<f64>) {
        self.total = self.total.wrapping_sub(1);
        self.succeeded = self.succeeded.wrapping_sub(u64::from(success));
        if let Some(duration) = valid(duration) {
            self.moments.remove(duration);
            self.sketch.remove(duration);
        }
    }

    /// Counts the tasks of another summary, too; on refusal this one is as it was, but where memory was short.
    pub fn merge<O: Buffer>(&mut self, other: &Summary<O>) -> std::result::Result<(), Overflow> {
        let (own, others) = (self.mapping().error(), other.mapping().error());
        if own != others {
            return Err(Overflow::Errors(own, others));
        }
        let total = self.total.checked_add(other.total);
        let moments = self.moments.plus(&other.moments);
        let (Some(total), Some(moments)) = (total, moments) else {
            return Err(Overflow::TooLarge);
        };
        self.total = total;
        self.succeeded += other.succeeded;
        self.moments = moments;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        for (index, count) in other.sketch.buckets() {
            let added = self.sketch.add_to(index, count);
            added.map_err(|_| Overflow::OutOfMemory)?;
        }
        Ok(())
    }

    /// Takes back what [`Summary::merge`] counted, but for the extremes, which the caller then sets.
    pub fn unmerge<O: Buffer>(&mut self, other: &Summary<O>) {
        self.total = self.total.wrapping_sub(other.total);
        self.succeeded = self.succeeded.wrapping_sub(other.succeeded);
        self.moments.subtract(&other.moments);
        for (index, count) in other.sketch.buckets() {
            self.sketch.take_from(index, count);
        }
    }

    /// Says what the extremes are now.
    pub fn set_extremes(&mut self, min: Option<f64>, max: Option<f64>) {
        self.min = min.unwrap_or(f64::INFINITY);
        self.max = max.unwrap_or(f64::NEG_INFINITY);
    }

    /// Puts together what was stored; the caller vouches that the parts agree.
    pub(super) fn from_parts(
        (total, succeeded): (u64, u64),
        moments: Moments,
        (min, max): (f64, f64),
        sketch: Sketch<B>,
    ) -> Self {
        Summary {
            total,
            succeeded,
            moments,
            min,
            max,
            sketch,
        }
    }

    /// Tasks.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Tasks that succeeded.
    pub fn succeeded(&self) -> u64 {
        self.succeeded
    }

    /// Tasks that failed.
    pub fn failed(&self) -> u64 {
        self.total.saturating_sub(self.succeeded)
    }

    /// Tasks with a duration.
    pub fn measured(&self) -> u64 {
        self.moments.count
    }

    /// Share of tasks that succeeded, from 0 to 1.
    pub fn success_rate(&self) -> Option<f64> {
        (self.total > 0).then(|| self.succeeded as f64 / self.total as f64)
    }

    /// Sums of the durations.
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// Shortest duration.
    pub fn min(&self) -> Option<f64> {
        (self.measured() > 0).then_some(self.min)
    }

    /// Longest duration.
    pub fn max(&self) -> Option<f64> {
        (self.measured() > 0).then_some(self.max)
    }

    /// The buckets' mapping.
    pub fn mapping(&self) -> &Mapping {
        self.sketch.mapping()
    }

    /// The sketch.
    pub fn sketch(&self) -> &Sketch<B> {
        &self.sketch
    }

    /// The duration that a share `q` of all durations does not exceed, as SQL's `percentile_disc`, within the
    /// relative error; exact at both ends. `q` is from 0 to 1.
    pub fn percentile(&self, q: f64) -> Option<f64> {
        let count = self.measured();
        if count == 0 {
            return None;
        }
        let wanted = (q * count as f64).ceil() as u64;
        if wanted <= 1 {
            return Some(self.min);
        }
        if wanted >= count {
            return Some(self.max);
        }
        let mut seen = 0_u64;
        for (index, in_bucket) in self.sketch.buckets() {
            seen = seen.saturating_add(in_bucket);
            if seen >= wanted {
                return Some(self.mapping().value(index).clamp(self.min, self.max));
            }
        }
        Some(self.max)
    }

    /// Share of durations that do not exceed one that is within the relative error of `duration`.
    pub fn percentile_rank(&self, duration: f64) -> Option<f64> {
        let count = self.measured();
        if count == 0 || duration.is_nan() {
            return None;
        }
        if duration < self.min {
            return Some(0.0);
        }
        if duration >= self.max {
            return Some(1.0);
        }
        let last = self.mapping().index(duration);
        let below: u64 = self
            .sketch
            .buckets()
            .take_while(|(index, _)| *index <= last)
            .map(|(_, in_bucket)| in_bucket)
            .sum();
        Some(below as f64 / count as f64)
    }
}

impl From<Overflow> for StateError {
    fn from(overflow: Overflow) -> Self {
        match overflow {
            Overflow::TooLarge => Self::new(
                Code::LimitExceeded,
                "routing statistics are too large to be merged",
            )
            .detail("Their sums do not fit the stored form."),
            Overflow::OutOfMemory => Self::statistics(Error::OutOfMemory),
            Overflow::Errors(one, other) => {
                Self::invalid("routing statistics have different relative errors")
                    .detail(format!(
                        "They are {} and {}.",
                        f64::from(one) / STEPS,
                        f64::from(other) / STEPS
                    ))
                    .hint("Merge only statistics that were collected with the same relative error.")
            }
        }
    }
}

/// Of no tasks, with the default relative error.
pub fn of_none() -> Summary<Vec<u64>> {
    Summary::new(Mapping::default(), Vec::new())
}
