//! `wfstate.circuit_transitions`: how circuits came to be what they are.

use crate::core::circuit::Transition;
use crate::core::{StateError, StateResult, limits};
use crate::pg::settings;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::circuits::rows::Agent;

/// Adds one, and lets go of the one that is too many, so that a circuit that flaps does not fill the disk.
static ADD: Statement = Statement::new(
    "WITH old AS (
         DELETE FROM wfstate.circuit_transitions AS t
          WHERE t.tenant {=} $1 AND t.agent_key {=} $2 AND t.transition_no {<=} ($3 {-} 1000))
     INSERT INTO wfstate.circuit_transitions
            (tenant, agent_key, transition_no, from_state, to_state, reason, calls, failure_rate,
             slow_call_rate, changed_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    &[
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Float8,
        Type::Float8,
        Type::Timestamptz,
    ],
);
/// Says that something has changed, not what: whoever may connect to the database can listen, and forge.
static NOTIFY: Statement = Statement::new(
    r#"SELECT pg_catalog.pg_notify('wfstate', '{"event": "circuit"}')"#,
    &[],
);

macro_rules! transition_columns {
    () => {
        "SELECT t.agent_key, t.transition_no, t.from_state, t.to_state, t.reason, t.failure_rate,
                t.slow_call_rate, t.calls, t.changed_by, t.changed_at
           FROM wfstate.circuit_transitions AS t
          WHERE t.tenant {=} $1"
    };
}

const PAGE: &[Type] = &[Type::Text, Type::Text, Type::Int8, Type::Int8];

static OF_ALL: Statement = Statement::new(
    concat!(
        transition_columns!(),
        " AND ROW(t.agent_key, t.transition_no) {>} ROW($2, $3)
          ORDER BY t.agent_key, t.transition_no LIMIT $4"
    ),
    PAGE,
);
static OF_ONE: Statement = Statement::new(
    concat!(
        transition_columns!(),
        " AND t.agent_key {=} $2 AND t.transition_no {>} $3 ORDER BY t.transition_no LIMIT $4"
    ),
    PAGE,
);

/// Appends transitions after the one with number `last`; returns the number of the last one now.
pub fn add(
    agent: Agent<'_>,
    last: i64,
    transitions: &[Transition],
    reason: Option<&str>,
) -> StateResult<i64> {
    let mut number = last;
    for transition in transitions {
        number = number.saturating_add(1);
        let [tenant, key] = agent.params();
        let (from, to) = (transition.from.as_str(), transition.to.as_str());
        let params = [
            tenant,
            key,
            Param::Int8(Some(number)),
            Param::Text(Some(from)),
            Param::Text(Some(to)),
            Param::Text(Some(reason.unwrap_or(transition.reason.as_str()))),
            Param::Int8(Some(transition.counts.calls.into())),
            Param::Float8(transition.counts.failure_rate()),
            Param::Float8(transition.counts.slow_call_rate()),
            Param::Timestamptz(Some(transition.at)),
        ];
        ADD.run(Mode::Latest, &params)?;
    }
    if settings::notify_circuits() && number > last {
        NOTIFY.run(Mode::Write, &[])?;
    }
    Ok(number)
}

/// A transition as wf_circuit_transitions shows it.
pub struct Entry {
    /// Agent.
    pub agent_key: String,
    /// Number within the circuit.
    pub transition_no: i64,
    /// State before.
    pub from_state: String,
    /// State after.
    pub to_state: String,
    /// Why.
    pub reason: String,
    /// Of the calls before.
    pub failure_rate: Option<f64>,
    /// Of the calls before.
    pub slow_call_rate: Option<f64>,
    /// Calls before.
    pub calls: i64,
    /// Role.
    pub changed_by: String,
    /// When.
    pub changed_at: Option<i64>,
}

fn entry(row: &Row<'_>) -> Entry {
    let text = |column| row.text(column).unwrap_or_default();
    Entry {
        agent_key: text(0),
        transition_no: row.int8(1).unwrap_or_default(),
        from_state: text(2),
        to_state: text(3),
        reason: text(4),
        failure_rate: row.float8(5),
        slow_call_rate: row.float8(6),
        calls: row.int8(7).unwrap_or_default(),
        changed_by: text(8),
        changed_at: row.micros(9),
    }
}

/// A page of transitions, by agent and number: of one agent, or of all; `each` gets them one by one.
pub fn page(
    tenant: &str,
    agent_key: Option<&str>,
    after: Option<&str>,
    max_rows: i64,
    mut each: impl FnMut(Entry),
) -> StateResult<()> {
    let (after_no, after_key) = after.map_or(Ok((0, "")), parsed)?;
    let (statement, key, number) = match agent_key {
        None => (&OF_ALL, after_key, after_no),
        Some(key) if after.is_none() || key == after_key => (&OF_ONE, key, after_no),
        Some(_) => return Err(not_a_cursor(after.unwrap_or_default())),
    };
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(Some(key)),
        Param::Int8(Some(number)),
        Param::Int8(Some(max_rows)),
    ];
    statement.receive(Mode::Read, &params, |row| {
        each(entry(row));
        Ok(())
    });
    Ok(())
}

fn parsed(cursor: &str) -> StateResult<(i64, &str)> {
    cursor
        .split_once(':')
        .and_then(|(number, key)| Some((number.parse::<i64>().ok()?, key)))
        .ok_or_else(|| not_a_cursor(cursor))
}

fn not_a_cursor(cursor: &str) -> StateError {
    StateError::invalid(format!(
        "after {} is not a cursor of this list",
        limits::quoted(cursor)
    ))
    .hint("Pass the column cursor of the last row of the page before, with the same agent_key.")
}
