//! Finding executions.

use super::{bytes, in_tenant, micros};
use crate::core::{StateError, jsonb, limits, search_paths};
use crate::pg::datum::{Jsonb, JsonbArg, owned};
use crate::pg::error::run;
use crate::pg::record::{self, record, time};
use crate::pg::records::Records;
use crate::store;
use crate::store::search::list::Sort;
use crate::store::tenants::tenant;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_list<'a>(
    workflow: Option<&'a str>,
    status: Option<&'a str>,
    phase: Option<&'a str>,
    tags: Option<JsonbArg<'a>>,
    incomplete: Option<bool>,
    created_since: Option<TimestampWithTimeZone>,
    created_before: Option<TimestampWithTimeZone>,
    updated_since: Option<TimestampWithTimeZone>,
    updated_before: Option<TimestampWithTimeZone>,
    initiated_by: Option<&'a str>,
    parent: Option<&'a str>,
    has_error: Option<bool>,
    sort: Option<&'a str>,
    descending: Option<bool>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        let query = store::search::list::Query {
            workflow: limits::optional_name("workflow", workflow)?,
            status: limits::status(status)?,
            phase: limits::optional_name("phase", phase)?,
            tags: limits::object("tags", bytes(tags))?,
            incomplete,
            created_since: micros(created_since),
            created_before: micros(created_before),
            updated_since: micros(updated_since),
            updated_before: micros(updated_before),
            initiated_by: limits::optional_name("initiated_by", initiated_by)?,
            parent: limits::optional_name("parent", parent)?,
            has_error,
            sort: Sort::parse(sort.unwrap_or("created_at"))
                .ok_or_else(|| limits::unknown("sort", sort.unwrap_or_default(), &Sort::NAMES))?,
            descending: descending.unwrap_or(true),
            after,
            max_rows: limits::max_rows(max_rows)?,
        };
        store::search::list::list(&tenant::current()?, &query, |row, cursor| {
            out.put(&record![
                row.execution_id,
                row.head.workflow,
                row.head.workflow_version,
                row.head.schema_version,
                row.head.status,
                row.head.phase,
                row.head.version,
                record::jsonb(row.tags),
                row.initiated_by,
                time(row.created_at),
                time(row.started_at),
                time(row.updated_at),
                time(row.completed_at),
                cursor,
            ]);
        })
    })
}

#[pg_extern(sql = false)]
fn wf_find(
    containment: Option<JsonbArg<'_>>,
    workflow: Option<String>,
    tags: Option<JsonbArg<'_>>,
    after: Option<String>,
    max_rows: Option<i32>,
) -> Records<'static> {
    let found = run(|| {
        let containment = owned(limits::required("containment", containment)?);
        let max_rows = limits::max_rows(max_rows)?;
        limits::optional_name("workflow", workflow.as_deref())?;
        limits::object("tags", bytes(tags))?;
        let query = store::search::find::Query {
            containment,
            workflow,
            tags: tags.map(owned),
            after,
            max_rows,
        };
        let tenant = tenant::current()?;
        Ok(in_tenant(
            tenant.clone(),
            store::search::find::find(tenant, query)?,
        ))
    });
    Records::one_by_one(found, super::state::loaded_record)
}

#[pg_extern(sql = false)]
fn wf_declare_search(
    workflow: Option<&str>,
    paths: super::arrays::Texts<'_>,
    max_rows: Option<i32>,
) -> i64 {
    run(|| {
        let tenant = tenant::current()?;
        let workflow = limits::name("workflow", workflow)?;
        let paths = limits::required("paths", paths)?;
        search_paths::at_most(paths.count())?;
        let paths = search_paths::checked(paths.read("paths", search_paths::MAX_PATHS)?)?;
        let max_rows = limits::rows("max_rows", max_rows)?;
        store::search::declare::declare(&tenant, workflow, &paths, max_rows)
    })
}

/// `wfstate.scoped`, declared in sql/log.sql.
#[pg_extern(sql = false)]
fn scoped(tenant: &str, document: JsonbArg<'_>) -> Jsonb {
    run(|| {
        jsonb::root(document.bytes())
            .and_then(|value| jsonb::build::object(&[(tenant.as_bytes(), value)]))
            .map(Jsonb::from)
            .map_err(|e| StateError::bad_document("document", e))
    })
}
