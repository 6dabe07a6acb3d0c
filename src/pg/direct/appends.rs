//! Many rows appended to a table in one command, by the page, as COPY does.

use crate::pg::direct::many_entries::{Appended, of_appended};
use crate::pg::direct::tables::Open;
use crate::pg::direct::{Command, domains, formed};
use crate::pg::error::internal;
use crate::pg::interrupts;
use crate::pg::params::Param;
use pgrx::pg_sys;

/// Rows that are put into pages at once, and about how many bytes of them.
const ROWS: usize = 128;
const BYTES: usize = 256 << 10;

impl Command {
    /// Appends rows to the table in this position: each a value for each of the table's columns.
    pub fn insert_all<'p, const WIDTH: usize>(
        &self,
        at: usize,
        rows: impl Iterator<Item = [Param<'p>; WIDTH]>,
    ) {
        let open = self.tables.at(at);
        if WIDTH != open.table.width() {
            internal("a row has another number of columns", open.table.name());
        }
        let mut page = Rows::new(open);
        for row in rows {
            interrupts::check();
            page.add(|column| self.tables.datum(at, Some(&column), row.get(column)?));
            if page.is_full() {
                page.append();
            }
        }
        page.append();
    }
}

/// Rows that are about to be appended, in memory of their own.
struct Rows<'t> {
    open: &'t Open,
    width: usize,
    memory: pg_sys::MemoryContext,
    /// As many as there have been rows at once; the first `count` of them are filled.
    slots: Vec<*mut pg_sys::TupleTableSlot>,
    count: usize,
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
    bytes: usize,
}

impl<'t> Rows<'t> {
    fn new(open: &'t Open) -> Self {
        // SAFETY: memory of the command's, which goes with it at the latest.
        let memory = unsafe {
            pg_sys::AllocSetContextCreateExtended(
                pg_sys::CurrentMemoryContext,
                c"wfstate rows".as_ptr(),
                pg_sys::ALLOCSET_DEFAULT_MINSIZE as usize,
                pg_sys::ALLOCSET_DEFAULT_INITSIZE as usize,
                pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
            )
        };
        Rows {
            open,
            width: open.table.width(),
            memory,
            slots: Vec::new(),
            count: 0,
            values: Vec::new(),
            nulls: Vec::new(),
            bytes: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.count >= ROWS || self.bytes >= BYTES
    }

    /// Takes a row, whose values `datum` gives.
    fn add(&mut self, datum: impl Fn(usize) -> Option<pg_sys::Datum>) {
        let start = self.values.len();
        // SAFETY: the values are of the columns' types, as many, and in memory that is there until they are appended;
        // the table is open and locked. The slot takes the row, and frees it when it is cleared.
        unsafe {
            let former = pg_sys::MemoryContextSwitchTo(self.memory);
            for column in 0..self.width {
                let value = datum(column);
                self.nulls.push(value.is_none());
                self.values.push(value.unwrap_or(pg_sys::Datum::null()));
            }
            let values = self.values.get_mut(start..).unwrap_or_default();
            let nulls = self.nulls.get_mut(start..).unwrap_or_default();
            if self.open.table.asks_domains() {
                domains::ask(self.open, values, nulls);
            }
            let tuple = formed(self.open.relation, values, nulls);
            self.bytes += (*tuple).t_len as usize;
            pg_sys::MemoryContextSwitchTo(former);
            if self.count == self.slots.len() {
                let descriptor = (*self.open.relation).rd_att;
                let slot = pg_sys::MakeSingleTupleTableSlot(descriptor, &pg_sys::TTSOpsHeapTuple);
                self.slots.push(slot);
            }
            if let Some(slot) = self.slots.get(self.count) {
                pg_sys::ExecStoreHeapTuple(tuple, *slot, true);
            }
            self.count += 1;
        }
    }

    /// Puts the rows into the table, and their entries into its indexes.
    fn append(&mut self) {
        let slots = self.slots.get_mut(..self.count).unwrap_or_default();
        if slots.is_empty() {
            return;
        }
        // SAFETY: filled slots of an open and locked table, which say afterwards where the rows are. What the server
        // makes on the way is in the memory that is reset when nothing there is used any more.
        unsafe {
            let former = pg_sys::MemoryContextSwitchTo(self.memory);
            let command = pg_sys::GetCurrentCommandId(true);
            let (first, count) = (slots.as_mut_ptr(), slots.len() as i32);
            let none = std::ptr::null_mut();
            pg_sys::heap_multi_insert(self.open.relation, first, count, command, 0, none);
            let rows = Appended {
                slots,
                values: &self.values,
                nulls: &self.nulls,
                width: self.width,
            };
            of_appended(self.open.relation, &self.open.found.indexes, &rows);
            for slot in slots.iter() {
                pg_sys::ExecStoreAllNullTuple(*slot);
            }
            pg_sys::MemoryContextSwitchTo(former);
            pg_sys::MemoryContextReset(self.memory);
        }
        self.count = 0;
        self.bytes = 0;
        self.values.clear();
        self.nulls.clear();
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        // While unwinding, the server's abort cleans up.
        if !std::thread::panicking() {
            // SAFETY: made above, and dropped once; no slot has a row any more that lies in the memory.
            unsafe {
                for slot in &self.slots {
                    pg_sys::ExecDropSingleTupleTableSlot(*slot);
                }
                pg_sys::MemoryContextDelete(self.memory);
            }
        }
    }
}
