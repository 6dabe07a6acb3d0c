//! `wfstate.executions`: the head of each execution.

use crate::core::{StateError, StateResult, statuses};
use crate::pg::backend::reads_committed;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
pub(in crate::store) use crate::store::key_params;
use crate::store::log::direct::read as direct;

/// What saving and loading need of a head.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// Newest version.
    pub version: i64,
    /// Where its log segment begins.
    pub keyframe_version: i64,
    /// Its chained hash.
    pub hash: i64,
    /// Size of its state when it was last known.
    pub state_bytes: i64,
    /// Bytes of patches since the newest keyframe.
    pub chain_bytes: i64,
    /// Bytes of patches before it, back to the last kept one.
    pub archive_bytes: i64,
    /// When it was saved, in the server's microseconds.
    pub updated_at: i64,
    /// Workflow of the execution.
    pub workflow: Option<String>,
    /// Version of its definition that the execution is bound to.
    pub workflow_version: Option<i32>,
    /// Version of the shape of its state.
    pub schema_version: Option<i32>,
    /// Phase that it is in.
    pub phase: Option<String>,
    /// Status.
    pub status: String,
}

impl Head {
    /// Whether it is another one of the same content, bound alike and in the same phase.
    pub(in crate::store) fn is(&self, other: &Head) -> bool {
        self.version == other.version
            && self.hash == other.hash
            && self.workflow == other.workflow
            && self.workflow_version == other.workflow_version
            && self.schema_version == other.schema_version
            && self.phase == other.phase
    }

    /// About the size of its state, as it was known last.
    pub(in crate::store) fn expected(&self) -> Option<usize> {
        usize::try_from(self.state_bytes)
            .ok()
            .filter(|size| *size > 0)
    }
}

/// How many columns `head_columns!` has.
pub(in crate::store) const HEAD_COLUMNS: usize = 12;

macro_rules! head_columns {
    () => {
        "e.version, e.keyframe_version, e.hash, e.state_bytes, e.chain_bytes, e.archive_bytes, e.updated_at, e.workflow,
         e.workflow_version, e.schema_version, e.phase, e.status"
    };
}
pub(in crate::store) use head_columns;

/// Reads the columns of `head_columns!`.
pub(in crate::store) fn head(row: &Row<'_>) -> StateResult<Head> {
    Ok(head_from(row, 0))
}

/// Reads the columns of `head_columns!`, where they begin.
pub(in crate::store) fn head_from(row: &Row<'_>, column: usize) -> Head {
    let int = |offset| row.int8(column + offset).unwrap_or_default();
    let int4 = |offset| row.int4(column + offset).map_or(0, i64::from);
    Head {
        version: int(0),
        keyframe_version: int(1),
        hash: int(2),
        state_bytes: int4(3),
        chain_bytes: int4(4),
        archive_bytes: int(5),
        updated_at: row.micros(column + 6).unwrap_or_default(),
        workflow: row.text(column + 7),
        workflow_version: row.int4(column + 8),
        schema_version: row.int4(column + 9),
        phase: row.text(column + 10),
        status: row.text(column + 11).unwrap_or_default(),
    }
}

const KEY: &[Type] = &[Type::Text, Type::Text];

/// The one text that reads a head, with the policy's own expression, so that the server compares the tenant once.
/// The statuses that set completed_at, for statements.
macro_rules! final_statuses {
    () => {
        "'{completed,failed,cancelled,compensated}'::pg_catalog.text[]"
    };
}
pub(in crate::store) use final_statuses;

macro_rules! read_head {
    ($lock:literal) => {
        Statement::new(
            concat!(
                "SELECT ",
                head_columns!(),
                " FROM wfstate.executions AS e
                  WHERE e.tenant {=} wfstate.current_tenant() AND e.execution_id {=} $2",
                $lock
            ),
            KEY,
        )
    };
}
static READ: Statement = read_head!("");
static LOCK_FOR_SAVE: Statement = read_head!(" FOR NO KEY UPDATE");
static LOCK_FOR_PRUNE: Statement = read_head!(" FOR UPDATE");
static LOCK_FOR_REFERENCE: Statement = read_head!(" FOR KEY SHARE");
static SOURCE: Statement = Statement::new(
    "SELECT e.forked_from_execution_id FROM wfstate.executions AS e
      WHERE e.tenant {=} $1 AND e.execution_id {=} $2",
    KEY,
);
static STATUS: Statement = Statement::new(
    "SELECT e.status FROM wfstate.executions AS e WHERE e.tenant {=} $1 AND e.execution_id {=} $2",
    KEY,
);
static FORKS: Statement = Statement::new(
    "SELECT e.execution_id FROM wfstate.executions AS e
      WHERE e.tenant {=} $1 AND e.forked_from_execution_id {=} $2
      ORDER BY e.execution_id FOR NO KEY UPDATE",
    KEY,
);
static SET_KEYFRAME: Statement = Statement::new(
    "UPDATE wfstate.executions AS e
        SET keyframe_version = e.version, chain_bytes = 0, state_bytes = $3, archive_bytes = $4
      WHERE e.tenant {=} $1 AND e.execution_id {=} $2",
    &[Type::Text, Type::Text, Type::Int4, Type::Int8],
);

/// Why a head is locked; each mode waits for no more than it must.
#[derive(Clone, Copy)]
pub enum Lock {
    /// To append a version: one writer at a time, references may be taken meanwhile.
    Save,
    /// To remove versions: nobody else at all. As with the others, what has changed since the snapshot that the
    /// transaction keeps is refused by the server (40001).
    Prune,
    /// To refer to a version: it must not be pruned or deleted, saves go on.
    Reference,
}

