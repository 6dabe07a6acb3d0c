//! Checkpoints, recovery, forks.

use super::{bytes, with_key};
use crate::core::limits;
use crate::pg::datum::JsonbArg;
use crate::pg::error::run;
use crate::pg::record::{jsonb, record, time};
use crate::pg::records::Records;
use crate::store::branches::branch;
use crate::store::branches::checkpoints;
use crate::store::branches::copy;
use crate::store::branches::fork;
use crate::store::queue::guard::{self, Touch};
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_checkpoint(
    execution_id: Option<&str>,
    name: Option<&str>,
    version: Option<i64>,
    metadata: Option<JsonbArg<'_>>,
    lease: Option<i64>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            let name = limits::name("name", name)?;
            let version = version.map(|v| limits::version("version", v)).transpose()?;
            let metadata = limits::object("metadata", bytes(metadata))?;
            guard::under(key, lease, Touch::Nothing, || {
                checkpoints::create(key, name, version, metadata)
            })
        })
    })
}

#[pg_extern(sql = false)]
fn wf_checkpoints<'a>(
    execution_id: Option<&'a str>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let max_rows = limits::max_rows(max_rows)?;
            checkpoints::list(key, after, max_rows, |(name, version, metadata, by, at)| {
                out.put(&record![name, version, jsonb(metadata), by, time(at)]);
            })
        })
    })
}

#[pg_extern(sql = false)]
fn wf_recover(
    execution_id: Option<&str>,
    checkpoint: Option<&str>,
    version: Option<i64>,
    expected_version: Option<i64>,
    note: Option<&str>,
    lease: Option<i64>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            let checkpoint = limits::optional_name("checkpoint", checkpoint)?;
            let version = version.map(|v| limits::version("version", v)).transpose()?;
            let expected = limits::expected(expected_version)?;
            let note = limits::note(note)?;
            guard::with_any_status(key, lease, || {
                branch::recover(key, checkpoint, version, expected, note)
            })
        })
    })
}

#[pg_extern(sql = false)]
fn wf_fork(
    execution_id: Option<&str>,
    new_execution_id: Option<&str>,
    version: Option<i64>,
    checkpoint: Option<&str>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            let new_id = limits::name("new_execution_id", new_execution_id)?;
            let version = version.map(|v| limits::version("version", v)).transpose()?;
            let checkpoint = limits::optional_name("checkpoint", checkpoint)?;
            fork::fork(key, new_id, version, checkpoint)
        })
    })
}

#[pg_extern(sql = false)]
fn wf_copy(
    execution_id: Option<&str>,
    new_execution_id: Option<&str>,
    tags: Option<JsonbArg<'_>>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            let new_id = limits::name("new_execution_id", new_execution_id)?;
            copy::copy(key, new_id, limits::object("tags", bytes(tags))?)
        })
    })
}

#[pg_extern(sql = false)]
fn wf_drop_checkpoint(execution_id: Option<&str>, name: Option<&str>) -> bool {
    run(|| {
        with_key(execution_id, |key| {
            checkpoints::drop_named(key, limits::name("name", name)?)
        })
    })
}
