//! The steps that take longest.

use super::counts::Scope;
use crate::core::StateResult;
use crate::core::report::StepFigures;
use crate::pg::settings;
use crate::pg::spi::{Mode, Param, Statement, Type};

/// Newest executions whose steps are looked at, and steps.
const SAMPLE: (i64, i64) = (2_000, 20_000);

macro_rules! sample {
    ($workflow:literal) => {
        concat!(
            "SELECT e.execution_id, e.workflow FROM wfstate.executions AS e
              WHERE e.tenant {=} $1 AND e.created_at {>=} $2 AND e.created_at {<} $3",
            $workflow,
            " ORDER BY e.created_at DESC LIMIT $4"
        )
    };
}
const SAMPLED: &[Type] = &[
    Type::Text,
    Type::Timestamptz,
    Type::Timestamptz,
    Type::Int8,
    Type::Text,
    Type::Int8,
    Type::Int8,
];
macro_rules! slowest {
    ($workflow:literal) => {
        concat!(
            "WITH sampled AS MATERIALIZED (",
            sample!($workflow),
            "), timed AS (
            SELECT m.workflow, s.step_id, s.status, s.attempt,
                   pg_catalog.date_part('epoch', s.ended_at {-} s.started_at) {*} 1000 AS ms
              FROM sampled AS m
             CROSS JOIN LATERAL (
                   SELECT t.step_id, t.status, t.attempt, t.started_at, t.ended_at FROM wfstate.steps AS t
                    WHERE t.tenant {=} $1 AND t.execution_id {=} m.execution_id
                      AND t.status {=} ANY (ARRAY['completed', 'failed']) AND t.ended_at IS NOT NULL OFFSET 0) AS s
             LIMIT $6)
     SELECT t.workflow, t.step_id, pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE t.status {=} 'failed'),
            pg_catalog.sum(t.attempt {-} 1), pg_catalog.percentile_cont(0.5) WITHIN GROUP (ORDER BY t.ms),
            pg_catalog.percentile_cont(0.95) WITHIN GROUP (ORDER BY t.ms) AS p95, pg_catalog.max(t.ms),
            (SELECT pg_catalog.count(*) FROM sampled)
       FROM timed AS t WHERE $5 IS NULL OR t.workflow {=} $5
      GROUP BY t.workflow, t.step_id ORDER BY p95 DESC, t.step_id LIMIT $7"
        )
    };
}
static SLOWEST: Statement = Statement::planned_each_time(slowest!(""), SAMPLED);
static SLOWEST_OF: Statement =
    Statement::planned_each_time(slowest!(" AND e.workflow {=} $5"), SAMPLED);

/// The steps that take longest; and the number of executions whose steps were looked at.
pub fn slowest(scope: &Scope<'_>) -> StateResult<(Vec<StepFigures>, i64)> {
    let [tenant, from, to] = scope.window();
    let (executions, steps) = SAMPLE;
    let params = [
        tenant,
        from,
        to,
        Param::Int8(Some(executions)),
        Param::Text(scope.workflow),
        Param::Int8(Some(steps)),
        Param::Int8(Some(scope.max_rows)),
    ];
    let statement = match scope.workflow {
        Some(_) => &SLOWEST_OF,
        None => &SLOWEST,
    };
    let mut sampled = 0;
    let mut slowest = Vec::new();
    // Not the whole table for each execution of the sample, where one of them has most of the steps.
    settings::by_keys(|| {
        statement.each(Mode::Read, &params, |row| {
            sampled = row.int8(8).unwrap_or_default();
            slowest.push(StepFigures {
                workflow: row.text(0).filter(|_| scope.workflow.is_none()),
                step_id: row.text(1).unwrap_or_default(),
                count: row.int8(2).unwrap_or_default(),
                failed: row.int8(3).unwrap_or_default(),
                repeated: row.int8(4).unwrap_or_default(),
                p50: row.float8(5).unwrap_or_default(),
                p95: row.float8(6).unwrap_or_default(),
                longest: row.float8(7).unwrap_or_default(),
            });
            Ok(())
        })
    })?;
    Ok((slowest, sampled))
}
