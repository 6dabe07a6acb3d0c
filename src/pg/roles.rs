//! Roles: who calls, what they are bound to, and names made safe for commands.

use pgrx::pg_sys;
use std::ffi::{CStr, CString};

/// The roles on whose behalf a call runs: the current one, the one outside a SECURITY DEFINER function,
/// and the one that logged in. All count, so that neither SET ROLE nor a definer lifts a binding.
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

/// Whether `member` is `role` or a member of it, leaving a superuser's omnipotence aside.
pub fn is_member(member: u32, role: u32) -> bool {
    // SAFETY: a catalog look-up; unknown OIDs are members of nothing.
    unsafe { pg_sys::is_member_of_role_nosuper(member.into(), role.into()) }
}

/// The OID of a role, if there is one of that name.
pub fn role_oid(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: a catalog look-up that does not raise for a missing role.
    let oid = unsafe { pg_sys::get_role_oid(name.as_ptr(), true) };
    (oid != pg_sys::Oid::INVALID).then_some(oid.to_u32())
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
