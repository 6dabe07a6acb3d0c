//! Tenants and rights.

use crate::pg::error::run;
use crate::pg::record::{record, time};
use crate::pg::records::Records;
use crate::store::tenants::{access, grants, tenant};
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_tenant() -> String {
    run(tenant::current)
}

/// For the policies: NULL where the tenant is refused.
#[pg_extern(sql = false)]
fn current_tenant() -> Option<String> {
    run(|| Ok(tenant::current().ok()))
}

#[pg_extern(sql = false)]
fn wf_grant_tenant(role: Option<&str>, tenant: Option<&str>) {
    run(|| grants::grant(role, tenant));
}

#[pg_extern(sql = false)]
fn wf_revoke_tenant(role: Option<&str>, tenant: Option<&str>) -> bool {
    run(|| grants::revoke(role, tenant))
}

#[pg_extern(sql = false)]
fn wf_tenants(role: Option<&str>) -> Records<'_> {
    Records::written(move |out| {
        for (role, tenant, by, at) in grants::list(role)? {
            out.put(&record![role, tenant, by, time(at)]);
        }
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_grant_access(role: Option<&str>, access: Option<&str>, tenants: Option<Vec<Option<String>>>) {
    run(|| access::grant(role, access, tenants));
}

#[pg_extern(sql = false)]
fn wf_revoke_access(role: Option<&str>) -> bool {
    run(|| access::revoke(role))
}

/// `wfstate.chain_hash`, declared in sql/log.sql: links a version's hash to its base's.
#[pg_extern(sql = false)]
fn chain_hash(base: i64, payload: i64) -> i64 {
    crate::core::hash::chain(base, payload)
}
