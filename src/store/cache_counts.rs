//! What became of a cache's look-ups since the session began.

use std::cell::Cell;
use std::thread::LocalKey;

/// Counts of one cache.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    /// Look-ups that found what they wanted.
    pub hits: i64,
    /// Those that did not.
    pub misses: i64,
    /// Entries that made room for others.
    pub evictions: i64,
}

impl Counts {
    /// None yet.
    pub const fn new() -> Self {
        Counts {
            hits: 0,
            misses: 0,
            evictions: 0,
        }
    }
}

/// Changes the counts of a cache.
pub(in crate::store) fn count(
    of: &'static LocalKey<Cell<Counts>>,
    change: impl FnOnce(&mut Counts),
) {
    let mut counts = of.get();
    change(&mut counts);
    of.set(counts);
}

/// A cache of this session.
pub struct Cache {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub entries: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Its bound.
    pub max_bytes: usize,
    /// Its look-ups.
    pub counts: Counts,
}

/// The caches of this session that have a bound.
pub fn all() -> [Cache; 2] {
    [
        crate::store::log::cache::statistics(),
        crate::store::definitions::cache::statistics(),
    ]
}
