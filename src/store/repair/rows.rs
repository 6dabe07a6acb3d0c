//! `wfstate.recoveries` and `wfstate.quarantine`, and the version that a repair makes.

use crate::core::{StateResult, jsonb};
use crate::pg::damage::attempt;
use crate::pg::document::Document;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::feed::record::{self as feed, Change};
use crate::store::log::executions::{Head, final_statuses, head, head_columns, key_params};

/// How a repair ended.
pub struct Outcome {
    /// valid, repaired, checkpoint, version, initial or failed.
    pub action: &'static str,
    /// The head afterwards.
    pub version: i64,
    /// Version whose state it has.
    pub target_version: Option<i64>,
    /// What was wrong.
    pub reason: Option<String>,
    /// The versions that the head is behind now.
    pub lost: Option<(i64, i64)>,
}

impl Outcome {
    /// How many versions were lost.
    pub fn lost_count(&self) -> i64 {
        self.lost.map_or(0, |(from, to)| to - from + 1)
    }
}

static RECORD: Statement = Statement::new(
    "INSERT INTO wfstate.recoveries (tenant, execution_id, recovery_no, action, version, target_version, reason,
            lost_count, lost_from, lost_to)
     SELECT $1, $2, coalesce(pg_catalog.max(r.recovery_no), 0) {+} 1, $3, $4, $5, $6, $7, $8, $9
       FROM wfstate.recoveries AS r WHERE r.tenant {=} $1 AND r.execution_id {=} $2
     RETURNING recovery_no",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Int8,
        Type::Text,
        Type::Int8,
        Type::Int8,
        Type::Int8,
    ],
);

/// Keeps how a repair of a locked execution ended; returns its number.
pub fn record(key: Key<'_>, outcome: &Outcome) -> StateResult<i64> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(Some(outcome.action)),
        Param::Int8(Some(outcome.version)),
        Param::Int8(outcome.target_version),
        Param::Text(outcome.reason.as_deref()),
        Param::Int8(Some(outcome.lost_count())),
        Param::Int8(outcome.lost.map(|(from, _)| from)),
        Param::Int8(outcome.lost.map(|(_, to)| to)),
    ];
    let number = RECORD.one(Mode::Latest, &params, |row| Ok(row.int8(0)))?;
    Ok(number.flatten().unwrap_or_default())
}

const VERSION: &[Type] = &[Type::Text, Type::Text, Type::Int8];
static PATCH: Statement = Statement::new(
    "SELECT v.patch FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} $3",
    VERSION,
);
static SNAPSHOT: Statement = Statement::new(
    "SELECT v.snapshot FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} $3",
    VERSION,
);
static KEEP: Statement = Statement::new(
    "INSERT INTO wfstate.quarantine AS q (tenant, execution_id, version, recovery_no, reason, patch, snapshot)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (tenant, execution_id, version) DO UPDATE
        SET recovery_no = excluded.recovery_no, reason = excluded.reason, patch = excluded.patch,
            snapshot = excluded.snapshot, quarantined_at = excluded.quarantined_at",
    &[
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Int8,
        Type::Text,
        Type::Jsonb,
        Type::Jsonb,
    ],
);
static REMOVE: Statement = Statement::new(
    "WITH names AS (
  DELETE FROM wfstate.checkpoints AS c WHERE c.tenant {=} $1 AND c.execution_id {=} $2 AND c.version {=} $3
)
DELETE FROM wfstate.state_versions AS v WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} $3",
    VERSION,
);

/// Keeps a state that breaks its rules, or what is left of a version.
pub fn keep(
    key: Key<'_>,
    version: i64,
    recovery: i64,
    reason: &str,
    (patch, snapshot): (Option<&[u8]>, Option<&[u8]>),
) -> StateResult<()> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(version)),
        Param::Int8(Some(recovery)),
        Param::Text(Some(reason)),
        Param::Jsonb(patch),
        Param::Jsonb(snapshot),
    ];
    KEEP.run(Mode::Latest, &params)?;
    Ok(())
}

