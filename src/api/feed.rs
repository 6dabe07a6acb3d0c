//! The feed of changes.

use super::age;
use crate::core::limits;
use crate::pg::error::run;
use crate::pg::record::{record, time};
use crate::pg::records::Records;
use crate::store::feed::{feeds, list};
use crate::store::tenants::tenant;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_record_changes(enabled: Option<bool>) {
    run(|| {
        let enabled = limits::required("enabled", enabled)?;
        feeds::set(&tenant::current()?, enabled)
    });
}

#[pg_extern(sql = false)]
fn wf_changes<'a>(after: Option<&'a str>, max_rows: Option<i32>) -> Records<'a> {
    Records::written(move |out| {
        let max_rows = limits::max_rows(max_rows)?;
        list::list(&tenant::current()?, after, max_rows, |row| {
            let kind = row.text(0).unwrap_or_default();
            let only = |wanted: &[&str]| wanted.contains(&kind.as_str()).then_some(());
            let (number, name) = (row.int8(2), row.text(3));
            out.put(&record![
                kind.clone(),
                row.text(1),
                only(&["version", "status"]).and(number),
                row.text(4),
                only(&["step"]).and(name.clone()),
                only(&["step"]).and(number),
                only(&["signal"]).and(name),
                time(row.micros(5)),
                row.text(6),
            ]);
        })
    })
}

#[pg_extern(sql = false)]
fn wf_prune_changes(older_than: Option<pgrx::datum::Interval>) -> i64 {
    run(|| {
        let tenant = tenant::current()?;
        let older_than = limits::required("older_than", age("older_than", older_than)?)?;
        let removed = list::prune(&tenant, older_than)?;
        Ok(i64::try_from(removed).unwrap_or(i64::MAX))
    })
}
