//! What the page tells, as it was gathered. Times are the server's microseconds.

use super::window::Window;
use crate::core::looking::story::Story;

/// All of it.
pub struct Report {
    /// Whose.
    pub tenant: String,
    /// Only of this workflow.
    pub workflow: Option<String>,
    /// Time of the call.
    pub now: i64,
    /// The time that it is about.
    pub window: Window,
    /// Executions that were started in the window.
    pub counts: Vec<Count>,
    /// Whether there were more than were counted.
    pub counts_cut: bool,
    /// Executions without a final status, whenever they were started.
    pub standing: Vec<Standing>,
    /// Whether there were more than were counted.
    pub standing_cut: bool,
    /// Those that wait for a worker or are held by one.
    pub queue: Vec<QueueFigures>,
    /// Whether there were more than were counted.
    pub queue_cut: bool,
    /// Agents by their tasks.
    pub agents: Vec<AgentFigures>,
    /// How many more agents there are.
    pub more_agents: usize,
    /// Circuits, those that are not closed first.
    pub circuits: Vec<CircuitFigures>,
    /// How many are open, half-open or forced open; at least.
    pub open_circuits: usize,
    /// The slowest steps.
    pub steps: Vec<StepFigures>,
    /// Executions whose steps were looked at.
    pub sampled: i64,
    /// What has failed last.
    pub failures: Vec<Failure>,
    /// One execution.
    pub execution: Option<Seen>,
}

/// Executions that were started within an interval of the window and have a status now.
pub struct Count {
    /// Status.
    pub status: String,
    /// Beginning of the interval.
    pub at: i64,
    /// How many.
    pub count: i64,
}

/// Executions that have a status.
pub struct Standing {
    /// Status.
    pub status: String,
    /// How many.
    pub count: i64,
    /// When the oldest was created.
    pub oldest: Option<i64>,
}

/// Executions of a workflow by where they stand for workers.
pub struct QueueFigures {
    /// Workflow.
    pub workflow: String,
    /// ready, held, delayed, waiting, parked, idle.
    pub counts: [i64; 6],
}

/// An agent.
pub struct AgentFigures {
    /// Its name.
    pub agent: String,
    /// Completed tasks.
    pub total: i64,
    /// Those that failed.
    pub failed: i64,
    /// Share of those that succeeded.
    pub rate: f64,
    /// Median of their durations, in milliseconds.
    pub p50: Option<f64>,
    /// Their 95th percentile.
    pub p95: Option<f64>,
}

/// A circuit.
pub struct CircuitFigures {
    /// Agent.
    pub agent_key: String,
    /// State.
    pub state: &'static str,
    /// Calls in its window.
    pub calls: i64,
    /// Share of them that failed.
    pub failure_rate: Option<f64>,
    /// When it opened last.
    pub opened: Option<i64>,
    /// When an open circuit tries again.
    pub reset: Option<i64>,
    /// Changes of its state.
    pub transitions: i64,
}

/// A step of a workflow.
pub struct StepFigures {
    /// Workflow.
    pub workflow: Option<String>,
    /// Step.
    pub step_id: String,
    /// How often it ended.
    pub count: i64,
    /// How often it failed.
    pub failed: i64,
    /// Attempts beyond the first.
    pub repeated: i64,
    /// Percentiles of its duration, in milliseconds.
    pub p50: f64,
    /// 95th.
    pub p95: f64,
    /// The longest.
    pub longest: f64,
}

/// An execution that has failed.
pub struct Failure {
    /// Its id.
    pub execution_id: String,
    /// Workflow.
    pub workflow: Option<String>,
    /// When it was created.
    pub created: i64,
    /// When it failed.
    pub completed: Option<i64>,
    /// The beginning of its error.
    pub error: Option<String>,
}

/// One execution, from near.
pub struct Seen {
    /// What has happened in it.
    pub story: Story,
    /// Phase.
    pub phase: Option<String>,
    /// Who created it.
    pub initiated_by: String,
    /// The beginning of its error.
    pub error: Option<String>,
    /// The newest versions, the newest first.
    pub versions: Vec<SavedVersion>,
    /// Whether there are older ones.
    pub has_older: bool,
}

/// A version with what it has changed.
pub struct SavedVersion {
    /// Its number.
    pub version: i64,
    /// snapshot, patch, unchanged, recovery, branch or fork.
    pub kind: &'static str,
    /// Status as of it.
    pub status: String,
    /// Phase as of it.
    pub phase: Option<String>,
    /// Step that saved it.
    pub step_id: Option<String>,
    /// Free text.
    pub note: Option<String>,
    /// Role that saved it.
    pub saved_by: String,
    /// When.
    pub at: i64,
    /// Its changes, the first of them; `None` where they are not known.
    pub changes: Option<Vec<Operation>>,
    /// How many changes are not among them.
    pub more: i64,
}

/// A change of RFC 6902.
pub struct Operation {
    /// add, remove, replace …
    pub op: String,
    /// Where.
    pub path: String,
    /// The beginning of the value, as JSON.
    pub value: Option<String>,
}
