//! `wfstate.checkpoints`: names for versions.

use crate::core::{Code, StateError, StateResult};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::{self, Lock, key_params};

static CREATE: Statement = Statement::new(
    "INSERT INTO wfstate.checkpoints (tenant, execution_id, name, version, metadata)
     SELECT $1, $2, $3, v.version, $5 FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} $4
     ON CONFLICT (tenant, execution_id, name) DO NOTHING",
    &[Type::Text, Type::Text, Type::Text, Type::Int8, Type::Jsonb],
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
static LIST: Statement = Statement::new(
    "SELECT c.name, c.version, c.metadata, c.created_by, c.created_at FROM wfstate.checkpoints AS c
      WHERE c.tenant {=} $1 AND c.execution_id {=} $2
        AND ($3 IS NULL OR c.version {>} $3 OR (c.version {=} $3 AND c.name {>} $4))
      ORDER BY c.version, c.name LIMIT $5",
    &[Type::Text, Type::Text, Type::Int8, Type::Text, Type::Int8],
);
static DROP: Statement = Statement::new(
    "DELETE FROM wfstate.checkpoints AS c
      WHERE c.tenant {=} $1 AND c.execution_id {=} $2 AND c.name {=} $3",
    &[Type::Text, Type::Text, Type::Text],
);

/// Names a version, by default the head; returns the version.
pub fn create(
    key: Key<'_>,
    name: &str,
    version: Option<i64>,
    metadata: Option<&[u8]>,
) -> StateResult<i64> {
    // Keeps the version from being pruned until the name is committed, which then protects it.
    let head = executions::lock_existing(key, Lock::Reference)?;
    let version = version.unwrap_or(head.version);
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(Some(name)),
        Param::Int8(Some(version)),
        Param::Jsonb(metadata),
    ];
    if CREATE.run(Mode::Latest, &params)? > 0 {
        return Ok(version);
    }
    match find(Mode::Latest, key, name)? {
        Some(taken) => Err(StateError::new(
            Code::AlreadyExists,
            format!(
                "checkpoint \"{name}\" of execution \"{}\" already exists",
                key.id
            ),
        )
        .detail(format!("It stands for version {taken}."))
        .hint("Choose another name, or drop the checkpoint first with wf_drop_checkpoint.")),
        None => Err(StateError::version_not_found(key.id, version)),
    }
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

/// A checkpoint: name, version, metadata, who made it and when.
pub type Checkpoint = (String, i64, Option<Vec<u8>>, String, Option<i64>);

/// A page of checkpoints by version and name, after the one named `after`; `each` gets them one by one.
pub fn list(
    key: Key<'_>,
    after: Option<&str>,
    max_rows: i64,
    mut each: impl FnMut(Checkpoint),
) -> StateResult<()> {
    executions::read_existing(key)?;
    let after_version = match after {
        Some(name) => Some(existing(Mode::Read, key, name)?),
        None => None,
    };
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(after_version),
        Param::Text(after),
        Param::Int8(Some(max_rows)),
    ];
    LIST.receive(Mode::Read, &params, |row| {
        each((
            row.text(0).unwrap_or_default(),
            row.int8(1).unwrap_or_default(),
            row.jsonb(2),
            row.text(3).unwrap_or_default(),
            row.micros(4),
        ));
        Ok(())
    });
    Ok(())
}

/// Removes a name; false when it is not there.
pub fn drop_named(key: Key<'_>, name: &str) -> StateResult<bool> {
    let [tenant, id] = key_params(key);
    Ok(DROP.run(Mode::Write, &[tenant, id, Param::Text(Some(name))])? > 0)
}
