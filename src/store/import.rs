//! `wf_import`: an execution from the document that `wf_export` made.

use crate::core::jsonb::{self, Array, Object, Value, build};
use crate::core::{Code, Error, StateError, StateResult, hash, limits};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::cache::payload_hash;
use crate::store::executions::{self, key_params};
use crate::store::versions::{ROW_COST, bytes};
use crate::store::{Key, save, search};
use std::collections::HashMap;

/// The server reads the labels and times from the documents itself; their order is the parameters'.
static VERSION: Statement = Statement::new(
    "INSERT INTO wfstate.state_versions (tenant, execution_id, version, base_version, keyframe_version, hash,
            snapshot_hash, saved_at, state_bytes, chain_bytes, status, phase, step_id, note, saved_by, patch, snapshot)
     SELECT $1, $2, $3, $4, $5, $6, $7, (l.o {->>} 'saved_at')::pg_catalog.timestamptz, $8, $9,
            l.o {->>} 'status', l.o {->>} 'phase', l.o {->>} 'step_id', l.o {->>} 'note',
            coalesce(l.o {->>} 'saved_by', CURRENT_USER::pg_catalog.text), $10, $11
       FROM (SELECT $12 AS o) AS l",
    &[
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Jsonb,
        Type::Jsonb,
        Type::Jsonb,
    ],
);
static HEAD: Statement = Statement::new(
    "INSERT INTO wfstate.executions (tenant, execution_id, workflow, workflow_version, schema_version, status,
            phase, version, keyframe_version, hash, state_bytes, chain_bytes, initiated_by, error, created_at,
            started_at, updated_at, completed_at, wake_at)
     SELECT $1, $2, h.workflow, h.workflow_version, h.schema_version, h.status, h.phase, $3, $4, $5, $6, $7,
            coalesce(h.initiated_by, CURRENT_USER::pg_catalog.text), h.error, h.created_at, h.started_at,
            h.updated_at, h.completed_at, h.wake_at
       FROM pg_catalog.jsonb_to_record($8) AS h (workflow text, workflow_version int, schema_version int,
            status text, phase text, initiated_by text, error jsonb, created_at timestamptz,
            started_at timestamptz, updated_at timestamptz, completed_at timestamptz, wake_at timestamptz)
     ON CONFLICT (tenant, execution_id) DO NOTHING",
    &[
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Int8,
        Type::Jsonb,
    ],
);
static CHECKPOINTS: Statement = Statement::new(
    "INSERT INTO wfstate.checkpoints (tenant, execution_id, name, version, metadata, created_by, created_at)
     SELECT $1, $2, c.name, v.version, c.metadata, coalesce(c.created_by, CURRENT_USER::pg_catalog.text),
            coalesce(c.created_at, pg_catalog.clock_timestamp())
       FROM pg_catalog.jsonb_to_recordset($3) AS c (name text, version bigint, metadata jsonb,
            created_by text, created_at timestamptz)
       JOIN wfstate.state_versions AS v
         ON v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} c.version",
    &[Type::Text, Type::Text, Type::Jsonb],
);

/// What the versions so far have come to.
struct Log {
    /// Chained hash and state of each version that another may stand on.
    hashes: HashMap<i64, i64>,
    states: HashMap<i64, Vec<u8>>,
    last: i64,
    keyframe: i64,
    chain: i64,
}

/// Imports an execution, under its own id or another. Every version is rebuilt on the way. Returns the head.
pub fn import(tenant: &str, document: &[u8], id: Option<&str>) -> StateResult<i64> {
    jsonb::check(document).map_err(|e| StateError::bad_document("document", e))?;
    let document = object(jsonb::root(document).map_err(bad)?, "document")?;
    if member(document, "format")? != Value::String(b"wfstate") {
        return Err(not_an_export("its format is not \"wfstate\""));
    }
    let execution = object(member(document, "execution")?, "execution")?;
    let own_id = text(member(execution, "execution_id")?)?;
    let key = Key {
        tenant,
        id: limits::name("execution_id", Some(id.unwrap_or(own_id)))?,
    };
    let log = versions(key, array(member(document, "versions")?, "versions")?)?;
    let (Some(hash), Some(state)) = (log.hashes.get(&log.last), log.states.get(&log.last)) else {
        return Err(not_an_export("it has no versions"));
    };
    head(
        key,
        &log,
        *hash,
        state.len(),
        &raw(Value::Object(execution))?,
    )?;
    let [tenant_param, id_param] = key_params(key);
    let checkpoints = raw(member(document, "checkpoints")?)?;
    let params = [tenant_param, id_param, Param::Jsonb(Some(&checkpoints))];
    CHECKPOINTS.run(Mode::Write, &params)?;
    let tags = match member(document, "tags")? {
        Value::Null => None,
        tags => Some(raw(tags)?),
    };
    limits::object("tags", tags.as_deref())?;
    search::index(key, tags.as_deref())?;
    Ok(log.last)
}

fn head(key: Key<'_>, log: &Log, hash: i64, size: usize, execution: &[u8]) -> StateResult<()> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(log.last)),
        Param::Int8(Some(log.keyframe)),
        Param::Int8(Some(hash)),
        Param::Int8(Some(bytes(size))),
        Param::Int8(Some(log.chain)),
        Param::Jsonb(Some(execution)),
    ];
    if HEAD.run(Mode::Write, &params)? == 0 {
        return Err(taken(key));
    }
    Ok(())
}

fn taken(key: Key<'_>) -> StateError {
    StateError::new(
        Code::AlreadyExists,
        format!("execution \"{}\" already exists", key.id),
    )
    .hint("Import it under another id, or delete the one that is there.")
}

