//! `wf_delete`: an execution with all its versions.

use crate::core::StateResult;
use crate::store::Key;
use crate::store::branches::checkpoints;
use crate::store::history::page;
use crate::store::history::prune;
use crate::store::log::cache;
use crate::store::log::executions::{self, Lock};
use crate::store::log::versions;
use crate::store::repair::rows;
use crate::store::search::index;

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
        if page::stands_on_source(fork)? {
            prune::make_root(fork, 1, false)?;
        }
    }
    versions::delete_all(key)?;
    checkpoints::delete_all(key)?;
    rows::delete_all(key)?;
    index::delete(key)?;
    executions::delete(key)?;
    cache::forget(key);
    Ok(true)
}
