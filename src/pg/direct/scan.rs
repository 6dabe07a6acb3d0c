//! Looking up the primary key of a table.

use crate::pg::direct::places;
use crate::pg::direct::server;
use crate::pg::direct::tables::{Seen, Tables};
use crate::pg::error::internal;
use crate::pg::interrupts;
use crate::pg::params::Param;
use crate::pg::rows::Row;
use pgrx::pg_sys;

/// A scan of a primary key, with the row that it is at.
struct Scan<'t> {
    index: pg_sys::Relation,
    scan: pg_sys::IndexScanDesc,
    row: Seen<'t>,
    width: i32,
}

impl<'t> Scan<'t> {
    /// Whether there is another row.
    fn next(&mut self) -> bool {
        // SAFETY: `Tables::scan` has begun it, on a table that is open as long.
        unsafe {
            let forward = pg_sys::ScanDirection::ForwardScanDirection;
            let is_there = pg_sys::index_getnext_slot(self.scan, forward, self.row.slot);
            if is_there {
                pg_sys::slot_getsomeattrs_int(self.row.slot, self.width);
            }
            is_there
        }
    }

    /// Ends it; the row stays.
    fn end(self) -> Seen<'t> {
        // SAFETY: ends what `Tables::scan` has begun; the slot has a pin of its own.
        unsafe {
            pg_sys::index_endscan(self.scan);
            pg_sys::index_close(self.index, pg_sys::NoLock as i32);
        }
        self.row
    }
}

/// How a column of a key is compared.
#[derive(Clone, Copy)]
enum Compared {
    Equal,
    AtLeast,
    AtMost,
}

impl Tables {
    /// The row of a key, where the snapshot shows one.
    pub fn find(&self, at: usize, key: &[Param<'_>]) -> Option<Seen<'_>> {
        let open = self.at(at);
        let mut row = self.empty(at);
        row.key = places::hashed(key);
        // SAFETY: the slot is the table's, and empty.
        if unsafe { open.is_in_place(key, &row) } {
            return Some(row);
        }
        let keys: Vec<_> = key.iter().map(|value| (value, Compared::Equal)).collect();
        let mut scan = self.scan(at, &keys, row);
        let is_there = scan.next();
        let row = scan.end();
        if is_there {
            // SAFETY: a scan of a heap fills slots of buffers.
            unsafe { open.remember(&row) };
        }
        is_there.then_some(row)
    }

    /// `each` sees the rows of a key whose next column is from `low` to `high`, in order.
    pub fn range(
        &self,
        at: usize,
        key: &[Param<'_>],
        [low, high]: [i64; 2],
        mut each: impl FnMut(&Row<'_>),
    ) {
        let (low, high) = (Param::Int8(Some(low)), Param::Int8(Some(high)));
        let mut keys: Vec<_> = key.iter().map(|value| (value, Compared::Equal)).collect();
        keys.extend([(&low, Compared::AtLeast), (&high, Compared::AtMost)]);
        let mut scan = self.scan(at, &keys, self.empty(at));
        while scan.next() {
            interrupts::check();
            each(&scan.row.row());
        }
        scan.end();
    }

    fn scan<'t>(&'t self, at: usize, keys: &[(&Param<'_>, Compared)], row: Seen<'t>) -> Scan<'t> {
        let open = self.at(at);
        let mut entries = vec![pg_sys::ScanKeyData::default(); keys.len()];
        for (number, (entry, (value, how))) in entries.iter_mut().zip(keys).enumerate() {
            // Two bounds are of the same column.
            let column = number.min(open.table.key.len().saturating_sub(1));
            let datum = self.datum(at, open.table.key.get(column), value);
            let (strategy, function) = comparison(value, *how);
            // SAFETY: the columns of an index count from 1; the function is that of the column's type, and texts
            // collate "C", which is what the server takes a key to do.
            unsafe {
                let datum = datum.unwrap_or(pg_sys::Datum::null());
                let column = column as pg_sys::AttrNumber + 1;
                pg_sys::ScanKeyInit(entry, column, strategy as _, function, datum);
            }
        }
        let index = match open.found.indexes.first() {
            Some(index) => index.oid,
            None => internal("a table has no primary key", open.table.name()),
        };
        // SAFETY: table and index are open and belong together; the scan copies the keys. The row that is found is
        // pinned by the slot.
        unsafe {
            let index = pg_sys::index_open(index, self.purpose.lock());
            let (snapshot, count) = (pg_sys::GetActiveSnapshot(), entries.len() as i32);
            let scan = server::begin_scan(open.relation, index, snapshot, count);
            let first = entries.as_mut_ptr();
            pg_sys::index_rescan(scan, first, count, std::ptr::null_mut(), 0);
            Scan {
                index,
                scan,
                row,
                width: open.table.width() as i32,
            }
        }
    }
}

/// The operator that compares a key with a value: its number in the index, and its function.
fn comparison(value: &Param<'_>, how: Compared) -> (u32, pg_sys::RegProcedure) {
    match (value, how) {
        (Param::Text(_), Compared::Equal) => {
            (pg_sys::BTEqualStrategyNumber, pg_sys::F_TEXTEQ.into())
        }
        (Param::Int8(_), Compared::Equal) => {
            (pg_sys::BTEqualStrategyNumber, pg_sys::F_INT8EQ.into())
        }
        (Param::Int8(_), Compared::AtLeast) => (
            pg_sys::BTGreaterEqualStrategyNumber,
            pg_sys::F_INT8GE.into(),
        ),
        (Param::Int8(_), Compared::AtMost) => {
            (pg_sys::BTLessEqualStrategyNumber, pg_sys::F_INT8LE.into())
        }
        _ => internal("a key of this type is not looked up", "a key"),
    }
}
