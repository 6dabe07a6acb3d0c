//! Saving, loading and deleting.

use super::{bytes, ids, in_tenant, with_key};
use crate::core::{StateError, StateResult, checkpoints, limits};
use crate::pg::datum::{Jsonb, JsonbArg};
use crate::pg::error::run;
use crate::pg::record::{Record, jsonb, record, time};
use crate::pg::records::Records;
use crate::store;
use crate::store::log::cache::State;
use crate::store::log::load::Loaded;
use crate::store::log::new_version::Labels;
use crate::store::log::next::Change;
use crate::store::log::save::Request;
use crate::store::log::standing::{Checkpoint, Standing};
use crate::store::queue::guard;
use crate::store::tenants::tenant;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_save_state(
    execution_id: Option<&str>,
    state: Option<JsonbArg<'_>>,
    expected_version: Option<i64>,
    status: Option<&str>,
    phase: Option<&str>,
    workflow: Option<&str>,
    tags: Option<JsonbArg<'_>>,
    step_id: Option<&str>,
    note: Option<&str>,
    schema_version: Option<i32>,
    lease: Option<i64>,
    base_version: Option<i64>,
    checkpoint: Option<&str>,
    checkpoint_metadata: Option<JsonbArg<'_>>,
    create_missing: Option<bool>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            let state = limits::required("state", state)?;
            let request = Request {
                key,
                expected: limits::expected(expected_version)?,
                labels: Labels {
                    workflow: limits::optional_name("workflow", workflow)?,
                    schema_version: schema_version.map(i64::from),
                    ..labels(status, phase, step_id, note)?
                },
                tags: limits::object("tags", bytes(tags))?,
            };
            let create = limits::required("create_missing", create_missing)?;
            match standing(base_version, checkpoint, checkpoint_metadata, create, true)? {
                None => guard::with_status(key, lease, request.labels.status, || {
                    store::log::save::save(&request, state.bytes())
                }),
                Some(standing) => {
                    let change = Change::State(state.bytes());
                    standing_on(&request, lease, change, &standing)
                }
            }
        })
    })
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wf_patch_state(
    execution_id: Option<&str>,
    patch: Option<JsonbArg<'_>>,
    expected_version: Option<i64>,
    status: Option<&str>,
    phase: Option<&str>,
    tags: Option<JsonbArg<'_>>,
    step_id: Option<&str>,
    note: Option<&str>,
    lease: Option<i64>,
    base_version: Option<i64>,
    checkpoint: Option<&str>,
    checkpoint_metadata: Option<JsonbArg<'_>>,
    create_missing: Option<bool>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            let patch = limits::required("patch", patch)?;
            let request = Request {
                key,
                expected: limits::expected(expected_version)?,
                labels: labels(status, phase, step_id, note)?,
                tags: limits::object("tags", bytes(tags))?,
            };
            let create = limits::required("create_missing", create_missing)?;
            match standing(base_version, checkpoint, checkpoint_metadata, create, false)? {
                None => guard::with_status(key, lease, request.labels.status, || {
                    store::log::patch::patch(&request, patch.bytes())
                }),
                Some(standing) => {
                    let change = Change::Patch(patch.bytes());
                    standing_on(&request, lease, change, &standing)
                }
            }
        })
    })
}

/// What a save says of its version beyond the plain one; `None` where it says nothing.
fn standing<'a>(
    base_version: Option<i64>,
    checkpoint: Option<&'a str>,
    checkpoint_metadata: Option<JsonbArg<'a>>,
    creates: bool,
    by_default: bool,
) -> StateResult<Option<Standing<'a>>> {
    if base_version.is_none()
        && checkpoint.is_none()
        && checkpoint_metadata.is_none()
        && creates == by_default
    {
        return Ok(None);
    }
    let metadata = checkpoints::metadata("checkpoint_metadata", bytes(checkpoint_metadata))?;
    if metadata.is_some() && checkpoint.is_none() {
        return Err(
            StateError::invalid("checkpoint_metadata is of a checkpoint")
                .hint("Give the checkpoint a name, or leave checkpoint_metadata out."),
        );
    }
    let name = limits::optional_name("checkpoint", checkpoint)?;
    Ok(Some(Standing {
        base: limits::optional_version("base_version", base_version)?,
        checkpoint: name.map(|name| Checkpoint { name, metadata }),
        creates,
    }))
}

fn standing_on(
    request: &Request<'_>,
    lease: Option<i64>,
    change: Change<'_>,
    standing: &Standing<'_>,
) -> StateResult<i64> {
    guard::with_new_status(request.key, lease, request.labels.status, || {
        store::log::standing::save(request, change, standing)
    })
}

pub(super) fn labels<'a>(
    status: Option<&'a str>,
    phase: Option<&'a str>,
    step_id: Option<&'a str>,
    note: Option<&'a str>,
) -> StateResult<Labels<'a>> {
    Ok(Labels {
        status: limits::status(status)?,
        reopens: false,
        phase: limits::optional_name("phase", phase)?,
        step_id: limits::optional_name("step_id", step_id)?,
        note: limits::note(note)?,
        workflow: None,
        workflow_version: None,
        schema_version: None,
    })
}

#[pg_extern(sql = false)]
fn wf_load_state(execution_id: Option<&str>) -> Jsonb {
    run(|| with_key(execution_id, store::log::load::state).map(Jsonb))
}

/// A row of `wfstate.loaded_execution`.
pub(super) fn loaded_record((row, state): (Loaded, State)) -> Record {
    record![
        row.execution_id,
        row.head.workflow,
        row.head.workflow_version,
        row.head.schema_version,
        row.head.status,
        row.head.phase,
        row.head.version,
        state,
        jsonb(row.tags),
        row.initiated_by,
        time(row.created_at),
        time(row.started_at),
        time(row.updated_at),
        time(row.completed_at),
        row.forked_from_execution_id,
        row.forked_from_version,
    ]
}

#[pg_extern(sql = false)]
fn wf_load(execution_id: Option<&str>) -> Record {
    loaded_record(run(|| with_key(execution_id, store::log::load::one)))
}

#[pg_extern(sql = false)]
fn wf_load_many(execution_ids: super::arrays::Texts<'_>) -> Records<'static> {
    let rows = run(|| {
        let ids = ids("execution_ids", execution_ids)?;
        let tenant = tenant::current()?;
        Ok(in_tenant(
            tenant.clone(),
            store::log::load::many(tenant, ids)?,
        ))
    });
    Records::one_by_one(rows, loaded_record)
}

#[pg_extern(sql = false)]
fn wf_delete(execution_id: Option<&str>, expected_version: Option<i64>) -> bool {
    run(|| {
        with_key(execution_id, |key| {
            store::log::delete::delete(key, limits::expected(expected_version)?)
        })
    })
}

#[pg_extern(sql = false)]
fn wf_delete_many(execution_ids: super::arrays::Texts<'_>) -> i64 {
    run(|| {
        let ids = ids("execution_ids", execution_ids)?;
        store::log::delete_many::delete_many(&tenant::current()?, ids)
    })
}
