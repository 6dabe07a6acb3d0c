//! What has waited long enough, and whose lease has expired, becomes ready again.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Statement, Type, now};
use crate::store::queue::marks;
use crate::store::queue::queues;
use std::time::Instant;

/// How many a claim makes ready at most.
const MOST: i64 = 100;
/// Behind the time up to which was looked, since commits come late and clocks are set back.
const LAG: i64 = 1_000_000;

static DUE: Statement = Statement::new(
    "SELECT l.execution_id, l.state {=} 'held' AND l.expires_at {>} pg_catalog.clock_timestamp() AS is_kept
       FROM wfstate.leases AS l
      WHERE l.tenant {=} wfstate.current_tenant() AND l.check_at {>=} $2 AND l.check_at {<=} $3
        AND l.state {=} ANY ('{held,delayed,waiting}'::pg_catalog.text[])
      ORDER BY l.check_at LIMIT $4 FOR UPDATE SKIP LOCKED",
    &[
        Type::Text,
        Type::Timestamptz,
        Type::Timestamptz,
        Type::Int8,
    ],
);
const SOME: &[Type] = &[Type::Text, Type::TextArray];
/// Heartbeats have put the expiry off: the next look is then.
static KEEP: Statement = Statement::new(
    "UPDATE wfstate.leases AS l SET check_at = l.expires_at
      WHERE l.tenant {=} wfstate.current_tenant() AND l.execution_id {=} ANY ($2)",
    SOME,
);
static READY: Statement = Statement::new(
    "UPDATE wfstate.leases AS l
        SET ticket = DEFAULT, state = 'ready', lane = l.lane {|} 1::pg_catalog.int2, check_at = NULL, expires_at = NULL
      WHERE l.tenant {=} wfstate.current_tenant() AND l.execution_id {=} ANY ($2)",
    SOME,
);

/// Makes ready what is due. Returns whether there was any.
pub(super) fn make_ready(tenant: &str, is_idle: bool) -> StateResult<bool> {
    let Some(from) = marks::due_from(tenant, is_idle) else {
        return Ok(false);
    };
    let (begun, until) = (Instant::now(), now());
    let (found, due) = ready(tenant, from, until, MOST)?;
    if found < MOST {
        marks::due_seen(tenant, from, until.saturating_sub(LAG), begun.elapsed());
    }
    Ok(due > 0)
}

/// Makes ready what is due, up to so many; returns how many.
pub fn expire(tenant: &str, most: i64) -> StateResult<i64> {
    Ok(ready(tenant, i64::MIN, now(), most)?.1)
}

/// What was found between two times, and how many were made ready of it.
fn ready(tenant: &str, from: i64, until: i64, most: i64) -> StateResult<(i64, i64)> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Timestamptz(Some(from)),
        Param::Timestamptz(Some(until)),
        Param::Int8(Some(most)),
    ];
    let found = DUE.all(Mode::Write, &params, |row| {
        Ok((
            row.text(0).unwrap_or_default(),
            row.bool(1).unwrap_or_default(),
        ))
    })?;
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let all = count(found.len());
    let (kept, due): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, is_kept)| *is_kept);
    let ids = |some: Vec<(String, bool)>| some.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    for (statement, ids) in [(&KEEP, ids(kept)), (&READY, ids(due.clone()))] {
        if !ids.is_empty() {
            let params = [Param::Text(Some(tenant)), Param::TextArray(Some(&ids))];
            statement.run(Mode::Latest, &params)?;
        }
    }
    if !due.is_empty() {
        queues::nudge()?;
    }
    Ok((all, count(due.len())))
}
