//! `wfstate.checkpoints`: names for versions.

use crate::core::checkpoints::{Which, behind};
use crate::core::{Code, StateError, StateResult};
use crate::pg::backend::reads_committed;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::log::cache::State;
use crate::store::log::executions::{self, Lock, key_params};
use crate::store::log::load;

static CREATE: Statement = Statement::new(
    "INSERT INTO wfstate.checkpoints (tenant, execution_id, name, version, metadata)
     SELECT $1, $2, $3, v.version, $5 FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} $4
     ON CONFLICT (tenant, execution_id, name) DO NOTHING",
    &[Type::Text, Type::Text, Type::Text, Type::Int8, Type::Jsonb],
);
/// A name that is moved is as one made now.
static PLACE: Statement = Statement::new(
    "INSERT INTO wfstate.checkpoints AS c (tenant, execution_id, name, version, metadata)
     SELECT $1, $2, $3, v.version, $5 FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} $4
     ON CONFLICT (tenant, execution_id, name) DO UPDATE
        SET version = excluded.version, metadata = excluded.metadata, created_by = excluded.created_by,
            created_at = excluded.created_at",
    &[Type::Text, Type::Text, Type::Text, Type::Int8, Type::Jsonb],
);
/// By whom it was moved or dropped since, the server finds where the transaction keeps a snapshot that shows it.
static UNMOVED: Statement = Statement::new(
    "SELECT FROM wfstate.checkpoints AS c
      WHERE c.tenant {=} $1 AND c.execution_id {=} $2 AND c.name {=} $3 FOR NO KEY UPDATE",
    &[Type::Text, Type::Text, Type::Text],
);
static IS_KEPT: Statement = Statement::new(
    "SELECT FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} $3",
    &[Type::Text, Type::Text, Type::Int8],
);
static FIND: Statement = Statement::new(
    "SELECT c.version FROM wfstate.checkpoints AS c
      WHERE c.tenant {=} $1 AND c.execution_id {=} $2 AND c.name {=} $3",
    &[Type::Text, Type::Text, Type::Text],
);
static LATEST: Statement = Statement::new(
    "SELECT c.version FROM wfstate.checkpoints AS c WHERE c.tenant {=} $1 AND c.execution_id {=} $2
      ORDER BY c.created_at DESC, c.version DESC, c.name LIMIT 1",
    &[Type::Text, Type::Text],
);
static DROP: Statement = Statement::new(
    "DELETE FROM wfstate.checkpoints AS c
      WHERE c.tenant {=} $1 AND c.execution_id {=} $2 AND c.name {=} $3",
    &[Type::Text, Type::Text, Type::Text],
);
static DROP_NAMED: Statement = Statement::new(
    "DELETE FROM wfstate.checkpoints AS c
      WHERE c.tenant {=} $1 AND c.execution_id {=} $2 AND c.name {=} ANY ($3)",
    &[Type::Text, Type::Text, Type::TextArray],
);
static DROP_PREFIXED: Statement = Statement::new(
    "DELETE FROM wfstate.checkpoints AS c
      WHERE c.tenant {=} $1 AND c.execution_id {=} $2
        AND c.name {=} ANY (ARRAY(
            SELECT n.name::pg_catalog.text FROM wfstate.checkpoints AS n
             WHERE n.tenant {=} $1 AND n.execution_id {=} $2 AND n.name {>=} $3 AND ($4 IS NULL OR n.name {<} $4)
             ORDER BY n.name LIMIT $5))",
    &[Type::Text, Type::Text, Type::Text, Type::Text, Type::Int8],
);

/// Names a version, by default the head; returns the version. The name must be free.
pub fn create(
    key: Key<'_>,
    name: &str,
    version: Option<i64>,
    metadata: Option<&[u8]>,
) -> StateResult<i64> {
    let version = referred(key, version)?;
    // One that was dropped since counts where the transaction keeps a snapshot that shows it.
    if !reads_committed()
        && let Some(shown) = find(Mode::Write, key, name)?
    {
        return Err(taken(key, name, shown));
    }
    if put(&CREATE, Mode::Latest, key, name, version, metadata)? {
        return Ok(version);
    }
    Err(match find(Mode::Latest, key, name)? {
        Some(now) => taken(key, name, now),
        None => StateError::version_not_found(key.id, version),
    })
}

