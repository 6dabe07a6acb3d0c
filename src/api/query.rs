//! Finding executions.

use super::{bytes, jsonb};
use crate::core::limits;
use crate::pg::datum::{Jsonb, JsonbArg};
use crate::pg::error::run;
use crate::store;
use crate::store::tenants::tenant;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments, clippy::type_complexity)]
fn wf_list(
    workflow: Option<&str>,
    status: Option<&str>,
    phase: Option<&str>,
    tags: Option<JsonbArg<'_>>,
    incomplete: Option<bool>,
    created_since: Option<TimestampWithTimeZone>,
    created_before: Option<TimestampWithTimeZone>,
    sort: Option<&str>,
    descending: Option<bool>,
    after: Option<&str>,
    max_rows: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(execution_id, String),
        name!(workflow, Option<String>),
        name!(schema_version, Option<i32>),
        name!(status, String),
        name!(phase, Option<String>),
        name!(version, i64),
        name!(tags, Option<Jsonb>),
        name!(initiated_by, String),
        name!(created_at, Option<TimestampWithTimeZone>),
        name!(started_at, Option<TimestampWithTimeZone>),
        name!(updated_at, Option<TimestampWithTimeZone>),
        name!(completed_at, Option<TimestampWithTimeZone>),
        name!(cursor, String),
    ),
> {
    let query = store::search::list::Query {
        workflow,
        status,
        phase,
        tags: bytes(tags),
        incomplete,
        created_since,
        created_before,
        sort,
        descending: descending.unwrap_or(true),
        after,
        max_rows,
    };
    let rows = run(|| store::search::list::list(&tenant::current()?, query));
    TableIterator::new(rows.into_iter().map(|(row, cursor)| {
        (
            row.execution_id,
            row.head.workflow,
            row.schema_version,
            row.status,
            row.phase,
            row.head.version,
            jsonb(row.tags),
            row.initiated_by,
            row.created_at,
            row.started_at,
            row.updated_at,
            row.completed_at,
            cursor,
        )
    }))
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn wf_find(
    containment: Option<JsonbArg<'_>>,
    workflow: Option<&str>,
    tags: Option<JsonbArg<'_>>,
    after: Option<&str>,
    max_rows: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(execution_id, String),
        name!(workflow, Option<String>),
        name!(status, String),
        name!(phase, Option<String>),
        name!(version, i64),
        name!(state, Jsonb),
        name!(updated_at, Option<TimestampWithTimeZone>),
    ),
> {
    let rows = run(|| {
        let query = store::search::find::Query {
            containment: limits::required("containment", containment)?.bytes(),
            workflow,
            tags: bytes(tags),
            after,
            max_rows,
        };
        store::search::find::find(&tenant::current()?, &query)
    });
    TableIterator::new(rows.into_iter().map(|(row, state)| {
        (
            row.execution_id,
            row.head.workflow,
            row.status,
            row.phase,
            row.head.version,
            Jsonb(state),
            row.updated_at,
        )
    }))
}

#[pg_extern(sql = false)]
fn wf_declare_search(workflow: Option<&str>, paths: Option<Vec<Option<String>>>) -> i64 {
    run(|| store::search::declare::declare(&tenant::current()?, workflow, paths))
}
