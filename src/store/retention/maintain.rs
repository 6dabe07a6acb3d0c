//! `wf_maintain`: everything that is to be done from time to time, for a tenant.

use crate::core::{StateError, StateResult};
use crate::pg::attempt;
use crate::store::circuits::breaker;
use crate::store::partitions;
use crate::store::queue::due;
use crate::store::retention::cleanup::{self, Call};
use crate::store::routing::fold;
use crate::store::search::declare;
use crate::store::tenants::grants;

/// The rows that each task has processed, in the order in which they were first done.
#[derive(Default)]
pub struct Tasks(Vec<(String, i64)>);

impl Tasks {
    /// Adds to a task.
    pub fn add(&mut self, task: &str, processed: i64) {
        match self.0.iter_mut().find(|(name, _)| name == task) {
            Some((_, sum)) => *sum = sum.saturating_add(processed),
            None => self.0.push((task.to_owned(), processed)),
        }
    }

    /// Each task.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0
            .iter()
            .map(|(task, processed)| (task.as_str(), *processed))
    }

    /// Rows of all tasks.
    pub fn sum(&self) -> i64 {
        self.iter().fold(0, |sum, (_, n)| sum.saturating_add(n))
    }
}

/// Does what is of one tenant. A task that somebody's locks are in the way of is left for the next time.
pub(super) fn tenant(tenant: &str, max_rows: i64, tasks: &mut Tasks) -> StateResult<()> {
    let mut locked = 0;
    let mut add = |task: &str, work: &dyn Fn() -> StateResult<i64>| {
        match attempt::unless_locked(work)? {
            Some(processed) => tasks.add(task, processed),
            None => locked += 1,
        }
        Ok::<_, StateError>(())
    };
    add("fold_outcomes", &|| fold::outcomes(tenant, max_rows))?;
    add("merge_statistics", &|| fold::parts(tenant, max_rows))?;
    add("index_search", &|| declare::index_all(tenant, max_rows))?;
    add("expire_leases", &|| due::expire(tenant, max_rows))?;
    add("recover_circuits", &|| {
        let recovered = breaker::recover(tenant, max_rows)?.len();
        Ok(recovered.try_into().unwrap_or(i64::MAX))
    })?;
    let call = Call {
        older_than: None,
        dry_run: false,
        batch: max_rows,
        items: None,
        checkpointed: None,
        as_of: None,
    };
    let mut failed = locked;
    cleanup::run(tenant, &call, |item, done| {
        tasks.add(&format!("cleanup_{item}"), done.removed);
        failed += done.failed;
    })?;
    tasks.add("failed", failed);
    Ok(())
}

/// Does what is of the database. Last, since what it locks stays so until the transaction ends.
pub(super) fn database(tasks: &mut Tasks) -> StateResult<()> {
    tasks.add("forget_roles", grants::sweep()?);
    tasks.add("protect_partitions", partitions::protect()?);
    Ok(())
}

/// Does what is of one tenant, and what is of the database.
pub fn one(name: &str, max_rows: i64) -> StateResult<Tasks> {
    let mut tasks = Tasks::default();
    tenant(name, max_rows, &mut tasks)?;
    database(&mut tasks)?;
    Ok(tasks)
}
