//! `wf_leases`: what waits for a worker, and who holds what.

use crate::pg::spi::{Mode, Param, Row, Statement, Type};

/// Where an execution may stand.
pub const STATES: [&str; 6] = ["ready", "parked", "delayed", "waiting", "held", "idle"];

static LIST: Statement = Statement::planned_each_time(
    "SELECT l.execution_id, l.workflow, l.state, (l.lane {>>} 1)::pg_catalog.int4 AS priority, l.worker,
            CASE WHEN l.state {=} 'held' THEN l.ticket END AS lease, l.claimed_at, l.expires_at,
            CASE WHEN l.state {=} ANY ('{delayed,waiting}'::pg_catalog.text[]) THEN l.check_at END AS due_at, l.claims, l.concurrency_key
       FROM wfstate.leases AS l
      WHERE l.tenant {=} $1 AND ($2 IS NULL OR l.workflow {=} $2) AND ($3 IS NULL OR l.worker {=} $3)
        AND ($4 IS NULL OR l.state {=} $4) AND ($5 IS NULL OR l.execution_id {=} $5)
        AND ($6 IS NULL OR l.execution_id {>} $6)
      ORDER BY l.execution_id LIMIT $7",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Int8,
    ],
);

/// What is asked for.
pub struct Filter<'a> {
    /// Workflow.
    pub workflow: Option<&'a str>,
    /// Who holds it, or held it last.
    pub worker: Option<&'a str>,
    /// Where it stands.
    pub state: Option<&'a str>,
    /// Execution alone.
    pub execution_id: Option<&'a str>,
    /// Execution that the page comes after.
    pub after: Option<&'a str>,
    /// Rows of the page.
    pub max_rows: i64,
}

/// Gives `each` a page.
pub fn list(tenant: &str, filter: &Filter<'_>, mut each: impl FnMut(&Row<'_>)) {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(filter.workflow),
        Param::Text(filter.worker),
        Param::Text(filter.state),
        Param::Text(filter.execution_id),
        Param::Text(filter.after),
        Param::Int8(Some(filter.max_rows)),
    ];
    LIST.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
}
