//! `wf_retry`: a failed execution is taken up again.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::branches::branch;
use crate::store::execution::finish::{Move, is_not};
use crate::store::execution::runs::{self, Outcome};
use crate::store::execution::steps;
use crate::store::log::executions::key_params;
use crate::store::queue::entries;

static LAST_GOOD: Statement = Statement::new(
    "SELECT v.version FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.status {<>} 'failed' AND v.version {<} $3
      ORDER BY v.version DESC LIMIT 1",
    &[Type::Text, Type::Text, Type::Int8],
);

/// Takes a failed execution up again, with the newest state that had not failed.
pub fn retry(call: Move<'_>) -> StateResult<i64> {
    let head = call.lock()?;
    if head.status != "failed" {
        return Err(is_not(call.key, &head, "failed"));
    }
    let hint = "wf_set_status to compensating takes the undoing up again; wf_start begins anew.";
    steps::check_not_undone(call.key, hint)?;
    let [tenant, id] = key_params(call.key);
    let params = [tenant, id, Param::Int8(Some(head.version))];
    let good = LAST_GOOD.one(Mode::Latest, &params, |row| Ok(row.int8(0)))?;
    let version = match good.flatten() {
        Some(version) => {
            let note = call.note.or(Some("wf_retry"));
            branch::back_to(call.key, &head, version, Some("pending"), note)?
        }
        None => call.append(&head, "pending", None)?,
    };
    runs::set_outcome(call.key, Outcome::default())?;
    steps::renew(call.key)?;
    entries::offer(call.key)?;
    Ok(version)
}
