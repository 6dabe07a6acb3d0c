//! What a circuit goes by: thresholds, window, waits, permits; and what each of them may be.

use super::window::Kind;
use crate::core::{StateError, StateResult, limits};

const SECOND: i64 = 1_000_000;
/// Longest duration that an option may have: a year.
pub const MAX_DURATION: i64 = 365 * 86_400 * SECOND;
/// Most calls, or seconds, that a window may cover.
pub const MAX_WINDOW: u32 = 10_000;
const MAX_CALLS: i32 = 1_000_000;
const MAX_PERMITS: i32 = 10_000;
const MAX_MULTIPLIER: f64 = 1000.0;

/// The options in force for a circuit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Share of failures at which the circuit opens.
    pub failure_rate: f64,
    /// Share of slow calls at which it opens.
    pub slow_call_rate: f64,
    /// A call that takes longer is slow.
    pub slow_call_duration: i64,
    /// What the window counts by.
    pub window_kind: Kind,
    /// Calls or seconds that the window covers.
    pub window_size: u32,
    /// Calls below which the rates decide nothing.
    pub minimum_calls: u32,
    /// How long it stays open.
    pub open_wait: i64,
    /// Each opening in a row lasts this many times the one before.
    pub open_wait_multiplier: f64,
    /// What the multiplier may make of the wait at most.
    pub open_wait_max: i64,
    /// Trial calls of a half-open circuit.
    pub half_open_permits: u32,
    /// How long a half-open circuit waits for the outcomes of its trial calls; 0 is for ever.
    pub half_open_max_wait: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            failure_rate: 0.5,
            slow_call_rate: 1.0,
            slow_call_duration: 60 * SECOND,
            window_kind: Kind::Calls,
            window_size: 100,
            minimum_calls: 100,
            open_wait: 60 * SECOND,
            open_wait_multiplier: 1.0,
            open_wait_max: 3600 * SECOND,
            half_open_permits: 10,
            half_open_max_wait: 60 * SECOND,
        }
    }
}

impl Policy {
    /// The options that are given, over the defaults.
    pub fn with(options: &Options<'_>) -> Policy {
        let default = Policy::default();
        let count = |value: Option<i32>, default| {
            value
                .and_then(|value| u32::try_from(value).ok())
                .unwrap_or(default)
        };
        Policy {
            failure_rate: options.failure_rate.unwrap_or(default.failure_rate),
            slow_call_rate: options.slow_call_rate.unwrap_or(default.slow_call_rate),
            slow_call_duration: options
                .slow_call_duration
                .unwrap_or(default.slow_call_duration),
            window_kind: options
                .window_kind
                .and_then(Kind::parse)
                .unwrap_or(default.window_kind),
            window_size: count(options.window_size, default.window_size),
            minimum_calls: count(options.minimum_calls, default.minimum_calls),
            open_wait: options.open_wait.unwrap_or(default.open_wait),
            open_wait_multiplier: options
                .open_wait_multiplier
                .unwrap_or(default.open_wait_multiplier),
            open_wait_max: options.open_wait_max.unwrap_or(default.open_wait_max),
            half_open_permits: count(options.half_open_permits, default.half_open_permits),
            half_open_max_wait: options
                .half_open_max_wait
                .unwrap_or(default.half_open_max_wait),
        }
    }

    /// How long the n-th opening in a row lasts.
    pub fn wait(&self, attempt: u32) -> i64 {
        let power = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = self.open_wait as f64 * self.open_wait_multiplier.powi(power);
        // The maximum bounds the growth only: a longer wait that was asked for stays what it is.
        (grown.min(self.open_wait_max as f64) as i64).max(self.open_wait)
    }

    /// Whether a call of this duration is slow; one whose duration nobody measured is not.
    pub fn is_slow(&self, duration_ms: Option<f64>) -> bool {
        duration_ms.is_some_and(|ms| ms * 1000.0 > self.slow_call_duration as f64)
    }
}

