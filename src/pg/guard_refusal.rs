//! Why a function of somebody else's is not called.

use crate::core::{Code, StateError};
use crate::pg::roles::role_name;
use pgrx::pg_sys;
use std::ffi::{CStr, c_char, c_int};

/// Most triggers that are named.
const MOST_NAMED: usize = 10;

/// A function of one role that must not run as another.
pub(super) fn refused(
    function: pg_sys::Oid,
    owner: pg_sys::Oid,
    caller: pg_sys::Oid,
) -> StateError {
    // SAFETY: a look-up in the catalog; its result is a palloc'd string.
    let name = unsafe { text(pg_sys::format_procedure_qualified(function)) };
    let triggers = triggers(function);
    let by = match triggers.is_empty() {
        true => String::from("the condition of a trigger, or the function of one"),
        false => triggers.join(", "),
    };
    let (owner, caller) = (role_name(owner.to_u32()), role_name(caller.to_u32()));
    StateError::new(
        Code::InsufficientPrivilege,
        format!("function {name} must not run with the rights of role \"{caller}\""),
    )
    .detail(format!(
        "It belongs to role \"{owner}\" and is called by {by}."
    ))
    .hint("Drop the trigger, let the function belong to a superuser, or call as another role.")
}

/// Triggers that call a function.
fn triggers(function: pg_sys::Oid) -> Vec<String> {
    let lock = pg_sys::AccessShareLock as c_int;
    let mut found = Vec::new();
    // SAFETY: a scan of the catalog that is named, by a column of it; a tuple is read before the scan ends.
    unsafe {
        let catalog = pg_sys::table_open(pg_sys::TriggerRelationId, lock);
        let mut key: pg_sys::ScanKeyData = std::mem::zeroed();
        let (column, equal) = (
            pg_sys::Anum_pg_trigger_tgfoid,
            pg_sys::BTEqualStrategyNumber,
        );
        let by = pg_sys::F_OIDEQ.into();
        pg_sys::ScanKeyInit(&mut key, column as _, equal as _, by, function.into());
        let (index, snapshot) = (pg_sys::Oid::INVALID, std::ptr::null_mut());
        let scan = pg_sys::systable_beginscan(catalog, index, false, snapshot, 1, &mut key);
        while found.len() < MOST_NAMED {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            let row = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_trigger>();
            let name = text(row.tgname.data.as_ptr());
            let schema = text(pg_sys::get_namespace_name(pg_sys::get_rel_namespace(
                row.tgrelid,
            )));
            let table = text(pg_sys::get_rel_name(row.tgrelid));
            found.push(format!("trigger \"{name}\" of table {schema}.{table}"));
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(catalog, lock);
    }
    found.sort();
    found
}

/// # Safety
/// NULL, or a string of the server's.
unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}
