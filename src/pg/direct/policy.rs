//! The policy of a table, where it is the one that the extension gives each of its tables.

use pgrx::{FromDatum, pg_sys};
use std::ffi::CStr;

/// The function of the policy `tenant = wfstate.current_tenant()`, where that is the only one, for everybody and
/// everything, and the owner is not held to it; what it asks is then the caller's to compare.
///
/// # Safety
/// The table must be open.
pub(super) unsafe fn function(relation: pg_sys::Relation, tenant: usize) -> Option<pg_sys::Oid> {
    // SAFETY: the caller's promise; policies and their expressions live as long as the table is open and locked.
    unsafe {
        let described = &*(*relation).rd_rel;
        if !described.relrowsecurity
            || described.relforcerowsecurity
            || (*relation).rd_rsdesc.is_null()
        {
            return None;
        }
        let policies = (*(*relation).rd_rsdesc).policies;
        if policies.is_null() || (*policies).length != 1 {
            return None;
        }
        let policy = &*(*(*policies).elements)
            .ptr_value
            .cast::<pg_sys::RowSecurityPolicy>();
        let roles = Vec::<pg_sys::Oid>::from_datum(policy.roles.into(), false);
        let is_general = policy.permissive
            && policy.polcmd == b'*' as std::ffi::c_char
            && roles.is_some_and(|roles| roles == [pg_sys::Oid::from(pg_sys::ACL_ID_PUBLIC)]);
        let shown = compared(policy.qual.cast(), tenant)?;
        let written = compared(policy.with_check_qual.cast(), tenant)?;
        (is_general && shown == written).then_some(shown)
    }
}

/// The function `f` of an expression `tenant = f()`.
///
/// # Safety
/// The expression must be one of the server's, or NULL.
unsafe fn compared(expression: *const pg_sys::Node, tenant: usize) -> Option<pg_sys::Oid> {
    // SAFETY: the caller's promise; a node is what its tag says.
    unsafe {
        let equal = &*node::<pg_sys::OpExpr>(expression, pg_sys::NodeTag::T_OpExpr)?;
        if equal.opfuncid != pg_sys::Oid::from(pg_sys::F_TEXTEQ) || (*equal.args).length != 2 {
            return None;
        }
        let argument = |index| bare((*(*equal.args).elements.add(index)).ptr_value.cast());
        let column = &*node::<pg_sys::Var>(argument(0), pg_sys::NodeTag::T_Var)?;
        let call = &*node::<pg_sys::FuncExpr>(argument(1), pg_sys::NodeTag::T_FuncExpr)?;
        let is_tenant = usize::try_from(column.varattno).ok() == Some(tenant + 1);
        let is_ours = call.args.is_null() && is_current_tenant(call.funcid);
        (is_tenant && column.varlevelsup == 0 && is_ours).then_some(call.funcid)
    }
}

/// # Safety
/// As for `compared`.
pub(super) unsafe fn node<T>(node: *const pg_sys::Node, tag: pg_sys::NodeTag) -> Option<*const T> {
    // SAFETY: the caller's promise.
    (!node.is_null() && unsafe { (*node).type_ } == tag).then(|| node.cast())
}

/// What stands below the relabelling of a domain as its base type.
///
/// # Safety
/// As for `compared`.
unsafe fn bare(mut expression: *const pg_sys::Node) -> *const pg_sys::Node {
    // SAFETY: the caller's promise.
    unsafe {
        while let Some(relabel) =
            node::<pg_sys::RelabelType>(expression, pg_sys::NodeTag::T_RelabelType)
        {
            expression = (*relabel).arg.cast();
        }
    }
    expression
}

fn is_current_tenant(function: pg_sys::Oid) -> bool {
    // SAFETY: look-ups in the catalog; the name is of the current memory context.
    unsafe {
        let name = pg_sys::get_func_name(function);
        let schema = pg_sys::get_namespace_oid(c"wfstate".as_ptr(), true);
        !name.is_null()
            && CStr::from_ptr(name) == c"current_tenant"
            && schema != pg_sys::Oid::INVALID
            && pg_sys::get_func_namespace(function) == schema
            && is_in_c(function)
    }
}

/// Whether a function is written in C: what somebody has put in the place of ours rarely is.
fn is_in_c(function: pg_sys::Oid) -> bool {
    // SAFETY: look-ups in the catalog; the tuple is read before it is released.
    unsafe {
        let c = pg_sys::get_language_oid(c"c".as_ptr(), true);
        let cache = pg_sys::SysCacheIdentifier::PROCOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(function));
        if tuple.is_null() {
            return false;
        }
        let language = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_proc>()).prolang;
        pg_sys::ReleaseSysCache(tuple);
        language == c
    }
}