/// Takes a version that cannot be rebuilt out of the log, with its checkpoints; what can be read of it is kept.
pub fn take_out(key: Key<'_>, version: i64, recovery: i64, reason: &str) -> StateResult<()> {
    let patch = readable(&PATCH, key, version)?;
    let snapshot = readable(&SNAPSHOT, key, version)?;
    keep(
        key,
        version,
        recovery,
        reason,
        (patch.as_deref(), snapshot.as_deref()),
    )?;
    let [tenant, id] = key_params(key);
    REMOVE.run(Mode::Latest, &[tenant, id, Param::Int8(Some(version))])?;
    Ok(())
}

fn readable(statement: &Statement, key: Key<'_>, version: i64) -> StateResult<Option<Document>> {
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Int8(Some(version))];
    let read = attempt(|| statement.one(Mode::Latest, &params, |row| Ok(row.document(0))))?;
    let found = read.ok().flatten().flatten();
    Ok(found.filter(|document| jsonb::check(document).is_ok()))
}

static APPEND: Statement = Statement::new(
    concat!(
        "WITH head AS (
  UPDATE wfstate.executions AS e
     SET version = $3, keyframe_version = $3, hash = $5, state_bytes = $7, chain_bytes = 0, archive_bytes = 0,
         status = $8, phase = $9, schema_version = $10,
         updated_at = greatest(e.updated_at, pg_catalog.clock_timestamp()),
         completed_at = CASE WHEN $8 {=} ANY (",final_statuses!(),")
                             THEN coalesce(e.completed_at, greatest(e.updated_at, pg_catalog.clock_timestamp())) END
   WHERE e.tenant {=} $1 AND e.execution_id {=} $2
  RETURNING ",
        head_columns!(),
        "
), log AS (
  INSERT INTO wfstate.state_versions (tenant, execution_id, version, base_version, keyframe_version, hash,
         snapshot_hash, saved_at, state_bytes, chain_bytes, schema_version, status, phase, note, snapshot)
  SELECT $1, $2, $3, $4, $3, $5, $6, h.updated_at, $7, 0, $10, $8, $9, 'wf_repair', $11
    FROM head AS h
)
SELECT e.* FROM head AS e"
    ),
    &[
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Int4,
        Type::Text,
        Type::Text,
        Type::Int4,
        Type::Jsonb,
    ],
);
static FAIL: Statement = Statement::new(
    "UPDATE wfstate.executions AS e
        SET status = 'failed', updated_at = greatest(e.updated_at, pg_catalog.clock_timestamp()),
            completed_at = coalesce(e.completed_at, greatest(e.updated_at, pg_catalog.clock_timestamp()))
      WHERE e.tenant {=} $1 AND e.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

/// A version that stands on its own.
pub struct Whole<'a> {
    /// Its number.
    pub version: i64,
    /// The version that it was made from.
    pub base: Option<i64>,
    /// Its chained hash.
    pub hash: i64,
    /// That of the state.
    pub snapshot_hash: i64,
    /// Status.
    pub status: &'a str,
    /// Phase.
    pub phase: Option<&'a str>,
    /// Version of its shape.
    pub schema_version: Option<i32>,
    /// The state.
    pub state: &'a [u8],
}

/// Makes it the head, whatever the head's row says.
pub fn append(key: Key<'_>, whole: &Whole<'_>) -> StateResult<Option<Head>> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(whole.version)),
        Param::Int8(whole.base),
        Param::Int8(Some(whole.hash)),
        Param::Int8(Some(whole.snapshot_hash)),
        Param::Int4(Some(crate::store::log::versions::bytes(whole.state.len()))),
        Param::Text(Some(whole.status)),
        Param::Text(whole.phase),
        Param::Int4(whole.schema_version.map(i64::from)),
        Param::Jsonb(Some(whole.state)),
    ];
    let appended = APPEND.one(Mode::Latest, &params, head)?;
    if let Some(head) = &appended {
        feed::record(key, Change::Status(head.version, &head.status))?;
    }
    Ok(appended)
}

/// Says of an execution that nothing is left of it.
pub fn fail(key: Key<'_>) -> StateResult<()> {
    FAIL.run(Mode::Latest, &key_params(key))?;
    Ok(())
}
