//! `wfstate.leases`: how the row of an execution follows its status.

use crate::core::{StateResult, statuses};
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::execution::runs;
use crate::store::log::executions::key_params;
use crate::store::queue::queues;
use crate::store::waits::children;

static ADD: Statement = Statement::new(
    "INSERT INTO wfstate.leases AS l (tenant, execution_id, workflow, lane, concurrency_key, state, check_at)
     SELECT $1, $2, $3, $4::pg_catalog.int2, $5, CASE WHEN $6 {>} t.at THEN 'delayed' ELSE 'ready' END,
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

/// What comes out of idleness goes on with its delay, where that is not over.
macro_rules! again {
    () => {
        "ticket = DEFAULT, lane = l.lane {|} 1::pg_catalog.int2, expires_at = NULL,
            state = CASE WHEN l.state {=} 'idle' AND l.check_at {>} pg_catalog.clock_timestamp()
                         THEN 'delayed' ELSE 'ready' END,
            check_at = CASE WHEN l.state {=} 'idle' AND l.check_at {>} pg_catalog.clock_timestamp() THEN l.check_at END"
    };
}

static OFFER: Statement = Statement::new(
    concat!(
        "INSERT INTO wfstate.leases AS l (tenant, execution_id, workflow, lane, concurrency_key, state)
     SELECT e.tenant, e.execution_id, e.workflow, (2 {*} coalesce(r.priority, 0) {+} 1)::pg_catalog.int2,
            r.concurrency_key, 'ready'
       FROM wfstate.executions AS e
       LEFT JOIN wfstate.runs AS r ON r.tenant {=} $1 AND r.execution_id {=} $2
      WHERE e.tenant {=} $1 AND e.execution_id {=} $2 AND e.workflow IS NOT NULL
        AND (NOT $3 OR r.workflow IS NOT NULL)
     ON CONFLICT (tenant, execution_id) DO UPDATE SET ",
        again!(),
        "
      WHERE l.state {=} 'idle' OR (l.state {=} ANY ('{waiting,delayed}'::pg_catalog.text[]) AND $4)
     RETURNING l.workflow, l.lane::pg_catalog.int4"
    ),
    &[Type::Text, Type::Text, Type::Bool, Type::Bool],
);

fn put(key: Key<'_>, only_started: bool, wakes: bool) -> StateResult<()> {
    let [tenant, id] = key_params(key);
    let (only_started, wakes) = (Param::Bool(Some(only_started)), Param::Bool(Some(wakes)));
    let params = [tenant, id, only_started, wakes];
    let found = OFFER.one(Mode::Latest, &params, |row| {
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

/// Offers a locked execution to workers, unless one holds it, also where it waits or is delayed.
pub fn offer(key: Key<'_>) -> StateResult<()> {
    put(key, false, true)
}

/// Offers one that is in no queue.
pub fn offer_missing(key: Key<'_>) -> StateResult<()> {
    put(key, false, false)
}

static READY: Statement = Statement::new(
    concat!(
        "UPDATE wfstate.leases AS l SET ",
        again!(),
        "
      WHERE l.tenant {=} $1 AND l.execution_id {=} $2 AND l.state {=} ANY ($3)"
    ),
    &[Type::Text, Type::Text, Type::TextArray],
);
static IDLE: Statement = Statement::new(
    "UPDATE wfstate.leases AS l
        SET state = 'idle', expires_at = NULL, check_at = CASE WHEN l.state {=} 'delayed' THEN l.check_at END
      WHERE l.tenant {=} $1 AND l.execution_id {=} $2 AND l.state {<>} 'idle'
     RETURNING l.workflow, l.concurrency_key",
    &[Type::Text, Type::Text],
);
static END: Statement = Statement::new(
    "DELETE FROM wfstate.leases AS l WHERE l.tenant {=} $1 AND l.execution_id {=} $2
     RETURNING l.workflow, l.concurrency_key",
    &[Type::Text, Type::Text],
);

/// Workflow of what has left its place in a queue, and its key.
pub type Left = (String, Option<String>);

fn left(row: &Row<'_>) -> StateResult<Left> {
    Ok((row.text(0).unwrap_or_default(), row.text(1)))
}

fn ready_from(key: Key<'_>, states: &[Option<&str>]) -> StateResult<()> {
    let [tenant, id] = key_params(key);
    match READY.run(Mode::Latest, &[tenant, id, Param::Texts(states)])? {
        0 => Ok(()),
        _ => queues::nudge(),
    }
}

/// Makes claimable what waits: what it waited for has come.
pub fn wake(key: Key<'_>) -> StateResult<()> {
    ready_from(key, &[Some("waiting")])
}

/// Takes it out of its queue.
pub(super) fn leave(key: Key<'_>) -> StateResult<Option<Left>> {
    END.one(Mode::Latest, &key_params(key), left)
}

/// Has the row of an execution whose lease row and head are locked follow a status that was given. Returns what has
/// left its place, for `make_room`.
pub(super) fn moved(key: Key<'_>, status: &str) -> StateResult<Option<Left>> {
    match status {
        "paused" => IDLE.one(Mode::Latest, &key_params(key), left),
        "waiting" => {
            ready_from(key, &[Some("idle")])?;
            Ok(None)
        }
        status if statuses::is_final(status) => {
            let left = leave(key)?;
            children::ended(key)?;
            Ok(left)
        }
        "compensating" => {
            runs::set_undoing(key, true)?;
            ready_from(key, &[Some("idle"), Some("waiting")])?;
            Ok(None)
        }
        _ => {
            ready_from(key, &[Some("idle"), Some("waiting")])?;
            Ok(None)
        }
    }
}

/// The same, and the next of its key has its turn: the last thing that a call does, since claims that count may be
/// waiting behind it.
pub fn follow(key: Key<'_>, status: &str) -> StateResult<()> {
    let left = moved(key, status)?;
    left.map_or(Ok(()), |left| make_room(key.tenant, &left))
}

/// Takes what was deleted or has ended out of its queue, and has its parent go on where it was waited for.
pub fn end(key: Key<'_>) -> StateResult<()> {
    follow(key, "completed")
}

/// The same of one of many: what has left its place is for `make_room`, at the end of the call.
pub fn end_alone(key: Key<'_>) -> StateResult<Option<Left>> {
    moved(key, "completed")
}

/// Has the row follow, as `follow` does, of an execution that may have gone back to an older status: what was started and goes on is offered, and
/// waits no longer for what it did, unless it is back where it waited.
pub fn settle(key: Key<'_>, status: &str) -> StateResult<()> {
    if status == "paused" || statuses::is_final(status) {
        return follow(key, status);
    }
    put(key, true, status != "waiting")
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
             ORDER BY p.lane DESC, p.ticket LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)",
    &[Type::Text, Type::Text, Type::Text],
);

/// The next of a key has its turn. One that somebody else has locked is passed over, since it may be leaving just now;
/// where it stays, an idle claim finds it (`rescue`).
pub fn make_room(tenant: &str, (workflow, concurrency_key): &Left) -> StateResult<()> {
    if let Some(concurrency_key) = concurrency_key {
        let params = || [tenant, workflow].map(|text| Param::Text(Some(text)));
        as_owner(|| SHARE_QUEUE.run(Mode::Latest, &params()))?;
        let [tenant, workflow] = params();
        UNPARK.run(
            Mode::Latest,
            &[tenant, workflow, Param::Text(Some(concurrency_key))],
        )?;
    }
    queues::nudge()
}
