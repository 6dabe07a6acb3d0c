//! Conditions of triggers while statements run as the extension's owner. The server evaluates a WHEN as whoever runs the
//! statement, and calls what it is built with without asking (`guard` is asked of other functions only). One that may do
//! more than compare the row is refused. It is looked at once the statement has its tables locked.

use crate::core::{Code, StateError};
use crate::pg::error::raise;
use crate::pg::guard;
use crate::pg::invalidation::relations_generation;
use pgrx::pg_sys;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int};

mod raw {
    use pgrx::pg_sys::QueryDesc;
    use std::ffi::c_int;

    // Without the guard that pgrx sets around it: no frame between here and the server's own has anything to drop.
    unsafe extern "C-unwind" {
        pub fn standard_ExecutorStart(query: *mut QueryDesc, flags: c_int);
    }
}

thread_local! {
    static BEFORE: Cell<pg_sys::ExecutorStart_hook_type> = const { Cell::new(None) };
    /// Partitioned tables none of whose partitions had a trigger, as of this generation of all descriptions.
    static WITHOUT: RefCell<HashMap<pg_sys::Oid, u64>> = RefCell::default();
}

/// Has the server tell of statements that begin; it lasts as long as the session.
pub(super) fn register() {
    // SAFETY: called once from _PG_init; the function lives for ever, and calls what was there before.
    unsafe {
        BEFORE.set(pg_sys::ExecutorStart_hook);
        pg_sys::ExecutorStart_hook = Some(on_start);
    }
}

unsafe extern "C-unwind" fn on_start(query: *mut pg_sys::QueryDesc, flags: c_int) {
    // SAFETY: the server's own arguments, passed on; the statement has begun afterwards.
    unsafe {
        match BEFORE.get() {
            Some(before) => before(query, flags),
            None => raw::standard_ExecutorStart(query, flags),
        }
        if guard::is_owner_now() {
            check(query);
        }
    }
}

/// # Safety
/// Of a statement that has begun: its tables are open and locked.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn check(query: *mut pg_sys::QueryDesc) {
    // SAFETY: the caller's promise; a list of the tables that the statement changes.
    unsafe {
        let changed = (*(*query).estate).es_opened_result_relations;
        if changed.is_null() {
            return;
        }
        for number in 0..usize::try_from((*changed).length).unwrap_or(0) {
            let one = (*(*changed).elements.add(number)).ptr_value;
            let relation = (*one.cast::<pg_sys::ResultRelInfo>()).ri_RelationDesc;
            refuse_conditions(relation);
            if (*(*relation).rd_rel).relkind == pg_sys::RELKIND_PARTITIONED_TABLE as i8 {
                check_partitions(relation);
            }
        }
    }
}

/// A row goes to a partition whose own triggers the server looks at only then. The partitions are not locked here: one
/// may get a trigger before its row comes.
///
/// # Safety
/// The table must be open and locked, and partitioned.
unsafe fn check_partitions(table: pg_sys::Relation) {
    // SAFETY: the caller's promise; what the server knows of the partitions lives as long as the table is open.
    let (oid, all) = unsafe {
        (
            (*table).rd_id,
            &*pg_sys::RelationGetPartitionDesc(table, true),
        )
    };
    let now = relations_generation();
    if WITHOUT.with_borrow(|known| known.get(&oid) == Some(&now)) {
        return;
    }
    let mut is_without = true;
    for number in 0..usize::try_from(all.nparts).unwrap_or(0) {
        // SAFETY: as many as there are.
        let partition = unsafe { *all.oids.add(number) };
        if has_triggers(partition) {
            is_without = false;
            let lock = pg_sys::AccessShareLock as c_int;
            // SAFETY: NULL where it is gone; open and locked as long as it is looked at.
            unsafe {
                let partition = pg_sys::try_relation_open(partition, lock);
                if !partition.is_null() {
                    refuse_conditions(partition);
                    pg_sys::relation_close(partition, lock);
                }
            }
        }
    }
    if is_without {
        WITHOUT.with_borrow_mut(|known| known.insert(oid, now));
    }
}

fn has_triggers(table: pg_sys::Oid) -> bool {
    // SAFETY: a look-up in the catalog; the tuple is read before it is released, and of the catalog that is named.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::RELOID as c_int;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(table));
        if tuple.is_null() {
            return false;
        }
        let has = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_class>()).relhastriggers;
        pg_sys::ReleaseSysCache(tuple);
        has
    }
}

/// # Safety
/// The table must be open and locked.
unsafe fn refuse_conditions(relation: pg_sys::Relation) {
    // SAFETY: the caller's promise; the description of triggers lives as long, names end with NUL.
    unsafe {
        let all = (*relation).trigdesc;
        if all.is_null() {
            return;
        }
        for number in 0..usize::try_from((*all).numtriggers).unwrap_or(0) {
            let trigger = &*(*all).triggers.add(number);
            if trigger.tgqual.is_null() || only_compares(trigger.tgqual) {
                continue;
            }
            let table = CStr::from_ptr((*(*relation).rd_rel).relname.data.as_ptr());
            let name = CStr::from_ptr(trigger.tgname);
            raise(&refused(&name.to_string_lossy(), &table.to_string_lossy()));
        }
    }
}

/// Whether a condition calls only immutable functions that the server is built with, which can neither run SQL nor read
/// more than they are given, and asks no domain. A function of somebody's could be inlined, with a domain in it.
///
/// # Safety
/// It must be an expression as the server writes it.
unsafe fn only_compares(condition: *mut c_char) -> bool {
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(condition) }.to_bytes();
    let has = |word: &[u8]| text.windows(word.len()).any(|found| found == word);
    if has(b"{COERCETODOMAIN")
        || !calls_built_in(text, b":funcid ")
        || !calls_built_in(text, b":opfuncid ")
    {
        return false;
    }
    // SAFETY: as above; the nodes are of the current memory context.
    unsafe { !pg_sys::contain_mutable_functions(pg_sys::stringToNode(condition).cast()) }
}

/// Whether what is said after each of these words is a function that the server is built with.
fn calls_built_in(text: &[u8], word: &[u8]) -> bool {
    let ends = text.windows(word.len()).enumerate();
    let ends = ends
        .filter(|(_, found)| *found == word)
        .map(|(at, _)| at + word.len());
    ends.map(|at| text.get(at..).unwrap_or_default())
        .all(|rest| {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
            let oid = digits.fold(0_u64, |oid, digit| {
                oid.saturating_mul(10)
                    .saturating_add(u64::from(digit - b'0'))
            });
            (1..u64::from(pg_sys::FirstNormalObjectId)).contains(&oid)
        })
}

fn refused(trigger: &str, table: &str) -> StateError {
    StateError::new(
        Code::InsufficientPrivilege,
        format!("the condition of trigger \"{trigger}\" of table \"{table}\" must not be evaluated as the owner of wfstate"),
    )
    .detail("This part of the call runs as the owner, and so would the condition.")
    .hint("A condition may compare columns by immutable built-in operators. Have the function of the trigger look at the rest: it runs as the caller.")
}
