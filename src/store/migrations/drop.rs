//! `wf_drop_migration`.

use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::roles;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::migrations::add::{self, Known};
use crate::store::migrations::chains;

static NEEDED: Statement = Statement::new(
    "SELECT e.execution_id FROM wfstate.executions AS e
      WHERE e.tenant {=} $1 AND e.workflow {=} $2 AND coalesce(e.schema_version, -1) {=} coalesce($3, -1) LIMIT 1",
    &[Type::Text, Type::Text, Type::Int4],
);
static DELETE: Statement = Statement::new(
    "DELETE FROM wfstate.migrations AS m WHERE m.tenant {=} $1 AND m.workflow {=} $2 AND m.from_version {=} $3",
    &[Type::Text, Type::Text, Type::Int4],
);

/// Drops the first or the last step; false where no step begins there.
pub fn drop(tenant: &str, workflow: &str, from: i32) -> StateResult<bool> {
    roles::as_owner(|| {
        let steps = add::locked(tenant, workflow)?;
        chains::alone(tenant);
        let Some(at) = steps.iter().position(|step| step.from == from) else {
            return Ok(false);
        };
        check_end(workflow, &steps, at)?;
        check_unneeded(tenant, workflow, &steps, at)?;
        let params = [
            Param::Text(Some(tenant)),
            Param::Text(Some(workflow)),
            Param::Int4(Some(i64::from(from))),
        ];
        Ok(DELETE.run(Mode::Write, &params)? == 1)
    })
}

fn check_end(workflow: &str, steps: &[Known], at: usize) -> StateResult<()> {
    if at == 0 || at + 1 == steps.len() {
        return Ok(());
    }
    Err(StateError::new(
        Code::DependentObjects,
        format!(
            "a migration in the middle of those of workflow {} cannot be dropped",
            limits::quoted(workflow)
        ),
    )
    .detail("Without it the others would lead nowhere.")
    .hint("Drop them from the first or from the last on."))
}

/// Whether heads are stored in a shape that only this step leads on from, or that only it leads to.
fn check_unneeded(tenant: &str, workflow: &str, steps: &[Known], at: usize) -> StateResult<()> {
    let Some(Known { from, to, unsaid }) = steps.get(at) else {
        return Ok(());
    };
    let stored = |version: Option<i32>| -> StateResult<bool> {
        let params = [
            Param::Text(Some(tenant)),
            Param::Text(Some(workflow)),
            Param::Int4(version.map(i64::from)),
        ];
        Ok(NEEDED.run(Mode::Latest, &params)? > 0)
    };
    let (first, last) = (at == 0, at + 1 == steps.len());
    let version = match () {
        () if last && stored(Some(*to))? => to,
        // The last one alone may go while nothing is stored in the shape that it gives.
        () if last => return Ok(()),
        () if first && (stored(Some(*from))? || (unsaid == from && stored(None)?)) => from,
        () => return Ok(()),
    };
    Err(StateError::new(
        Code::DependentObjects,
        format!(
            "executions of workflow {} are stored in version {version}",
            limits::quoted(workflow)
        ),
    )
    .detail("They need the migration.")
    .hint("wf_migration_status counts them; wf_migrate_states migrates all that are stored in an older shape."))
}
