//! The end of an execution's children.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::{self, Lock, final_statuses, key_params};
use crate::store::queue::entries;
use crate::store::queue::guard::{self, Touch};

/// How many there are.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    /// In all.
    pub all: i64,
    /// That have completed.
    pub completed: i64,
    /// Without a final status.
    pub incomplete: i64,
}

/// Each status is looked up by itself: a join would read all executions of a tenant that the statistics hardly know.
static COUNT: Statement = Statement::new(
    concat!(
        "SELECT pg_catalog.count(c.status), pg_catalog.count(*) FILTER (WHERE c.status {=} 'completed'),
            pg_catalog.count(*) FILTER (WHERE c.status {<>} ALL (",
        final_statuses!(),
        "))
       FROM (SELECT (SELECT e.status FROM wfstate.executions AS e
                      WHERE e.tenant {=} $1 AND e.execution_id {=} r.execution_id) AS status
               FROM wfstate.runs AS r WHERE r.tenant {=} $1 AND r.parent_execution_id {=} $2 OFFSET 0) AS c"
    ),
    &[Type::Text, Type::Text],
);

/// Counts the children of an execution.
pub fn count(key: Key<'_>) -> StateResult<Counts> {
    let found = COUNT.one(Mode::Latest, &key_params(key), |row| {
        Ok(Counts {
            all: row.int8(0).unwrap_or_default(),
            completed: row.int8(1).unwrap_or_default(),
            incomplete: row.int8(2).unwrap_or_default(),
        })
    })?;
    Ok(found.unwrap_or_default())
}

static PARENT: Statement = Statement::new(
    "SELECT r.parent_execution_id FROM wfstate.runs AS r WHERE r.tenant {=} $1 AND r.execution_id {=} $2",
    &[Type::Text, Type::Text],
);
static BLOCKED_BY: Statement = Statement::new(
    "SELECT w.blocked_by FROM wfstate.waits AS w
      WHERE w.tenant {=} $1 AND w.execution_id {=} $2 AND w.kind {=} 'children' AND w.ended_at IS NULL
        AND w.asked_version {>=} coalesce((SELECT l.claimed_version FROM wfstate.leases AS l
                                          WHERE l.tenant {=} $1 AND l.execution_id {=} $2), 0)
      ORDER BY w.blocked_by NULLS FIRST LIMIT 1",
    &[Type::Text, Type::Text],
);
/// The first after a child that has not ended; one row at a time, in the order of the index.
static NEXT_OPEN: Statement = Statement::new(
    concat!(
        "SELECT r.execution_id FROM wfstate.runs AS r
      WHERE r.tenant {=} $1 AND r.parent_execution_id {=} $2 AND r.execution_id {>} $3 AND r.execution_id {<>} $4
        AND (SELECT e.status FROM wfstate.executions AS e
              WHERE e.tenant {=} $1 AND e.execution_id {=} r.execution_id) {<>} ALL (",
        final_statuses!(),
        ")
      ORDER BY r.execution_id LIMIT 1"
    ),
    &[Type::Text, Type::Text, Type::Text, Type::Text],
);
static BLOCK: Statement = Statement::new(
    "UPDATE wfstate.waits AS w SET blocked_by = $3
      WHERE w.tenant {=} $1 AND w.execution_id {=} $2 AND w.kind {=} 'children' AND w.ended_at IS NULL",
    &[Type::Text, Type::Text, Type::Text],
);

fn parent_of(key: Key<'_>) -> StateResult<Option<String>> {
    let parent = PARENT.one(Mode::Latest, &key_params(key), |row| Ok(row.text(0)))?;
    Ok(parent.flatten())
}

/// Locks what a parent's waiting is decided under, without waiting; false where somebody else has it.
pub fn try_lock_parent(key: Key<'_>) -> StateResult<bool> {
    let Some(parent) = parent_of(key)? else {
        return Ok(true);
    };
    let parent_key = Key {
        tenant: key.tenant,
        id: &parent,
    };
    match guard::try_lock(parent_key)? {
        Err(guard::Busy) => Ok(false),
        Ok(Some(_)) => Ok(true),
        Ok(None) => Ok(!executions::lock_free(key.tenant, &[parent])?.is_empty()),
    }
}

/// A locked execution has ended: its parent may have waited for that.
pub fn ended(key: Key<'_>) -> StateResult<()> {
    let Some(parent) = parent_of(key)? else {
        return Ok(());
    };
    let parent = Key {
        tenant: key.tenant,
        id: &parent,
    };
    // Of two children that end at the same time, the later one sees the other; and a parent that has looked at them
    // has begun to wait. It may be about to get its row.
    let mut found = guard::lock(parent, Touch::Changes)?;
    if found.is_none() {
        executions::lock(parent, Lock::Save)?;
        found = guard::lock(parent, Touch::Changes)?;
    }
    if found.is_none_or(|found| found.state != "waiting") {
        return Ok(());
    }
    if is_done(parent, key.id)? {
        entries::wake(parent)?;
    }
    Ok(())
}

/// Whether an execution waits for its children, and all but one of them have ended. The locked parent remembers one that
/// has not, so that of many children that end, few look for another.
fn is_done(parent: Key<'_>, but: &str) -> StateResult<bool> {
    let blocked_by = BLOCKED_BY.one(Mode::Latest, &key_params(parent), |row| Ok(row.text(0)))?;
    let Some(blocked_by) = blocked_by else {
        return Ok(false);
    };
    if blocked_by.as_deref().is_some_and(|open| open != but) {
        return Ok(false);
    }
    let after = |after: &str| {
        let [tenant, id] = key_params(parent);
        let params = [tenant, id, Param::Text(Some(after)), Param::Text(Some(but))];
        NEXT_OPEN.one(Mode::Latest, &params, |row| Ok(row.text(0)))
    };
    let mut open = after(blocked_by.as_deref().unwrap_or(""))?.flatten();
    if open.is_none() && blocked_by.is_some() {
        // Those before it have ended, unless they were taken up again.
        open = after("")?.flatten();
    }
    let Some(open) = open else {
        return Ok(true);
    };
    let [tenant, id] = key_params(parent);
    BLOCK.run(Mode::Latest, &[tenant, id, Param::Text(Some(&open))])?;
    Ok(false)
}
