//! What the log says of an execution's versions besides their content, to whoever repairs it.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::key_params;

static BELOW: Statement = Statement::new(
    "SELECT v.version, v.hash, v.status, v.phase, v.schema_version, v.keyframe_version FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {<=} $3 ORDER BY v.version DESC LIMIT 1",
    &[Type::Text, Type::Text, Type::Int8],
);
/// The versions up to one that are read through each other: down to the one that has a state, or comes from elsewhere.
static RUN: Statement = Statement::new(
    "SELECT v.version FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {<=} $3 AND v.keyframe_version {=} $4
        AND v.version {>=} coalesce((SELECT o.version FROM wfstate.state_versions AS o
             WHERE o.tenant {=} $1 AND o.execution_id {=} $2 AND o.version {<=} $3
               AND (o.keyframe_version {<>} $4 OR o.snapshot IS NOT NULL
                    OR coalesce(o.base_version, o.version {-} 1) {<>} (o.version {-} 1))
             ORDER BY o.version DESC LIMIT 1), 0)
      ORDER BY v.version",
    &[Type::Text, Type::Text, Type::Int8, Type::Int8],
);
static TAGGED_BELOW: Statement = Statement::new(
    "SELECT pg_catalog.max(c.version) FROM wfstate.checkpoints AS c
      WHERE c.tenant {=} $1 AND c.execution_id {=} $2 AND c.version {<=} $3",
    &[Type::Text, Type::Text, Type::Int8],
);

/// What a version's row says besides its content.
pub(super) struct Row {
    pub version: i64,
    pub hash: i64,
    pub status: String,
    pub phase: Option<String>,
    pub schema_version: Option<i32>,
    /// Where a load of it begins.
    pub keyframe: i64,
}

/// The newest version up to one.
pub(super) fn below(key: Key<'_>, version: i64) -> StateResult<Option<Row>> {
    let [tenant, id] = key_params(key);
    BELOW.one(
        Mode::Latest,
        &[tenant, id, Param::Int8(Some(version))],
        |row| {
            Ok(Row {
                version: row.int8(0).unwrap_or_default(),
                hash: row.int8(1).unwrap_or_default(),
                status: row.text(2).unwrap_or_default(),
                phase: row.text(3),
                schema_version: row.int4(4),
                keyframe: row.int8(5).unwrap_or_default(),
            })
        },
    )
}

pub(super) fn run_to(key: Key<'_>, row: &Row) -> StateResult<Vec<i64>> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(row.version)),
        Param::Int8(Some(row.keyframe)),
    ];
    RUN.all(Mode::Latest, &params, |row| {
        Ok(row.int8(0).unwrap_or_default())
    })
}

pub(super) fn tagged_below(key: Key<'_>, version: i64) -> StateResult<Option<i64>> {
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Int8(Some(version))];
    Ok(TAGGED_BELOW
        .one(Mode::Latest, &params, |row| Ok(row.int8(0)))?
        .flatten())
}
