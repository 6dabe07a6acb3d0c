//! Keeping the audit trail and the statistics in bounds, and building the one from the other.

use crate::core::StateResult;
use crate::core::routing::{first_id, hour, hour_from};
use crate::pg::backend;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Interval, Mode, Param, Statement, Type};
use crate::store::ages::before;
use crate::store::routing::fold::{STATISTICS, new_part};

static PRUNED_UNTIL: Statement = Statement::new(
    "SELECT r.pruned_until_at FROM wfstate.routing_retention AS r WHERE r.tenant {=} $1",
    &[Type::Text],
);
/// One statement, since all of it must see the same moment: what is recorded meanwhile has neither its decision
/// counted nor its outcome taken away.
static REBUILD: Statement = Statement::new(
    "WITH counted AS (
  DELETE FROM wfstate.agent_statistics AS a WHERE a.tenant {=} $1 AND a.hour_at {>=} $2
), unfolded AS (
  DELETE FROM wfstate.routing_outcomes AS o WHERE o.tenant {=} $1 AND o.hour_at {>=} $2
)
INSERT INTO wfstate.agent_statistics (tenant, agent, task_type, hour_at, part, stats)
SELECT $1, d.selected_agent, coalesce(d.task_type, ''),
       pg_catalog.date_bin('1 hour', d.decided_at, '2000-01-01 00:00:00+00'), $4,
       wfstate.collect_stats(d.success, d.duration_ms)
  FROM wfstate.routing_decisions AS d
 WHERE d.tenant {=} $1 AND d.decision_id {>=} $3 AND d.success IS NOT NULL
 GROUP BY 2, 3, 4",
    &[Type::Text, Type::Timestamptz, Type::Uuid, Type::Int8],
);

/// Builds the statistics anew from the audit trail, from the hour on that holds `since`, or from where the trail
/// is complete. Waits for transactions that have folded or pruned, and keeps others of the tenant from it; recording
/// goes on. Returns how many rows there are of them now.
pub fn recalculate(tenant: &str, since: Option<i64>) -> StateResult<i64> {
    backend::refuse_read_only(c"wf_recalculate_statistics()");
    STATISTICS.alone(tenant);
    let pruned = PRUNED_UNTIL
        .one(Mode::Latest, &[Param::Text(Some(tenant))], |row| {
            Ok(row.micros(0))
        })?
        .flatten();
    let from = match (since.map(hour), pruned.map(hour_from)) {
        (Some(since), Some(complete)) => since.max(complete),
        (Some(from), None) | (None, Some(from)) => from,
        (None, None) => i64::MIN,
    };
    let params = [
        Param::Text(Some(tenant)),
        Param::Timestamptz(Some(from)),
        Param::Uuid(Some(first_id(from))),
        Param::Int8(Some(-new_part()?)),
    ];
    Ok(as_owner(|| REBUILD.run(Mode::Latest, &params))?.cast_signed())
}

/// The newest of the removed decisions says from when on the trail is complete.
static PRUNE_DECISIONS: Statement = Statement::new(
    "WITH old AS MATERIALIZED (
  SELECT d.decision_id FROM wfstate.routing_decisions AS d
   WHERE d.tenant {=} $1 AND d.decision_id {<} $2
   ORDER BY d.decision_id LIMIT $3 FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM wfstate.routing_decisions AS d USING old AS o
   WHERE d.tenant {=} $1 AND d.decision_id {=} o.decision_id
  RETURNING d.decided_at
), told AS (
  INSERT INTO wfstate.routing_retention AS r (tenant, pruned_until_at)
  SELECT $1, pg_catalog.max(g.decided_at) {+} '1 microsecond'::pg_catalog.interval FROM gone AS g
  HAVING pg_catalog.count(*) {>} 0
  ON CONFLICT (tenant) DO UPDATE SET pruned_until_at = greatest(r.pruned_until_at, EXCLUDED.pruned_until_at)
)
SELECT pg_catalog.count(*) FROM gone AS g",
    &[Type::Text, Type::Uuid, Type::Int8],
);
static PRUNE_STATISTICS: Statement = Statement::new(
    "WITH old AS MATERIALIZED (
  SELECT a.agent, a.task_type, a.hour_at, a.part FROM wfstate.agent_statistics AS a
   WHERE a.tenant {=} $1 AND a.hour_at {<} $2
   ORDER BY a.hour_at, a.agent, a.task_type LIMIT $3 FOR UPDATE SKIP LOCKED
)
DELETE FROM wfstate.agent_statistics AS a USING old AS o
 WHERE a.tenant {=} $1 AND a.agent {=} o.agent AND a.task_type {=} o.task_type AND a.hour_at {=} o.hour_at
   AND a.part {=} o.part",
    &[Type::Text, Type::Timestamptz, Type::Int8],
);
/// What is not folded yet goes with the hours that it would be folded into.
static PRUNE_OUTCOMES: Statement = Statement::new(
    "DELETE FROM wfstate.routing_outcomes AS o
  WHERE o.ctid {=} ANY (ARRAY(
        SELECT w.ctid FROM wfstate.routing_outcomes AS w
         WHERE w.tenant {=} $1 AND w.hour_at {<} $2 LIMIT $3 FOR UPDATE SKIP LOCKED))",
    &[Type::Text, Type::Timestamptz, Type::Int8],
);

