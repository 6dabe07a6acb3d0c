//! `wf_heartbeat`: leases that are held on.

use crate::core::{StateError, StateResult};
use crate::pg::interrupts;
use crate::pg::spi::{Interval, Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::key_params;

/// check_at is lowered where the lease is shortened; else no column changes that an index has (HOT). The clock counts,
/// too, once the row is locked, which may take a while.
static BEAT: Statement = Statement::new(
    "WITH held AS (
  SELECT h.tenant, h.execution_id, h.expires_at FROM wfstate.leases AS h
   WHERE h.tenant {=} wfstate.current_tenant() AND h.execution_id {=} $2 AND h.ticket {=} $3 AND h.state {=} 'held'
     AND h.expires_at {>} pg_catalog.clock_timestamp()
     FOR NO KEY UPDATE
)
UPDATE wfstate.leases AS l
   SET expires_at = pg_catalog.clock_timestamp() {+} $4,
       check_at = least(l.check_at, pg_catalog.clock_timestamp() {+} $4)
  FROM held AS h
 WHERE l.tenant {=} wfstate.current_tenant() AND l.execution_id {=} $2
   AND h.expires_at {>} pg_catalog.clock_timestamp()
RETURNING l.expires_at",
    &[Type::Text, Type::Text, Type::Int8, Type::Interval],
);

/// Puts off the expiry of leases, each with its execution; `None` for those that are lost. Refuses an execution that
/// is given twice.
pub fn beat(
    tenant: &str,
    leases: &[(String, i64)],
    duration: Interval,
) -> StateResult<Vec<Option<i64>>> {
    let named = leases.iter().zip(0..);
    let mut order: Vec<(&str, i64, usize)> = named
        .map(|((id, lease), i)| (id.as_str(), *lease, i))
        .collect();
    // Two calls over the same leases lock them in the same order.
    order.sort_unstable();
    for pair in order.windows(2) {
        if let [(a, ..), (b, ..)] = pair
            && a == b
        {
            return Err(
                StateError::invalid(format!("execution \"{a}\" is given twice"))
                    .hint("Give each execution once, with the lease that is held now."),
            );
        }
    }
    let mut held = vec![None; leases.len()];
    for (id, lease, i) in order {
        interrupts::check();
        if let Some(held) = held.get_mut(i) {
            let [tenant, id] = key_params(Key { tenant, id });
            let params = [
                tenant,
                id,
                Param::Int8(Some(lease)),
                Param::Interval(Some(duration)),
            ];
            *held = BEAT
                .one(Mode::Write, &params, |row| Ok(row.micros(0)))?
                .flatten();
        }
    }
    Ok(held)
}