/// Where the row of each is: another place is another content.
static PLACES: Statement = Statement::new(
    "SELECT (SELECT e.ctid::pg_catalog.text FROM wfstate.executions AS e
              WHERE e.tenant {=} $1 AND e.execution_id {=} u.id) FROM pg_catalog.unnest($2) WITH ORDINALITY AS u (id, n)
      ORDER BY u.n",
    &[Type::Text, Type::TextArray],
);

static LOCK_FREE: Statement = Statement::new(
    concat!(
        "SELECT ",
        head_columns!(),
        ", e.execution_id FROM wfstate.executions AS e
          WHERE e.tenant {=} $1 AND e.execution_id {=} ANY ($2)
          ORDER BY e.execution_id FOR NO KEY UPDATE SKIP LOCKED"
    ),
    &[Type::Text, Type::TextArray],
);

static LOCK_FREE_ALONE: Statement = read_head!(" FOR UPDATE SKIP LOCKED");

/// Locks a head against everybody else, unless somebody has it.
pub fn lock_free_alone(key: Key<'_>) -> StateResult<Option<Head>> {
    LOCK_FREE_ALONE.one(Mode::Latest, &key_params(key), head)
}

/// Those of these executions that nobody else is writing, locked against it.
pub fn lock_free(tenant: &str, ids: &[String]) -> StateResult<Vec<(String, Head)>> {
    let params = [Param::Text(Some(tenant)), Param::TextArray(Some(ids))];
    LOCK_FREE.all(Mode::Latest, &params, |row| {
        Ok((
            row.text(HEAD_COLUMNS).unwrap_or_default(),
            head_from(row, 0),
        ))
    })
}

/// The head as the calling query sees it.
pub fn read(key: Key<'_>) -> StateResult<Option<Head>> {
    match direct::head(key) {
        Some(found) => Ok(found),
        None => READ.one(Mode::Read, &key_params(key), head),
    }
}

/// The head as it is committed now, and by this transaction, also where that keeps an older snapshot.
pub fn read_latest(key: Key<'_>) -> StateResult<Option<Head>> {
    READ.one(Mode::Latest, &key_params(key), head)
}

/// The head as the calling query sees it; refuses a missing one.
pub fn read_existing(key: Key<'_>) -> StateResult<Head> {
    read(key)?.ok_or_else(|| StateError::execution_not_found(key.id, key.tenant))
}

/// The committed head, locked until the transaction ends.
pub fn lock(key: Key<'_>, lock: Lock) -> StateResult<Option<Head>> {
    let statement = match lock {
        Lock::Save => &LOCK_FOR_SAVE,
        Lock::Prune => &LOCK_FOR_PRUNE,
        Lock::Reference => &LOCK_FOR_REFERENCE,
    };
    statement.one(Mode::Write, &key_params(key), head)
}

/// Locks a head as for a save, also one that the transaction's snapshot does not show; false where there is none.
pub fn lock_latest(key: Key<'_>) -> StateResult<bool> {
    Ok(LOCK_FOR_SAVE.run(Mode::Latest, &key_params(key))? > 0)
}

/// Those of some locked executions that are as the transaction's snapshot shows them, where it keeps one.
pub fn as_shown(tenant: &str, mut ids: Vec<String>) -> StateResult<Vec<String>> {
    if reads_committed() {
        return Ok(ids);
    }
    let params = [Param::Text(Some(tenant)), Param::TextArray(Some(&ids))];
    let places = |mode| PLACES.all(mode, &params, |row| Ok(row.text(0)));
    let (shown, now) = (places(Mode::Write)?, places(Mode::Latest)?);
    let mut is_same = shown.iter().zip(&now).map(|(shown, now)| shown == now);
    ids.retain(|_| is_same.next() == Some(true));
    Ok(ids)
}

/// The committed head, locked; refuses a missing one.
pub fn lock_existing(key: Key<'_>, how: Lock) -> StateResult<Head> {
    lock(key, how)?.ok_or_else(|| StateError::execution_not_found(key.id, key.tenant))
}

/// Refuses when the caller expects another version than the head's.
pub fn check_expected(key: Key<'_>, expected: Option<i64>, head: i64) -> StateResult<()> {
    match expected {
        Some(expected) if expected != head => {
            Err(StateError::concurrent_modification(key.id, expected, head))
        }
        _ => Ok(()),
    }
}

/// Why a locked head did not take the status that was given.
pub fn refused_status(key: Key<'_>, to: Option<&str>) -> StateResult<StateError> {
    let from = STATUS
        .one(Mode::Write, &key_params(key), |row| Ok(row.text(0)))?
        .flatten();
    let refused = from
        .zip(to)
        .and_then(|(from, to)| statuses::check(key.id, &from, to).err());
    Ok(refused.unwrap_or_else(|| StateError::execution_not_found(key.id, key.tenant)))
}

/// The execution that this one was forked from.
pub fn source(mode: Mode, key: Key<'_>) -> StateResult<Option<String>> {
    Ok(SOURCE
        .one(mode, &key_params(key), |row| Ok(row.text(0)))?
        .flatten())
}

/// The forks of an execution, locked against being changed.
pub fn lock_forks(key: Key<'_>) -> StateResult<Vec<String>> {
    FORKS.all(Mode::Latest, &key_params(key), |row| {
        Ok(row.text(0).unwrap_or_default())
    })
}

/// Makes the head's newest version its keyframe.
pub fn set_keyframe(key: Key<'_>, state_bytes: i64, archive_bytes: i64) -> StateResult<()> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int4(Some(state_bytes)),
        Param::Int8(Some(archive_bytes)),
    ];
    SET_KEYFRAME.run(Mode::Write, &params)?;
    Ok(())
}
