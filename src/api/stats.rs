//! What is asked of the type `routing_stats`, and its input and output.

use crate::core::stats::{Summary, encode, mapping, summary, text};
use crate::core::{Code, StateError};
use crate::pg::error::run;
use crate::pg::stats_datum::{StatsArg, StatsDatum, received};
use pgrx::prelude::*;
use std::ffi::{CStr, CString};

fn ask<R>(stats: StatsArg<'_>, question: impl FnOnce(&Summary<Vec<u64>>) -> R) -> R {
    question(&run(|| stats.summary()))
}

fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[pg_extern(sql = false)]
fn total_tasks(stats: StatsArg<'_>) -> i64 {
    ask(stats, |s| count(s.total()))
}

#[pg_extern(sql = false)]
fn successful_tasks(stats: StatsArg<'_>) -> i64 {
    ask(stats, |s| count(s.succeeded()))
}

#[pg_extern(sql = false)]
fn failed_tasks(stats: StatsArg<'_>) -> i64 {
    ask(stats, |s| count(s.failed()))
}

#[pg_extern(sql = false)]
fn measured_tasks(stats: StatsArg<'_>) -> i64 {
    ask(stats, |s| count(s.measured()))
}

#[pg_extern(sql = false)]
fn success_rate(stats: StatsArg<'_>) -> Option<f64> {
    ask(stats, Summary::success_rate)
}

#[pg_extern(sql = false)]
fn total_duration_ms(stats: StatsArg<'_>) -> f64 {
    ask(stats, |s| s.moments().total())
}

#[pg_extern(sql = false)]
fn mean_duration_ms(stats: StatsArg<'_>) -> Option<f64> {
    ask(stats, |s| s.moments().mean())
}

#[pg_extern(sql = false)]
fn stddev_duration_ms(stats: StatsArg<'_>) -> Option<f64> {
    ask(stats, |s| s.moments().stddev())
}

#[pg_extern(sql = false)]
fn min_duration_ms(stats: StatsArg<'_>) -> Option<f64> {
    ask(stats, Summary::min)
}

#[pg_extern(sql = false)]
fn max_duration_ms(stats: StatsArg<'_>) -> Option<f64> {
    ask(stats, Summary::max)
}

#[pg_extern(sql = false)]
fn approx_percentile(percentile: f64, stats: StatsArg<'_>) -> Option<f64> {
    run(|| {
        if !(0.0..=1.0).contains(&percentile) {
            return Err(StateError::invalid("percentile is out of range")
                .detail(format!("It is {percentile}, but must be between 0 and 1."))
                .hint("0.95 asks for the 95th percentile."));
        }
        Ok(stats.summary()?.percentile(percentile))
    })
}

#[pg_extern(sql = false)]
fn approx_percentile_rank(duration_ms: f64, stats: StatsArg<'_>) -> Option<f64> {
    run(|| {
        if duration_ms.is_nan() {
            return Err(StateError::invalid("duration_ms must be a number")
                .detail("It is NaN.")
                .hint("Give a duration in milliseconds."));
        }
        Ok(stats.summary()?.percentile_rank(duration_ms))
    })
}

#[pg_extern(sql = false)]
fn relative_error(stats: StatsArg<'_>) -> f64 {
    ask(stats, |s| f64::from(s.mapping().error()) / mapping::STEPS)
}

/// Operator `+`, declared in sql/routing_stats.sql.
#[pg_extern(sql = false)]
fn stats_plus(one: StatsArg<'_>, other: StatsArg<'_>) -> StatsDatum {
    run(|| {
        let mut sum = one.summary()?;
        sum.merge(&other.summary()?)?;
        Ok(StatsDatum(encode::encode(&sum)))
    })
}

/// `wfstate.stats_with_task`, declared in sql/routing_stats.sql.
#[pg_extern(sql = false)]
fn stats_with_task(
    stats: Option<StatsArg<'_>>,
    success: Option<bool>,
    duration_ms: Option<f64>,
) -> StatsDatum {
    run(|| {
        let none;
        let stats = match stats {
            Some(stats) => stats.bytes(),
            None => {
                none = encode::encode(&summary::of_none());
                &none
            }
        };
        let more = match success {
            Some(success) => {
                encode::with_task(stats, success, duration_ms).map_err(StateError::statistics)?
            }
            None => stats.to_vec(),
        };
        Ok(StatsDatum(more))
    })
}

/// `wfstate.routing_stats_in`, declared in sql/routing_stats.sql.
#[pg_extern(sql = false)]
fn routing_stats_in(input: &CStr) -> StatsDatum {
    run(|| {
        let summary = text::read(&input.to_string_lossy()).map_err(|error| {
            StateError::new(
                Code::InvalidText,
                "invalid input syntax for type routing_stats",
            )
            .detail(format!("They cannot be read: {}.", error.why()))
            .hint("Collect statistics with the aggregate routing_stats.")
        })?;
        Ok(StatsDatum(encode::encode(&summary)))
    })
}

/// `wfstate.routing_stats_out`, declared in sql/routing_stats.sql.
#[pg_extern(sql = false)]
fn routing_stats_out(stats: StatsArg<'_>) -> CString {
    run(|| {
        let text = text::write(&stats.summary()?).map_err(StateError::statistics)?;
        Ok(CString::new(text).unwrap_or_default())
    })
}

/// `wfstate.routing_stats_recv`, declared in sql/routing_stats.sql.
#[pg_extern(sql = false)]
fn routing_stats_recv(input: pgrx::Internal) -> StatsDatum {
    run(|| {
        let bytes = received(input);
        encode::decode(&bytes).map_err(|error| {
            StateError::new(
                Code::InvalidBinary,
                "invalid binary representation of type routing_stats",
            )
            .detail(format!("They cannot be read: {}.", error.why()))
            .hint("Send back what the server sent.")
        })?;
        Ok(StatsDatum(bytes))
    })
}

/// `wfstate.routing_stats_send`, declared in sql/routing_stats.sql.
#[pg_extern(sql = false)]
fn routing_stats_send(stats: StatsArg<'_>) -> Vec<u8> {
    stats.bytes().to_vec()
}
