//! Locks that no SQL command of somebody else can take, unlike advisory ones; held until the transaction ends.

use pgrx::pg_sys;
use std::ffi::CStr;

/// Something of a tenant that is locked as a whole, named after the table of schema wfstate that it concerns.
#[derive(Clone, Copy)]
pub struct TenantLock {
    table: &'static CStr,
}

impl TenantLock {
    /// The lock that goes by a table.
    pub const fn of(table: &'static CStr) -> Self {
        TenantLock { table }
    }

    /// Takes it together with others that share it, unless someone has it alone or waits for that. Never waits.
    pub fn try_share(self, tenant: &str) -> bool {
        self.attempt(tenant, pg_sys::RowExclusiveLock)
    }

    /// Takes it unless somebody else has it. Never waits.
    pub fn try_alone(self, tenant: &str) -> bool {
        self.attempt(tenant, pg_sys::ShareRowExclusiveLock)
    }

    fn attempt(self, tenant: &str, mode: u32) -> bool {
        // SAFETY: locks by number; the table's OID says that no catalog's object is meant.
        unsafe { pg_sys::ConditionalLockDatabaseObject(self.class(), key(tenant), 0, mode as i32) }
    }

    /// The same, but waits.
    pub fn share(self, tenant: &str) {
        self.wait(tenant, pg_sys::RowExclusiveLock);
    }

    /// Waits until nobody else has it.
    pub fn alone(self, tenant: &str) {
        self.wait(tenant, pg_sys::ShareRowExclusiveLock);
    }

    fn wait(self, tenant: &str, mode: u32) {
        // SAFETY: as in `attempt`.
        unsafe { pg_sys::LockDatabaseObject(self.class(), key(tenant), 0, mode as i32) };
    }

    fn class(self) -> pg_sys::Oid {
        // SAFETY: look-ups in the catalog by static names; raises when there is no such schema.
        unsafe {
            let schema = pg_sys::get_namespace_oid(c"wfstate".as_ptr(), false);
            pg_sys::get_relname_relid(self.table.as_ptr(), schema)
        }
    }
}

/// FNV-1a. Two tenants of one number share a lock, which costs them a wait and nothing else.
fn key(tenant: &str) -> pg_sys::Oid {
    let hash = tenant.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash.into()
}
