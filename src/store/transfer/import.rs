//! `wf_import`: an execution from the document that `wf_export` made.

use crate::core::import_document::{self, Export, Version};
use crate::core::import_members::{bad, refused};
use crate::core::jsonb::{Value, Writer};
use crate::core::{Error, StateError, StateResult, hash, limits};
use crate::pg::document::Document;
use crate::pg::interrupts;
use crate::pg::settings;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::pg::time;
use crate::store::Key;
use crate::store::definitions::bind;
use crate::store::execution::task_results;
use crate::store::feed::record::{Change, record};
use crate::store::log::cache::{self, content_hash};
use crate::store::log::checks;
use crate::store::log::executions::key_params;
use crate::store::log::rebuild;
use crate::store::log::versions::{ROW_COST, bytes};
use crate::store::migrations::{apply, chains};
use crate::store::search::index;
use crate::store::transfer::{import_head, import_mark};
use std::collections::HashMap;
use std::rc::Rc;

static VERSION: Statement = Statement::new(
    "INSERT INTO wfstate.state_versions (tenant, execution_id, version, base_version, keyframe_version, hash,
            snapshot_hash, saved_at, state_bytes, chain_bytes, status, phase, step_id, note, saved_by, patch,
            snapshot, schema_version)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
            coalesce($15, CURRENT_USER::pg_catalog.text), $16, $17, $18)",
    &[
        Type::Text,        // 1 tenant
        Type::Text,        // 2 execution_id
        Type::Int8,        // 3 version
        Type::Int8,        // 4 base_version
        Type::Int8,        // 5 keyframe_version
        Type::Int8,        // 6 hash
        Type::Int8,        // 7 snapshot_hash
        Type::Timestamptz, // 8 saved_at
        Type::Int4,        // 9 state_bytes
        Type::Int4,        // 10 chain_bytes
        Type::Text,        // 11 status
        Type::Text,        // 12 phase
        Type::Text,        // 13 step_id
        Type::Text,        // 14 note
        Type::Text,        // 15 saved_by
        Type::Jsonb,       // 16 patch
        Type::Jsonb,       // 17 snapshot
        Type::Int4,        // 18 schema_version
    ],
);
/// What the versions so far have come to.
#[derive(Default)]
pub(super) struct Log {
    /// Chained hash of each version.
    hashes: HashMap<i64, i64>,
    /// The newest state, and the one that a jump went back to last; any other is rebuilt.
    state: Option<(i64, Document)>,
    base: Option<(i64, Document)>,
    pub(super) last: i64,
    pub(super) hash: i64,
    pub(super) state_bytes: usize,
    pub(super) keyframe: i64,
    pub(super) chain: i64,
}

/// Imports an execution, under its own id or another. Every version is rebuilt on the way. Returns the head.
pub fn import(tenant: &str, document: &[u8], id: Option<&str>) -> StateResult<i64> {
    write(tenant, &import_document::read(document, time::read)?, id)
}

/// Writes an execution that is read. Returns the head.
pub(super) fn write(tenant: &str, document: &Export<'_>, id: Option<&str>) -> StateResult<i64> {
    let key = Key {
        tenant,
        id: id.unwrap_or(document.execution.execution_id),
    };
    chains::keep(tenant, document.execution.workflow)?;
    let version = import_head::binding(key, &document.execution)?;
    import_head::create(key, &document.execution, version)?;
    let mut log = Log::default();
    for version in &document.versions {
        interrupts::check();
        append(key, version, &mut log)?;
    }
    import_head::set(key, &log)?;
    for checkpoint in &document.checkpoints {
        import_mark::tag(key, checkpoint)?;
    }
    for result in &document.task_results {
        interrupts::check();
        task_results::import(key, result)?;
    }
    let (workflow, tags) = (document.execution.workflow, document.tags.as_deref());
    let state = log.state.take();
    if let Some((_, state)) = &state {
        let bound = bind::kept(key, workflow, version, document.execution.phase)?;
        if !bound.is_free() {
            let shape = document.execution.schema_version;
            let shape = shape.and_then(|shape| i32::try_from(shape).ok());
            let copy = Document::copy(state).map_err(bad)?;
            let loaded = apply::as_loaded(Mode::Write, key, workflow, shape, copy)?;
            bound.check(key, &loaded)?;
        }
    }
    index::maintain(key, workflow, true, tags, || match state {
        Some((_, state)) => Ok(Rc::new(state)),
        None => Err(refused("it has no versions")),
    })?;
    record(key, Change::Status(log.last, document.execution.status))?;
    Ok(log.last)
}

