//! `wf_maintain` for all tenants: in turn, each with its tenant set.

use crate::core::StateResult;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::pg::{attempt, backend, interrupts, settings};
use crate::store::retention::maintain::{self, Tasks};
use crate::store::retention::progress::{self, CLEANING, Place};
use crate::store::tenants::scope::ALL;
use crate::store::tenants::tenant;

/// Tenants that a call serves at most.
const MOST: i64 = 1000;
const ITEM: &str = "maintain";

/// The next tenant that anything periodic may be to do for: of each table that something is done to, the first one by
/// its primary key.
static NEXT: Statement = Statement::new(
    "SELECT least(
  (SELECT t.tenant::pg_catalog.text FROM wfstate.executions AS t WHERE t.tenant {>} $1 ORDER BY t.tenant LIMIT 1),
  (SELECT t.tenant::pg_catalog.text FROM wfstate.leases AS t WHERE t.tenant {>} $1 ORDER BY t.tenant LIMIT 1),
  (SELECT t.tenant::pg_catalog.text FROM wfstate.routing_decisions AS t WHERE t.tenant {>} $1 ORDER BY t.tenant LIMIT 1),
  (SELECT t.tenant::pg_catalog.text FROM wfstate.routing_outcomes AS t WHERE t.tenant {>} $1 ORDER BY t.tenant LIMIT 1),
  (SELECT t.tenant::pg_catalog.text FROM wfstate.agent_statistics AS t WHERE t.tenant {>} $1 ORDER BY t.tenant LIMIT 1),
  (SELECT t.tenant::pg_catalog.text FROM wfstate.circuits AS t WHERE t.tenant {>} $1 ORDER BY t.tenant LIMIT 1),
  (SELECT t.tenant::pg_catalog.text FROM wfstate.task_results AS t WHERE t.tenant {>} $1 ORDER BY t.tenant LIMIT 1),
  (SELECT t.tenant::pg_catalog.text FROM wfstate.changes AS t WHERE t.tenant {>} $1 ORDER BY t.tenant LIMIT 1),
  (SELECT t.tenant::pg_catalog.text FROM wfstate.logs AS t WHERE t.tenant {>} $1 ORDER BY t.tenant LIMIT 1),
  (SELECT t.tenant::pg_catalog.text FROM wfstate.metrics AS t WHERE t.tenant {>} $1 ORDER BY t.tenant LIMIT 1))",
    &[Type::Text],
);

fn next(after: &str) -> StateResult<Option<String>> {
    let params = [Param::Text(Some(after))];
    let next = as_owner(|| NEXT.one(Mode::Latest, &params, |row| Ok(row.text(0))))?;
    Ok(next.flatten())
}

/// Serves the tenants behind the one where the last call has ended, until so many rows were processed.
pub fn all(max_rows: i64) -> StateResult<Tasks> {
    tenant::check_all("permission denied to maintain all tenants")?;
    backend::refuse_read_only(c"wf_maintain()");
    let mut tasks = Tasks::default();
    if !CLEANING.try_alone(ALL) {
        return Ok(tasks);
    }
    let last = progress::read(ALL, ITEM, ITEM)?;
    let begun = last.map_or_else(String::new, |(place, _)| place.key);
    let (mut after, mut served, mut is_round) = (begun.clone(), 0, false);
    while served < MOST && tasks.sum() < max_rows {
        interrupts::check();
        match next(&after)? {
            Some(name) if !is_round || name <= begun => {
                serve(&name, max_rows - tasks.sum(), &mut tasks)?;
                served += 1;
                after = name;
            }
            None if !is_round && !begun.is_empty() => {
                is_round = true;
                after.clear();
            }
            _ => break,
        }
    }
    let place = Place {
        key: after,
        ..Place::default()
    };
    progress::set(ALL, ITEM, ITEM, &place, 0)?;
    maintain::database(&mut tasks)?;
    tasks.add("tenants", served);
    Ok(tasks)
}

/// What fails in one tenant is taken back, and does not keep others from being served.
fn serve(name: &str, max_rows: i64, tasks: &mut Tasks) -> StateResult<()> {
    let done = settings::in_tenant(name, || {
        attempt::attempt(|| {
            let mut own = Tasks::default();
            maintain::tenant(&tenant::current()?, max_rows, &mut own)?;
            Ok(own)
        })
    })?;
    match done {
        Ok(own) => own.iter().for_each(|(task, n)| tasks.add(task, n)),
        Err(_) => tasks.add("failed", 1),
    }
    Ok(())
}
