//! Statuses of an execution, and which may follow which.

use super::{Code, StateError, StateResult};

/// All of them.
pub const STATUSES: [&str; 9] = [
    "pending",
    "running",
    "waiting",
    "paused",
    "compensating",
    "completed",
    "failed",
    "cancelled",
    "compensated",
];

/// Those after which nothing follows by itself.
pub const FINAL: [&str; 4] = ["completed", "failed", "cancelled", "compensated"];

/// What may follow a status that is not final. It may always stay as it is.
const MOVES: [(&str, &[&str]); 5] = [
    (
        "pending",
        &[
            "running",
            "waiting",
            "paused",
            "compensating",
            "completed",
            "failed",
            "cancelled",
        ],
    ),
    (
        "running",
        &[
            "pending",
            "waiting",
            "paused",
            "compensating",
            "completed",
            "failed",
            "cancelled",
        ],
    ),
    (
        "waiting",
        &[
            "pending",
            "running",
            "paused",
            "compensating",
            "completed",
            "failed",
            "cancelled",
        ],
    ),
    (
        "paused",
        &[
            "pending",
            "running",
            "waiting",
            "compensating",
            "failed",
            "cancelled",
        ],
    ),
    ("compensating", &["compensated", "failed"]),
];

/// What may follow a final status where that is asked for: to try again, and to undo what was done.
const REOPENINGS: [(&str, &[&str]); 3] = [
    ("failed", &["pending", "compensating"]),
    ("cancelled", &["compensating"]),
    ("compensated", &["compensating"]),
];

/// Whether nothing else may follow a status.
pub fn is_final(status: &str) -> bool {
    FINAL.contains(&status)
}

/// Whether an execution with this status begins steps, now or once it is resumed.
pub fn goes_on(status: &str) -> bool {
    begins(status) || status == "paused"
}

/// Whether steps and waits begin under a status.
pub fn begins(status: &str) -> bool {
    ["pending", "running", "waiting"].contains(&status)
}

fn listed(moves: &[(&str, &'static [&'static str])], status: &str) -> &'static [&'static str] {
    let found = moves.iter().find(|(from, _)| *from == status);
    found.map_or(&[], |(_, to)| to)
}

/// Whether a final status may be followed by another where that is asked for.
pub fn reopens(status: &str, to: &str) -> bool {
    listed(&REOPENINGS, status).contains(&to)
}

/// What may follow a status; nothing where it is final.
pub fn after(status: &str) -> &'static [&'static str] {
    listed(&MOVES, status)
}

/// The statuses that another may follow, itself among them; final ones, too, where that is asked for.
pub fn before(status: &str, reopens: bool) -> Vec<&'static str> {
    let may = |from: &&&str| {
        **from == status || after(from).contains(&status) || reopens && self::reopens(from, status)
    };
    STATUSES.iter().filter(may).copied().collect()
}

/// Refuses a move that is not allowed (WF004).
pub fn check(execution_id: &str, from: &str, to: &str) -> StateResult<()> {
    let allowed = after(from);
    if from == to || allowed.contains(&to) {
        return Ok(());
    }
    if is_final(from) {
        return Err(StateError::status_is_final(execution_id, from, to));
    }
    Err(StateError::new(
        Code::IllegalTransition,
        format!("execution \"{execution_id}\" cannot go from {from} to {to}"),
    )
    .hint(format!("From {from} it may go to {}.", allowed.join(", "))))
}
