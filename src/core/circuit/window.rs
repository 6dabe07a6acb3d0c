//! The outcomes that a circuit remembers: of the last n calls, or of the calls of the last n seconds.

use super::policy::Policy;
use std::collections::VecDeque;

const MICROS_PER_SECOND: i64 = 1_000_000;
/// Most buckets of a time window: those of longer ones hold several seconds each.
const MAX_BUCKETS: u32 = 120;

/// What a window counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The last n calls.
    Calls,
    /// The calls of the last n seconds.
    Time,
}

impl Kind {
    /// As the option names it.
    pub fn parse(text: &str) -> Option<Kind> {
        match text {
            "count" => Some(Kind::Calls),
            "time" => Some(Kind::Time),
            _ => None,
        }
    }

    /// As the option names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Calls => "count",
            Kind::Time => "time",
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// It failed.
    pub failed: bool,
    /// It was slow, failed or not.
    pub slow: bool,
}

/// How many calls a window holds, and how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All.
    pub calls: u32,
    /// Those that failed.
    pub failures: u32,
    /// Those that were slow, failed or not.
    pub slow: u32,
}

impl Counts {
    fn add(&mut self, outcome: Outcome) {
        self.join(Counts {
            calls: 1,
            failures: outcome.failed.into(),
            slow: outcome.slow.into(),
        });
    }

    fn join(&mut self, other: Counts) {
        self.calls = self.calls.saturating_add(other.calls);
        self.failures = self.failures.saturating_add(other.failures);
        self.slow = self.slow.saturating_add(other.slow);
    }

    /// Share of failures, where there were calls.
    pub fn failure_rate(self) -> Option<f64> {
        (self.calls > 0).then(|| f64::from(self.failures) / f64::from(self.calls))
    }

    /// Share of slow calls, where there were calls.
    pub fn slow_call_rate(self) -> Option<f64> {
        (self.calls > 0).then(|| f64::from(self.slow) / f64::from(self.calls))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) slot: i64,
    pub(super) counts: Counts,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// Oldest first.
    Calls(VecDeque<Outcome>),
    /// Oldest first; a slot without calls has no bucket.
    Time(VecDeque<Bucket>),
}

/// A window of outcomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub(super) size: u32,
    pub(super) held: Held,
}

impl Window {
    /// An empty window of calls or seconds.
    pub fn new(kind: Kind, size: u32) -> Window {
        let held = match kind {
            Kind::Calls => Held::Calls(VecDeque::new()),
            Kind::Time => Held::Time(VecDeque::new()),
        };
        Window { size, held }
    }

    /// An empty window as the policy wants it while the circuit is closed.
    pub fn closed(policy: &Policy) -> Window {
        Window::new(policy.window_kind, policy.window_size)
    }

    /// Makes it the window that the policy wants now. Another size keeps the newest outcomes; another kind
    /// begins anew, since neither says what the other counts.
    pub fn fit(&mut self, kind: Kind, size: u32) {
        match &mut self.held {
            Held::Calls(outcomes) if kind == Kind::Calls => {
                let most = usize::try_from(size).unwrap_or(usize::MAX);
                outcomes.drain(..outcomes.len().saturating_sub(most));
            }
            // Buckets of another width cannot be told apart.
            Held::Time(_) if kind == Kind::Time && width(self.size) == width(size) => {}
            _ => *self = Window::new(kind, size),
        }
        self.size = size;
    }

    /// Takes an outcome in, and lets go of what the window does not cover any more.
    pub fn record(&mut self, now: i64, outcome: Outcome) {
        match &mut self.held {
            Held::Calls(outcomes) => {
                outcomes.push_back(outcome);
                let most = usize::try_from(self.size).unwrap_or(usize::MAX);
                outcomes.drain(..outcomes.len().saturating_sub(most));
            }
            Held::Time(buckets) => {
                let range = covered(self.size, now, buckets);
                buckets.retain(|bucket| range.contains(&bucket.slot));
                let slot = *range.end();
                match buckets.back_mut() {
                    Some(last) if last.slot == slot => last.counts.add(outcome),
                    _ => {
                        let mut counts = Counts::default();
                        counts.add(outcome);
                        buckets.push_back(Bucket { slot, counts });
                    }
                }
            }
        }
    }

    /// What the window covers now.
    pub fn counts(&self, now: i64) -> Counts {
        let mut counts = Counts::default();
        match &self.held {
            Held::Calls(outcomes) => outcomes.iter().for_each(|outcome| counts.add(*outcome)),
            Held::Time(buckets) => {
                let range = covered(self.size, now, buckets);
                for bucket in buckets.iter().filter(|b| range.contains(&b.slot)) {
                    counts.join(bucket.counts);
                }
            }
        }
        counts
    }
}

/// Seconds of a bucket.
fn width(size: u32) -> u32 {
    size.div_ceil(MAX_BUCKETS)
}

/// Buckets that cover a window of so many seconds.
pub(super) fn slots(size: u32) -> u32 {
    size.div_ceil(width(size))
}

/// The slots that a time window covers. Where the clock has been set back a little, the newest bucket stays the
/// current one; what lies more than a window ahead is not believed, and not covered.
fn covered(size: u32, now: i64, buckets: &VecDeque<Bucket>) -> std::ops::RangeInclusive<i64> {
    let slots = i64::from(slots(size));
    let slot = now.div_euclid(i64::from(width(size)) * MICROS_PER_SECOND);
    let newest = buckets
        .iter()
        .rev()
        .map(|bucket| bucket.slot)
        .find(|newest| *newest <= slot.saturating_add(slots));
    let current = newest.map_or(slot, |newest| newest.max(slot));
    current.saturating_sub(slots - 1)..=current
}
