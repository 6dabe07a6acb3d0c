//! When what has failed is tried again.

/// How often, and after what waits; in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Attempts that there are; `None` for no end.
    pub max_attempts: Option<i32>,
    /// Wait after the first.
    pub initial: f64,
    /// How many times as long the wait is after each.
    pub coefficient: f64,
    /// Longest wait.
    pub longest: f64,
}

/// The part of a wait that chance may add, so that what failed together is not tried again together.
const JITTER: f64 = 0.1;
/// Longest wait that there is: a hundred years.
const LONGEST: f64 = 3_155_760_000.0;

impl Policy {
    /// The wait after an attempt, counted from 1, in seconds; `None` where there is no other. `chance` is from 0 to 1.
    pub fn wait(&self, attempt: i32, chance: f64) -> Option<f64> {
        if self.max_attempts.is_some_and(|most| attempt >= most) {
            return None;
        }
        let grown = self.coefficient.powi(attempt.saturating_sub(1).max(0));
        // No wait at all stays none, however it grows.
        let wait = if self.initial > 0.0 {
            (self.initial * grown).min(self.longest)
        } else {
            0.0
        };
        let spread = 1.0 + JITTER * chance.clamp(0.0, 1.0);
        Some((wait * spread).clamp(0.0, LONGEST))
    }
}
