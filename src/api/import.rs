//! Import.

use crate::core::{StateError, StateResult, limits};
use crate::pg::record::record;
use crate::pg::records::Records;
use crate::store::sqlite::Named;
use crate::store::tenants::tenant;
use crate::store::transfer::sqlite;
use pgrx::prelude::*;

/// The table that a caller names: all of it, or none.
fn named<'a>(
    table: Option<&'a str>,
    id: Option<&'a str>,
    state: Option<&'a str>,
    order: Option<&'a str>,
    saved_at: Option<&'a str>,
) -> StateResult<Option<Named<'a>>> {
    match (table, id, state) {
        (Some(table), Some(id), Some(state)) => Ok(Some(Named {
            table,
            id,
            state,
            order,
            saved_at,
        })),
        (None, None, None) if order.is_none() && saved_at.is_none() => Ok(None),
        _ => Err(
            StateError::invalid("table_name, id_column and state_column go together")
                .hint("Give all three, or none for a file of a store that is known."),
        ),
    }
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_import_sqlite<'a>(
    file: Option<&'a [u8]>,
    table_name: Option<&'a str>,
    id_column: Option<&'a str>,
    state_column: Option<&'a str>,
    order_column: Option<&'a str>,
    saved_at_column: Option<&'a str>,
    workflow: Option<&'a str>,
    id_prefix: Option<&'a str>,
    dry_run: Option<bool>,
) -> Records<'a> {
    Records::written(move |out| {
        let request = sqlite::Request {
            file: limits::required("file", file)?,
            named: named(
                table_name,
                id_column,
                state_column,
                order_column,
                saved_at_column,
            )?,
            workflow: limits::optional_name("workflow", workflow)?,
            prefix: limits::required("id_prefix", id_prefix)?,
            dry_run: limits::required("dry_run", dry_run)?,
        };
        let mut report = |row: sqlite::Report| {
            out.put(&record![
                row.table,
                row.source,
                row.execution_id,
                row.version,
                row.reason.is_none(),
                row.reason,
            ]);
        };
        sqlite::import(&tenant::current()?, &request, &mut report)
    })
}
