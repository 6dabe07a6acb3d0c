//! How long what has ended is kept, and upkeep.

use super::arrays::{Texts, names};
use super::{age, micros};
use crate::core::limits;
use crate::pg::error::run;
use crate::pg::record::{record, time};
use crate::pg::records::Records;
use crate::store::retention::cleanup::{self, Call};
use crate::store::retention::{maintain, policies, tenants};
use crate::store::tenants::tenant;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_set_retention(
    item: Option<&str>,
    older_than: Option<pgrx::datum::Interval>,
    checkpointed: Option<bool>,
) {
    run(|| {
        policies::set(
            &tenant::current()?,
            limits::required("item", item)?,
            age("older_than", older_than)?,
            checkpointed,
        )
    });
}

#[pg_extern(sql = false)]
fn wf_retention() -> Records<'static> {
    Records::written(|out| {
        for policy in policies::list(&tenant::current()?)? {
            out.put(&record![
                policy.item,
                policy.older_than,
                policy.checkpointed,
                policy.set_by,
                time(policy.set_at),
            ]);
        }
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_cleanup<'a>(
    older_than: Option<pgrx::datum::Interval>,
    dry_run: Option<bool>,
    batch_size: Option<i32>,
    items: Texts<'a>,
    checkpointed: Option<bool>,
    as_of: Option<TimestampWithTimeZone>,
) -> Records<'a> {
    Records::written(move |out| {
        let items = items
            .map(|items| names("items", "an item", &items))
            .transpose()?;
        let call = Call {
            older_than: age("older_than", older_than)?,
            dry_run: limits::required("dry_run", dry_run)?,
            batch: limits::rows("batch_size", batch_size)?,
            items: items.as_deref(),
            checkpointed,
            as_of: micros(as_of),
        };
        cleanup::run(&tenant::current()?, &call, |item, done| {
            out.put(&record![item, done.removed, done.failed, done.finished]);
        })
    })
}

#[pg_extern(sql = false)]
fn wf_maintain(max_rows: Option<i32>, all_tenants: Option<bool>) -> Records<'static> {
    Records::written(move |out| {
        let max_rows = limits::rows("max_rows", max_rows)?;
        let tasks = match limits::required("all_tenants", all_tenants)? {
            true => tenants::all(max_rows)?,
            false => maintain::one(&tenant::current()?, max_rows)?,
        };
        for (task, processed) in tasks.iter() {
            out.put(&record![task.to_owned(), processed]);
        }
        Ok(())
    })
}

/// For what schedules the upkeep of all tenants.
#[pg_extern(sql = false)]
fn check_all_tenants() {
    run(|| tenant::check_all("permission denied to maintain all tenants"));
}
