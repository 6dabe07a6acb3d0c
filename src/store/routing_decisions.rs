//! `wfstate.routing_decisions`: which agent was chosen for which task, and what came of it.

use crate::core::routing::{decision_id, first_id};
use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::backend;
use crate::pg::spi::{Mode, Param, Row, Statement, Type, now};
use crate::store::agent_statistics::{self, Slot};
use pgrx::Uuid;
use pgrx::datum::TimestampWithTimeZone;

/// A decision, as it is recorded.
pub struct Decision<'a> {
    /// The task.
    pub task_id: &'a str,
    /// The chosen agent.
    pub agent: &'a str,
    /// Kind of task.
    pub task_type: Option<&'a str>,
    /// What the task asks of an agent.
    pub required_capability: Option<&'a str>,
    /// Priority of the task.
    pub priority: Option<i32>,
    /// Score of the agent.
    pub agent_score: Option<f64>,
    /// What there was to choose from.
    pub candidates: Option<&'a [u8]>,
    /// Execution that the task belongs to.
    pub execution_id: Option<&'a str>,
    /// Step of it.
    pub step_id: Option<&'a str>,
    /// When it was made, in the server's microseconds; `None`: now.
    pub decided_at: Option<i64>,
    /// What came of it, where that is known.
    pub outcome: Outcome<'a>,
}

/// What came of a decision.
pub struct Outcome<'a> {
    /// `None`: not known yet.
    pub success: Option<bool>,
    /// Milliseconds.
    pub duration_ms: Option<f64>,
    /// What went wrong.
    pub error: Option<&'a str>,
    /// Attempts beyond the first; `None` keeps what was said before.
    pub retry_attempts: Option<i64>,
}

macro_rules! insert {
    () => {
        "INSERT INTO wfstate.routing_decisions (tenant, decision_id, decided_at, task_id, selected_agent,
                task_type, required_capability, priority, agent_score, candidates, execution_id, step_id,
                success, duration_ms, error, retry_attempts, completed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    };
}

const ARGS: &[Type] = &[
    Type::Text,        // 1 tenant
    Type::Uuid,        // 2 decision_id
    Type::Timestamptz, // 3 decided_at
    Type::Text,        // 4 task_id
    Type::Text,        // 5 selected_agent
    Type::Text,        // 6 task_type
    Type::Text,        // 7 required_capability
    Type::Int4,        // 8 priority
    Type::Float8,      // 9 agent_score
    Type::Jsonb,       // 10 candidates
    Type::Text,        // 11 execution_id
    Type::Text,        // 12 step_id
    Type::Bool,        // 13 success
    Type::Float8,      // 14 duration_ms
    Type::Text,        // 15 error
    Type::Int4,        // 16 retry_attempts
    Type::Timestamptz, // 17 completed_at
    Type::Timestamptz, // 18 hour
    Type::Int4,        // 19 slot
];

/// Without an outcome, there is nothing to count.
static RECORD_PENDING: Statement = Statement::new(
    concat!(insert!(), " RETURNING $18 IS NULL AND $19 IS NULL"),
    ARGS,
);

/// The decision and its agent's statistics in one statement; it touches no row of the statistics when this
/// session's slot is not there yet.
static RECORD: Statement = Statement::new(
    concat!(
        "WITH decision AS (",
        insert!(),
        ")
     UPDATE wfstate.agent_statistics AS a SET stats = wfstate.stats_with_task(a.stats, $13, $14)
      WHERE a.tenant {=} wfstate.current_tenant() AND a.agent {=} $5 AND a.task_type {=} coalesce($6, '')
        AND a.hour_at {=} $18 AND a.slot {=} $19"
    ),
    ARGS,
);

static COMPLETE: Statement = Statement::new(
    "UPDATE wfstate.routing_decisions AS d
        SET success = $3, duration_ms = $4, error = coalesce($5, d.error),
            retry_attempts = coalesce($6, d.retry_attempts), completed_at = pg_catalog.clock_timestamp()
      WHERE d.tenant {=} $1 AND d.decision_id {=} $2 AND d.success IS NULL
     RETURNING d.selected_agent, d.task_type, d.decided_at",
    &[
        Type::Text,
        Type::Uuid,
        Type::Bool,
        Type::Float8,
        Type::Text,
        Type::Int4,
    ],
);

static EXISTS: Statement = Statement::new(
    "SELECT true FROM wfstate.routing_decisions AS d WHERE d.tenant {=} $1 AND d.decision_id {=} $2",
    &[Type::Text, Type::Uuid],
);

