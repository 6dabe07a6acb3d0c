//! `wfstate.signals`: sent to executions, taken once.

use crate::core::{Code, StateError, StateResult, limits, statuses};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::feed::record::{Change, record};
use crate::store::log::executions::{self, Lock, key_params};
use crate::store::queue::entries;
use crate::store::queue::guard::{self, Touch};

/// A signal.
#[derive(Clone, Copy)]
pub struct Signal<'a> {
    /// What it is about.
    pub name: &'a str,
    /// What it says.
    pub payload: Option<&'a [u8]>,
    /// Key that is the same signal whenever it is used.
    pub idempotency_key: Option<&'a str>,
}

static SEND: Statement = Statement::new(
    "INSERT INTO wfstate.signals AS s (tenant, execution_id, name, payload, idempotency_key)
     VALUES ($1, $2, $3, $4, $5) RETURNING s.position",
    &[Type::Text, Type::Text, Type::Text, Type::Jsonb, Type::Text],
);
static SENT: Statement = Statement::new(
    "SELECT s.position, s.name {=} $3 AND (coalesce(s.payload {=} $4, false) OR (s.payload IS NULL AND $4 IS NULL)) AS is_same
       FROM wfstate.signals AS s
      WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND s.idempotency_key {=} $5",
    &[Type::Text, Type::Text, Type::Text, Type::Jsonb, Type::Text],
);
static IS_AWAITED: Statement = Statement::new(
    "SELECT FROM wfstate.waits AS w
      WHERE w.tenant {=} wfstate.current_tenant() AND w.execution_id {=} $2 AND w.kind {=} 'signal' AND w.name {=} $3
        AND w.ended_at IS NULL LIMIT 1",
    &[Type::Text, Type::Text, Type::Text],
);

fn params<'a>(key: Key<'a>, signal: &Signal<'a>) -> [Param<'a>; 5] {
    let [tenant, id] = key_params(key);
    [
        tenant,
        id,
        Param::Text(Some(signal.name)),
        Param::Jsonb(signal.payload),
        Param::Text(signal.idempotency_key),
    ]
}

/// Sends a signal. Returns its place, and whether this call has sent it.
pub fn send(key: Key<'_>, signal: &Signal<'_>) -> StateResult<(i64, bool)> {
    let mut place = guard::lock(key, Touch::Changes)?;
    // Against an execution that is looking for it and about to wait.
    let head = executions::lock_existing(key, Lock::Save)?;
    if place.is_none() {
        place = guard::lock(key, Touch::Changes)?;
    }
    if signal.idempotency_key.is_some() {
        let sent = SENT.one(Mode::Latest, &params(key, signal), |row| {
            Ok((
                row.int8(0).unwrap_or_default(),
                row.bool(1).unwrap_or_default(),
            ))
        })?;
        match sent {
            Some((position, true)) => return Ok((position, false)),
            Some(_) => return Err(used(key, signal)),
            None => {}
        }
    }
    if statuses::is_final(&head.status) {
        return Err(StateError::new(
            Code::IllegalTransition,
            format!("execution \"{}\" is {}", key.id, head.status),
        )
        .detail("Signals are sent to executions that go on."));
    }
    let position = SEND.one(Mode::Latest, &params(key, signal), |row| Ok(row.int8(0)))?;
    let position = position.flatten().unwrap_or_default();
    record(key, Change::Signal(signal.name, position, "sent"))?;
    if place.is_some_and(|place| place.state == "waiting") {
        let [tenant, id, name, ..] = params(key, signal);
        if IS_AWAITED.run(Mode::Latest, &[tenant, id, name])? > 0 {
            entries::wake(key)?;
        }
    }
    Ok((position, true))
}

fn used(key: Key<'_>, signal: &Signal<'_>) -> StateError {
    let name = limits::quoted(signal.idempotency_key.unwrap_or_default());
    StateError::new(
        Code::AlreadyExists,
        format!(
            "key {name} of execution \"{}\" was used for another signal",
            key.id
        ),
    )
    .hint(
        "Send another signal with another idempotency_key; wf_signals shows those that were sent.",
    )
}

static TAKE: Statement = Statement::new(
    "UPDATE wfstate.signals AS s SET taken_at = pg_catalog.clock_timestamp(), taken_by = $4
      WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND s.position {=} (
            SELECT u.position FROM wfstate.signals AS u
             WHERE u.tenant {=} $1 AND u.execution_id {=} $2 AND u.name {=} $3 AND u.taken_at IS NULL
             ORDER BY u.position LIMIT 1)
     RETURNING s.payload, s.position",
    &[Type::Text, Type::Text, Type::Text, Type::Text],
);

/// Takes the oldest signal of a name for a wait of a locked execution; its payload.
pub(super) fn take(
    key: Key<'_>,
    name: &str,
    wait_id: &str,
) -> StateResult<Option<Option<Vec<u8>>>> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(Some(name)),
        Param::Text(Some(wait_id)),
    ];
    let taken = TAKE.one(Mode::Latest, &params, |row| Ok((row.jsonb(0), row.int8(1))))?;
    if let Some((_, position)) = &taken {
        record(
            key,
            Change::Signal(name, position.unwrap_or_default(), "taken"),
        )?;
    }
    Ok(taken.map(|(payload, _)| payload))
}
