//! Counts of durations by bucket, dense between the lowest and the highest bucket in use.

use super::Mapping;
use crate::core::{Result, memory};
use std::ops::DerefMut;

/// Where the counts lie: a `Vec`, or memory of the server's.
pub trait Buffer: DerefMut<Target = [u64]> {
    /// Another buffer of the same kind, of so many zeros.
    fn zeroed(&self, length: usize) -> Result<Self>
    where
        Self: Sized;
}

impl Buffer for Vec<u64> {
    fn zeroed(&self, length: usize) -> Result<Self> {
        let mut counts = memory::room(length)?;
        counts.resize(length, 0);
        Ok(counts)
    }
}

/// Room on each side of what a sketch has to hold, in buckets.
const MARGIN: u32 = 16;

/// How many durations each bucket holds.
#[derive(Debug, Clone)]
pub struct Sketch<B> {
    mapping: Mapping,
    /// Bucket of `counts[0]`.
    first: u32,
    counts: B,
}

impl<B: Buffer> Sketch<B> {
    /// An empty sketch over an empty buffer.
    pub fn new(mapping: Mapping, counts: B) -> Self {
        Sketch {
            mapping,
            first: 0,
            counts,
        }
    }

    /// Its buckets.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Counts one duration.
    #[inline]
    pub fn add(&mut self, duration: f64) -> Result<()> {
        let index = self.mapping.index(duration);
        let at = index.wrapping_sub(self.first) as usize;
        match self.counts.get_mut(at) {
            Some(count) => *count += 1,
            None => self.add_to(index, 1)?,
        }
        Ok(())
    }

    /// Takes back what [`Sketch::add`] counted.
    pub fn remove(&mut self, duration: f64) {
        self.take_from(self.mapping.index(duration), 1);
    }

    /// Counts more durations of one bucket.
    pub fn add_to(&mut self, index: u32, more: u64) -> Result<()> {
        self.reach(index)?;
        let at = index.wrapping_sub(self.first) as usize;
        if let Some(count) = self.counts.get_mut(at) {
            *count = count.saturating_add(more);
        }
        Ok(())
    }

    /// Takes durations out of one bucket.
    pub fn take_from(&mut self, index: u32, fewer: u64) {
        let at = index.wrapping_sub(self.first) as usize;
        if let Some(count) = self.counts.get_mut(at) {
            *count = count.saturating_sub(fewer);
        }
    }

    /// Bucket and count of every bucket that holds any, lowest first.
    pub fn buckets(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        (self.first..)
            .zip(self.counts.iter().copied())
            .filter(|(_, count)| *count > 0)
    }

    /// Makes room for a bucket: at least half as much again, so that growing costs a constant share.
    #[cold]
    fn reach(&mut self, index: u32) -> Result<()> {
        let length = self.counts.len() as u32;
        let end = self.first + length;
        if length > 0 && (self.first..end).contains(&index) {
            return Ok(());
        }
        let slack = MARGIN.max(length / 2);
        let (low, high) = match length {
            0 => (index.saturating_sub(slack), index + slack),
            _ if index < self.first => (index.saturating_sub(slack), end),
            _ => (self.first, index + slack),
        };
        let high = high.min(self.mapping.buckets()).max(index + 1);
        let mut wider = self.counts.zeroed((high - low) as usize)?;
        let at = self.first.saturating_sub(low) as usize;
        if let Some(room) = wider.get_mut(at..at + self.counts.len()) {
            room.copy_from_slice(&self.counts);
        }
        self.first = low;
        self.counts = wider;
        Ok(())
    }
}
