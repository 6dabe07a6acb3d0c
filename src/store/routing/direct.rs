//! Recording below the executor: what the statements of `decisions` do, where the tables are plain.

use crate::pg::direct::{Appended, Column, Command, Table};
use crate::pg::invalidation::Cached;
use crate::pg::spi::{Param, Type};

const DECISION_COLUMNS: &[Column] = &[
    (c"decision_id", Type::Uuid, true),
    (c"decided_at", Type::Timestamptz, true),
    (c"completed_at", Type::Timestamptz, false),
    (c"duration_ms", Type::Float8, false),
    (c"agent_score", Type::Float8, false),
    (c"priority", Type::Int4, false),
    (c"retry_attempts", Type::Int4, true),
    (c"success", Type::Bool, false),
    (c"tenant", Type::Text, true),
    (c"task_id", Type::Text, true),
    (c"selected_agent", Type::Text, true),
    (c"task_type", Type::Text, false),
    (c"required_capability", Type::Text, false),
    (c"execution_id", Type::Text, false),
    (c"step_id", Type::Text, false),
    (c"recorded_by", Type::Text, true),
    (c"error", Type::Text, false),
    (c"candidates", Type::Jsonb, false),
];
pub(in crate::store) static DECISIONS: Table = Table::appended(
    Cached::RoutingDecisions,
    DECISION_COLUMNS,
    8,
    &[8, 0],
    Appended {
        defaults: &[(6, c"0"), (15, c"CURRENT_USER")],
        asks_domains: true,
    },
);

const OUTCOME_COLUMNS: &[Column] = &[
    (c"hour_at", Type::Timestamptz, true),
    (c"duration_ms", Type::Float8, false),
    (c"spread", Type::Int4, true),
    (c"success", Type::Bool, true),
    (c"tenant", Type::Text, true),
    (c"agent", Type::Text, true),
    (c"task_type", Type::Text, false),
];
pub(in crate::store) static OUTCOMES: Table = Table::appended(
    Cached::RoutingOutcomes,
    OUTCOME_COLUMNS,
    4,
    &[],
    Appended {
        defaults: &[],
        asks_domains: true,
    },
);

/// Appends a decision, and its outcome where that is known; false where the statement has to. The tables' owner is
/// whose rights count, so that the tenant is the caller's to have asked for.
pub(super) fn record(
    decision: &[Param<'_>; DECISION_COLUMNS.len()],
    outcome: Option<&[Param<'_>; OUTCOME_COLUMNS.len()]>,
) -> bool {
    let tables: &[&Table] = match outcome {
        Some(_) => &[&DECISIONS, &OUTCOMES],
        None => &[&DECISIONS],
    };
    let Some(command) = Command::begin(tables) else {
        return false;
    };
    command.insert(0, decision);
    if let Some(outcome) = outcome {
        command.insert(1, outcome);
    }
    true
}
