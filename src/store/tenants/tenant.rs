//! `wfstate.tenant_roles`: which tenant a call is for, and who may name which.

use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::invalidation::{Cached, accept, generation};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::pg::{roles, scan, settings};
use std::cell::RefCell;

static GRANT: Statement = Statement::new(
    "INSERT INTO wfstate.tenant_roles (role, tenant)
     VALUES ($1::pg_catalog.int8::pg_catalog.oid::pg_catalog.regrole, $2) ON CONFLICT DO NOTHING",
    &[Type::Int8, Type::Text],
);
static REVOKE: Statement = Statement::new(
    "DELETE FROM wfstate.tenant_roles AS r
      WHERE r.role::pg_catalog.oid {=} $1::pg_catalog.int8::pg_catalog.oid AND r.tenant {=} $2",
    &[Type::Int8, Type::Text],
);
static LIST: Statement = Statement::new(
    "SELECT pg_catalog.pg_get_userbyid(r.role)::pg_catalog.text, r.tenant, r.granted_by, r.granted_at
       FROM wfstate.tenant_roles AS r
      WHERE $1 IS NULL OR r.role::pg_catalog.oid {=} $1::pg_catalog.int8::pg_catalog.oid
      ORDER BY 1, 2",
    &[Type::Int8],
);

/// The tenant that was last found to be allowed, for whom, and as of which bindings.
struct Verdict {
    tenant: String,
    callers: [u32; 3],
    generation: u64,
}

thread_local! {
    static VERDICT: RefCell<Option<Verdict>> = const { RefCell::new(None) };
}

/// The tenant of this call. Refuses one that the calling role is not bound to, whatever it has set.
pub fn current() -> StateResult<String> {
    let callers = roles::callers();
    accept();
    let generation = generation(Cached::TenantRoles);
    let known = settings::with_tenant(|tenant| {
        VERDICT.with_borrow(|verdict| match verdict {
            Some(v)
                if v.tenant.as_bytes() == tenant.to_bytes()
                    && v.callers == callers
                    && v.generation == generation =>
            {
                Some(v.tenant.clone())
            }
            _ => None,
        })
    });
    if let Some(tenant) = known {
        return Ok(tenant);
    }
    let tenant = settings::with_tenant(|tenant| tenant.to_string_lossy().into_owned());
    limits::name("setting wfstate.tenant", Some(&tenant))?;
    // Read after the generation: a binding that commits in between makes the verdict stale at once.
    let bindings = scan::rows(
        Cached::TenantRoles,
        &[(c"role", Type::Oid), (c"tenant", Type::Text)],
        |row| Some((row.oid(0)?, row.text(1)?)),
    );
    for caller in callers {
        allowed(caller, &tenant, &bindings)?;
    }
    VERDICT.set(Some(Verdict {
        tenant: tenant.clone(),
        callers,
        generation,
    }));
    Ok(tenant)
}

fn allowed(caller: u32, tenant: &str, bindings: &[(u32, String)]) -> StateResult<()> {
    let mut own = bindings
        .iter()
        .filter(|(role, _)| *role == caller || roles::is_member(caller, *role))
        .map(|(_, tenant)| tenant.as_str())
        .peekable();
    if own.peek().is_none() {
        return Ok(());
    }
    let own: Vec<&str> = own.collect();
    if own.contains(&tenant) {
        return Ok(());
    }
    Err(StateError::new(
        Code::InsufficientPrivilege,
        format!("permission denied for tenant \"{tenant}\""),
    )
    .detail(format!(
        "The role is bound to tenant \"{}\".",
        own.join("\", \"")
    ))
    .hint(format!(
        "SET wfstate.tenant = '{}', or ask an administrator for wf_grant_tenant.",
        own.first().map_or(String::new(), |t| t.replace('\'', "''"))
    )))
}

/// A role that must exist, as OID.
pub fn existing_role(role: Option<&str>) -> StateResult<u32> {
    let role = limits::name("role", role)?;
    roles::role_oid(role).ok_or_else(|| {
        StateError::new(
            Code::InvalidParameter,
            format!("role \"{role}\" does not exist"),
        )
        .hint("CREATE ROLE makes one.")
    })
}

/// Binds a role to a tenant; binding twice is no error.
pub fn grant(role: Option<&str>, tenant: Option<&str>) -> StateResult<()> {
    let (role, tenant) = (existing_role(role)?, limits::name("tenant", tenant)?);
    let params = [
        Param::Int8(Some(i64::from(role))),
        Param::Text(Some(tenant)),
    ];
    GRANT.run(Mode::Write, &params)?;
    Ok(())
}

/// Unbinds a role from a tenant; false when it was not bound.
pub fn revoke(role: Option<&str>, tenant: Option<&str>) -> StateResult<bool> {
    let (role, tenant) = (existing_role(role)?, limits::name("tenant", tenant)?);
    let params = [
        Param::Int8(Some(i64::from(role))),
        Param::Text(Some(tenant)),
    ];
    Ok(REVOKE.run(Mode::Write, &params)? > 0)
}

/// A binding: role, tenant, who granted it and when.
pub type Binding = (String, String, String, Option<i64>);

/// The bindings, of one role or of all.
pub fn list(role: Option<&str>) -> StateResult<Vec<Binding>> {
    let role = match role {
        None => None,
        role => Some(i64::from(existing_role(role)?)),
    };
    LIST.all(Mode::Read, &[Param::Int8(role)], |row| {
        let text = |column| row.text(column).unwrap_or_default();
        Ok((text(0), text(1), text(2), row.micros(3)))
    })
}