/// Appends a decision, and counts it where its outcome is known. Returns its id.
pub fn record(tenant: &str, decision: &Decision<'_>) -> StateResult<Uuid> {
    let (outcome, now) = (&decision.outcome, now());
    let at = decision.decided_at.unwrap_or(now);
    let id = decision_id(at, backend::random()?);
    let slot = outcome
        .success
        .map(|_| Slot::of(decision.agent, decision.task_type, at));
    let params = [
        Param::Text(Some(tenant)),
        Param::Uuid(Some(id)),
        Param::Timestamptz(at),
        Param::Text(Some(decision.task_id)),
        Param::Text(Some(decision.agent)),
        Param::Text(decision.task_type),
        Param::Text(decision.required_capability),
        Param::Datum(decision.priority.map(Into::into)),
        Param::Float8(decision.agent_score),
        Param::Jsonb(decision.candidates),
        Param::Text(decision.execution_id),
        Param::Text(decision.step_id),
        Param::Bool(outcome.success),
        Param::Float8(outcome.duration_ms),
        Param::Text(outcome.error),
        Param::Int4(Some(outcome.retry_attempts.unwrap_or(0))),
        Param::Datum(slot.as_ref().map(|_| now.into())),
        Param::Datum(slot.as_ref().map(|slot| slot.hour.into())),
        Param::Int4(slot.as_ref().map(|slot| slot.number)),
    ];
    match (&slot, outcome.success) {
        (Some(slot), Some(success)) => {
            if RECORD.run(Mode::Write, &params)? == 0 {
                agent_statistics::add(tenant, slot, success, outcome.duration_ms)?;
            }
        }
        _ => {
            RECORD_PENDING.run(Mode::Write, &params)?;
        }
    }
    Ok(Uuid::from_bytes(id))
}

/// The agent whose task was completed, where this call did it.
pub fn complete(
    tenant: &str,
    id: Uuid,
    success: bool,
    outcome: &Outcome<'_>,
) -> StateResult<Option<String>> {
    let key = || [Param::Text(Some(tenant)), Param::Uuid(Some(*id.as_bytes()))];
    let [own, decision] = key();
    let params = [
        own,
        decision,
        Param::Bool(Some(success)),
        Param::Float8(outcome.duration_ms),
        Param::Text(outcome.error),
        Param::Int4(outcome.retry_attempts),
    ];
    let completed = COMPLETE.one(Mode::Write, &params, |row| {
        Ok((
            row.text(0).unwrap_or_default(),
            row.text(1),
            row.micros(2).unwrap_or_default(),
        ))
    })?;
    let Some((agent, task_type, at)) = completed else {
        return match EXISTS.one(Mode::Write, &key(), |row| Ok(row.bool(0)))? {
            Some(_) => Ok(None),
            None => Err(not_found(id)),
        };
    };
    let slot = Slot::of(&agent, task_type.as_deref(), at);
    agent_statistics::add(tenant, &slot, success, outcome.duration_ms)?;
    Ok(Some(agent))
}

fn not_found(id: Uuid) -> StateError {
    StateError::new(
        Code::NotFound,
        format!("routing decision \"{id}\" does not exist"),
    )
    .hint("Pass the id that wf_record_routing returned; wf_prune_routing removes old decisions.")
}

/// Filters and page of a list of decisions.
pub struct Query<'a> {
    /// Only of this task.
    pub task_id: Option<&'a str>,
    /// Only of this execution.
    pub execution_id: Option<&'a str>,
    /// Only with this agent.
    pub agent: Option<&'a str>,
    /// Only of this kind of task.
    pub task_type: Option<&'a str>,
    /// Only with this outcome.
    pub success: Option<bool>,
    /// true: only without an outcome; false: only with one.
    pub pending: Option<bool>,
    /// Made at or after.
    pub since: Option<i64>,
    /// Made before.
    pub until: Option<i64>,
    /// Newest first.
    pub newest_first: bool,
    /// Last decision of the page before.
    pub after: Option<Uuid>,
    /// Rows of the page.
    pub max_rows: Option<i32>,
}

