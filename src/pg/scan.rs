//! Reads the small tables of which sessions keep a copy, below SQL: this runs inside row-level security
//! policies and parallel workers, for callers who have no right to the table, and must see what is committed
//! now, whatever the transaction's snapshot shows.

use crate::pg::backend::reads_committed;
use crate::pg::datum::varlena_datum;
use crate::pg::error::internal;
use crate::pg::interrupts;
use crate::pg::invalidation::{Cached, table_oid};
use crate::pg::types::{Column, Type, columns};
use pgrx::{FromDatum, pg_sys};
use std::ffi::CStr;

/// The columns that are asked for of a row, by position from 0 among those.
pub struct Tuple<'a> {
    wanted: &'a [(&'static CStr, Type)],
    /// Where each of them is.
    places: Vec<usize>,
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

impl Tuple<'_> {
    fn read<T: FromDatum>(&self, column: usize, kind: Type) -> Option<T> {
        let (name, declared) = self.wanted.get(column)?;
        if *declared != kind {
            refuse(name, kind);
        }
        let place = *self.places.get(column)?;
        let (datum, is_null) = (*self.values.get(place)?, *self.nulls.get(place)?);
        // SAFETY: the column is of the type: `places` has checked it; the tuple is alive while it is visited.
        unsafe { T::from_datum(datum, is_null) }
    }

    /// oid, or one of its aliases
    pub fn oid(&self, column: usize) -> Option<u32> {
        let oid = self.read::<pg_sys::Oid>(column, Type::Oid)?;
        Some(oid.to_u32())
    }

    /// text
    pub fn text(&self, column: usize) -> Option<String> {
        self.read(column, Type::Text)
    }

    /// bigint
    pub fn int8(&self, column: usize) -> Option<i64> {
        self.read(column, Type::Int8)
    }

    /// integer
    pub fn int4(&self, column: usize) -> Option<i32> {
        self.read(column, Type::Int4)
    }

    /// boolean
    pub fn bool(&self, column: usize) -> Option<bool> {
        self.read(column, Type::Bool)
    }

    /// text[], without its NULLs: one tenant's rows are read in every tenant's sessions and must not fail there.
    pub fn texts(&self, column: usize) -> Option<Vec<String>> {
        let texts = self.read::<Vec<Option<String>>>(column, Type::TextArray)?;
        Some(texts.into_iter().flatten().collect())
    }
}

fn refuse(name: &CStr, kind: Type) -> ! {
    internal(
        &format!("a table has no column of type {kind:?}"),
        &format!("the column {}", name.to_string_lossy()),
    )
}

