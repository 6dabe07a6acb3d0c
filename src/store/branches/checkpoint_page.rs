//! `wf_checkpoints`: a page of an execution's checkpoints, with their states where they are wanted.

use crate::core::StateResult;
use crate::core::checkpoints::Place;
use crate::pg::spi::Mode;
use crate::store::Key;
pub use crate::store::branches::checkpoint_rows::{Checkpoint, Filter};
use crate::store::branches::checkpoint_rows::{How, Rest};
use crate::store::branches::checkpoint_walk::Walk;
use crate::store::branches::checkpoints;
use crate::store::log::cache::State;
use crate::store::log::executions;
use std::collections::VecDeque;

/// A page that goes on when its next row is asked for.
struct Page {
    tenant: String,
    id: String,
    rest: Rest,
    left: i64,
    ready: VecDeque<Checkpoint>,
    walk: Option<Walk>,
}

/// A page of checkpoints by version and name: behind the one named `after`, and only those before the one named
/// `before`, whatever the direction. The states are as they were saved; a bounded number of them is in memory.
pub fn page(
    key: Key<'_>,
    filter: Filter,
    (after, before): (Option<&str>, Option<&str>),
    max_rows: i64,
    with_state: bool,
) -> StateResult<impl Iterator<Item = StateResult<(Checkpoint, Option<State>)>> + use<>> {
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
        walk: with_state.then(|| Walk::new(filter.newest_first)),
        rest: Rest {
            filter,
            low,
            high,
            how: How::InOrder,
            found: VecDeque::new(),
        },
        left: max_rows,
        ready: VecDeque::new(),
    })
}

impl Iterator for Page {
    type Item = StateResult<(Checkpoint, Option<State>)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_row().transpose()
    }
}

impl Page {
    fn next_row(&mut self) -> StateResult<Option<(Checkpoint, Option<State>)>> {
        let key = Key {
            tenant: &self.tenant,
            id: &self.id,
        };
        while self.ready.is_empty() && self.left > 0 && self.rest.how != How::NoMore {
            self.ready = self.rest.read(key, self.left)?;
            self.left -= i64::try_from(self.ready.len()).unwrap_or(i64::MAX);
        }
        let state = match &mut self.walk {
            Some(walk) => walk.state(key, &self.ready)?,
            None => None,
        };
        Ok(self.ready.pop_front().map(|row| (row, state)))
    }
}
