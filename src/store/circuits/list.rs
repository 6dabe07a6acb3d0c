//! Circuits as they are now, without writing what a caller of them would write: works on a standby.

use crate::core::StateResult;
use crate::core::circuit::{Circuit, Policy, State};
use crate::pg::interrupts;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::circuits::policies::options;
use crate::store::circuits::rows::{COLUMNS, circuit, circuit_columns};

/// Rows that are read at a time: which of them belong to the page is seen only afterwards, since time alone
/// changes a state.
const BATCH: i64 = 500;

/// The agent's own options over the tenant's, from `p` and `d`.
macro_rules! policy_columns {
    () => {
        "coalesce(p.failure_rate, d.failure_rate), coalesce(p.slow_call_rate, d.slow_call_rate),
         coalesce(p.slow_call_duration, d.slow_call_duration), coalesce(p.window_kind, d.window_kind),
         coalesce(p.window_size, d.window_size), coalesce(p.minimum_calls, d.minimum_calls),
         coalesce(p.open_wait, d.open_wait), coalesce(p.open_wait_multiplier, d.open_wait_multiplier),
         coalesce(p.open_wait_max, d.open_wait_max), coalesce(p.half_open_permits, d.half_open_permits),
         coalesce(p.half_open_max_wait, d.half_open_max_wait)"
    };
}

macro_rules! listed {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            circuit_columns!(),
            ", ",
            policy_columns!(),
            ", c.agent_key, c.updated_at, pg_catalog.statement_timestamp()
               FROM wfstate.circuits AS c
               LEFT JOIN wfstate.circuit_policies AS p ON p.tenant {=} $1 AND p.agent_key {=} c.agent_key
               LEFT JOIN wfstate.circuit_policies AS d ON d.tenant {=} $1 AND d.agent_key {=} '*'
              WHERE c.tenant {=} $1 AND c.agent_key {>} $2",
            $condition,
            " ORDER BY c.agent_key LIMIT $3"
        )
    };
}

const PAGE: &[Type] = &[Type::Text, Type::Text, Type::Int8];

static ALL: Statement = Statement::new(listed!(""), PAGE);
static NOT_CLOSED: Statement = Statement::new(
    listed!(" AND c.state {=} ANY (ARRAY['open', 'half_open', 'forced_open'])"),
    PAGE,
);

/// A circuit as the lists show it.
pub struct Listed {
    /// Agent.
    pub agent_key: String,
    /// As of `now`.
    pub circuit: Circuit,
    /// What it goes by.
    pub policy: Policy,
    /// Changes of its state.
    pub transitions: i64,
    /// When its row was written last.
    pub updated_at: Option<i64>,
    /// Time of the statement that asks.
    pub now: i64,
}

fn listed(row: &Row<'_>) -> StateResult<Listed> {
    const REST: usize = COLUMNS + 11;
    let policy = Policy::with(&options(row, COLUMNS));
    let now = row.micros(REST + 2).unwrap_or_default();
    Ok(Listed {
        agent_key: row.text(REST).unwrap_or_default(),
        circuit: circuit(row, &policy).as_of(&policy, now),
        policy,
        transitions: row.int8(7).unwrap_or_default(),
        updated_at: row.micros(REST + 1),
        now,
    })
}

/// A page of the circuits that are in one of the states now, by agent; `each` gets them one by one.
pub fn page(
    tenant: &str,
    states: &[State],
    after: Option<&str>,
    max_rows: i64,
    mut each: impl FnMut(Listed),
) -> StateResult<()> {
    let some_open = [State::Open, State::HalfOpen, State::ForcedOpen];
    let statement = if states.iter().all(|state| some_open.contains(state)) {
        &NOT_CLOSED
    } else {
        &ALL
    };
    let mut left = max_rows;
    let mut last = after.unwrap_or_default().to_string();
    loop {
        let params = [
            Param::Text(Some(tenant)),
            Param::Text(Some(&last)),
            Param::Int8(Some(BATCH)),
        ];
        let batch = statement.all(Mode::Read, &params, listed)?;
        let is_last = i64::try_from(batch.len()).is_ok_and(|count| count < BATCH);
        if let Some(listed) = batch.last() {
            last.clone_from(&listed.agent_key);
        }
        for listed in batch {
            if left > 0 && states.contains(&listed.circuit.state) {
                left -= 1;
                each(listed);
            }
        }
        if is_last || left == 0 {
            return Ok(());
        }
        interrupts::check();
    }
}
