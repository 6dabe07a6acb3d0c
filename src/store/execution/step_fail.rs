//! `wf_step_fail`: an attempt that has failed, and when the next may begin.

use crate::core::StateResult;
use crate::core::retry::Policy;
use crate::pg::spi::{Interval, Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::definitions::workflows;
use crate::store::execution::step_begin;
use crate::store::execution::steps::{self, step_params};
use crate::store::feed::record::{self, record};
use crate::store::log::executions;

/// When a failed step is tried again, as far as the caller says.
#[derive(Clone, Copy, Default)]
pub struct Said {
    /// Attempts that it has.
    pub max_attempts: Option<i32>,
    /// Wait after the first.
    pub initial_interval: Option<Interval>,
    /// How many times as long the wait is after each.
    pub backoff_coefficient: Option<f64>,
    /// Longest wait.
    pub max_interval: Option<Interval>,
}

static SECONDS: Statement = Statement::new(
    "SELECT pg_catalog.date_part('epoch', coalesce($1, $2::pg_catalog.interval)) AS initial,
            pg_catalog.date_part('epoch', coalesce($3, $4::pg_catalog.interval)) AS longest,
            pg_catalog.random() AS chance",
    &[Type::Interval, Type::Text, Type::Interval, Type::Text],
);
static FAIL: Statement = Statement::new(
    "WITH step AS (
  UPDATE wfstate.steps AS s
     SET status = 'failed', error = $4, ended_at = pg_catalog.clock_timestamp(),
         retry_at = pg_catalog.clock_timestamp() {+} pg_catalog.make_interval(secs => $5)
   WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND s.step_id {=} $3
  RETURNING s.attempt, s.started_at, s.retry_at
), failure AS (
  INSERT INTO wfstate.step_failures (tenant, execution_id, step_id, failure_no, attempt, error, started_at)
  SELECT $1, $2, $3, (SELECT coalesce(pg_catalog.max(f.failure_no), 0) {+} 1 FROM wfstate.step_failures AS f
                       WHERE f.tenant {=} $1 AND f.execution_id {=} $2 AND f.step_id {=} $3),
         s.attempt, $4, s.started_at
    FROM step AS s
)
SELECT s.retry_at FROM step AS s",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Jsonb,
        Type::Float8,
    ],
);

/// Notes that an attempt has failed. Returns the attempt, and when the next may begin.
pub fn fail(
    key: Key<'_>,
    step_id: &str,
    error: Option<&[u8]>,
    said: Said,
    attempt: Option<i32>,
) -> StateResult<(i32, Option<i64>)> {
    let found = steps::lock_begun(key, step_id)?;
    steps::check_attempt(key, step_id, &found, attempt)?;
    match found.status.as_str() {
        "running" => {}
        "failed" => return Ok((found.attempt, found.retry_at)),
        _ => {
            let hint = "Its result is recorded; wf_steps shows it.";
            return Err(steps::wrong_status(key, step_id, &found, hint));
        }
    }
    let (policy, chance) = policy(key, step_id, said)?;
    let [tenant, id, step] = step_params(key, step_id);
    let params = [
        tenant,
        id,
        step,
        Param::Jsonb(error),
        Param::Float8(policy.wait(found.attempt.saturating_sub(found.earlier_attempts), chance)),
    ];
    let retry_at = FAIL.one(Mode::Latest, &params, |row| Ok(row.micros(0)))?;
    let attempt = i64::from(found.attempt);
    record(key, record::Change::Step(step_id, attempt, "failed"))?;
    Ok((found.attempt, retry_at.flatten()))
}

/// What is said of tries: by the caller, else by the definition.
fn policy(key: Key<'_>, step_id: &str, said: Said) -> StateResult<(Policy, f64)> {
    let head = executions::read_existing(key)?;
    let bound = if workflows::any(key.tenant) || head.workflow_version.is_some() {
        step_begin::bound(Mode::Latest, key, head)?
    } else {
        None
    };
    let steps = bound.as_ref().map(|bound| bound.definition.steps());
    let declared = steps.and_then(|steps| steps.get(step_id)?.retry.as_ref());
    let is_silent = said.max_attempts.is_none()
        && said.initial_interval.is_none()
        && said.backoff_coefficient.is_none()
        && said.max_interval.is_none()
        && declared.is_none();
    let params = [
        Param::Interval(said.initial_interval),
        Param::Text(declared.and_then(|retry| retry.initial_interval.as_deref())),
        Param::Interval(said.max_interval),
        Param::Text(declared.and_then(|retry| retry.max_interval.as_deref())),
    ];
    let found = SECONDS.one(Mode::Read, &params, |row| {
        Ok((row.float8(0), row.float8(1), row.float8(2)))
    })?;
    let (initial, longest, chance) = found.unwrap_or_default();
    let initial = initial.unwrap_or(1.0);
    let declared_most = declared.and_then(|retry| retry.max_attempts);
    let policy = Policy {
        max_attempts: said
            .max_attempts
            .or(declared_most)
            .or(is_silent.then_some(1)),
        initial,
        coefficient: said
            .backoff_coefficient
            .or_else(|| declared?.backoff_coefficient)
            .unwrap_or(2.0),
        longest: longest.unwrap_or(initial * 100.0),
    };
    Ok((policy, chance.unwrap_or_default()))
}
