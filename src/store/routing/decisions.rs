//! `wfstate.routing_decisions`: which agent was chosen for which task, and what came of it.

use crate::core::routing::{decision_id, hour, id_text};
use crate::core::{Code, StateError, StateResult};
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Statement, Type, now};
use crate::pg::{backend, roles};
use crate::store::routing::{direct, fold};

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
                success, duration_ms, error, retry_attempts, recorded_by, completed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
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
    Type::Text,        // 17 recorded_by
    Type::Timestamptz, // 18 completed_at
    Type::Timestamptz, // 19 hour_at
    Type::Int4,        // 20 spread
];

/// Those of the decision alone.
const PENDING_ARGS: &[Type] = ARGS.split_at(18).0;

/// Without an outcome, there is nothing to count.
static RECORD_PENDING: Statement = Statement::new(insert!(), PENDING_ARGS);

/// The decision and its outcome in one statement, which writes what is in its WITH last: as below the executor, the
/// decision comes first. Neither touches a row that is there: nobody waits.
static RECORD: Statement = Statement::new(
    concat!(
        "WITH outcome AS (
  INSERT INTO wfstate.routing_outcomes (hour_at, duration_ms, spread, success, tenant, agent, task_type)
  VALUES ($19, $14, $20, $13, $1, $5, $6)
) ",
        insert!()
    ),
    ARGS,
);

static COMPLETE: Statement = Statement::new(
    "WITH decision AS (
  UPDATE wfstate.routing_decisions AS d
     SET success = $3, duration_ms = $4, error = coalesce($5, d.error),
         retry_attempts = coalesce($6, d.retry_attempts), completed_at = pg_catalog.clock_timestamp()
   WHERE d.tenant {=} $1 AND d.decision_id {=} $2 AND d.success IS NULL
  RETURNING d.tenant, d.selected_agent, d.task_type, d.decided_at, d.success, d.duration_ms
)
INSERT INTO wfstate.routing_outcomes AS o (hour_at, duration_ms, spread, success, tenant, agent, task_type)
SELECT pg_catalog.date_bin('1 hour', d.decided_at, '2000-01-01 00:00:00+00'), d.duration_ms, $7, d.success, d.tenant,
       d.selected_agent, d.task_type
  FROM decision AS d
RETURNING o.agent",
    &[
        Type::Text,
        Type::Uuid,
        Type::Bool,
        Type::Float8,
        Type::Text,
        Type::Int4,
        Type::Int4,
    ],
);

static EXISTS: Statement = Statement::new(
    "SELECT true FROM wfstate.routing_decisions AS d WHERE d.tenant {=} $1 AND d.decision_id {=} $2",
    &[Type::Text, Type::Uuid],
);

/// What is worked out of a decision before it is written.
struct Made {
    id: [u8; 16],
    at: i64,
    now: i64,
    chance: backend::Chance,
    recorded_by: String,
}

/// Appends a decision, and its outcome where that is known. Returns its id.
pub fn record(tenant: &str, decision: &Decision<'_>) -> StateResult<[u8; 16]> {
    let (now, chance) = (now(), backend::random()?);
    let at = decision.decided_at.unwrap_or(now);
    let made = Made {
        id: decision_id(at, chance),
        at,
        now,
        chance,
        recorded_by: roles::current_name(),
    };
    let known = decision.outcome.success.is_some();
    as_owner(|| {
        if !record_directly(tenant, decision, &made) {
            record_stated(tenant, decision, &made)?;
        }
        Ok(())
    })?;
    if known {
        fold::perhaps(tenant, decision.agent, chance)?;
    }
    Ok(made.id)
}

fn record_directly(tenant: &str, decision: &Decision<'_>, made: &Made) -> bool {
    let outcome = &decision.outcome;
    let row = [
        Param::Uuid(Some(made.id)),
        Param::Timestamptz(Some(made.at)),
        Param::Timestamptz(outcome.success.map(|_| made.now)),
        Param::Float8(outcome.duration_ms),
        Param::Float8(decision.agent_score),
        Param::Int4(decision.priority.map(i64::from)),
        Param::Int4(Some(outcome.retry_attempts.unwrap_or(0))),
        Param::Bool(outcome.success),
        Param::Text(Some(tenant)),
        Param::Text(Some(decision.task_id)),
        Param::Text(Some(decision.agent)),
        Param::Text(decision.task_type),
        Param::Text(decision.required_capability),
        Param::Text(decision.execution_id),
        Param::Text(decision.step_id),
        Param::Text(Some(&made.recorded_by)),
        Param::Text(outcome.error),
        Param::Jsonb(decision.candidates),
    ];
    let counted = outcome.success.map(|success| {
        [
            Param::Timestamptz(Some(hour(made.at))),
            Param::Float8(outcome.duration_ms),
            fold::spread(made.chance),
            Param::Bool(Some(success)),
            Param::Text(Some(tenant)),
            Param::Text(Some(decision.agent)),
            Param::Text(decision.task_type),
        ]
    });
    direct::record(&row, counted.as_ref())
}

fn record_stated(tenant: &str, decision: &Decision<'_>, made: &Made) -> StateResult<()> {
    let outcome = &decision.outcome;
    let params = [
        Param::Text(Some(tenant)),
        Param::Uuid(Some(made.id)),
        Param::Timestamptz(Some(made.at)),
        Param::Text(Some(decision.task_id)),
        Param::Text(Some(decision.agent)),
        Param::Text(decision.task_type),
        Param::Text(decision.required_capability),
        Param::Int4(decision.priority.map(i64::from)),
        Param::Float8(decision.agent_score),
        Param::Jsonb(decision.candidates),
        Param::Text(decision.execution_id),
        Param::Text(decision.step_id),
        Param::Bool(outcome.success),
        Param::Float8(outcome.duration_ms),
        Param::Text(outcome.error),
        Param::Int4(Some(outcome.retry_attempts.unwrap_or(0))),
        Param::Text(Some(&made.recorded_by)),
        Param::Timestamptz(outcome.success.map(|_| made.now)),
        Param::Timestamptz(Some(hour(made.at))),
        fold::spread(made.chance),
    ];
    match outcome.success {
        Some(_) => RECORD.run(Mode::Write, &params)?,
        None => RECORD_PENDING.run(Mode::Write, &params[..18])?,
    };
    Ok(())
}

/// The agent whose task was completed, where this call did it.
pub fn complete(
    tenant: &str,
    id: [u8; 16],
    success: bool,
    outcome: &Outcome<'_>,
) -> StateResult<Option<String>> {
    let key = || [Param::Text(Some(tenant)), Param::Uuid(Some(id))];
    let [own, decision] = key();
    let chance = backend::random()?;
    let params = [
        own,
        decision,
        Param::Bool(Some(success)),
        Param::Float8(outcome.duration_ms),
        Param::Text(outcome.error),
        Param::Int4(outcome.retry_attempts),
        fold::spread(chance),
    ];
    let completed = as_owner(|| COMPLETE.one(Mode::Write, &params, |row| Ok(row.text(0))))?;
    let Some(agent) = completed.flatten() else {
        return match EXISTS.one(Mode::Write, &key(), |row| Ok(row.bool(0)))? {
            Some(_) => Ok(None),
            None => Err(not_found(id)),
        };
    };
    fold::perhaps(tenant, &agent, chance)?;
    Ok(Some(agent))
}

fn not_found(id: [u8; 16]) -> StateError {
    StateError::new(
        Code::NotFound,
        format!("routing decision \"{}\" does not exist", id_text(id)),
    )
    .hint("Pass the id that wf_record_routing returned; wf_prune_routing removes old decisions.")
}
