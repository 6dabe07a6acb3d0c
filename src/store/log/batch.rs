//! `wf_save_states`: many executions, all or none. A handful of statements, however many there are, and what
//! wf_save_state would do with each: the same rows, refused for the same reasons.
//!
//! New ids are taken first, then the heads that are there are locked, each in the order of ids: whoever waits for an
//! id to be taken has locked nothing that another batch could see, so that two batches never wait for each other.

use crate::core::{StateError, StateResult, hash, statuses};
use crate::pg::interrupts;
use crate::pg::spi::now;
use crate::store::Key;
use crate::store::definitions::bind::{self, Bound};
use crate::store::log::batch_portion::{Made, Place, Portion};
use crate::store::log::batch_rows::{self as rows, Found, NewRow};
use crate::store::log::cache::snapshot_hash;
use crate::store::log::direct::batch::{self as direct, Looked};
use crate::store::log::executions::{self, Head};
use crate::store::log::new_version::Labels;
use crate::store::log::save::{self, Request};
use crate::store::log::versions::bytes;
use crate::store::migrations::chains;
use std::collections::{HashMap, HashSet};

/// A state to be saved.
pub struct Item<'a> {
    /// To which execution, and how.
    pub request: Request<'a>,
    /// What is saved.
    pub state: &'a [u8],
    /// Under which lease.
    pub lease: Option<i64>,
}

impl Item<'_> {
    fn may_create(&self) -> bool {
        matches!(self.request.expected, None | Some(0))
    }
}

/// Saves the states. The items are in the order of their ids, no id twice. Returns the versions in this order; what
/// is refused is the first item that must be.
pub fn save(items: &[Item<'_>]) -> StateResult<Vec<i64>> {
    let at = now();
    let mut bound: HashMap<usize, StateResult<Bound>> = HashMap::new();
    let (created, locked) = created_and_locked(items, &mut bound, at)?;
    for (i, item) in items.iter().enumerate() {
        let Request { key, labels, .. } = &item.request;
        match (created.contains_key(&i), locked.get(&i)) {
            (true, _) => {
                if let Some(bound) = bound.get(&i) {
                    bound
                        .as_ref()
                        .map_err(StateError::clone)?
                        .check(*key, item.state)?;
                }
            }
            (false, Some(found)) => {
                check(item, found)?;
                let onto = bind::onto(*key, &found.head, labels)?;
                onto.check(*key, item.state)?;
                bound.insert(i, Ok(onto));
            }
            (false, None) if item.may_create() => {}
            (false, None) => return Err(save::missing(*key)),
        }
    }
    let mut versions = vec![0; items.len()];
    let mut portion = Portion::default();
    for (i, item) in items.iter().enumerate() {
        interrupts::check();
        let Some(version) = versions.get_mut(i) else {
            continue;
        };
        let place = match (created.get(&i), locked.get(&i)) {
            (Some(made), _) => Place::Created(made),
            (None, Some(found)) => Place::Locked(found),
            // Deleted since it was found there: rare enough to be saved on its own.
            (None, None) => {
                *version = save::save(&item.request, item.state)?;
                continue;
            }
        };
        *version = place.next_version();
        if !portion.has_room(item, &place) {
            std::mem::take(&mut portion).write(at)?;
        }
        let head = locked.get(&i).map(|found| &found.head);
        portion.add(item, place, labels(item, bound.get(&i), head)?);
    }
    portion.write(at)?;
    Ok(versions)
}

fn check(item: &Item<'_>, found: &Found) -> StateResult<()> {
    let Request { key, expected, .. } = item.request;
    if expected == Some(0) {
        return Err(save::taken(key));
    }
    executions::check_expected(key, expected, found.head.version)?;
    let status = item.request.labels.status;
    status.map_or(Ok(()), |to| statuses::check(key.id, &found.head.status, to))
}

/// What is said about an item's version, with what a definition adds.
fn labels<'a>(
    item: &Item<'a>,
    bound: Option<&'a StateResult<Bound>>,
    head: Option<&Head>,
) -> StateResult<Labels<'a>> {
    let labels = match bound {
        Some(Ok(bound)) => bound.labels(&item.request.labels),
        _ => item.request.labels,
    };
    let newest = chains::newest(item.request.key.tenant, labels.workflow, head)?;
    Ok(labels.of_shape(newest))
}

