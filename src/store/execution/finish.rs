//! From status to status: each move is a version, and what comes of the execution is kept beside it.

use crate::core::{Code, StateError, StateResult, statuses};
use crate::pg::spi::{Mode, Statement, Type};
use crate::store::Key;
use crate::store::definitions::bind;
use crate::store::execution::runs::{self, Outcome};
use crate::store::execution::sagas;
use crate::store::log::executions::{self, Head, Lock, key_params};
use crate::store::log::new_version::Labels;
use crate::store::log::next::Change;
use crate::store::log::patch;
use crate::store::log::save::{self, Request};
use crate::store::queue::{entries, guard};

/// A call that moves an execution to another status.
#[derive(Clone, Copy)]
pub struct Move<'a> {
    /// Execution.
    pub key: Key<'a>,
    /// Version that the head must be at.
    pub expected: Option<i64>,
    /// Free text.
    pub note: Option<&'a str>,
}

impl Move<'_> {
    /// The head, locked.
    pub(in crate::store) fn lock(&self) -> StateResult<Head> {
        let head = executions::lock_existing(self.key, Lock::Save)?;
        self.check_expected(&head)?;
        Ok(head)
    }

    fn check_expected(&self, head: &Head) -> StateResult<()> {
        if self.expected == Some(0) {
            return Err(save::taken(self.key));
        }
        executions::check_expected(self.key, self.expected, head.version)
    }

    /// Appends a version with the status to the locked head.
    pub(in crate::store) fn append(
        &self,
        head: &Head,
        to: &str,
        change: Option<&[u8]>,
    ) -> StateResult<i64> {
        let request = Request {
            key: self.key,
            expected: self.expected,
            labels: Labels {
                status: Some(to),
                reopens: statuses::is_final(&head.status),
                note: self.note,
                ..Labels::default()
            },
            tags: None,
        };
        let Some(change) = change else {
            return patch::unchanged(&request, head);
        };
        let bound = bind::onto(self.key, head, &request.labels)?;
        save::append_locked(&request, &bound, Change::Patch(change), head)
    }
}

/// Moves to a status; what workers have to do about it is offered to them. What has come of the execution stays beside it, the reason of an undoing most of all.
fn set_status(call: Move<'_>, to: &str) -> StateResult<i64> {
    let head = call.lock()?;
    let version = if head.status == to {
        head.version
    } else {
        let mut undoes = to == "compensating" && statuses::reopens(&head.status, to);
        if head.status == "compensated" {
            // Of a step that was recorded after the end.
            undoes = undoes && sagas::remaining(call.key)? > 0;
        }
        if !undoes {
            statuses::check(call.key.id, &head.status, to)?;
        }
        call.append(&head, to, None)?
    };
    match to {
        "pending" | "compensating" if version > head.version => entries::offer(call.key)?,
        "pending" | "compensating" => entries::offer_missing(call.key)?,
        _ => {}
    }
    Ok(version)
}

/// Ends an execution. Ended in the same way, it stays as it is. Returns its version, and whether this call has.
fn end(
    call: Move<'_>,
    to: &str,
    outcome: Outcome<'_>,
    change: Option<&[u8]>,
) -> StateResult<(i64, bool)> {
    if let Some(change) = change {
        patch::checked(change)?;
    }
    let head = executions::lock_existing(call.key, Lock::Save)?;
    // Before the expected version, which a repeated call has left behind.
    if head.status == to && runs::has_outcome(call.key, outcome)? {
        return Ok((head.version, false));
    }
    call.check_expected(&head)?;
    if head.status == to {
        return Err(StateError::new(
            Code::IllegalTransition,
            format!("execution \"{}\" is {to} already", call.key.id),
        )
        .detail("What has come of it differs from what is given.")
        .hint("wf_execution shows it."));
    }
    statuses::check(call.key.id, &head.status, to)?;
    Ok((call.append(&head, to, change)?, true))
}

