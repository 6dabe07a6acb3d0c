//! What `wfstate.tenant_roles` allows a role, from this session's copy of the table.

use crate::pg::invalidation::{Cached, generation};
use crate::pg::spi::Type;
use crate::pg::{roles, scan};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// Stands for all tenants.
pub const ALL: &str = "*";

/// The tenants that a role may use.
#[derive(Debug)]
pub enum Scope {
    /// Every one.
    All,
    /// These; none where it is empty.
    Named(BTreeSet<String>),
}

impl Scope {
    /// Whether it holds a tenant.
    pub fn allows(&self, tenant: &str) -> bool {
        match self {
            Scope::All => true,
            Scope::Named(names) => names.contains(tenant),
        }
    }

    fn names(&self) -> usize {
        match self {
            Scope::All => 0,
            Scope::Named(names) => names.len(),
        }
    }
}

/// Tenants by the role that they were granted to.
type Grants = BTreeMap<u32, Vec<String>>;

/// Rows and names up to which a session keeps the table, and what follows from it.
const KEPT: usize = 10_000;

#[derive(Default)]
struct Copy {
    generation: u64,
    grants: Option<Rc<Grants>>,
    scopes: HashMap<u32, Rc<Scope>>,
    names: usize,
}

thread_local! {
    static COPY: RefCell<Copy> = RefCell::default();
}

/// The tenants of a role: those granted to it and to the roles that it is a member of. A superuser has all.
pub fn of(role: u32) -> Rc<Scope> {
    // Before the table is read: a grant that commits in between makes the copy stale at once.
    let now = generation(Cached::TenantRoles);
    let known = COPY.with_borrow_mut(|copy| {
        if copy.generation != now {
            *copy = Copy {
                generation: now,
                ..Copy::default()
            };
        }
        copy.scopes.get(&role).map(Rc::clone)
    });
    if let Some(known) = known {
        return known;
    }
    let scope = Rc::new(read(role));
    COPY.with_borrow_mut(|copy| {
        if copy.generation == now {
            if copy.names + copy.scopes.len() >= KEPT {
                copy.scopes.clear();
                copy.names = 0;
            }
            copy.names += scope.names();
            copy.scopes.insert(role, Rc::clone(&scope));
        }
    });
    scope
}

fn read(role: u32) -> Scope {
    if roles::is_superuser(role) {
        return Scope::All;
    }
    let mut own = BTreeSet::new();
    for (granted, tenants) in grants().iter() {
        if *granted == role || roles::is_member(role, *granted) {
            own.extend(tenants.iter().cloned());
        }
    }
    if own.contains(ALL) {
        Scope::All
    } else {
        Scope::Named(own)
    }
}

fn grants() -> Rc<Grants> {
    if let Some(known) = COPY.with_borrow(|copy| copy.grants.as_ref().map(Rc::clone)) {
        return known;
    }
    let rows = scan::rows(
        Cached::TenantRoles,
        &[(c"role", Type::Oid), (c"tenant", Type::Text)],
        |row| Some((row.oid(0)?, row.text(1)?)),
    );
    let small = rows.len() <= KEPT;
    let mut grants = Grants::new();
    for (role, tenant) in rows {
        grants.entry(role).or_default().push(tenant);
    }
    let grants = Rc::new(grants);
    if small {
        COPY.with_borrow_mut(|copy| copy.grants = Some(Rc::clone(&grants)));
    }
    grants
}
