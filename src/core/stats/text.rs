//! A summary as text: JSON that holds all that the stored form does, for dumps and for people.

use super::encode::{VERSION, check};
use super::mapping::{Mapping, STEPS};
use super::moments::Moments;
use super::sketch::{Buffer, Sketch};
use super::summary::Summary;
use crate::core::bytes::put_wide;
use crate::core::{Error, Result};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    version: u8,
    relative_error: f64,
    total: u64,
    succeeded: u64,
    measured: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
    /// In units of 2^-40 ms, hexadecimal: too long for a number of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sum: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    squares: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    buckets: Vec<(u32, u64)>,
}

/// The text of a summary.
pub fn write<B: Buffer>(summary: &Summary<B>) -> Result<String> {
    let moments = summary.moments();
    let measured = summary.measured() > 0;
    let text = Text {
        version: VERSION,
        relative_error: f64::from(summary.mapping().error()) / STEPS,
        total: summary.total(),
        succeeded: summary.succeeded(),
        measured: summary.measured(),
        min: summary.min(),
        max: summary.max(),
        sum: measured.then(|| hexadecimal(moments.sum, 0)),
        squares: measured.then(|| hexadecimal(moments.squares_low, moments.squares_high)),
        buckets: summary.sketch().buckets().collect(),
    };
    serde_json::to_string(&text).map_err(|_| Error::Corrupt("the statistics cannot be written"))
}

/// Longer than any text of statistics: the finest mapping has fewer buckets than fill it. Checked before anything is
/// made of a text.
const MAX_TEXT: usize = 4 << 20;

/// The summary of a text that [`write()`] can have written.
pub fn read(text: &str) -> Result<Summary<Vec<u64>>> {
    if text.len() > MAX_TEXT {
        return Err(Error::Corrupt("the text is longer than any of theirs"));
    }
    let text: Text =
        serde_json::from_str(text).map_err(|_| Error::Corrupt("the text is not of their form"))?;
    if text.version != VERSION {
        return Err(Error::Corrupt("the statistics are of an unknown version"));
    }
    let mapping = relative_error(text.relative_error).ok_or(Error::Corrupt(
        "the relative error of the statistics is out of range",
    ))?;
    let mut sketch = Sketch::new(mapping, Vec::new());
    let mut next = 0;
    for (index, count) in text.buckets {
        if index < next || index >= mapping.buckets() || count == 0 {
            return Err(Error::Corrupt("a bucket of the statistics is out of range"));
        }
        sketch.add_to(index, count)?;
        next = index + 1;
    }
    let (sum, too_large) = wide(text.sum.as_deref())?;
    let (squares_low, squares_high) = wide(text.squares.as_deref())?;
    let measured = text.measured > 0;
    if too_large > 0
        || [
            text.min.is_some(),
            text.max.is_some(),
            text.sum.is_some(),
            text.squares.is_some(),
        ] != [measured; 4]
    {
        return Err(Error::Corrupt(
            "the members of the statistics contradict each other",
        ));
    }
    let moments = Moments {
        count: text.measured,
        sum,
        squares_low,
        squares_high,
    };
    let extremes = (
        text.min.unwrap_or(f64::INFINITY),
        text.max.unwrap_or(f64::NEG_INFINITY),
    );
    let summary = Summary::from_parts((text.total, text.succeeded), moments, extremes, sketch);
    check(&summary)?;
    Ok(summary)
}

/// Buckets for a relative error given as a fraction, in whole hundredths of a percent.
pub fn relative_error(fraction: f64) -> Option<Mapping> {
    steps(fraction).and_then(Mapping::new)
}

/// A relative error given as a fraction in whole hundredths of a percent, if it is one of them.
pub fn steps(fraction: f64) -> Option<u16> {
    let steps = (fraction * STEPS).round();
    let exact = (steps / STEPS - fraction).abs() < 1e-12;
    (exact && (0.0..=STEPS).contains(&steps)).then_some(steps as u16)
}

fn hexadecimal(low: u128, high: u128) -> String {
    let mut bytes = Vec::new();
    put_wide(&mut bytes, low, high);
    let digits: String = bytes
        .iter()
        .skip(1)
        .rev()
        .map(|b| format!("{b:02x}"))
        .collect();
    match digits.trim_start_matches('0') {
        "" => String::from("0"),
        digits => digits.to_owned(),
    }
}

fn wide(text: Option<&str>) -> Result<(u128, u128)> {
    let malformed = Error::Corrupt("a sum in the statistics is malformed");
    let digits = text.unwrap_or("0");
    if digits.is_empty() || digits.len() > 64 || !digits.bytes().all(|c| c.is_ascii_hexdigit()) {
        return Err(malformed);
    }
    let (high, low) = digits.split_at(digits.len().saturating_sub(32));
    let half = |digits: &str| match digits {
        "" => Ok(0),
        digits => u128::from_str_radix(digits, 16).map_err(|_| malformed),
    };
    Ok((half(low)?, half(high)?))
}