/// Options as they are given, or kept in a row: what is `None` is inherited.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Options<'a> {
    /// Greater than 0, at most 1.
    pub failure_rate: Option<f64>,
    /// Greater than 0, at most 1.
    pub slow_call_rate: Option<f64>,
    /// Positive.
    pub slow_call_duration: Option<i64>,
    /// count or time.
    pub window_kind: Option<&'a str>,
    /// From 1.
    pub window_size: Option<i32>,
    /// From 1.
    pub minimum_calls: Option<i32>,
    /// Positive.
    pub open_wait: Option<i64>,
    /// From 1.
    pub open_wait_multiplier: Option<f64>,
    /// Positive.
    pub open_wait_max: Option<i64>,
    /// From 1.
    pub half_open_permits: Option<i32>,
    /// 0 or more.
    pub half_open_max_wait: Option<i64>,
}

impl Options<'_> {
    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        *self == Options::default()
    }

    /// These options, and those of `other` where they have none.
    pub fn over(self, other: Self) -> Self {
        Options {
            failure_rate: self.failure_rate.or(other.failure_rate),
            slow_call_rate: self.slow_call_rate.or(other.slow_call_rate),
            slow_call_duration: self.slow_call_duration.or(other.slow_call_duration),
            window_kind: self.window_kind.or(other.window_kind),
            window_size: self.window_size.or(other.window_size),
            minimum_calls: self.minimum_calls.or(other.minimum_calls),
            open_wait: self.open_wait.or(other.open_wait),
            open_wait_multiplier: self.open_wait_multiplier.or(other.open_wait_multiplier),
            open_wait_max: self.open_wait_max.or(other.open_wait_max),
            half_open_permits: self.half_open_permits.or(other.half_open_permits),
            half_open_max_wait: self.half_open_max_wait.or(other.half_open_max_wait),
        }
    }

    /// Refuses an option that is out of its range.
    pub fn check(&self) -> StateResult<()> {
        rate("failure_rate", self.failure_rate)?;
        rate("slow_call_rate", self.slow_call_rate)?;
        duration("slow_call_duration", self.slow_call_duration, 1)?;
        if let Some(kind) = self.window_kind.filter(|k| Kind::parse(k).is_none()) {
            return Err(limits::unknown("window_kind", kind, &["count", "time"]));
        }
        count("window_size", self.window_size, MAX_WINDOW as i32)?;
        count("minimum_calls", self.minimum_calls, MAX_CALLS)?;
        duration("open_wait", self.open_wait, 1)?;
        if let Some(multiplier) = self.open_wait_multiplier
            && !(1.0..=MAX_MULTIPLIER).contains(&multiplier)
        {
            return Err(out_of_range(
                "open_wait_multiplier",
                format!("{multiplier}, but must be between 1 and {MAX_MULTIPLIER}"),
            )
            .hint("1 makes every opening last as long as the first; 2 doubles each one."));
        }
        duration("open_wait_max", self.open_wait_max, 1)?;
        count("half_open_permits", self.half_open_permits, MAX_PERMITS)?;
        duration("half_open_max_wait", self.half_open_max_wait, 0)
    }
}

fn out_of_range(option: &str, detail: String) -> StateError {
    StateError::invalid(format!("{option} is out of range")).detail(format!("It is {detail}."))
}

fn rate(option: &str, value: Option<f64>) -> StateResult<()> {
    match value {
        Some(v) if !(v > 0.0 && v <= 1.0) => Err(out_of_range(
            option,
            format!("{v}, but must be greater than 0 and at most 1"),
        )
        .hint("Rates are fractions: 0.5 is half of the calls.")),
        _ => Ok(()),
    }
}

fn count(option: &str, value: Option<i32>, most: i32) -> StateResult<()> {
    match value {
        Some(v) if !(1..=most).contains(&v) => Err(out_of_range(
            option,
            format!("{v}, but must be between 1 and {most}"),
        )),
        _ => Ok(()),
    }
}

fn duration(option: &str, value: Option<i64>, least: i64) -> StateResult<()> {
    match value {
        Some(v) if !(least..=MAX_DURATION).contains(&v) => {
            let least = if least == 0 {
                "not be negative"
            } else {
                "be positive"
            };
            let error = StateError::invalid(format!("{option} is out of range"))
                .detail(format!("It must {least}, and a year at most."));
            Err(if option == "half_open_max_wait" {
                error.hint("0 waits for ever.")
            } else {
                error
            })
        }
        _ => Ok(()),
    }
}
