//! `wfstate.migrations`: which workflows have migrations, from this session's copy of the table.

use crate::pg::invalidation::Cached;
use crate::pg::scan;
use crate::pg::spi::Type;
use crate::store::copies::{self, Copies, OfTenant};
use crate::store::log::executions::Head;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// The steps of a workflow, which lead from one version of the shape to another without a gap.
#[derive(Clone, Copy)]
pub struct Chain {
    /// Where they begin.
    pub first: i32,
    /// Where they end.
    pub last: i32,
    /// What a state counts as that none was said of.
    pub unsaid: i32,
}

thread_local! {
    static COPY: RefCell<Copies<Chain>> = RefCell::default();
}

fn of(tenant: &str) -> Rc<OfTenant<Chain>> {
    copies::of(&COPY, Cached::Migrations, tenant, read)
}

/// Whether any workflow of the tenant has migrations.
pub fn any(tenant: &str) -> bool {
    !of(tenant).is_empty()
}

/// The chain of a workflow.
pub fn find(tenant: &str, workflow: &str) -> Option<Chain> {
    of(tenant).get(workflow).copied()
}

/// The version from which a state is still to be migrated; `None` where it is not.
pub fn pending(
    tenant: &str,
    workflow: Option<&str>,
    schema_version: Option<i32>,
) -> Option<(i32, Chain)> {
    let chain = find(tenant, workflow?)?;
    let from = schema_version.unwrap_or(chain.unsaid);
    (chain.first <= from && from < chain.last).then_some((from, chain))
}

/// The same of a head.
pub fn pending_of(tenant: &str, head: &Head) -> bool {
    pending(tenant, head.workflow.as_deref(), head.schema_version).is_some()
}

/// The shape that a whole state is taken to be of that is saved to a head, or to a new execution, without saying:
/// the newest, unless the head is of one that is no part of the chain.
pub fn newest(tenant: &str, workflow: Option<&str>, head: Option<&Head>) -> Option<i32> {
    let workflow = workflow.or_else(|| head?.workflow.as_deref());
    let same = head.filter(|head| head.workflow.as_deref() == workflow);
    match same {
        Some(head) => pending(tenant, workflow, head.schema_version).map(|(_, chain)| chain.last),
        None => find(tenant, workflow?).map(|chain| chain.last),
    }
}

fn read() -> HashMap<String, OfTenant<Chain>> {
    let columns = [
        (c"tenant", Type::Text),
        (c"workflow", Type::Text),
        (c"from_version", Type::Int4),
        (c"to_version", Type::Int4),
        (c"unsaid_version", Type::Int4),
    ];
    let rows = scan::rows(Cached::Migrations, &columns, |row| {
        let (first, last, unsaid) = (row.int4(2)?, row.int4(3)?, row.int4(4)?);
        let chain = Chain {
            first,
            last,
            unsaid,
        };
        Some((row.text(0)?, row.text(1)?, chain))
    });
    let mut tenants: HashMap<String, OfTenant<Chain>> = HashMap::new();
    for (tenant, workflow, step) in rows {
        let chain = tenants.entry(tenant).or_default();
        let chain = chain.entry(workflow).or_insert(step);
        chain.first = chain.first.min(step.first);
        chain.last = chain.last.max(step.last);
    }
    tenants
}
