//! `wf_delete`: an execution with all its versions.

use crate::core::StateResult;
use crate::store::Key;
use crate::store::feed::record::{Change, record};
use crate::store::history::prune;
use crate::store::log::belongings;
use crate::store::log::cache;
use crate::store::log::executions::{self, Lock};
use crate::store::log::versions;
use crate::store::queue::entries;
use crate::store::queue::guard::{self, Touch};

/// Deletes an execution; false when there is none. Its forks get their own copy of what they stand on.
pub fn delete(key: Key<'_>, expected: Option<i64>) -> StateResult<bool> {
    guard::lock(key, Touch::Changes)?;
    let Some(head) = executions::lock(key, Lock::Prune)? else {
        belongings::delete_early(key.tenant, &[key.id.to_owned()])?;
        return Ok(false);
    };
    executions::check_expected(key, expected, head.version)?;
    for fork in executions::lock_forks(key)? {
        let fork = Key {
            tenant: key.tenant,
            id: &fork,
        };
        if versions::stands_on_source(fork)? {
            prune::make_root(fork, 1, false)?;
        }
    }
    entries::end(key)?;
    belongings::delete(key)?;
    cache::forget(key);
    record(key, Change::Deleted)?;
    Ok(true)
}
