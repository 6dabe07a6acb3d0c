//! `wfstate.workflows`: which workflows are defined, from this session's copy of the table.

use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::invalidation::Cached;
use crate::pg::scan;
use crate::pg::spi::Type;
use crate::store::copies::{self, Copies, OfTenant};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// A workflow that is defined.
#[derive(Clone, Copy)]
pub struct Defined {
    /// Number of its newest version.
    pub newest: i32,
    /// The version of new executions.
    pub active: Option<i32>,
}

thread_local! {
    static COPY: RefCell<Copies<Defined>> = RefCell::default();
}

fn of(tenant: &str) -> Rc<OfTenant<Defined>> {
    copies::of(&COPY, Cached::Workflows, tenant, read)
}

/// Whether any workflow of the tenant is defined: if none is, no execution of it is bound.
pub fn any(tenant: &str) -> bool {
    !of(tenant).is_empty()
}

/// A workflow, where it is defined.
pub fn find(tenant: &str, workflow: &str) -> Option<Defined> {
    of(tenant).get(workflow).copied()
}

/// The version of new executions; `None` where the workflow is not defined. Refuses where every version is retired.
pub fn active(tenant: &str, workflow: &str) -> StateResult<Option<i32>> {
    match find(tenant, workflow) {
        None => Ok(None),
        Some(Defined { active: None, .. }) => Err(none_active(workflow)),
        Some(Defined { active, .. }) => Ok(active),
    }
}

fn none_active(workflow: &str) -> StateError {
    StateError::new(
        Code::NotFound,
        format!(
            "workflow {} has no version for new executions",
            limits::quoted(workflow)
        ),
    )
    .detail("Every version of its definition is retired.")
    .hint("Define another version with wf_define.")
}

fn read() -> HashMap<String, OfTenant<Defined>> {
    let columns = [
        (c"tenant", Type::Text),
        (c"workflow", Type::Text),
        (c"newest", Type::Int4),
        (c"active", Type::Int4),
    ];
    let rows = scan::rows(Cached::Workflows, &columns, |row| {
        let (newest, active) = (row.int4(2)?, row.int4(3));
        Some((row.text(0)?, row.text(1)?, Defined { newest, active }))
    });
    let mut tenants: HashMap<String, OfTenant<Defined>> = HashMap::new();
    for (tenant, workflow, defined) in rows {
        tenants.entry(tenant).or_default().insert(workflow, defined);
    }
    tenants
}
