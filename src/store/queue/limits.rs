//! `wf_set_limits`: how many executions of a workflow are held at a time.

use crate::core::StateResult;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::queue::queues::{self, Queue};

const WORKFLOW: &[Type] = &[Type::Text, Type::Text];

static SET: Statement = Statement::new(
    "INSERT INTO wfstate.queues AS q (tenant, workflow, max_running, max_per_key, max_claims)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (tenant, workflow) DO UPDATE
        SET max_running = excluded.max_running, max_per_key = excluded.max_per_key, max_claims = excluded.max_claims",
    &[Type::Text, Type::Text, Type::Int4, Type::Int4, Type::Int4],
);
/// Claims park again what finds no room. Whoever has locked a row may be waiting for the limits, and is not waited for:
/// where it stays parked, an idle claim finds it (`rescue`).
static UNPARK_ALL: Statement = Statement::new(
    "UPDATE wfstate.leases AS l SET ticket = DEFAULT, state = 'ready', lane = l.lane {|} 1::pg_catalog.int2
       FROM (SELECT p.execution_id FROM wfstate.leases AS p
              WHERE p.tenant {=} $1 AND p.workflow {=} $2 AND p.state {=} 'parked'
                FOR NO KEY UPDATE SKIP LOCKED) AS p
      WHERE l.tenant {=} $1 AND l.execution_id {=} p.execution_id",
    WORKFLOW,
);

/// Sets the limits of a workflow.
pub fn set(tenant: &str, workflow: &str, to: &Queue) -> StateResult<()> {
    queues::check_room(&queues::of(tenant), workflow)?;
    let number = |n: Option<i32>| Param::Int4(n.map(i64::from));
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(Some(workflow)),
        number(to.max_running),
        number(to.max_per_key),
        number(to.max_claims),
    ];
    // By this function alone: it bounds what every session keeps a copy of.
    as_owner(|| SET.run(Mode::Latest, &params))?;
    UNPARK_ALL.run(
        Mode::Latest,
        &[Param::Text(Some(tenant)), Param::Text(Some(workflow))],
    )?;
    queues::nudge()
}

static LIST: Statement = Statement::new(
    "SELECT q.workflow, q.max_running, q.max_per_key, q.max_claims,
            (SELECT pg_catalog.count(*) FROM wfstate.leases AS l
              WHERE l.tenant {=} $1 AND l.workflow {=} q.workflow AND l.state {=} 'held') AS running
       FROM wfstate.queues AS q
      WHERE q.tenant {=} $1 AND ($2 IS NULL OR q.workflow {=} $2)
      ORDER BY q.workflow",
    WORKFLOW,
);

/// Gives `each` the workflows with their limits.
pub fn list(tenant: &str, workflow: Option<&str>, mut each: impl FnMut(&Row<'_>)) {
    let params = [Param::Text(Some(tenant)), Param::Text(workflow)];
    LIST.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
}

/// Locks the limits of workflows against other claims, in one order.
static LOCK: Statement = Statement::new(
    "SELECT FROM wfstate.queues AS q WHERE q.tenant {=} $1 AND q.workflow {=} ANY ($2)
      ORDER BY q.workflow FOR UPDATE",
    &[Type::Text, Type::TextArray],
);
static HELD: Statement = Statement::new(
    "SELECT pg_catalog.count(*) FROM wfstate.leases AS l
      WHERE l.tenant {=} $1 AND l.workflow {=} $2 AND l.state {=} 'held'",
    WORKFLOW,
);
static HELD_OF_KEY: Statement = Statement::new(
    "SELECT pg_catalog.count(*) FROM wfstate.leases AS l
      WHERE l.tenant {=} $1 AND l.workflow {=} $2 AND l.concurrency_key {=} $3 AND l.state {=} 'held'",
    &[Type::Text, Type::Text, Type::Text],
);

/// Has claims of these workflows follow each other.
pub(super) fn lock(tenant: &str, workflows: &[String]) -> StateResult<()> {
    let params = [Param::Text(Some(tenant)), Param::TextArray(Some(workflows))];
    // To lock a row takes the right to change it, which writers do not have.
    as_owner(|| LOCK.run(Mode::Write, &params))?;
    Ok(())
}

/// How many of a workflow are held.
pub(super) fn held(tenant: &str, workflow: &str) -> StateResult<i64> {
    let params = [tenant, workflow].map(|text| Param::Text(Some(text)));
    let held = HELD.one(Mode::Latest, &params, |row| Ok(row.int8(0)))?;
    Ok(held.flatten().unwrap_or_default())
}

/// How many of them have a key.
pub(super) fn held_of_key(tenant: &str, workflow: &str, key: &str) -> StateResult<i64> {
    let params = [tenant, workflow, key].map(|text| Param::Text(Some(text)));
    let held = HELD_OF_KEY.one(Mode::Latest, &params, |row| Ok(row.int8(0)))?;
    Ok(held.flatten().unwrap_or_default())
}