fn taken(key: Key<'_>, name: &str, version: i64) -> StateError {
    StateError::new(
        Code::AlreadyExists,
        format!("checkpoint \"{name}\" of execution \"{}\" already exists", key.id),
    )
    .detail(format!("It stands for version {version}."))
    .hint("Choose another name, move the checkpoint with replace of wf_checkpoint, or drop it with wf_drop_checkpoint.")
}

/// The same with a name that may be another version's, from which it is taken.
pub fn place(
    key: Key<'_>,
    name: &str,
    version: Option<i64>,
    metadata: Option<&[u8]>,
) -> StateResult<i64> {
    let version = referred(key, version)?;
    let [tenant, id] = key_params(key);
    let is_kept = reads_committed() || {
        UNMOVED.run(Mode::Write, &[tenant, id, Param::Text(Some(name))])?;
        let [tenant, id] = key_params(key);
        IS_KEPT.run(Mode::Latest, &[tenant, id, Param::Int8(Some(version))])? > 0
    };
    if is_kept && put(&PLACE, Mode::Write, key, name, version, metadata)? {
        return Ok(version);
    }
    Err(StateError::version_not_found(key.id, version))
}

/// The version that is meant, kept from being pruned until the name is committed, which then protects it.
fn referred(key: Key<'_>, version: Option<i64>) -> StateResult<i64> {
    let head = executions::lock_existing(key, Lock::Reference)?;
    Ok(version.unwrap_or(head.version))
}

/// Whether the version has got the name.
fn put(
    statement: &Statement,
    mode: Mode,
    key: Key<'_>,
    name: &str,
    version: i64,
    metadata: Option<&[u8]>,
) -> StateResult<bool> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(Some(name)),
        Param::Int8(Some(version)),
        Param::Jsonb(metadata),
    ];
    Ok(statement.run(mode, &params)? > 0)
}

/// The version behind a name.
pub fn find(mode: Mode, key: Key<'_>, name: &str) -> StateResult<Option<i64>> {
    let [tenant, id] = key_params(key);
    Ok(FIND
        .one(mode, &[tenant, id, Param::Text(Some(name))], |row| {
            Ok(row.int8(0))
        })?
        .flatten())
}

/// The version behind a name that must be there.
pub fn existing(mode: Mode, key: Key<'_>, name: &str) -> StateResult<i64> {
    find(mode, key, name)?.ok_or_else(|| StateError::checkpoint_not_found(key.id, name))
}

/// The version of the checkpoint made last.
pub fn latest(mode: Mode, key: Key<'_>) -> StateResult<Option<i64>> {
    Ok(LATEST
        .one(mode, &key_params(key), |row| Ok(row.int8(0)))?
        .flatten())
}

/// The state that a name stands for, as it was saved, or in the newest shape.
pub fn state(key: Key<'_>, name: &str, upgrade: bool) -> StateResult<State> {
    let Some(version) = find(Mode::Read, key, name)? else {
        executions::read_existing(key)?;
        return Err(StateError::checkpoint_not_found(key.id, name));
    };
    load::at(key, Some(version), None, upgrade)
}

/// Whoever deletes the execution locks its head, and then its names: so whoever drops names begins there, too.
fn lock_head(key: Key<'_>) -> StateResult<()> {
    executions::lock(key, Lock::Reference).map(drop)
}

/// Removes a name; false when it is not there.
pub fn drop_named(key: Key<'_>, name: &str) -> StateResult<bool> {
    lock_head(key)?;
    let [tenant, id] = key_params(key);
    Ok(DROP.run(Mode::Write, &[tenant, id, Param::Text(Some(name))])? > 0)
}

/// Removes the names that are meant; how many there were.
pub fn drop_many(key: Key<'_>, which: &Which, max_rows: i64) -> StateResult<i64> {
    lock_head(key)?;
    let [tenant, id] = key_params(key);
    let dropped = match which {
        Which::Names(names) => {
            DROP_NAMED.run(Mode::Write, &[tenant, id, Param::TextArray(Some(names))])?
        }
        Which::Prefix(prefix) => {
            let behind = behind(prefix);
            let params = [
                tenant,
                id,
                Param::Text(Some(prefix)),
                Param::Text(behind.as_deref()),
                Param::Int8(Some(max_rows)),
            ];
            DROP_PREFIXED.run(Mode::Write, &params)?
        }
    };
    Ok(i64::try_from(dropped).unwrap_or(i64::MAX))
}
