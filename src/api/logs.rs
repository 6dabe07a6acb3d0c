//! Lines of logs.

use super::arrays::{Documents, Texts, Times, document, element, length, moment, read};
use super::{bytes, micros};
use crate::core::arrays::{self, checked};
use crate::core::telemetry::{self, Of, cursor};
use crate::core::{StateResult, limits};
use crate::pg::datum::JsonbArg;
use crate::pg::error::run;
use crate::pg::record::{jsonb, record, time};
use crate::pg::records::Records;
use crate::store::logs::list;
use crate::store::logs::write::{self, Line};
use crate::store::tenants::tenant;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn wf_log(
    execution_id: Option<&str>,
    level: Option<&str>,
    message: Option<&str>,
    data: Option<JsonbArg<'_>>,
    step_id: Option<&str>,
    logged_at: Option<TimestampWithTimeZone>,
) -> i64 {
    run(|| {
        let line = Line {
            execution_id: limits::optional_name("execution_id", execution_id)?,
            level: telemetry::level("level", level)?,
            message: telemetry::message("message", message)?,
            data: telemetry::data("data", bytes(data))?,
            step_id: limits::optional_name("step_id", step_id)?,
            logged_at: telemetry::time("logged_at", micros(logged_at))?,
        };
        write::write(&tenant::current()?, &line)
    })
}

#[pg_extern(sql = false)]
fn wf_record_logs(
    execution_ids: Texts<'_>,
    levels: Texts<'_>,
    messages: Texts<'_>,
    data: Documents<'_>,
    step_ids: Texts<'_>,
    logged_at: Times<'_>,
) -> i64 {
    run(|| {
        let tenant = tenant::current()?;
        let messages = limits::required("messages", messages)?;
        limits::required("levels", levels)?;
        let count = messages.count();
        limits::batch("messages", count)?;
        arrays::parallel(
            "line",
            ("messages", count),
            &[
                ("execution_ids", length(&execution_ids)),
                ("levels", length(&levels)),
                ("data", length(&data)),
                ("step_ids", length(&step_ids)),
                ("logged_at", length(&logged_at)),
            ],
        )?;
        let (execution_ids, levels) = (
            read("execution_ids", &execution_ids)?,
            read("levels", &levels)?,
        );
        let (messages, data) = (read("messages", &Some(messages))?, read("data", &data)?);
        let (step_ids, logged_at) = (read("step_ids", &step_ids)?, read("logged_at", &logged_at)?);
        let mut size = 0;
        let lines = (0..count).map(|at| {
            let line = Line {
                execution_id: checked("execution_ids", at, |id| {
                    limits::optional_name(id, element(&execution_ids, at))
                })?,
                level: checked("levels", at, |level| {
                    telemetry::level(level, element(&levels, at))
                })?,
                message: checked("messages", at, |message| {
                    telemetry::message(message, element(&messages, at))
                })?,
                data: checked("data", at, |name| {
                    telemetry::data(name, document(&data, at))
                })?,
                step_id: checked("step_ids", at, |id| {
                    limits::optional_name(id, element(&step_ids, at))
                })?,
                logged_at: checked("logged_at", at, |time| {
                    telemetry::time(time, moment(&logged_at, at))
                })?,
            };
            size += line.message.len() + line.data.map_or(0, <[u8]>::len);
            telemetry::batch_bytes(size)?;
            Ok(line)
        });
        let lines = lines.collect::<StateResult<Vec<_>>>()?;
        Ok(write::write_all(&tenant, &lines)?.cast_signed())
    })
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_logs<'a>(
    execution_id: Option<&'a str>,
    min_level: Option<&'a str>,
    since: Option<TimestampWithTimeZone>,
    until: Option<TimestampWithTimeZone>,
    text: Option<&'a str>,
    step_id: Option<&'a str>,
    newest_first: Option<bool>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        tenant::current()?;
        let query = list::Query {
            execution_id: limits::optional_name("execution_id", execution_id)?,
            min_level: min_level
                .map(|level| telemetry::level("min_level", Some(level)))
                .transpose()?,
            since: micros(since),
            until: micros(until),
            text: limits::text("text", text)?,
            step_id: limits::optional_name("step_id", step_id)?,
            newest_first: newest_first.unwrap_or(true),
            after,
            max_rows: limits::max_rows(max_rows)?,
        };
        list::list(&query, |row| {
            let (at, position) = (row.micros(0), row.int8(6));
            out.put(&record![
                time(at),
                row.text(1),
                row.text(2),
                jsonb(row.jsonb(3)),
                row.text(4),
                row.text(5),
                position,
                cursor(
                    Of::Lines,
                    at.unwrap_or_default(),
                    position.unwrap_or_default()
                ),
            ]);
        })
    })
}