/// Planned for the values of each call, so that filters that are not given don't hide an index.
macro_rules! list {
    ($than:literal, $direction:literal) => {
        Statement::planned_each_time(
            concat!(
                "SELECT d.decision_id, d.task_id, d.selected_agent, d.success, d.duration_ms, d.task_type,
                        d.required_capability, d.priority, d.agent_score, d.candidates, d.error,
                        d.retry_attempts, d.execution_id, d.step_id, d.decided_at, d.completed_at, d.recorded_by
                   FROM wfstate.routing_decisions AS d
                  WHERE d.tenant {=} $1
                    AND ($2 IS NULL OR d.task_id {=} $2)
                    AND ($3 IS NULL OR d.execution_id {=} $3)
                    AND ($4 IS NULL OR d.selected_agent {=} $4)
                    AND ($5 IS NULL OR d.task_type {=} $5)
                    AND ($6 IS NULL OR d.success {=} $6)
                    AND ($7 IS NULL OR (d.success IS NULL) {=} $7)
                    AND ($8 IS NULL OR d.decision_id {>=} $8)
                    AND ($9 IS NULL OR d.decision_id {<} $9)
                    AND ($10 IS NULL OR d.decision_id ",
                $than,
                " $10) ORDER BY d.decision_id",
                $direction,
                " LIMIT $11"
            ),
            &[
                Type::Text,
                Type::Text,
                Type::Text,
                Type::Text,
                Type::Text,
                Type::Bool,
                Type::Bool,
                Type::Uuid,
                Type::Uuid,
                Type::Uuid,
                Type::Int8,
            ],
        )
    };
}
static LIST_UP: Statement = list!("{>}", "");
static LIST_DOWN: Statement = list!("{<}", " DESC");

/// A page of decisions; `read` makes what is wanted of each row.
pub fn list<R>(
    tenant: &str,
    query: &Query<'_>,
    read: impl Fn(&Row<'_>) -> StateResult<R>,
) -> StateResult<Vec<R>> {
    let max_rows = limits::max_rows(query.max_rows)?;
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(limits::optional_name("task_id", query.task_id)?),
        Param::Text(limits::optional_name("execution_id", query.execution_id)?),
        Param::Text(limits::optional_name("agent", query.agent)?),
        Param::Text(limits::optional_name("task_type", query.task_type)?),
        Param::Bool(query.success),
        Param::Bool(query.pending),
        Param::Uuid(query.since.map(first_id)),
        Param::Uuid(query.until.map(first_id)),
        Param::Uuid(query.after.map(|id| *id.as_bytes())),
        Param::Int8(Some(max_rows)),
    ];
    let statement = if query.newest_first {
        &LIST_DOWN
    } else {
        &LIST_UP
    };
    statement.all(Mode::Read, &params, read)
}

/// A decision, as it is listed.
pub struct Listed {
    /// Its id.
    pub decision_id: Option<Uuid>,
    /// The task.
    pub task_id: String,
    /// The chosen agent.
    pub selected_agent: String,
    /// What came of it.
    pub success: Option<bool>,
    /// Milliseconds.
    pub duration_ms: Option<f64>,
    /// Kind of task.
    pub task_type: Option<String>,
    /// What the task asks of an agent.
    pub required_capability: Option<String>,
    /// Priority of the task.
    pub priority: Option<i32>,
    /// Score of the agent.
    pub agent_score: Option<f64>,
    /// What there was to choose from.
    pub candidates: Option<Vec<u8>>,
    /// What went wrong.
    pub error: Option<String>,
    /// Attempts beyond the first.
    pub retry_attempts: i32,
    /// Execution that the task belongs to.
    pub execution_id: Option<String>,
    /// Step of it.
    pub step_id: Option<String>,
    /// When the agent was chosen.
    pub decided_at: Option<TimestampWithTimeZone>,
    /// When the outcome was recorded.
    pub completed_at: Option<TimestampWithTimeZone>,
    /// Role that recorded it.
    pub recorded_by: String,
}

/// Reads a row of a list.
pub fn listed(row: &Row<'_>) -> StateResult<Listed> {
    Ok(Listed {
        decision_id: row.uuid(0),
        task_id: row.text(1).unwrap_or_default(),
        selected_agent: row.text(2).unwrap_or_default(),
        success: row.bool(3),
        duration_ms: row.float8(4),
        task_type: row.text(5),
        required_capability: row.text(6),
        priority: row.int4(7),
        agent_score: row.float8(8),
        candidates: row.jsonb(9),
        error: row.text(10),
        retry_attempts: row.int4(11).unwrap_or_default(),
        execution_id: row.text(12),
        step_id: row.text(13),
        decided_at: row.timestamptz(14),
        completed_at: row.timestamptz(15),
        recorded_by: row.text(16).unwrap_or_default(),
    })
}
