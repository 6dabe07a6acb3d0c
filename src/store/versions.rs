//! `wfstate.state_versions`: the log.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::executions::key_params;

/// Bytes that a version costs a load beyond its patch.
pub const ROW_COST: usize = 64;

/// A patch that changes nothing: an empty jsonb array.
pub const UNCHANGED: [u8; 4] = 0x4000_0000_u32.to_ne_bytes();

/// What is said about a version besides its content.
#[derive(Debug, Clone, Copy, Default)]
pub struct Labels<'a> {
    /// New status; NULL keeps the former.
    pub status: Option<&'a str>,
    /// New phase; NULL keeps the former.
    pub phase: Option<&'a str>,
    /// Workflow; NULL keeps the former.
    pub workflow: Option<&'a str>,
    /// Version of the state's shape; NULL keeps the former.
    pub schema_version: Option<i64>,
    /// Step that saves.
    pub step_id: Option<&'a str>,
    /// Free text.
    pub note: Option<&'a str>,
}

impl Labels<'_> {
    fn are_empty(&self) -> bool {
        self.status.is_none()
            && self.phase.is_none()
            && self.workflow.is_none()
            && self.schema_version.is_none()
            && self.step_id.is_none()
            && self.note.is_none()
    }
}

/// What a version stores. A patch counts towards the chain that a load applies; a snapshot ends it.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// The change from the version before.
    Patch(&'a [u8]),
    /// The whole state, where a patch would be no smaller.
    Snapshot(&'a [u8]),
}

/// A version to be appended.
pub struct Append<'a> {
    /// Only to this version and hash; `None` appends to whatever the head is.
    pub onto: Option<(i64, i64)>,
    /// Only if the head is at this version, as the caller demands.
    pub expected: Option<i64>,
    /// What to store.
    pub content: Content<'a>,
    /// Hash of what is stored.
    pub payload_hash: i64,
    /// Size of the new state, where it is known.
    pub state_bytes: Option<usize>,
    /// What is said about it.
    pub labels: Labels<'a>,
}

/// Moves the head and appends the version in one statement. The version's keys and labels come out of the
/// head, so that the server need not check them again. `$set` is what the head gets besides.
macro_rules! append {
    ($set:literal, $insert:literal, $values:literal, $args:expr) => {
        Statement::new(
            concat!(
                "WITH head AS (
  UPDATE wfstate.executions AS e
     SET version = e.version {+} 1, hash = wfstate.chain_hash(e.hash, $5),
         state_bytes = coalesce($7, e.state_bytes {+} $8),
         updated_at = greatest(e.updated_at, pg_catalog.clock_timestamp()), ",
                $set,
                "
   WHERE e.tenant {=} $1 AND e.execution_id {=} $2
     AND e.version {=} coalesce($3, e.version) AND e.hash {=} coalesce($4, e.hash)
  RETURNING e.tenant, e.execution_id, e.version, e.keyframe_version, e.hash, e.state_bytes, e.chain_bytes,
         e.status, e.phase, e.updated_at
)
INSERT INTO wfstate.state_versions AS v (tenant, execution_id, version, base_version, keyframe_version, hash,
       saved_at, state_bytes, chain_bytes, status, phase, ",
                $insert,
                ")
SELECT h.tenant, h.execution_id, h.version, h.version {-} 1, h.keyframe_version, h.hash,
       h.updated_at, h.state_bytes, h.chain_bytes, h.status, h.phase, ",
                $values,
                "
  FROM head AS h
RETURNING v.version, v.hash, v.state_bytes::pg_catalog.int8, v.chain_bytes::pg_catalog.int8"
            ),
            $args,
        )
    };
}

/// The common case, with as few expressions as it can do: setting a statement up takes longer than running it.
static APPEND_PATCH: Statement = append!(
    "chain_bytes = e.chain_bytes {+} $8",
    "patch",
    "$6",
    &[
        Type::Text,  // 1 tenant
        Type::Text,  // 2 execution_id
        Type::Int8,  // 3 expected version
        Type::Int8,  // 4 expected hash
        Type::Int8,  // 5 payload hash
        Type::Jsonb, // 6 patch
        Type::Int8,  // 7 state_bytes
        Type::Int8,  // 8 cost of the patch
    ]
);

static APPEND: Statement = append!(
    "keyframe_version = CASE WHEN $9 IS NULL THEN e.keyframe_version ELSE e.version {+} 1 END,
         chain_bytes = CASE WHEN $9 IS NULL THEN e.chain_bytes {+} $8 ELSE 0 END,
         archive_bytes = CASE WHEN $9 IS NULL THEN e.archive_bytes ELSE 0 END,
         status = coalesce($10, e.status),
         phase = coalesce($11, e.phase),
         workflow = coalesce($12, e.workflow),
         schema_version = coalesce($13::pg_catalog.int4, e.schema_version),
         started_at = CASE WHEN e.started_at IS NULL AND $10 {=} 'running'
                           THEN pg_catalog.clock_timestamp() ELSE e.started_at END,
         completed_at = CASE WHEN $10 IS NULL THEN e.completed_at
                             WHEN $10 {=} ANY ('{completed,failed,cancelled}'::pg_catalog.text[])
                             THEN coalesce(e.completed_at, pg_catalog.clock_timestamp()) END",
    "patch, snapshot, snapshot_hash, step_id, note",
    "$6, $9, CASE WHEN $9 IS NULL THEN NULL ELSE $5 END, $14, $15",
    &[
        Type::Text,  // 1 tenant
        Type::Text,  // 2 execution_id
        Type::Int8,  // 3 expected version
        Type::Int8,  // 4 expected hash
        Type::Int8,  // 5 payload hash
        Type::Jsonb, // 6 patch
        Type::Int8,  // 7 state_bytes
        Type::Int8,  // 8 cost of the patch
        Type::Jsonb, // 9 snapshot
        Type::Text,  // 10 status
        Type::Text,  // 11 phase
        Type::Text,  // 12 workflow
        Type::Int8,  // 13 schema_version
        Type::Text,  // 14 step_id
        Type::Text,  // 15 note
    ]
);

