//! Writes under a lease: refused when it is not the holder's any more (WF007).

use crate::core::{Code, StateError, StateResult};
use crate::pg::backend::reads_committed;
use crate::pg::spi::{Mode, Row, Statement, Type, now};
use crate::store::Key;
use crate::store::log::batch::Item;
use crate::store::log::executions::{self, Lock, key_params};
use crate::store::log::save::Request;
use crate::store::queue::entries;

/// What a call does to the row of the lease, and so how it is locked before anything else is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// Nothing: the holder's other calls and heartbeats go on.
    Nothing,
    /// It moves in its queue, or goes: whoever would write under the lease waits to see that.
    Changes,
}

impl Touch {
    /// What follows of a status that is given, under a lease or without: what is held stays so while it runs, and
    /// what is not may come forward.
    pub fn of(status: Option<&str>, lease: Option<i64>) -> Self {
        match (status, lease) {
            (None, _) | (Some("running" | "waiting"), Some(_)) => Touch::Nothing,
            (Some(_), _) => Touch::Changes,
        }
    }
}

macro_rules! lock {
    ($how:literal) => {
        Statement::new(
            concat!(
                "SELECT l.state, l.ticket, l.expires_at
                   FROM wfstate.leases AS l
                  WHERE l.tenant {=} wfstate.current_tenant() AND l.execution_id {=} $2 FOR ",
                $how
            ),
            &[Type::Text, Type::Text],
        )
    };
}
static SHARE: Statement = lock!("KEY SHARE");
static LOCK: Statement = lock!("UPDATE");

/// The row of an execution in `wfstate.leases`.
pub struct Found {
    /// Where it stands.
    pub state: String,
    /// Its place or token.
    pub ticket: i64,
    /// Until when it is held, in the server's microseconds.
    pub expires_at: Option<i64>,
}

fn found(row: &Row<'_>) -> StateResult<Found> {
    Ok(Found {
        state: row.text(0).unwrap_or_default(),
        ticket: row.int8(1).unwrap_or_default(),
        expires_at: row.micros(2),
    })
}

/// Locks the row, where there is one.
pub fn lock(key: Key<'_>, touch: Touch) -> StateResult<Option<Found>> {
    let statement = match touch {
        Touch::Nothing => &SHARE,
        Touch::Changes => &LOCK,
    };
    statement.one(Mode::Write, &key_params(key), found)
}

static TRY: Statement = lock!("UPDATE SKIP LOCKED");

/// The row, locked for changes without waiting; refuses to say whether there is one where somebody else has locked it.
pub(in crate::store) fn try_lock(key: Key<'_>) -> StateResult<Result<Option<Found>, Busy>> {
    if let Some(found) = TRY.one(Mode::Write, &key_params(key), found)? {
        return Ok(Ok(Some(found)));
    }
    match EXISTS.run(Mode::Latest, &key_params(key))? {
        0 => Ok(Ok(None)),
        _ => Ok(Err(Busy)),
    }
}

/// Somebody else has locked it.
pub(in crate::store) struct Busy;

static EXISTS: Statement = Statement::new(
    "SELECT FROM wfstate.leases AS l WHERE l.tenant {=} $1 AND l.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

static EXPIRES_AT: Statement = Statement::new(
    "SELECT l.expires_at FROM wfstate.leases AS l WHERE l.tenant {=} $1 AND l.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

/// When a lease expires whose row is locked. Heartbeats do not wait for a shared lock: an older snapshot does not show
/// that one has shortened it.
fn expires_at(key: Key<'_>, locked: &Found) -> StateResult<Option<i64>> {
    if reads_committed() {
        return Ok(locked.expires_at);
    }
    let latest = EXPIRES_AT.one(Mode::Latest, &key_params(key), |row| Ok(row.micros(0)))?;
    Ok(latest.flatten())
}

/// Refuses unless the lease is held, and keeps it from being claimed until the transaction ends.
pub fn hold(key: Key<'_>, lease: i64, touch: Touch) -> StateResult<()> {
    let detail = match lock(key, touch)? {
        None => "The execution has ended, or was never offered to workers.",
        Some(found) if found.ticket != lease || found.state != "held" => {
            match found.state.as_str() {
                "held" => "It is held under another lease.",
                "idle" => "The execution was paused.",
                _ => "It was given back, or has expired.",
            }
        }
        // By the clock as it is once the row is locked, which may have taken a while.
        Some(found) if expires_at(key, &found)?.is_none_or(|at| at <= now()) => "It has expired.",
        Some(_) => return Ok(()),
    };
    Err(StateError::new(
        Code::LeaseLost,
        format!("the lease of execution \"{}\" is lost", key.id),
    )
    .detail(detail)
    .hint("Leave the execution to whoever claims it next; wf_heartbeat keeps a lease."))
}

/// Runs the body under the lease, where one is given, with the row locked for what it does to it.
pub fn under<T>(
    key: Key<'_>,
    lease: Option<i64>,
    touch: Touch,
    body: impl FnOnce() -> StateResult<T>,
) -> StateResult<T> {
    match lease {
        Some(lease) => hold(key, lease, touch)?,
        None if touch != Touch::Nothing => {
            lock(key, touch)?;
        }
        None => {}
    }
    body()
}

/// Runs a body that may give the execution a status, which its queue follows.
pub fn with_status<T>(
    key: Key<'_>,
    lease: Option<i64>,
    status: Option<&str>,
    body: impl FnOnce() -> StateResult<T>,
) -> StateResult<T> {
    let done = under(key, lease, Touch::of(status, lease), body)?;
    if let Some(status) = status {
        entries::follow(key, status)?;
    }
    Ok(done)
}

/// The same of a body that may find that all was done before, and then leaves the queue as it is. It tells so beside
/// what it gives.
pub fn with_new_status<T>(
    key: Key<'_>,
    lease: Option<i64>,
    status: Option<&str>,
    body: impl FnOnce() -> StateResult<(T, bool)>,
) -> StateResult<T> {
    let (done, is_new) = under(key, lease, Touch::of(status, lease), body)?;
    if let Some(status) = status.filter(|_| is_new) {
        entries::follow(key, status)?;
    }
    Ok(done)
}

/// The same of a body that may leave the execution with any status; what goes on again is offered again.
pub fn with_any_status<T>(
    key: Key<'_>,
    lease: Option<i64>,
    body: impl FnOnce() -> StateResult<T>,
) -> StateResult<T> {
    let done = under(key, lease, Touch::Changes, body)?;
    if let Some(head) = executions::lock(key, Lock::Save)? {
        entries::settle(key, &head.status)?;
    }
    Ok(done)
}

/// Runs a body that saves a batch, in the order of ids.
pub fn batch<T>(items: &[Item<'_>], body: impl FnOnce() -> StateResult<T>) -> StateResult<T> {
    for item in items {
        let (key, status) = (item.request.key, item.request.labels.status);
        under(key, item.lease, Touch::of(status, item.lease), || Ok(()))?;
    }
    let done = body()?;
    let mut left = Vec::new();
    for Request { key, labels, .. } in items.iter().map(|item| &item.request) {
        if let Some(status) = labels.status {
            left.extend(entries::moved(*key, status)?.map(|left| (key.tenant, left)));
        }
    }
    // In the order in which claims lock their queues.
    left.sort();
    left.iter()
        .try_for_each(|(tenant, left)| entries::make_room(tenant, left))?;
    Ok(done)
}
