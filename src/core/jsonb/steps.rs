//! The steps of a plan, and those of an array found element by element.

use super::super::error::Result;
use super::super::memory::push;
use super::compare::Pair;
use super::lcs::Run;
use super::view::Value;

/// A member or element to add (`new` alone), to remove (`old` alone) or to
/// turn into another.
pub(super) struct Step<'a> {
    /// `None` in an array.
    pub key: Option<&'a [u8]>,
    /// In an array: where the element is once the steps before are done.
    pub index: usize,
    pub old: Option<Value<'a>>,
    pub new: Option<Value<'a>>,
    /// Bytes that both are known to begin with.
    pub equal: usize,
}

/// Steps in an array, of which only so many are wanted.
pub(super) struct Steps<'a> {
    pair: Pair<'a>,
    most: usize,
    steps: Vec<Step<'a>>,
}

impl<'a> Steps<'a> {
    pub fn new(pair: Pair<'a>, most: usize) -> Self {
        let steps = Vec::new();
        Steps { pair, most, steps }
    }

    /// Turns elements side by side into each other; then what one side has more.
    pub fn in_place(
        mut self,
        start: usize,
        mut olds: impl Iterator<Item = Result<Value<'a>>>,
        mut news: impl Iterator<Item = Result<Value<'a>>>,
    ) -> Result<Vec<Step<'a>>> {
        let mut index = start;
        loop {
            let (old, new) = (olds.next().transpose()?, news.next().transpose()?);
            if (old, new) == (None, None) || !self.push(index, old, new)? {
                return Ok(self.steps);
            }
            index += usize::from(new.is_some());
        }
    }

    /// Keeps the runs and turns what is between them into each other: pairs in
    /// place, then what one side has more.
    pub fn script(
        mut self,
        start: usize,
        olds: &[Value<'a>],
        news: &[Value<'a>],
        runs: &[Run],
    ) -> Result<Vec<Step<'a>>> {
        let (mut old, mut new) = (0, 0);
        for run in runs {
            let mut before = olds.get(old..run.old).unwrap_or(&[]).iter().copied();
            let mut after = news.get(new..run.new).unwrap_or(&[]).iter().copied();
            // All before this place is final, so that `new` is the index.
            let mut index = start + new;
            loop {
                let (old, new) = (before.next(), after.next());
                if old.is_none() && new.is_none() {
                    break;
                }
                if !self.push(index, old, new)? {
                    return Ok(self.steps);
                }
                index += usize::from(new.is_some());
            }
            old = run.old + run.len;
            new = run.new + run.len;
        }
        Ok(self.steps)
    }

    /// Adds a step unless the two are equal; whether there is to be another.
    #[inline]
    fn push(
        &mut self,
        index: usize,
        old: Option<Value<'a>>,
        new: Option<Value<'a>>,
    ) -> Result<bool> {
        let equal = match (old, new) {
            (Some(old), Some(new)) => match self.pair.differ(old, new) {
                Some(equal) => equal,
                None => return Ok(true),
            },
            _ => 0,
        };
        let key = None;
        push(
            &mut self.steps,
            Step {
                key,
                index,
                old,
                new,
                equal,
            },
        )?;
        Ok(self.steps.len() < self.most)
    }
}
