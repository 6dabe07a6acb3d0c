//! How similar memories are to an embedding, which pgvector says.

use crate::core::{Code, StateError, StateResult};
use crate::pg::spi::{Mode, Param, Statement, Type};

static IS_INSTALLED: Statement = Statement::new("SELECT wfstate.vector_schema() IS NOT NULL", &[]);

/// Refuses an embedding where pgvector is not installed.
pub(super) fn check() -> StateResult<()> {
    match IS_INSTALLED.one(Mode::Read, &[], |row| Ok(row.bool(0)))? {
        Some(Some(true)) => Ok(()),
        _ => Err(
            StateError::new(Code::NotSupported, "embeddings need the extension vector")
                .detail("It is not installed in this database.")
                .hint("Install pgvector and run CREATE EXTENSION vector, or leave embedding out."),
        ),
    }
}

/// The newest memories that are compared.
const SCANNED: i64 = 10_000;
/// Of them, the nearest.
const NEAREST: i64 = 200;

static SIMILAR: Statement = Statement::new(
    "SELECT s.memory_id, s.similarity FROM wfstate.similar_memories($1, $2, $3, $4, $5, $6) AS s",
    &[
        Type::Text,
        Type::Float4Array,
        Type::Text,
        Type::Int8Array,
        Type::Int4,
        Type::Int4,
    ],
);

/// A memory, and its similarity where that is known.
pub(super) type Candidate = (Option<i64>, Option<f64>);

/// The candidates, and the nearest memories besides, with their similarity.
pub(super) fn with_similar(
    tenant: &str,
    embedding: &[f32],
    tool: Option<&str>,
    candidates: Vec<Option<i64>>,
) -> StateResult<Vec<Candidate>> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Float4Array(Some(embedding)),
        Param::Text(tool),
        Param::Int8Array(&candidates),
        Param::Int4(Some(SCANNED)),
        Param::Int4(Some(NEAREST)),
    ];
    let mut found = SIMILAR.all(Mode::Read, &params, |row| {
        let similarity = row.float8(1).filter(|similarity| similarity.is_finite());
        Ok((row.int8(0), similarity))
    })?;
    let known: std::collections::HashSet<Option<i64>> = found.iter().map(|(id, _)| *id).collect();
    let others = candidates.into_iter().filter(|id| !known.contains(id));
    found.extend(others.map(|id| (id, None)));
    Ok(found)
}
