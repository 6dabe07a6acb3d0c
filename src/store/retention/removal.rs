//! Removing executions that have ended: what may go is locked (lease, head) and asked once more, since what is
//! committed in between may stand on it.

use crate::core::StateResult;
use crate::pg::attempt;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::feed::record;
use crate::store::log::{belongings, cache, executions};
use crate::store::queue::entries::Left;
use crate::store::retention::executions::is_old;
use crate::store::retention::{Wanted, free};

/// One by one, by their keys: with completed_at asked for by itself, an index of what has ended would serve as well to
/// the planner, which has no column of the key first. What is passed over is not waited for, so that no order matters.
static LOCK: Statement = Statement::new(
    concat!(
        "SELECT l.execution_id FROM pg_catalog.unnest($2) AS u (id)
          CROSS JOIN LATERAL (
                SELECT e.execution_id FROM wfstate.executions AS e
                 WHERE e.tenant {=} $1 AND e.execution_id {=} u.id AND ",
        is_old!(),
        " OFFSET 0 FOR UPDATE OF e SKIP LOCKED) AS l"
    ),
    &[
        Type::Text,
        Type::TextArray,
        Type::Timestamptz,
        Type::Timestamptz,
    ],
);

/// Removes those of some executions that may go, without those of which somebody else has locked anything. Returns how
/// many.
pub(super) fn remove_free(
    wanted: &Wanted<'_>,
    ids: &[String],
    left: &mut Vec<Left>,
) -> StateResult<usize> {
    let mut removed = 0;
    let work = |ids: &[String]| {
        let mut left = Vec::new();
        remove(wanted, ids, &mut left).map(|count| (count, left))
    };
    attempt::without_locked(ids, work, |(count, mut more): (usize, Vec<Left>)| {
        removed += count;
        left.append(&mut more);
    })?;
    Ok(removed)
}

/// Removes those of some executions that may go and whose own rows nobody else has locked. Returns how many.
fn remove(wanted: &Wanted<'_>, ids: &[String], left: &mut Vec<Left>) -> StateResult<usize> {
    let tenant = wanted.tenant;
    let free = free::of(Mode::Latest, tenant, ids, wanted.checkpointed)?;
    let (ids, leases) = free::lock_leases(tenant, free)?;
    if ids.is_empty() {
        return Ok(0);
    }
    let params = [
        Param::Text(Some(tenant)),
        Param::TextArray(Some(&ids)),
        Param::Timestamptz(wanted.before),
        Param::Timestamptz(Some(wanted.as_of)),
    ];
    let locked = LOCK.all(Mode::Latest, &params, |row| {
        Ok(row.text(0).unwrap_or_default())
    })?;
    // What has moved since the transaction's snapshot is not removed below what that shows.
    let locked = executions::as_shown(tenant, locked)?;
    let free = free::of(Mode::Latest, tenant, &locked, wanted.checkpointed)?;
    let ids = free::settled(tenant, free, &leases, left)?;
    if ids.is_empty() {
        return Ok(0);
    }
    belongings::delete_many(tenant, &ids)?;
    record::deleted(tenant, &ids)?;
    for id in &ids {
        cache::forget(Key { tenant, id });
    }
    Ok(ids.len())
}
