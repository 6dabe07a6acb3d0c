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

use super::mapping::{MAX_DURATION, Mapping};
use super::moments::Moments;
use super::sketch::{Buffer, Sketch};
use super::summary::{Summary, valid};
use crate::core::bytes::{Reader, put_varint, put_wide};
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
        put_sums(&mut out, (min, max), summary.moments());
        let mut next = 0;
        for (index, count) in summary.sketch().buckets() {
            put_varint(&mut out, u64::from(index - next));
            put_varint(&mut out, count);
            next = index + 1;
        }
    }
    out
}

fn put_sums(out: &mut Vec<u8>, (min, max): (f64, f64), moments: &Moments) {
    out.extend(min.to_le_bytes());
    out.extend(max.to_le_bytes());
    put_wide(out, moments.sum, 0);
    put_wide(out, moments.squares_low, moments.squares_high);
}

/// The summary of a stored form, which must be one that [`encode`] can have written.
pub fn decode(bytes: &[u8]) -> Result<Summary<Vec<u64>>> {
    decode_into(bytes, Vec::new())
}

/// The same with a buffer of the caller's kind.
pub fn decode_into<B: Buffer>(bytes: &[u8], buffer: B) -> Result<Summary<B>> {
    let mut rest = Reader(bytes);
    let (mapping, [total, succeeded, measured]) = head(&mut rest)?;
    let mut sketch = Sketch::new(mapping, buffer);
    let mut moments = Moments::default();
    let mut extremes = (f64::INFINITY, f64::NEG_INFINITY);
    if measured > 0 {
        (extremes, moments) = sums(&mut rest, measured)?;
        buckets(&mut rest, &mut sketch)?;
    }
    if !rest.0.is_empty() {
        return Err(Error::Corrupt("the statistics have bytes too many"));
    }
    let summary = Summary::from_parts((total, succeeded), moments, extremes, sketch);
    check(&summary)?;
    Ok(summary)
}

/// Mapping; total, succeeded, measured.
fn head(rest: &mut Reader<'_>) -> Result<(Mapping, [u64; 3])> {
    if rest.array()? != [VERSION] {
        return Err(Error::Corrupt("the statistics are of an unknown version"));
    }
    let mapping = Mapping::new(u16::from_le_bytes(rest.array()?)).ok_or(Error::Corrupt(
        "the relative error of the statistics is out of range",
    ))?;
    Ok((mapping, [rest.varint()?, rest.varint()?, rest.varint()?]))
}

/// Extremes and moments, which are there when there are durations.
fn sums(rest: &mut Reader<'_>, measured: u64) -> Result<((f64, f64), Moments)> {
    let extremes = (
        f64::from_le_bytes(rest.array()?),
        f64::from_le_bytes(rest.array()?),
    );
    let ((sum, too_large), (squares_low, squares_high)) = (rest.wide()?, rest.wide()?);
    if too_large > 0 {
        return Err(Error::Corrupt("a sum in the statistics is too large"));
    }
    let moments = Moments {
        count: measured,
        sum,
        squares_low,
        squares_high,
    };
    Ok((extremes, moments))
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
        sketch.add_to(index as u32, count)?;
        next = index + 1;
    }
    Ok(())
}

/// The stored form with one task more, without building what it holds: what recording a task costs. Buckets below
/// the duration's are copied, and those above it, too.
pub fn with_task(bytes: &[u8], success: bool, duration: Option<f64>) -> Result<Vec<u8>> {
    let mut rest = Reader(bytes);
    let (mapping, [total, succeeded, measured]) = head(&mut rest)?;
    let duration = valid(duration);
    let mut out = Vec::with_capacity(bytes.len() + 48);
    out.push(VERSION);
    out.extend(mapping.error().to_le_bytes());
    put_varint(&mut out, more(total, 1)?);
    put_varint(&mut out, more(succeeded, u64::from(success))?);
    put_varint(&mut out, more(measured, u64::from(duration.is_some()))?);
    let Some(duration) = duration else {
        out.extend(rest.0);
        return Ok(out);
    };
    let (mut moments, mut extremes) = (Moments::default(), (duration, duration));
    if measured > 0 {
        let (min, max);
        ((min, max), moments) = sums(&mut rest, measured)?;
        extremes = (duration.min(min), duration.max(max));
    }
    moments.add(duration);
    put_sums(&mut out, extremes, &moments);
    put_counted(&mut out, rest, mapping.index(duration))?;
    Ok(out)
}

fn more(count: u64, by: u64) -> Result<u64> {
    count.checked_add(by).ok_or(Error::TooLarge)
}

/// The buckets of `rest` with one duration more in one of them.
fn put_counted(out: &mut Vec<u8>, mut rest: Reader<'_>, index: u32) -> Result<()> {
    let index = u64::from(index);
    let (all, mut next) = (rest.0, 0_u64);
    while !rest.0.is_empty() {
        let before = rest.0.len();
        let (at, count) = (next.saturating_add(rest.varint()?), rest.varint()?);
        if at >= index {
            let copied = all.len() - before;
            out.extend(all.iter().take(copied));
            put_varint(out, index - next);
            if at == index {
                put_varint(out, more(count, 1)?);
            } else {
                put_varint(out, 1);
                put_varint(out, at - index - 1);
                put_varint(out, count);
            }
            out.extend(rest.0);
            return Ok(());
        }
        next = at + 1;
    }
    out.extend(all);
    put_varint(out, index - next);
    put_varint(out, 1);
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
