//! Whether a role may do with a table what is done below the executor. Asked once, and again when the server says that
//! something has changed which the answer depends on.

use crate::pg::direct::plain::{Found, Table};
use crate::pg::direct::server;
use crate::pg::direct::tables::Purpose;
use pgrx::pg_sys;
use std::cell::Cell;

/// A role that was found to have the rights, as of a generation of the table and of rights.
type Verdict = (pg_sys::Oid, u64, u64);

/// The last verdict for each purpose.
pub(super) type Permitted = [Cell<Verdict>; 2];

const NO_VERDICT: Verdict = (pg_sys::Oid::INVALID, 0, 0);
/// None so far.
#[expect(
    clippy::declare_interior_mutable_const,
    reason = "each table begins with its own"
)]
pub(super) const NOBODY: Permitted = [const { Cell::new(NO_VERDICT) }; 2];

impl Table {
    /// Whether the current role has the rights of the whole table; one that has them by column is for the statement.
    pub(super) fn permits(&self, found: &Found, purpose: Purpose) -> bool {
        // SAFETY: a plain read of the session's state.
        let role = unsafe { pg_sys::GetUserId() };
        let (table, rights) = found.generation;
        let verdict = (role, table, rights);
        let known = &self.permitted[purpose as usize];
        if known.get() == verdict {
            return true;
        }
        let wanted = self.rights(purpose);
        // SAFETY: look-ups in the catalog.
        let is_permitted = unsafe {
            let every = pg_sys::AclMaskHow::ACLMASK_ALL;
            pg_sys::pg_class_aclmask(found.table, role, wanted, every) == wanted
        } && server::may_use(found.schema, role)
            && (found.policy_function == pg_sys::Oid::INVALID
                || server::may_execute(found.policy_function, role));
        // As of before the look-ups, which may have taken in a change.
        known.set(if is_permitted { verdict } else { NO_VERDICT });
        is_permitted
    }

    /// Whether the current role may see every row of its tenant's, whoever has read them.
    pub fn shows_tenants(&self) -> bool {
        let found = self.known().or_else(|| self.found_now());
        found.is_some_and(|found| found.shows_tenants && self.permits(&found, Purpose::Read))
    }

    fn rights(&self, purpose: Purpose) -> pg_sys::AclMode {
        let rights = match purpose {
            Purpose::Read => pg_sys::ACL_SELECT,
            Purpose::Write if self.appended.is_some() => pg_sys::ACL_INSERT,
            Purpose::Write => pg_sys::ACL_SELECT | pg_sys::ACL_UPDATE,
        };
        rights as pg_sys::AclMode
    }
}
