//! What a batch makes of the states that are there: the patches that lead from them to the new ones.

use crate::core::{StateError, StateResult};
use crate::pg::damage::telling;
use crate::pg::direct::Finder;
use crate::pg::document::Document;
use crate::pg::interrupts;
use crate::pg::spi::{Connection, Mode};
use crate::store::Key;
use crate::store::log::batch::Item;
use crate::store::log::batch_rows::{self as rows, Found};
use crate::store::log::cache::{self, State};
use crate::store::log::direct::batch::{self as direct, Segments};
use crate::store::log::executions::Head;
use crate::store::log::next::{self, Change};
use crate::store::log::rebuild;
use crate::store::log::segment::Segment;

/// The patches that lead from the old states to the new ones, where they are smaller.
pub(super) fn patches(locked: &[(&Item<'_>, &Found)]) -> StateResult<Vec<Option<Vec<u8>>>> {
    let known: Vec<Option<State>> = locked
        .iter()
        .map(|(item, found)| cache::get_exact(item.request.key, &found.head))
        .collect();
    let unknown: Vec<(Key<'_>, &Head)> = std::iter::zip(locked, &known)
        .filter(|(_, known)| known.is_none())
        .map(|((item, found), _)| (item.request.key, &found.head))
        .collect();
    let segments = unknown.first().and_then(|(key, _)| Segments::begin(*key));
    let mut read = Read::begin(&unknown, segments.as_ref())?;
    let mut patches = Vec::with_capacity(locked.len());
    // Their log leads elsewhere first: rebuilt each on its own, when nothing else is being read.
    let mut crooked = Vec::new();
    for ((item, found), known) in std::iter::zip(locked, known) {
        interrupts::check();
        let (key, head) = (item.request.key, &found.head);
        let smaller = |old: &[u8]| next::smaller(Change::State(item.state), old, item.state);
        patches.push(match known {
            Some(old) => smaller(&old)?,
            None => match read.old(key, head)? {
                Some(old) => smaller(&old)?,
                None => {
                    crooked.push((patches.len(), *item, head));
                    None
                }
            },
        });
    }
    drop(read);
    drop(segments);
    for (at, item, head) in crooked {
        let old = rebuild::head(Mode::Write, item.request.key, head)?;
        let patch = next::smaller(Change::State(item.state), &old, item.state)?;
        patches
            .get_mut(at)
            .into_iter()
            .for_each(|place| *place = patch.clone());
    }
    Ok(patches)
}

/// How the segments of the heads are read that are not known.
enum Read<'s> {
    Nothing,
    /// One after the other.
    Direct(Finder<'s>, &'s Connection),
    /// All at once.
    Stated(std::vec::IntoIter<Segment>, Connection),
}

impl<'s> Read<'s> {
    fn begin(heads: &[(Key<'_>, &Head)], segments: Option<&'s Segments>) -> StateResult<Self> {
        match (heads.first(), segments) {
            (None, _) => Ok(Read::Nothing),
            (Some((key, _)), Some(segments)) => {
                Ok(Read::Direct(segments.finder(*key), segments.connection()))
            }
            (Some(_), None) => {
                let heads: Vec<_> = heads.iter().map(|(key, head)| (key.id, *head)).collect();
                let (all, connection) = telling(StateError::unread, || Ok(rows::segments(&heads)))?;
                Ok(Read::Stated(all.into_iter(), connection))
            }
        }
    }

    /// The state of the next head; `None` where its log does not lead straight to it.
    fn old(&mut self, key: Key<'_>, head: &Head) -> StateResult<Option<Document>> {
        let (segment, connection) = match self {
            Read::Nothing => return Ok(None),
            Read::Direct(finder, connection) => {
                let read = || Ok(direct::segment(finder, key.id, head));
                (telling(StateError::unread, read)?, *connection)
            }
            Read::Stated(all, connection) => match all.next() {
                Some(segment) => (segment, &*connection),
                None => return Ok(None),
            },
        };
        segment.straight(key, head.version, connection, Some(head))
    }
}
