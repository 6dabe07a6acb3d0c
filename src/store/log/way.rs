//! The way from a version down the log to one whose state is known, or that is stored whole.

use crate::core::hash::Seen;
use crate::core::{Error, jsonb, memory};
use crate::pg::spi::{Row, Stored};
use crate::store::log::cache::State;
use crate::store::log::versions::{ROW_COST, UNCHANGED};
use std::collections::VecDeque;
use std::ops::Range;

/// A version on the way downwards.
struct Above {
    hash: i64,
    seen: Seen,
    patch: Range<usize>,
}

/// A version that is stored whole.
pub(super) struct Whole {
    pub stored: Stored,
    pub hash: Option<i64>,
    /// How many patches lead from it to the version that is wanted.
    pub patches: usize,
}

/// The way, as far as it is gone.
pub(super) struct Way {
    /// Version that the next row must be of.
    pub want: i64,
    above: Option<Above>,
    /// Patches end to end, and where each is; the newest first.
    buffer: Vec<u8>,
    pub patches: Vec<Range<usize>>,
    /// What the way costs up to here.
    cost: usize,
    pub whole: Option<Whole>,
    /// Version that is known, where the way ends at one.
    pub known: Option<i64>,
}

/// What is to be done after a row.
#[derive(PartialEq, Eq)]
pub(super) enum Next {
    /// Read the next row.
    GoOn,
    /// Read no more.
    Stop,
}

impl Way {
    /// Nothing of it gone yet.
    pub fn to(version: i64) -> Self {
        Way {
            want: version,
            above: None,
            buffer: Vec::new(),
            patches: Vec::new(),
            cost: 0,
            whole: None,
            known: None,
        }
    }

    /// The patches that lead from below to the version, the newest `patches` of them.
    pub fn oldest_first(&self, patches: usize) -> Vec<&[u8]> {
        let newest_first = self.patches.iter().take(patches);
        let bytes = newest_first.map(|patch| self.buffer.get(patch.clone()).unwrap_or_default());
        let mut all: Vec<&[u8]> = bytes.collect();
        all.reverse();
        all
    }

    /// Takes a row, which come from above. An error: the way is not to be followed.
    pub fn add(&mut self, row: &Row<'_>, kept: &VecDeque<(i64, State)>) -> Result<Next, Error> {
        let version = row.int8(0).unwrap_or_default();
        if version > self.want {
            return Ok(Next::GoOn);
        }
        if version < self.want {
            return Err(Error::Corrupt("a version is missing"));
        }
        let stored_hash = row.int8(4).unwrap_or_default();
        if let Some(above) = self.above.take() {
            let patch = self.buffer.get(above.patch).unwrap_or_default();
            if !above.seen.is_chained(stored_hash, patch, above.hash)? {
                return Err(Error::Corrupt("a version does not match its hash"));
            }
        }
        if kept.iter().any(|(known, _)| *known == version) {
            self.known = Some(version);
            return Ok(Next::Stop);
        }
        self.add_content(row, version, stored_hash, kept)
    }

    /// Takes what a version stores, which is on the way and not known.
    fn add_content(
        &mut self,
        row: &Row<'_>,
        version: i64,
        stored_hash: i64,
        kept: &VecDeque<(i64, State)>,
    ) -> Result<Next, Error> {
        if self.whole.is_none()
            && let Some(stored) = row.stored(3)
        {
            self.whole = Some(Whole {
                stored,
                hash: row.int8(5),
                patches: self.patches.len(),
            });
        }
        // Below a version that is stored whole, the way goes on as long as that is the lesser work.
        if self.whole.is_some() {
            let state_bytes = row
                .int4(6)
                .map_or(0, |bytes| usize::try_from(bytes).unwrap_or(0));
            let leads_to_known = kept.iter().any(|(known, _)| *known < version);
            if !leads_to_known || self.cost > state_bytes / 2 {
                return Ok(Next::Stop);
            }
        }
        let start = self.buffer.len();
        let base = match (row.append(2, &mut self.buffer), row.int8(1)) {
            (Some(_), Some(base)) if version > 1 && base < version => base,
            _ if self.whole.is_some() => return Ok(Next::Stop),
            _ => return Err(Error::Corrupt("a version stands on nothing in its log")),
        };
        let range = start..self.buffer.len();
        let patch = self.buffer.get(range.clone()).unwrap_or_default();
        self.cost += patch.len() + ROW_COST;
        if self.buffer.len() > 2 * jsonb::MAX_SIZE {
            return Err(Error::TooLarge);
        }
        let (seen, is_unchanged) = (Seen::of(patch), *patch == UNCHANGED);
        self.above = Some(Above {
            hash: stored_hash,
            seen,
            patch: range.clone(),
        });
        if !is_unchanged {
            memory::push(&mut self.patches, range)?;
        }
        self.want = base;
        Ok(Next::GoOn)
    }
}
