//! Many steps in one call.

use super::arrays::{Documents, Read, Texts, document, element, length, read};
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
    step_ids: Texts<'a>,
    others: &[(&str, Option<usize>)],
) -> StateResult<Vec<(&'a str, usize)>> {
    let step_ids = limits::required("step_ids", step_ids)?;
    limits::batch("step_ids", step_ids.count())?;
    arrays::parallel("step", ("step_ids", step_ids.count()), others)?;
    let step_ids = step_ids.read("step_ids", limits::MAX_BATCH)?;
    let named = step_ids
        .into_iter()
        .enumerate()
        .map(|(at, step_id)| limits::name("a step_id", step_id).map(|step_id| (step_id, at)));
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

#[pg_extern(sql = false)]
fn wf_steps_begin<'a>(
    execution_id: Option<&'a str>,
    step_ids: Texts<'a>,
    inputs: Documents<'a>,
    compensations: Texts<'a>,
    lease: Option<i64>,
) -> Records<'a> {
    Records::written(move |out| {
        with_lease(execution_id, lease, |key| {
            let others = [
                ("inputs", length(&inputs)),
                ("compensations", length(&compensations)),
            ];
            let order = in_order(step_ids, &others)?;
            let inputs = read("inputs", &inputs)?;
            let compensations = read("compensations", &compensations)?;
            let mut rows: Vec<Option<Record>> = order.iter().map(|_| None).collect();
            let mut size = 0;
            for (step_id, at) in order {
                let compensation = element(&compensations, at);
                let call = Begin {
                    step_id,
                    input: document(&inputs, at),
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
    step_ids: Texts<'a>,
    outputs: Documents<'a>,
    patch: Option<JsonbArg<'a>>,
    expected_version: Option<i64>,
    note: Option<&'a str>,
    lease: Option<i64>,
) -> Records<'a> {
    Records::written(move |out| {
        with_lease(execution_id, lease, |key| {
            let order = in_order(step_ids, &[("outputs", length(&outputs))])?;
            let outputs = read("outputs", &outputs)?;
            let expected = limits::expected(expected_version)?;
            let request = step_finish::request(key, None, expected, limits::note(note)?);
            let record = || complete_all(key, &order, &outputs);
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
    outputs: &Read<JsonbArg<'_>>,
) -> StateResult<(Recordings, bool)> {
    let (mut all, mut any, mut size) = (Vec::with_capacity(order.len()), false, 0);
    for (step_id, at) in order {
        let output = kept("output", document(outputs, *at))?;
        let recorded = step_finish::complete(key, step_id, output, None)?;
        any |= recorded.is_new;
        size += recorded.output.as_ref().map_or(0, Vec::len);
        limits::answer_bytes(size)?;
        all.push((*at, (*step_id).to_owned(), recorded));
    }
    Ok((all, any))
}
