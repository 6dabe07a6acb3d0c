//! `wf_step_complete`, `wf_step_next`: the result of a step.

use crate::core::{Code, StateResult};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::definitions::bind;
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
    /// Version that the head must be at.
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
        check_expected(key, step.expected)?;
        return Ok((record()?, None));
    };
    let request = request(key, Some(step.step_id), step.expected, step.note);
    with_patch(&request, change, || {
        let recorded = record()?;
        let is_new = recorded.is_new;
        Ok((recorded, is_new))
    })
}

/// Refuses where the head is not at the version that is expected, and keeps it there.
pub fn check_expected(key: Key<'_>, expected: Option<i64>) -> StateResult<()> {
    if expected.is_none() {
        return Ok(());
    }
    let head = executions::lock_existing(key, Lock::Save)?;
    if expected == Some(0) {
        return Err(save::taken(key));
    }
    executions::check_expected(key, expected, head.version)
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
    // Whoever has the next one may end the execution with it: that is to be known before it is begun.
    steps::lock(key, next.step_id)?;
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
