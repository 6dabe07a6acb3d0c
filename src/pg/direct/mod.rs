//! What a session does most often, without setting an executor up: rows found by their key, one updated in place,
//! another one appended, through the functions of the table and its index that the executor calls.
//!
//! What a statement does unasked is done here, or is a reason to let the statement run (docs/storage.md lists it all):
//! `begin` gives `None` where the tables are not plain or the caller's rights are not those of the table, and
//! `Command::update` where somebody else was first; then nothing has been written, and the statement finds out the rest.

mod domains;
mod entries;
mod indexes;
mod places;
mod plain;
mod policy;
mod rights;
mod scan;
mod server;
mod tables;

pub use crate::pg::direct::plain::{Appended, Column, Table};
pub use crate::pg::direct::tables::Seen;
use crate::pg::direct::tables::{Purpose, Tables};
use crate::pg::error::internal;
use crate::pg::params::Param;
use crate::pg::rows::Row;
use crate::pg::spi::Connection;
use pgrx::pg_sys;

/// Reads what the calling query's snapshot shows. The caller compares the tenant of every row with the session's.
pub struct Reading {
    tables: Tables,
}

impl Reading {
    /// Begins on these tables.
    pub fn begin(tables: &[&'static Table]) -> Option<Self> {
        let tables = Tables::open(tables, Purpose::Read)?;
        Some(Reading { tables })
    }

    /// The row of a key in the table of this position.
    pub fn find(&self, at: usize, key: &[Param<'_>]) -> Option<Seen<'_>> {
        self.tables.find(at, key)
    }

    /// `each` sees the rows of a key whose next column is from `low` to `high`, in order.
    pub fn range(
        &self,
        at: usize,
        key: &[Param<'_>],
        bounds: [i64; 2],
        each: impl FnMut(&Row<'_>),
    ) {
        self.tables.range(at, key, bounds, each);
    }

    /// What the rows have in TOAST can be fetched as long as the connection is open.
    pub fn end(self) -> Connection {
        Connection::open()
    }
}

/// One command of the transaction, with a snapshot of its own as a statement has it.
pub struct Command {
    tables: Tables,
    /// The caller's memory, and the command's, which goes with it.
    memory: [pg_sys::MemoryContext; 2],
}

impl Command {
    /// Begins one on these tables. The caller compares the tenant of every row that it takes or makes with the session's.
    pub fn begin(tables: &[&'static Table]) -> Option<Self> {
        let tables = Tables::open(tables, Purpose::Write)?;
        // SAFETY: as SPI begins a statement: what the transaction has done before is seen, and the snapshot is new,
        // or the transaction's where it keeps one. The memory is the command's, and an error leaves it to its parent.
        unsafe {
            pg_sys::EnsurePortalSnapshotExists();
            pg_sys::CommandCounterIncrement();
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            let caller = pg_sys::CurrentMemoryContext;
            let own = pg_sys::AllocSetContextCreateExtended(
                caller,
                c"wfstate command".as_ptr(),
                pg_sys::ALLOCSET_SMALL_MINSIZE as usize,
                pg_sys::ALLOCSET_SMALL_INITSIZE as usize,
                pg_sys::ALLOCSET_SMALL_MAXSIZE as usize,
            );
            pg_sys::MemoryContextSwitchTo(own);
            Some(Command {
                tables,
                memory: [caller, own],
            })
        }
    }

    /// The row of a key in the table of this position.
    pub fn find(&self, at: usize, key: &[Param<'_>]) -> Option<Seen<'_>> {
        self.tables.find(at, key)
    }

    /// Changes columns of a row that was seen, waiting for whoever holds it. `None` where it has changed meanwhile.
    pub fn update(&self, seen: Seen<'_>, changes: &[(usize, Param<'_>)]) -> Option<()> {
        let open = self.tables.at(seen.at);
        let width = open.table.width();
        // SAFETY: the slot has as many columns, all of them read; a row that is made of them is the table's. The row
        // that was seen stays pinned meanwhile.
        unsafe {
            let mut values = std::slice::from_raw_parts((*seen.slot).tts_values, width).to_vec();
            let mut nulls = std::slice::from_raw_parts((*seen.slot).tts_isnull, width).to_vec();
            for (column, value) in changes {
                let datum = self.tables.datum(seen.at, Some(column), value);
                if let (Some(value), Some(null)) = (values.get_mut(*column), nulls.get_mut(*column))
                {
                    *null = datum.is_none();
                    *value = datum.unwrap_or(pg_sys::Datum::null());
                }
            }
            pg_sys::CheckCmdReplicaIdentity(open.relation, pg_sys::CmdType::CMD_UPDATE);
            let tuple = formed(open.relation, &mut values, &mut nulls);
            let place = &raw mut (*seen.slot).tts_tid;
            let command = pg_sys::GetCurrentCommandId(true);
            let (result, wanted) = server::update(open.relation, place, tuple, command);
            if result != pg_sys::TM_Result::TM_Ok {
                open.table.left();
                return None;
            }
            open.moved(&seen, (*tuple).t_self);
            entries::of_updated(open.relation, tuple, wanted);
        }
        Some(())
    }

    /// Appends a row: a value for each of the table's columns.
    pub fn insert(&self, at: usize, row: &[Param<'_>]) {
        let open = self.tables.at(at);
        if row.len() != open.table.width() {
            internal("a row has another number of columns", open.table.name());
        }
        let mut values = Vec::with_capacity(row.len());
        let mut nulls = Vec::with_capacity(row.len());
        for (column, value) in row.iter().enumerate() {
            let datum = self.tables.datum(at, Some(&column), value);
            nulls.push(datum.is_none());
            values.push(datum.unwrap_or(pg_sys::Datum::null()));
        }
        if open.table.asks_domains() {
            domains::ask(open, &values, &nulls);
        }
        // SAFETY: the values are of the columns' types, and as many; the table is open and locked.
        unsafe {
            let tuple = formed(open.relation, &mut values, &mut nulls);
            let command = pg_sys::GetCurrentCommandId(true);
            pg_sys::heap_insert(open.relation, tuple, command, 0, std::ptr::null_mut());
            let place = &raw mut (*tuple).t_self;
            let indexes = &open.found.indexes;
            entries::of_appended(open.relation, indexes, place, &values, &nulls);
        }
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        // While unwinding, the server's abort cleans up.
        if !std::thread::panicking() {
            // SAFETY: ends what `begin` has begun, as SPI ends a statement.
            unsafe {
                pg_sys::CommandCounterIncrement();
                pg_sys::PopActiveSnapshot();
                pg_sys::MemoryContextSwitchTo(self.memory[0]);
                pg_sys::MemoryContextDelete(self.memory[1]);
            }
        }
    }
}

/// A row of the table.
///
/// # Safety
/// The table must be open; values and nulls must be of its columns, and as many.
unsafe fn formed(
    relation: pg_sys::Relation,
    values: &mut [pg_sys::Datum],
    nulls: &mut [bool],
) -> pg_sys::HeapTuple {
    // SAFETY: the caller's promise.
    unsafe {
        let tuple =
            pg_sys::heap_form_tuple((*relation).rd_att, values.as_mut_ptr(), nulls.as_mut_ptr());
        (*tuple).t_tableOid = (*relation).rd_id;
        tuple
    }
}
