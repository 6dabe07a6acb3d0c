//! Roles: who calls, on whose behalf a statement runs, and names made safe for commands.

use crate::core::StateResult;
use crate::pg::guard;
use pgrx::pg_sys;
use std::ffi::{CStr, CString, c_int};

/// The roles on whose behalf a call runs: the current one, the one outside a SECURITY DEFINER function,
/// and the one that logged in. All count, so that neither SET ROLE nor a definer lifts what one of them lacks.
pub fn callers() -> [u32; 3] {
    // SAFETY: plain reads of the backend's state.
    unsafe {
        [
            pg_sys::GetUserId().to_u32(),
            pg_sys::GetOuterUserId().to_u32(),
            pg_sys::GetSessionUserId().to_u32(),
        ]
    }
}

fn context() -> (pg_sys::Oid, c_int) {
    let (mut user, mut context) = (pg_sys::Oid::INVALID, 0);
    // SAFETY: plain reads of the backend's state into locals.
    unsafe { pg_sys::GetUserIdAndSecContext(&mut user, &mut context) };
    (user, context)
}

/// Whether a SECURITY DEFINER function runs inside a maintenance command (VACUUM, ANALYZE, REINDEX, REFRESH).
/// The command runs a table owner's code as that owner; below a definer the owner is none of the callers.
pub fn hidden_owner() -> bool {
    let both = pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_RESTRICTED_OPERATION;
    context().1 & both as c_int == both as c_int
}

/// Puts the role back that was current before.
struct Restore(pg_sys::Oid, c_int);

impl Drop for Restore {
    fn drop(&mut self) {
        // SAFETY: two assignments. The server does the same when a (sub)transaction aborts, so that an error
        // that passes here and is caught by a savepoint finds the caller again either way.
        unsafe { pg_sys::SetUserIdAndSecContext(self.0, self.1) };
    }
}

/// Runs statements as another role, as SECURITY DEFINER would. They must be the extension's own, on its own
/// tables, with every value a parameter: no code of a user may run in there (`guard` sees to that for the owner).
fn as_role<R>(role: pg_sys::Oid, work: impl FnOnce() -> StateResult<R>) -> StateResult<R> {
    let (user, context) = context();
    let restricted = pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_RESTRICTED_OPERATION;
    let _restore = Restore(user, context);
    // SAFETY: two assignments; `Restore` takes them back on every way out.
    unsafe { pg_sys::SetUserIdAndSecContext(role, context | restricted as c_int) };
    work()
}

/// Runs statements of the extension's own as the owner of its schema, below row-level security. Functions of others
/// that triggers bring in run as the caller.
pub fn as_owner<R>(work: impl FnOnce() -> StateResult<R>) -> StateResult<R> {
    let current = context();
    let owner = owner().unwrap_or(current.0);
    let _guarded = guard::enter(owner, current);
    as_role(owner, work)
}

/// Runs statements as a role whose rights the current one has anyway.
pub fn as_member_of<R>(role: u32, work: impl FnOnce() -> StateResult<R>) -> StateResult<R> {
    as_role(
        if has_rights_of(role) {
            role.into()
        } else {
            context().0
        },
        work,
    )
}

/// Runs code of a user, which cannot change the role: as another one where the current is a superuser and that is none.
pub fn for_user_code<R>(other: u32, work: impl FnOnce() -> R) -> R {
    let (user, context) = context();
    let held = pg_sys::SECURITY_LOCAL_USERID_CHANGE as c_int;
    let restricted = held | pg_sys::SECURITY_RESTRICTED_OPERATION as c_int;
    let (role, flags) = if is_superuser(user.to_u32()) && !is_superuser(other) {
        (other.into(), restricted)
    } else {
        (user, held)
    };
    let _restore = Restore(user, context);
    // SAFETY: two assignments; `Restore` takes them back on every way out.
    unsafe { pg_sys::SetUserIdAndSecContext(role, context | flags) };
    work()
}

/// Owner of the schema wfstate.
fn owner() -> Option<pg_sys::Oid> {
    // SAFETY: look-ups in the catalog that do not raise for a missing schema; the tuple is read before it is
    // released, and of the catalog that is named.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"wfstate".as_ptr(), true);
        let tuple = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::NAMESPACEOID as _,
            pg_sys::Datum::from(schema),
        );
        if tuple.is_null() {
            return None;
        }
        let owner = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_namespace>()).nspowner;
        pg_sys::ReleaseSysCache(tuple);
        Some(owner)
    }
}

/// Whether a role owns the extension's objects.
pub fn is_owner(role: u32) -> bool {
    owner().is_some_and(|owner| owner.to_u32() == role)
}

/// Whether a role is the one that logged in, or one that it has SET ROLE to outside any function.
pub fn is_session(role: u32) -> bool {
    callers()[1..].contains(&role)
}

/// Whether the current role has the rights of another: it is that role, a member that inherits, or a superuser.
pub fn has_rights_of(role: u32) -> bool {
    // SAFETY: a catalog look-up.
    unsafe { pg_sys::has_privs_of_role(pg_sys::GetUserId(), role.into()) }
}

/// Whether `member` is `role` or a member of it, leaving a superuser's omnipotence aside.
pub fn is_member(member: u32, role: u32) -> bool {
    // SAFETY: a catalog look-up; unknown OIDs are members of nothing.
    unsafe { pg_sys::is_member_of_role_nosuper(member.into(), role.into()) }
}

/// Whether a role is a superuser; an unknown one is not.
pub fn is_superuser(role: u32) -> bool {
    // SAFETY: a catalog look-up.
    unsafe { pg_sys::superuser_arg(role.into()) }
}

/// The OID of a role, if there is one of that name.
pub fn role_oid(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: a catalog look-up that does not raise for a missing role.
    let oid = unsafe { pg_sys::get_role_oid(name.as_ptr(), true) };
    (oid != pg_sys::Oid::INVALID).then_some(oid.to_u32())
}

/// The name of a role; empty where it is gone.
pub fn role_name(role: u32) -> String {
    // SAFETY: a catalog look-up that gives NULL for a missing role, else a palloc'd string.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role.into(), true);
        if name.is_null() {
            return String::new();
        }
        CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}

/// What CURRENT_USER is.
pub fn current_name() -> String {
    role_name(context().0.to_u32())
}

/// An identifier, quoted where it must be.
pub fn quoted(name: &str) -> String {
    let Ok(name) = CString::new(name) else {
        return String::from("\"\"");
    };
    // SAFETY: the result is the argument or a palloc'd string, both alive here.
    unsafe { CStr::from_ptr(pg_sys::quote_identifier(name.as_ptr())) }
        .to_string_lossy()
        .into_owned()
}
