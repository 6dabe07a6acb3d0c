//! The head of an execution that is imported: it takes the id, and is told at the end what the log has come to.

use crate::core::import_document::Execution;
use crate::core::{Code, StateError, StateResult};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::definitions::workflows;
use crate::store::log::executions::key_params;
use crate::store::log::versions::bytes;
use crate::store::transfer::import::Log;

/// Takes the id before anything else is written; `SET` puts in what the log comes to.
static CREATE: Statement = Statement::new(
    "INSERT INTO wfstate.executions (tenant, execution_id, workflow, schema_version, status, phase, version,
            keyframe_version, hash, state_bytes, chain_bytes, initiated_by, created_at, started_at, updated_at,
            completed_at, workflow_version)
     VALUES ($1, $2, $3, $4, $5, $6, 1, 1, 0, 0, 0, coalesce($7, CURRENT_USER::pg_catalog.text), $8, $9, $10, $11,
             $12)
     ON CONFLICT (tenant, execution_id) DO NOTHING",
    &[
        Type::Text,        // 1 tenant
        Type::Text,        // 2 execution_id
        Type::Text,        // 3 workflow
        Type::Int8,        // 4 schema_version
        Type::Text,        // 5 status
        Type::Text,        // 6 phase
        Type::Text,        // 7 initiated_by
        Type::Timestamptz, // 8 created_at
        Type::Timestamptz, // 9 started_at
        Type::Timestamptz, // 10 updated_at
        Type::Timestamptz, // 11 completed_at
        Type::Int4,        // 12 workflow_version
    ],
);
static SET: Statement = Statement::new(
    "UPDATE wfstate.executions AS e
        SET version = $3, keyframe_version = $4, hash = $5, state_bytes = $6, chain_bytes = $7
      WHERE e.tenant {=} $1 AND e.execution_id {=} $2",
    &[
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Int4,
        Type::Int4,
    ],
);

/// The version of the workflow's definition that the execution is bound to: the document's where there is one of that
/// number here, else the one of new executions; none where the workflow is not defined.
pub(super) fn binding(key: Key<'_>, execution: &Execution<'_>) -> StateResult<Option<i32>> {
    let Some(workflow) = execution.workflow else {
        return Ok(None);
    };
    let own = execution
        .workflow_version
        .and_then(|version| i32::try_from(version).ok());
    match (workflows::find(key.tenant, workflow), own) {
        (Some(defined), Some(own)) if (1..=defined.newest).contains(&own) => Ok(Some(own)),
        _ => workflows::active(key.tenant, workflow),
    }
}

/// Creates the execution; refuses an id that is taken.
pub(super) fn create(
    key: Key<'_>,
    execution: &Execution<'_>,
    version: Option<i32>,
) -> StateResult<()> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(execution.workflow),
        Param::Int8(execution.schema_version),
        Param::Text(Some(execution.status)),
        Param::Text(execution.phase),
        Param::Text(execution.initiated_by),
        Param::Timestamptz(Some(execution.created_at)),
        Param::Timestamptz(execution.started_at),
        Param::Timestamptz(Some(execution.updated_at)),
        Param::Timestamptz(execution.completed_at),
        Param::Int4(version.map(i64::from)),
    ];
    if CREATE.run(Mode::Write, &params)? > 0 {
        return Ok(());
    }
    Err(StateError::new(
        Code::AlreadyExists,
        format!("execution \"{}\" already exists", key.id),
    )
    .hint("Import it under another id, or delete the one that is there."))
}

/// Puts in what the log has come to.
pub(super) fn set(key: Key<'_>, log: &Log) -> StateResult<()> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(log.last)),
        Param::Int8(Some(log.keyframe)),
        Param::Int8(Some(log.hash)),
        Param::Int4(Some(bytes(log.state_bytes))),
        Param::Int4(Some(log.chain)),
    ];
    SET.run(Mode::Write, &params)?;
    Ok(())
}
