//! `wfstate.runs`: what an execution was started with, and what came of it.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::key_params;

static INSERT: Statement = Statement::new(
    "INSERT INTO wfstate.runs (tenant, execution_id, workflow, idempotency_key, input, input_hash, parent_execution_id,
            priority, concurrency_key)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8::pg_catalog.int2, $9) ON CONFLICT DO NOTHING",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Jsonb,
        Type::Int8,
        Type::Text,
        Type::Int4,
        Type::Text,
    ],
);

/// What is asked for.
pub struct New<'a> {
    /// Workflow.
    pub workflow: &'a str,
    /// Key that is the same execution whenever it is used.
    pub idempotency_key: Option<&'a str>,
    /// What it is started with.
    pub input: Option<&'a [u8]>,
    /// Hash of that.
    pub input_hash: i64,
    /// Execution that it belongs to.
    pub parent: Option<&'a str>,
    /// From 0 to 9.
    pub priority: i32,
    /// Of those with the same one, no more at a time than is allowed.
    pub concurrency_key: Option<&'a str>,
}

/// Adds the row; false where its id or its key is there. Waits for whoever is adding one of them.
pub fn insert(key: Key<'_>, new: &New<'_>) -> StateResult<bool> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(Some(new.workflow)),
        Param::Text(new.idempotency_key),
        Param::Jsonb(new.input),
        Param::Int8(Some(new.input_hash)),
        Param::Text(new.parent),
        Param::Int4(Some(i64::from(new.priority))),
        Param::Text(new.concurrency_key),
    ];
    Ok(INSERT.run(Mode::Write, &params)? > 0)
}

/// A row that is there already.
pub struct Found {
    /// Its execution.
    pub execution_id: String,
    /// Workflow that was started.
    pub workflow: Option<String>,
    /// Hash of the input.
    pub input_hash: i64,
    /// Key that it was started with.
    pub idempotency_key: Option<String>,
    /// Newest version; `None` where the execution is not there.
    pub version: Option<i64>,
}

macro_rules! find {
    ($condition:literal, $types:expr) => {
        Statement::new(
            concat!(
                "SELECT r.execution_id, r.workflow, r.input_hash,
                        (SELECT e.version FROM wfstate.executions AS e
                          WHERE e.tenant {=} $1 AND e.execution_id {=} r.execution_id), r.idempotency_key
                   FROM wfstate.runs AS r
                  WHERE r.tenant {=} $1 AND ",
                $condition
            ),
            $types,
        )
    };
}
static BY_KEY: Statement = find!(
    "r.workflow {=} $2 AND r.idempotency_key {=} $3",
    &[Type::Text, Type::Text, Type::Text]
);
static BY_ID: Statement = find!("r.execution_id {=} $2", &[Type::Text, Type::Text]);

fn found(row: &Row<'_>) -> StateResult<Found> {
    Ok(Found {
        execution_id: row.text(0).unwrap_or_default(),
        workflow: row.text(1),
        input_hash: row.int8(2).unwrap_or_default(),
        version: row.int8(3),
        idempotency_key: row.text(4),
    })
}

/// The row that has the key of a workflow.
pub fn of_key(tenant: &str, workflow: &str, idempotency_key: &str) -> StateResult<Option<Found>> {
    let params = [tenant, workflow, idempotency_key].map(|text| Param::Text(Some(text)));
    BY_KEY.one(Mode::Latest, &params, found)
}

/// The row of an execution.
pub fn of_id(key: Key<'_>) -> StateResult<Option<Found>> {
    BY_ID.one(Mode::Latest, &key_params(key), found)
}

/// What comes of an execution.
#[derive(Clone, Copy, Default)]
pub struct Outcome<'a> {
    /// What wf_complete was given.
    pub result: Option<&'a [u8]>,
    /// What wf_fail was given.
    pub error: Option<&'a [u8]>,
}

static SET_OUTCOME: Statement = Statement::new(
    "INSERT INTO wfstate.runs AS r (tenant, execution_id, result, error) VALUES ($1, $2, $3, $4)
     ON CONFLICT (tenant, execution_id) DO UPDATE SET result = excluded.result, error = excluded.error",
    &[Type::Text, Type::Text, Type::Jsonb, Type::Jsonb],
);
static CLEAR_OUTCOME: Statement = Statement::new(
    "UPDATE wfstate.runs AS r SET result = NULL, error = NULL
      WHERE r.tenant {=} $1 AND r.execution_id {=} $2 AND (r.result IS NOT NULL OR r.error IS NOT NULL)",
    &[Type::Text, Type::Text],
);
static HAS_OUTCOME: Statement = Statement::new(
    "SELECT EXISTS (SELECT FROM wfstate.runs AS r
                     WHERE r.tenant {=} $1 AND r.execution_id {=} $2
                       AND (r.result IS NOT NULL OR r.error IS NOT NULL)) AS has_any,
            EXISTS (SELECT FROM wfstate.runs AS r
                     WHERE r.tenant {=} $1 AND r.execution_id {=} $2
                       AND (r.result {=} $3 OR (r.result IS NULL AND $3 IS NULL))
                       AND (r.error {=} $4 OR (r.error IS NULL AND $4 IS NULL))) AS has_this",
    &[Type::Text, Type::Text, Type::Jsonb, Type::Jsonb],
);

