//! `wf_step_begin`: whether a step is to be run.

use crate::core::definition::{Definition, Step as Declared};
use crate::core::{Code, StateError, StateResult, limits, statuses};
use crate::pg::backend::reads_committed;
use crate::pg::interrupts;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::definitions::documents::Name;
use crate::store::definitions::{cache, workflows};
use crate::store::execution::start::hash_of;
use crate::store::execution::steps::{self, Step, step_params};
use crate::store::feed::record::{Change, record};
use crate::store::log::executions::{self, Head, Lock, key_params};
use std::rc::Rc;

/// A step that is about to be run.
#[derive(Clone, Copy)]
pub struct Begin<'a> {
    /// Name.
    pub step_id: &'a str,
    /// What it is begun with.
    pub input: Option<&'a [u8]>,
    /// What undoes it.
    pub compensation: Option<&'a str>,
}

/// What to do.
pub enum Answer {
    /// Run it, as this attempt.
    Run(i32),
    /// It was completed before.
    Done(Step),
    /// It may be begun when its time has come.
    Wait(Step),
    /// It depends on these, which are not completed.
    Blocked(Vec<String>),
    /// It has no attempt left.
    Failed(Step),
}

impl Answer {
    /// Bytes of the documents that it has.
    pub fn size(&self) -> usize {
        match self {
            Answer::Run(_) | Answer::Blocked(_) => 0,
            Answer::Done(step) | Answer::Wait(step) | Answer::Failed(step) => {
                let length = |document: &Option<Vec<u8>>| document.as_ref().map_or(0, Vec::len);
                length(&step.output) + length(&step.error)
            }
        }
    }
}

/// Statuses of an execution in which steps begin.
macro_rules! beginning {
    () => {
        "'{pending,running,waiting}'::pg_catalog.text[]"
    };
}

/// Only where the execution is bound as the caller knows, since that says what the step depends on.
static BEGIN: Statement = Statement::new(
    concat!(
        "INSERT INTO wfstate.steps AS s (tenant, execution_id, step_id, input, input_hash, compensation)
SELECT h.tenant, h.execution_id, $3, $4, $5, $6
  FROM (SELECT e.tenant, e.execution_id FROM wfstate.executions AS e
         WHERE e.tenant {=} wfstate.current_tenant() AND e.execution_id {=} $2
           AND coalesce(e.workflow_version, 0) {=} $7 AND ($7 {=} 0 OR e.workflow {=} $8)
           AND e.status {=} ANY (",
        beginning!(),
        ")
           FOR KEY SHARE) AS h
ON CONFLICT (tenant, execution_id, step_id) DO UPDATE
   SET status = 'running', attempt = s.attempt {+} 1, started_at = pg_catalog.clock_timestamp(), ended_at = NULL,
       retry_at = NULL, error = NULL, compensation = coalesce(excluded.compensation, s.compensation)
 WHERE s.input_hash {=} excluded.input_hash
   AND (s.status {=} 'running' OR (s.status {=} 'failed' AND s.retry_at {<=} pg_catalog.clock_timestamp()))
RETURNING s.attempt"
    ),
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Jsonb,
        Type::Int8,
        Type::Text,
        Type::Int4,
        Type::Text,
    ],
);

/// Begins a step, or tells why it is not to be run.
pub fn begin(key: Key<'_>, call: Begin<'_>) -> StateResult<Answer> {
    let input_hash = hash_of(call.input)?;
    let mut bound = if workflows::any(key.tenant) {
        bound_by(key)?
    } else {
        None
    };
    loop {
        interrupts::check();
        let declared = bound
            .as_ref()
            .and_then(|bound| bound.definition.steps().get(call.step_id));
        if let Some(blocked_by) = blocked(key, declared)? {
            let found = match steps::read(key, call.step_id)? {
                Some(step) if step.status != "failed" => known(key, call, input_hash, step)?,
                _ => None,
            };
            return Ok(found.unwrap_or(Answer::Blocked(blocked_by)));
        }
        // The lock of a begin lets the status change, so that saves go on: an older snapshot does not show it.
        let latest = match reads_committed() {
            true => None,
            false => executions::read_latest(key)?,
        };
        let closed = latest.filter(|head| !statuses::begins(&head.status));
        if closed.is_none()
            && let Some(attempt) = try_begin(key, call, input_hash, bound.as_ref(), declared)?
        {
            // One that was begun before may have been waited for, and the execution have ended meanwhile.
            if attempt > 1 && reads_committed() {
                let head = executions::read_latest(key)?;
                head.map_or(Ok(()), |head| check_status(key, &head.status))?;
            }
            let change = Change::Step(call.step_id, i64::from(attempt), "running");
            record(key, change)?;
            return Ok(Answer::Run(attempt));
        }
        if let Some(step) = steps::read(key, call.step_id)?
            && let Some(answer) = known(key, call, input_hash, step)?
        {
            return Ok(answer);
        }
        closed.map_or(Ok(()), |head| check_status(key, &head.status))?;
        // It is not there, or bound otherwise than this session has looked up; or somebody else has begun or ended
        // the step meanwhile.
        let head = executions::lock_existing(key, Lock::Reference)?;
        check_status(key, &head.status)?;
        bound = self::bound(Mode::Latest, key, head)?;
    }
}

