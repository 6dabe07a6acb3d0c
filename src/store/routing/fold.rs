//! Folding `wfstate.routing_outcomes` into `wfstate.agent_statistics`: by one in so many of those who record, and by
//! `wf_maintain`.
//!
//! Nobody waits: of the outcomes and of an hour's parts only those are taken that nobody else holds, and where all
//! parts are held a new one is added. So no order in which transactions record can deadlock. Outcomes move in one
//! transaction, so that every snapshot, also a standby's, holds each of them once.
//!
//! The statements run as the owner: whoever records needs no right to change statistics, and below row-level security
//! outcomes are found again by where they lie.

use crate::core::StateResult;
use crate::core::routing::hour;
use crate::pg::lock::TenantLock;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Statement, Type, now};
use crate::pg::{backend, settings};

/// Shared by whoever moves statistics, held alone by who builds them anew.
pub(super) const STATISTICS: TenantLock = TenantLock::of(c"agent_statistics");

/// Outcomes that a call which records folds at most: some milliseconds.
const BATCH: i64 = 2048;

macro_rules! fold {
    ($only:literal) => {
        Statement::new(
            concat!(
                "WITH gone AS (
  DELETE FROM wfstate.routing_outcomes AS o
   WHERE o.ctid {=} ANY (ARRAY(
         SELECT w.ctid FROM wfstate.routing_outcomes AS w WHERE w.tenant {=} $1",
                $only,
                " LIMIT $2 FOR UPDATE SKIP LOCKED))
  RETURNING o.agent, o.task_type, o.hour_at, o.success, o.duration_ms
), fresh AS MATERIALIZED (
  SELECT g.agent, coalesce(g.task_type, '') AS task_type, g.hour_at, pg_catalog.count(*) AS outcomes,
         wfstate.collect_stats(g.success, g.duration_ms) AS stats
    FROM gone AS g GROUP BY 1, 2, 3
), target AS MATERIALIZED (
  SELECT f.agent, f.task_type, f.hour_at, f.stats, p.part
    FROM fresh AS f LEFT JOIN LATERAL (
         SELECT a.part FROM wfstate.agent_statistics AS a
          WHERE a.tenant {=} $1 AND a.agent {=} f.agent AND a.task_type {=} f.task_type AND a.hour_at {=} f.hour_at
          LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS p ON true
), added AS (
  UPDATE wfstate.agent_statistics AS a SET stats = wfstate.stats_plus(a.stats, t.stats) FROM target AS t
   WHERE a.tenant {=} $1 AND a.agent {=} t.agent AND a.task_type {=} t.task_type AND a.hour_at {=} t.hour_at
     AND a.part {=} t.part
), begun AS (
  INSERT INTO wfstate.agent_statistics (tenant, agent, task_type, hour_at, part, stats)
  SELECT $1, t.agent, t.task_type, t.hour_at, $3, t.stats FROM target AS t WHERE t.part IS NULL
)
SELECT pg_catalog.sum(f.outcomes)::pg_catalog.int8 FROM fresh AS f"
            ),
            &[Type::Text, Type::Int8, Type::Int8, Type::Text],
        )
    };
}
static FOLD_AGENT: Statement = fold!(" AND w.agent {=} $4");
static FOLD_ALL: Statement = fold!("");

/// A number that no other part of an hour has: chance, so that nobody waits to see whether it is taken.
pub(super) fn new_part() -> StateResult<i64> {
    Ok((i64::from_ne_bytes(backend::random()?) & i64::MAX).max(1))
}

/// Where an outcome goes among those of its agent in the index: anywhere, so that the entries of folded outcomes make
/// room for new ones. In the order of coming, they would be left behind for every scan to pass.
pub(super) fn spread(chance: backend::Chance) -> Param<'static> {
    let [_, _, _, _, bytes @ ..] = chance;
    Param::Int4(Some(i64::from(u32::from_ne_bytes(bytes) >> 1)))
}

/// Folds outcomes of an agent when chance says so.
pub(super) fn perhaps(tenant: &str, agent: &str, chance: backend::Chance) -> StateResult<()> {
    let every = u64::from(settings::fold_every());
    let drawn = every > 0 && u64::from_ne_bytes(chance).is_multiple_of(every);
    if !drawn || !backend::reads_committed() || !STATISTICS.try_share(tenant) {
        return Ok(());
    }
    run(&FOLD_AGENT, tenant, Some(agent), BATCH)?;
    Ok(())
}

/// Folds outcomes of every agent; returns how many.
pub fn outcomes(tenant: &str, max_rows: i64) -> StateResult<i64> {
    if !STATISTICS.try_share(tenant) {
        return Ok(0);
    }
    run(&FOLD_ALL, tenant, None, max_rows)
}

fn run(fold: &Statement, tenant: &str, agent: Option<&str>, most: i64) -> StateResult<i64> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Int8(Some(most)),
        Param::Int8(Some(new_part()?)),
        Param::Text(agent),
    ];
    let folded = as_owner(|| fold.one(Mode::Write, &params, |row| Ok(row.int8(0))))?;
    Ok(folded.flatten().unwrap_or_default())
}

/// The hours are chosen once (MATERIALIZED): a join that asked again would be given others, and the batch have no
/// bound.
static MERGE: Statement = Statement::new(
    "WITH spread AS MATERIALIZED (
  SELECT DISTINCT a.hour_at, a.agent, a.task_type FROM wfstate.agent_statistics AS a
   WHERE a.tenant {=} $1 AND a.part {>} 0 AND a.hour_at {<} $2
   ORDER BY a.hour_at, a.agent, a.task_type LIMIT $3
), old AS MATERIALIZED (
  SELECT a.agent, a.task_type, a.hour_at, a.part
    FROM spread AS s JOIN wfstate.agent_statistics AS a
      ON a.tenant {=} $1 AND a.agent {=} s.agent AND a.task_type {=} s.task_type AND a.hour_at {=} s.hour_at
     FOR UPDATE OF a SKIP LOCKED
), gone AS (
  DELETE FROM wfstate.agent_statistics AS a USING old AS o
   WHERE a.tenant {=} $1 AND a.agent {=} o.agent AND a.task_type {=} o.task_type AND a.hour_at {=} o.hour_at
     AND a.part {=} o.part
  RETURNING a.agent, a.task_type, a.hour_at, a.stats
), merged AS (
  INSERT INTO wfstate.agent_statistics (tenant, agent, task_type, hour_at, part, stats)
  SELECT $1, g.agent, g.task_type, g.hour_at, $4, wfstate.merge_stats(g.stats) FROM gone AS g
   GROUP BY g.agent, g.task_type, g.hour_at
)
SELECT pg_catalog.count(*) FROM gone AS g",
    &[Type::Text, Type::Timestamptz, Type::Int8, Type::Int8],
);

/// Merges the parts of past hours into one an hour; returns how many there were.
pub fn parts(tenant: &str, max_rows: i64) -> StateResult<i64> {
    if !STATISTICS.try_share(tenant) {
        return Ok(0);
    }
    let params = [
        Param::Text(Some(tenant)),
        Param::Timestamptz(Some(hour(now()))),
        Param::Int8(Some(max_rows)),
        Param::Int8(Some(-new_part()?)),
    ];
    let merged = as_owner(|| MERGE.one(Mode::Write, &params, |row| Ok(row.int8(0))))?;
    Ok(merged.flatten().unwrap_or_default())
}