static CREATE: Statement = Statement::new(
    "WITH head AS (
  INSERT INTO wfstate.executions AS e (tenant, execution_id, workflow, schema_version, status, phase, version,
         keyframe_version, hash, state_bytes, chain_bytes, created_at, started_at, updated_at, completed_at)
  SELECT $1, $2, $7, $8::pg_catalog.int4, coalesce($5, 'running'), $6, 1, 1,
         wfstate.chain_hash(0, $4), $11, 0, t.at,
         CASE WHEN coalesce($5, 'running') {=} 'running' THEN t.at END, t.at,
         CASE WHEN $5 {=} ANY ('{completed,failed,cancelled}'::pg_catalog.text[]) THEN t.at END
    FROM (SELECT pg_catalog.clock_timestamp() AS at) AS t
  ON CONFLICT (tenant, execution_id) DO NOTHING
  RETURNING e.tenant, e.execution_id, e.hash, e.state_bytes, e.status, e.phase, e.updated_at
)
INSERT INTO wfstate.state_versions AS v (tenant, execution_id, version, keyframe_version, hash, snapshot_hash,
       saved_at, state_bytes, chain_bytes, status, phase, step_id, note, snapshot)
SELECT h.tenant, h.execution_id, 1, 1, h.hash, $4, h.updated_at, h.state_bytes, 0, h.status, h.phase,
       $9, $10, $3
  FROM head AS h
RETURNING v.version, v.hash, v.state_bytes::pg_catalog.int8, v.chain_bytes::pg_catalog.int8",
    &[
        Type::Text,  // 1 tenant
        Type::Text,  // 2 execution_id
        Type::Jsonb, // 3 snapshot
        Type::Int8,  // 4 its hash
        Type::Text,  // 5 status
        Type::Text,  // 6 phase
        Type::Text,  // 7 workflow
        Type::Int8,  // 8 schema_version
        Type::Text,  // 9 step_id
        Type::Text,  // 10 note
        Type::Int8,  // 11 state_bytes
    ],
);

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
static DELETE_ALL: Statement = Statement::new(
    "DELETE FROM wfstate.state_versions AS v WHERE v.tenant {=} $1 AND v.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

/// What an append came to.
#[derive(Debug, Clone, Copy)]
pub struct Appended {
    /// The new version.
    pub version: i64,
    /// Its chained hash.
    pub hash: i64,
    /// Size of its state, an upper bound.
    pub state_bytes: i64,
    /// Bytes of patches since the newest keyframe.
    pub chain_bytes: i64,
}

fn appended(row: &Row) -> StateResult<Appended> {
    let int = |column| row.int8(column).unwrap_or_default();
    Ok(Appended {
        version: int(0),
        hash: int(1),
        state_bytes: int(2),
        chain_bytes: int(3),
    })
}

/// Appends a version and moves the head, in one statement. `None` when the head is not where it must be.
pub fn append(key: Key<'_>, append: &Append<'_>) -> StateResult<Option<Appended>> {
    let (patch, snapshot) = match append.content {
        Content::Patch(patch) => (Some(patch), None),
        Content::Snapshot(snapshot) => (None, Some(snapshot)),
    };
    let [tenant, id] = key_params(key);
    let common = [
        tenant,
        id,
        Param::Int8(append.onto.map(|(version, _)| version).or(append.expected)),
        Param::Int8(append.onto.map(|(_, hash)| hash)),
        Param::Int8(Some(append.payload_hash)),
        Param::Jsonb(patch),
        Param::Int8(append.state_bytes.map(bytes)),
        Param::Int8(Some(patch.map_or(0, |p| bytes(p.len() + ROW_COST)))),
    ];
    let labels = &append.labels;
    if snapshot.is_none() && labels.are_empty() {
        return APPEND_PATCH.one(Mode::Write, &common, appended);
    }
    let more = [
        Param::Jsonb(snapshot),
        Param::Text(labels.status),
        Param::Text(labels.phase),
        Param::Text(labels.workflow),
        Param::Int8(labels.schema_version),
        Param::Text(labels.step_id),
        Param::Text(labels.note),
    ];
    let params: Vec<Param<'_>> = common.into_iter().chain(more).collect();
    APPEND.one(Mode::Write, &params, appended)
}

/// Creates an execution with its first version. `None` when the id is taken.
pub fn create(
    key: Key<'_>,
    state: &[u8],
    hash: i64,
    labels: &Labels<'_>,
) -> StateResult<Option<Appended>> {
    let [tenant, id] = key_params(key);
    CREATE.one(
        Mode::Write,
        &[
            tenant,
            id,
            Param::Jsonb(Some(state)),
            Param::Int8(Some(hash)),
            Param::Text(labels.status),
            Param::Text(labels.phase),
            Param::Text(labels.workflow),
            Param::Int8(labels.schema_version),
            Param::Text(labels.step_id),
            Param::Text(labels.note),
            Param::Int8(Some(bytes(state.len()))),
        ],
        appended,
    )
}

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

/// Removes the whole log of an execution.
pub fn delete_all(key: Key<'_>) -> StateResult<()> {
    DELETE_ALL.run(Mode::Write, &key_params(key))?;
    Ok(())
}

/// A size as the tables count it.
pub fn bytes(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