/// Where the columns are, by name and type.
///
/// # Safety
/// The table must be open.
unsafe fn places(relation: pg_sys::Relation, wanted: &[(&'static CStr, Type)]) -> Vec<usize> {
    // SAFETY: the caller's promise.
    let (table, found) = unsafe { ((*relation).rd_id, columns((*relation).rd_att)) };
    let place = |name: &CStr, kind: Type| {
        // SAFETY: a catalog look-up, which gives 0 for a column that is not there.
        let number = unsafe { pg_sys::get_attnum(table, name.as_ptr()) };
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        let is_one = found
            .get(place)
            .is_some_and(|column: &Column| column.holds(kind));
        is_one.then_some(place)
    };
    let each = wanted.iter();
    each.map(|(name, kind)| place(name, *kind).unwrap_or_else(|| refuse(name, *kind)))
        .collect()
}

/// What `read` makes of the wanted columns of each row that is committed now, or written by this transaction.
pub fn rows<R>(
    table: Cached,
    wanted: &[(&'static CStr, Type)],
    read: impl Fn(&Tuple<'_>) -> Option<R>,
) -> Vec<R> {
    let mut rows = Vec::new();
    let oid = table_oid(table);
    if oid == pg_sys::Oid::INVALID {
        return rows;
    }
    // SAFETY: the table is open and locked during the scan; a NULL snapshot asks for the newest catalog
    // snapshot; a tuple is read before the next one is fetched.
    unsafe {
        let relation = pg_sys::table_open(oid, pg_sys::AccessShareLock as _);
        let count = (*(*relation).rd_att).natts as usize;
        let mut tuple = Tuple {
            wanted,
            places: places(relation, wanted),
            values: vec![pg_sys::Datum::null(); count],
            nulls: vec![true; count],
        };
        let scan = pg_sys::systable_beginscan(
            relation,
            pg_sys::Oid::INVALID,
            false,
            std::ptr::null_mut(),
            0,
            std::ptr::null_mut(),
        );
        loop {
            let next = pg_sys::systable_getnext(scan);
            if next.is_null() {
                break;
            }
            let values = tuple.values.as_mut_ptr();
            pg_sys::heap_deform_tuple(next, (*relation).rd_att, values, tuple.nulls.as_mut_ptr());
            rows.extend(read(&tuple));
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(relation, pg_sys::AccessShareLock as _);
    }
    rows
}

/// An index of schema wfstate that begins with two texts, which collate "C".
pub struct Index {
    /// Its table.
    pub table: &'static CStr,
    /// Its name.
    pub name: &'static CStr,
    /// The columns.
    pub columns: [&'static CStr; 2],
}

/// A key that no row has.
pub struct Missing<'k> {
    /// The second of its texts.
    pub key: &'k str,
    /// Whether the transaction keeps a snapshot that shows it.
    pub is_seen: bool,
}

impl Index {
    /// The first of these that, after `first`, is no row's key now: neither committed nor written by this transaction.
    /// Takes a fraction of what a statement takes to begin.
    pub fn missing<'k>(
        &self,
        first: &str,
        mut seconds: impl Iterator<Item = &'k str>,
    ) -> Option<Missing<'k>> {
        // SAFETY: what is opened is closed. A call has an active snapshot. The keys live until the function that called
        // returns.
        unsafe {
            let (relation, index, numbers) = self.open();
            let first = varlena_datum(first.as_bytes());
            let key = |second: &str| [first, varlena_datum(second.as_bytes())];
            // What the snapshot of the query shows may be gone, and what it does not show may have been written since.
            let newest = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
            let missing = seconds.find(|one| !has(relation, index, numbers, key(one), newest));
            pg_sys::UnregisterSnapshot(newest);
            let missing = missing.map(|one| {
                // With what this transaction has done so far, so that its own deletion is none of somebody else's.
                pg_sys::PushCopiedSnapshot(pg_sys::GetActiveSnapshot());
                pg_sys::UpdateActiveSnapshotCommandId();
                let active = pg_sys::GetActiveSnapshot();
                let is_seen = !reads_committed() && has(relation, index, numbers, key(one), active);
                pg_sys::PopActiveSnapshot();
                Missing { key: one, is_seen }
            });
            pg_sys::table_close(relation, LOCK);
            missing
        }
    }

    /// Those of these that, after `first`, are a row's key for anybody: also for a transaction that has not ended.
    pub fn begun<'k>(&self, first: &str, seconds: impl Iterator<Item = &'k str>) -> Vec<&'k str> {
        // SAFETY: as above; this snapshot needs nobody who keeps it.
        unsafe {
            let (relation, index, numbers) = self.open();
            let first = varlena_datum(first.as_bytes());
            let key = |second: &str| [first, varlena_datum(second.as_bytes())];
            let mut dirty = pg_sys::SnapshotData {
                snapshot_type: pg_sys::SnapshotType::SNAPSHOT_DIRTY,
                ..Default::default()
            };
            let begun = seconds
                .inspect(|_| interrupts::check())
                .filter(|one| has(relation, index, numbers, key(one), &raw mut dirty))
                .collect();
            pg_sys::table_close(relation, LOCK);
            begun
        }
    }

    /// The table, its index, and the numbers of the columns.
    ///
    /// # Safety
    /// The table must be closed.
    unsafe fn open(&self) -> (pg_sys::Relation, pg_sys::Oid, [pg_sys::AttrNumber; 2]) {
        // SAFETY: the catalog is asked by static names, and raises where the table is not there.
        unsafe {
            let schema = pg_sys::get_namespace_oid(c"wfstate".as_ptr(), false);
            let oid = |name: &CStr| pg_sys::get_relname_relid(name.as_ptr(), schema);
            let relation = pg_sys::table_open(oid(self.table), LOCK);
            let numbers = self
                .columns
                .map(|column| pg_sys::get_attnum((*relation).rd_id, column.as_ptr()));
            (relation, oid(self.name), numbers)
        }
    }
}

const LOCK: i32 = pg_sys::AccessShareLock as i32;

/// Whether a snapshot shows a row of this key.
///
/// # Safety
/// The table must be open, the snapshot registered or active or dirty, the index be its, and the columns, by number, be texts that are its first two and collate
/// "C", as the server takes keys to do.
unsafe fn has(
    relation: pg_sys::Relation,
    index: pg_sys::Oid,
    columns: [pg_sys::AttrNumber; 2],
    key: [pg_sys::Datum; 2],
    snapshot: pg_sys::Snapshot,
) -> bool {
    let mut keys = [pg_sys::ScanKeyData::default(); 2];
    // SAFETY: the caller's promise; the keys outlive the scan.
    unsafe {
        for ((entry, column), value) in keys.iter_mut().zip(columns).zip(key) {
            let equal = pg_sys::BTEqualStrategyNumber as _;
            pg_sys::ScanKeyInit(entry, column, equal, pg_sys::F_TEXTEQ.into(), value);
        }
        let (count, keys) = (keys.len() as i32, keys.as_mut_ptr());
        let scan = pg_sys::systable_beginscan(relation, index, true, snapshot, count, keys);
        let found = !pg_sys::systable_getnext(scan).is_null();
        pg_sys::systable_endscan(scan);
        found
    }
}
