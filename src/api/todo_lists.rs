//! Todo lists.

use super::bytes;
use crate::core::agents::todo;
use crate::core::limits;
use crate::pg::datum::JsonbArg;
use crate::pg::error::run;
use crate::pg::record::{Record, jsonb, record, time};
use crate::pg::records::Records;
use crate::pg::spi::Row;
use crate::store::agents::todo_lists::{self, List};
use crate::store::execution::start::kept;
use crate::store::tenants::tenant;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_save_todo_list(
    list_id: Option<&str>,
    execution_id: Option<&str>,
    plan: Option<JsonbArg<'_>>,
    status: Option<&str>,
    expected_version: Option<i64>,
) -> i64 {
    run(|| {
        let tenant = tenant::current()?;
        let list_id = limits::name("list_id", list_id)?;
        let plan = bytes(plan);
        plan.map(todo::check).transpose()?;
        kept("plan", plan)?;
        let list = List {
            execution_id: limits::optional_name("execution_id", execution_id)?,
            plan,
            status: limits::optional_name("status", status)?,
        };
        todo_lists::save(&tenant, list_id, &list, limits::expected(expected_version)?)
    })
}

/// Behind `wf_update_todo`, whose item is of any type.
#[pg_extern(sql = false)]
fn update_todo(
    list_id: Option<&str>,
    item: Option<&str>,
    changes: Option<JsonbArg<'_>>,
    expected_version: Option<i64>,
) -> i64 {
    run(|| {
        let tenant = tenant::current()?;
        let list_id = limits::name("list_id", list_id)?;
        let item = limits::required("item", item)?;
        let changes = limits::required("changes", bytes(changes))?;
        todo::check_changes(changes)?;
        kept("changes", Some(changes))?;
        let expected = limits::expected(expected_version)?;
        todo_lists::change(&tenant, list_id, expected, |plan| {
            todo::update(plan, item, changes)?.ok_or_else(|| todo::item_not_found(list_id, item))
        })
    })
}

#[pg_extern(sql = false)]
fn wf_add_todo(
    list_id: Option<&str>,
    item: Option<JsonbArg<'_>>,
    at_position: Option<i32>,
    expected_version: Option<i64>,
) -> i64 {
    run(|| {
        let tenant = tenant::current()?;
        let list_id = limits::name("list_id", list_id)?;
        let item = limits::required("item", bytes(item))?;
        kept("item", Some(item))?;
        let expected = limits::expected(expected_version)?;
        todo_lists::change(&tenant, list_id, expected, |plan| {
            todo::add(list_id, plan, item, at_position)
        })
    })
}

/// Behind `wf_remove_todo`, whose item is of any type.
#[pg_extern(sql = false)]
fn remove_todo(list_id: Option<&str>, item: Option<&str>, expected_version: Option<i64>) -> i64 {
    run(|| {
        let tenant = tenant::current()?;
        let list_id = limits::name("list_id", list_id)?;
        let item = limits::required("item", item)?;
        let expected = limits::expected(expected_version)?;
        todo_lists::change(&tenant, list_id, expected, |plan| {
            todo::remove(plan, item)?.ok_or_else(|| todo::item_not_found(list_id, item))
        })
    })
}

fn list_record(row: &Row<'_>) -> Record {
    record![
        row.text(0),
        row.text(1),
        jsonb(row.jsonb(2)),
        row.text(3),
        row.int8(4),
        time(row.micros(5)),
        time(row.micros(6)),
    ]
}

#[pg_extern(sql = false)]
fn wf_todo_list<'a>(list_id: Option<&'a str>) -> Records<'a> {
    Records::written(move |out| {
        let tenant = tenant::current()?;
        let list_id = limits::name("list_id", list_id)?;
        todo_lists::read(&tenant, list_id, |row| out.put(&list_record(row)))
    })
}

#[pg_extern(sql = false)]
fn wf_todo_lists<'a>(
    execution_id: Option<&'a str>,
    status: Option<&'a str>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        let tenant = tenant::current()?;
        let execution_id = limits::optional_name("execution_id", execution_id)?;
        let filters = (execution_id, limits::optional_name("status", status)?);
        let max_rows = limits::max_rows(max_rows)?;
        todo_lists::list(&tenant, filters, after, max_rows, |row| {
            out.put(&list_record(row));
        });
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_drop_todo_list(list_id: Option<&str>, expected_version: Option<i64>) -> bool {
    run(|| {
        let tenant = tenant::current()?;
        let list_id = limits::name("list_id", list_id)?;
        todo_lists::drop_list(&tenant, list_id, limits::expected(expected_version)?)
    })
}
