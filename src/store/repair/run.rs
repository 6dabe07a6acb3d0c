//! `wf_repair`: back to what is sound, with as little lost as can be.

use crate::core::{StateError, StateResult, hash, statuses};
use crate::pg::document::Document;
use crate::pg::interrupts;
use crate::pg::spi::Mode;
use crate::store::Key;
use crate::store::execution::{runs, sagas, steps};
use crate::store::history::verify::sorted_out;
use crate::store::log::cache::{self, snapshot_hash};
use crate::store::log::executions::{self, Head, Lock};
use crate::store::log::rebuild;
use crate::store::migrations::chains;
use crate::store::queue::entries;
use crate::store::queue::guard::{self, Touch};
use crate::store::repair::mending::{broken, initial, mended};
use crate::store::repair::rows::{self, Outcome, Whole};
use crate::store::repair::versions::{Row, below, run_to, tagged_below};
use crate::store::search::index;
use std::rc::Rc;

/// More versions than an execution can have.
const MOST_VERSIONS: i64 = 1 << 53;

fn rebuilt(key: Key<'_>, version: i64) -> StateResult<Result<Document, String>> {
    interrupts::check();
    sorted_out(|| rebuild::at(Mode::Latest, key, version))
}

/// What the head becomes.
struct Found {
    action: &'static str,
    row: Option<Row>,
    phase: Option<String>,
    shape: Option<i32>,
    state: Document,
}

impl Found {
    fn at(action: &'static str, row: Row, state: Document) -> Self {
        Found {
            action,
            phase: row.phase.clone(),
            shape: row.schema_version,
            row: Some(row),
            state,
        }
    }
}

struct Repair<'a> {
    key: Key<'a>,
    head: &'a Head,
    /// The newest version that head or log know of.
    top: i64,
    /// The newest versions of the log that cannot be rebuilt, and why.
    damaged: Vec<(i64, String)>,
}

/// Brings an execution back to the newest state that is sound. Tells how; that nothing is left, too, since what a
/// refusal has written is rolled back.
pub fn repair(key: Key<'_>) -> StateResult<Outcome> {
    // It may remove versions: nobody may come to refer to one meanwhile.
    guard::lock(key, Touch::Changes)?;
    let head = executions::lock_existing(key, Lock::Prune)?;
    chains::keep(key.tenant, head.workflow.as_deref())?;
    // What this session remembers may be sound where the log is not.
    cache::forget(key);
    let newest = below(key, i64::MAX)?.map_or(0, |row| row.version);
    let current = sorted_out(|| rebuild::from_log(Mode::Latest, key, &head))?;
    let (reason, invalid) = match current {
        Err(problem) => (problem, None),
        Ok(_) if newest > head.version => ("the log has versions after the head".to_owned(), None),
        Ok(state) => match broken(
            key,
            &head,
            head.phase.as_deref(),
            head.schema_version,
            &state,
        )? {
            None => return valid(key, &head),
            Some(reason) => (reason, Some(state)),
        },
    };
    let mut repair = Repair {
        key,
        head: &head,
        // A head beyond all versions that there could be is damage of its own.
        top: newest.max(
            Some(head.version)
                .filter(|at| *at < MOST_VERSIONS)
                .unwrap_or(0),
        ),
        damaged: Vec::new(),
    };
    let sound = repair.newest_sound()?;
    let found = repair.find(sound)?;
    let outcome = repair.put(found, &reason)?;
    let recovery = rows::record(key, &outcome)?;
    if let Some(state) = invalid {
        rows::keep(key, head.version, recovery, &reason, (None, Some(&state)))?;
    }
    if outcome.action != "failed" {
        for (version, problem) in &repair.damaged {
            interrupts::check();
            rows::take_out(key, *version, recovery, problem)?;
        }
    }
    Ok(outcome)
}

fn valid(key: Key<'_>, head: &Head) -> StateResult<Outcome> {
    let outcome = Outcome {
        action: "valid",
        version: head.version,
        target_version: Some(head.version),
        reason: None,
        lost: None,
    };
    rows::record(key, &outcome)?;
    Ok(outcome)
}

