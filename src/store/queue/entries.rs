//! `wfstate.leases`: how the row of an execution follows its status.

use crate::core::{StateResult, statuses};
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::key_params;
use crate::store::queue::queues;
use crate::store::waits::children;

static ADD: Statement = Statement::new(
    "INSERT INTO wfstate.leases AS l (tenant, execution_id, workflow, lane, concurrency_key, state, check_at)
     SELECT $1, $2, $3, $4::pg_catalog.int2, $5, CASE WHEN $6 {>} t.at THEN 'waiting' ELSE 'ready' END,
            CASE WHEN $6 {>} t.at THEN $6 END
       FROM (SELECT pg_catalog.clock_timestamp() AS at) AS t
     ON CONFLICT (tenant, execution_id) DO UPDATE
        SET ticket = DEFAULT, workflow = excluded.workflow, lane = excluded.lane,
            concurrency_key = excluded.concurrency_key, state = excluded.state, check_at = excluded.check_at,
            expires_at = NULL, claimed_at = NULL, claimed_version = NULL, claims = 0, worker = NULL",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Int4,
        Type::Text,
        Type::Timestamptz,
    ],
);

/// How an execution that is started is to be claimed.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// Workflow.
    pub workflow: &'a str,
    /// From 0 to 9.
    pub priority: i32,
    /// Not before, in the server's microseconds.
    pub start_at: Option<i64>,
    /// Of those with the same one, no more at a time than is allowed.
    pub concurrency_key: Option<&'a str>,
}

/// Puts an execution that was just started into its queue.
pub fn add(key: Key<'_>, entry: &Entry<'_>) -> StateResult<()> {
    let lane = queues::lane(entry.priority);
    queues::open(key.tenant, entry.workflow, lane)?;
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(Some(entry.workflow)),
        Param::Int4(Some(i64::from(lane))),
        Param::Text(entry.concurrency_key),
        Param::Timestamptz(entry.start_at),
    ];
    ADD.run(Mode::Latest, &params)?;
    queues::nudge()
}

static OFFER: Statement = Statement::new(
    "INSERT INTO wfstate.leases AS l (tenant, execution_id, workflow, lane, concurrency_key, state)
     SELECT e.tenant, e.execution_id, e.workflow, (2 {*} coalesce(r.priority, 0) {+} 1)::pg_catalog.int2,
            r.concurrency_key, 'ready'
       FROM wfstate.executions AS e
       LEFT JOIN wfstate.runs AS r ON r.tenant {=} $1 AND r.execution_id {=} $2
      WHERE e.tenant {=} $1 AND e.execution_id {=} $2 AND e.workflow IS NOT NULL
     ON CONFLICT (tenant, execution_id) DO UPDATE
        SET ticket = DEFAULT, state = 'ready', lane = l.lane {|} 1::pg_catalog.int2, check_at = NULL, expires_at = NULL
      WHERE l.state {=} ANY ('{idle,waiting}'::pg_catalog.text[])
     RETURNING l.workflow, l.lane::pg_catalog.int4",
    &[Type::Text, Type::Text],
);

/// Offers a locked execution to workers, unless one holds it.
pub fn offer(key: Key<'_>) -> StateResult<()> {
    let found = OFFER.one(Mode::Latest, &key_params(key), |row| {
        Ok((
            row.text(0).unwrap_or_default(),
            row.int4(1).unwrap_or_default(),
        ))
    })?;
    if let Some((workflow, lane)) = found {
        queues::open(key.tenant, &workflow, lane)?;
        queues::nudge()?;
    }
    Ok(())
}

static READY: Statement = Statement::new(
    "UPDATE wfstate.leases AS l
        SET ticket = DEFAULT, state = 'ready', lane = l.lane {|} 1::pg_catalog.int2, check_at = NULL, expires_at = NULL
      WHERE l.tenant {=} $1 AND l.execution_id {=} $2 AND l.state {=} ANY ('{idle,waiting}'::pg_catalog.text[])",
    &[Type::Text, Type::Text],
);
static IDLE: Statement = Statement::new(
    "UPDATE wfstate.leases AS l SET state = 'idle', check_at = NULL, expires_at = NULL
      WHERE l.tenant {=} $1 AND l.execution_id {=} $2 AND l.state {<>} 'idle'
     RETURNING l.workflow, l.concurrency_key",
    &[Type::Text, Type::Text],
);
static END: Statement = Statement::new(
    "DELETE FROM wfstate.leases AS l WHERE l.tenant {=} $1 AND l.execution_id {=} $2
     RETURNING l.workflow, l.concurrency_key",
    &[Type::Text, Type::Text],
);

/// What was in a queue, with its key.
fn left(row: &Row<'_>) -> StateResult<(String, Option<String>)> {
    Ok((row.text(0).unwrap_or_default(), row.text(1)))
}

/// Makes claimable what was idle or waited, where it is in a queue.
pub fn ready(key: Key<'_>) -> StateResult<()> {
    match READY.run(Mode::Latest, &key_params(key))? {
        0 => Ok(()),
        _ => queues::nudge(),
    }
}

/// Has nobody claim it, and ends a lease of it.
pub fn idle(key: Key<'_>) -> StateResult<()> {
    let found = IDLE.one(Mode::Latest, &key_params(key), left)?;
    found.map_or(Ok(()), |left| make_room(key.tenant, &left))
}

/// Takes it out of its queue.
pub(super) fn leave(key: Key<'_>) -> StateResult<()> {
    let found = END.one(Mode::Latest, &key_params(key), left)?;
    found.map_or(Ok(()), |left| make_room(key.tenant, &left))
}

/// Takes what has ended out of its queue, and has its parent go on where it was waited for.
pub fn end(key: Key<'_>) -> StateResult<()> {
    leave(key)?;
    children::ended(key)
}

/// Has the row of an execution whose lease row and head are locked follow its status.
pub fn follow(key: Key<'_>, status: &str) -> StateResult<()> {
    match status {
        "paused" => idle(key),
        "pending" => ready(key),
        status if statuses::is_final(status) => end(key),
        _ => Ok(()),
    }
}

/// A claim that has found no room must have parked before this looks for what is parked.
static SHARE_QUEUE: Statement = Statement::new(
    "SELECT FROM wfstate.queues AS q WHERE q.tenant {=} $1 AND q.workflow {=} $2 FOR KEY SHARE",
    &[Type::Text, Type::Text],
);
static UNPARK: Statement = Statement::new(
    "UPDATE wfstate.leases AS l SET ticket = DEFAULT, state = 'ready', lane = l.lane {|} 1::pg_catalog.int2
      WHERE l.tenant {=} $1 AND l.execution_id {=} (
            SELECT p.execution_id FROM wfstate.leases AS p
             WHERE p.tenant {=} $1 AND p.workflow {=} $2 AND p.concurrency_key {=} $3 AND p.state {=} 'parked'
             ORDER BY p.lane DESC, p.ticket LIMIT 1 FOR NO KEY UPDATE)",
    &[Type::Text, Type::Text, Type::Text],
);

/// The next of a key has its turn.
pub fn make_room(
    tenant: &str,
    (workflow, concurrency_key): &(String, Option<String>),
) -> StateResult<()> {
    if let Some(concurrency_key) = concurrency_key {
        let params = || [tenant, workflow].map(|text| Param::Text(Some(text)));
        SHARE_QUEUE.run(Mode::Latest, &params())?;
        let [tenant, workflow] = params();
        UNPARK.run(
            Mode::Latest,
            &[tenant, workflow, Param::Text(Some(concurrency_key))],
        )?;
    }
    queues::nudge()
}
