//! A window as bytes: a version, a kind, the size, and what it holds; numbers as LEB128. Windows that are equal
//! have equal bytes.

use super::policy::MAX_WINDOW;
use super::window::{Bucket, Counts, Held, Outcome, Window, slots};
use crate::core::bytes::{Reader, put_varint};
use crate::core::{Error, Result};
use std::collections::VecDeque;

const VERSION: u8 = 1;
const CALLS: u8 = 0;
const TIME: u8 = 1;
const PER_BYTE: usize = 4;

impl Window {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        match &self.held {
            Held::Calls(outcomes) => {
                out.push(CALLS);
                put_varint(&mut out, self.size.into());
                put_varint(&mut out, outcomes.len() as u64);
                let mut packed = 0;
                for (at, outcome) in outcomes.iter().enumerate() {
                    let bits = u8::from(outcome.failed) | u8::from(outcome.slow) << 1;
                    packed |= bits << (2 * (at % PER_BYTE));
                    if at % PER_BYTE == PER_BYTE - 1 || at + 1 == outcomes.len() {
                        out.push(packed);
                        packed = 0;
                    }
                }
            }
            Held::Time(buckets) => {
                out.push(TIME);
                put_varint(&mut out, self.size.into());
                put_varint(&mut out, buckets.len() as u64);
                let mut before = 0;
                for bucket in buckets {
                    // Two's complement: a clock before 2000 is no reason to fail.
                    put_varint(&mut out, bucket.slot.wrapping_sub(before) as u64);
                    before = bucket.slot;
                    put_varint(&mut out, bucket.counts.calls.into());
                    put_varint(&mut out, bucket.counts.failures.into());
                    put_varint(&mut out, bucket.counts.slow.into());
                }
            }
        }
        out
    }

    /// From bytes; refuses what `encode` does not write.
    pub fn decode(bytes: &[u8]) -> Result<Window> {
        let mut rest = Reader(bytes);
        if rest.array()? != [VERSION] {
            return Err(Error::Corrupt("window of an unknown version"));
        }
        let [kind] = rest.array()?;
        let size = count(&mut rest, MAX_WINDOW)?;
        if size == 0 {
            return Err(Error::Corrupt("window of no size"));
        }
        let held = match kind {
            CALLS => Held::Calls(calls(&mut rest, size)?),
            TIME => Held::Time(buckets(&mut rest, size)?),
            _ => return Err(Error::Corrupt("window of an unknown kind")),
        };
        if !rest.0.is_empty() {
            return Err(Error::Corrupt("bytes after the window"));
        }
        Ok(Window { size, held })
    }
}

fn calls(rest: &mut Reader<'_>, size: u32) -> Result<VecDeque<Outcome>> {
    let held = count(rest, size)?;
    let mut outcomes = VecDeque::with_capacity(held as usize);
    let mut packed = 0;
    for at in 0..held as usize {
        if at % PER_BYTE == 0 {
            [packed] = rest.array()?;
        }
        outcomes.push_back(Outcome {
            failed: packed & 1 != 0,
            slow: packed & 2 != 0,
        });
        packed >>= 2;
    }
    if packed != 0 {
        return Err(Error::Corrupt("window with more outcomes than it says"));
    }
    Ok(outcomes)
}

fn buckets(rest: &mut Reader<'_>, size: u32) -> Result<VecDeque<Bucket>> {
    let held = count(rest, slots(size))?;
    let mut buckets: VecDeque<Bucket> = VecDeque::with_capacity(held as usize);
    for _ in 0..held {
        let step = rest.varint()? as i64;
        let slot = match buckets.back() {
            None => step,
            Some(before) if step > 0 => before
                .slot
                .checked_add(step)
                .ok_or(Error::Corrupt("window beyond all times"))?,
            Some(_) => return Err(Error::Corrupt("window whose times do not ascend")),
        };
        let counts = Counts {
            calls: count(rest, u32::MAX)?,
            failures: count(rest, u32::MAX)?,
            slow: count(rest, u32::MAX)?,
        };
        if counts.calls == 0 || counts.failures > counts.calls || counts.slow > counts.calls {
            return Err(Error::Corrupt("window whose counts contradict each other"));
        }
        buckets.push_back(Bucket { slot, counts });
    }
    Ok(buckets)
}

/// A number up to `most`.
fn count(rest: &mut Reader<'_>, most: u32) -> Result<u32> {
    u32::try_from(rest.varint()?)
        .ok()
        .filter(|number| *number <= most)
        .ok_or(Error::Corrupt("window with a number out of range"))
}
