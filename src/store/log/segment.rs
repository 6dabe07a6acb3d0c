//! The rows of one segment of the log, and the way through them from a version down to a snapshot.

use crate::core::{StateError, StateResult, jsonb};
use crate::pg::document::Document;
use crate::pg::spi::{Connection, Row, Stored};
use crate::store::Key;
use crate::store::log::cache;
use crate::store::log::versions::UNCHANGED;
use std::ops::Range;

/// Rows of `version, base_version, patch, snapshot`.
#[derive(Default)]
pub(in crate::store) struct Segment {
    links: Vec<Link>,
    /// The patches end to end: one buffer instead of thousands.
    patches: Vec<u8>,
}

struct Link {
    version: i64,
    base: Option<i64>,
    patch: Range<usize>,
    snapshot: Option<Stored>,
}

/// Where the way through one segment ends.
pub(in crate::store) enum End<'s> {
    /// The snapshot that the patches apply to.
    Snapshot(&'s Stored),
    /// The segment began with a jump to another version.
    Jump(i64),
    /// The segment began with a fork of another execution's version.
    Fork(i64),
    /// The version is not in the log.
    Missing,
}

/// Room that is made beforehand, at most.
const MOST_EXPECTED: usize = 2 << 20;

impl Segment {
    /// Makes room for patches of this size.
    pub fn expect(&mut self, chain_bytes: i64) {
        let wanted = usize::try_from(chain_bytes).unwrap_or(0);
        // What the head says is only a hint.
        let _ = self.patches.try_reserve(wanted.min(MOST_EXPECTED));
    }

    /// Adds a row, in any order. The patch that leads to a snapshot is not needed.
    pub fn add(&mut self, row: &Row<'_>) {
        let snapshot = row.stored(3);
        let start = self.patches.len();
        if snapshot.is_none() {
            row.append(2, &mut self.patches);
        }
        self.links.push(Link {
            version: row.int8(0).unwrap_or_default(),
            base: row.int8(1),
            patch: start..self.patches.len(),
            snapshot,
        });
    }

    /// The state, if the segment leads straight from a snapshot to the version.
    pub fn straight(
        &self,
        key: Key<'_>,
        version: i64,
        connection: &Connection,
        expected: Option<usize>,
    ) -> StateResult<Option<Document>> {
        match self.walk(version) {
            (patches, End::Snapshot(snapshot)) => apply(
                key,
                version,
                snapshot.payload(connection),
                patches,
                expected,
            )
            .map(Some),
            _ => Ok(None),
        }
    }

    /// The patches from a version downwards, newest first, and where they end. Versions that the walk jumps
    /// over are skipped.
    pub fn walk(&self, version: i64) -> (Vec<&[u8]>, End<'_>) {
        let mut links: Vec<&Link> = self.links.iter().collect();
        links.sort_by_key(|link| std::cmp::Reverse(link.version));
        let mut patches = Vec::with_capacity(links.len());
        let (mut want, mut end) = (version, End::Missing);
        for link in links {
            if link.version != want {
                continue;
            }
            if let Some(snapshot) = &link.snapshot {
                return (patches, End::Snapshot(snapshot));
            }
            let patch = self.patches.get(link.patch.clone()).unwrap_or_default();
            if !patch.is_empty() && patch != UNCHANGED {
                patches.push(patch);
            }
            match (link.version, link.base) {
                (1, Some(base)) => return (patches, End::Fork(base)),
                (_, Some(base)) => {
                    end = End::Jump(base);
                    want = base;
                }
                (_, None) => return (patches, End::Missing),
            }
        }
        (patches, end)
    }
}

/// The state that the patches, newest first, make of the snapshot; of about the expected size.
pub(in crate::store) fn apply(
    key: Key<'_>,
    version: i64,
    snapshot: &[u8],
    mut patches: Vec<&[u8]>,
    expected: Option<usize>,
) -> StateResult<Document> {
    if patches.is_empty() {
        return Document::copy(snapshot).map_err(|e| StateError::not_rebuilt(key.id, version, e));
    }
    patches.reverse();
    cache::patched(snapshot, &patches, expected, jsonb::MAX_SIZE)
        .map_err(|error| StateError::not_rebuilt(key.id, version, error))
}
