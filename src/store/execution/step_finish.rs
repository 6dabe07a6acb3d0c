//! `wf_step_complete` and `wf_step_fail`: how an attempt at a step went.

use crate::core::retry::Policy;
use crate::core::{Code, StateResult};
use crate::pg::spi::{Interval, Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::definitions::{bind, workflows};
use crate::store::execution::step_begin::{self, Answer, Begin};
use crate::store::execution::steps::{self, step_params};
use crate::store::feed::record::{self, record};
use crate::store::log::executions::{self, Lock};
use crate::store::log::new_version::Labels;
use crate::store::log::next::Change;
use crate::store::log::patch;
use crate::store::log::save::{self, Request};

/// What is recorded of a step.
pub struct Recorded {
    /// Whether by this call.
    pub is_new: bool,
    /// Its result.
    pub output: Option<Vec<u8>>,
}

static COMPLETE: Statement = Statement::new(
    "UPDATE wfstate.steps AS s
        SET status = 'completed', output = $4, error = NULL, retry_at = NULL, position = DEFAULT,
            ended_at = pg_catalog.clock_timestamp()
      WHERE s.tenant {=} wfstate.current_tenant() AND s.execution_id {=} $2 AND s.step_id {=} $3
        AND s.status {=} 'running' AND s.attempt {=} coalesce($5, s.attempt)
     RETURNING s.attempt",
    &[Type::Text, Type::Text, Type::Text, Type::Jsonb, Type::Int4],
);

/// Records the result of a step, unless one is.
pub fn complete(
    key: Key<'_>,
    step_id: &str,
    output: Option<&[u8]>,
    attempt: Option<i32>,
) -> StateResult<Recorded> {
    let [tenant, id, step] = step_params(key, step_id);
    let params = [
        tenant,
        id,
        step,
        Param::Jsonb(output),
        Param::Int4(attempt.map(i64::from)),
    ];
    let recorded = |attempt: Option<i32>| {
        let attempt = attempt.map_or(0, i64::from);
        record(key, record::Change::Step(step_id, attempt, "completed"))?;
        Ok(Recorded {
            is_new: true,
            output: output.map(<[u8]>::to_vec),
        })
    };
    if let Some(attempt) = COMPLETE.one(Mode::Write, &params, |row| Ok(row.int4(0)))? {
        return recorded(attempt);
    }
    let found = steps::lock_begun(key, step_id)?;
    match found.status.as_str() {
        "completed" | "compensated" | "compensation_failed" => Ok(Recorded {
            is_new: false,
            output: found.output,
        }),
        "failed" => Err(steps::wrong_status(
            key,
            step_id,
            &found,
            "wf_step_begin tells when it may be run again.",
        )),
        _ => {
            steps::check_attempt(key, step_id, &found, attempt)?;
            // It was begun again just now, and is locked.
            let attempt = COMPLETE.one(Mode::Latest, &params, |row| Ok(row.int4(0)))?;
            recorded(attempt.flatten())
        }
    }
}

/// Lets `record` record results under the lock of the head, and where it has, saves what they make of the state.
/// Returns what it gave, and the version.
pub fn with_patch<R>(
    request: &Request<'_>,
    change: &[u8],
    record: impl FnOnce() -> StateResult<(R, bool)>,
) -> StateResult<(R, Option<i64>)> {
    let key = request.key;
    patch::checked(change)?;
    let head = executions::lock_existing(key, Lock::Save)?;
    let (recorded, is_new) = record()?;
    if !is_new {
        return Ok((recorded, None));
    }
    if request.expected == Some(0) {
        return Err(save::taken(key));
    }
    executions::check_expected(key, request.expected, head.version)?;
    let bound = bind::onto(key, &head, &request.labels)?;
    let version = save::append_locked(request, &bound, Change::Patch(change), &head)?;
    Ok((recorded, Some(version)))
}

/// A step that was run.
#[derive(Clone, Copy)]
pub struct Ran<'a> {
    /// Name.
    pub step_id: &'a str,
    /// Its result.
    pub output: Option<&'a [u8]>,
    /// What it makes of the state.
    pub patch: Option<&'a [u8]>,
    /// Version that the head must be at, where there is a patch.
    pub expected: Option<i64>,
    /// Attempt that it must be at.
    pub attempt: Option<i32>,
    /// Free text of the version.
    pub note: Option<&'a str>,
}

/// Records the result of a step, unless one is, and with it what the step makes of the state. Returns the version, too.
pub fn ran(key: Key<'_>, step: &Ran<'_>) -> StateResult<(Recorded, Option<i64>)> {
    let record = || complete(key, step.step_id, step.output, step.attempt);
    let Some(change) = step.patch else {
        return Ok((record()?, None));
    };
    let request = request(key, Some(step.step_id), step.expected, step.note);
    with_patch(&request, change, || {
        let recorded = record()?;
        let is_new = recorded.is_new;
        Ok((recorded, is_new))
    })
}

/// Records the result of a step, and begins the one after it; `None` where nothing of the execution begins any more.
pub fn next(
    key: Key<'_>,
    step: &Ran<'_>,
    next: Begin<'_>,
) -> StateResult<(Recorded, Option<i64>, Option<Answer>)> {
    if step.patch.is_none() {
        // As the begin will, and before the step: whoever deletes the execution locks them in this order.
        executions::lock_existing(key, Lock::Reference)?;
    }
    let (recorded, version) = ran(key, step)?;
    match step_begin::begin(key, next) {
        Err(error) if error.code == Code::IllegalTransition => Ok((recorded, version, None)),
        answer => Ok((recorded, version, Some(answer?))),
    }
}

/// A request to save what a step has changed.
pub fn request<'a>(
    key: Key<'a>,
    step_id: Option<&'a str>,
    expected: Option<i64>,
    note: Option<&'a str>,
) -> Request<'a> {
    Request {
        key,
        expected,
        labels: Labels {
            step_id,
            note,
            ..Labels::default()
        },
        tags: None,
    }
}

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
        Param::Float8(policy.wait(found.attempt, chance)),
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
