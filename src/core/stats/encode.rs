//! The stored form of a summary, the same on disk, on the wire and between parallel workers. Two summaries of the
//! same tasks have the same bytes, in whatever order they were merged.
//!
//! ```text
//! version        1 byte, 1
//! relative error 2 bytes, hundredths of a percent
//! total, succeeded, measured     varints
//! if measured > 0:
//!   min, max     8 bytes each
//!   sum, sum of squares          length and bytes
//!   buckets      pairs of varints until the end: buckets skipped, durations in the next one
//! ```

use super::bytes::{Reader, put_varint, put_wide};
use super::mapping::{MAX_DURATION, Mapping};
use super::moments::Moments;
use super::sketch::{Buffer, Sketch};
use super::summary::Summary;
use crate::core::{Error, Result};

/// Layout of the stored form.
pub const VERSION: u8 = 1;

/// The stored form.
pub fn encode<B: Buffer>(summary: &Summary<B>) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.push(VERSION);
    out.extend(summary.mapping().error().to_le_bytes());
    put_varint(&mut out, summary.total());
    put_varint(&mut out, summary.succeeded());
    put_varint(&mut out, summary.measured());
    if let (Some(min), Some(max)) = (summary.min(), summary.max()) {
        let moments = summary.moments();
        out.extend(min.to_le_bytes());
        out.extend(max.to_le_bytes());
        put_wide(&mut out, moments.sum, 0);
        put_wide(&mut out, moments.squares_low, moments.squares_high);
        let mut next = 0;
        for (index, count) in summary.sketch().buckets() {
            put_varint(&mut out, u64::from(index - next));
            put_varint(&mut out, count);
            next = index + 1;
        }
    }
    out
}

/// The summary of a stored form, which must be one that [`encode`] can have written.
pub fn decode(bytes: &[u8]) -> Result<Summary<Vec<u64>>> {
    decode_into(bytes, Vec::new())
}

/// The same with a buffer of the caller's kind.
pub fn decode_into<B: Buffer>(bytes: &[u8], buffer: B) -> Result<Summary<B>> {
    let mut rest = Reader(bytes);
    if rest.array()? != [VERSION] {
        return Err(Error::Corrupt("the statistics are of an unknown version"));
    }
    let mapping = Mapping::new(u16::from_le_bytes(rest.array()?)).ok_or(Error::Corrupt(
        "the relative error of the statistics is out of range",
    ))?;
    let (total, succeeded, measured) = (rest.varint()?, rest.varint()?, rest.varint()?);
    let mut sketch = Sketch::new(mapping, buffer);
    let mut moments = Moments::default();
    let mut extremes = (f64::INFINITY, f64::NEG_INFINITY);
    if measured > 0 {
        extremes = (
            f64::from_le_bytes(rest.array()?),
            f64::from_le_bytes(rest.array()?),
        );
        let (sum, too_large) = rest.wide()?;
        let (squares_low, squares_high) = rest.wide()?;
        if too_large > 0 {
            return Err(Error::Corrupt("a sum in the statistics is too large"));
        }
        moments = Moments {
            count: measured,
            sum,
            squares_low,
            squares_high,
        };
        buckets(&mut rest, &mut sketch)?;
    }
    if !rest.0.is_empty() {
        return Err(Error::Corrupt("the statistics have bytes too many"));
    }
    let summary = Summary::from_parts((total, succeeded), moments, extremes, sketch);
    check(&summary)?;
    Ok(summary)
}

fn buckets<B: Buffer>(rest: &mut Reader<'_>, sketch: &mut Sketch<B>) -> Result<()> {
    let most = u64::from(sketch.mapping().buckets());
    let mut next = 0_u64;
    while !rest.0.is_empty() {
        let index = next.saturating_add(rest.varint()?);
        let count = rest.varint()?;
        if index >= most || count == 0 {
            return Err(Error::Corrupt("a bucket of the statistics is out of range"));
        }
        sketch.add_to(index as u32, count);
        next = index + 1;
    }
    Ok(())
}

/// Whether the parts can belong together, so that no forged value gives results that no tasks can have.
pub(super) fn check<B: Buffer>(summary: &Summary<B>) -> Result<()> {
    let (total, measured) = (summary.total(), summary.measured());
    if summary.succeeded() > total || measured > total {
        return Err(Error::Corrupt(
            "the counts of the statistics contradict each other",
        ));
    }
    let mut seen = Some(0_u64);
    let (mut first, mut last) = (None, None);
    for (index, count) in summary.sketch().buckets() {
        seen = seen.and_then(|seen| seen.checked_add(count));
        first = first.or(Some(index));
        last = Some(index);
    }
    if seen != Some(measured) {
        return Err(Error::Corrupt(
            "the buckets of the statistics do not add up",
        ));
    }
    let (Some(min), Some(max)) = (summary.min(), summary.max()) else {
        return Ok(());
    };
    let ordered = (0.0..=MAX_DURATION).contains(&min) && min <= max && max <= MAX_DURATION;
    let mapping = summary.mapping();
    if !ordered
        || min.is_sign_negative()
        || first != Some(mapping.index(min))
        || last != Some(mapping.index(max))
    {
        return Err(Error::Corrupt(
            "the extremes of the statistics contradict their buckets",
        ));
    }
    if !summary.moments().plausible(min, max) {
        return Err(Error::Corrupt("the sums of the statistics are impossible"));
    }
    Ok(())
}
