//! `wfstate.sessions`: whose an execution is, and what for.

use crate::core::jsonb::build;
use crate::core::{Code, StateError, StateResult};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::log::cache::State;
use crate::store::log::executions::key_params;
use crate::store::log::load::{self, Loaded};
use crate::store::log::patch;
use crate::store::log::save::{self, Request};
use crate::store::queue::guard;

/// Whose a session is, and what for.
#[derive(Clone, Copy)]
pub struct About<'a> {
    /// User; NULL keeps the former.
    pub user_id: Option<&'a str>,
    /// Mission; NULL keeps the former.
    pub mission: Option<&'a str>,
}

const ABOUT: &[Type] = &[Type::Text, Type::Text, Type::Text, Type::Text];

/// One row where there is a session; whether it says this already.
static SAYS: Statement = Statement::new(
    "SELECT coalesce(s.user_id {=} $3, $3 IS NULL) AND coalesce(s.mission {=} $4, $4 IS NULL)
       FROM wfstate.sessions AS s WHERE s.tenant {=} $1 AND s.execution_id {=} $2",
    ABOUT,
);
static CREATE: Statement = Statement::new(
    "WITH head AS (
  UPDATE wfstate.executions AS e SET is_session = true WHERE e.tenant {=} $1 AND e.execution_id {=} $2
  RETURNING e.created_at
)
INSERT INTO wfstate.sessions (tenant, execution_id, created_at, user_id, mission)
SELECT $1, $2, h.created_at, $3, $4 FROM head AS h",
    ABOUT,
);
static CHANGE: Statement = Statement::new(
    "UPDATE wfstate.sessions AS s SET user_id = coalesce($3, s.user_id), mission = coalesce($4, s.mission)
      WHERE s.tenant {=} $1 AND s.execution_id {=} $2",
    ABOUT,
);

/// A patch without operations.
fn unchanged() -> StateResult<Vec<u8>> {
    build::array(&[]).map_err(|error| StateError::bad_document("patch", error))
}

/// Saves the state of a session; creates it when it is missing. Without a state, the execution must be there and keeps
/// the one that it has. Returns the new version.
pub fn save(
    request: &Request<'_>,
    lease: Option<i64>,
    state: Option<&[u8]>,
    about: About<'_>,
) -> StateResult<i64> {
    let key = request.key;
    guard::with_status(key, lease, request.labels.status, || {
        // Holds the head until the transaction ends, so that nobody else makes the session meanwhile.
        let version = match state {
            Some(state) => save::save(request, state)?,
            None => patch::patch(request, &unchanged()?)?,
        };
        let [tenant, id] = key_params(key);
        let params = [
            tenant,
            id,
            Param::Text(about.user_id),
            Param::Text(about.mission),
        ];
        match SAYS.one(Mode::Latest, &params, |row| {
            Ok(row.bool(0).unwrap_or_default())
        })? {
            None => CREATE.run(Mode::Latest, &params)?,
            Some(false) => CHANGE.run(Mode::Latest, &params)?,
            Some(true) => 0,
        };
        Ok(version)
    })
}

static READ: Statement = Statement::new(
    "SELECT s.user_id, s.mission FROM wfstate.sessions AS s WHERE s.tenant {=} $1 AND s.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

/// A session: whose, what for, and the execution with its state.
pub struct Session {
    /// User.
    pub user_id: Option<String>,
    /// Mission.
    pub mission: Option<String>,
    /// Execution.
    pub loaded: Loaded,
    /// Its state.
    pub state: State,
}

/// A session with its current state.
pub fn load(key: Key<'_>) -> StateResult<Session> {
    let about = READ.one(Mode::Read, &key_params(key), |row| {
        Ok((row.text(0), row.text(1)))
    })?;
    let (user_id, mission) = about.ok_or_else(|| not_found(key))?;
    let (loaded, state) = load::one(key)?;
    Ok(Session {
        user_id,
        mission,
        loaded,
        state,
    })
}

fn not_found(key: Key<'_>) -> StateError {
    StateError::new(
        Code::NotFound,
        format!("session \"{}\" does not exist", key.id),
    )
    .detail(format!("The tenant is \"{}\".", key.tenant))
    .hint("Check the id and the setting wfstate.tenant; wf_save_session creates a session, wf_load loads any execution.")
}
