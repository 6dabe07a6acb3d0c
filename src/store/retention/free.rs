//! Which of some executions may be removed, whatever their age: nothing stands on them, and nobody works on them.

use crate::core::StateResult;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::final_statuses;
use crate::store::queue::entries::{self, Left};
use crate::store::waits::children;
use std::collections::BTreeSet;

/// Each rule is looked up by key, execution by execution: a join would read all of a tenant that the statistics hardly
/// know. Checkpoints; forks whose first version still refers to it; children that have not ended; a parent that has
/// not, and may ask for its children again; a lease that is held.
static FREE: Statement = Statement::new(
    concat!(
        "SELECT u.id, (SELECT true FROM wfstate.leases AS l WHERE l.tenant {=} $1 AND l.execution_id {=} u.id) AS is_queued
  FROM pg_catalog.unnest($2) AS u (id)
 WHERE ($3 OR (SELECT true FROM wfstate.checkpoints AS c
                WHERE c.tenant {=} $1 AND c.execution_id {=} u.id LIMIT 1) IS NULL)
   AND (SELECT true FROM wfstate.executions AS f
         WHERE f.tenant {=} $1 AND f.forked_from_execution_id {=} u.id
           AND (SELECT v.base_version FROM wfstate.state_versions AS v
                 WHERE v.tenant {=} $1 AND v.execution_id {=} f.execution_id AND v.version {=} 1) IS NOT NULL
         LIMIT 1) IS NULL
   AND (SELECT true FROM wfstate.runs AS r
         WHERE r.tenant {=} $1 AND r.parent_execution_id {=} u.id
           AND (SELECT e.status FROM wfstate.executions AS e
                 WHERE e.tenant {=} $1 AND e.execution_id {=} r.execution_id) {<>} ALL (",
        final_statuses!(),
        ") LIMIT 1) IS NULL
   AND (SELECT e.status FROM wfstate.executions AS e
         WHERE e.tenant {=} $1 AND e.execution_id {=} (
               SELECT r.parent_execution_id FROM wfstate.runs AS r
                WHERE r.tenant {=} $1 AND r.execution_id {=} u.id)) {<>} ALL (",
        final_statuses!(),
        ") IS NOT TRUE
   AND (SELECT l.state {=} 'held' AND l.expires_at {>} pg_catalog.clock_timestamp() FROM wfstate.leases AS l
         WHERE l.tenant {=} $1 AND l.execution_id {=} u.id) IS NOT TRUE
 ORDER BY u.id"
    ),
    &[Type::Text, Type::TextArray, Type::Bool],
);

/// An execution that may go.
pub(super) struct Free {
    pub id: String,
    /// Whether it still has a place in a queue.
    pub is_queued: bool,
}

/// Those of these executions that may go, as it is committed now, also where a policy hides what stands on them.
pub(super) fn of(
    mode: Mode,
    tenant: &str,
    ids: &[String],
    checkpointed: bool,
) -> StateResult<Vec<Free>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let params = [
        Param::Text(Some(tenant)),
        Param::TextArray(Some(ids)),
        Param::Bool(Some(checkpointed)),
    ];
    as_owner(|| {
        FREE.all(mode, &params, |row| {
            Ok(Free {
                id: row.text(0).unwrap_or_default(),
                is_queued: row.bool(1) == Some(true),
            })
        })
    })
}

static LOCK_LEASES: Statement = Statement::new(
    "SELECT f.execution_id FROM pg_catalog.unnest($2) AS u (id)
      CROSS JOIN LATERAL (
            SELECT l.execution_id FROM wfstate.leases AS l WHERE l.tenant {=} $1 AND l.execution_id {=} u.id
            OFFSET 0 FOR UPDATE SKIP LOCKED) AS f",
    &[Type::Text, Type::TextArray],
);

/// Locks the rows in the queue that some of them still have; those that somebody else has are left out. Returns the
/// others, and those whose row was locked.
pub(super) fn lock_leases(
    tenant: &str,
    free: Vec<Free>,
) -> StateResult<(Vec<String>, BTreeSet<String>)> {
    let queued = free.iter().filter(|one| one.is_queued);
    let queued: Vec<String> = queued.map(|one| one.id.clone()).collect();
    let mut locked = BTreeSet::new();
    if !queued.is_empty() {
        let params = [Param::Text(Some(tenant)), Param::TextArray(Some(&queued))];
        let found = LOCK_LEASES.all(Mode::Latest, &params, |row| Ok(row.text(0)))?;
        locked.extend(found.into_iter().flatten());
    }
    let rest = free
        .into_iter()
        .filter(|one| !one.is_queued || locked.contains(&one.id));
    Ok((rest.map(|one| one.id).collect(), locked))
}

/// Of rows that others write without the execution's lock, what is locked now would be waited for: by whoever might
/// wait for the execution.
static BUSY: Statement = Statement::new(
    "SELECT u.id FROM pg_catalog.unnest($2) AS u (id)
      WHERE (SELECT pg_catalog.count(*) FROM wfstate.runs AS r
              WHERE r.tenant {=} $1 AND r.parent_execution_id {=} u.id)
         {>} (SELECT pg_catalog.count(*) FROM (
                     SELECT FROM wfstate.runs AS r WHERE r.tenant {=} $1 AND r.parent_execution_id {=} u.id
                        FOR NO KEY UPDATE SKIP LOCKED) AS f)
         OR (SELECT pg_catalog.count(*) FROM wfstate.checkpoints AS c
              WHERE c.tenant {=} $1 AND c.execution_id {=} u.id)
         {>} (SELECT pg_catalog.count(*) FROM (
                     SELECT FROM wfstate.checkpoints AS c WHERE c.tenant {=} $1 AND c.execution_id {=} u.id
                        FOR UPDATE SKIP LOCKED) AS f)",
    &[Type::Text, Type::TextArray],
);

/// Takes locked executions out of their queues where they are in one, and gives those that nobody has to be waited for.
/// What has left its place is for `make_room`.
pub(super) fn settled(
    tenant: &str,
    free: Vec<Free>,
    leases: &BTreeSet<String>,
    left: &mut Vec<Left>,
) -> StateResult<Vec<String>> {
    let ids: Vec<String> = free.iter().map(|one| one.id.clone()).collect();
    let params = [Param::Text(Some(tenant)), Param::TextArray(Some(&ids))];
    let busy = as_owner(|| BUSY.all(Mode::Latest, &params, |row| Ok(row.text(0))))?;
    let busy: BTreeSet<String> = busy.into_iter().flatten().collect();
    let mut settled = Vec::with_capacity(ids.len());
    for one in free {
        let key = Key {
            tenant,
            id: &one.id,
        };
        // It may have got its place since the rows in the queue were locked.
        let waits = busy.contains(&one.id) || one.is_queued && !leases.contains(&one.id);
        if waits || one.is_queued && !children::try_lock_parent(key)? {
            continue;
        }
        if one.is_queued {
            left.extend(entries::end_alone(key)?);
        }
        settled.push(one.id);
    }
    Ok(settled)
}
