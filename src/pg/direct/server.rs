//! What of the server's own functions differs from major to major.

use crate::pg::direct::many::method;
use pgrx::pg_sys;

/// Which indexes a row that was updated needs new entries in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Entries {
    None,
    /// Only those that summarize pages, such as BRIN: from 16 on they don't prevent a HOT update.
    #[cfg(not(feature = "pg15"))]
    Summarizing,
    All,
}

/// # Safety
/// As for the server's `index_beginscan`, without orderings.
pub(super) unsafe fn begin_scan(
    table: pg_sys::Relation,
    index: pg_sys::Relation,
    snapshot: pg_sys::Snapshot,
    keys: i32,
) -> pg_sys::IndexScanDesc {
    // SAFETY: the caller's promise; from 18 on a scan may be told to count for EXPLAIN, or not.
    unsafe {
        #[cfg(not(feature = "pg18"))]
        return pg_sys::index_beginscan(table, index, snapshot, keys, 0);
        #[cfg(feature = "pg18")]
        return pg_sys::index_beginscan(table, index, snapshot, std::ptr::null_mut(), keys, 0);
    }
}

/// Updates a row, waiting for whoever holds it, as the executor does.
///
/// # Safety
/// As for the server's `heap_update`.
pub(super) unsafe fn update(
    table: pg_sys::Relation,
    place: pg_sys::ItemPointer,
    tuple: pg_sys::HeapTuple,
    command: pg_sys::CommandId,
) -> (pg_sys::TM_Result::Type, Entries) {
    let (mut failure, mut lock) = (pg_sys::TM_FailureData::default(), 0);
    let no_crosscheck = std::ptr::null_mut();
    // SAFETY: the caller's promise; what the server says of a failure goes to locals.
    #[cfg(feature = "pg15")]
    unsafe {
        let (failure, lock) = (&raw mut failure, &raw mut lock);
        let result = pg_sys::heap_update(
            table,
            place,
            tuple,
            command,
            no_crosscheck,
            true,
            failure,
            lock,
        );
        let is_hot = u32::from((*(*tuple).t_data).t_infomask2) & pg_sys::HEAP_ONLY_TUPLE != 0;
        (result, if is_hot { Entries::None } else { Entries::All })
    }
    // SAFETY: as above.
    #[cfg(not(feature = "pg15"))]
    unsafe {
        let mut wanted = pg_sys::TU_UpdateIndexes::TU_None;
        let (failure, lock) = (&raw mut failure, &raw mut lock);
        let result = pg_sys::heap_update(
            table,
            place,
            tuple,
            command,
            no_crosscheck,
            true,
            failure,
            lock,
            &mut wanted,
        );
        let entries = match wanted {
            pg_sys::TU_UpdateIndexes::TU_None => Entries::None,
            pg_sys::TU_UpdateIndexes::TU_Summarizing => Entries::Summarizing,
            _ => Entries::All,
        };
        (result, entries)
    }
}

/// Makes the entries of an updated row in the indexes that were opened.
///
/// # Safety
/// As for the server's `ExecInsertIndexTuples`.
pub(super) unsafe fn insert_entries(
    relation: *mut pg_sys::ResultRelInfo,
    slot: *mut pg_sys::TupleTableSlot,
    state: *mut pg_sys::EState,
    entries: Entries,
) {
    let none = std::ptr::null_mut();
    // SAFETY: the caller's promise; no constraint is deferred or answered by another row.
    unsafe {
        #[cfg(feature = "pg15")]
        if entries == Entries::All {
            pg_sys::ExecInsertIndexTuples(
                relation,
                slot,
                state,
                true,
                false,
                none,
                std::ptr::null_mut(),
            );
        }
        #[cfg(not(feature = "pg15"))]
        pg_sys::ExecInsertIndexTuples(
            relation,
            slot,
            state,
            true,
            false,
            none,
            std::ptr::null_mut(),
            entries == Entries::Summarizing,
        );
    }
}