fn versions(key: Key<'_>, list: Array<'_>) -> StateResult<Log> {
    if executions::lock(key, executions::Lock::Save)?.is_some() {
        return Err(taken(key));
    }
    let needed = bases(list)?;
    let mut log = Log {
        hashes: HashMap::new(),
        states: HashMap::new(),
        last: 0,
        keyframe: 0,
        chain: 0,
    };
    for item in list.iter() {
        let version = object(item.map_err(bad)?, "a version")?;
        let former = log.last;
        one(key, version, &mut log)?;
        if !needed.contains(&former) {
            log.states.remove(&former);
        }
    }
    Ok(log)
}

/// Versions that a later one, not the next, stands on.
fn bases(list: Array<'_>) -> StateResult<Vec<i64>> {
    let mut bases = Vec::new();
    for item in list.iter() {
        let version = object(item.map_err(bad)?, "a version")?;
        if let Some(base) = version.get(b"base_version").map_err(bad)? {
            let base = integer(base)?;
            if base + 1 != integer(member(version, "version")?)? {
                bases.push(base);
            }
        }
    }
    Ok(bases)
}

fn one(key: Key<'_>, item: Object<'_>, log: &mut Log) -> StateResult<()> {
    let version = integer(member(item, "version")?)?;
    if version <= log.last {
        return Err(not_an_export("its versions are not in order"));
    }
    let snapshot = item.get(b"snapshot").map_err(bad)?.map(raw).transpose()?;
    let patch = item.get(b"patch").map_err(bad)?.map(raw).transpose()?;
    let base = item
        .get(b"base_version")
        .map_err(bad)?
        .map(integer)
        .transpose()?;
    let base_hash = base.and_then(|base| log.hashes.get(&base).copied());
    // A pruned root may name no base, or one that is not there: then it begins a chain of its own.
    let (state, payload, base) = match (&snapshot, &patch, base) {
        (Some(snapshot), None, base) => (
            snapshot.clone(),
            payload_hash(snapshot)?,
            base_hash.and(base),
        ),
        (None, Some(patch), Some(base)) => {
            let before = log
                .states
                .get(&base)
                .ok_or_else(|| not_an_export("a version's base is missing"))?;
            let state = jsonb::apply(before, &[patch])
                .map_err(|_| not_an_export("a version's patch does not apply"))?;
            (state, payload_hash(patch)?, Some(base))
        }
        _ => {
            return Err(not_an_export(
                "a version has neither snapshot nor patch with a base",
            ));
        }
    };
    save::check_state(&state)?;
    let hash = hash::chain(base_hash.unwrap_or(0), payload);
    if snapshot.is_some() || base != Some(log.last) {
        log.keyframe = version;
    }
    log.chain = match (&snapshot, &patch) {
        (None, Some(patch)) => log.chain + bytes(patch.len() + ROW_COST),
        _ => 0,
    };
    let labels = labels(item)?;
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(version)),
        Param::Int8(base),
        Param::Int8(Some(log.keyframe)),
        Param::Int8(Some(hash)),
        Param::Int8(snapshot.is_some().then_some(payload)),
        Param::Int8(Some(bytes(state.len()))),
        Param::Int8(Some(log.chain)),
        Param::Jsonb(patch.as_deref()),
        Param::Jsonb(snapshot.as_deref()),
        Param::Jsonb(Some(&labels)),
    ];
    VERSION.run(Mode::Write, &params)?;
    log.hashes.insert(version, hash);
    log.states.insert(version, state);
    log.last = version;
    Ok(())
}

/// The version without its content.
fn labels(item: Object<'_>) -> StateResult<Vec<u8>> {
    let mut members = Vec::new();
    for member in item.iter() {
        let (key, value) = member.map_err(bad)?;
        if key != b"snapshot" && key != b"patch" {
            members.push((key, value));
        }
    }
    build::object(&members).map_err(bad)
}

fn raw(value: Value<'_>) -> StateResult<Vec<u8>> {
    build::document(value).map_err(bad)
}

fn member<'a>(object: Object<'a>, name: &str) -> StateResult<Value<'a>> {
    object
        .get(name.as_bytes())
        .map_err(bad)?
        .ok_or_else(|| not_an_export(&format!("it has no {name}")))
}

fn object<'a>(value: Value<'a>, what: &str) -> StateResult<Object<'a>> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(not_an_export(&format!("{what} is not an object"))),
    }
}

fn array<'a>(value: Value<'a>, what: &str) -> StateResult<Array<'a>> {
    match value {
        Value::Array(array) => Ok(array),
        _ => Err(not_an_export(&format!("{what} is not an array"))),
    }
}

fn text<'a>(value: Value<'a>) -> StateResult<&'a str> {
    match value {
        Value::String(text) => {
            std::str::from_utf8(text).map_err(|_| not_an_export("a text is not utf-8"))
        }
        _ => Err(not_an_export("a text is missing")),
    }
}

fn integer(value: Value<'_>) -> StateResult<i64> {
    match value {
        Value::Numeric(number) => jsonb::numeric::Numeric::parse(number)
            .ok()
            .and_then(|n| n.to_i64())
            .filter(|n| *n >= 1)
            .ok_or_else(|| not_an_export("a version is not a positive integer")),
        _ => Err(not_an_export("a version is not a number")),
    }
}

fn bad(error: Error) -> StateError {
    StateError::bad_document("document", error)
}

fn not_an_export(why: &str) -> StateError {
    StateError::invalid("document is not an export of wf_export")
        .detail(format!("The document cannot be used: {why}."))
        .hint("Pass what wf_export returned, unchanged.")
}
