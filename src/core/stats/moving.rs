//! A summary over a window's frame. Rows leave a frame in the order in which they came, so that the extremes can
//! follow without looking at the frame again: a queue keeps only those that may still become the extreme.

use super::sketch::Buffer;
use super::summary::{Overflow, Summary, valid};
use crate::core::{Error, Result};
use std::collections::VecDeque;

/// Candidates for one extreme, with the number of the row that brought them.
#[derive(Debug, Default)]
struct Extreme(VecDeque<(u64, f64)>);

impl Extreme {
    /// `covers(new, old)`: the old one can never be the extreme again.
    fn push(&mut self, row: u64, value: f64, covers: impl Fn(f64, f64) -> bool) -> Result<()> {
        while self.0.back().is_some_and(|(_, old)| covers(value, *old)) {
            self.0.pop_back();
        }
        let enough = self.0.try_reserve(1);
        enough.map_err(|_| Error::OutOfMemory)?;
        self.0.push_back((row, value));
        Ok(())
    }

    fn leave(&mut self, row: u64) {
        if self.0.front().is_some_and(|(first, _)| *first == row) {
            self.0.pop_front();
        }
    }

    fn value(&self) -> Option<f64> {
        self.0.front().map(|(_, value)| *value)
    }
}

/// A summary that rows enter and leave, first in, first out.
#[derive(Debug)]
pub struct Moving<B> {
    summary: Summary<B>,
    min: Extreme,
    max: Extreme,
    entered: u64,
    left: u64,
}

impl<B: Buffer> Moving<B> {
    /// Over an empty frame.
    pub fn new(summary: Summary<B>) -> Self {
        Moving {
            summary,
            min: Extreme::default(),
            max: Extreme::default(),
            entered: 0,
            left: 0,
        }
    }

    /// Whether all that entered has left.
    pub fn is_empty(&self) -> bool {
        self.entered == self.left
    }

    /// What the frame holds.
    pub fn summary(&self) -> &Summary<B> {
        &self.summary
    }

    /// A task enters.
    pub fn add(&mut self, success: bool, duration: Option<f64>) -> Result<()> {
        self.summary.add(success, duration)?;
        let duration = valid(duration);
        self.enter(duration, duration)
    }

    /// The oldest task leaves; it is given again.
    pub fn remove(&mut self, success: bool, duration: Option<f64>) {
        self.summary.remove(success, duration);
        self.leave();
    }

    /// A summary enters.
    pub fn merge<O: Buffer>(&mut self, other: &Summary<O>) -> std::result::Result<(), Overflow> {
        self.summary.merge(other)?;
        let entered = self.enter(other.min(), other.max());
        entered.map_err(|_| Overflow::OutOfMemory)
    }

    /// The oldest summary leaves; it is given again.
    pub fn unmerge<O: Buffer>(&mut self, other: &Summary<O>) {
        self.summary.unmerge(other);
        self.leave();
    }

    fn enter(&mut self, min: Option<f64>, max: Option<f64>) -> Result<()> {
        if let Some(min) = min {
            self.min.push(self.entered, min, |new, old| new <= old)?;
        }
        if let Some(max) = max {
            self.max.push(self.entered, max, |new, old| new >= old)?;
        }
        self.entered += 1;
        Ok(())
    }

    fn leave(&mut self) {
        self.min.leave(self.left);
        self.max.leave(self.left);
        self.left += 1;
        self.summary
            .set_extremes(self.min.value(), self.max.value());
    }
}
