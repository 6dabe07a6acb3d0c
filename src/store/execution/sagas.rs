//! Undoing what was done, the last first.

use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::execution::finish::{self, Move, is_not};
use crate::store::execution::runs::{self, Outcome};
use crate::store::execution::steps::{self, Step, step_params};
use crate::store::feed::record::{Change, record};
use crate::store::log::executions::{self, Lock, key_params};
use crate::store::queue::guard;

static REMAINING: Statement = Statement::new(
    "SELECT s.step_id, s.compensation, s.status, s.input, s.output, s.error, s.position
       FROM wfstate.steps AS s
      WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND s.compensation IS NOT NULL
        AND s.status {=} ANY ('{completed,compensation_failed}'::pg_catalog.text[])
        AND ($3 IS NULL OR s.position {<} $3)
      ORDER BY s.position DESC LIMIT $4",
    &[Type::Text, Type::Text, Type::Int8, Type::Int8],
);

/// A page of what is still to be undone, the last completed first.
pub fn compensations(
    key: Key<'_>,
    after: Option<i64>,
    max_rows: i64,
    mut each: impl FnMut(&Row<'_>),
) {
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Int8(after), Param::Int8(Some(max_rows))];
    REMAINING.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
}

static SET: Statement = Statement::new(
    "UPDATE wfstate.steps AS s
        SET status = $4, error = $5, ended_at = pg_catalog.clock_timestamp()
      WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND s.step_id {=} $3
     RETURNING s.attempt",
    &[Type::Text, Type::Text, Type::Text, Type::Text, Type::Jsonb],
);
static COUNT: Statement = Statement::new(
    "SELECT pg_catalog.count(*) FROM wfstate.steps AS s
      WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND s.compensation IS NOT NULL
        AND s.status {=} ANY ('{completed,compensation_failed}'::pg_catalog.text[])",
    &[Type::Text, Type::Text],
);

fn set(key: Key<'_>, step_id: &str, status: &str, error: Option<&[u8]>) -> StateResult<()> {
    let [tenant, id, step] = step_params(key, step_id);
    let params = [
        tenant,
        id,
        step,
        Param::Text(Some(status)),
        Param::Jsonb(error),
    ];
    let attempt = SET.one(Mode::Latest, &params, |row| Ok(row.int4(0)))?;
    let attempt = attempt.flatten().map_or(0, i64::from);
    record(key, Change::Step(step_id, attempt, status))
}

/// How many steps are still to be undone of a locked execution.
pub(super) fn remaining(key: Key<'_>) -> StateResult<i64> {
    let remaining = COUNT.one(Mode::Latest, &key_params(key), |row| Ok(row.int8(0)))?;
    Ok(remaining.flatten().unwrap_or_default())
}

/// Whether the undoing of a locked execution was begun, and steps are left of it: what was undone outside need not be
/// recorded yet.
pub(in crate::store) fn is_begun(key: Key<'_>) -> StateResult<bool> {
    Ok(runs::is_undoing(key)? && remaining(key)? > 0)
}

/// The same, or steps were undone.
pub(in crate::store) fn is_partly_done(key: Key<'_>) -> StateResult<bool> {
    Ok(steps::undone(key)?.is_some() || is_begun(key)?)
}

/// Refuses a step that there is nothing to undo of.
fn check(key: Key<'_>, step_id: &str, step: &Step) -> StateResult<()> {
    if !["completed", "compensation_failed"].contains(&step.status.as_str()) {
        let hint = "Only what is completed is undone; wf_compensations lists it.";
        return Err(steps::wrong_status(key, step_id, step, hint));
    }
    if step.has_compensation {
        return Ok(());
    }
    Err(StateError::new(
        Code::IllegalTransition,
        format!(
            "step {} of execution \"{}\" has no compensation",
            limits::quoted(step_id),
            key.id
        ),
    )
    .hint("wf_compensations lists the steps that have one."))
}

/// What undoing a step came to.
pub struct Undone {
    /// Whether this call has noted it.
    pub is_new: bool,
    /// Steps that are still to be undone.
    pub remaining: i64,
    /// Status of the execution.
    pub status: String,
}

/// Notes that a step was undone; with the last one the execution is compensated. The call may be repeated until it is
/// answered, although its lease has ended with the execution.
pub fn compensated(call: Move<'_>, lease: Option<i64>, step_id: &str) -> StateResult<Undone> {
    let undone = guard::with_any_status(call.key, lease, || compensate(call, step_id));
    match undone {
        Err(error) if error.code == Code::LeaseLost => {
            match has_ended(call.key, "compensated", step_id)? {
                true => Ok(Undone {
                    is_new: false,
                    remaining: remaining(call.key)?,
                    status: String::from("compensated"),
                }),
                false => Err(error),
            }
        }
        undone => undone,
    }
}

/// Whether the execution has ended with the undoing of a step, well or not.
fn has_ended(key: Key<'_>, status: &str, step_id: &str) -> StateResult<bool> {
    let wanted = match status {
        "failed" => "compensation_failed",
        status => status,
    };
    let head = executions::lock(key, Lock::Reference)?;
    let step = steps::read(key, step_id)?;
    Ok(head.is_some_and(|head| head.status == status)
        && step.is_some_and(|step| step.status == wanted))
}

fn compensate(call: Move<'_>, step_id: &str) -> StateResult<Undone> {
    let key = call.key;
    // The head's lock makes one of several the last.
    let head = call.lock()?;
    let step = steps::lock_begun(key, step_id)?;
    let is_new = step.status != "compensated";
    if is_new {
        if head.status != "compensating" {
            return Err(is_not(key, &head, "compensating"));
        }
        check(key, step_id, &step)?;
        set(key, step_id, "compensated", None)?;
    }
    let remaining = remaining(key)?;
    let mut status = head.status.clone();
    if is_new && remaining == 0 {
        call.append(&head, "compensated", None)?;
        status = String::from("compensated");
    }
    Ok(Undone {
        is_new,
        remaining,
        status,
    })
}

/// Notes that a step could not be undone; the execution has failed then. The call may be repeated until it is answered,
/// as that of a step that was undone.
pub fn failed(
    call: Move<'_>,
    lease: Option<i64>,
    step_id: &str,
    error: Option<&[u8]>,
) -> StateResult<i64> {
    let key = call.key;
    let outcome = Outcome {
        result: None,
        error,
    };
    let ended = finish::end_with(call, lease, "failed", outcome, None, || {
        let head = call.lock()?;
        let step = steps::lock_begun(key, step_id)?;
        if head.status == "failed" && step.status == "compensation_failed" {
            return Ok(());
        }
        if head.status != "compensating" {
            return Err(is_not(key, &head, "compensating"));
        }
        check(key, step_id, &step)?;
        set(key, step_id, "compensation_failed", error)
    });
    match ended {
        Err(error) if error.code == Code::LeaseLost && has_ended(key, "failed", step_id)? => {
            finish::repeated(call, "failed", Some(outcome))?.ok_or(error)
        }
        ended => ended,
    }
}
