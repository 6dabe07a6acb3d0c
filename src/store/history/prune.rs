//! `wf_prune_history`: forgets versions that nothing needs any more.

use crate::core::{StateError, StateResult, memory};
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::execution::task_results;
use crate::store::log::cache::snapshot_hash;
use crate::store::log::executions::{self, Head, Lock, key_params};
use crate::store::log::rebuild;

/// Of versions that are needed by others: they are read first and given as a constant, which the server hashes.
macro_rules! removable {
    ($of:literal) => {
        concat!(
            "(",
            $of,
            ".version {<} $3
         AND ($4 IS NULL OR ",
            $of,
            ".version {<=} ($3 {-} $4))
         AND ($5 IS NULL OR ",
            $of,
            ".saved_at {<} $5)
         AND ",
            $of,
            ".version {<>} ALL ($6))"
        )
    };
}

/// What is tagged, and what forks stand on, also where a policy hides it; LATERAL and OFFSET 0 go from fork to fork by index, where the planner
/// could otherwise read the first versions of all executions for each.
static NEEDED: Statement = Statement::new(
    "SELECT c.version FROM wfstate.checkpoints AS c WHERE c.tenant {=} $1 AND c.execution_id {=} $2
      UNION
     SELECT b.base_version FROM wfstate.executions AS f
      CROSS JOIN LATERAL (
            SELECT r.base_version FROM wfstate.state_versions AS r
             WHERE r.tenant {=} $1 AND r.execution_id {=} f.execution_id AND r.version {=} 1 OFFSET 0) AS b
      WHERE f.tenant {=} $1 AND f.forked_from_execution_id {=} $2 AND b.base_version IS NOT NULL",
    &[Type::Text, Type::Text],
);

const ARGS: &[Type] = &[
    Type::Text,
    Type::Text,
    Type::Int8,
    Type::Int8,
    Type::Timestamptz,
    Type::Int8Array,
];

/// Kept versions whose base goes. LATERAL and OFFSET 0 look each base up by its key.
static ORPHANS: Statement = Statement::planned_each_time(
    concat!(
        "SELECT o.version, o.snapshot IS NOT NULL FROM wfstate.state_versions AS o
          CROSS JOIN LATERAL (
                SELECT b.version FROM wfstate.state_versions AS b
                 WHERE b.tenant {=} $1 AND b.execution_id {=} $2 AND b.version {=} o.base_version AND ",
        removable!("b"),
        " OFFSET 0) AS gone
          WHERE o.tenant {=} $1 AND o.execution_id {=} $2 AND o.version {>} 1 AND NOT ",
        removable!("o"),
        " ORDER BY o.version"
    ),
    ARGS,
);
static COUNT: Statement = Statement::planned_each_time(
    concat!(
        "SELECT pg_catalog.count(*) FROM wfstate.state_versions AS v WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND ",
        removable!("v")
    ),
    ARGS,
);
static REMOVE: Statement = Statement::planned_each_time(
    concat!(
        "DELETE FROM wfstate.state_versions AS v WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND ",
        removable!("v")
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
/// `keep_last`, nor saved since `before`. A kept version that loses its base becomes a snapshot first.
pub fn prune(key: Key<'_>, keep_last: Option<i32>, before: Option<i64>) -> StateResult<i64> {
    let head = executions::lock_existing(key, Lock::Prune)?;
    locked(key, &head, keep_last, before)
}

/// The same of an execution that is locked. What needs a version counts also where the transaction's snapshot does not
/// show it.
pub fn locked(
    key: Key<'_>,
    head: &Head,
    keep_last: Option<i32>,
    before: Option<i64>,
) -> StateResult<i64> {
    let keep_last = keep_last.map(i64::from);
    let needed = needed(Mode::Latest, key)?;
    let params = || {
        let [tenant, id] = key_params(key);
        [
            tenant,
            id,
            Param::Int8(Some(head.version)),
            Param::Int8(keep_last),
            Param::Timestamptz(before),
            Param::Int8Array(&needed),
        ]
    };
    let orphans = gathered(Mode::Latest, &ORPHANS, &params(), |row| {
        (row.int8(0).unwrap_or_default(), row.bool(1) == Some(true))
    })?;
    for (version, has_snapshot) in orphans {
        make_root(key, version, has_snapshot)?;
    }
    task_results::prune(key, head.version, keep_last, before)?;
    let removed = REMOVE.run(Mode::Latest, &params())?;
    Ok(i64::try_from(removed).unwrap_or(i64::MAX))
}

/// How many versions would be removed, as the calling query sees it.
pub fn count(key: Key<'_>, keep_last: Option<i32>, before: Option<i64>) -> StateResult<i64> {
    let head = executions::read_existing(key)?;
    let needed = needed(Mode::Read, key)?;
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(head.version)),
        Param::Int8(keep_last.map(i64::from)),
        Param::Timestamptz(before),
        Param::Int8Array(&needed),
    ];
    let found = COUNT.one(Mode::Read, &params, |row| Ok(row.int8(0)))?;
    Ok(found.flatten().unwrap_or_default())
}

fn needed(mode: Mode, key: Key<'_>) -> StateResult<Vec<Option<i64>>> {
    as_owner(|| gathered(mode, &NEEDED, &key_params(key), |row| row.int8(0)))
}

/// All rows of a statement, of which there may be as many as versions.
fn gathered<T>(
    mode: Mode,
    statement: &Statement,
    params: &[Param<'_>],
    read: impl Fn(&Row<'_>) -> T,
) -> StateResult<Vec<T>> {
    let mut all = Vec::new();
    statement.receive(mode, params, |row| {
        memory::push(&mut all, read(row)).map_err(|_| StateError::out_of_memory("history"))
    });
    Ok(all)
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
