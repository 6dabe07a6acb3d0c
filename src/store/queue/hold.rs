//! What becomes of an execution whose turn it is: held, parked, or set aside.

use crate::core::jsonb::{Value, build};
use crate::core::{StateError, StateResult};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::execution::runs::{self, Outcome};
use crate::store::log::executions::{Head, key_params};
use crate::store::log::new_version::Labels;
use crate::store::log::patch;
use crate::store::log::save::Request;
use crate::store::queue::claim::{Call, Claimed};
use crate::store::queue::entries;
use crate::store::queue::take::Ready;

static PARK: Statement = Statement::new(
    "UPDATE wfstate.leases AS l SET state = 'parked' WHERE l.tenant {=} $1 AND l.execution_id {=} $2",
    &[Type::Text, Type::Text],
);
/// Has it wait until its key has room.
pub(super) fn park(key: Key<'_>) -> StateResult<()> {
    PARK.run(Mode::Latest, &key_params(key))?;
    Ok(())
}

static HOLD: Statement = Statement::new(
    "UPDATE wfstate.leases AS l
        SET ticket = DEFAULT, state = 'held', worker = $3, claimed_at = t.at, expires_at = t.at {+} $4,
            check_at = t.at {+} $4, claimed_version = $5, claims = $6
       FROM (SELECT pg_catalog.clock_timestamp() AS at) AS t
      WHERE l.tenant {=} wfstate.current_tenant() AND l.execution_id {=} $2
     RETURNING l.ticket, l.expires_at",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Interval,
        Type::Int8,
        Type::Int4,
    ],
);
static COMPLETED: Statement = Statement::new(
    "SELECT EXISTS (SELECT FROM wfstate.steps AS s
                     WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND s.ended_at {>=} $3
                       AND s.status {<>} ALL ('{running,failed}'::pg_catalog.text[]))
         OR EXISTS (SELECT FROM wfstate.waits AS w
                     WHERE w.tenant {=} $1 AND w.execution_id {=} $2 AND w.ended_at {>=} $3)",
    &[Type::Text, Type::Text, Type::Timestamptz],
);

/// Whether a step was completed or undone since, or a wait has ended.
pub(super) fn has_completed(key: Key<'_>, since: i64) -> StateResult<bool> {
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Timestamptz(Some(since))];
    let found = COMPLETED.one(Mode::Latest, &params, |row| Ok(row.bool(0)))?;
    Ok(found.flatten().unwrap_or_default())
}

fn moving<'a>(key: Key<'a>, status: &'a str, note: &'a str) -> Request<'a> {
    Request {
        key,
        expected: None,
        labels: Labels {
            status: Some(status),
            note: Some(note),
            ..Labels::default()
        },
        tags: None,
    }
}

/// Ends what every worker has lost, so that it does not take the next one with it.
pub(super) fn set_aside(key: Key<'_>, ready: &Ready) -> StateResult<()> {
    let message = format!("claimed {} times without progress", ready.claims);
    let worker = ready.worker.as_deref().unwrap_or_default();
    let error = build::object(&[
        (b"worker", Value::String(worker.as_bytes())),
        (b"message", Value::String(message.as_bytes())),
    ])
    .map_err(|error| StateError::bad_document("error", error))?;
    let outcome = Outcome {
        result: None,
        error: Some(&error),
    };
    let failed = patch::moved(&moving(key, "failed", &message), &ready.head)?;
    runs::set_outcome(key, outcome)?;
    // Where the definition does not let it fail, nobody claims it all the same.
    entries::follow(key, failed.map_or("paused", |_| "failed"))
}

/// Gives the worker its lease.
pub(super) fn hold(
    key: Key<'_>,
    call: &Call<'_>,
    mut head: Head,
    input: Option<Vec<u8>>,
    claims: i64,
) -> StateResult<Claimed> {
    if ["pending", "waiting"].contains(&head.status.as_str()) {
        let note = format!("claimed by {}", call.worker);
        let request = moving(key, "running", &note);
        // Where the definition does not let it run, its worker has to say what becomes of it.
        if let Some(version) = patch::moved(&request, &head)? {
            head.version = version;
            "running".clone_into(&mut head.status);
        }
    }
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(Some(call.worker)),
        Param::Interval(Some(call.duration)),
        Param::Int8(Some(head.version)),
        Param::Int4(Some(claims)),
    ];
    let held = HOLD.one(Mode::Latest, &params, |row| {
        Ok((row.int8(0), row.micros(1)))
    })?;
    let (lease, expires_at) = held.unwrap_or_default();
    Ok(Claimed {
        execution_id: key.id.to_owned(),
        lease: lease.unwrap_or_default(),
        expires_at: expires_at.unwrap_or_default(),
        claims,
        input,
        head,
    })
}