/// Keeps what comes of a locked execution, or that nothing has yet.
pub fn set_outcome(key: Key<'_>, outcome: Outcome<'_>) -> StateResult<()> {
    let [tenant, id] = key_params(key);
    match (outcome.result, outcome.error) {
        (None, None) => CLEAR_OUTCOME.run(Mode::Latest, &[tenant, id])?,
        (result, error) => {
            let params = [tenant, id, Param::Jsonb(result), Param::Jsonb(error)];
            SET_OUTCOME.run(Mode::Latest, &params)?
        }
    };
    Ok(())
}

/// Whether this is what has come of a locked execution.
pub fn has_outcome(key: Key<'_>, outcome: Outcome<'_>) -> StateResult<bool> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Jsonb(outcome.result),
        Param::Jsonb(outcome.error),
    ];
    let is_none = outcome.result.is_none() && outcome.error.is_none();
    let found = HAS_OUTCOME.one(Mode::Latest, &params, |row| {
        let (any, this) = (row.bool(0), row.bool(1));
        Ok(this.unwrap_or_default() || is_none && !any.unwrap_or_default())
    })?;
    Ok(found.unwrap_or_default())
}

static BEGIN_UNDOING: Statement = Statement::new(
    "INSERT INTO wfstate.runs AS r (tenant, execution_id, undoing) VALUES ($1, $2, true)
     ON CONFLICT (tenant, execution_id) DO UPDATE SET undoing = true WHERE NOT r.undoing",
    &[Type::Text, Type::Text],
);
static END_UNDOING: Statement = Statement::new(
    "UPDATE wfstate.runs AS r SET undoing = false
      WHERE r.tenant {=} $1 AND r.execution_id {=} $2 AND r.undoing",
    &[Type::Text, Type::Text],
);
static IS_UNDOING: Statement = Statement::new(
    "SELECT r.undoing FROM wfstate.runs AS r WHERE r.tenant {=} $1 AND r.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

/// Notes whether a locked execution is being undone.
pub fn set_undoing(key: Key<'_>, undoing: bool) -> StateResult<()> {
    let statement = match undoing {
        true => &BEGIN_UNDOING,
        false => &END_UNDOING,
    };
    statement.run(Mode::Latest, &key_params(key))?;
    Ok(())
}

/// Whether a locked execution was being undone.
pub fn is_undoing(key: Key<'_>) -> StateResult<bool> {
    let found = IS_UNDOING.one(Mode::Latest, &key_params(key), |row| Ok(row.bool(0)))?;
    Ok(found.flatten().unwrap_or_default())
}

static INPUT: Statement = Statement::new(
    "SELECT r.input FROM wfstate.runs AS r WHERE r.tenant {=} $1 AND r.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

/// What an execution was started with.
pub fn input(key: Key<'_>) -> StateResult<Option<Vec<u8>>> {
    let found = INPUT.one(Mode::Latest, &key_params(key), |row| Ok(row.jsonb(0)))?;
    Ok(found.flatten())
}

static SHOW: Statement = Statement::new(
    "SELECT e.workflow, e.workflow_version, e.status, e.phase, e.version, r.input, r.result, r.error,
            r.idempotency_key, r.parent_execution_id, e.initiated_by, e.created_at, e.started_at, e.updated_at,
            e.completed_at, r.priority::pg_catalog.int4 AS priority, r.concurrency_key,
            CASE WHEN l.state {=} ANY ('{delayed,waiting}'::pg_catalog.text[]) THEN l.check_at END AS wake_at
       FROM wfstate.executions AS e
       LEFT JOIN wfstate.runs AS r ON r.tenant {=} $1 AND r.execution_id {=} $2
       LEFT JOIN wfstate.leases AS l ON l.tenant {=} $1 AND l.execution_id {=} $2
      WHERE e.tenant {=} $1 AND e.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

/// Gives `each` the row of wf_execution; false where there is none.
pub fn show(key: Key<'_>, mut each: impl FnMut(&Row<'_>)) -> StateResult<bool> {
    let mut is_there = false;
    SHOW.receive(Mode::Read, &key_params(key), |row| {
        is_there = true;
        each(row);
        Ok(())
    });
    Ok(is_there)
}
