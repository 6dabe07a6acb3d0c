//! `wfstate.waits`: an execution that waits, and what comes of it.

use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::spi::{Interval, Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::execution::finish::Move;
use crate::store::execution::step_begin::check_status;
use crate::store::log::executions::{self, Lock, final_statuses, key_params};
use crate::store::queue::guard::{self, Touch};
use crate::store::queue::{entries, queues};
use crate::store::waits::{children, signals};

/// What is waited for.
#[derive(Clone, Copy)]
pub enum What<'a> {
    /// A signal of a name.
    Signal(&'a str),
    /// A time.
    Sleep,
    /// The end of all children.
    Children,
}

impl<'a> What<'a> {
    fn kind(self) -> &'static str {
        match self {
            What::Signal(_) => "signal",
            What::Sleep => "sleep",
            What::Children => "children",
        }
    }

    fn name(self) -> Option<&'a str> {
        match self {
            What::Signal(name) => Some(name),
            _ => None,
        }
    }
}

/// A call.
#[derive(Clone, Copy)]
pub struct Wait<'a> {
    /// Unique within the execution.
    pub wait_id: &'a str,
    /// What is waited for.
    pub what: What<'a>,
    /// How long at most.
    pub timeout: Option<Interval>,
    /// Until when at most, in the server's microseconds.
    pub until: Option<i64>,
}

/// What has come of it.
pub struct Answer {
    /// received, timeout, done or wait.
    pub action: String,
    /// What the signal said.
    pub payload: Option<Vec<u8>>,
    /// When it ends in any case.
    pub wake_at: Option<i64>,
}

static BEGIN: Statement = Statement::new(
    "INSERT INTO wfstate.waits AS w (tenant, execution_id, wait_id, kind, name, wake_at, asked_version)
     VALUES ($1, $2, $3, $4, $5, coalesce($7, pg_catalog.clock_timestamp() {+} $6), $8)
     ON CONFLICT (tenant, execution_id, wait_id) DO NOTHING",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Interval,
        Type::Timestamptz,
        Type::Int8,
    ],
);
static READ: Statement = Statement::new(
    "SELECT w.kind {=} $4 AND coalesce(w.name, '') {=} coalesce($5, '') AS is_same, w.outcome, w.payload, w.wake_at,
            coalesce(w.wake_at {<=} pg_catalog.clock_timestamp(), false) AS is_due
       FROM wfstate.waits AS w WHERE w.tenant {=} $1 AND w.execution_id {=} $2 AND w.wait_id {=} $3",
    &[Type::Text, Type::Text, Type::Text, Type::Text, Type::Text],
);
static END: Statement = Statement::new(
    "UPDATE wfstate.waits AS w SET outcome = $4, payload = $5, ended_at = pg_catalog.clock_timestamp()
      WHERE w.tenant {=} $1 AND w.execution_id {=} $2 AND w.wait_id {=} $3",
    &[Type::Text, Type::Text, Type::Text, Type::Text, Type::Jsonb],
);

/// Waits, or tells what has come of it.
pub fn wait(key: Key<'_>, lease: Option<i64>, call: &Wait<'_>) -> StateResult<Answer> {
    guard::under(key, lease, Touch::Changes, || {
        let head = executions::lock_existing(key, Lock::Save)?;
        let named = || {
            let [tenant, id] = key_params(key);
            let kind = Param::Text(Some(call.what.kind()));
            let name = Param::Text(call.what.name());
            [tenant, id, Param::Text(Some(call.wait_id)), kind, name]
        };
        let read = || {
            READ.one(Mode::Latest, &named(), |row| {
                let answer = Answer {
                    action: row.text(1).unwrap_or_default(),
                    payload: row.jsonb(2),
                    wake_at: row.micros(3),
                };
                let (is_same, is_due) = (row.bool(0), row.bool(4));
                Ok((
                    answer,
                    is_same.unwrap_or_default(),
                    is_due.unwrap_or_default(),
                ))
            })
        };
        let version = || Param::Int8(Some(head.version));
        let mut found = read()?;
        if found.is_none() {
            check_status(key, &head.status)?;
            let [tenant, id, wait_id, kind, name] = named();
            let timeout = Param::Interval(call.timeout);
            let until = Param::Timestamptz(call.until);
            BEGIN.run(
                Mode::Latest,
                &[tenant, id, wait_id, kind, name, timeout, until, version()],
            )?;
            found = read()?;
        }
        let Some((known, true, is_due)) = found else {
            return Err(other(key, call.wait_id));
        };
        if !known.action.is_empty() {
            return Ok(known);
        }
        check_status(key, &head.status)?;
        let (action, payload) = match (outcome(key, call)?, is_due, call.what) {
            (Some(outcome), ..) => outcome,
            (None, true, What::Sleep) => ("done", None),
            (None, true, _) => ("timeout", None),
            (None, false, _) => {
                let [tenant, id, wait_id, ..] = named();
                ASK.run(Mode::Latest, &[tenant, id, wait_id, version()])?;
                leave(key, &head)?;
                ("wait", None)
            }
        };
        if action != "wait" {
            let [tenant, id, wait_id, ..] = named();
            let outcome = Param::Text(Some(action));
            let params = [
                tenant,
                id,
                wait_id,
                outcome,
                Param::Jsonb(payload.as_deref()),
            ];
            END.run(Mode::Latest, &params)?;
        }
        Ok(Answer {
            action: action.to_owned(),
            payload,
            wake_at: known.wake_at,
        })
    })
}