/// The definition that binds an execution.
pub(super) struct Bound {
    workflow: String,
    version: i32,
    /// What it says.
    pub definition: Rc<Definition>,
}

/// What binds the execution, as it is committed now; refuses a missing one.
fn bound_by(key: Key<'_>) -> StateResult<Option<Bound>> {
    let head = executions::lock_existing(key, Lock::Reference)?;
    bound(Mode::Latest, key, head)
}

/// What binds a head.
pub(super) fn bound(mode: Mode, key: Key<'_>, head: Head) -> StateResult<Option<Bound>> {
    let (workflow, version) = match (head.workflow, head.workflow_version) {
        (Some(workflow), Some(version)) => (workflow, version),
        (None, Some(_)) => {
            return Err(StateError::new(
                Code::CorruptState,
                format!(
                    "execution \"{}\" is bound to a definition, but has no workflow",
                    key.id
                ),
            )
            .detail("Its row in wfstate.executions was changed past the functions.")
            .hint("Set the workflow of that row again, or its workflow_version to NULL."));
        }
        (_, None) => return Ok(None),
    };
    let name = Name {
        tenant: key.tenant,
        workflow: &workflow,
        version,
    };
    let definition = cache::get(mode, name)?;
    Ok(Some(Bound {
        workflow,
        version,
        definition,
    }))
}

fn try_begin(
    key: Key<'_>,
    call: Begin<'_>,
    input_hash: i64,
    bound: Option<&Bound>,
    declared: Option<&Declared>,
) -> StateResult<Option<i32>> {
    let compensation = declared.and_then(|step| step.compensation.as_deref());
    let [tenant, id, step_id] = step_params(key, call.step_id);
    let params = [
        tenant,
        id,
        step_id,
        Param::Jsonb(call.input),
        Param::Int8(Some(input_hash)),
        Param::Text(call.compensation.or(compensation)),
        Param::Int4(Some(bound.map_or(0, |bound| i64::from(bound.version)))),
        Param::Text(bound.map(|bound| bound.workflow.as_str())),
    ];
    let attempt = BEGIN.one(Mode::Write, &params, |row| Ok(row.int4(0)))?;
    Ok(attempt.flatten())
}

static UNDONE: Statement = Statement::new(
    "SELECT w.step_id
       FROM pg_catalog.unnest($3) WITH ORDINALITY AS w (step_id, position)
      WHERE NOT EXISTS (SELECT FROM wfstate.steps AS s
                         WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND s.step_id {=} w.step_id
                           AND s.status {=} 'completed')
      ORDER BY w.position",
    &[Type::Text, Type::Text, Type::TextArray],
);

/// The steps that one depends on and that are not completed; `None` where there are none.
fn blocked(key: Key<'_>, declared: Option<&Declared>) -> StateResult<Option<Vec<String>>> {
    let needed = match declared {
        Some(step) if !step.depends_on.is_empty() => &step.depends_on,
        _ => return Ok(None),
    };
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::TextArray(Some(needed))];
    let undone = UNDONE.all(Mode::Latest, &params, |row| {
        Ok(row.text(0).unwrap_or_default())
    })?;
    Ok((!undone.is_empty()).then_some(undone))
}

/// The answer where the step is there and was not begun by this call; `None` where it may be begun.
fn known(
    key: Key<'_>,
    call: Begin<'_>,
    input_hash: i64,
    step: Step,
) -> StateResult<Option<Answer>> {
    if step.input_hash != input_hash {
        return Err(StateError::new(
            Code::AlreadyExists,
            format!(
                "step {} of execution \"{}\" was begun with another input",
                limits::quoted(call.step_id),
                key.id
            ),
        )
        .detail("A workflow that is run again must come to the same steps with the same inputs.")
        .hint("Give another step_id to what is another step; wf_steps shows the input."));
    }
    Ok(match step.status.as_str() {
        "completed" | "compensated" | "compensation_failed" => Some(Answer::Done(step)),
        "failed" if step.retry_at.is_none() => Some(Answer::Failed(step)),
        "failed" if !step.is_due => Some(Answer::Wait(step)),
        _ => None,
    })
}

/// Refuses where nothing of an execution may begin.
pub(in crate::store) fn check_status(key: Key<'_>, status: &str) -> StateResult<()> {
    if statuses::begins(status) {
        return Ok(());
    }
    Err(StateError::new(
        Code::IllegalTransition,
        format!("execution \"{}\" is {status}", key.id),
    )
    .detail("Steps and waits begin while it is pending, running or waiting.")
    .hint(match status {
        "paused" => "wf_resume lets it go on.",
        "failed" => "wf_retry takes it up again.",
        "compensating" => "wf_compensations lists what is to be undone.",
        _ => "Steps that were completed are still told by wf_steps.",
    }))
}
