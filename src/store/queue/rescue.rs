//! What was parked until its key has room, and was passed over when it had: somebody had it locked just then.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Statement, Type};
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long no look is taken.
const PAUSE: Duration = Duration::from_secs(1);
/// Workflows up to which those without limits are looked at, too.
pub(super) const FEW: usize = 20;
/// Workflows up to which a session remembers.
const KEPT: usize = 10_000;

thread_local! {
    /// When a look was taken last, and up to which key.
    static SEEN: RefCell<HashMap<(String, String), (Instant, String)>> = RefCell::default();
}

/// Up to 100 keys of those that something is parked for, behind the last that was looked at.
static KEYS: Statement = Statement::new(
    "WITH RECURSIVE keys (key, n) AS (
  (SELECT p.concurrency_key::pg_catalog.text, 1 FROM wfstate.leases AS p
    WHERE p.tenant {=} $1 AND p.workflow {=} $2 AND p.state {=} 'parked' AND p.concurrency_key {>} $3
    ORDER BY p.concurrency_key LIMIT 1)
  UNION ALL
  SELECT (SELECT p.concurrency_key::pg_catalog.text FROM wfstate.leases AS p
           WHERE p.tenant {=} $1 AND p.workflow {=} $2 AND p.state {=} 'parked' AND p.concurrency_key {>} k.key
           ORDER BY p.concurrency_key LIMIT 1), k.n {+} 1
    FROM keys AS k WHERE k.key IS NOT NULL AND k.n {<} 100
)
SELECT k.key,
       (SELECT pg_catalog.count(*) FROM wfstate.leases AS l
         WHERE l.tenant {=} $1 AND l.workflow {=} $2 AND l.state {=} 'held' AND l.concurrency_key {=} k.key) AS held
  FROM keys AS k WHERE k.key IS NOT NULL",
    &[Type::Text, Type::Text, Type::Text],
);
static READY: Statement = Statement::new(
    "UPDATE wfstate.leases AS l SET ticket = DEFAULT, state = 'ready', lane = l.lane {|} 1::pg_catalog.int2
      WHERE l.tenant {=} $1 AND l.execution_id {=} (
            SELECT p.execution_id FROM wfstate.leases AS p
             WHERE p.tenant {=} $1 AND p.workflow {=} $2 AND p.concurrency_key {=} $3 AND p.state {=} 'parked'
             ORDER BY p.lane DESC, p.ticket LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)",
    &[Type::Text, Type::Text, Type::Text],
);

/// Makes ready what is parked although its key has room. Returns whether there was any.
pub(super) fn rescue(tenant: &str, workflow: &str, most: i32) -> StateResult<bool> {
    let place = (tenant.to_owned(), workflow.to_owned());
    let seen = SEEN.with_borrow(|seen| seen.get(&place).cloned());
    let after = match seen {
        Some((at, _)) if at.elapsed() < PAUSE => return Ok(false),
        Some((_, key)) => key,
        None => String::new(),
    };
    let param = |text| Param::Text(Some(text));
    let params = [param(tenant), param(workflow), param(&after)];
    let keys = KEYS.all(Mode::Latest, &params, |row| {
        Ok((
            row.text(0).unwrap_or_default(),
            row.int8(1).unwrap_or_default(),
        ))
    })?;
    let mut any = false;
    for (key, held) in &keys {
        if *held < i64::from(most) {
            any |= READY.run(Mode::Latest, &[param(tenant), param(workflow), param(key)])? > 0;
        }
    }
    // Behind the last key it begins anew.
    let last = keys.last().filter(|_| keys.len() >= 100);
    let last = last.map_or_else(String::new, |(key, _)| key.clone());
    SEEN.with_borrow_mut(|seen| {
        if seen.len() >= KEPT {
            seen.clear();
        }
        seen.insert(place, (Instant::now(), last));
    });
    Ok(any)
}
