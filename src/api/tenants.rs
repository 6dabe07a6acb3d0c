//! Tenants and rights.

use super::arrays::{Texts, names};
use crate::core::limits;
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

/// For the policy of the grants.
#[pg_extern(sql = false)]
fn may_use(tenant: &str) -> bool {
    tenant::may_use(tenant)
}

#[pg_extern(sql = false)]
fn wf_grant_tenant(role: Option<&str>, tenant: Option<&str>) {
    run(|| grants::grant(limits::name("role", role)?, limits::name("tenant", tenant)?));
}

#[pg_extern(sql = false)]
fn wf_revoke_tenant(role: Option<&str>, tenant: Option<&str>) -> bool {
    run(|| grants::revoke(limits::name("role", role)?, limits::name("tenant", tenant)?))
}

#[pg_extern(sql = false)]
fn wf_tenants(role: Option<&str>) -> Records<'_> {
    Records::written(move |out| {
        for (role, tenant, by, at) in grants::list(limits::optional_name("role", role)?)? {
            out.put(&record![role, tenant, by, time(at)]);
        }
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_grant_access(role: Option<&str>, access: Option<&str>, tenants: Texts<'_>) {
    run(|| {
        let role = limits::name("role", role)?;
        let access = limits::required("access", access)?;
        if !access::LEVELS.contains(&access) {
            return Err(limits::unknown("access", access, &access::LEVELS));
        }
        let tenants = tenants
            .map(|tenants| names("tenants", "a tenant", &tenants))
            .transpose()?;
        access::grant(role, access, tenants.as_deref())
    });
}

#[pg_extern(sql = false)]
fn wf_revoke_access(role: Option<&str>) -> bool {
    run(|| access::revoke(limits::name("role", role)?))
}

/// `wfstate.chain_hash`, declared in sql/log.sql: links a version's hash to its base's.
#[pg_extern(sql = false)]
fn chain_hash(base: i64, payload: i64) -> i64 {
    crate::core::hash::chain(base, payload)
}
