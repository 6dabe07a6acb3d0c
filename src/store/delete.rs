//! `wf_delete`: an execution with all its versions.

use crate::core::StateResult;
use crate::store::executions::{self, Lock};
use crate::store::{Key, cache, checkpoints, history, prune, search, versions};

/// Deletes an execution; false when there is none. Its forks get their own copy of what they stand on.
pub fn delete(key: Key<'_>, expected: Option<i64>) -> StateResult<bool> {
    let Some(head) = executions::lock(key, Lock::Prune)? else {
        return Ok(false);
    };
    executions::check_expected(key, expected, head.version)?;
    for fork in executions::lock_forks(key)? {
        let fork = Key {
            tenant: key.tenant,
            id: &fork,
        };
        if history::stands_on_source(fork)? {
            prune::make_root(fork, 1, false)?;
        }
    }
    versions::delete_all(key)?;
    checkpoints::delete_all(key)?;
    search::delete(key)?;
    executions::delete(key)?;
    cache::forget(key);
    Ok(true)
}
