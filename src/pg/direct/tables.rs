//! Tables that are open, and rows of theirs that are found by the primary key.

use crate::pg::direct::keys::{Compared, comparison};
use crate::pg::direct::plain::{Found, Table};
use crate::pg::direct::server;
use crate::pg::error::internal;
use crate::pg::interrupts;
use crate::pg::params::Param;
use crate::pg::rows::{Row, Shape};
use crate::pg::settings;
use pgrx::pg_sys;
use std::marker::PhantomData;
use std::rc::Rc;

/// What is to be done with tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
}

impl Purpose {
    pub fn lock(self) -> i32 {
        let lock = match self {
            Purpose::Read => pg_sys::AccessShareLock,
            Purpose::Write => pg_sys::RowExclusiveLock,
        };
        lock as i32
    }
}

/// A table that is open and locked.
pub(super) struct Open {
    pub table: &'static Table,
    pub relation: pg_sys::Relation,
    pub found: Rc<Found>,
}

impl Drop for Open {
    fn drop(&mut self) {
        // While unwinding, the server's abort closes it.
        if !std::thread::panicking() {
            // SAFETY: open; the lock is kept until the transaction ends, as by a statement.
            unsafe { pg_sys::relation_close(self.relation, pg_sys::NoLock as i32) };
        }
    }
}

impl Open {
    fn of(table: &'static Table, purpose: Purpose) -> Option<Self> {
        let (relation, found) = table.open(purpose.lock())?;
        Some(Open {
            table,
            relation,
            found,
        })
    }

    /// Whether the current role has the rights of the whole table; one that has them by column is for the statement.
    fn is_permitted(&self, purpose: Purpose) -> bool {
        let rights = self.table.rights(purpose);
        // SAFETY: look-ups in the catalog.
        unsafe {
            let role = pg_sys::GetUserId();
            let every = pg_sys::AclMaskHow::ACLMASK_ALL;
            pg_sys::pg_class_aclmask(self.found.table, role, rights, every) == rights
                && server::may_execute(self.found.policy_function, role)
        }
    }
}

/// Whether a statement would raise or do more, whatever the tables are.
fn is_refused(purpose: Purpose) -> bool {
    // SAFETY: plain reads of the session's state.
    unsafe {
        !settings::direct_access()
            || !pg_sys::row_security
            || (&raw const pg_sys::ExecutorCheckPerms_hook)
                .read()
                .is_some()
            || purpose == Purpose::Write
                && (pg_sys::XactReadOnly
                    || pg_sys::IsInParallelMode()
                    || pg_sys::RecoveryInProgress())
    }
}

/// Tables that are open, by position.
pub(super) struct Tables {
    all: Vec<Open>,
    pub(super) purpose: Purpose,
}

/// A row that a snapshot shows, pinned.
pub struct Seen<'t> {
    pub(super) tables: PhantomData<&'t Tables>,
    pub(super) at: usize,
    pub(super) slot: *mut pg_sys::TupleTableSlot,
    shape: Rc<Shape>,
}

impl Seen<'_> {
    /// Its columns, by position in the table.
    pub fn row(&self) -> Row<'_> {
        // SAFETY: `find` has filled the slot and read all of its columns; the shape is the table's.
        unsafe { Row::in_slot(self.slot, &self.shape) }
    }
}

impl Drop for Seen<'_> {
    fn drop(&mut self) {
        // While unwinding, the server's abort releases the pin.
        if !std::thread::panicking() {
            // SAFETY: made by `begin_scan`, in memory that outlives the tables, and dropped once.
            unsafe { pg_sys::ExecDropSingleTupleTableSlot(self.slot) };
        }
    }
}

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

impl Tables {
    /// Opens them; `None` where one of them is for a statement.
    pub fn open(tables: &[&'static Table], purpose: Purpose) -> Option<Self> {
        let opened = Self::opened(tables, purpose);
        for table in tables {
            table.count(opened.is_some());
        }
        opened
    }

    fn opened(tables: &[&'static Table], purpose: Purpose) -> Option<Self> {
        if is_refused(purpose) {
            return None;
        }
        let mut all = Vec::with_capacity(tables.len());
        for table in tables {
            all.push(Open::of(table, purpose).filter(|one| one.is_permitted(purpose))?);
        }
        Some(Tables { all, purpose })
    }

    /// The table of this position among those that were opened.
    pub fn at(&self, at: usize) -> &Open {
        match self.all.get(at) {
            Some(open) => open,
            None => internal("no table is open at this place", &at.to_string()),
        }
    }

    /// The row of a key, where the snapshot shows one.
    pub fn find(&self, at: usize, key: &[Param<'_>]) -> Option<Seen<'_>> {
        let keys: Vec<_> = key.iter().map(|value| (value, Compared::Equal)).collect();
        let mut scan = self.scan(at, &keys);
        let is_there = scan.next();
        let row = scan.end();
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
        let mut scan = self.scan(at, &keys);
        while scan.next() {
            interrupts::check();
            each(&scan.row.row());
        }
        scan.end();
    }

    fn scan(&self, at: usize, keys: &[(&Param<'_>, Compared)]) -> Scan<'_> {
        let open = self.at(at);
        let mut entries = vec![pg_sys::ScanKeyData::default(); keys.len()];
        for (number, (entry, (value, how))) in entries.iter_mut().zip(keys).enumerate() {
            // Two bounds are of the same column.
            let column = number.min(open.table.key.len().saturating_sub(1));
            let datum = self.datum(at, open.table.key.get(column), value);
            let (strategy, function) = comparison(Some(value.kind()), *how);
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
        // pinned by the slot, which lives in memory that outlives the tables.
        unsafe {
            let index = pg_sys::index_open(index, self.purpose.lock());
            let descriptor = (*open.relation).rd_att;
            let slot = pg_sys::MakeSingleTupleTableSlot(descriptor, &pg_sys::TTSOpsBufferHeapTuple);
            let (snapshot, count) = (pg_sys::GetActiveSnapshot(), entries.len() as i32);
            let scan = server::begin_scan(open.relation, index, snapshot, count);
            let first = entries.as_mut_ptr();
            pg_sys::index_rescan(scan, first, count, std::ptr::null_mut(), 0);
            let known = open.table.shape.borrow().clone();
            let shape = Shape::of(open.table.name(), descriptor, known);
            open.table.shape.replace(Some(Rc::clone(&shape)));
            Scan {
                index,
                scan,
                row: Seen {
                    tables: PhantomData,
                    at,
                    slot,
                    shape,
                },
                width: open.table.width() as i32,
            }
        }
    }

    /// The value for a column, which must be of its type.
    pub fn datum(
        &self,
        at: usize,
        column: Option<&usize>,
        value: &Param<'_>,
    ) -> Option<pg_sys::Datum> {
        let table = self.at(at).table;
        if column.and_then(|column| table.kind(*column)) != Some(value.kind()) {
            internal("a column is taken for another type", table.name());
        }
        value.datum()
    }
}
