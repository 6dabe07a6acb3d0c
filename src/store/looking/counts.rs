//! The figures of a report. Each statement reads a bounded part of an index's range.

use super::story::error_text;
use crate::core::StateResult;
use crate::core::report::{Count, Failure, QueueFigures, Standing, Window};
use crate::core::statuses::STATUSES;
use crate::pg::spi::{Interval, Mode, Param, Statement, Type};

/// Executions that are counted in a window, of each status or of a workflow.
const MOST_COUNTED: i64 = 1_000_000;
/// Executions without a final status that are looked at; and entries of the queue.
const MOST_STANDING: i64 = 100_000;
/// Newest failures among which those of a workflow are looked for.
const MOST_FAILURES: i64 = 10_000;

/// What is asked of a report's statements.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// Whose.
    pub tenant: &'a str,
    /// Only of this workflow.
    pub workflow: Option<&'a str>,
    /// When.
    pub window: Window,
    /// Rows of a list.
    pub max_rows: i64,
}

impl Scope<'_> {
    pub(super) fn window(&self) -> [Param<'_>; 3] {
        [
            Param::Text(Some(self.tenant)),
            Param::Timestamptz(Some(self.window.from)),
            Param::Timestamptz(Some(self.window.to)),
        ]
    }
}

const NOW_ARGS: &[Type] = &[];
static NOW: Statement = Statement::new("SELECT pg_catalog.statement_timestamp()", NOW_ARGS);

/// The time of the calling statement.
pub fn now() -> StateResult<i64> {
    let now = NOW.one(Mode::Read, &[], |row| Ok(row.micros(0)))?;
    Ok(now.flatten().unwrap_or_default())
}

/// A status at a time: its index has all that is asked for.
static STARTED: Statement = Statement::planned_each_time(
    "SELECT s.status, x.at, pg_catalog.count(*)
       FROM pg_catalog.unnest($6) AS s(status)
      CROSS JOIN LATERAL (
            SELECT pg_catalog.date_bin($4, e.created_at, $2) AS at FROM wfstate.executions AS e
             WHERE e.tenant {=} $1 AND e.status {=} s.status AND e.created_at {>=} $2 AND e.created_at {<} $3
             ORDER BY e.created_at DESC LIMIT $5) AS x
      GROUP BY s.status, x.at",
    &[
        Type::Text,
        Type::Timestamptz,
        Type::Timestamptz,
        Type::Interval,
        Type::Int8,
        Type::TextArray,
    ],
);
static STARTED_OF: Statement = Statement::planned_each_time(
    "SELECT x.status, x.at, pg_catalog.count(*) FROM (
            SELECT e.status, pg_catalog.date_bin($4, e.created_at, $2) AS at FROM wfstate.executions AS e
             WHERE e.tenant {=} $1 AND e.workflow {=} $6 AND e.created_at {>=} $2 AND e.created_at {<} $3
             ORDER BY e.created_at DESC LIMIT $5) AS x
      GROUP BY x.status, x.at",
    &[
        Type::Text,
        Type::Timestamptz,
        Type::Timestamptz,
        Type::Interval,
        Type::Int8,
        Type::Text,
    ],
);

/// Executions that were started in the window, by interval and status; and whether there were more.
pub fn started(scope: &Scope<'_>) -> StateResult<(Vec<Count>, bool)> {
    let [tenant, from, to] = scope.window();
    let statuses = STATUSES.map(String::from);
    let (statement, last) = match scope.workflow {
        Some(workflow) => (&STARTED_OF, Param::Text(Some(workflow))),
        None => (&STARTED, Param::TextArray(Some(&statuses))),
    };
    let step = Param::Interval(Some(Interval::of_micros(scope.window.step)));
    let params = [
        tenant,
        from,
        to,
        step,
        Param::Int8(Some(MOST_COUNTED)),
        last,
    ];
    let counts = statement.all(Mode::Read, &params, |row| {
        Ok(Count {
            status: row.text(0).unwrap_or_default(),
            at: row.micros(1).unwrap_or_default(),
            count: row.int8(2).unwrap_or_default(),
        })
    })?;
    let of = |status: &str| -> i64 {
        let all = scope.workflow.is_some();
        let these = counts.iter().filter(|count| all || count.status == status);
        these.map(|count| count.count).sum()
    };
    let is_cut = STATUSES.iter().any(|status| of(status) >= MOST_COUNTED);
    Ok((counts, is_cut))
}

static STANDING: Statement = Statement::planned_each_time(
    "SELECT i.status, pg_catalog.count(*) FILTER (WHERE $2 IS NULL OR i.workflow {=} $2),
            pg_catalog.min(i.created_at) FILTER (WHERE $2 IS NULL OR i.workflow {=} $2), pg_catalog.count(*)
       FROM (SELECT e.status, e.workflow, e.created_at FROM wfstate.executions AS e
              WHERE e.tenant {=} $1 AND e.completed_at IS NULL ORDER BY e.created_at LIMIT $3) AS i
      GROUP BY i.status",
    &[Type::Text, Type::Text, Type::Int8],
);

