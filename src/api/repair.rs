//! Repair: back to what is sound, and what is kept of that.

use super::{age, with_key};
use crate::core::limits;
use crate::pg::error::run;
use crate::pg::record::{jsonb, record, time};
use crate::pg::records::Records;
use crate::store::repair::{list, run as repairing};
use crate::store::tenants::tenant;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_repair(execution_id: Option<&str>) -> Records<'_> {
    Records::written(move |out| {
        let outcome = with_key(execution_id, repairing::repair)?;
        out.put(&record![
            outcome.action,
            outcome.version,
            outcome.target_version,
            outcome.lost_count(),
            outcome.lost.map(|(from, _)| from),
            outcome.lost.map(|(_, to)| to),
            outcome.reason,
        ]);
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_recoveries(
    execution_id: Option<&str>,
    after: Option<i64>,
    max_rows: Option<i32>,
) -> Records<'_> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let max_rows = limits::max_rows(max_rows)?;
            list::recoveries(key, after, max_rows, |row| {
                out.put(&record![
                    row.int8(0),
                    row.text(1),
                    row.int8(2),
                    row.int8(3),
                    row.text(4),
                    row.int8(5),
                    row.int8(6),
                    row.int8(7),
                    row.text(8),
                    time(row.micros(9)),
                ]);
            });
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_quarantined(
    execution_id: Option<&str>,
    after: Option<i64>,
    max_rows: Option<i32>,
) -> Records<'_> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let max_rows = limits::max_rows(max_rows)?;
            list::quarantined(key, after, max_rows, |row| {
                out.put(&record![
                    row.int8(0),
                    row.int8(1),
                    row.text(2),
                    jsonb(row.jsonb(3)),
                    jsonb(row.jsonb(4)),
                    time(row.micros(5)),
                ]);
            });
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_release_quarantined(execution_id: Option<&str>, version: Option<i64>) -> bool {
    run(|| {
        with_key(execution_id, |key| {
            let version = limits::required("version", version)?;
            list::release(key, limits::version("version", version)?)
        })
    })
}

#[pg_extern(sql = false)]
fn wf_prune_quarantine(
    older_than: Option<pgrx::datum::Interval>,
    max_rows: Option<i32>,
) -> Records<'static> {
    Records::written(move |out| {
        let tenant = tenant::current()?;
        let older_than = limits::required("older_than", age("older_than", older_than)?)?;
        let max_rows = limits::rows("max_rows", max_rows)?;
        let (recoveries, quarantined) = list::prune(&tenant, older_than, max_rows)?;
        out.put(&record![recoveries, quarantined]);
        Ok(())
    })
}