impl Repair<'_> {
    /// Goes back to the newest version that can be rebuilt.
    fn newest_sound(&mut self) -> StateResult<Option<(Row, Document)>> {
        let mut from = self.top;
        while let Some(row) = below(self.key, from)? {
            let problem = match rebuilt(self.key, row.version)? {
                Ok(state) => return Ok(Some((row, state))),
                Err(problem) => problem,
            };
            let run = run_to(self.key, &row)?;
            if let Some((version, state)) = self.sound_of(&run, problem)? {
                let row = below(self.key, version)?;
                return Ok(row.map(|row| (row, state)));
            }
            from = run.first().map_or(row.version, |first| *first) - 1;
        }
        Ok(None)
    }

    /// The newest that is sound of a run of versions, the last of which is not: each is read through all of those
    /// before it, so that none is sound behind one that is not.
    fn sound_of(
        &mut self,
        run: &[i64],
        mut problem: String,
    ) -> StateResult<Option<(i64, Document)>> {
        let mut sound = None;
        let (mut sound_end, mut damaged_from) = (0, run.len().saturating_sub(1));
        while sound_end < damaged_from {
            let middle = (sound_end + damaged_from) / 2;
            let Some(version) = run.get(middle) else {
                break;
            };
            match rebuilt(self.key, *version)? {
                Ok(state) => {
                    sound = Some((*version, state));
                    sound_end = middle + 1;
                }
                Err(why) => {
                    problem = why;
                    damaged_from = middle;
                }
            }
        }
        let damaged = run.get(damaged_from..).unwrap_or_default();
        let damaged = damaged.iter().rev();
        self.damaged
            .extend(damaged.map(|version| (*version, problem.clone())));
        Ok(sound)
    }

    fn holds(&self, row: &Row, state: &[u8]) -> StateResult<bool> {
        let phase = row.phase.as_deref();
        Ok(broken(self.key, self.head, phase, row.schema_version, state)?.is_none())
    }

    fn find(&self, sound: Option<(Row, Document)>) -> StateResult<Option<Found>> {
        let Some((row, state)) = sound else {
            return self.initial();
        };
        let (newest, phase) = (row.version, row.phase.clone());
        let phase = phase.as_deref();
        if newest == self.top {
            if self.holds(&row, &state)? {
                return Ok(Some(Found::at("repaired", row, state)));
            }
            if let Some(state) = mended(self.key, self.head, phase, row.schema_version, &state)? {
                return Ok(Some(Found::at("repaired", row, state)));
            }
        }
        if let Some(found) = self.walk("checkpoint", newest, tagged_below)? {
            return Ok(Some(found));
        }
        let any = |_: Key<'_>, version| Ok(Some(version));
        match self.walk("version", newest, any)? {
            None => self.initial(),
            found => Ok(found),
        }
    }

    /// The newest sound and valid version of those that `next` gives, up to one.
    fn walk(
        &self,
        action: &'static str,
        mut from: i64,
        next: impl Fn(Key<'_>, i64) -> StateResult<Option<i64>>,
    ) -> StateResult<Option<Found>> {
        while let Some(wanted) = next(self.key, from)? {
            let Some(row) = below(self.key, wanted)? else {
                return Ok(None);
            };
            from = wanted.min(row.version) - 1;
            if action == "checkpoint" && row.version != wanted {
                from = wanted - 1;
                continue;
            }
            if let Ok(state) = rebuilt(self.key, row.version)?
                && self.holds(&row, &state)?
            {
                return Ok(Some(Found::at(action, row, state)));
            }
        }
        Ok(None)
    }

    fn initial(&self) -> StateResult<Option<Found>> {
        let found = initial(self.key, self.head)?;
        Ok(found.map(|begun| Found {
            action: "initial",
            row: None,
            phase: begun.phase,
            shape: begun.shape,
            state: begun.state,
        }))
    }

    /// Makes what was found the head, in a version that stands on its own.
    fn put(&self, found: Option<Found>, reason: &str) -> StateResult<Outcome> {
        let (key, head) = (self.key, self.head);
        let Some(found) = found else {
            rows::fail(key)?;
            entries::follow(key, "failed")?;
            return Ok(Outcome {
                action: "failed",
                version: head.version,
                target_version: None,
                reason: Some(reason.to_owned()),
                lost: Some((1, self.top)),
            });
        };
        let snapshot_hash = snapshot_hash(&found.state)?;
        let row = found.row.as_ref();
        let status = match row.map_or("running", |row| &row.status) {
            // What was undone would count as done.
            before if statuses::goes_on(before) && sagas::is_partly_done(key)? => "failed",
            before => before,
        };
        let whole = Whole {
            version: self.top + 1,
            base: row.map(|row| row.version),
            hash: hash::chain(row.map_or(0, |row| row.hash), snapshot_hash),
            snapshot_hash,
            status,
            phase: found.phase.as_deref(),
            schema_version: found.shape,
            state: &found.state,
        };
        let Some(after) = rows::append(key, &whole)? else {
            return Err(StateError::execution_not_found(key.id, key.tenant));
        };
        let target_version = whole.base;
        let state = Rc::new(found.state);
        cache::put(key, &after, Rc::clone(&state));
        index::maintain(key, after.workflow.as_deref(), true, None, || Ok(state))?;
        if statuses::is_final(&head.status) && head.status != after.status {
            runs::set_outcome(key, runs::Outcome::default())?;
            if statuses::goes_on(status) {
                steps::renew(key)?;
            }
        }
        entries::settle(key, &after.status)?;
        let first = target_version.unwrap_or(0) + 1;
        Ok(Outcome {
            action: found.action,
            version: after.version,
            target_version,
            reason: Some(reason.to_owned()),
            lost: (first <= self.top).then_some((first, self.top)),
        })
    }
}
