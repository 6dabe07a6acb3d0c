//! Tables that are partitioned by time, below SQL: what a statement could say as well, but not as fast.

use pgrx::pg_sys;
use std::ffi::CStr;

/// A partitioned table of schema wfstate.
#[derive(Clone, Copy)]
pub struct Partitioned {
    /// The table.
    pub parent: &'static CStr,
    /// Its default partition.
    pub default: &'static CStr,
    /// Where its positions come from.
    pub positions: &'static CStr,
}

fn oid(name: &CStr) -> pg_sys::Oid {
    // SAFETY: look-ups in the catalog by static names; raises when there is no such schema.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"wfstate".as_ptr(), false);
        pg_sys::get_relname_relid(name.as_ptr(), schema)
    }
}

impl Partitioned {
    /// Whether the default partition is the only one, so that every row is its. It stays so until the transaction
    /// ends: whoever attaches another has to lock it alone. Never where nothing can be written, as on a standby, which
    /// knows no such locks. For the owner, before it writes.
    pub fn is_whole(self) -> bool {
        let lock = pg_sys::RowExclusiveLock as i32;
        // SAFETY: a plain read of the backend's state. The tables are opened and locked as a statement that writes to them
        // does, the parent first, as whoever changes partitions does; that raises where one is missing. The partitions
        // are read while their table is open.
        unsafe {
            if pg_sys::XactReadOnly {
                return false;
            }
            let parent = pg_sys::table_open(oid(self.parent), lock);
            let default = pg_sys::table_open(oid(self.default), lock);
            let partitions = pg_sys::RelationGetPartitionDesc(parent, false);
            let only = (*partitions).nparts == 1 && *(*partitions).oids == (*default).rd_id;
            pg_sys::table_close(default, pg_sys::NoLock as i32);
            pg_sys::table_close(parent, pg_sys::NoLock as i32);
            only
        }
    }

    /// The next position.
    pub fn next_position(self) -> i64 {
        let sequence = Some(pg_sys::Datum::from(oid(self.positions)));
        // SAFETY: the function takes the OID of a sequence, raises for what is none, and never gives NULL.
        let next = unsafe { pgrx::direct_function_call::<i64>(pg_sys::nextval_oid, &[sequence]) };
        next.unwrap_or_default()
    }
}
