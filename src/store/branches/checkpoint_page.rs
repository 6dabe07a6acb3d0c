//! `wf_checkpoints`: a page of an execution's checkpoints, with their states where they are wanted.

use crate::core::StateResult;
use crate::core::checkpoints::Place;
use crate::pg::spi::Mode;
use crate::store::Key;
pub use crate::store::branches::checkpoint_rows::{Checkpoint, Filter};
use crate::store::branches::checkpoint_rows::{How, Rest};
use crate::store::branches::checkpoints;
use crate::store::log::cache::State;
use crate::store::log::executions;
use crate::store::log::several::{KEPT_BYTES, Keep, States};
use std::collections::VecDeque;

/// A page that goes on when its next row is asked for.
struct Page {
    tenant: String,
    id: String,
    rest: Rest,
    left: i64,
    ready: VecDeque<Checkpoint>,
    states: Option<States>,
    /// Size of a state, as far as it is known.
    state_bytes: usize,
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
    let head = executions::read_existing(key)?;
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
    let keep = match filter.newest_first {
        true => Keep::All,
        false => Keep::Last,
    };
    Ok(Page {
        tenant: key.tenant.to_owned(),
        id: key.id.to_owned(),
        rest: Rest {
            filter,
            low,
            high,
            how: How::InOrder,
            found: VecDeque::new(),
        },
        left: max_rows,
        ready: VecDeque::new(),
        states: with_state.then(|| States::new(keep)),
        state_bytes: head.expected().unwrap_or_default(),
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
        let state = match (&mut self.states, self.ready.front()) {
            (Some(states), Some(row)) => match states.known(row.place.version) {
                None if self.rest.filter.newest_first => {
                    newest(key, states, &self.ready, &mut self.state_bytes)?
                }
                None => Some(states.of(key, row.place.version)?),
                known => known,
            },
            _ => None,
        };
        Ok(self.ready.pop_front().map(|row| (row, state)))
    }
}

/// The state of the first row, which is the newest. States are made upwards: so those of as many rows below it as may
/// be kept come before.
fn newest(
    key: Key<'_>,
    states: &mut States,
    rows: &VecDeque<Checkpoint>,
    state_bytes: &mut usize,
) -> StateResult<Option<State>> {
    states.forget();
    let most = (KEPT_BYTES / (*state_bytes).max(1)).max(1);
    let versions = rows.iter().take(most).map(|row| row.place.version);
    let versions: Vec<i64> = versions.collect();
    let (mut newest, mut largest) = (None, 0);
    for version in versions.into_iter().rev() {
        let state = states.of(key, version)?;
        largest = largest.max(state.memory());
        newest = Some(state);
    }
    *state_bytes = largest;
    Ok(newest)
}
