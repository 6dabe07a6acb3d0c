//! Which session-local caches must be read again. The server tells every session, and every standby, when
//! a table's description changes; a trigger on the tables below makes a change of their rows count as one.

use pgrx::AllocatedByPostgres;
use pgrx::heap_tuple::PgHeapTuple;
use pgrx::pg_sys;
use pgrx::trigger_support::{PgTrigger, PgTriggerError};
use std::cell::Cell;

/// Tables of which sessions keep a copy.
#[derive(Clone, Copy)]
pub enum Cached {
    /// `wfstate.tenant_roles`
    TenantRoles = 0,
    /// `wfstate.search_paths`
    SearchPaths = 1,
    /// `wfstate.workflows`
    Workflows = 2,
    /// `wfstate.definitions`
    Definitions = 3,
    /// `wfstate.migrations`
    Migrations = 4,
    /// `wfstate.queues`
    Queues = 5,
    /// `wfstate.feeds`
    Feeds = 6,
    /// `wfstate.executions`, of which only the description is kept
    Executions = 7,
    /// `wfstate.state_versions`, the same
    StateVersions = 8,
    /// `wfstate.routing_decisions`, the same
    RoutingDecisions = 9,
    /// `wfstate.routing_outcomes`, the same
    RoutingOutcomes = 10,
}

/// How many they are.
const TABLES_CACHED: usize = 11;

impl Cached {
    fn table(self) -> &'static std::ffi::CStr {
        match self {
            Cached::TenantRoles => c"tenant_roles",
            Cached::SearchPaths => c"search_paths",
            Cached::Workflows => c"workflows",
            Cached::Definitions => c"definitions",
            Cached::Migrations => c"migrations",
            Cached::Queues => c"queues",
            Cached::Feeds => c"feeds",
            Cached::Executions => c"executions",
            Cached::StateVersions => c"state_versions",
            Cached::RoutingDecisions => c"routing_decisions",
            Cached::RoutingOutcomes => c"routing_outcomes",
        }
    }

    /// Its name in messages.
    pub(super) fn name(self) -> &'static str {
        self.table().to_str().unwrap_or_default()
    }
}

thread_local! {
    /// Per table: its OID when the copy was made, and the copy's generation.
    static TABLES: [Cell<(pg_sys::Oid, u64)>; TABLES_CACHED] =
        const { [const { Cell::new((pg_sys::Oid::INVALID, 1)) }; TABLES_CACHED] };
    /// Grows with every change that may give a role rights, or take them: memberships, roles, functions and schemas with
    /// their grants, who owns the database. A table's grants are part of its description.
    static RIGHTS: Cell<u64> = const { Cell::new(1) };
    /// Grows with every change of any table's description.
    static RELATIONS: Cell<u64> = const { Cell::new(1) };
}

/// As of which descriptions of tables, any of them, something is known.
pub(super) fn relations_generation() -> u64 {
    RELATIONS.get()
}

/// As of which grants a verdict about a role's rights is; those of a table itself go by its own generation.
pub fn rights_generation() -> u64 {
    RIGHTS.get()
}

/// Grows with every change that a copy of the table may not show yet.
pub fn generation(cached: Cached) -> u64 {
    TABLES.with(|tables| tables[cached as usize].get().1)
}

/// Takes in what other sessions have committed, also in the middle of a transaction, where the server may have
/// no reason to: a grant counts from the next call on.
pub fn accept() {
    // SAFETY: the server does the same whenever it locks a table.
    unsafe { pg_sys::AcceptInvalidationMessages() };
}

/// The table's OID, remembered for the invalidation messages that name it.
pub fn table_oid(cached: Cached) -> pg_sys::Oid {
    // SAFETY: look-ups in the catalog by static names; a missing schema or table gives InvalidOid.
    let oid = unsafe {
        match pg_sys::get_namespace_oid(c"wfstate".as_ptr(), true) {
            schema if schema == pg_sys::Oid::INVALID => schema,
            schema => pg_sys::get_relname_relid(cached.table().as_ptr(), schema),
        }
    };
    TABLES.with(|tables| {
        let cell = &tables[cached as usize];
        cell.set((oid, cell.get().1));
    });
    oid
}

/// Registers the callbacks; they last as long as the session.
pub fn register() {
    // SAFETY: called once from _PG_init with functions that live for ever and never raise.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(on_table), pg_sys::Datum::null());
        for catalog in [
            pg_sys::SysCacheIdentifier::AUTHMEMROLEMEM,
            pg_sys::SysCacheIdentifier::AUTHOID,
        ] {
            let none = pg_sys::Datum::null();
            pg_sys::CacheRegisterSyscacheCallback(catalog as _, Some(on_role), none);
            pg_sys::CacheRegisterSyscacheCallback(catalog as _, Some(on_right), none);
        }
        for catalog in [
            pg_sys::SysCacheIdentifier::PROCOID,
            pg_sys::SysCacheIdentifier::DATABASEOID,
            pg_sys::SysCacheIdentifier::NAMESPACEOID,
        ] {
            let none = pg_sys::Datum::null();
            pg_sys::CacheRegisterSyscacheCallback(catalog as _, Some(on_right), none);
        }
    }
}

/// InvalidOid means every table; a copy of a table that was not there yet is stale at any message.
unsafe extern "C-unwind" fn on_table(_: pg_sys::Datum, relation: pg_sys::Oid) {
    RELATIONS.set(RELATIONS.get() + 1);
    TABLES.with(|tables| {
        for cell in tables {
            let (oid, generation) = cell.get();
            let every = relation == pg_sys::Oid::INVALID || oid == pg_sys::Oid::INVALID;
            if every || oid == relation {
                cell.set((oid, generation + 1));
            }
        }
    });
}

/// A role's tenants depend on its memberships, and on whether it is a superuser.
unsafe extern "C-unwind" fn on_role(_: pg_sys::Datum, _: i32, _: u32) {
    TABLES.with(|tables| {
        let cell = &tables[Cached::TenantRoles as usize];
        let (oid, generation) = cell.get();
        cell.set((oid, generation + 1));
    });
}

/// What a role may do depends on these catalogs.
unsafe extern "C-unwind" fn on_right(_: pg_sys::Datum, _: i32, _: u32) {
    RIGHTS.set(RIGHTS.get() + 1);
}

/// Trigger, for each row or TRUNCATE: tells every session that its copy of the table is stale.
#[pgrx::pg_trigger(sql = false)]
fn invalidate<'a>(
    trigger: &'a PgTrigger<'a>,
) -> Result<Option<PgHeapTuple<'a, AllocatedByPostgres>>, PgTriggerError> {
    let table = trigger.relation()?.oid();
    // SAFETY: the trigger's own table, which is open and locked.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(table) };
    Ok(None)
}
