//! `wf_release`: a lease that is given back.

use crate::core::StateResult;
use crate::pg::spi::{Interval, Mode, Param, Statement, Type};
use crate::store::execution::finish::Move;
use crate::store::log::executions::key_params;
use crate::store::queue::entries::make_room;
use crate::store::queue::guard::{self, Touch};

static RELEASE: Statement = Statement::new(
    "UPDATE wfstate.leases AS l
        SET ticket = DEFAULT, lane = l.lane {|} 1::pg_catalog.int2, claims = greatest(l.claims {-} 1, 0),
            state = CASE WHEN $3 IS NULL THEN 'ready' ELSE 'delayed' END,
            check_at = pg_catalog.clock_timestamp() {+} $3, expires_at = NULL
      WHERE l.tenant {=} $1 AND l.execution_id {=} $2
     RETURNING l.workflow, l.concurrency_key",
    &[Type::Text, Type::Text, Type::Interval],
);

/// Gives a lease back. Returns the newest version.
pub fn release(call: Move<'_>, lease: i64, delay: Option<Interval>) -> StateResult<i64> {
    let key = call.key;
    guard::hold(key, lease, Touch::Changes)?;
    let head = call.lock()?;
    let version = match head.status.as_str() {
        "running" => call.append(&head, "pending", None)?,
        _ => head.version,
    };
    let [tenant, id] = key_params(key);
    let left = RELEASE.one(Mode::Latest, &[tenant, id, Param::Interval(delay)], |row| {
        Ok((row.text(0).unwrap_or_default(), row.text(1)))
    })?;
    if let Some(left) = left {
        make_room(key.tenant, &left)?;
    }
    Ok(version)
}
