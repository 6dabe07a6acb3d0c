//! The names of imported versions.

use crate::core::StateResult;
use crate::core::import_document::Checkpoint;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::key_params;

static CHECKPOINT: Statement = Statement::new(
    "INSERT INTO wfstate.checkpoints (tenant, execution_id, name, version, metadata, created_by, created_at)
     VALUES ($1, $2, $3, $4, $5, coalesce($6, CURRENT_USER::pg_catalog.text), $7)",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Jsonb,
        Type::Text,
        Type::Timestamptz,
    ],
);

/// Writes a checkpoint of a version that is there.
pub(super) fn tag(key: Key<'_>, checkpoint: &Checkpoint<'_>) -> StateResult<()> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(Some(checkpoint.name)),
        Param::Int8(Some(checkpoint.version)),
        Param::Jsonb(checkpoint.metadata.as_deref()),
        Param::Text(checkpoint.created_by),
        Param::Timestamptz(Some(checkpoint.created_at)),
    ];
    CHECKPOINT.run(Mode::Write, &params)?;
    Ok(())
}
