//! Many rows of a table in one command: table, index and scan are opened once, each row is looked up from there.

use crate::pg::backend::reads_committed;
use crate::pg::direct::Command;
use crate::pg::direct::keys::{Compared, comparison};
use crate::pg::direct::plain::Table;
use crate::pg::direct::server;
use crate::pg::direct::tables::{Purpose, Tables};
use crate::pg::error::internal;
use crate::pg::params::Param;
use crate::pg::rows::{Row, Shape};
use crate::pg::spi::Connection;
use pgrx::pg_sys;
use std::rc::Rc;

/// Where a row is that is locked.
#[derive(Debug, Clone, Copy)]
pub struct Place(pub(super) pg_sys::ItemPointerData);

/// What became of locking a row.
#[derive(Debug, Clone, Copy)]
pub enum Locked {
    /// It is what `row` reads now.
    There(Place),
    /// The same, but of a newer row than was found, which may have another key.
    Newer(Place),
    /// The statement finds out what has become of it.
    Unknown,
}

/// Reads with a new snapshot, as a statement of the transaction that may write.
pub struct Newest {
    // Before the memory that rows are read into.
    tables: Tables,
    _snapshot: Pushed,
    connection: Connection,
}

impl Newest {
    /// Begins on these tables. The caller compares the tenant of every row with the session's.
    pub fn begin(tables: &[&'static Table]) -> Option<Self> {
        let tables = Tables::open(tables, Purpose::Read)?;
        let connection = Connection::open();
        Some(Newest {
            tables,
            _snapshot: Pushed::new(),
            connection,
        })
    }

    /// Looks up rows of the table in this position.
    pub fn finder(&self, at: usize, first: &Param<'_>, rest: &[Compared]) -> Finder<'_> {
        Finder::begin(&self.tables, at, first, rest)
    }

    /// What the rows have in TOAST can be fetched as long as it is open.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// A snapshot that shows what the transaction has done before.
struct Pushed;

impl Pushed {
    fn new() -> Self {
        // SAFETY: as SPI begins a statement that may write.
        unsafe {
            pg_sys::EnsurePortalSnapshotExists();
            pg_sys::CommandCounterIncrement();
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        }
        Pushed
    }
}

impl Drop for Pushed {
    fn drop(&mut self) {
        // While unwinding, the server's abort takes it from the stack.
        if !std::thread::panicking() {
            // SAFETY: pushed in `new`; whoever pushed one since has popped it.
            unsafe { pg_sys::PopActiveSnapshot() };
        }
    }
}

impl Command {
    /// Looks up rows of the table in this position.
    pub fn finder(&self, at: usize, first: &Param<'_>, rest: &[Compared]) -> Finder<'_> {
        Finder::begin(&self.tables, at, first, rest)
    }
}

/// A scan of a primary key that is put to one key after the other.
pub struct Finder<'t> {
    tables: &'t Tables,
    at: usize,
    index: pg_sys::Relation,
    scan: pg_sys::IndexScanDesc,
    keys: Vec<pg_sys::ScanKeyData>,
    slot: *mut pg_sys::TupleTableSlot,
    shape: Rc<Shape>,
}

impl<'t> Finder<'t> {
    /// `first` is the same in all keys; the rest of each is compared like that, two bounds of one column at the end.
    fn begin(tables: &'t Tables, at: usize, first: &Param<'_>, rest: &[Compared]) -> Self {
        let open = tables.at(at);
        let mut keys = vec![pg_sys::ScanKeyData::default(); rest.len() + 1];
        let each = std::iter::once(&Compared::Equal).chain(rest);
        for (number, (entry, how)) in keys.iter_mut().zip(each).enumerate() {
            let number = number.min(open.table.key.len().saturating_sub(1));
            let column = open.table.key.get(number);
            let kind = column.and_then(|column| open.table.kind(*column));
            let (strategy, function) = comparison(kind, *how);
            let datum = (number == 0).then(|| tables.datum(at, column, first));
            // SAFETY: the columns of an index count from 1; the function is that of the column's type, and texts
            // collate "C", which is what the server takes a key to do.
            unsafe {
                let datum = datum.flatten().unwrap_or(pg_sys::Datum::null());
                let column = number as pg_sys::AttrNumber + 1;
                pg_sys::ScanKeyInit(entry, column, strategy as _, function, datum);
            }
        }
        let index = match open.found.indexes.first() {
            Some(index) => index.oid,
            None => internal("a table has no primary key", open.table.name()),
        };
        // SAFETY: table and index are open and belong together; the row that is found is pinned by the slot, which
        // lives in memory that outlives the tables.
        unsafe {
            let index = pg_sys::index_open(index, tables.purpose.lock());
            let descriptor = (*open.relation).rd_att;
            let slot = pg_sys::MakeSingleTupleTableSlot(descriptor, &pg_sys::TTSOpsBufferHeapTuple);
            let (snapshot, count) = (pg_sys::GetActiveSnapshot(), keys.len() as i32);
            let scan = server::begin_scan(open.relation, index, snapshot, count);
            let known = open.table.shape.borrow().clone();
            let shape = Shape::of(open.table.name(), descriptor, known);
            open.table.shape.replace(Some(Rc::clone(&shape)));
            Finder {
                tables,
                at,
                index,
                scan,
                keys,
                slot,
                shape,
            }
        }
    }

    /// Looks for the rows of another key.
    pub fn look_up(&mut self, rest: &[Param<'_>]) {
        let open = self.tables.at(self.at);
        if rest.len() + 1 != self.keys.len() {
            internal("a key has another number of columns", open.table.name());
        }
        for (number, value) in rest.iter().enumerate() {
            let column = (number + 1).min(open.table.key.len().saturating_sub(1));
            let datum = self
                .tables
                .datum(self.at, open.table.key.get(column), value);
            if let Some(entry) = self.keys.get_mut(number + 1) {
                entry.sk_argument = datum.unwrap_or(pg_sys::Datum::null());
            }
        }
        let (keys, count) = (self.keys.as_mut_ptr(), self.keys.len() as i32);
        // SAFETY: begun for as many keys, which the scan copies; the values live as long as the command.
        unsafe { pg_sys::index_rescan(self.scan, keys, count, std::ptr::null_mut(), 0) };
    }

    /// Whether there is another row.
    pub fn advance(&mut self) -> bool {
        // SAFETY: begun on a table that is open as long.
        unsafe {
            let forward = pg_sys::ScanDirection::ForwardScanDirection;
            let is_there = pg_sys::index_getnext_slot(self.scan, forward, self.slot);
            if is_there {
                self.read_all();
            }
            is_there
        }
    }

    /// # Safety
    /// The slot must have a row.
    unsafe fn read_all(&self) {
        let width = self.tables.at(self.at).table.width() as i32;
        // SAFETY: the caller's promise.
        unsafe { pg_sys::slot_getsomeattrs_int(self.slot, width) };
    }

    /// The columns of the row that it is at, by position in the table.
    pub fn row(&self) -> Row<'_> {
        // SAFETY: `advance` or `lock` has filled the slot and read all of its columns; the shape is the table's.
        unsafe { Row::in_slot(self.slot, &self.shape) }
    }

    /// Where the row is that it is at.
    pub fn place(&self) -> Place {
        // SAFETY: as for `row`.
        Place(unsafe { (*self.slot).tts_tid })
    }

    /// Locks a row that was found, as FOR NO KEY UPDATE does, waiting for whoever holds it, and goes to what it is then.
    pub fn lock(&mut self, place: Place) -> Locked {
        let open = self.tables.at(self.at);
        // SAFETY: the row is of this table, and the snapshot that shows it is still the active one, so that nobody has
        // cleared it away; the slot is of the kind that heap rows are put into.
        let (result, is_newer) = unsafe { lock(open.relation, place, self.slot) };
        if result != pg_sys::TM_Result::TM_Ok {
            open.table.left();
            return Locked::Unknown;
        }
        // SAFETY: the lock has put the row there.
        unsafe { self.read_all() };
        match is_newer {
            true => Locked::Newer(self.place()),
            false => Locked::There(self.place()),
        }
    }
}

impl Drop for Finder<'_> {
    fn drop(&mut self) {
        // While unwinding, the server's abort releases scan, index and pin.
        if !std::thread::panicking() {
            // SAFETY: ends what `begin` has begun, once.
            unsafe {
                pg_sys::index_endscan(self.scan);
                pg_sys::index_close(self.index, pg_sys::NoLock as i32);
                pg_sys::ExecDropSingleTupleTableSlot(self.slot);
            }
        }
    }
}

/// Locks a row as the executor does; also tells whether it is a newer one. The executor goes on to the newest where the
/// transaction may see what others have changed since.
///
/// # Safety
/// The table must be open and locked, the active snapshot show the row, and the slot be for rows in buffers.
unsafe fn lock(
    table: pg_sys::Relation,
    Place(mut place): Place,
    slot: *mut pg_sys::TupleTableSlot,
) -> (pg_sys::TM_Result::Type, bool) {
    let mut failure = pg_sys::TM_FailureData::default();
    let mut flags = pg_sys::TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS;
    if reads_committed() {
        flags |= pg_sys::TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
    }
    let access = method(table, |methods| methods.tuple_lock);
    // SAFETY: the caller's promise; what raises inside ends at the boundary, and nothing is dropped in there.
    let result = unsafe {
        let (snapshot, command) = (
            pg_sys::GetActiveSnapshot(),
            pg_sys::GetCurrentCommandId(true),
        );
        let mode = pg_sys::LockTupleMode::LockTupleNoKeyExclusive;
        let wait = pg_sys::LockWaitPolicy::LockWaitBlock;
        let (place, failure) = (&raw mut place, &raw mut failure);
        pg_sys::ffi::pg_guard_ffi_boundary(|| {
            access(
                table,
                place,
                snapshot,
                slot,
                command,
                mode,
                wait,
                flags as u8,
                failure,
            )
        })
    };
    (result, failure.traversed)
}

/// One of the functions of a table's access method, which is that of the heap and has all of them.
pub(super) fn method<F>(
    table: pg_sys::Relation,
    of: impl Fn(&pg_sys::TableAmRoutine) -> Option<F>,
) -> F {
    // SAFETY: an open table has an access method, which lives as long as the session.
    match unsafe { (*table).rd_tableam.as_ref() }.and_then(of) {
        Some(function) => function,
        None => internal("a table's access method lacks a function", "the heap"),
    }
}
