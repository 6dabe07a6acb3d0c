//! Memories.

use super::{age, bytes, micros};
use crate::core::agents::lesson;
use crate::core::{StateError, StateResult, limits, telemetry};
use crate::pg::array::ArrayArg;
use crate::pg::datum::JsonbArg;
use crate::pg::error::run;
use crate::pg::record::{jsonb, record, time};
use crate::pg::records::Records;
use crate::store::memories::list;
use crate::store::memories::recall::{self, Query};
use crate::store::memories::remember::{self, Lesson};
use crate::store::tenants::tenant;
use pgrx::prelude::*;

/// `wfstate.scoped_words`, declared in sql/memories.sql.
#[pg_extern(sql = false)]
fn scoped_words(tenant: &str, tool: &str, words: ArrayArg<'_, &str>) -> Vec<String> {
    let words = run(|| words.read("words", lesson::MAX_LEXEMES));
    let words: Vec<&str> = words.into_iter().flatten().collect();
    let below = |tool: &str| -> Vec<String> {
        let keys = words.iter().map(|word| lesson::scoped(tenant, tool, word));
        keys.collect()
    };
    let mut all = below("");
    if !tool.is_empty() {
        all.append(&mut below(tool));
    }
    all
}

fn share(argument: &str, value: Option<f64>) -> StateResult<f64> {
    let value = limits::within_range(argument, value, (0.0, 1.0))?;
    limits::required(argument, value)
}

fn embedding(values: Option<ArrayArg<'_, f64>>) -> StateResult<Option<Vec<f32>>> {
    let Some(values) = values else {
        return Ok(None);
    };
    lesson::dimensions(values.count())?;
    lesson::embedding(values.read("embedding", lesson::MAX_DIMENSIONS)?).map(Some)
}

fn config(value: Option<&str>) -> StateResult<Option<&str>> {
    limits::optional_name("config", value)
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_remember<'a>(
    context: Option<&'a str>,
    lesson: Option<&'a str>,
    tool_name: Option<&'a str>,
    confidence: Option<f64>,
    tags: Option<JsonbArg<'a>>,
    embedding: Option<ArrayArg<'a, f64>>,
    config: Option<&'a str>,
    remembered_at: Option<TimestampWithTimeZone>,
) -> Records<'a> {
    Records::written(move |out| {
        let tenant = tenant::current()?;
        let text = limits::required("lesson", limits::text("lesson", lesson)?)?;
        if text.trim().is_empty() {
            return Err(StateError::invalid("lesson must not be empty")
                .hint("Say in a sentence what was learned."));
        }
        let lesson = Lesson {
            context: limits::text("context", context)?,
            lesson: text,
            tool_name: limits::optional_name("tool_name", tool_name)?,
            confidence: share("confidence", confidence)?,
            tags: limits::object("tags", bytes(tags))?,
            embedding: self::embedding(embedding)?,
            config: self::config(config)?,
            remembered_at: telemetry::time("remembered_at", micros(remembered_at))?,
        };
        remember::remember(&tenant, &lesson, |row| {
            let times = row.int8(2);
            out.put(&record![
                row.int8(0),
                row.float8(1),
                times,
                times == Some(1)
            ]);
        })
    })
}

#[pg_extern(sql = false)]
fn wf_recall<'a>(
    query: Option<&'a str>,
    tool_name: Option<&'a str>,
    min_confidence: Option<f64>,
    tags: Option<JsonbArg<'a>>,
    embedding: Option<ArrayArg<'a, f64>>,
    config: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        let tenant = tenant::current()?;
        let query = Query {
            query: limits::text("query", query)?,
            tool_name: limits::optional_name("tool_name", tool_name)?,
            min_confidence: share("min_confidence", min_confidence)?,
            tags: limits::object("tags", bytes(tags))?,
            embedding: self::embedding(embedding)?,
            config: self::config(config)?,
            max_rows: limits::rows("max_rows", max_rows)?,
        };
        recall::recall(&tenant, &query, |row| {
            out.put(&record![
                row.int8(0),
                row.float8(1),
                row.float8(2),
                row.text(3),
                row.text(4),
                row.text(5),
                row.float8(6),
                row.int8(7),
                jsonb(row.jsonb(8)),
                time(row.micros(9)),
                time(row.micros(10)),
            ]);
        })
    })
}

#[pg_extern(sql = false)]
fn wf_memories(after: Option<i64>, max_rows: Option<i32>) -> Records<'static> {
    Records::written(move |out| {
        let max_rows = limits::max_rows(max_rows)?;
        list::list(&tenant::current()?, after, max_rows, |row| {
            out.put(&record![
                row.int8(0),
                row.text(1),
                row.text(2),
                row.text(3),
                row.float8(4),
                row.int8(5),
                jsonb(row.jsonb(6)),
                row.int4(7),
                row.text(8),
                time(row.micros(9)),
                time(row.micros(10)),
            ]);
        });
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_set_confidence(memory_id: Option<i64>, confidence: Option<f64>) -> bool {
    run(|| {
        let tenant = tenant::current()?;
        let memory_id = limits::required("memory_id", memory_id)?;
        list::set_confidence(&tenant, memory_id, share("confidence", confidence)?)
    })
}

#[pg_extern(sql = false)]
fn wf_forget(
    memory_id: Option<i64>,
    tool_name: Option<&str>,
    older_than: Option<pgrx::datum::Interval>,
    max_confidence: Option<f64>,
) -> i64 {
    run(|| {
        let tenant = tenant::current()?;
        let tool_name = limits::optional_name("tool_name", tool_name)?;
        let age = age("older_than", older_than)?;
        let forgotten = list::forget(&tenant, memory_id, tool_name, age, max_confidence)?;
        Ok(i64::try_from(forgotten).unwrap_or(i64::MAX))
    })
}
