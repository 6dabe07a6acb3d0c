//! `wf_delete_many`: executions with all their versions, at once.

use crate::core::StateResult;
use crate::pg::interrupts;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::feed::record;
use crate::store::history::prune;
use crate::store::log::{belongings, cache, executions, versions};
use crate::store::queue::entries;

/// Each is looked up by its key, one after the other in the order given, also where the statistics hardly know the
/// tenant: so that calls that lock the same ones wait for each other in the same order.
macro_rules! of_each {
    ($columns:literal, $of:literal) => {
        Statement::new(
            concat!(
                "SELECT f.* FROM pg_catalog.unnest($2) AS u (id) CROSS JOIN LATERAL (SELECT ",
                $columns,
                " FROM ",
                $of,
                ") AS f"
            ),
            &[Type::Text, Type::TextArray],
        )
    };
}
static LOCK_LEASES: Statement = of_each!(
    "l.execution_id",
    "wfstate.leases AS l WHERE l.tenant {=} $1 AND l.execution_id {=} u.id OFFSET 0 FOR UPDATE"
);
static LOCK: Statement = of_each!(
    "e.execution_id",
    "wfstate.executions AS e WHERE e.tenant {=} $1 AND e.execution_id {=} u.id OFFSET 0 FOR UPDATE"
);
static FORKS: Statement = of_each!(
    "e.execution_id",
    "wfstate.executions AS e
      WHERE e.tenant {=} $1 AND e.forked_from_execution_id {=} u.id AND e.execution_id {<>} ALL ($2) OFFSET 0"
);
/// What has a place in a queue, or somebody who may wait for it.
static ATTENDED: Statement = Statement::new(
    "SELECT u.id FROM pg_catalog.unnest($2) AS u (id)
      WHERE (SELECT true FROM wfstate.leases AS l WHERE l.tenant {=} $1 AND l.execution_id {=} u.id)
         OR (SELECT r.parent_execution_id FROM wfstate.runs AS r
              WHERE r.tenant {=} $1 AND r.execution_id {=} u.id) IS NOT NULL",
    &[Type::Text, Type::TextArray],
);

fn ids(statement: &Statement, tenant: &str, of: &[String]) -> StateResult<Vec<String>> {
    ids_as_of(Mode::Latest, statement, tenant, of)
}

fn ids_as_of(
    mode: Mode,
    statement: &Statement,
    tenant: &str,
    of: &[String],
) -> StateResult<Vec<String>> {
    let params = [Param::Text(Some(tenant)), Param::TextArray(Some(of))];
    statement.all(mode, &params, |row| Ok(row.text(0).unwrap_or_default()))
}

/// Deletes those of some executions that exist, with all that belongs to them. Forks that stay get their own copy of
/// what they stand on. Returns how many there were.
pub fn delete_many(tenant: &str, mut wanted: Vec<String>) -> StateResult<i64> {
    wanted.sort_unstable();
    wanted.dedup();
    ids(&LOCK_LEASES, tenant, &wanted)?;
    // One that has changed since the snapshot that the transaction keeps is refused by the server.
    let mut locked = ids_as_of(Mode::Write, &LOCK, tenant, &wanted)?;
    locked.sort_unstable();
    if locked.len() < wanted.len() {
        wanted.retain(|id| locked.binary_search(id).is_err());
        belongings::delete_early(tenant, &wanted)?;
    }
    if locked.is_empty() {
        return Ok(0);
    }
    let mut forks = ids(&FORKS, tenant, &locked)?;
    forks.sort_unstable();
    for id in &forks {
        interrupts::check();
        let fork = Key { tenant, id };
        if executions::lock_latest(fork)? && versions::stands_on_source(fork)? {
            prune::make_root(fork, 1, false)?;
        }
    }
    let mut left = Vec::new();
    for id in &ids(&ATTENDED, tenant, &locked)? {
        left.extend(entries::end_alone(Key { tenant, id })?);
    }
    belongings::delete_several(tenant, &locked)?;
    for id in &locked {
        cache::forget(Key { tenant, id });
    }
    record::deleted(tenant, &locked)?;
    // In the order in which claims lock their queues.
    left.sort_unstable();
    for one in &left {
        entries::make_room(tenant, one)?;
    }
    Ok(i64::try_from(locked.len()).unwrap_or(i64::MAX))
}