/// What a batch of pruning removed.
pub struct Pruned {
    /// Decisions of the audit trail.
    pub decisions: i64,
    /// Rows of the statistics, and outcomes that were not folded into them yet.
    pub statistics: i64,
}

/// Removes decisions that are older than one age, and statistics of hours that ended longer ago than another, as
/// many of each as a batch may have, the oldest first.
pub fn prune(
    tenant: &str,
    older_than: Option<Interval>,
    statistics_older_than: Option<Interval>,
    max_rows: i64,
) -> StateResult<Pruned> {
    let decisions_before = before(older_than)?;
    let statistics_before = before(statistics_older_than)?;
    // A recalculation must see either none of this batch or all of it.
    STATISTICS.share(tenant);
    let part = |what, before: Option<i64>| {
        before.map_or(Ok(0), |before| removed(tenant, what, before, max_rows))
    };
    Ok(Pruned {
        decisions: part(What::Decisions, decisions_before)?,
        statistics: part(What::Statistics, statistics_before)?,
    })
}

/// A part of what is pruned.
#[derive(Clone, Copy)]
pub enum What {
    /// Decisions of the audit trail.
    Decisions,
    /// Statistics, and outcomes that were not folded into them yet.
    Statistics,
}

/// The same of a part, up to a time; `None` while the statistics are being recalculated.
pub fn try_prune(tenant: &str, what: What, before: i64, max_rows: i64) -> StateResult<Option<i64>> {
    if !STATISTICS.try_share(tenant) {
        return Ok(None);
    }
    removed(tenant, what, before, max_rows).map(Some)
}

fn removed(tenant: &str, what: What, before: i64, max_rows: i64) -> StateResult<i64> {
    let own = || Param::Text(Some(tenant));
    if matches!(what, What::Decisions) {
        let params = [
            own(),
            Param::Uuid(Some(first_id(before))),
            Param::Int8(Some(max_rows)),
        ];
        let gone = PRUNE_DECISIONS.one(Mode::Write, &params, |row| Ok(row.int8(0)))?;
        return Ok(gone.flatten().unwrap_or_default());
    }
    let mut pruned = 0;
    for prune in [&PRUNE_OUTCOMES, &PRUNE_STATISTICS] {
        let params = [
            own(),
            Param::Timestamptz(Some(hour(before))),
            Param::Int8(Some(max_rows - pruned)),
        ];
        pruned += as_owner(|| prune.run(Mode::Write, &params))?.cast_signed();
    }
    Ok(pruned)
}

static COUNT_DECISIONS: Statement = Statement::new(
    "SELECT FROM wfstate.routing_decisions AS d WHERE d.tenant {=} $1 AND d.decision_id {<} $2 LIMIT $3",
    &[Type::Text, Type::Uuid, Type::Int8],
);
static COUNT_STATISTICS: Statement = Statement::new(
    "SELECT FROM wfstate.agent_statistics AS a WHERE a.tenant {=} $1 AND a.hour_at {<} $2
      UNION ALL
     SELECT FROM wfstate.routing_outcomes AS o WHERE o.tenant {=} $1 AND o.hour_at {<} $2
      LIMIT $3",
    &[Type::Text, Type::Timestamptz, Type::Int8],
);

/// What a batch would remove of a part.
pub fn count(tenant: &str, what: What, before: i64, max_rows: i64) -> StateResult<i64> {
    let (statement, at) = match what {
        What::Decisions => (&COUNT_DECISIONS, Param::Uuid(Some(first_id(before)))),
        What::Statistics => (&COUNT_STATISTICS, Param::Timestamptz(Some(hour(before)))),
    };
    let params = [Param::Text(Some(tenant)), at, Param::Int8(Some(max_rows))];
    Ok(statement.run(Mode::Read, &params)?.cast_signed())
}
