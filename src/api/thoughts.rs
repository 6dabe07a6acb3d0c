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

/// Checks an argument, or where there is a place an element of the argument that has them all.
fn check<T>(
    place: Option<usize>,
    (one, all): (&str, &str),
    check: impl Fn(&str) -> StateResult<T>,
) -> StateResult<T> {
    match place {
        Some(at) => arrays::checked(all, at, check),
        None => check(one),
    }
}

fn data_within<'a>(argument: &str, data: Option<&'a [u8]>) -> StateResult<Option<&'a [u8]>> {
    match data {
        Some(data) if data.len() > MAX_TEXT => {
            Err(limits::too_large(argument, data.len(), MAX_TEXT)
                .hint("Keep it elsewhere, and here what leads to it."))
        }
        other => kept(argument, other),
    }
}

fn nothing(place: Option<usize>) -> StateError {
    let error = StateError::invalid("thought, action, observation and data must not all be null");
    match place {
        Some(at) => error.detail(format!("They are as element {} of the arrays.", at + 1)),
        None => error,
    }
    .hint("Give one of them a value.")
}

/// Adds a thought, in a batch that of a place. Returns its size.
fn add<'a>(
    all: &mut Thoughts<'a>,
    place: Option<usize>,
    step_id: Option<&'a str>,
    [thought, action, observation]: [Option<&'a str>; 3],
    data: Option<&'a [u8]>,
    recorded_at: Option<i64>,
) -> StateResult<usize> {
    let text = |names, text| check(place, names, |name| long_text(name, text));
    let thought = text(("thought", "thoughts"), thought)?;
    let action = text(("action", "actions"), action)?;
    let observation = text(("observation", "observations"), observation)?;
    let data = check(place, ("data", "data"), |name| data_within(name, data))?;
    let texts = [thought, action, observation];
    if data.is_none() && texts.iter().all(Option::is_none) {
        return Err(nothing(place));
    }
    let step_id = check(place, ("step_id", "step_ids"), |name| {
        limits::optional_name(name, step_id)
    })?;
    let recorded_at = check(place, ("recorded_at", "recorded_at"), |name| {
        telemetry::time(name, recorded_at)
    })?;
    all.step_ids.push(step_id);
    all.thoughts.push(thought);
    all.actions.push(action);
    all.observations.push(observation);
    all.data.push(data);
    all.recorded_at.push(recorded_at);
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
            add(
                &mut all,
                None,
                step_id,
                texts,
                bytes(data),
                micros(recorded_at),
            )?;
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
                size += add(&mut all, Some(n), step_id, texts, document(&data, n), when)?;
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
