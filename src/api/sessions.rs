//! Sessions: executions of which it is known whose they are and what for.

use super::state::labels;
use super::{bytes, micros, with_key};
use crate::core::agents::session::{self, Said};
use crate::core::limits;
use crate::pg::datum::JsonbArg;
use crate::pg::error::run;
use crate::pg::record::{jsonb, record, time};
use crate::pg::records::Records;
use crate::store::agents::session_list::{self, Query};
use crate::store::agents::sessions::{self, About, Session};
use crate::store::log::new_version::Labels;
use crate::store::log::save::Request;
use crate::store::tenants::tenant;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_save_session(
    execution_id: Option<&str>,
    state: Option<JsonbArg<'_>>,
    user_id: Option<&str>,
    mission: Option<&str>,
    status: Option<&str>,
    expected_version: Option<i64>,
    workflow: Option<&str>,
    phase: Option<&str>,
    tags: Option<JsonbArg<'_>>,
    step_id: Option<&str>,
    note: Option<&str>,
    schema_version: Option<i32>,
    lease: Option<i64>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            let state = bytes(state);
            if state.is_none() && (workflow.is_some() || schema_version.is_some()) {
                return Err(session::no_state());
            }
            let Said {
                user_id: user,
                mission: what_for,
                status: said,
            } = state.map(session::said).transpose()?.unwrap_or_default();
            let about = About {
                user_id: limits::optional_name("user_id", user_id)?.or(user),
                mission: limits::text("mission", mission)?.or(what_for),
            };
            let request = Request {
                key,
                expected: limits::expected(expected_version)?,
                labels: Labels {
                    workflow: limits::optional_name("workflow", workflow)?,
                    schema_version: schema_version.map(i64::from),
                    ..labels(status.or(said), phase, step_id, note)?
                },
                tags: limits::object("tags", bytes(tags))?,
            };
            let saved = sessions::save(&request, lease, state, about);
            saved.map_err(|error| match (status, said) {
                (None, Some(said)) => session::said_so(error, said),
                _ => error,
            })
        })
    })
}

#[pg_extern(sql = false)]
fn wf_session<'a>(execution_id: Option<&'a str>) -> Records<'a> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let Session {
                user_id,
                mission,
                loaded,
                state,
            } = sessions::load(key)?;
            out.put(&record![
                loaded.execution_id,
                user_id,
                mission,
                loaded.head.workflow,
                loaded.head.status,
                loaded.head.phase,
                loaded.head.version,
                state,
                jsonb(loaded.tags),
                time(loaded.created_at),
                time(loaded.updated_at),
                time(loaded.completed_at),
            ]);
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_sessions<'a>(
    user_id: Option<&'a str>,
    status: Option<&'a str>,
    since: Option<TimestampWithTimeZone>,
    before: Option<TimestampWithTimeZone>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        let query = Query {
            user_id: limits::optional_name("user_id", user_id)?,
            status: limits::status(status)?,
            since: micros(since),
            before: micros(before),
            after,
            max_rows: limits::max_rows(max_rows)?,
        };
        session_list::list(&tenant::current()?, &query, |row, cursor| {
            out.put(&record![
                row.text(0),
                row.text(1),
                row.text(2),
                row.text(3),
                row.text(4),
                row.text(5),
                row.int8(6),
                time(row.micros(7)),
                time(row.micros(8)),
                time(row.micros(9)),
                cursor,
            ]);
        })
    })
}