/// Executions without a final status; and whether there are more.
pub fn standing(scope: &Scope<'_>) -> StateResult<(Vec<Standing>, bool)> {
    let params = [
        Param::Text(Some(scope.tenant)),
        Param::Text(scope.workflow),
        Param::Int8(Some(MOST_STANDING)),
    ];
    let mut looked_at = 0;
    let mut standing = Vec::new();
    STANDING.each(Mode::Read, &params, |row| {
        looked_at += row.int8(3).unwrap_or_default();
        standing.push(Standing {
            status: row.text(0).unwrap_or_default(),
            count: row.int8(1).unwrap_or_default(),
            oldest: row.micros(2),
        });
        Ok(())
    })?;
    Ok((standing, looked_at >= MOST_STANDING))
}

static QUEUE: Statement = Statement::planned_each_time(
    "SELECT q.workflow, pg_catalog.count(*) FILTER (WHERE q.state {=} 'ready'),
            pg_catalog.count(*) FILTER (WHERE q.state {=} 'held'),
            pg_catalog.count(*) FILTER (WHERE q.state {=} 'delayed'),
            pg_catalog.count(*) FILTER (WHERE q.state {=} 'waiting'),
            pg_catalog.count(*) FILTER (WHERE q.state {=} 'parked'),
            pg_catalog.count(*) FILTER (WHERE q.state {=} 'idle'),
            pg_catalog.count(*) AS total, pg_catalog.sum(pg_catalog.count(*)) OVER ()::pg_catalog.int8
       FROM (SELECT l.workflow, l.state FROM wfstate.leases AS l WHERE l.tenant {=} $1 LIMIT $3) AS q
      GROUP BY q.workflow
      ORDER BY ($2 IS NULL OR q.workflow {=} $2) DESC, total DESC, q.workflow LIMIT $4",
    &[Type::Text, Type::Text, Type::Int8, Type::Int8],
);

/// The queue by workflow; and whether there is more of it.
pub fn queue(scope: &Scope<'_>) -> StateResult<(Vec<QueueFigures>, bool)> {
    let params = [
        Param::Text(Some(scope.tenant)),
        Param::Text(scope.workflow),
        Param::Int8(Some(MOST_STANDING)),
        Param::Int8(Some(scope.max_rows)),
    ];
    let mut looked_at = 0;
    let mut queue = Vec::new();
    QUEUE.each(Mode::Read, &params, |row| {
        looked_at = row.int8(8).unwrap_or_default();
        let workflow = row.text(0).unwrap_or_default();
        if scope.workflow.is_none_or(|wanted| wanted == workflow) {
            let counts = [1, 2, 3, 4, 5, 6].map(|column| row.int8(column).unwrap_or_default());
            queue.push(QueueFigures { workflow, counts });
        }
        Ok(())
    })?;
    Ok((queue, looked_at >= MOST_STANDING))
}

static FAILED: Statement = Statement::planned_each_time(
    concat!(
        "SELECT f.execution_id, f.workflow, f.created_at, f.completed_at, ",
        error_text!("f.execution_id"),
        " FROM (SELECT n.execution_id, n.workflow, n.created_at, n.completed_at FROM (
                     SELECT e.execution_id, e.workflow, e.created_at, e.completed_at FROM wfstate.executions AS e
                      WHERE e.tenant {=} $1 AND e.status {=} 'failed' AND e.created_at {>=} $2 AND e.created_at {<} $3
                      ORDER BY e.created_at DESC LIMIT $4) AS n
                 WHERE $5 IS NULL OR n.workflow {=} $5
                 ORDER BY n.created_at DESC, n.execution_id LIMIT $6) AS f
         ORDER BY f.created_at DESC, f.execution_id"
    ),
    &[
        Type::Text,
        Type::Timestamptz,
        Type::Timestamptz,
        Type::Int8,
        Type::Text,
        Type::Int8,
    ],
);

/// The newest of those that have failed.
pub fn failures(scope: &Scope<'_>) -> StateResult<Vec<Failure>> {
    let [tenant, from, to] = scope.window();
    let most = Param::Int8(Some(MOST_FAILURES));
    let rows = Param::Int8(Some(scope.max_rows));
    let params = [tenant, from, to, most, Param::Text(scope.workflow), rows];
    FAILED.all(Mode::Read, &params, |row| {
        Ok(Failure {
            execution_id: row.text(0).unwrap_or_default(),
            workflow: row.text(1).filter(|_| scope.workflow.is_none()),
            created: row.micros(2).unwrap_or_default(),
            completed: row.micros(3),
            error: row.text(4),
        })
    })
}