/// The heads that were made, and those that were there and are locked.
fn created_and_locked(
    items: &[Item<'_>],
    bound: &mut HashMap<usize, StateResult<Bound>>,
    at: i64,
) -> StateResult<(HashMap<usize, Made>, HashMap<usize, Found>)> {
    let keys: Vec<Key<'_>> = items.iter().map(|item| item.request.key).collect();
    let may_create = |i: usize| items.get(i).is_some_and(Item::may_create);
    let there = match direct::look(&keys, may_create) {
        Some(Looked::Locked(found)) => {
            let locked = found.into_iter().map(|found| (found.position, found));
            return Ok((HashMap::new(), locked.collect()));
        }
        Some(Looked::There(there)) => there.into_iter().collect(),
        None => {
            let ids: Vec<String> = keys.iter().map(|key| key.id.to_owned()).collect();
            let found = rows::heads(&ids, false)?;
            found.into_iter().map(|found| found.position).collect()
        }
    };
    let created = create(items, &there, bound, at)?;
    let others: Vec<usize> = (0..items.len())
        .filter(|i| !created.contains_key(i))
        .collect();
    let locked = lock(items, &others)?;
    Ok((created, locked))
}

/// Takes the ids that are free, where the item may. What binds them is left for later where it refuses: an item
/// before them may have to be refused first.
fn create(
    items: &[Item<'_>],
    there: &HashSet<usize>,
    bound: &mut HashMap<usize, StateResult<Bound>>,
    at: i64,
) -> StateResult<HashMap<usize, Made>> {
    let (mut new, mut positions) = (Vec::new(), HashMap::new());
    for (i, item) in items.iter().enumerate() {
        if there.contains(&i) || !item.may_create() {
            continue;
        }
        let payload_hash = snapshot_hash(item.state)?;
        let key = item.request.key;
        let binds = bound
            .entry(i)
            .or_insert_with(|| bind::created(key, &item.request.labels));
        let labels = labels(item, Some(binds), None)?;
        positions.insert(key.id, i);
        new.push(NewRow {
            id: key.id,
            gets_workflow: labels.workflow.is_some(),
            head: Head {
                version: 1,
                keyframe_version: 1,
                hash: hash::chain(0, payload_hash),
                state_bytes: bytes(item.state.len()),
                chain_bytes: 0,
                archive_bytes: 0,
                updated_at: at,
                workflow: labels.workflow.map(str::to_owned),
                workflow_version: labels.workflow_version(),
                schema_version: labels.schema_version(),
                phase: labels.phase.map(str::to_owned),
                status: labels.status.unwrap_or("running").to_owned(),
            },
            payload_hash,
            patch: None,
            snapshot: Some(item.state),
            place: None,
        });
    }
    if new.is_empty() {
        return Ok(HashMap::new());
    }
    let taken = rows::create(&new, at)?;
    let taken: HashSet<&str> = taken.iter().map(String::as_str).collect();
    Ok(new
        .into_iter()
        .filter(|row| taken.contains(row.id))
        .filter_map(|row| {
            let (head, payload_hash) = (row.head, row.payload_hash);
            Some((*positions.get(row.id)?, Made { head, payload_hash }))
        })
        .collect())
}

fn lock(items: &[Item<'_>], others: &[usize]) -> StateResult<HashMap<usize, Found>> {
    if others.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<Key<'_>> = others
        .iter()
        .filter_map(|i| Some(items.get(*i)?.request.key))
        .collect();
    let found = match direct::lock(&keys) {
        Some(found) => found,
        None => {
            let ids: Vec<String> = keys.iter().map(|key| key.id.to_owned()).collect();
            rows::heads(&ids, true)?
        }
    };
    Ok(found
        .into_iter()
        .filter_map(|found| Some((*others.get(found.position)?, found)))
        .collect())
}
