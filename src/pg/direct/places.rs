//! Where rows were found or put last: the next look-up of the same key looks there first, and in the index only where
//! the row is another one, or none that the snapshot shows. A key is unique, so that a row which has it and is shown is
//! the row that the index would find.

use crate::pg::direct::server;
use crate::pg::direct::tables::{Open, Seen};
use crate::pg::params::Param;
use crate::pg::stored;
use pgrx::pg_sys;
use std::cell::Cell;
use std::hash::{DefaultHasher, Hasher};

/// Keys that are remembered; one that hashes to the place of another takes it.
const PLACES: usize = 64;

/// A row's place, as of a generation of the table, and the buffer that its page was in.
#[derive(Clone, Copy)]
struct Place {
    key: u64,
    generation: u64,
    tuple: pg_sys::ItemPointerData,
    buffer: pg_sys::Buffer,
}

/// The places of a table's rows.
pub(super) struct Places([Cell<Option<Place>>; PLACES]);

impl Places {
    pub const fn new() -> Self {
        Places([const { Cell::new(None) }; PLACES])
    }

    fn cell(&self, key: u64) -> &Cell<Option<Place>> {
        &self.0[key as usize % PLACES]
    }
}

/// What a key is remembered by. Another key of the same hash costs a look: the row's own key is compared.
pub(super) fn hashed(key: &[Param<'_>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for value in key {
        if let Param::Text(Some(text)) = value {
            hasher.write(text.as_bytes());
            hasher.write_u8(0xff);
        }
    }
    hasher.finish()
}

impl Open {
    /// Remembers where a row is.
    ///
    /// # Safety
    /// Its slot must hold a row of a buffer.
    pub(super) unsafe fn remember(&self, row: &Seen<'_>) {
        // SAFETY: the caller's promise.
        let (tuple, buffer) = unsafe {
            let buffered = row.slot.cast::<pg_sys::BufferHeapTupleTableSlot>();
            ((*row.slot).tts_tid, (*buffered).buffer)
        };
        self.table.places.cell(row.key).set(Some(Place {
            key: row.key,
            generation: self.found.generation.0,
            tuple,
            buffer,
        }));
    }

    /// Remembers where a row was put that replaces the one that was seen: on the same page, or it is forgotten.
    pub(super) fn moved(&self, seen: &Seen<'_>, to: pg_sys::ItemPointerData) {
        let cell = self.table.places.cell(seen.key);
        // SAFETY: the slot is alive with the row.
        let from = unsafe { (*seen.slot).tts_tid };
        let is_its = |place: &Place| place.key == seen.key;
        if let Some(place) = cell.get().filter(is_its) {
            let stays = block(from) == block(to);
            cell.set(stays.then_some(Place { tuple: to, ..place }));
        }
    }

    /// Whether the row of a key is where it was last and the snapshot shows it; then the slot has it.
    ///
    /// # Safety
    /// The slot must be one of the table's, and empty.
    pub(super) unsafe fn is_in_place(&self, key: &[Param<'_>], row: &Seen<'_>) -> bool {
        let (hash, slot) = (row.key, row.slot);
        let known = self.table.places.cell(hash).get();
        let fits = |place: &Place| place.key == hash && place.generation == self.found.generation.0;
        let Some(mut place) = known.filter(fits) else {
            return false;
        };
        // SAFETY: the caller's promise; the table is open. The page is looked at only while it is pinned, and pruned before,
        // as by a scan of an index, which moves its rows about.
        unsafe {
            // Predicate locks are taken by the scan: they are of the index, too.
            if pg_sys::XactIsoLevel == pg_sys::XACT_SERIALIZABLE as i32 {
                return false;
            }
            if !server::pin_again(self.relation, block(place.tuple), place.buffer) {
                return false;
            }
            pg_sys::heap_page_prune_opt(self.relation, place.buffer);
            let is_shown = server::fetch(self.relation, &mut place.tuple, slot);
            pg_sys::ReleaseBuffer(place.buffer);
            is_shown && self.has_key(key, slot)
        }
    }

    /// # Safety
    /// The slot must hold a row of the table.
    unsafe fn has_key(&self, key: &[Param<'_>], slot: *mut pg_sys::TupleTableSlot) -> bool {
        let width = self.table.width() as i32;
        // SAFETY: the caller's promise; columns of a key are texts without NULL, collated bytewise.
        unsafe {
            pg_sys::slot_getsomeattrs_int(slot, width);
            key.iter()
                .zip(self.table.key)
                .all(|(value, column)| match value {
                    Param::Text(Some(text)) => {
                        let found = *(*slot).tts_values.add(*column);
                        stored::plain(found) == Some(text.as_bytes())
                    }
                    _ => false,
                })
        }
    }
}

fn block(place: pg_sys::ItemPointerData) -> pg_sys::BlockNumber {
    (pg_sys::BlockNumber::from(place.ip_blkid.bi_hi) << 16)
        | pg_sys::BlockNumber::from(place.ip_blkid.bi_lo)
}
