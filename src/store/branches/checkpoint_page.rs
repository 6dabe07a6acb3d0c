//! `wf_checkpoints`: a page of an execution's checkpoints, with their states where they are wanted.

use crate::core::checkpoints::Place;
use crate::core::{StateError, StateResult, jsonb};
use crate::pg::document::Document;
use crate::pg::interrupts;
use crate::pg::spi::Mode;
use crate::store::Key;
pub use crate::store::branches::checkpoint_rows::{Checkpoint, Filter};
use crate::store::branches::checkpoint_rows::{How, Rest};
use crate::store::branches::checkpoint_walk::Walk;
use crate::store::branches::checkpoints;
use crate::store::log::cache::State;
use crate::store::log::executions;
use std::collections::VecDeque;
use std::rc::Rc;

/// What a row says of the state of its version.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// The state itself.
    pub state: bool,
    /// What makes it of the one of the row before; of the first row the state.
    pub changes: bool,
}

/// A row's part of that.
#[derive(Default)]
pub struct Content {
    /// As it was saved.
    pub state: Option<State>,
    /// RFC 6902.
    pub changes: Option<Document>,
}

/// A page that goes on when its next row is asked for.
struct Page {
    tenant: String,
    id: String,
    rest: Rest,
    left: i64,
    ready: VecDeque<Checkpoint>,
    wanted: Wanted,
    walk: Walk,
    /// The state of the row before.
    before: Option<State>,
}

/// A page of checkpoints by version and name: behind the one named `after`, and only those before the one named
/// `before`, whatever the direction. The states are as they were saved; a bounded number of them is in memory.
pub fn page(
    key: Key<'_>,
    filter: Filter,
    (after, before): (Option<&str>, Option<&str>),
    max_rows: i64,
    wanted: Wanted,
) -> StateResult<impl Iterator<Item = StateResult<(Checkpoint, Content)>> + use<>> {
    executions::read_existing(key)?;
    let place = |name: &str| {
        checkpoints::existing(Mode::Read, key, name).map(|version| Place {
            version,
            name: name.to_owned(),
        })
    };
    let (mut low, mut high) = (Place::first(), Place::last());
    if let Some(before) = before {
        high = place(before)?;
    }
    match after.map(place).transpose()? {
        Some(after) if filter.newest_first => high = high.min(after),
        Some(after) => low = after,
        None => {}
    }
    Ok(Page {
        tenant: key.tenant.to_owned(),
        id: key.id.to_owned(),
        walk: Walk::new(filter.newest_first),
        rest: Rest {
            filter,
            low,
            high,
            how: How::InOrder,
            found: VecDeque::new(),
        },
        left: max_rows,
        ready: VecDeque::new(),
        wanted,
        before: None,
    })
}

impl Iterator for Page {
    type Item = StateResult<(Checkpoint, Content)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_row().transpose()
    }
}

impl Page {
    fn next_row(&mut self) -> StateResult<Option<(Checkpoint, Content)>> {
        let key = Key {
            tenant: &self.tenant,
            id: &self.id,
        };
        while self.ready.is_empty() && self.left > 0 && self.rest.how != How::NoMore {
            self.ready = self.rest.read(key, self.left)?;
            self.left -= i64::try_from(self.ready.len()).unwrap_or(i64::MAX);
        }
        let content = match self.ready.front().map(|row| row.place.version) {
            Some(version) if self.wanted.state || self.wanted.changes => self.content(version)?,
            _ => Content::default(),
        };
        Ok(self.ready.pop_front().map(|row| (row, content)))
    }

    /// That of the first row, whose version this is.
    fn content(&mut self, version: i64) -> StateResult<Content> {
        let key = Key {
            tenant: &self.tenant,
            id: &self.id,
        };
        let Some(state) = self.walk.state(key, &self.ready)? else {
            return Ok(Content::default());
        };
        if !self.wanted.changes {
            return Ok(Content {
                state: Some(state),
                changes: None,
            });
        }
        interrupts::check();
        let changes = match self.before.replace(Rc::clone(&state)) {
            Some(before) => Some(
                jsonb::diff(&before, &state)
                    .and_then(Document::from_payload)
                    .map_err(|e| StateError::not_rebuilt(key.id, version, e))?,
            ),
            None => None,
        };
        Ok(Content {
            state: (self.wanted.state || changes.is_none()).then_some(state),
            changes,
        })
    }
}
