//! Which tenant a call is for, and whether everybody on whose behalf it runs may use it.

use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::invalidation::{Cached, accept, generation};
use crate::pg::{roles, settings};
use crate::store::tenants::scope::{self, ALL, Scope};
use std::cell::RefCell;

/// The tenant that was last found to be allowed, for whom, and as of which grants.
struct Verdict {
    tenant: String,
    callers: [u32; 3],
    generation: u64,
}

thread_local! {
    /// The only tenant there is while code of a user runs.
    static PINNED: RefCell<Option<String>> = const { RefCell::new(None) };
    static VERDICT: RefCell<Option<Verdict>> = const { RefCell::new(None) };
}

/// Puts the tenant back that was pinned before.
struct Unpin(Option<String>);

impl Drop for Unpin {
    fn drop(&mut self) {
        PINNED.set(self.0.take());
    }
}

/// Runs `work`, in which every call is for this tenant or refused.
pub fn pinned<R>(tenant: &str, work: impl FnOnce() -> R) -> R {
    let _unpin = Unpin(PINNED.replace(Some(tenant.to_owned())));
    work()
}

/// Refuses another tenant than the one that is pinned.
fn check_pinned(tenant: &str) -> StateResult<()> {
    PINNED.with_borrow(|pinned| match pinned {
        Some(pinned) if pinned != tenant => Err(StateError::new(
            Code::InsufficientPrivilege,
            "permission denied to change the tenant in the function of a migration",
        )),
        _ => Ok(()),
    })
}

/// The tenant of this call. Refuses one that a calling role may not use, whatever it has set.
pub fn current() -> StateResult<String> {
    let callers = callers()?;
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
        check_pinned(&tenant)?;
        return Ok(tenant);
    }
    let tenant = settings::with_tenant(|tenant| tenant.to_string_lossy().into_owned());
    limits::name("setting wfstate.tenant", Some(&tenant))?;
    if tenant == ALL {
        return Err(
            StateError::invalid("setting wfstate.tenant must not be \"*\"")
                .hint("SET wfstate.tenant to one tenant; * stands for all of them in grants."),
        );
    }
    check_pinned(&tenant)?;
    for caller in callers {
        allowed(caller, &tenant)?;
    }
    VERDICT.set(Some(Verdict {
        tenant: tenant.clone(),
        callers,
        generation,
    }));
    Ok(tenant)
}

/// Whether everybody on whose behalf the call runs may use a tenant; not where that can't be known.
pub fn may_use(tenant: &str) -> bool {
    accept();
    callers().is_ok_and(|callers| {
        let mut scopes = callers.into_iter().map(scope::of);
        scopes.all(|scope| scope.allows(tenant))
    })
}

/// Refuses when the session has changed its tenant since a call began that gives rows one by one.
pub fn still(tenant: &str) -> StateResult<()> {
    if current()? == tenant {
        return Ok(());
    }
    Err(
        StateError::invalid("setting wfstate.tenant was changed while rows were being read")
            .hint("Read all rows of one tenant, or close the cursor, before another is set."),
    )
}

/// Everybody on whose behalf the call runs; refuses where that can't be known.
fn callers() -> StateResult<[u32; 3]> {
    if roles::hidden_owner() {
        return Err(StateError::new(
            Code::InsufficientPrivilege,
            "permission denied for tenants inside a maintenance command",
        )
        .detail("A SECURITY DEFINER function hides whose code the command runs.")
        .hint("Read executions in neither an index expression nor a materialized view through such a function."));
    }
    Ok(roles::callers())
}

fn allowed(caller: u32, tenant: &str) -> StateResult<()> {
    let scope = scope::of(caller);
    if scope.allows(tenant) {
        return Ok(());
    }
    let refusal = StateError::new(
        Code::InsufficientPrivilege,
        format!("permission denied for tenant \"{tenant}\""),
    )
    .detail(described(caller, &scope));
    Err(match scope.as_ref() {
        Scope::Named(names) if !names.is_empty() && roles::is_session(caller) => refusal.hint(format!(
            "SET wfstate.tenant = '{}', or ask an administrator for wf_grant_tenant.",
            names.first().map_or(String::new(), |t| t.replace('\'', "''"))
        )),
        _ => refusal.hint(
            "Ask an administrator for wf_grant_access, which gives all tenants, or for wf_grant_tenant.",
        ),
    })
}

/// Tenants that a DETAIL names.
const TOLD: usize = 10;

/// What a role may use. Of another role than the one that logged in nothing is told: a SECURITY DEFINER function's
/// owner is none of its caller's business.
fn described(role: u32, scope: &Scope) -> String {
    let name = roles::role_name(role);
    if !roles::is_session(role) {
        return format!("Role \"{name}\" may not use it.");
    }
    match scope {
        Scope::All => format!("Role \"{name}\" may use every tenant."),
        Scope::Named(names) if names.is_empty() => {
            format!("No tenant was granted to role \"{name}\".")
        }
        Scope::Named(names) => {
            let told: Vec<&str> = names.iter().take(TOLD).map(String::as_str).collect();
            let others = match names.len() - told.len() {
                0 => String::new(),
                n => format!(" and {n} others"),
            };
            format!(
                "Role \"{name}\" may use only tenant \"{}\"{others}.",
                told.join("\", \"")
            )
        }
    }
}

/// Refuses whoever may not use every tenant, with these words.
pub fn check_all(refusal: &str) -> StateResult<()> {
    let callers = callers()?;
    accept();
    for caller in callers {
        let scope = scope::of(caller);
        if !matches!(scope.as_ref(), Scope::All) {
            return Err(StateError::new(Code::InsufficientPrivilege, refusal)
                .detail(described(caller, &scope))
                .hint("Ask an administrator who has all tenants (*), or a superuser."));
        }
    }
    Ok(())
}
