//! `wf_prune_history`: forgets versions that nothing needs any more.

use crate::core::StateResult;
use crate::pg::spi::{Interval, Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::log::cache::snapshot_hash;
use crate::store::log::executions::{self, Lock, key_params};
use crate::store::log::rebuild;

/// What is tagged, and what forks stand on, is looked up once for all versions; LATERAL and OFFSET 0 go from fork to
/// fork by index, where the planner could otherwise read the first versions of all executions for each.
macro_rules! removable {
    () => {
        "v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {<} $3
         AND ($4 IS NULL OR v.version {<=} ($3 {-} $4))
         AND ($5 IS NULL OR v.saved_at {<} (pg_catalog.now() {-} $5))
         AND v.version {<>} ALL (ARRAY(
             SELECT c.version FROM wfstate.checkpoints AS c WHERE c.tenant {=} $1 AND c.execution_id {=} $2))
         AND v.version {<>} ALL (ARRAY(
             SELECT DISTINCT b.base_version FROM wfstate.executions AS f
              CROSS JOIN LATERAL (
                    SELECT r.base_version FROM wfstate.state_versions AS r
                     WHERE r.tenant {=} $1 AND r.execution_id {=} f.execution_id AND r.version {=} 1 OFFSET 0) AS b
              WHERE f.tenant {=} $1 AND f.forked_from_execution_id {=} $2 AND b.base_version IS NOT NULL))"
    };
}

const ARGS: &[Type] = &[
    Type::Text,
    Type::Text,
    Type::Int8,
    Type::Int8,
    Type::Interval,
];

static ORPHANS: Statement = Statement::new(
    concat!(
        "SELECT o.version, o.snapshot IS NOT NULL FROM wfstate.state_versions AS o
          WHERE o.tenant {=} $1 AND o.execution_id {=} $2 AND o.version {>} 1 AND o.base_version {=} ANY (
                ARRAY(SELECT v.version FROM wfstate.state_versions AS v WHERE ",
        removable!(),
        ")) AND NOT (o.version {=} ANY (ARRAY(SELECT v.version FROM wfstate.state_versions AS v WHERE ",
        removable!(),
        "))) ORDER BY o.version"
    ),
    ARGS,
);
static REMOVE: Statement = Statement::new(
    concat!(
        "DELETE FROM wfstate.state_versions AS v WHERE ",
        removable!()
    ),
    ARGS,
);
/// A snapshot that is there already is not named, so that its TOAST value is not written again.
static ROOT_IN_PLACE: Statement = Statement::new(
    "UPDATE wfstate.state_versions AS v
        SET patch = NULL, base_version = NULL, keyframe_version = v.version
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} $3",
    &[Type::Text, Type::Text, Type::Int8],
);
static ROOT: Statement = Statement::new(
    "UPDATE wfstate.state_versions AS v
        SET patch = NULL, base_version = NULL, keyframe_version = v.version, snapshot = $4, snapshot_hash = $5
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} $3",
    &[Type::Text, Type::Text, Type::Int8, Type::Jsonb, Type::Int8],
);

/// Removes versions that are neither the head, nor tagged, nor a fork's base, nor among the last
/// `keep_last`, nor younger than `older_than`. A kept version that loses its base becomes a snapshot first.
pub fn prune(
    key: Key<'_>,
    keep_last: Option<i32>,
    older_than: Option<Interval>,
) -> StateResult<i64> {
    let head = executions::lock_existing(key, Lock::Prune)?;
    let keep_last = keep_last.map(i64::from);
    let params = || {
        let [tenant, id] = key_params(key);
        [
            tenant,
            id,
            Param::Int8(Some(head.version)),
            Param::Int8(keep_last),
            Param::Interval(older_than),
        ]
    };
    let orphans = ORPHANS.all(Mode::Latest, &params(), |row| {
        Ok((row.int8(0).unwrap_or_default(), row.bool(1) == Some(true)))
    })?;
    for (version, has_snapshot) in orphans {
        make_root(key, version, has_snapshot)?;
    }
    let removed = REMOVE.run(Mode::Latest, &params())?;
    Ok(i64::try_from(removed).unwrap_or(i64::MAX))
}

/// Makes a version stand on its own.
pub fn make_root(key: Key<'_>, version: i64, has_snapshot: bool) -> StateResult<()> {
    let [tenant, id] = key_params(key);
    let version_param = Param::Int8(Some(version));
    if has_snapshot {
        ROOT_IN_PLACE.run(Mode::Latest, &[tenant, id, version_param])?;
        return Ok(());
    }
    let state = rebuild::at(Mode::Latest, key, version)?;
    let params = [
        tenant,
        id,
        version_param,
        Param::Jsonb(Some(&state)),
        Param::Int8(Some(snapshot_hash(&state)?)),
    ];
    ROOT.run(Mode::Latest, &params)?;
    Ok(())
}