/// Ends an execution with what has come of it, once `prepare` has looked whether it may.
pub(super) fn end_with(
    call: Move<'_>,
    lease: Option<i64>,
    to: &str,
    outcome: Outcome<'_>,
    change: Option<&[u8]>,
    prepare: impl FnOnce() -> StateResult<()>,
) -> StateResult<i64> {
    let (version, is_new) = guard::with_status(call.key, lease, Some(to), || {
        prepare()?;
        end(call, to, outcome, change)
    })?;
    // Behind the parent, which is locked by now: whoever deletes that changes the same row under its lock.
    if is_new {
        runs::set_outcome(call.key, outcome)?;
    }
    Ok(version)
}

/// The same under a lease, where one is given. The call may be repeated until it is answered, although its lease has
/// ended with the execution.
pub fn end_under(
    call: Move<'_>,
    lease: Option<i64>,
    to: &str,
    outcome: Outcome<'_>,
    change: Option<&[u8]>,
) -> StateResult<i64> {
    let ended = end_with(call, lease, to, outcome, change, || Ok(()));
    match ended {
        // Whether a patch was applied is not known of an end that need not have been this caller's.
        Err(error) if error.code == Code::LeaseLost && change.is_none() => {
            repeated(call, to, Some(outcome))?.ok_or(error)
        }
        ended => ended,
    }
}

/// The answer to an end that is repeated under its lease, which has ended with it.
pub(super) fn repeated(
    call: Move<'_>,
    to: &str,
    outcome: Option<Outcome<'_>>,
) -> StateResult<Option<i64>> {
    let follows = |head: &Head| {
        head.status == to
            && call
                .expected
                .is_none_or(|expected| expected == head.version - 1)
    };
    let Some(head) = executions::lock(call.key, Lock::Reference)?.filter(follows) else {
        return Ok(None);
    };
    let is_same = outcome.map_or(Ok(true), |outcome| runs::has_outcome(call.key, outcome))?;
    Ok(is_same.then_some(head.version))
}

/// Moves to a status under a lease, where one is given. What ends the lease may be repeated until it is answered.
pub fn set_status_under(call: Move<'_>, lease: Option<i64>, to: &str) -> StateResult<i64> {
    let moved = guard::with_status(call.key, lease, Some(to), || set_status(call, to));
    let ends_lease = to == "paused" || statuses::is_final(to);
    match moved {
        Err(error) if error.code == Code::LeaseLost && ends_lease => {
            repeated(call, to, None)?.ok_or(error)
        }
        moved => moved,
    }
}

static BEFORE_PAUSE: Statement = Statement::new(
    "SELECT v.status FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2
        AND v.status {=} ANY ('{pending,running,waiting}'::pg_catalog.text[])
      ORDER BY v.version DESC LIMIT 1",
    &[Type::Text, Type::Text],
);

/// Back to the status before the pause: the newest one that a pause may follow, since a recovery may have gone back to
/// it from behind others.
pub fn resume(call: Move<'_>) -> StateResult<i64> {
    let head = call.lock()?;
    if head.status != "paused" {
        return Err(is_not(call.key, &head, "paused"));
    }
    let before = BEFORE_PAUSE.one(Mode::Latest, &key_params(call.key), |row| Ok(row.text(0)))?;
    let before = before.flatten();
    let to = before.as_deref().unwrap_or("pending");
    let version = call.append(&head, to, None)?;
    entries::offer(call.key)?;
    Ok(version)
}

/// The refusal of a move from a status that the head does not have.
pub(super) fn is_not(key: Key<'_>, head: &Head, wanted: &str) -> StateError {
    StateError::new(
        Code::IllegalTransition,
        format!("execution \"{}\" is not {wanted}", key.id),
    )
    .detail(format!("Its status is {}.", head.status))
    .hint(match statuses::after(&head.status) {
        [] if statuses::reopens(&head.status, wanted) => {
            format!("wf_set_status to {wanted} takes the undoing up again.")
        }
        [] => format!("Status {} is final.", head.status),
        allowed => format!(
            "wf_set_status moves it from {} to {}.",
            head.status,
            allowed.join(", ")
        ),
    })
}
