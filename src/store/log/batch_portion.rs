//! A portion of a batch: the executions whose states, old and new, are in memory at once.

use crate::core::{Code, StateError, StateResult};
use crate::pg::document::Document;
use crate::store::Key;
use crate::store::feed::record;
use crate::store::log::batch::Item;
use crate::store::log::batch_patches::patches;
use crate::store::log::batch_rows::{self as rows, Found, NewRow};
use crate::store::log::cache::{self, content_hash};
use crate::store::log::direct::batch as direct;
use crate::store::log::executions::Head;
use crate::store::log::keyframe;
use crate::store::log::new_version::{Content, Labels, head_after};
use crate::store::log::save::Request;
use crate::store::log::versions::bytes;
use crate::store::search::index;
use std::rc::Rc;

/// Bytes of states, old and new, and of patches that are worked on at once, beyond one execution.
const PORTION: i64 = 8 << 20;

/// A head that was made, and the hash of the state.
pub(super) struct Made {
    pub head: Head,
    pub payload_hash: i64,
}

/// Where a state goes.
pub(super) enum Place<'a> {
    Created(&'a Made),
    Locked(&'a Found),
}

impl Place<'_> {
    pub(super) fn next_version(&self) -> i64 {
        match self {
            Place::Created(made) => made.head.version,
            Place::Locked(found) => found.head.version + 1,
        }
    }
}

/// Executions that are worked on at once.
#[derive(Default)]
pub(super) struct Portion<'a> {
    created: Vec<(&'a Item<'a>, &'a Made)>,
    locked: Vec<(&'a Item<'a>, &'a Found)>,
    /// What is said about these.
    labels: Vec<Labels<'a>>,
    size: i64,
}

impl<'a> Portion<'a> {
    fn size(item: &Item<'_>, place: &Place<'_>) -> i64 {
        let old = match place {
            Place::Created(_) => 0,
            Place::Locked(found) => found.head.state_bytes + found.head.chain_bytes,
        };
        bytes(item.state.len()) + old
    }

    pub(super) fn has_room(&self, item: &Item<'_>, place: &Place<'_>) -> bool {
        self.size == 0 || self.size + Self::size(item, place) <= PORTION
    }

    pub(super) fn add(&mut self, item: &'a Item<'a>, place: Place<'a>, labels: Labels<'a>) {
        self.size += Self::size(item, &place);
        match place {
            Place::Created(made) => self.created.push((item, made)),
            Place::Locked(found) => {
                self.locked.push((item, found));
                self.labels.push(labels);
            }
        }
    }

    pub(super) fn write(self, at: i64) -> StateResult<()> {
        self.write_created(at)?;
        self.write_moved(at)
    }

    fn write_created(&self, at: i64) -> StateResult<()> {
        if self.created.is_empty() {
            return Ok(());
        }
        let row = |(item, made): &(&'a Item<'a>, &'a Made)| created_row(item, made);
        let rows: Vec<NewRow<'_>> = self.created.iter().map(row).collect();
        log(
            &rows,
            at,
            self.created.first().map(|(item, _)| item.request.key),
        )?;
        for ((item, _), row) in self.created.iter().zip(&rows) {
            let change = record::Change::Status(row.head.version, &row.head.status);
            record::record(item.request.key, change)?;
        }
        let items = self.created.iter().map(|(item, _)| *item);
        finish(&items.zip(&rows).collect::<Vec<_>>())
    }

    fn write_moved(&self, at: i64) -> StateResult<()> {
        if self.locked.is_empty() {
            return Ok(());
        }
        let patches = patches(&self.locked)?;
        // No version is earlier than the one before.
        let former = self.locked.iter().map(|(_, found)| found.head.updated_at);
        let at = former.max().map_or(at, |former| former.max(at));
        let mut rows = Vec::with_capacity(self.locked.len());
        for (((item, found), labels), patch) in self.locked.iter().zip(&self.labels).zip(&patches) {
            rows.push(moved_row(item, found, labels, patch.as_deref(), at)?);
        }
        let key = self.locked.first().map(|(item, _)| item.request.key);
        let are_moved = match key.and_then(|key| direct::move_and_log(key, &rows, at)) {
            Some(are_moved) => are_moved,
            None => {
                let are_moved = rows::move_heads(&rows, at)? == rows.len() as u64;
                rows::log(&rows, at)?;
                are_moved
            }
        };
        if !are_moved {
            let why = "internal error: a locked head has moved";
            return Err(StateError::new(Code::Internal, why));
        }
        for ((item, found), row) in self.locked.iter().zip(&rows) {
            let is_new = found.head.status != row.head.status;
            let change = record::Change::of(row.head.version, is_new, &row.head.status);
            record::record(item.request.key, change)?;
        }
        let items = self.locked.iter().map(|(item, _)| *item);
        finish(&items.zip(&rows).collect::<Vec<_>>())
    }
}

/// Appends the versions of heads that were made.
fn log(rows: &[NewRow<'_>], at: i64, key: Option<Key<'_>>) -> StateResult<()> {
    match key.and_then(|key| direct::log(key, rows, at)) {
        Some(()) => Ok(()),
        None => rows::log(rows, at),
    }
}

fn moved_row<'a>(
    item: &'a Item<'a>,
    found: &Found,
    labels: &Labels<'_>,
    patch: Option<&'a [u8]>,
    at: i64,
) -> StateResult<NewRow<'a>> {
    let content = patch.map_or(Content::Snapshot(item.state), Content::Patch);
    let payload_hash = content_hash(patch, item.state)?;
    let size = Some(item.state.len());
    let mut head = head_after(&found.head, &content, payload_hash, size, at);
    head.updated_at = at;
    labels.follow(&mut head);
    Ok(NewRow {
        id: item.request.key.id,
        gets_workflow: labels.workflow.is_some(),
        head,
        payload_hash,
        patch: content.patch(),
        snapshot: content.snapshot(),
        place: found.place,
    })
}

fn created_row<'a>(item: &'a Item<'a>, made: &Made) -> NewRow<'a> {
    NewRow {
        id: item.request.key.id,
        gets_workflow: item.request.labels.workflow.is_some(),
        head: made.head.clone(),
        payload_hash: made.payload_hash,
        patch: None,
        snapshot: Some(item.state),
        place: None,
    }
}

/// What follows a save: the cache, the search rows, and a keyframe where a chain has grown too long.
fn finish(written: &[(&Item<'_>, &NewRow<'_>)]) -> StateResult<()> {
    // No more than the cache keeps.
    let first = written.len().saturating_sub(cache::MAX_ENTRIES);
    let mut indexed = Vec::new();
    for (i, (item, row)) in written.iter().enumerate() {
        let Request { key, tags, .. } = item.request;
        if i >= first {
            cache::put(key, &row.head, Rc::new(copy(item.state)?));
        }
        let (workflow, new) = (row.head.workflow.as_deref(), row.gets_workflow);
        let state = || Ok(Rc::new(copy(item.state)?));
        indexed.extend(index::row(key, workflow, new, tags, state)?);
    }
    index::maintain_all(&indexed)?;
    for (item, row) in written {
        if keyframe::is_due(&row.head) {
            keyframe::make(item.request.key, &row.head, item.state)?;
        }
    }
    Ok(())
}

fn copy(state: &[u8]) -> StateResult<Document> {
    Document::copy(state).map_err(|e| StateError::bad_document("state", e))
}