impl Log {
    /// The state of an earlier version: known, or rebuilt from what is written already.
    fn state_of(&mut self, key: Key<'_>, version: i64) -> StateResult<&[u8]> {
        if let Some((known, state)) = &self.state
            && *known == version
        {
            return Ok(state);
        }
        if self
            .base
            .as_ref()
            .is_none_or(|(known, _)| *known != version)
        {
            self.base = None;
            self.base = Some((version, rebuild::at(Mode::Write, key, version)?));
        }
        match &self.base {
            Some((_, state)) => Ok(state),
            None => Err(refused("a version's base is missing")),
        }
    }
}

fn append(key: Key<'_>, item: &Version<'_>, log: &mut Log) -> StateResult<()> {
    let base_hash = item.base.and_then(|base| log.hashes.get(&base).copied());
    // A pruned root may name no base, or one that is not there: then it begins a chain of its own.
    let (state, patch, base) = match (item.snapshot, item.patch, item.base) {
        (Some(snapshot), None, base) => (copied(snapshot)?, None, base_hash.and(base)),
        (None, Some(_), Some(_)) if base_hash.is_none() => {
            return Err(refused("a version's base is missing"));
        }
        (None, Some(patch), Some(base)) => {
            let patch = copied(patch)?;
            let before = log.state_of(key, base)?;
            let state = cache::patched(before, &[&patch], None, checks::applied_limit());
            let state = state.map_err(|error| match error {
                Error::OutOfMemory => StateError::out_of_memory("state"),
                Error::TooLarge => limits::state_too_large_to_make(settings::max_state_size()),
                _ => refused("a version's patch does not apply"),
            })?;
            (state, Some(patch), Some(base))
        }
        _ => {
            return Err(refused(
                "a version has neither a snapshot nor a patch with a base",
            ));
        }
    };
    checks::check_state(&state)?;
    let payload = content_hash(patch.as_deref(), &state)?;
    let snapshot = patch.is_none().then_some(&*state);
    log.hash = hash::chain(base_hash.unwrap_or(0), payload);
    if snapshot.is_some() || base != Some(log.last) {
        log.keyframe = item.version;
    }
    log.chain = match &patch {
        Some(patch) => log.chain + bytes(patch.len() + ROW_COST),
        None => 0,
    };
    log.state_bytes = state.len();
    log.last = item.version;
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(item.version)),
        Param::Int8(base),
        Param::Int8(Some(log.keyframe)),
        Param::Int8(Some(log.hash)),
        Param::Int8(snapshot.is_some().then_some(payload)),
        Param::Timestamptz(Some(item.saved_at)),
        Param::Int4(Some(bytes(log.state_bytes))),
        Param::Int4(Some(log.chain)),
        Param::Text(Some(item.status)),
        Param::Text(item.phase),
        Param::Text(item.step_id),
        Param::Text(item.note),
        Param::Text(item.saved_by),
        Param::Jsonb(patch.as_deref()),
        Param::Jsonb(snapshot),
        Param::Int4(item.schema_version),
    ];
    VERSION.run(Mode::Write, &params)?;
    log.hashes.insert(item.version, log.hash);
    log.state = Some((item.version, state));
    Ok(())
}

/// A value as a document of its own.
fn copied(value: Value<'_>) -> StateResult<Document> {
    let size = match value {
        Value::Array(array) => array.raw().len(),
        Value::Object(object) => object.raw().len(),
        _ => 0,
    };
    Document::build(size, |out| Writer::new(out).document(value)).map_err(bad)
}
