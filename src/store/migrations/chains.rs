//! `wfstate.migrations`: which workflows have migrations, from this session's copy of the table. Where a transaction
//! keeps its snapshot, what that shows: all that it loads is then of one chain.

use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::backend::reads_committed;
use crate::pg::invalidation::{Cached, accept};
use crate::pg::lock::TenantLock;
use crate::pg::scan;
use crate::pg::spi::{Mode, Param, Statement, Type};
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

/// Shared by transactions that save in a shape of a chain; whoever drops a step has it alone, so that what they have
/// not committed yet is not left in a shape that no step leads on from.
const STEPS: TenantLock = TenantLock::of(c"migrations");

static SHOWN: Statement = Statement::new(
    "SELECT m.from_version, m.to_version, m.unsaid_version FROM wfstate.migrations AS m
      WHERE m.tenant {=} wfstate.current_tenant() AND m.workflow {=} $2 ORDER BY m.from_version",
    &[Type::Text, Type::Text],
);

thread_local! {
    static COPY: RefCell<Copies<Chain>> = RefCell::default();
}

fn of(tenant: &str) -> Rc<OfTenant<Chain>> {
    copies::of(&COPY, Cached::Migrations, tenant, read)
}

/// Whether any workflow of the tenant may have migrations.
pub fn any(tenant: &str) -> bool {
    !reads_committed() || !of(tenant).is_empty()
}

/// The chain of a workflow.
pub fn find(tenant: &str, workflow: &str) -> StateResult<Option<Chain>> {
    if reads_committed() {
        Ok(committed(tenant, workflow))
    } else {
        shown(tenant, workflow)
    }
}

fn committed(tenant: &str, workflow: &str) -> Option<Chain> {
    of(tenant).get(workflow).copied()
}

fn shown(tenant: &str, workflow: &str) -> StateResult<Option<Chain>> {
    let params = [Param::Text(Some(tenant)), Param::Text(Some(workflow))];
    let steps = SHOWN.all(Mode::Read, &params, |row| {
        Ok(Chain {
            first: row.int4(0).unwrap_or_default(),
            last: row.int4(1).unwrap_or_default(),
            unsaid: row.int4(2).unwrap_or_default(),
        })
    })?;
    let ends = steps.first().zip(steps.last());
    Ok(ends.map(|(first, last)| Chain {
        last: last.last,
        ..*first
    }))
}

/// Keeps the steps of a workflow, in which something is about to be saved, until the transaction ends. Refuses where
/// some that the transaction still sees are dropped.
pub fn keep(tenant: &str, workflow: Option<&str>) -> StateResult<()> {
    let Some(workflow) = workflow else {
        return Ok(());
    };
    let seen = find(tenant, workflow)?;
    if seen.is_none() {
        return Ok(());
    }
    STEPS.share(tenant);
    // Whoever dropped one while this waited.
    accept();
    let Some(seen) = seen.filter(|_| !reads_committed()) else {
        return Ok(());
    };
    let is_whole = |now: Chain| now.first <= seen.first && seen.last <= now.last;
    if committed(tenant, workflow).is_some_and(is_whole) {
        return Ok(());
    }
    Err(StateError::new(
        Code::SerializationFailure,
        format!(
            "migrations of workflow {} were dropped concurrently",
            limits::quoted(workflow)
        ),
    )
    .hint("Run the transaction again."))
}

/// Waits for everybody who has saved in a shape of a chain and has not committed yet, and keeps others of the tenant
/// from it until the transaction ends.
pub fn alone(tenant: &str) {
    STEPS.alone(tenant);
    accept();
}

/// The version from which a state is still to be migrated; `None` where it is not.
pub fn pending(
    tenant: &str,
    workflow: Option<&str>,
    schema_version: Option<i32>,
) -> StateResult<Option<(i32, Chain)>> {
    let Some(workflow) = workflow else {
        return Ok(None);
    };
    Ok(find(tenant, workflow)?.and_then(|chain| {
        let from = schema_version.unwrap_or(chain.unsaid);
        (chain.first <= from && from < chain.last).then_some((from, chain))
    }))
}

/// The same of a head.
pub fn pending_of(tenant: &str, head: &Head) -> StateResult<bool> {
    Ok(pending(tenant, head.workflow.as_deref(), head.schema_version)?.is_some())
}

/// The shape that a whole state is taken to be of that is saved to a head, or to a new execution, without saying:
/// the newest, unless the head is of one that is no part of the chain. It stays that of the chain until the
/// transaction ends.
pub fn newest(
    tenant: &str,
    workflow: Option<&str>,
    head: Option<&Head>,
) -> StateResult<Option<i32>> {
    let workflow = workflow.or_else(|| head?.workflow.as_deref());
    let same = head.filter(|head| head.workflow.as_deref() == workflow);
    keep(tenant, workflow)?;
    Ok(match (same, workflow) {
        (Some(head), _) => {
            pending(tenant, workflow, head.schema_version)?.map(|(_, chain)| chain.last)
        }
        (None, Some(workflow)) => find(tenant, workflow)?.map(|chain| chain.last),
        (None, None) => None,
    })
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
