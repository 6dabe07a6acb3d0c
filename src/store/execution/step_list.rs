//! Steps, failed attempts, and what may be begun.

use crate::core::{StateResult, statuses};
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::execution::step_begin;
use crate::store::execution::steps::step_params;
use crate::store::log::executions::{self, key_params};
use std::collections::HashMap;

static STEPS: Statement = Statement::new(
    "SELECT s.step_id, s.status, s.attempt, s.input, s.output, s.error, s.compensation, s.started_at, s.ended_at,
            s.retry_at, s.position
       FROM wfstate.steps AS s
      WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND ($3 IS NULL OR s.status {=} $3)
        AND ($4 IS NULL OR s.position {>} $4)
      ORDER BY s.position LIMIT $5",
    &[Type::Text, Type::Text, Type::Text, Type::Int8, Type::Int8],
);

/// A page of the steps of an execution, in the order of their positions.
pub fn steps(
    key: Key<'_>,
    status: Option<&str>,
    after: Option<i64>,
    max_rows: i64,
    mut each: impl FnMut(&Row<'_>),
) {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(status),
        Param::Int8(after),
        Param::Int8(Some(max_rows)),
    ];
    STEPS.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
}

static FAILURES: Statement = Statement::new(
    "SELECT f.failure_no, f.attempt, f.error, f.started_at, f.failed_at
       FROM wfstate.step_failures AS f
      WHERE f.tenant {=} $1 AND f.execution_id {=} $2 AND f.step_id {=} $3 AND f.failure_no {>} coalesce($4, 0)
      ORDER BY f.failure_no LIMIT $5",
    &[Type::Text, Type::Text, Type::Text, Type::Int8, Type::Int8],
);

/// A page of the failed attempts at a step, the oldest first.
pub fn failures(
    key: Key<'_>,
    step_id: &str,
    after: Option<i64>,
    max_rows: i64,
    mut each: impl FnMut(&Row<'_>),
) {
    let [tenant, id, step] = step_params(key, step_id);
    let params = [
        tenant,
        id,
        step,
        Param::Int8(after),
        Param::Int8(Some(max_rows)),
    ];
    FAILURES.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
}

static STATUSES: Statement = Statement::new(
    "SELECT s.step_id, s.status, s.attempt,
            coalesce(s.retry_at {<=} pg_catalog.clock_timestamp(), false) AS is_due
       FROM wfstate.steps AS s WHERE s.tenant {=} $1 AND s.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

/// The steps of the definition that may be begun, each with its next attempt.
pub fn ready(key: Key<'_>) -> StateResult<Vec<(String, i32)>> {
    let head = executions::read_existing(key)?;
    if !statuses::begins(&head.status) {
        return Ok(Vec::new());
    }
    let Some(bound) = step_begin::bound(Mode::Read, key, head)? else {
        return Ok(Vec::new());
    };
    let mut begun = HashMap::new();
    STATUSES.each(Mode::Read, &key_params(key), |row| {
        let status = row.text(1).unwrap_or_default();
        let is_due = row.bool(3).unwrap_or_default();
        let attempt = row.int4(2).unwrap_or_default();
        begun.insert(row.text(0).unwrap_or_default(), (status, attempt, is_due));
        Ok(())
    })?;
    let is_done = |step: &String| {
        let found = begun.get(step);
        found.is_some_and(|(status, ..)| status == "completed")
    };
    let ready = bound.definition.steps().iter().filter_map(|(name, step)| {
        let attempt = match begun.get(name) {
            None => 0,
            Some((status, attempt, true)) if status == "failed" => *attempt,
            Some(_) => return None,
        };
        let may = step.depends_on.iter().all(is_done);
        may.then(|| (name.clone(), attempt.saturating_add(1)))
    });
    Ok(ready.collect())
}
