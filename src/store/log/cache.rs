//! The states that this session rebuilt or saved last.
//!
//! An entry is used only for a head whose version and chained hash are the entry's, so it is identified by
//! content: an abort, another session's commit or a version number that is used again cannot make it wrong.
//! The hash covers the state, nothing else of the head: what appends to a head compares the workflow as well, and
//! takes no status or phase from here.

use crate::core::{Error, StateResult, hash, jsonb, memory};
use crate::pg::document::Document;
use crate::pg::settings;
use crate::store::Key;
use crate::store::cache_counts::{Cache, Counts, count};
use crate::store::log::direct::VERSIONS;
use crate::store::log::executions::Head;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A state, shared with whoever works on it.
pub type State = Rc<Document>;

struct Entry {
    tenant: String,
    id: String,
    head: Head,
    state: State,
    /// Merge patches saved since, applied when the state is next asked for.
    pending: Vec<Vec<u8>>,
}

impl Entry {
    fn size(&self) -> usize {
        self.state.memory() + self.pending.iter().map(Vec::len).sum::<usize>()
    }

    fn is(&self, key: Key<'_>) -> bool {
        self.id == key.id && self.tenant == key.tenant
    }
}

thread_local! {
    /// Newest last.
    static ENTRIES: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
    static COUNTS: Cell<Counts> = const { Cell::new(Counts::new()) };
}

/// Most entries, whatever their size: look-up is a walk.
pub const MAX_ENTRIES: usize = 64;

/// What the cache believes the head to be, with its state.
pub struct Hit {
    /// The head.
    pub head: Head,
    /// Its state.
    pub state: State,
}

/// What it holds.
pub fn statistics() -> Cache {
    let (entries, bytes) =
        ENTRIES.with_borrow(|all| (all.len(), all.iter().map(Entry::size).sum()));
    Cache {
        name: "states",
        entries,
        bytes,
        max_bytes: settings::cache_size(),
        counts: COUNTS.get(),
    }
}

/// The entry of an execution, to be checked against the head by whoever uses it.
pub fn get(key: Key<'_>) -> Option<Hit> {
    let hit = get_uncounted(key);
    count(&COUNTS, |c| match hit {
        Some(_) => c.hits += 1,
        None => c.misses += 1,
    });
    hit
}

/// Whoever may not read the log may not read here what another role has read of it.
fn get_uncounted(key: Key<'_>) -> Option<Hit> {
    if !VERSIONS.shows_tenants() {
        return None;
    }
    let mut entry = take(key).filter(|entry| entry.size() <= settings::cache_size())?;
    if !entry.pending.is_empty() {
        let patches: Vec<&[u8]> = entry.pending.iter().map(Vec::as_slice).collect();
        let state = patched(&entry.state, &patches, None, jsonb::MAX_SIZE);
        entry.state = Rc::new(state.ok()?);
        entry.pending.clear();
    }
    let hit = Hit {
        head: entry.head.clone(),
        state: Rc::clone(&entry.state),
    };
    insert(entry);
    Some(hit)
}

/// What the cache believes the head to be, without its state.
pub fn get_head(key: Key<'_>) -> Option<Head> {
    let most = settings::cache_size();
    ENTRIES.with_borrow(|entries| {
        let entry = entries
            .iter()
            .rev()
            .find(|e| e.is(key) && e.size() <= most)?;
        Some(entry.head.clone())
    })
}

/// The state of exactly this head, if it is here.
pub fn get_exact(key: Key<'_>, head: &Head) -> Option<State> {
    let same = |known: &Head| known.version == head.version && known.hash == head.hash;
    if !get_head(key).as_ref().is_some_and(same) {
        missed();
        return None;
    }
    get(key).map(|hit| hit.state)
}

/// A state was not here and had to be read.
pub fn missed() {
    count(&COUNTS, |c| c.misses += 1);
}

/// Remembers a state as the newest of its execution.
pub fn put(key: Key<'_>, head: &Head, state: State) {
    drop(take(key));
    insert(Entry {
        tenant: key.tenant.to_owned(),
        id: key.id.to_owned(),
        head: head.clone(),
        state,
        pending: Vec::new(),
    });
}

/// Follows a merge patch that made the head without reading the state.
pub fn follow(key: Key<'_>, head: &Head, payload_hash: i64, patch: &[u8]) {
    let Some(mut entry) = take(key) else { return };
    let next = hash::chain(entry.head.hash, payload_hash);
    if entry.head.version + 1 == head.version && next == head.hash {
        entry.head = head.clone();
        let mut copy = Vec::new();
        // Without memory for it, the entry is forgotten.
        if memory::append(&mut copy, patch).is_ok() {
            entry.pending.push(copy);
            insert(entry);
        }
    }
}

/// Follows what became of the head's row without a new version.
pub fn update(key: Key<'_>, head: &Head) {
    ENTRIES.with_borrow_mut(|entries| {
        let same = |e: &&mut Entry| {
            e.is(key) && e.head.version == head.version && e.head.hash == head.hash
        };
        if let Some(entry) = entries.iter_mut().find(same) {
            entry.head = head.clone();
        }
    });
}

/// Forgets an execution.
pub fn forget(key: Key<'_>) {
    drop(take(key));
}

/// What the patches make of a state, in their order; of about the expected size, where that is known, and
/// of `limit` bytes at most.
pub fn patched(
    state: &[u8],
    patches: &[&[u8]],
    expected: Option<usize>,
    limit: usize,
) -> Result<Document, Error> {
    let room = expected
        .unwrap_or_else(|| state.len() + patches.iter().map(|patch| patch.len()).sum::<usize>())
        .min(limit);
    Document::build(room, |out| jsonb::apply_into(state, patches, limit, out))
}

/// Hash of a snapshot as the log stores it.
pub fn snapshot_hash(snapshot: &[u8]) -> StateResult<i64> {
    hash::hash(snapshot)
        .map(u64::cast_signed)
        .map_err(|e| crate::core::StateError::bad_document("state", e))
}

/// Hash of what a version stores: the patch, or else the state.
pub fn content_hash(patch: Option<&[u8]>, state: &[u8]) -> StateResult<i64> {
    match patch {
        Some(patch) => patch_hash(patch),
        None => snapshot_hash(state),
    }
}

/// Hash of a patch as the log stores it.
pub fn patch_hash(patch: &[u8]) -> StateResult<i64> {
    hash::patch_hash(patch)
        .map(u64::cast_signed)
        .map_err(|e| crate::core::StateError::bad_document("patch", e))
}

fn take(key: Key<'_>) -> Option<Entry> {
    ENTRIES.with_borrow_mut(|entries| {
        let index = entries.iter().rposition(|e| e.is(key))?;
        Some(entries.remove(index))
    })
}

fn insert(entry: Entry) {
    let most = settings::cache_size();
    if entry.size() > most {
        return;
    }
    ENTRIES.with_borrow_mut(|entries| {
        entries.push(entry);
        let mut size: usize = entries.iter().map(Entry::size).sum();
        while size > most || entries.len() > MAX_ENTRIES {
            size -= entries.remove(0).size();
            count(&COUNTS, |c| c.evictions += 1);
        }
    });
}
