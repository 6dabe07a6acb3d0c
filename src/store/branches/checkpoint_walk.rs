//! The states of a page of checkpoints, made while the log is walked.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::branches::checkpoint_rows::Checkpoint;
use crate::store::log::cache::State;
use crate::store::log::executions::key_params;
use crate::store::log::several::{Keep, MOST_KEPT, States};
use std::collections::VecDeque;

static SIZES: Statement = Statement::new(
    "SELECT s.state_bytes FROM pg_catalog.unnest($3) AS u (version)
      CROSS JOIN LATERAL (
            SELECT v.state_bytes FROM wfstate.state_versions AS v
             WHERE v.tenant {=} wfstate.current_tenant() AND v.execution_id {=} $2 AND v.version {=} u.version
             LIMIT 1) AS s",
    &[Type::Text, Type::Text, Type::Int8Array],
);

/// States that are made before the first row of the newest is given; more for later ones.
const AHEAD: usize = 32;

/// States that are known, and where to go on.
pub(super) struct Walk {
    states: States,
    newest_first: bool,
    /// States that are made before the next one is given, where the newest comes first.
    ahead: usize,
}

impl Walk {
    /// Not begun.
    pub fn new(newest_first: bool) -> Self {
        let keep = match newest_first {
            true => Keep::All,
            false => Keep::Last,
        };
        Walk {
            states: States::new(keep),
            newest_first,
            ahead: AHEAD,
        }
    }

    /// The state of the first of some rows.
    pub fn state(
        &mut self,
        key: Key<'_>,
        rows: &VecDeque<Checkpoint>,
    ) -> StateResult<Option<State>> {
        let Some(row) = rows.front() else {
            return Ok(None);
        };
        match self.states.known(row.place.version) {
            None if self.newest_first => self.newest(key, rows),
            None => self.states.of(key, row.place.version).map(Some),
            known => Ok(known),
        }
    }

    /// The state of the first row, which is the newest. States are made upwards: so those of as many rows below it as
    /// may be kept come before.
    fn newest(&mut self, key: Key<'_>, rows: &VecDeque<Checkpoint>) -> StateResult<Option<State>> {
        self.states.forget();
        let versions = rows.iter().take(self.ahead).map(|row| row.place.version);
        let mut versions: Vec<i64> = versions.collect();
        versions.dedup();
        self.ahead = MOST_KEPT.min(self.ahead * 4);
        let fitting = self.fitting(key, &versions)?;
        let mut newest = None;
        for version in versions.into_iter().take(fitting).rev() {
            newest = Some(self.states.of(key, version)?);
        }
        Ok(newest)
    }

    /// How many of these versions, one at least, have states that may be kept together.
    fn fitting(&self, key: Key<'_>, versions: &[i64]) -> StateResult<usize> {
        let [tenant, id] = key_params(key);
        let versions: Vec<Option<i64>> = versions.iter().copied().map(Some).collect();
        let (room, mut bytes, mut fitting) = (self.states.room(), 0, 0);
        if versions.len() > 1 {
            let params = [tenant, id, Param::Int8Array(&versions)];
            drop(SIZES.receive_while(Mode::Read, &params, |row| {
                let size = row.int4(0).unwrap_or_default();
                bytes += usize::try_from(size).unwrap_or_default();
                fitting += usize::from(bytes <= room);
                Ok(bytes <= room)
            }));
        }
        Ok(fitting.max(1))
    }
}
