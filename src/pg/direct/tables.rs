//! Tables that are open, and rows of theirs that are found by the primary key.

use crate::pg::direct::plain::{Found, Table};
use crate::pg::error::internal;
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
    pub purpose: Purpose,
}

/// A row that a snapshot shows, pinned.
pub struct Seen<'t> {
    pub(super) tables: PhantomData<&'t Tables>,
    pub(super) at: usize,
    pub(super) slot: *mut pg_sys::TupleTableSlot,
    /// What its key is remembered by.
    pub(super) key: u64,
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
            all.push(Open::of(table, purpose).filter(|one| table.permits(&one.found, purpose))?);
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

    /// A slot for rows of a table; it lives in memory that outlives the tables.
    pub fn empty(&self, at: usize) -> Seen<'_> {
        let open = self.at(at);
        // SAFETY: the table is open.
        unsafe {
            let descriptor = (*open.relation).rd_att;
            let slot = pg_sys::MakeSingleTupleTableSlot(descriptor, &pg_sys::TTSOpsBufferHeapTuple);
            let known = open.table.shape.borrow().clone();
            let shape = Shape::of(open.table.name(), descriptor, known);
            open.table.shape.replace(Some(Rc::clone(&shape)));
            Seen {
                tables: PhantomData,
                at,
                slot,
                key: 0,
                shape,
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