type Outcome = (&'static str, Option<Vec<u8>>);

/// What has come already.
fn outcome(key: Key<'_>, call: &Wait<'_>) -> StateResult<Option<Outcome>> {
    Ok(match call.what {
        What::Signal(name) => {
            signals::take(key, name, call.wait_id)?.map(|payload| ("received", payload))
        }
        What::Children => (children::count(key)?.incomplete == 0).then_some(("done", None)),
        What::Sleep => None,
    })
}

fn other(key: Key<'_>, wait_id: &str) -> StateError {
    StateError::new(
        Code::AlreadyExists,
        format!(
            "wait {} of execution \"{}\" was begun for something else",
            limits::quoted(wait_id),
            key.id
        ),
    )
    .detail("A workflow that is run again must come to the same waits.")
    .hint("Give another wait_id to what is another wait; wf_waits lists them.")
}

static ASK: Statement = Statement::new(
    "UPDATE wfstate.waits AS w SET asked_version = $4
      WHERE w.tenant {=} $1 AND w.execution_id {=} $2 AND w.wait_id {=} $3",
    &[Type::Text, Type::Text, Type::Text, Type::Int8],
);
/// Children may have ended while it did not wait.
static UNBLOCK: Statement = Statement::new(
    "UPDATE wfstate.waits AS w SET blocked_by = NULL
      WHERE w.tenant {=} $1 AND w.execution_id {=} $2 AND w.kind {=} 'children' AND w.ended_at IS NULL
        AND w.blocked_by IS NOT NULL",
    &[Type::Text, Type::Text],
);
/// What was asked since the execution was claimed last is waited for: until the first of its times, unless something
/// of it has come between two calls.
static LEAVE: Statement = Statement::new(
    concat!(
        "WITH asked AS (
  SELECT w.kind, w.name, w.wake_at FROM wfstate.waits AS w
   WHERE w.tenant {=} $1 AND w.execution_id {=} $2 AND w.ended_at IS NULL
     AND w.asked_version {>=} coalesce((SELECT c.claimed_version FROM wfstate.leases AS c
                                       WHERE c.tenant {=} $1 AND c.execution_id {=} $2), 0)
), come AS MATERIALIZED (
  SELECT EXISTS (SELECT FROM asked AS a
                  CROSS JOIN LATERAL (SELECT FROM wfstate.signals AS s
                    WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND s.name {=} a.name AND s.taken_at IS NULL
                    ORDER BY s.position LIMIT 1) AS s)
         OR (EXISTS (SELECT FROM asked AS a WHERE a.kind {=} 'children')
             AND NOT EXISTS (SELECT FROM wfstate.runs AS r
                  WHERE r.tenant {=} $1 AND r.parent_execution_id {=} $2
                    AND (SELECT e.status FROM wfstate.executions AS e
                          WHERE e.tenant {=} $1 AND e.execution_id {=} r.execution_id) {<>} ALL (",
        final_statuses!(),
        "))) AS has_come
)
INSERT INTO wfstate.leases AS l (tenant, execution_id, workflow, lane, concurrency_key, state, check_at)
SELECT e.tenant, e.execution_id, e.workflow, (2 {*} coalesce(r.priority, 0) {+} 1)::pg_catalog.int2,
       r.concurrency_key, CASE WHEN c.has_come THEN 'ready' ELSE 'waiting' END,
       CASE WHEN NOT c.has_come THEN (SELECT pg_catalog.min(a.wake_at) FROM asked AS a) END
  FROM come AS c CROSS JOIN wfstate.executions AS e
  LEFT JOIN wfstate.runs AS r ON r.tenant {=} $1 AND r.execution_id {=} $2
 WHERE e.tenant {=} $1 AND e.execution_id {=} $2 AND e.workflow IS NOT NULL
ON CONFLICT (tenant, execution_id) DO UPDATE
   SET ticket = DEFAULT, state = excluded.state, lane = l.lane {|} 1::pg_catalog.int2, check_at = excluded.check_at,
       expires_at = NULL
RETURNING l.workflow, l.lane::pg_catalog.int4, l.concurrency_key"
    ),
    &[Type::Text, Type::Text],
);

/// Has the locked execution wait until what it waits for comes, or the first of its times.
fn leave(key: Key<'_>, head: &executions::Head) -> StateResult<()> {
    if head.status != "waiting" {
        let call = Move {
            key,
            expected: None,
            note: None,
        };
        call.append(head, "waiting", None)?;
    }
    UNBLOCK.run(Mode::Latest, &key_params(key))?;
    let left = LEAVE.one(Mode::Latest, &key_params(key), |row| {
        Ok((
            row.text(0).unwrap_or_default(),
            row.int4(1).unwrap_or_default(),
            row.text(2),
        ))
    })?;
    if let Some((workflow, lane, concurrency_key)) = left {
        queues::open(key.tenant, &workflow, lane)?;
        entries::make_room(key.tenant, &(workflow, concurrency_key))?;
    }
    Ok(())
}
