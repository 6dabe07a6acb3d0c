//! Migration of state shapes.

use super::bytes;
use crate::core::{StateError, limits};
use crate::pg::datum::JsonbArg;
use crate::pg::error::run;
use crate::pg::record::{jsonb, record, time};
use crate::pg::records::Records;
use crate::store::migrations::add::{self, Using};
use crate::store::migrations::{drop, eager, list};
use crate::store::tenants::tenant;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_add_migration(
    workflow: Option<&str>,
    from_version: Option<i32>,
    to_version: Option<i32>,
    patch: Option<JsonbArg<'_>>,
    function: Option<&str>,
) {
    run(|| {
        let tenant = tenant::current()?;
        let step = add::Step {
            workflow: limits::name("workflow", workflow)?,
            from: limits::required("from_version", from_version)?,
            to: limits::required("to_version", to_version)?,
            using: match (bytes(patch), function) {
                (Some(patch), None) => Using::Patch(patch),
                (None, Some(name)) => Using::Function(limits::name("function", Some(name))?),
                _ => {
                    let why = "a migration is either a patch or a function";
                    return Err(StateError::invalid(why).hint("Give one of patch and function."));
                }
            },
        };
        if step.from < 0 || step.to <= step.from {
            return Err(
                StateError::invalid("a migration must lead to a later version")
                    .detail(format!(
                        "It leads from version {} to {}.",
                        step.from, step.to
                    ))
                    .hint(
                        "from_version is 0 or greater, and to_version greater than from_version.",
                    ),
            );
        }
        add::add(&tenant, &step)
    });
}

#[pg_extern(sql = false)]
fn wf_migrations(workflow: Option<&str>) -> Records<'_> {
    Records::written(move |out| {
        let workflow = limits::name("workflow", workflow)?;
        for step in list::steps(&tenant::current()?, workflow)? {
            out.put(&record![
                step.from,
                step.to,
                jsonb(step.patch),
                step.function,
                step.added_by,
                time(step.added_at),
            ]);
        }
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_drop_migration(workflow: Option<&str>, from_version: Option<i32>) -> bool {
    run(|| {
        let tenant = tenant::current()?;
        let workflow = limits::name("workflow", workflow)?;
        let from = limits::required("from_version", from_version)?;
        drop::drop(&tenant, workflow, from)
    })
}

#[pg_extern(sql = false)]
fn wf_migrate_states<'a>(
    workflow: Option<&'a str>,
    batch_size: Option<i32>,
    dry_run: Option<bool>,
    resume_after: Option<&'a str>,
) -> Records<'a> {
    Records::written(move |out| {
        let tenant = tenant::current()?;
        let batch = eager::Batch {
            workflow: limits::name("workflow", workflow)?,
            size: limits::rows("batch_size", batch_size)?,
            dry_run: limits::required("dry_run", dry_run)?,
            after: resume_after,
        };
        let done = eager::migrate(&tenant, &batch)?;
        out.put(&record![
            done.migrated,
            done.failed,
            done.skipped,
            done.finished,
            done.cursor,
        ]);
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_migration_status(workflow: Option<&str>) -> Records<'_> {
    Records::written(move |out| {
        let workflow = limits::name("workflow", workflow)?;
        for stored in list::status(&tenant::current()?, workflow)? {
            out.put(&record![
                stored.schema_version,
                stored.executions,
                stored.pending,
                stored.failed,
            ]);
        }
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_migration_failures<'a>(
    workflow: Option<&'a str>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        let workflow = limits::name("workflow", workflow)?;
        let after = limits::optional_name("after", after)?;
        let max_rows = limits::max_rows(max_rows)?;
        for failure in list::failures(&tenant::current()?, workflow, after, max_rows)? {
            out.put(&record![
                failure.execution_id,
                failure.version,
                failure.from_version,
                failure.sqlstate,
                failure.message,
                time(failure.failed_at),
            ]);
        }
        Ok(())
    })
}
