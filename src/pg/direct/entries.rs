//! The entries of a row in the indexes of its table.

use crate::pg::direct::server::{self, Entries};
use pgrx::pg_sys;

/// Of a row that was updated and is not HOT: in every index, by the server's own function.
///
/// # Safety
/// The table must be open and locked, and the row be one that was just put into it.
pub(super) unsafe fn of_updated(
    table: pg_sys::Relation,
    tuple: pg_sys::HeapTuple,
    wanted: Entries,
) {
    if wanted == Entries::None {
        return;
    }
    // SAFETY: the caller's promise; what is made here goes with the command's memory, and is closed.
    unsafe {
        let relation =
            pg_sys::palloc0(size_of::<pg_sys::ResultRelInfo>()).cast::<pg_sys::ResultRelInfo>();
        (*relation).type_ = pg_sys::NodeTag::T_ResultRelInfo;
        // Of no statement's range table: the server then takes no indexed column to have changed, which holds.
        pg_sys::InitResultRelInfo(relation, table, 0, std::ptr::null_mut(), 0);
        pg_sys::ExecOpenIndices(relation, false);
        let state = pg_sys::CreateExecutorState();
        let slot = pg_sys::MakeSingleTupleTableSlot((*table).rd_att, &pg_sys::TTSOpsHeapTuple);
        pg_sys::ExecStoreHeapTuple(tuple, slot, false);
        server::insert_entries(relation, slot, state, wanted);
        pg_sys::ExecDropSingleTupleTableSlot(slot);
        pg_sys::ExecCloseIndices(relation);
        pg_sys::FreeExecutorState(state);
    }
}

/// Of a row that was appended, in the primary key, which is the table's only index. A key that is there already is an
/// error, as it is to a statement.
///
/// # Safety
/// Table and index must be open and locked, or belong to one that is; values and nulls be those of the row at `place`.
pub(super) unsafe fn of_key(
    table: pg_sys::Relation,
    index: pg_sys::Oid,
    place: pg_sys::ItemPointer,
    key: &[usize],
    values: &[pg_sys::Datum],
    nulls: &[bool],
) {
    let mut key_values: Vec<_> = key
        .iter()
        .filter_map(|column| values.get(*column).copied())
        .collect();
    let mut key_nulls: Vec<_> = key
        .iter()
        .filter_map(|column| nulls.get(*column).copied())
        .collect();
    // SAFETY: the caller's promise.
    unsafe {
        let index = pg_sys::index_open(index, pg_sys::RowExclusiveLock as i32);
        let described = pg_sys::BuildIndexInfo(index);
        pg_sys::index_insert(
            index,
            key_values.as_mut_ptr(),
            key_nulls.as_mut_ptr(),
            place,
            table,
            pg_sys::IndexUniqueCheck::UNIQUE_CHECK_YES,
            false,
            described,
        );
        pg_sys::index_close(index, pg_sys::NoLock as i32);
    }
}
