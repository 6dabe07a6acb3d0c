//! `wf_routing_decisions`: the audit trail, page by page.

use crate::core::StateResult;
use crate::core::routing::first_id;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};

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
    pub after: Option<[u8; 16]>,
    /// Rows of the page.
    pub max_rows: i64,
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

/// A page of decisions; `each` gets them one by one.
pub fn list(tenant: &str, query: &Query<'_>, mut each: impl FnMut(Listed)) -> StateResult<()> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(query.task_id),
        Param::Text(query.execution_id),
        Param::Text(query.agent),
        Param::Text(query.task_type),
        Param::Bool(query.success),
        Param::Bool(query.pending),
        Param::Uuid(query.since.map(first_id)),
        Param::Uuid(query.until.map(first_id)),
        Param::Uuid(query.after),
        Param::Int8(Some(query.max_rows)),
    ];
    let statement = if query.newest_first {
        &LIST_DOWN
    } else {
        &LIST_UP
    };
    statement.receive(Mode::Read, &params, |row| {
        each(listed(row));
        Ok(())
    });
    Ok(())
}

/// A decision, as it is listed.
pub struct Listed {
    /// Its id.
    pub decision_id: Option<[u8; 16]>,
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
    pub decided_at: Option<i64>,
    /// When the outcome was recorded.
    pub completed_at: Option<i64>,
    /// Role that recorded it.
    pub recorded_by: String,
}

/// Reads a row of a list.
fn listed(row: &Row<'_>) -> Listed {
    Listed {
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
        decided_at: row.micros(14),
        completed_at: row.micros(15),
        recorded_by: row.text(16).unwrap_or_default(),
    }
}
