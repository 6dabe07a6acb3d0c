//! Removing what has ended and is older than it is to be kept. Lock order: as in `queue`, and whatever somebody else
//! has locked is passed over.

mod aged;
mod circuits;
pub mod cleanup;
mod early;
mod executions;
mod free;
mod histories;
pub mod maintain;
pub mod policies;
mod progress;
mod removal;
mod routing;
pub mod tenants;

use crate::core::StateResult;

/// What is asked of an item.
#[derive(Clone, Copy)]
pub(in crate::store) struct Wanted<'a> {
    /// Whose.
    pub tenant: &'a str,
    /// The time that ages count from, in the server's microseconds.
    pub as_of: i64,
    /// Before when it must have ended; `None` where nothing goes by that.
    pub before: Option<i64>,
    /// Whether executions with checkpoints go, too.
    pub checkpointed: bool,
    /// How much is removed at most.
    pub batch: i64,
    /// Whether nothing is removed.
    pub dry_run: bool,
    /// What the pass is told from others by.
    pub pass: &'a str,
}

/// What has become of it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Done {
    /// Removed, or with a dry run what would be.
    pub removed: i64,
    /// What could not be.
    pub failed: i64,
    /// Whether nothing is left.
    pub finished: bool,
}

/// How many are passed over for each that may be removed, up to `LOOKS`.
const PASSED: i64 = 10;
/// How many a batch passes over at most, unless it may remove more.
const LOOKS: i64 = 20_000;

impl Wanted<'_> {
    /// How many are looked at at most.
    fn looks(&self) -> i64 {
        (self.batch * PASSED).min(LOOKS).max(self.batch)
    }
}

type Clean = fn(&Wanted<'_>) -> StateResult<Done>;
