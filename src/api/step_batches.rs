//! Many steps in one call.

use super::steps::answered;
use super::{bytes, with_lease};
use crate::core::{StateError, StateResult, arrays, limits};
use crate::pg::datum::JsonbArg;
use crate::pg::record::{Record, Value, jsonb, record};
use crate::pg::records::Records;
use crate::store::Key;
use crate::store::execution::start::kept;
use crate::store::execution::step_begin::{self, Begin};
use crate::store::execution::step_finish::{self, Recorded};
use pgrx::prelude::*;

/// The steps of a batch, by name, each with its place in the arrays.
fn in_order<'a>(
    step_ids: &'a [Option<String>],
    others: &[(&str, Option<usize>)],
) -> StateResult<Vec<(&'a str, usize)>> {
    limits::batch("step_ids", step_ids.len())?;
    arrays::parallel("step", ("step_ids", step_ids.len()), others)?;
    let named = step_ids.iter().enumerate().map(|(at, step_id)| {
        limits::name("a step_id", step_id.as_deref()).map(|step_id| (step_id, at))
    });
    let mut order = named.collect::<StateResult<Vec<_>>>()?;
    order.sort_unstable();
    let twice = order.windows(2).find_map(|pair| match pair {
        [(a, _), (b, _)] if a == b => Some(*a),
        _ => None,
    });
    match twice {
        Some(step_id) => Err(StateError::invalid(format!(
            "step {} is given twice",
            limits::quoted(step_id)
        ))
        .hint("Give each step once.")),
        None => Ok(order),
    }
}

type Documents<'a> = Option<pgrx::Array<'a, JsonbArg<'a>>>;

fn elements<'d>(documents: &'d Documents<'_>) -> Option<Vec<Option<JsonbArg<'d>>>> {
    let documents = documents.as_ref()?;
    Some(documents.iter().collect())
}

#[pg_extern(sql = false)]
fn wf_steps_begin<'a>(
    execution_id: Option<&'a str>,
    step_ids: Option<Vec<Option<String>>>,
    inputs: Option<pgrx::Array<'a, JsonbArg<'a>>>,
    compensations: Option<Vec<Option<String>>>,
    lease: Option<i64>,
) -> Records<'a> {
    Records::written(move |out| {
        with_lease(execution_id, lease, |key| {
            let step_ids = limits::required("step_ids", step_ids)?;
            let inputs = elements(&inputs);
            let others = [
                ("inputs", inputs.as_ref().map(Vec::len)),
                ("compensations", compensations.as_ref().map(Vec::len)),
            ];
            let mut rows: Vec<Option<Record>> = step_ids.iter().map(|_| None).collect();
            let mut size = 0;
            for (step_id, at) in in_order(&step_ids, &others)? {
                let input = inputs.as_ref().and_then(|all| *all.get(at)?);
                let compensation = compensations
                    .as_ref()
                    .and_then(|all| all.get(at)?.as_deref());
                let call = Begin {
                    step_id,
                    input: bytes(input),
                    compensation: limits::optional_name("a compensation", compensation)?,
                };
                let answer = step_begin::begin(key, call)?;
                size += answer.size();
                limits::answer_bytes(size)?;
                let answer = answered(answer);
                if let Some(row) = rows.get_mut(at) {
                    let named = [Value::Text(step_id.to_owned())];
                    *row = Some(Record::new(named.into_iter().chain(answer).collect()));
                }
            }
            rows.into_iter().flatten().for_each(|row| out.put(&row));
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_steps_complete<'a>(
    execution_id: Option<&'a str>,
    step_ids: Option<Vec<Option<String>>>,
    outputs: Option<pgrx::Array<'a, JsonbArg<'a>>>,
    patch: Option<JsonbArg<'a>>,
    expected_version: Option<i64>,
    note: Option<&'a str>,
    lease: Option<i64>,
) -> Records<'a> {
    Records::written(move |out| {
        with_lease(execution_id, lease, |key| {
            let step_ids = limits::required("step_ids", step_ids)?;
            let outputs = elements(&outputs);
            let others = [("outputs", outputs.as_ref().map(Vec::len))];
            let order = in_order(&step_ids, &others)?;
            let expected = limits::expected(expected_version)?;
            let request = step_finish::request(key, None, expected, limits::note(note)?);
            let record = || complete_all(key, &order, outputs.as_deref());
            let mut recorded = match bytes(patch) {
                None => {
                    step_finish::check_expected(key, expected)?;
                    record()?.0
                }
                Some(change) => step_finish::with_patch(&request, change, record)?.0,
            };
            recorded.sort_by_key(|(at, ..)| *at);
            for (_, step_id, recorded) in recorded {
                out.put(&record![step_id, recorded.is_new, jsonb(recorded.output)]);
            }
            Ok(())
        })
    })
}

type Recordings = Vec<(usize, String, Recorded)>;

/// Records all results; whether there was one that this call has recorded.
fn complete_all(
    key: Key<'_>,
    order: &[(&str, usize)],
    outputs: Option<&[Option<JsonbArg<'_>>]>,
) -> StateResult<(Recordings, bool)> {
    let (mut all, mut any, mut size) = (Vec::with_capacity(order.len()), false, 0);
    for (step_id, at) in order {
        let output = outputs.and_then(|all| *all.get(*at)?);
        let output = kept("output", bytes(output))?;
        let recorded = step_finish::complete(key, step_id, output, None)?;
        any |= recorded.is_new;
        size += recorded.output.as_ref().map_or(0, Vec::len);
        limits::answer_bytes(size)?;
        all.push((*at, (*step_id).to_owned(), recorded));
    }
    Ok((all, any))
}
