//! `wfstate.state_versions`: the log.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::key_params;

/// Bytes that a version costs a load beyond its patch.
pub const ROW_COST: usize = 64;

/// A patch that changes nothing: an empty jsonb array.
pub const UNCHANGED: [u8; 4] = 0x4000_0000_u32.to_ne_bytes();

static SET_SNAPSHOT: Statement = Statement::new(
    "UPDATE wfstate.state_versions AS v SET snapshot = $4, snapshot_hash = $5, keyframe_version = v.version
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} $3",
    &[Type::Text, Type::Text, Type::Int8, Type::Jsonb, Type::Int8],
);
static DEMOTE: Statement = Statement::new(
    "UPDATE wfstate.state_versions AS v
        SET snapshot = NULL, snapshot_hash = NULL, keyframe_version = b.keyframe_version
       FROM wfstate.state_versions AS b
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} $3
        AND v.patch IS NOT NULL AND v.snapshot IS NOT NULL
        AND b.tenant {=} $1 AND b.execution_id {=} $2 AND b.version {=} v.base_version",
    &[Type::Text, Type::Text, Type::Int8],
);
/// Gives a version its whole state besides its patch.
pub fn set_snapshot(key: Key<'_>, version: i64, state: &[u8], hash: i64) -> StateResult<()> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(version)),
        Param::Jsonb(Some(state)),
        Param::Int8(Some(hash)),
    ];
    SET_SNAPSHOT.run(Mode::Write, &params)?;
    Ok(())
}

/// Takes the snapshot from a keyframe that also has its patch; false when it has none, or no base.
pub fn demote(key: Key<'_>, version: i64) -> StateResult<bool> {
    let [tenant, id] = key_params(key);
    Ok(DEMOTE.run(Mode::Write, &[tenant, id, Param::Int8(Some(version))])? > 0)
}

/// A size as the tables count it.
pub fn bytes(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

static PHASE: Statement = Statement::new(
    "SELECT v.phase FROM wfstate.state_versions AS v
      WHERE v.tenant {=} wfstate.current_tenant() AND v.execution_id {=} $2 AND v.version {=} $3",
    &[Type::Text, Type::Text, Type::Int8],
);

static SCHEMA_VERSION: Statement = Statement::new(
    "SELECT v.schema_version FROM wfstate.state_versions AS v
      WHERE v.tenant {=} wfstate.current_tenant() AND v.execution_id {=} $2 AND v.version {=} $3",
    &[Type::Text, Type::Text, Type::Int8],
);

/// The version of the shape that a version's state has, as the calling query sees it.
pub fn schema_version(key: Key<'_>, version: i64) -> StateResult<Option<i32>> {
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Int8(Some(version))];
    Ok(SCHEMA_VERSION
        .one(Mode::Read, &params, |row| Ok(row.int4(0)))?
        .flatten())
}

/// The phase of a version, as the calling query sees it; `None` when it is not there.
pub fn phase(key: Key<'_>, version: i64) -> StateResult<Option<Option<String>>> {
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Int8(Some(version))];
    PHASE.one(Mode::Read, &params, |row| Ok(row.text(0)))
}

static ON_SOURCE: Statement = Statement::new(
    "SELECT v.version FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} 1 AND v.base_version IS NOT NULL",
    &[Type::Text, Type::Text],
);

/// Whether a fork's first version still refers to the execution that it was forked from.
pub fn stands_on_source(fork: Key<'_>) -> StateResult<bool> {
    Ok(ON_SOURCE.run(Mode::Latest, &key_params(fork))? > 0)
}
