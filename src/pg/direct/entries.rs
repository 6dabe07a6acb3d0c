//! The entries of a row in the indexes of its table.

use crate::pg::direct::indexes::IndexFound;
use crate::pg::direct::many_entries::Indexes;
use crate::pg::direct::server::Entries;
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
    // SAFETY: the caller's promise.
    unsafe {
        let indexes = Indexes::open(table);
        indexes.enter(tuple, wanted);
        indexes.close();
    }
}

/// Of a row that was appended, in each index. A key that is there already is an error, as it is to a statement.
///
/// # Safety
/// The table must be open and locked, the indexes be its; values and nulls be those of the row at `place`.
pub(super) unsafe fn of_appended(
    table: pg_sys::Relation,
    indexes: &[IndexFound],
    place: pg_sys::ItemPointer,
    values: &[pg_sys::Datum],
    nulls: &[bool],
) {
    for index in indexes {
        let is_null = |column: &usize| nulls.get(*column).copied().unwrap_or(true);
        if index.unless_null.as_ref().is_some_and(is_null) {
            continue;
        }
        let each = index.columns.iter();
        let mut its_nulls: Vec<bool> = each.clone().map(is_null).collect();
        let value = |column: &usize| values.get(*column).copied();
        let mut its_values: Vec<_> = each
            .map(|c| value(c).unwrap_or(pg_sys::Datum::null()))
            .collect();
        let unique = match index.is_unique {
            true => pg_sys::IndexUniqueCheck::UNIQUE_CHECK_YES,
            false => pg_sys::IndexUniqueCheck::UNIQUE_CHECK_NO,
        };
        // SAFETY: the caller's promise.
        unsafe {
            let relation = pg_sys::index_open(index.oid, pg_sys::RowExclusiveLock as i32);
            let described = pg_sys::BuildIndexInfo(relation);
            let (values, nulls) = (its_values.as_mut_ptr(), its_nulls.as_mut_ptr());
            pg_sys::index_insert(
                relation, values, nulls, place, table, unique, false, described,
            );
            pg_sys::index_close(relation, pg_sys::NoLock as i32);
        }
    }
}
