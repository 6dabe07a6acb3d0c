//! The states that this session rebuilt or saved last.
//!
//! An entry is used only for a head whose version and chained hash are the entry's, so it is identified by
//! content: an abort, another session's commit or a version number that is used again cannot make it wrong.

use crate::core::{StateResult, hash, jsonb};
use crate::pg::settings;
use crate::store::Key;
use std::cell::RefCell;
use std::rc::Rc;

/// A state, shared with whoever works on it.
pub type State = Rc<Vec<u8>>;

struct Entry {
    tenant: String,
    id: String,
    version: i64,
    hash: i64,
    state: State,
    /// Merge patches saved since, applied when the state is next asked for.
    pending: Vec<Vec<u8>>,
}

impl Entry {
    fn size(&self) -> usize {
        self.state.len() + self.pending.iter().map(Vec::len).sum::<usize>()
    }

    fn is(&self, key: Key<'_>) -> bool {
        self.id == key.id && self.tenant == key.tenant
    }
}

thread_local! {
    /// Newest last.
    static ENTRIES: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

/// Most entries, whatever their size: look-up is a walk.
const MAX_ENTRIES: usize = 64;

/// What the cache believes the head to be, with its state.
pub struct Hit {
    /// Version of the state.
    pub version: i64,
    /// Chained hash of that version.
    pub hash: i64,
    /// The state itself.
    pub state: State,
}

/// The entry of an execution, to be checked against the head by whoever uses it.
pub fn get(key: Key<'_>) -> Option<Hit> {
    let mut entry = take(key)?;
    if !entry.pending.is_empty() {
        let patches: Vec<&[u8]> = entry.pending.iter().map(Vec::as_slice).collect();
        entry.state = Rc::new(jsonb::apply(&entry.state, &patches).ok()?);
        entry.pending.clear();
    }
    let hit = Hit {
        version: entry.version,
        hash: entry.hash,
        state: Rc::clone(&entry.state),
    };
    insert(entry);
    Some(hit)
}

/// The state of exactly this version, if it is here.
pub fn get_exact(key: Key<'_>, version: i64, hash: i64) -> Option<State> {
    let is_it = ENTRIES.with_borrow(|entries| {
        entries
            .iter()
            .any(|e| e.is(key) && e.version == version && e.hash == hash)
    });
    if !is_it {
        return None;
    }
    get(key).map(|hit| hit.state)
}

/// Remembers a state as the newest of its execution.
pub fn put(key: Key<'_>, version: i64, hash: i64, state: State) {
    drop(take(key));
    insert(Entry {
        tenant: key.tenant.to_owned(),
        id: key.id.to_owned(),
        version,
        hash,
        state,
        pending: Vec::new(),
    });
}

/// Follows a merge patch that made `version` without reading the state.
pub fn follow(key: Key<'_>, version: i64, hash: i64, payload_hash: i64, patch: &[u8]) {
    let Some(mut entry) = take(key) else { return };
    if entry.version + 1 == version && hash::chain(entry.hash, payload_hash) == hash {
        entry.version = version;
        entry.hash = hash;
        entry.pending.push(patch.to_vec());
        insert(entry);
    }
}

/// Forgets an execution.
pub fn forget(key: Key<'_>) {
    drop(take(key));
}

/// Hash of a payload as the log stores it.
pub fn payload_hash(payload: &[u8]) -> StateResult<i64> {
    hash::hash(payload)
        .map(u64::cast_signed)
        .map_err(|e| crate::core::StateError::bad_document("state", e))
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
        }
    });
}
