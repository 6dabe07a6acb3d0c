//! The statements of a batch: each takes arrays, a row for each element, in the order of ids. `unnest` of several
//! arrays has no qualified form; the parser itself takes it from pg_catalog.

use crate::core::StateResult;
use crate::pg::direct::Place;
use crate::pg::spi::{Connection, Mode, Param, Statement, Type};
use crate::store::log::executions::{HEAD_COLUMNS, Head, final_statuses, head_columns, head_from};
use crate::store::log::segment::{STATED, Segment};

/// OFFSET 0 keeps the look-ups apart from the join: one id after the other by index, so that rows are locked in the
/// order of ids, too.
macro_rules! heads {
    ($lock:literal) => {
        Statement::new(
            concat!(
                "SELECT h.* FROM pg_catalog.unnest($1) WITH ORDINALITY AS wanted (execution_id, position)
                  CROSS JOIN LATERAL (SELECT ",
                head_columns!(),
                ", wanted.position FROM wfstate.executions AS e
                     WHERE e.tenant {=} wfstate.current_tenant() AND e.execution_id {=} wanted.execution_id
                    OFFSET 0",
                $lock,
                ") AS h"
            ),
            &[Type::TextArray],
        )
    };
}
static READ: Statement = heads!("");
static LOCK: Statement = heads!(" FOR NO KEY UPDATE");

static CREATE: Statement = Statement::new(
    concat!("INSERT INTO wfstate.executions AS e (tenant, execution_id, workflow, workflow_version, schema_version, status, phase,
            version, keyframe_version, hash, state_bytes, chain_bytes, created_at, started_at, updated_at, completed_at)
     SELECT wfstate.current_tenant(), n.execution_id, n.workflow, n.workflow_version, n.schema_version, n.status,
            n.phase, 1, 1, n.hash, n.state_bytes, 0, $1, CASE WHEN n.status {=} 'running' THEN $1 END, $1,
            CASE WHEN n.status {=} ANY (",final_statuses!(),") THEN $1 END
       FROM unnest($2, $3, $4, $5, $6, $7, $8, $9) WITH ORDINALITY
            AS n (execution_id, workflow, workflow_version, schema_version, status, phase, hash, state_bytes,
                  position)
      ORDER BY n.position
     ON CONFLICT (tenant, execution_id) DO NOTHING
     RETURNING e.execution_id"),
    &[
        Type::Timestamptz, // 1 at
        Type::TextArray,   // 2 execution_id
        Type::TextArray,   // 3 workflow
        Type::Int8Array,   // 4 workflow_version
        Type::Int8Array,   // 5 schema_version
        Type::TextArray,   // 6 status
        Type::TextArray,   // 7 phase
        Type::Int8Array,   // 8 hash
        Type::Int8Array,   // 9 state_bytes
    ],
);
static SEGMENTS: Statement = Statement::new(
    "SELECT v.version, v.base_version, v.patch, v.snapshot, v.hash, v.snapshot_hash, w.position
       FROM unnest($1, $2, $3) WITH ORDINALITY AS w (execution_id, first, last, position)
      CROSS JOIN LATERAL (
             SELECT l.version, l.base_version, l.patch, l.snapshot, l.hash, l.snapshot_hash FROM wfstate.state_versions AS l
              WHERE l.tenant {=} wfstate.current_tenant() AND l.execution_id {=} w.execution_id
                AND l.version {>=} w.first AND l.version {<=} w.last OFFSET 0) AS v",
    &[Type::TextArray, Type::Int8Array, Type::Int8Array],
);
/// By ON CONFLICT, since the heads are there: it looks each of them up in the primary key, where a join could be
/// planned, while the tables are small, to read all of the tenant's.
static MOVE: Statement = Statement::new(
    concat!("INSERT INTO wfstate.executions AS e (tenant, created_at, updated_at, execution_id, workflow, workflow_version,
            schema_version, status, phase, hash, state_bytes, version, keyframe_version, chain_bytes, archive_bytes)
     SELECT wfstate.current_tenant(), $1, $1, n.*
       FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) AS n
     ON CONFLICT (tenant, execution_id) DO UPDATE
        SET version = excluded.version, hash = excluded.hash, keyframe_version = excluded.keyframe_version,
            state_bytes = excluded.state_bytes, chain_bytes = excluded.chain_bytes,
            archive_bytes = excluded.archive_bytes, updated_at = excluded.updated_at, status = excluded.status,
            phase = excluded.phase, workflow = excluded.workflow,
            workflow_version = excluded.workflow_version, schema_version = excluded.schema_version,
            started_at = CASE WHEN excluded.status {=} 'running' THEN coalesce(e.started_at, $1)
                              ELSE e.started_at END,
            completed_at = CASE WHEN excluded.status {=} ANY (",final_statuses!(),")
                                THEN coalesce(e.completed_at, $1) ELSE e.completed_at END
      WHERE e.version {=} (excluded.version {-} 1)"),
    &[
        Type::Timestamptz, // 1 at
        Type::TextArray,   // 2 execution_id
        Type::TextArray,   // 3 workflow
        Type::Int8Array,   // 4 workflow_version
        Type::Int8Array,   // 5 schema_version
        Type::TextArray,   // 6 status
        Type::TextArray,   // 7 phase
        Type::Int8Array,   // 8 hash
        Type::Int8Array,   // 9 state_bytes
        Type::Int8Array,   // 10 version
        Type::Int8Array,   // 11 keyframe_version
        Type::Int8Array,   // 12 chain_bytes
        Type::Int8Array,   // 13 archive_bytes
    ],
);
static LOG: Statement = Statement::new(
    "INSERT INTO wfstate.state_versions (tenant, saved_at, execution_id, schema_version, status, phase, hash, state_bytes,
            version, keyframe_version, chain_bytes, base_version, snapshot_hash, patch, snapshot)
     SELECT wfstate.current_tenant(), $1, n.*
       FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS n",
    &[
        Type::Timestamptz, // 1 at
        Type::TextArray,   // 2 execution_id
        Type::Int8Array,   // 3 schema_version
        Type::TextArray,   // 4 status
        Type::TextArray,   // 5 phase
        Type::Int8Array,   // 6 hash
        Type::Int8Array,   // 7 state_bytes
        Type::Int8Array,   // 8 version
        Type::Int8Array,   // 9 keyframe_version
        Type::Int8Array,   // 10 chain_bytes
        Type::Int8Array,   // 11 base_version
        Type::Int8Array,   // 12 snapshot_hash
        Type::JsonbArray,  // 13 patch
        Type::JsonbArray,  // 14 snapshot
    ],
);

