//! `wfstate.tenant_roles`: which tenants were granted to whom. Nobody but the extension's owner writes it: every
//! function checks as its caller, and runs its statements as the owner.

use crate::core::{Code, StateError, StateResult};
use crate::pg::roles;
use crate::pg::spi::{Mode, Param, Statement, Type, command};
use crate::store::tenants::scope::{self, ALL, Scope};
use crate::store::tenants::tenant::check_all;

/// Nobody may give what he has not.
const CHANGE: &str = "permission denied to change tenants";

/// All tenants, or named ones: what is granted now replaces the other kind.
static REPLACE: Statement = Statement::new(
    "DELETE FROM wfstate.tenant_roles AS r
      WHERE r.role::pg_catalog.oid {=} $1::pg_catalog.int8::pg_catalog.oid AND (r.tenant {=} '*') {<>} $2",
    &[Type::Int8, Type::Bool],
);
static GRANT: Statement = Statement::new(
    "INSERT INTO wfstate.tenant_roles (role, tenant, granted_by)
     SELECT $1::pg_catalog.int8::pg_catalog.oid::pg_catalog.regrole, t.tenant, $3
       FROM pg_catalog.unnest($2) AS t (tenant)
     ON CONFLICT DO NOTHING",
    &[Type::Int8, Type::TextArray, Type::Text],
);
static REVOKE: Statement = Statement::new(
    "DELETE FROM wfstate.tenant_roles AS r
      WHERE r.role::pg_catalog.oid {=} $1::pg_catalog.int8::pg_catalog.oid AND r.tenant {=} coalesce($2, r.tenant)",
    &[Type::Int8, Type::Text],
);
static ANY: Statement = Statement::new(
    "SELECT FROM wfstate.tenant_roles AS r
      WHERE r.role::pg_catalog.oid {=} $1::pg_catalog.int8::pg_catalog.oid LIMIT 1",
    &[Type::Int8],
);
/// Of roles that were dropped.
static DANGLING: Statement = Statement::new(
    "SELECT FROM wfstate.tenant_roles AS r
      WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS p WHERE p.oid {=} r.role::pg_catalog.oid) LIMIT 1",
    &[],
);
static SWEEP: Statement = Statement::new(
    "DELETE FROM wfstate.tenant_roles AS r
      WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS p WHERE p.oid {=} r.role::pg_catalog.oid)",
    &[],
);
static LIST: Statement = Statement::new(
    "SELECT p.rolname::pg_catalog.text, r.tenant, r.granted_by, r.granted_at
       FROM wfstate.tenant_roles AS r JOIN pg_catalog.pg_roles AS p ON p.oid {=} r.role::pg_catalog.oid
      WHERE $1 IS NULL OR r.role::pg_catalog.oid {=} $1::pg_catalog.int8::pg_catalog.oid
      ORDER BY p.rolname, r.tenant",
    &[Type::Int8],
);

/// A role that must exist, as OID.
pub fn existing_role(role: &str) -> StateResult<u32> {
    roles::role_oid(role).ok_or_else(|| {
        StateError::new(
            Code::InvalidParameter,
            format!("role \"{role}\" does not exist"),
        )
        .hint("CREATE ROLE makes one.")
    })
}

fn role_param<'a>(role: u32) -> Param<'a> {
    Param::Int8(Some(i64::from(role)))
}

/// Runs changes of the table, and of rights, one after the other, as the owner; rows of dropped roles go on this occasion.
pub(in crate::store) fn change<R>(work: impl FnOnce() -> StateResult<R>) -> StateResult<R> {
    roles::as_owner(|| {
        command("LOCK TABLE wfstate.tenant_roles IN SHARE ROW EXCLUSIVE MODE")?;
        SWEEP.run(Mode::Latest, &[])?;
        work()
    })
}

/// Gives a role tenants besides those that it has; `*` takes the place of named ones, and they of it.
pub fn add(role: u32, tenants: &[String]) -> StateResult<()> {
    check_all(CHANGE)?;
    let caller = roles::role_name(roles::callers()[0]);
    let all = tenants.iter().any(|tenant| tenant == ALL);
    let granted = if all {
        vec![ALL.to_owned()]
    } else {
        tenants.to_vec()
    };
    change(|| {
        REPLACE.run(Mode::Latest, &[role_param(role), Param::Bool(Some(all))])?;
        let params = [
            role_param(role),
            Param::TextArray(Some(&granted)),
            Param::Text(Some(&caller)),
        ];
        GRANT.run(Mode::Latest, &params)
    })?;
    Ok(())
}

/// Whether a role has no tenant, by itself or as a member of another.
fn has_none(role: u32) -> bool {
    matches!(scope::of(role).as_ref(), Scope::Named(names) if names.is_empty())
}

/// Gives all tenants to a role that has none.
pub fn add_where_none(role: u32) -> StateResult<()> {
    if !has_none(role) {
        return Ok(());
    }
    check_all(CHANGE)?;
    let caller = roles::role_name(roles::callers()[0]);
    change(|| {
        // Once more, now that nobody else can grant: what was granted meanwhile must not become all.
        if has_none(role) {
            let params = [
                role_param(role),
                Param::TextArray(Some(&[ALL.to_owned()])),
                Param::Text(Some(&caller)),
            ];
            GRANT.run(Mode::Latest, &params)?;
        }
        Ok(())
    })
}

/// Gives a role a tenant.
pub fn grant(role: &str, tenant: &str) -> StateResult<()> {
    add(existing_role(role)?, &[tenant.to_owned()])
}

/// Takes a tenant from a role; false when it was not granted.
pub fn revoke(role: &str, tenant: &str) -> StateResult<bool> {
    let role = existing_role(role)?;
    check_all(CHANGE)?;
    let params = [role_param(role), Param::Text(Some(tenant))];
    Ok(change(|| REVOKE.run(Mode::Latest, &params))? > 0)
}

/// Whether anything was granted to the role itself.
pub fn has_own(role: u32) -> StateResult<bool> {
    let found = roles::as_owner(|| ANY.run(Mode::Latest, &[role_param(role)]))?;
    Ok(found > 0)
}

/// Takes all tenants from a role.
pub fn revoke_all(role: u32) -> StateResult<()> {
    check_all(CHANGE)?;
    change(|| REVOKE.run(Mode::Latest, &[role_param(role), Param::Text(None)]))?;
    Ok(())
}

/// Removes what was granted to roles that are gone. Their names never come back to it, since it goes by OID.
pub fn sweep() -> StateResult<i64> {
    roles::as_owner(|| {
        // A DELETE of nothing would still make every session read the table again.
        if DANGLING.run(Mode::Read, &[])? == 0 {
            return Ok(0);
        }
        Ok(SWEEP.run(Mode::Write, &[])?.cast_signed())
    })
}

/// A grant: role, tenant, who granted it and when.
pub type Grant = (String, String, String, Option<i64>);

/// The grants, of one role or of all: those of tenants that the caller may use.
pub fn list(role: Option<&str>) -> StateResult<Vec<Grant>> {
    let scopes = roles::callers().map(scope::of);
    let role = role.map(existing_role).transpose()?.map(i64::from);
    let mut grants: Vec<Grant> = LIST.all(Mode::Read, &[Param::Int8(role)], |row| {
        let text = |column| row.text(column).unwrap_or_default();
        Ok((text(0), text(1), text(2), row.micros(3)))
    })?;
    grants.retain(|grant| scopes.iter().all(|scope| scope.allows(&grant.1)));
    Ok(grants)
}