/// Pins a buffer again, if it still has that page of the table.
///
/// # Safety
/// The table must be open and locked.
pub(super) unsafe fn pin_again(
    table: pg_sys::Relation,
    block: pg_sys::BlockNumber,
    buffer: pg_sys::Buffer,
) -> bool {
    let main = pg_sys::ForkNumber::MAIN_FORKNUM;
    // SAFETY: the caller's promise; the server looks that the buffer is the page's.
    unsafe {
        #[cfg(feature = "pg15")]
        return pg_sys::ReadRecentBuffer((*table).rd_node, main, block, buffer);
        #[cfg(not(feature = "pg15"))]
        return pg_sys::ReadRecentBuffer((*table).rd_locator, main, block, buffer);
    }
}

/// Puts the row at a place into the slot, where the current snapshot shows one there.
///
/// # Safety
/// The table must be open and locked, its page there, and the slot one of the table's.
pub(super) unsafe fn fetch(
    table: pg_sys::Relation,
    place: pg_sys::ItemPointer,
    slot: *mut pg_sys::TupleTableSlot,
) -> bool {
    // SAFETY: the caller's promise; the guard is what pgrx puts around the server's functions by itself. Nothing in it has
    // to be dropped.
    unsafe {
        let fetch = method(table, |methods| methods.tuple_fetch_row_version);
        let snapshot = pg_sys::GetActiveSnapshot();
        pg_sys::ffi::pg_guard_ffi_boundary(|| fetch(table, place, snapshot, slot))
    }
}

/// Whether a role may execute a function.
pub(super) fn may_execute(function: pg_sys::Oid, role: pg_sys::Oid) -> bool {
    let right = pg_sys::ACL_EXECUTE as pg_sys::AclMode;
    // SAFETY: a catalog look-up.
    let result = unsafe {
        #[cfg(feature = "pg15")]
        {
            pg_sys::pg_proc_aclcheck(function, role, right)
        }
        #[cfg(not(feature = "pg15"))]
        {
            pg_sys::object_aclcheck(pg_sys::ProcedureRelationId, function, role, right)
        }
    };
    result == pg_sys::AclResult::ACLCHECK_OK
}

/// Whether a role may use a schema.
pub(super) fn may_use(schema: pg_sys::Oid, role: pg_sys::Oid) -> bool {
    let right = pg_sys::ACL_USAGE as pg_sys::AclMode;
    // SAFETY: a catalog look-up.
    let result = unsafe {
        #[cfg(feature = "pg15")]
        {
            pg_sys::pg_namespace_aclcheck(schema, role, right)
        }
        #[cfg(not(feature = "pg15"))]
        {
            pg_sys::object_aclcheck(pg_sys::NamespaceRelationId, schema, role, right)
        }
    };
    result == pg_sys::AclResult::ACLCHECK_OK
}

/// Whether a table's constraints ask for nothing but values in columns, and which defaults it has.
///
/// # Safety
/// `constraints` must be those of an open table, or NULL.
pub(super) unsafe fn plain_defaults<'a>(
    constraints: *const pg_sys::TupleConstr,
) -> Option<&'a [pg_sys::AttrDefault]> {
    if constraints.is_null() {
        return Some(&[]);
    }
    // SAFETY: the caller's promise.
    unsafe {
        let all = &*constraints;
        #[cfg(feature = "pg18")]
        let is_generated = all.has_generated_stored || all.has_generated_virtual;
        #[cfg(not(feature = "pg18"))]
        let is_generated = all.has_generated_stored;
        let is_plain = !is_generated && all.num_check == 0;
        is_plain.then(|| match all.num_defval {
            0 => [].as_slice(),
            count => std::slice::from_raw_parts(all.defval, usize::from(count)),
        })
    }
}

/// The primary key, unless it is one that is checked only later.
///
/// # Safety
/// The table must be open and locked.
pub(super) unsafe fn primary_key(table: pg_sys::Relation) -> pg_sys::Oid {
    // SAFETY: the caller's promise.
    unsafe {
        #[cfg(not(feature = "pg18"))]
        return pg_sys::RelationGetPrimaryKeyIndex(table);
        #[cfg(feature = "pg18")]
        return pg_sys::RelationGetPrimaryKeyIndex(table, false);
    }
}
