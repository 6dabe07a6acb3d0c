//! Results of the tasks inside of steps.

use super::arrays::{self, Read};
use super::{bytes, with_key, with_lease};
use crate::core::arrays::parallel;
use crate::core::{StateResult, limits};
use crate::pg::array::ArrayArg;
use crate::pg::error::run;
use crate::pg::record::{jsonb, record, time};
use crate::pg::records::Records;
use crate::store::execution::task_results::{self, Part, Task};
use pgrx::prelude::*;
use std::collections::HashSet;

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_record_task(
    execution_id: Option<&str>,
    step_id: Option<&str>,
    task_id: Option<&str>,
    outputs: arrays::Documents<'_>,
    names: arrays::Texts<'_>,
    parts: Option<ArrayArg<'_, i32>>,
    task_path: Option<&str>,
    replace: Option<bool>,
    lease: Option<i64>,
) -> i32 {
    run(|| {
        with_lease(execution_id, lease, |key| {
            let path = limits::required("task_path", task_path)?;
            let task = Task {
                step_id: limits::name("step_id", step_id)?,
                task_id: limits::name("task_id", task_id)?,
                path: limits::within("task_path", path, limits::MAX_NOTE)?,
            };
            let outputs = limits::required("outputs", outputs)?;
            let others = [
                ("names", arrays::length(&names)),
                ("parts", arrays::length(&parts)),
            ];
            limits::batch("outputs", outputs.count())?;
            parallel("output", ("outputs", outputs.count()), &others)?;
            let names = arrays::read("names", &names)?;
            let parts = arrays::read("parts", &parts)?;
            let outputs = outputs.read("outputs", limits::MAX_BATCH)?;
            let replace = limits::required("replace", replace)?;
            let each = outputs.into_iter().enumerate().map(|(at, output)| {
                Ok(Part {
                    part: part(parts.as_deref(), at)?,
                    name: name(&names, at)?,
                    output: bytes(output),
                })
            });
            let each = each.collect::<StateResult<Vec<_>>>()?;
            let recorded = task_results::record(key, task, each, replace)?;
            Ok(i32::try_from(recorded).unwrap_or(i32::MAX))
        })
    })
}

/// The number of a part: its place, where none is said.
fn part(parts: Option<&[Option<i32>]>, at: usize) -> StateResult<i32> {
    match parts {
        Some(parts) => limits::required("a part", parts.get(at).copied().flatten()),
        None => Ok(i32::try_from(at).unwrap_or(i32::MAX)),
    }
}

fn name<'n>(names: &Read<&'n str>, at: usize) -> StateResult<Option<&'n str>> {
    let name = arrays::element(names, at);
    limits::optional_name("a name", name)
}

/// Steps, each once, in the order given.
fn steps(step_ids: ArrayArg<'_, &str>) -> StateResult<Vec<String>> {
    let step_ids = arrays::names("step_ids", "a step_id", &step_ids)?;
    let mut seen = HashSet::new();
    let mut steps = Vec::with_capacity(step_ids.len());
    for step_id in step_ids {
        if seen.insert(step_id.clone()) {
            steps.push(step_id);
        }
    }
    Ok(steps)
}

#[pg_extern(sql = false)]
fn wf_task_results<'a>(execution_id: Option<&'a str>, step_ids: arrays::Texts<'a>) -> Records<'a> {
    Records::written(move |out| {
        with_key(execution_id, |key| {
            let steps = steps(limits::required("step_ids", step_ids)?)?;
            task_results::list(key, &steps, |row| {
                out.put(&record![
                    row.text(0),
                    row.text(1),
                    row.text(2),
                    row.int4(3),
                    row.text(4),
                    jsonb(row.jsonb(5)),
                    time(row.micros(6)),
                ]);
            });
            Ok(())
        })
    })
}

#[pg_extern(sql = false)]
fn wf_drop_task_results(execution_id: Option<&str>, step_ids: arrays::Texts<'_>) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            let steps = step_ids.map(steps).transpose()?;
            let removed = task_results::forget(key, steps.as_deref())?;
            Ok(i64::try_from(removed).unwrap_or(i64::MAX))
        })
    })
}
