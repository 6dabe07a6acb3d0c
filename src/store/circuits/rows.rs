//! `wfstate.circuits`: one row for each circuit. Every statement sees what is committed now, whatever the
//! transaction keeps: a circuit is about the agent, not about the data of the caller's transaction.

use crate::core::StateResult;
use crate::core::circuit::{Circuit, Policy, State, Window};
use crate::pg::spi::{Mode, Param, Row, Statement, Type, now};

/// An agent as every key names it.
#[derive(Debug, Clone, Copy)]
pub struct Agent<'a> {
    /// Whose it is.
    pub tenant: &'a str,
    /// Its name within the tenant.
    pub key: &'a str,
}

impl<'a> Agent<'a> {
    pub(in crate::store) fn params(self) -> [Param<'a>; 2] {
        [Param::Text(Some(self.tenant)), Param::Text(Some(self.key))]
    }
}

const KEY: &[Type] = &[Type::Text, Type::Text];

macro_rules! circuit_columns {
    () => {
        "c.state, c.outcomes, c.attempt, c.permits_taken, c.opened_at, c.reset_at, c.progress_at, c.transitions"
    };
}
pub(in crate::store) use circuit_columns;

/// Columns of `circuit_columns!`.
pub(in crate::store) const COLUMNS: usize = 8;

/// Reads the columns of `circuit_columns!`, which come first. A window that cannot be read (damage, or a later
/// version's) counts as empty: to refuse the agent's calls until somebody repairs it would be worse.
pub(in crate::store) fn circuit(row: &Row<'_>, policy: &Policy) -> Circuit {
    let count = |column| {
        row.int4(column)
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or_default()
    };
    Circuit {
        state: state_of(row),
        window: row
            .bytea(1)
            .and_then(|bytes| Window::decode(&bytes).ok())
            .unwrap_or_else(|| Window::closed(policy)),
        attempt: count(2),
        permits_taken: count(3),
        opened_at: row.micros(4),
        reset_at: row.micros(5),
        progress_at: row.micros(6),
    }
}

fn state_of(row: &Row<'_>) -> State {
    row.text(0)
        .and_then(|state| State::parse(&state))
        .unwrap_or(State::Closed)
}

/// With the policy's own expression, so that the server compares the tenant once.
static STATE: Statement = Statement::new(
    "SELECT c.state, c.reset_at FROM wfstate.circuits AS c
      WHERE c.tenant {=} wfstate.current_tenant() AND c.agent_key {=} $2",
    KEY,
);
static READ: Statement = Statement::new(
    concat!(
        "SELECT ",
        circuit_columns!(),
        " FROM wfstate.circuits AS c WHERE c.tenant {=} wfstate.current_tenant() AND c.agent_key {=} $2"
    ),
    KEY,
);
static LOCK: Statement = Statement::new(
    concat!(
        "SELECT ",
        circuit_columns!(),
        " FROM wfstate.circuits AS c WHERE c.tenant {=} $1 AND c.agent_key {=} $2 FOR NO KEY UPDATE"
    ),
    KEY,
);
static LOCK_DUE: Statement = Statement::new(
    "SELECT c.agent_key FROM wfstate.circuits AS c
      WHERE c.tenant {=} $1 AND c.state {=} 'open'
        AND (c.reset_at IS NULL OR c.reset_at {<=} $2)
      ORDER BY c.agent_key LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED",
    &[Type::Text, Type::Timestamptz, Type::Int8],
);
static CREATE: Statement = Statement::new(
    "INSERT INTO wfstate.circuits
            (tenant, agent_key, state, outcomes, attempt, permits_taken, transitions, updated_at)
     VALUES ($1, $2, $3, $4, 0, 0, 0, $5) ON CONFLICT (tenant, agent_key) DO NOTHING",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Bytea,
        Type::Timestamptz,
    ],
);
static WRITE: Statement = Statement::new(
    "UPDATE wfstate.circuits AS c
        SET state = $3, outcomes = $4, attempt = $5, permits_taken = $6, opened_at = $7, reset_at = $8,
            progress_at = $9, transitions = $10, updated_at = $11
      WHERE c.tenant {=} $1 AND c.agent_key {=} $2",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Bytea,
        Type::Int4,
        Type::Int4,
        Type::Timestamptz,
        Type::Timestamptz,
        Type::Timestamptz,
        Type::Int8,
        Type::Timestamptz,
    ],
);

/// State, and until when it is open.
pub fn state(agent: Agent<'_>) -> StateResult<Option<(State, Option<i64>)>> {
    STATE.one(Mode::Latest, &agent.params(), |row| {
        Ok((state_of(row), row.micros(1)))
    })
}

/// The circuit that is committed now, a new one where there is none.
pub fn read(agent: Agent<'_>, policy: &Policy) -> StateResult<Circuit> {
    let found = READ.one(Mode::Latest, &agent.params(), |row| {
        Ok(circuit(row, policy))
    })?;
    Ok(found.unwrap_or_else(|| Circuit::new(policy)))
}

/// The circuit, locked until the transaction ends; and the number of its last transition.
pub fn lock(agent: Agent<'_>, policy: &Policy) -> StateResult<Option<(Circuit, i64)>> {
    LOCK.one(Mode::Latest, &agent.params(), |row| {
        Ok((circuit(row, policy), row.int8(7).unwrap_or_default()))
    })
}

/// Agents whose circuits have waited long enough, locked; those that others have locked are left out.
pub fn lock_due(tenant: &str, max_rows: i64) -> StateResult<Vec<String>> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Timestamptz(Some(now())),
        Param::Int8(Some(max_rows)),
    ];
    LOCK_DUE.all(Mode::Latest, &params, |row| {
        Ok(row.text(0).unwrap_or_default())
    })
}

/// Makes a row, unless there is one.
pub fn create(agent: Agent<'_>, circuit: &Circuit, now: i64) -> StateResult<()> {
    let [tenant, key] = agent.params();
    let outcomes = circuit.window.encode();
    let params = [
        tenant,
        key,
        Param::Text(Some(circuit.state.as_str())),
        Param::Bytea(Some(&outcomes)),
        Param::Timestamptz(Some(now)),
    ];
    CREATE.run(Mode::Latest, &params)?;
    Ok(())
}

/// Writes the row, whose lock the caller has.
pub fn write(agent: Agent<'_>, circuit: &Circuit, transitions: i64, now: i64) -> StateResult<()> {
    let [tenant, key] = agent.params();
    let outcomes = circuit.window.encode();
    let time = |at: Option<i64>| Param::Timestamptz(at);
    let params = [
        tenant,
        key,
        Param::Text(Some(circuit.state.as_str())),
        Param::Bytea(Some(&outcomes)),
        Param::Int4(Some(circuit.attempt.into())),
        Param::Int4(Some(circuit.permits_taken.into())),
        time(circuit.opened_at),
        time(circuit.reset_at),
        time(circuit.progress_at),
        Param::Int8(Some(transitions)),
        Param::Timestamptz(Some(now)),
    ];
    WRITE.run(Mode::Latest, &params)?;
    Ok(())
}