/// A head that was found.
pub(super) struct Found {
    /// Where in the list asked for.
    pub position: usize,
    pub head: Head,
    /// Where it is, if that is known.
    pub place: Option<Place>,
}

/// The heads of those of `ids` that exist; locked, in this order, if asked for.
pub(super) fn heads(ids: &[String], lock: bool) -> StateResult<Vec<Found>> {
    let statement = if lock { &LOCK } else { &READ };
    statement.all(Mode::Write, &[Param::TextArray(Some(ids))], |row| {
        Ok(Found {
            position: position(row.int8(HEAD_COLUMNS)),
            head: head_from(row, 0),
            place: None,
        })
    })
}

fn position(number: Option<i64>) -> usize {
    usize::try_from(number.unwrap_or_default() - 1).unwrap_or(usize::MAX)
}

/// A version about to be written, and the head that it makes.
pub(super) struct NewRow<'a> {
    pub id: &'a str,
    /// Whether a workflow was given.
    pub gets_workflow: bool,
    pub head: Head,
    pub payload_hash: i64,
    pub patch: Option<&'a [u8]>,
    pub snapshot: Option<&'a [u8]>,
    /// Where the head is that it moves, if that is known.
    pub place: Option<Place>,
}

/// A size as an integer column takes it.
fn int4(size: i64) -> Option<i64> {
    Some(size.min(i64::from(i32::MAX)))
}

/// A column of the rows.
fn column<'r, 'a, T>(rows: &'r [NewRow<'a>], of: impl Fn(&'r NewRow<'a>) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

