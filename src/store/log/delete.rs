//! `wf_delete`: an execution with all its versions.

use crate::core::StateResult;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Statement, Type};
use crate::store::Key;
use crate::store::agents;
use crate::store::branches::checkpoints;
use crate::store::execution::{runs, steps};
use crate::store::feed::record::{Change, record};
use crate::store::history::prune;
use crate::store::log::cache;
use crate::store::log::executions::{self, Lock, key_params};
use crate::store::log::versions;
use crate::store::logs;
use crate::store::queue::entries;
use crate::store::queue::guard::{self, Touch};
use crate::store::search::index;
use crate::store::waits::signals;

/// Deletes an execution; false when there is none. Its forks get their own copy of what they stand on.
pub fn delete(key: Key<'_>, expected: Option<i64>) -> StateResult<bool> {
    guard::lock(key, Touch::Changes)?;
    let Some(head) = executions::lock(key, Lock::Prune)? else {
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
    versions::delete_all(key)?;
    checkpoints::delete_all(key)?;
    forget_troubles(key)?;
    logs::forget(key)?;
    entries::end(key)?;
    runs::delete(key)?;
    steps::delete_all(key)?;
    signals::delete(key)?;
    agents::delete(key)?;
    index::delete(key)?;
    executions::delete(key)?;
    cache::forget(key);
    record(key, Change::Deleted)?;
    Ok(true)
}

static FORGET_TROUBLES: Statement = Statement::new(
    "WITH broken AS (
  DELETE FROM wfstate.quarantine AS q WHERE q.tenant {=} $1 AND q.execution_id {=} $2
), failure AS (
  DELETE FROM wfstate.migration_failures AS f WHERE f.tenant {=} $1 AND f.execution_id {=} $2
)
DELETE FROM wfstate.recoveries AS r WHERE r.tenant {=} $1 AND r.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

/// Removes what is kept of an execution's repairs and migrations, also where the caller may not read it.
fn forget_troubles(key: Key<'_>) -> StateResult<()> {
    as_owner(|| FORGET_TROUBLES.run(Mode::Latest, &key_params(key)))?;
    Ok(())
}
