//! Thoughts.

use super::arrays::{Documents, Texts, Times, document, element, length, moment, read};
use super::{bytes, micros, with_key};
use crate::core::agents::{MAX_TEXT, batch_bytes, long_text};
use crate::core::{StateError, StateResult, arrays, limits, telemetry};
use crate::pg::datum::JsonbArg;
use crate::pg::error::run;
use crate::pg::record::{jsonb, record, time};
use crate::pg::records::Records;
use crate::store::agents::thoughts::{self as store, Thoughts};
use crate::store::execution::start::kept;
use pgrx::prelude::*;

/// Adds a thought. Returns its size.
fn add<'a>(
    all: &mut Thoughts<'a>,
    step_id: Option<&'a str>,
    [thought, action, observation]: [Option<&'a str>; 3],
    data: Option<&'a [u8]>,
    recorded_at: Option<i64>,
) -> StateResult<usize> {
    let thought = long_text("thought", thought)?;
    let action = long_text("action", action)?;
    let observation = long_text("observation", observation)?;
    if let Some(data) = data.filter(|data| data.len() > MAX_TEXT) {
        return Err(limits::too_large("data", data.len(), MAX_TEXT)
            .hint("Keep it elsewhere, and here what leads to it."));
    }
    let texts = [thought, action, observation];
    if data.is_none() && texts.iter().all(Option::is_none) {
        return Err(StateError::invalid(
            "thought, action, observation and data must not all be null",
        )
        .hint("Give one of them a value."));
    }
    all.step_ids
        .push(limits::optional_name("step_id", step_id)?);
    all.thoughts.push(thought);
    all.actions.push(action);
    all.observations.push(observation);
    all.data.push(kept("data", data)?);
    all.recorded_at
        .push(telemetry::time("recorded_at", recorded_at)?);
    let texts: usize = texts.iter().flatten().map(|text| text.len()).sum();
    Ok(texts + data.map_or(0, <[u8]>::len))
}

#[pg_extern(sql = false)]
fn wf_record_thought(
    execution_id: Option<&str>,
    step_id: Option<&str>,
    thought: Option<&str>,
    action: Option<&str>,
    observation: Option<&str>,
    data: Option<JsonbArg<'_>>,
    recorded_at: Option<TimestampWithTimeZone>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            let mut all = Thoughts::default();
            let texts = [thought, action, observation];
            add(&mut all, step_id, texts, bytes(data), micros(recorded_at))?;
            let mut position = None;
            store::record(key, &all, |row| position = row.int8(0))?;
            Ok(position.unwrap_or_default())
        })
    })
}

/// How many elements the arrays have that are given.
fn count(lengths: [(&str, Option<usize>); 6]) -> StateResult<usize> {
    let mut given = lengths
        .iter()
        .filter_map(|(name, length)| Some((name, (*length)?)));
    let (first, count) = given.next().ok_or_else(|| {
        StateError::invalid("no array is given").hint("Give thoughts, actions or observations.")
    })?;
    arrays::parallel("thought", (first, count), &lengths)?;
    limits::batch(first, count).map(|()| count)
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_record_thoughts<'a>(
    execution_id: Option<&'a str>,
    step_ids: Texts<'a>,
    thoughts: Texts<'a>,
    actions: Texts<'a>,
    observations: Texts<'a>,
    data: Documents<'a>,
    recorded_at: Times<'a>,
) -> Records<'a> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let count = count([
                ("thoughts", length(&thoughts)),
                ("actions", length(&actions)),
                ("observations", length(&observations)),
                ("step_ids", length(&step_ids)),
                ("data", length(&data)),
                ("recorded_at", length(&recorded_at)),
            ])?;
            let (step_ids, data) = (read("step_ids", &step_ids)?, read("data", &data)?);
            let texts = [
                read("thoughts", &thoughts)?,
                read("actions", &actions)?,
                read("observations", &observations)?,
            ];
            let recorded_at = read("recorded_at", &recorded_at)?;
            let (mut all, mut size) = (Thoughts::default(), 0);
            for n in 0..count {
                let texts = texts.each_ref().map(|texts| element(texts, n));
                let (step_id, when) = (element(&step_ids, n), moment(&recorded_at, n));
                size += add(&mut all, step_id, texts, document(&data, n), when)?;
                batch_bytes(size)?;
            }
            store::record(key, &all, |row| {
                out.put(&record![row.int8(0), time(row.micros(1))]);
            })
        })
    })
}

#[pg_extern(sql = false)]
fn wf_thoughts<'a>(
    execution_id: Option<&'a str>,
    step_id: Option<&'a str>,
    newest_first: Option<bool>,
    after: Option<i64>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let step_id = limits::optional_name("step_id", step_id)?;
            let newest_first = limits::required("newest_first", newest_first)?;
            let max_rows = limits::max_rows(max_rows)?;
            store::list(key, step_id, newest_first, after, max_rows, |row| {
                out.put(&record![
                    row.int8(0),
                    row.text(1),
                    row.text(2),
                    row.text(3),
                    row.text(4),
                    jsonb(row.jsonb(5)),
                    time(row.micros(6)),
                ]);
            })
        })
    })
}