/// Creates the heads of those rows whose id is free; returns these ids.
pub(super) fn create(rows: &[NewRow<'_>], at: i64) -> StateResult<Vec<String>> {
    let params = [
        Param::Timestamptz(Some(at)),
        Param::Texts(&column(rows, |r| Some(r.id))),
        Param::Texts(&column(rows, |r| r.head.workflow.as_deref())),
        Param::Int8Array(&column(rows, |r| r.head.workflow_version.map(i64::from))),
        Param::Int8Array(&column(rows, |r| r.head.schema_version.map(i64::from))),
        Param::Texts(&column(rows, |r| Some(r.head.status.as_str()))),
        Param::Texts(&column(rows, |r| r.head.phase.as_deref())),
        Param::Int8Array(&column(rows, |r| Some(r.head.hash))),
        Param::Int8Array(&column(rows, |r| int4(r.head.state_bytes))),
    ];
    CREATE.all(Mode::Write, &params, |row| {
        Ok(row.text(0).unwrap_or_default())
    })
}

/// Moves the heads, which are locked; returns how many were where they must be.
pub(super) fn move_heads(rows: &[NewRow<'_>], at: i64) -> StateResult<u64> {
    let params = [
        Param::Timestamptz(Some(at)),
        Param::Texts(&column(rows, |r| Some(r.id))),
        Param::Texts(&column(rows, |r| r.head.workflow.as_deref())),
        Param::Int8Array(&column(rows, |r| r.head.workflow_version.map(i64::from))),
        Param::Int8Array(&column(rows, |r| r.head.schema_version.map(i64::from))),
        Param::Texts(&column(rows, |r| Some(r.head.status.as_str()))),
        Param::Texts(&column(rows, |r| r.head.phase.as_deref())),
        Param::Int8Array(&column(rows, |r| Some(r.head.hash))),
        Param::Int8Array(&column(rows, |r| int4(r.head.state_bytes))),
        Param::Int8Array(&column(rows, |r| Some(r.head.version))),
        Param::Int8Array(&column(rows, |r| Some(r.head.keyframe_version))),
        Param::Int8Array(&column(rows, |r| int4(r.head.chain_bytes))),
        Param::Int8Array(&column(rows, |r| Some(r.head.archive_bytes))),
    ];
    MOVE.run(Mode::Write, &params)
}

/// Appends the versions.
pub(super) fn log(rows: &[NewRow<'_>], at: i64) -> StateResult<()> {
    let base = |r: &NewRow<'_>| Some(r.head.version - 1).filter(|base| *base > 0);
    let params = [
        Param::Timestamptz(Some(at)),
        Param::Texts(&column(rows, |r| Some(r.id))),
        Param::Int8Array(&column(rows, |r| r.head.schema_version.map(i64::from))),
        Param::Texts(&column(rows, |r| Some(r.head.status.as_str()))),
        Param::Texts(&column(rows, |r| r.head.phase.as_deref())),
        Param::Int8Array(&column(rows, |r| Some(r.head.hash))),
        Param::Int8Array(&column(rows, |r| int4(r.head.state_bytes))),
        Param::Int8Array(&column(rows, |r| Some(r.head.version))),
        Param::Int8Array(&column(rows, |r| Some(r.head.keyframe_version))),
        Param::Int8Array(&column(rows, |r| int4(r.head.chain_bytes))),
        Param::Int8Array(&column(rows, base)),
        Param::Int8Array(&column(rows, |r| r.snapshot.map(|_| r.payload_hash))),
        Param::JsonbArray(&column(rows, |r| r.patch)),
        Param::JsonbArray(&column(rows, |r| r.snapshot)),
    ];
    LOG.run(Mode::Write, &params)?;
    Ok(())
}

/// The log segments of heads, in their order.
pub(super) fn segments(heads: &[(&str, &Head)]) -> (Vec<Segment>, Connection) {
    let mut segments: Vec<Segment> = heads.iter().map(|_| Segment::default()).collect();
    let ids: Vec<Option<&str>> = heads.iter().map(|(id, _)| Some(*id)).collect();
    let first: Vec<Option<i64>> = heads
        .iter()
        .map(|(_, h)| Some(h.keyframe_version))
        .collect();
    let last: Vec<Option<i64>> = heads.iter().map(|(_, h)| Some(h.version)).collect();
    let params = [
        Param::Texts(&ids),
        Param::Int8Array(&first),
        Param::Int8Array(&last),
    ];
    let connection = SEGMENTS.receive(Mode::Write, &params, |row| {
        if let Some(segment) = segments.get_mut(position(row.int8(6))) {
            segment.add(row, &STATED);
        }
        Ok(())
    });
    (segments, connection)
}
