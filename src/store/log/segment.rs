//! The rows of one segment of the log, and the way through them from a version down to a snapshot.

use crate::core::hash::{self, Seen};
use crate::core::{Error, StateError, StateResult, jsonb};
use crate::pg::damage::telling;
use crate::pg::document::Document;
use crate::pg::spi::{Connection, Row, Stored};
use crate::store::Key;
use crate::store::log::cache;
use crate::store::log::executions::Head;
use crate::store::log::versions::UNCHANGED;
use std::ops::Range;

/// Where a row has what a segment is made of.
pub(in crate::store) struct Columns {
    pub version: usize,
    pub base: usize,
    pub patch: usize,
    pub snapshot: usize,
    pub hash: usize,
    pub snapshot_hash: usize,
}

/// Of a statement that begins with `version, base_version, patch, snapshot, hash, snapshot_hash`.
pub(in crate::store) const STATED: Columns = Columns {
    version: 0,
    base: 1,
    patch: 2,
    snapshot: 3,
    hash: 4,
    snapshot_hash: 5,
};

/// Versions of one execution.
#[derive(Default)]
pub(in crate::store) struct Segment {
    links: Vec<Link>,
    /// The patches end to end: one buffer instead of thousands.
    patches: Vec<u8>,
}

pub(in crate::store) struct Link {
    version: i64,
    base: Option<i64>,
    patch: Range<usize>,
    seen: Seen,
    /// Apart, since few have one.
    snapshot: Option<Box<Snapshot>>,
    hash: i64,
}

struct Snapshot {
    stored: Stored,
    hash: Option<i64>,
}

/// A link with its patch, until what it stands on is reached.
type Open<'s> = Option<(&'s Link, &'s [u8])>;

/// Where the way through one segment ends.
pub(in crate::store) enum End<'s> {
    /// The version whose snapshot the patches apply to.
    Snapshot(&'s Link),
    /// The segment began with a jump to another version.
    Jump(i64),
    /// The segment began with a fork of another execution's version.
    Fork(i64),
    /// The version is not in the log.
    Missing,
}

/// The way from a version downwards.
pub(in crate::store) struct Way<'s> {
    /// The patches, newest first.
    pub patches: Vec<&'s [u8]>,
    /// Where they end.
    pub end: End<'s>,
}

/// Holds the hashes of the versions on the way, newest first, against what they store.
#[derive(Default)]
pub(in crate::store) struct Chain {
    /// What the hash of the next version must make: the hash and the content of the one that stands on it.
    above: Option<(i64, i64)>,
    /// What the hash of the next version must be.
    is: Option<i64>,
}

impl Chain {
    /// Of a head, or of any version.
    pub fn of(head: Option<&Head>) -> Self {
        Chain {
            above: None,
            is: head.map(|head| head.hash),
        }
    }

    /// Goes on to a link, from the one before where that is of the same segment.
    fn follow(&mut self, link: &Link, from: Open<'_>) -> Result<(), Error> {
        let fits = self.is.take().is_none_or(|hash| hash == link.hash)
            && self
                .above
                .take()
                .is_none_or(|(hash, payload)| hash::chain(link.hash, payload) == hash)
            && match from {
                Some((above, patch)) => above.seen.is_chained(link.hash, patch, above.hash)?,
                None => true,
            };
        if fits {
            Ok(())
        } else {
            Err(Error::Corrupt("a version does not match its hash"))
        }
    }

    /// Leaves a segment, from its last link.
    fn leave(&mut self, from: Open<'_>) -> Result<(), Error> {
        if let Some((above, patch)) = from {
            self.above = Some((above.hash, hash::patch_hash(patch)?.cast_signed()));
        }
        Ok(())
    }
}

impl Link {
    /// Its snapshot, which must have its hash. What is fetched lives as long as the connection.
    pub fn payload<'s>(
        &'s self,
        key: Key<'_>,
        connection: &'s Connection,
    ) -> StateResult<&'s [u8]> {
        let told = |why: &str| StateError::corrupt(key.id, self.version, why);
        let Some(snapshot) = &self.snapshot else {
            return Err(told("a snapshot is missing"));
        };
        let payload = telling(told, || Ok(snapshot.stored.payload(connection)))?;
        let fits = match snapshot.hash {
            Some(hash) => hash::has_hash(payload, hash.cast_unsigned())
                .map_err(|error| StateError::not_rebuilt(key.id, self.version, error))?,
            None => false,
        };
        if !fits {
            return Err(told("a snapshot does not match its hash"));
        }
        Ok(payload)
    }
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
    pub fn add(&mut self, row: &Row<'_>, at: &Columns) {
        let snapshot = row.stored(at.snapshot).map(|stored| {
            let hash = row.int8(at.snapshot_hash);
            Box::new(Snapshot { stored, hash })
        });
        let start = self.patches.len();
        if snapshot.is_none() {
            row.append(at.patch, &mut self.patches);
        }
        self.links.push(Link {
            version: row.int8(at.version).unwrap_or_default(),
            base: row.int8(at.base),
            patch: start..self.patches.len(),
            seen: Seen::of(self.patches.get(start..).unwrap_or_default()),
            snapshot,
            hash: row.int8(at.hash).unwrap_or_default(),
        });
    }

    /// The state, if the segment leads straight from a snapshot to the version, which is that of the head where that
    /// is given.
    pub fn straight(
        &self,
        key: Key<'_>,
        version: i64,
        connection: &Connection,
        head: Option<&Head>,
    ) -> StateResult<Option<Document>> {
        let way = self.walk(version, &mut Chain::of(head));
        let way = way.map_err(|error| StateError::not_rebuilt(key.id, version, error))?;
        match way.end {
            End::Snapshot(link) => {
                let snapshot = link.payload(key, connection)?;
                let expected = head.and_then(Head::expected);
                apply(key, version, snapshot, way.patches, expected).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The way from a version downwards. Versions that the walk jumps over are skipped.
    pub fn walk(&self, version: i64, chain: &mut Chain) -> Result<Way<'_>, Error> {
        let mut links: Vec<&Link> = self.links.iter().collect();
        links.sort_by_key(|link| std::cmp::Reverse(link.version));
        let mut patches = Vec::with_capacity(links.len());
        let (mut want, mut end) = (version, End::Missing);
        let mut open: Open<'_> = None;
        for link in links {
            if link.version != want {
                continue;
            }
            let patch = self.patches.get(link.patch.clone()).unwrap_or_default();
            if patch.is_empty() && link.snapshot.is_none() {
                return Err(Error::Corrupt("a version has neither patch nor snapshot"));
            }
            chain.follow(link, open.take())?;
            if link.snapshot.is_some() {
                let end = End::Snapshot(link);
                return Ok(Way { patches, end });
            }
            open = Some((link, patch));
            if patch != UNCHANGED {
                patches.push(patch);
            }
            end = match (link.version, link.base) {
                (1, Some(base)) => End::Fork(base),
                (_, Some(base)) => End::Jump(base),
                (_, None) => End::Missing,
            };
            match end {
                End::Jump(base) => want = base,
                _ => break,
            }
        }
        chain.leave(open)?;
        Ok(Way { patches, end })
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
