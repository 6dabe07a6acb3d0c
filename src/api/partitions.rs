//! Logs and metrics by time.

use super::interval;
use crate::pg::error::run;
use crate::store::partitions::{self, Call};
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_partition(
    table_name: Option<&str>,
    every: Option<pgrx::datum::Interval>,
    keep: Option<pgrx::datum::Interval>,
    premake: Option<i32>,
) -> i32 {
    run(|| {
        partitions::make(&Call {
            table: table_name,
            every: interval(every),
            keep: interval(keep),
            premake,
        })
    })
}
