//! The entries of many rows in the indexes of their table, each of which is opened once.

use crate::pg::direct::indexes::IndexFound;
use crate::pg::direct::server::{self, Entries};
use pgrx::pg_sys;

/// The indexes of a table whose rows are updated.
pub(super) struct Indexes {
    relation: *mut pg_sys::ResultRelInfo,
    state: *mut pg_sys::EState,
    slot: *mut pg_sys::TupleTableSlot,
}

impl Indexes {
    /// What is made here goes with the command's memory, unless it is closed before.
    ///
    /// # Safety
    /// The table must be open and locked.
    pub unsafe fn open(table: pg_sys::Relation) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            let relation =
                pg_sys::palloc0(size_of::<pg_sys::ResultRelInfo>()).cast::<pg_sys::ResultRelInfo>();
            (*relation).type_ = pg_sys::NodeTag::T_ResultRelInfo;
            // Of no statement's range table: the server then takes no indexed column to have changed, which is only
            // a hint to it.
            pg_sys::InitResultRelInfo(relation, table, 0, std::ptr::null_mut(), 0);
            pg_sys::ExecOpenIndices(relation, false);
            let state = pg_sys::CreateExecutorState();
            let slot = pg_sys::MakeSingleTupleTableSlot((*table).rd_att, &pg_sys::TTSOpsHeapTuple);
            Indexes {
                relation,
                state,
                slot,
            }
        }
    }

    /// # Safety
    /// The row must be one that was just put into the table.
    pub unsafe fn enter(&self, tuple: pg_sys::HeapTuple, wanted: Entries) {
        // SAFETY: the caller's promise; what the expressions of an index have made is not needed any more.
        unsafe {
            pg_sys::ExecStoreHeapTuple(tuple, self.slot, false);
            server::insert_entries(self.relation, self.slot, self.state, wanted);
            let context = (*self.state).es_per_tuple_exprcontext;
            if !context.is_null() {
                pg_sys::MemoryContextReset((*context).ecxt_per_tuple_memory);
            }
        }
    }

    /// # Safety
    /// The table must be open.
    pub unsafe fn close(self) {
        // SAFETY: closes what was opened.
        unsafe {
            pg_sys::ExecDropSingleTupleTableSlot(self.slot);
            pg_sys::ExecCloseIndices(self.relation);
            pg_sys::FreeExecutorState(self.state);
        }
    }
}

/// Of rows that were appended: one index after the other. A key that is there already is an error, as it is to a
/// statement.
///
/// # Safety
/// The table must be open and locked, the indexes be its; the rows be those that were just put into it, as many as
/// their places, and each of them `width` values and nulls.
pub(super) unsafe fn of_appended(
    table: pg_sys::Relation,
    indexes: &[IndexFound],
    rows: &Appended<'_>,
) {
    for index in indexes {
        let count = index.columns.len();
        let mut its_values = vec![pg_sys::Datum::null(); count];
        let mut its_nulls = vec![true; count];
        let unique = match index.is_unique {
            true => pg_sys::IndexUniqueCheck::UNIQUE_CHECK_YES,
            false => pg_sys::IndexUniqueCheck::UNIQUE_CHECK_NO,
        };
        // SAFETY: the caller's promise.
        unsafe {
            let relation = pg_sys::index_open(index.oid, pg_sys::RowExclusiveLock as i32);
            let described = pg_sys::BuildIndexInfo(relation);
            let (values, nulls) = (its_values.as_mut_ptr(), its_nulls.as_mut_ptr());
            for (row, slot) in rows.slots.iter().enumerate() {
                let is_null = |column: &usize| rows.value(row, *column).is_none();
                if index.unless_null.as_ref().is_some_and(is_null) {
                    continue;
                }
                for (number, column) in index.columns.iter().enumerate() {
                    let value = rows.value(row, *column);
                    values
                        .add(number)
                        .write(value.unwrap_or(pg_sys::Datum::null()));
                    nulls.add(number).write(value.is_none());
                }
                let place = &raw mut (**slot).tts_tid;
                pg_sys::index_insert(
                    relation, values, nulls, place, table, unique, false, described,
                );
            }
            pg_sys::index_close(relation, pg_sys::NoLock as i32);
        }
    }
}

/// Rows that were appended.
pub(super) struct Appended<'a> {
    /// Where each of them is.
    pub slots: &'a [*mut pg_sys::TupleTableSlot],
    /// Their values, row after row.
    pub values: &'a [pg_sys::Datum],
    pub nulls: &'a [bool],
    pub width: usize,
}

impl Appended<'_> {
    fn value(&self, row: usize, column: usize) -> Option<pg_sys::Datum> {
        let at = row * self.width + column;
        let is_null = self.nulls.get(at).copied().unwrap_or(true);
        (!is_null).then(|| self.values.get(at).copied()).flatten()
    }
}
