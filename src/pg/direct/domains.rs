//! What domains ask of the values of a row, by the server's own function.

use crate::pg::direct::tables::Open;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr::null_mut;

thread_local! {
    /// What the server keeps of a domain's constraints from one question to the next; it follows their changes.
    /// In a box, since the server writes there before it raises.
    static KEPT: RefCell<HashMap<pg_sys::Oid, Box<*mut c_void>>> = RefCell::default();
}

/// Raises what the server raises where a value is none of its column's domain.
pub(super) fn ask(open: &Open, values: &[pg_sys::Datum], nulls: &[bool]) {
    for ((domain, value), is_null) in open.found.domains.iter().zip(values).zip(nulls) {
        let Some(domain) = domain else { continue };
        let kept: *mut *mut c_void = KEPT.with_borrow_mut(|all| {
            let place = all.entry(*domain).or_insert_with(|| Box::new(null_mut()));
            &raw mut **place
        });
        // SAFETY: a value of the domain's base type; what the server keeps is in memory that lives as long as the
        // session, and only it looks into it. The box stays where it is.
        unsafe {
            let memory = pg_sys::TopMemoryContext;
            pg_sys::domain_check(*value, *is_null, *domain, kept, memory);
        }
    }
}
