//! `wf_retry`: a failed execution is taken up again.

use crate::core::{Code, StateError, StateResult};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::branches::branch;
use crate::store::execution::finish::{Move, is_not};
use crate::store::execution::{sagas, steps};
use crate::store::log::executions::{Head, key_params};
use crate::store::log::rebuild;
use crate::store::queue::entries;

static LAST_GOOD: Statement = Statement::new(
    "SELECT v.version,
            (SELECT pg_catalog.min(f.version) FROM wfstate.state_versions AS f
              WHERE f.tenant {=} $1 AND f.execution_id {=} $2 AND f.version {>} v.version) AS failed_version
       FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.status {<>} 'failed' AND v.version {<} $3
      ORDER BY v.version DESC LIMIT 1",
    &[Type::Text, Type::Text, Type::Int8],
);

/// Where a failed execution is to be taken up: the newest version that had not failed, and with it what was saved since
/// it failed, by steps that were recorded late most of all, unless it failed with another state.
fn last_good(key: Key<'_>, head: &Head) -> StateResult<Option<i64>> {
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Int8(Some(head.version))];
    let found = LAST_GOOD.one(Mode::Latest, &params, |row| {
        Ok((row.int8(0).unwrap_or_default(), row.int8(1)))
    })?;
    let Some((good, failed)) = found else {
        return Ok(None);
    };
    let failed = failed.unwrap_or(head.version);
    // Where the version that failed was pruned, others have followed it.
    let is_saved_since = failed - 1 > good
        || failed < head.version
            && *rebuild::at(Mode::Latest, key, failed)? == *rebuild::at(Mode::Latest, key, good)?;
    Ok((!is_saved_since).then_some(good))
}

/// Takes a failed execution up again, with the newest state that had not failed.
pub fn retry(call: Move<'_>) -> StateResult<i64> {
    let head = call.lock()?;
    if head.status != "failed" {
        return Err(is_not(call.key, &head, "failed"));
    }
    let hint = "wf_set_status to compensating takes the undoing up again; wf_start begins anew.";
    steps::check_not_undone(call.key, hint)?;
    if sagas::is_begun(call.key)? {
        return Err(StateError::new(
            Code::IllegalTransition,
            format!("execution \"{}\" failed while it was being undone", call.key.id),
        )
        .detail("Steps with a compensation are left, and may have been undone.")
        .hint("wf_set_status to compensating takes the undoing up again; wf_recover goes back to a version from before it."));
    }
    let version = match last_good(call.key, &head)? {
        Some(version) => {
            let note = call.note.or(Some("wf_retry"));
            branch::back_to(call.key, &head, version, Some("pending"), note)?
        }
        None => {
            let version = call.append(&head, "pending", None)?;
            branch::went_on(call.key)?;
            version
        }
    };
    entries::offer(call.key)?;
    Ok(version)
}
