//! The states of several versions of an execution, each made from one that is known already where the log leads there:
//! a row of the log and a patch, instead of a snapshot and all that came after it.

use crate::core::{Error, StateError, StateResult, hash, jsonb};
use crate::pg::damage::telling;
use crate::pg::interrupts;
use crate::pg::spi::{Connection, Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::log::cache::{self, State};
use crate::store::log::executions::key_params;
use crate::store::log::rebuild;
use crate::store::log::way::{Next, Way};
use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

/// From a version downwards. The limit is a number that the planner sees, which keeps to the index then.
static DOWN: Statement = Statement::new(
    "SELECT v.version, v.base_version, v.patch, v.snapshot, v.hash, v.snapshot_hash, v.state_bytes
       FROM wfstate.state_versions AS v
      WHERE v.tenant {=} wfstate.current_tenant() AND v.execution_id {=} $2 AND v.version {<=} $3
      ORDER BY v.version DESC LIMIT 64",
    &[Type::Text, Type::Text, Type::Int8],
);

/// Rows that it reads.
const ROWS: usize = 64;

/// States that are kept, whatever their size: look-up is a walk.
pub const MOST_KEPT: usize = 256;

/// Bytes of states that a session keeps, the newest one of each list aside.
const KEPT_BYTES: usize = 16 << 20;

thread_local! {
    /// Bytes that all of them keep: a session may have any number of cursors open.
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// States of versions that are known, for those that stand on them. Of an execution whose log nobody changes
/// meanwhile: as one query sees it.
pub struct States {
    /// The one that was made last behind.
    kept: VecDeque<(i64, State)>,
    bytes: usize,
    keep: Keep,
}

impl Drop for States {
    fn drop(&mut self) {
        self.weighs(0);
    }
}

/// Which states are kept, within bounds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All that were made.
    All,
    /// The last one of each branch: one that another was made from goes.
    Last,
}

/// A state, and the known version that it was made from.
type Made = (State, Option<i64>);

impl States {
    /// None yet.
    pub fn new(keep: Keep) -> Self {
        States {
            kept: VecDeque::new(),
            bytes: 0,
            keep,
        }
    }

    /// The state of a version, as `rebuild::at` makes it.
    pub fn of(&mut self, key: Key<'_>, version: i64) -> StateResult<State> {
        if let Some(state) = self.known(version) {
            return Ok(state);
        }
        interrupts::check();
        let told = |why: &str| StateError::corrupt(key.id, version, why);
        let state = match telling(told, || self.made_from_known(key, version))? {
            Some((state, base)) => {
                if self.keep == Keep::Last {
                    self.forget_one(base);
                }
                state
            }
            // A fork, or something is wrong, which is told there.
            None => Rc::new(rebuild::at(Mode::Read, key, version)?),
        };
        self.keep(version, &state);
        Ok(state)
    }

    /// The state of a version, where it is known.
    pub fn known(&self, version: i64) -> Option<State> {
        let (_, state) = self.kept.iter().rev().find(|(of, _)| *of == version)?;
        Some(Rc::clone(state))
    }

    /// Forgets all of them.
    pub fn forget(&mut self) {
        *self = States::new(self.keep);
    }

    /// Bytes of states that it may keep now.
    pub fn room(&self) -> usize {
        KEPT_BYTES.saturating_sub(HELD.get() - self.bytes)
    }

    fn weighs(&mut self, bytes: usize) {
        HELD.set(HELD.get() - self.bytes + bytes);
        self.bytes = bytes;
    }

    fn forget_one(&mut self, version: Option<i64>) {
        let place = self.kept.iter().position(|(of, _)| Some(*of) == version);
        if let Some((_, state)) = place.and_then(|place| self.kept.remove(place)) {
            self.weighs(self.bytes - state.memory());
        }
    }

    fn keep(&mut self, version: i64, state: &State) {
        self.weighs(self.bytes + state.memory());
        self.kept.push_back((version, Rc::clone(state)));
        while self.kept.len() > 1 && (HELD.get() > KEPT_BYTES || self.kept.len() > MOST_KEPT) {
            if let Some((_, oldest)) = self.kept.pop_front() {
                self.weighs(self.bytes - oldest.memory());
            }
        }
    }

    /// `None` where the way leads elsewhere than to a known or a whole version, or does not match its hashes.
    fn made_from_known(&self, key: Key<'_>, version: i64) -> StateResult<Option<Made>> {
        let mut way = Way::to(version);
        loop {
            interrupts::check();
            let [tenant, id] = key_params(key);
            let params = [tenant, id, Param::Int8(Some(way.want))];
            let (mut rows, mut went) = (0, Ok(Next::GoOn));
            let connection = DOWN.receive_while(Mode::Read, &params, |row| {
                rows += 1;
                went = way.add(row, &self.kept);
                Ok(went == Ok(Next::GoOn))
            });
            match went {
                Ok(Next::GoOn) if rows == ROWS => {}
                Ok(Next::GoOn) => return Ok(None),
                Ok(Next::Stop) => return self.made(key, version, &way, &connection),
                Err(Error::OutOfMemory) => return Err(StateError::out_of_memory("state")),
                Err(_) => return Ok(None),
            }
        }
    }

    /// What the way makes.
    fn made(
        &self,
        key: Key<'_>,
        version: i64,
        way: &Way,
        connection: &Connection,
    ) -> StateResult<Option<Made>> {
        let refused = |error| StateError::not_rebuilt(key.id, version, error);
        if let Some(known) = way.known.and_then(|known| self.known(known)) {
            let patches = way.oldest_first(way.patches.len());
            if patches.is_empty() {
                return Ok(Some((known, way.known)));
            }
            let state = cache::patched(&known, &patches, None, jsonb::MAX_SIZE).map_err(refused)?;
            return Ok(Some((Rc::new(state), way.known)));
        }
        let Some(whole) = &way.whole else {
            return Ok(None);
        };
        let snapshot = whole.stored.payload(connection);
        let fits = match whole.hash {
            Some(hash) => hash::has_hash(snapshot, hash.cast_unsigned()).map_err(refused)?,
            None => false,
        };
        if !fits {
            return Ok(None);
        }
        let patches = way.oldest_first(whole.patches);
        let state = cache::patched(snapshot, &patches, None, jsonb::MAX_SIZE).map_err(refused)?;
        Ok(Some((Rc::new(state), None)))
    }
}
