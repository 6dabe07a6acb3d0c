//! The definitions that this session has compiled, those used last.
//!
//! An entry is used as long as no definition has changed since it was last looked at; after that its hash is compared
//! with the stored one first: a version number is used again after a ROLLBACK, or when the extension is made anew.

use crate::core::StateResult;
use crate::core::definition::Definition;
use crate::pg::invalidation::{Cached, generation, table_oid};
use crate::pg::jsonpath::Paths;
use crate::pg::settings;
use crate::pg::spi::Mode;
use crate::store::cache_counts::{Cache, Counts, count};
use crate::store::definitions::documents::{self, Name};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

struct Entry {
    tenant: String,
    workflow: String,
    version: i32,
    hash: i64,
    generation: u64,
    bytes: usize,
    definition: Rc<Definition>,
}

impl Entry {
    fn is(&self, name: Name<'_>) -> bool {
        self.version == name.version && self.workflow == name.workflow && self.tenant == name.tenant
    }
}

thread_local! {
    /// Newest last.
    static ENTRIES: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
    static COUNTS: Cell<Counts> = const { Cell::new(Counts::new()) };
}

/// Most entries, whatever their size: look-up is a walk.
const MAX_ENTRIES: usize = 256;
/// Bytes that an entry takes besides the definition.
const ENTRY_COST: usize = 256;

/// What it holds.
pub fn statistics() -> Cache {
    let (entries, bytes) =
        ENTRIES.with_borrow(|all| (all.len(), all.iter().map(|e| e.bytes).sum()));
    Cache {
        name: "definitions",
        entries,
        bytes,
        max_bytes: settings::definition_cache_size(),
        counts: COUNTS.get(),
    }
}

/// A version of a definition, where it is compiled and nothing has changed since.
pub fn current(name: Name<'_>) -> Option<Rc<Definition>> {
    let (now, most) = (
        generation(Cached::Definitions),
        settings::definition_cache_size(),
    );
    let (_, then, definition) = known(name, most)?;
    if then != now {
        return None;
    }
    count(&COUNTS, |c| c.hits += 1);
    Some(definition)
}

fn known(name: Name<'_>, most: usize) -> Option<(i64, u64, Rc<Definition>)> {
    ENTRIES.with_borrow_mut(|entries| {
        let at = entries
            .iter()
            .rposition(|e| e.is(name) && e.bytes <= most)?;
        if at + 1 < entries.len() {
            let entry = entries.remove(at);
            entries.push(entry);
        }
        let entry = entries.last()?;
        Some((entry.hash, entry.generation, Rc::clone(&entry.definition)))
    })
}

/// A version of a definition, compiled. Refuses where it is not there.
pub fn get(mode: Mode, name: Name<'_>) -> StateResult<Rc<Definition>> {
    let (now, most) = (
        generation(Cached::Definitions),
        settings::definition_cache_size(),
    );
    match known(name, most) {
        Some((_, then, definition)) if then == now => {
            count(&COUNTS, |c| c.hits += 1);
            return Ok(definition);
        }
        Some((hash, _, definition)) if documents::hash(mode, name)? == Some(hash) => {
            count(&COUNTS, |c| c.hits += 1);
            seen(name, hash, now);
            return Ok(definition);
        }
        Some(_) => forget(name),
        None => {}
    }
    count(&COUNTS, |c| c.misses += 1);
    // Its number, so that what changes in it, and nothing else, makes the entries stale.
    table_oid(Cached::Definitions);
    let now = generation(Cached::Definitions);
    let (document, hash) = documents::read(mode, name)?.ok_or_else(|| name.missing())?;
    // Neither compiling nor reading has a borrow of the entries: both may run code that comes back here.
    let definition = Rc::new(Definition::compile(&document, &Paths)?);
    insert(Entry {
        tenant: name.tenant.to_owned(),
        workflow: name.workflow.to_owned(),
        version: name.version,
        hash,
        generation: now,
        bytes: definition.memory() + ENTRY_COST,
        definition: Rc::clone(&definition),
    });
    Ok(definition)
}

fn seen(name: Name<'_>, hash: i64, now: u64) {
    ENTRIES.with_borrow_mut(|entries| {
        let same = |e: &&mut Entry| e.is(name) && e.hash == hash;
        if let Some(entry) = entries.iter_mut().find(same) {
            entry.generation = now;
        }
    });
}

fn forget(name: Name<'_>) {
    let gone = ENTRIES.with_borrow_mut(|entries| {
        let at = entries.iter().position(|e| e.is(name))?;
        Some(entries.remove(at))
    });
    drop(gone);
}

fn insert(entry: Entry) {
    forget(Name {
        tenant: &entry.tenant,
        workflow: &entry.workflow,
        version: entry.version,
    });
    let most = settings::definition_cache_size();
    if entry.bytes > most {
        return;
    }
    // What is dropped may give memory back to the server: after the borrow.
    let mut gone = Vec::new();
    ENTRIES.with_borrow_mut(|entries| {
        entries.push(entry);
        let mut size: usize = entries.iter().map(|e| e.bytes).sum();
        while size > most || entries.len() > MAX_ENTRIES {
            let oldest = entries.remove(0);
            size -= oldest.bytes;
            gone.push(oldest);
        }
    });
    count(&COUNTS, |c| {
        c.evictions += i64::try_from(gone.len()).unwrap_or(0)
    });
}
