//! `wfstate.steps`: each step of an execution, with its one result.

use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::key_params;

/// Statuses of a step.
pub const STATUSES: [&str; 5] = [
    "running",
    "completed",
    "failed",
    "compensated",
    "compensation_failed",
];

/// A step as it stands.
pub struct Step {
    /// Status.
    pub status: String,
    /// How often it was begun.
    pub attempt: i32,
    /// How many of these were before it last was given new ones.
    pub earlier_attempts: i32,
    /// Hash of its input.
    pub input_hash: i64,
    /// When it may be begun again.
    pub retry_at: Option<i64>,
    /// Whether that has come.
    pub is_due: bool,
    /// Result.
    pub output: Option<Vec<u8>>,
    /// Why it failed.
    pub error: Option<Vec<u8>>,
    /// Whether something undoes it.
    pub has_compensation: bool,
}

macro_rules! read_step {
    ($lock:literal) => {
        Statement::new(
            concat!(
                "SELECT s.status, s.attempt, s.input_hash, s.retry_at, s.output, s.error,
                        s.compensation IS NOT NULL AS has_compensation,
                        coalesce(s.retry_at {<=} pg_catalog.clock_timestamp(), false) AS is_due, s.earlier_attempts
                   FROM wfstate.steps AS s
                  WHERE s.tenant {=} wfstate.current_tenant() AND s.execution_id {=} $2 AND s.step_id {=} $3",
                $lock
            ),
            &[Type::Text, Type::Text, Type::Text],
        )
    };
}
static READ: Statement = read_step!("");
static LOCK: Statement = read_step!(" FOR NO KEY UPDATE");

pub(super) fn step_params<'a>(key: Key<'a>, step_id: &'a str) -> [Param<'a>; 3] {
    let [tenant, id] = key_params(key);
    [tenant, id, Param::Text(Some(step_id))]
}

fn step(row: &Row<'_>) -> StateResult<Step> {
    Ok(Step {
        status: row.text(0).unwrap_or_default(),
        attempt: row.int4(1).unwrap_or_default(),
        input_hash: row.int8(2).unwrap_or_default(),
        retry_at: row.micros(3),
        output: row.jsonb(4),
        error: row.jsonb(5),
        has_compensation: row.bool(6).unwrap_or_default(),
        is_due: row.bool(7).unwrap_or_default(),
        earlier_attempts: row.int4(8).unwrap_or_default(),
    })
}

/// A step as it is committed now, and by this transaction.
pub fn read(key: Key<'_>, step_id: &str) -> StateResult<Option<Step>> {
    READ.one(Mode::Latest, &step_params(key, step_id), step)
}

/// A step, locked against whoever else would begin or end it; `None` where it was not begun.
pub fn lock(key: Key<'_>, step_id: &str) -> StateResult<Option<Step>> {
    LOCK.one(Mode::Write, &step_params(key, step_id), step)
}

/// A step that was begun, locked.
pub fn lock_begun(key: Key<'_>, step_id: &str) -> StateResult<Step> {
    lock(key, step_id)?.ok_or_else(|| not_begun(key, step_id))
}

fn not_begun(key: Key<'_>, step_id: &str) -> StateError {
    StateError::new(
        Code::NotFound,
        format!(
            "step {} of execution \"{}\" was not begun",
            limits::quoted(step_id),
            key.id
        ),
    )
    .hint("wf_step_begin begins it; wf_steps lists the steps that were begun.")
}

/// Refuses where the caller's attempt is no longer the step's.
pub fn check_attempt(
    key: Key<'_>,
    step_id: &str,
    found: &Step,
    wanted: Option<i32>,
) -> StateResult<()> {
    match wanted {
        Some(wanted) if wanted != found.attempt => Err(StateError::new(
            Code::ConcurrentModification,
            format!(
                "step {} of execution \"{}\" was begun again",
                limits::quoted(step_id),
                key.id
            ),
        )
        .detail(format!(
            "Expected attempt {wanted}, but it is at attempt {}.",
            found.attempt
        ))
        .hint("Leave the step to whoever has begun it again.")),
        _ => Ok(()),
    }
}

/// Refuses what is asked of a step with another status.
pub fn wrong_status(key: Key<'_>, step_id: &str, found: &Step, hint: &str) -> StateError {
    StateError::new(
        Code::IllegalTransition,
        format!(
            "step {} of execution \"{}\" is {}",
            limits::quoted(step_id),
            key.id,
            found.status
        ),
    )
    .hint(hint)
}

/// What was undone is recorded as done, and would not be run again.
static UNDONE: Statement = Statement::new(
    "SELECT s.step_id FROM wfstate.steps AS s
      WHERE s.tenant {=} $1 AND s.execution_id {=} $2
        AND s.status {=} ANY ('{compensated,compensation_failed}'::pg_catalog.text[])
      ORDER BY s.position DESC LIMIT 1",
    &[Type::Text, Type::Text],
);

/// A step of a locked execution that was undone, or could not be.
pub fn undone(key: Key<'_>) -> StateResult<Option<String>> {
    let found = UNDONE.one(Mode::Latest, &key_params(key), |row| Ok(row.text(0)))?;
    Ok(found.flatten())
}

/// Refuses to let a locked execution go on of which steps were undone.
pub fn check_not_undone(key: Key<'_>, hint: &str) -> StateResult<()> {
    let Some(step_id) = undone(key)? else {
        return Ok(());
    };
    Err(StateError::new(
        Code::IllegalTransition,
        format!("execution \"{}\" is partly undone", key.id),
    )
    .detail(format!(
        "Step {} was undone, or could not be: it would count as done.",
        limits::quoted(&step_id)
    ))
    .hint(hint))
}

static RENEW: Statement = Statement::new(
    "UPDATE wfstate.steps AS s SET earlier_attempts = s.attempt, retry_at = pg_catalog.clock_timestamp()
      WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND s.status {=} 'failed'",
    &[Type::Text, Type::Text],
);

/// Gives the failed steps of a locked execution new attempts, from now on.
pub fn renew(key: Key<'_>) -> StateResult<()> {
    RENEW.run(Mode::Latest, &key_params(key))?;
    Ok(())
}
