//! Reads the two small tables of which sessions keep a copy, below SQL: this runs inside row-level security
//! policies and parallel workers, for callers who have no right to the table, and must see what is committed
//! now, whatever the transaction's snapshot shows.

use crate::pg::invalidation::{Cached, table_oid};
use pgrx::{FromDatum, pg_sys};

/// A row, by position from 0.
pub struct Tuple {
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

impl Tuple {
    fn read<T: FromDatum>(&self, column: usize) -> Option<T> {
        let is_null = *self.nulls.get(column)?;
        let datum = *self.values.get(column)?;
        // SAFETY: the callers below name the column's type; the tuple is alive while it is visited.
        unsafe { T::from_datum(datum, is_null) }
    }

    /// oid, or one of its aliases
    pub fn oid(&self, column: usize) -> Option<u32> {
        self.read::<pg_sys::Oid>(column).map(|oid| oid.to_u32())
    }

    /// text
    pub fn text(&self, column: usize) -> Option<String> {
        self.read(column)
    }

    /// text[]
    pub fn texts(&self, column: usize) -> Option<Vec<String>> {
        self.read(column)
    }
}

/// What `read` makes of each row that is committed now, or written by this transaction.
pub fn rows<R>(table: Cached, read: impl Fn(&Tuple) -> Option<R>) -> Vec<R> {
    let mut rows = Vec::new();
    let oid = table_oid(table);
    if oid == pg_sys::Oid::INVALID {
        return rows;
    }
    // SAFETY: the table is open and locked during the scan; a NULL snapshot asks for the newest catalog
    // snapshot; a tuple is read before the next one is fetched.
    unsafe {
        let relation = pg_sys::table_open(oid, pg_sys::AccessShareLock as _);
        let scan = pg_sys::systable_beginscan(
            relation,
            pg_sys::Oid::INVALID,
            false,
            std::ptr::null_mut(),
            0,
            std::ptr::null_mut(),
        );
        let columns = (*(*relation).rd_att).natts as usize;
        let mut tuple = Tuple {
            values: vec![pg_sys::Datum::null(); columns],
            nulls: vec![true; columns],
        };
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
