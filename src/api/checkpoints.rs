//! Checkpoints, recovery, forks.

use super::{arrays, bytes, in_tenant, with_key, with_lease};
use crate::core::checkpoints as kept;
use crate::core::limits;
use crate::pg::datum::{JsonbArg, owned};
use crate::pg::error::run;
use crate::pg::record::{Record, jsonb, record, time};
use crate::pg::records::Records;
use crate::store::branches::branch;
use crate::store::branches::checkpoint_page::{self, Checkpoint, Content, Filter, Wanted};
use crate::store::branches::checkpoints;
use crate::store::branches::copy;
use crate::store::branches::fork;
use crate::store::queue::guard::{self, Touch};
use pgrx::prelude::*;
use std::rc::Rc;

#[pg_extern(sql = false)]
fn wf_checkpoint(
    execution_id: Option<&str>,
    name: Option<&str>,
    version: Option<i64>,
    metadata: Option<JsonbArg<'_>>,
    lease: Option<i64>,
    replace: Option<bool>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            let name = limits::name("name", name)?;
            let version = version.map(|v| limits::version("version", v)).transpose()?;
            let metadata = kept::metadata("metadata", bytes(metadata))?;
            let replace = limits::required("replace", replace)?;
            guard::under(key, lease, Touch::Nothing, || match replace {
                true => checkpoints::place(key, name, version, metadata),
                false => checkpoints::create(key, name, version, metadata),
            })
        })
    })
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_checkpoints(
    execution_id: Option<&str>,
    prefix: Option<String>,
    before: Option<String>,
    containment: Option<JsonbArg<'_>>,
    with_state: Option<bool>,
    with_changes: Option<bool>,
    newest_first: Option<bool>,
    after: Option<String>,
    max_rows: Option<i32>,
) -> Records<'static> {
    let page = run(|| {
        with_key(execution_id, |key| {
            limits::optional_name("prefix", prefix.as_deref())?;
            kept::containment(bytes(containment))?;
            let filter = Filter {
                prefix,
                containment: containment.map(owned),
                newest_first: limits::required("newest_first", newest_first)?,
            };
            let ends = (after.as_deref(), before.as_deref());
            let max_rows = limits::max_rows(max_rows)?;
            let wanted = Wanted {
                state: limits::required("with_state", with_state)?,
                changes: limits::required("with_changes", with_changes)?,
            };
            let page = checkpoint_page::page(key, filter, ends, max_rows, wanted)?;
            Ok(in_tenant(key.tenant.to_owned(), page))
        })
    });
    Records::one_by_one(page, checkpoint_record)
}

fn checkpoint_record((checkpoint, content): (Checkpoint, Content)) -> Record {
    record![
        checkpoint.place.name,
        checkpoint.place.version,
        jsonb(checkpoint.metadata),
        checkpoint.created_by,
        time(checkpoint.created_at),
        content.state,
        content.changes.map(Rc::new),
    ]
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

#[pg_extern(sql = false)]
fn wf_drop_checkpoints(
    execution_id: Option<&str>,
    names: arrays::Texts<'_>,
    prefix: Option<String>,
    lease: Option<i64>,
    max_rows: Option<i32>,
) -> i64 {
    run(|| {
        let names = arrays::read("names", &names)?.map(|all| {
            all.into_iter()
                .map(|name| name.map(str::to_owned))
                .collect()
        });
        let which = kept::which(names, prefix)?;
        let max_rows = limits::max_rows(max_rows)?;
        with_lease(execution_id, lease, |key| {
            checkpoints::drop_many(key, &which, max_rows)
        })
    })
}
