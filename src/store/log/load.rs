//! Loading: the head with its state.

use crate::core::{StateError, StateResult};
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::log::cache::State;
use crate::store::log::executions::{self, Head, head, key_params};
use crate::store::log::rebuild;
use crate::store::log::versions;
use crate::store::migrations::apply;
use std::collections::HashSet;
use std::rc::Rc;

/// An execution as wf_load shows it.
pub struct Loaded {
    /// What loading needs of the head.
    pub head: Head,
    /// Id.
    pub execution_id: String,
    /// Role that created it.
    pub initiated_by: String,
    /// First save.
    pub created_at: Option<i64>,
    /// First time running.
    pub started_at: Option<i64>,
    /// Newest save.
    pub updated_at: Option<i64>,
    /// When the status became final.
    pub completed_at: Option<i64>,
    /// Source of a fork.
    pub forked_from_execution_id: Option<String>,
    /// Its version.
    pub forked_from_version: Option<i64>,
    /// Tags.
    pub tags: Option<Vec<u8>>,
}

macro_rules! loaded_columns {
    () => {
        concat!(
            $crate::store::log::executions::head_columns!(),
            ", e.execution_id, e.initiated_by,
               e.created_at, e.started_at, e.updated_at, e.completed_at, e.forked_from_execution_id, e.forked_from_version, s.tags"
        )
    };
}
pub(in crate::store) use loaded_columns;

/// OFFSET 0 keeps the look-ups apart from the join: always one id after the other by index, where the planner
/// could otherwise find it cheaper, by what it last knew of the tables, to read all of them.
static LOAD: Statement = Statement::new(
    concat!(
        "SELECT l.* FROM pg_catalog.unnest($2) WITH ORDINALITY AS wanted (execution_id, position)
          CROSS JOIN LATERAL (SELECT ",
        loaded_columns!(),
        " FROM wfstate.executions AS e
          LEFT JOIN wfstate.search AS s ON s.tenant {=} $1 AND s.execution_id {=} wanted.execution_id
         WHERE e.tenant {=} $1 AND e.execution_id {=} wanted.execution_id OFFSET 0) AS l
         ORDER BY wanted.position"
    ),
    &[Type::Text, Type::TextArray],
);

/// Reads the columns of `loaded_columns!`.
pub(in crate::store) fn loaded(row: &Row<'_>) -> StateResult<Loaded> {
    Ok(Loaded {
        head: head(row)?,
        execution_id: row.text(12).unwrap_or_default(),
        initiated_by: row.text(13).unwrap_or_default(),
        created_at: row.micros(14),
        started_at: row.micros(15),
        updated_at: row.micros(16),
        completed_at: row.micros(17),
        forked_from_execution_id: row.text(18),
        forked_from_version: row.int8(19),
        tags: row.jsonb(20),
    })
}

/// The state of the head.
pub fn state(key: Key<'_>) -> StateResult<State> {
    match rebuild::load(key)? {
        Some((head, state)) => Ok(apply::upgraded(Mode::Read, key, &head, state)?.0),
        None => Err(StateError::execution_not_found(key.id, key.tenant)),
    }
}

/// Those of `ids` that exist, in the order asked for.
pub fn heads(tenant: &str, ids: &[String]) -> StateResult<Vec<Loaded>> {
    let params = [Param::Text(Some(tenant)), Param::TextArray(Some(ids))];
    LOAD.all(Mode::Read, &params, loaded)
}

/// An execution with its state in the newest shape, and which that is.
pub fn in_newest_shape(
    tenant: &str,
    mut row: Loaded,
    state: State,
) -> StateResult<(Loaded, State)> {
    let key = Key {
        tenant,
        id: &row.execution_id,
    };
    let (state, shape) = apply::upgraded(Mode::Read, key, &row.head, state)?;
    row.head.schema_version = shape;
    Ok((row, state))
}

/// The state of a head, as it is stored.
pub fn state_of(tenant: &str, row: &Loaded) -> StateResult<State> {
    let key = Key {
        tenant,
        id: &row.execution_id,
    };
    rebuild::head(Mode::Read, key, &row.head)
}

/// Those of `ids` that exist, in the order asked for, each once; a state is rebuilt when it is asked for.
pub fn many(
    tenant: String,
    mut ids: Vec<String>,
) -> StateResult<impl Iterator<Item = StateResult<(Loaded, State)>> + 'static> {
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    let rows = heads(&tenant, &ids)?;
    Ok(rows.into_iter().map(move |row| {
        let state = state_of(&tenant, &row)?;
        in_newest_shape(&tenant, row, state)
    }))
}

/// One head with its state; refuses a missing one.
pub fn one(key: Key<'_>) -> StateResult<(Loaded, State)> {
    let row = heads(key.tenant, &[key.id.to_owned()])?
        .pop()
        .ok_or_else(|| StateError::execution_not_found(key.id, key.tenant))?;
    let state = state_of(key.tenant, &row)?;
    in_newest_shape(key.tenant, row, state)
}

/// Version saved last at or before a time; found by halving, since versions are saved in order of time.
static AS_OF: Statement = Statement::new(
    "SELECT v.version, v.saved_at {<=} $4 FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {>=} $3 ORDER BY v.version LIMIT 1",
    &[Type::Text, Type::Text, Type::Int8, Type::Timestamptz],
);

/// The state at a version, at a time, or now; never both. As it was saved, or in the newest shape.
pub fn at(
    key: Key<'_>,
    version: Option<i64>,
    at: Option<i64>,
    upgrade: bool,
) -> StateResult<State> {
    let head = executions::read_existing(key)?;
    let version = match (version, at) {
        (Some(version), _) => version,
        (None, None) => head.version,
        (None, Some(at)) => as_of(key, head.version, at)?.ok_or_else(|| {
            StateError::new(
                crate::core::Code::NotFound,
                format!("execution \"{}\" has no version that old", key.id),
            )
            .hint("wf_history tells when each kept version was saved.")
        })?,
    };
    let state = if version == head.version {
        rebuild::head(Mode::Read, key, &head)?
    } else {
        rebuild::at(Mode::Read, key, version).map(Rc::new)?
    };
    if !upgrade {
        return Ok(state);
    }
    let mut then = head;
    if version != then.version {
        then.schema_version = versions::schema_version(key, version)?;
    }
    Ok(apply::upgraded(Mode::Read, key, &then, state)?.0)
}

fn as_of(key: Key<'_>, head: i64, at: i64) -> StateResult<Option<i64>> {
    let (mut low, mut high, mut found) = (1, head, None);
    while low <= high {
        let middle = low + (high - low) / 2;
        let [tenant, id] = key_params(key);
        let params = [
            tenant,
            id,
            Param::Int8(Some(middle)),
            Param::Timestamptz(Some(at)),
        ];
        let probe = AS_OF.one(Mode::Read, &params, |row| Ok((row.int8(0), row.bool(1))))?;
        match probe {
            // Pruned versions leave gaps: the probe may find a later one than the middle.
            Some((Some(version), Some(true))) => {
                found = Some(version);
                low = version + 1;
            }
            _ => high = middle - 1,
        }
    }
    Ok(found)
}
