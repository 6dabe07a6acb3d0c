//! What a document of `wf_export` says, checked before anything of it is written.
//!
//! The checks are those of the functions that save, so that nothing comes in that could not have been saved.

use super::import_members::{
    array, bad, integer, label, limited_object, member, object, refused, required, text, time,
};
use super::jsonb::{self, Array, Object, Value};
use super::{StateResult, checkpoints as checkpoint_limits, limits, memory, statuses};
use std::collections::HashSet;
use std::ops::RangeInclusive;

/// Beyond any history, and still exact wherever json numbers are floating point.
const VERSIONS: RangeInclusive<i64> = 1..=1 << 53;
const INT4: RangeInclusive<i64> = i32::MIN as i64..=i32::MAX as i64;

/// Reads a time as `wf_export` writes it, in microseconds of the server; `None` for anything else. The server has
/// one of its own.
pub type ReadTime = fn(&str) -> Option<i64>;

/// An exported execution.
pub struct Export<'a> {
    /// The head.
    pub execution: Execution<'a>,
    /// In order; never empty.
    pub versions: Vec<Version<'a>>,
    /// Their names are unique, their versions there.
    pub checkpoints: Vec<Checkpoint<'a>>,
    /// Each part once.
    pub task_results: Vec<TaskResult<'a>>,
    /// A JSON object.
    pub tags: Option<Vec<u8>>,
}

/// The head. Times are the server's microseconds.
pub struct Execution<'a> {
    /// Its id.
    pub execution_id: &'a str,
    /// Its workflow.
    pub workflow: Option<&'a str>,
    /// Version of its definition that it was bound to.
    pub workflow_version: Option<i64>,
    /// Version of the state's shape.
    pub schema_version: Option<i64>,
    /// Status.
    pub status: &'a str,
    /// Phase.
    pub phase: Option<&'a str>,
    /// Role that created it.
    pub initiated_by: Option<&'a str>,
    /// When it was made.
    pub created_at: i64,
    /// When it was first running.
    pub started_at: Option<i64>,
    /// When the newest version was saved.
    pub updated_at: i64,
    /// When the status became final.
    pub completed_at: Option<i64>,
}

/// A version of the log.
pub struct Version<'a> {
    /// Version.
    pub version: i64,
    /// Version that the patch applies to.
    pub base: Option<i64>,
    /// The whole state.
    pub snapshot: Option<Value<'a>>,
    /// The change from the base.
    pub patch: Option<Value<'a>>,
    /// Version of the shape; the execution's where nothing is said.
    pub schema_version: Option<i64>,
    /// Status.
    pub status: &'a str,
    /// Phase.
    pub phase: Option<&'a str>,
    /// Step that saved it.
    pub step_id: Option<&'a str>,
    /// Free text.
    pub note: Option<&'a str>,
    /// Role that saved it.
    pub saved_by: Option<&'a str>,
    /// When it was saved.
    pub saved_at: i64,
}

/// A name for a version.
pub struct Checkpoint<'a> {
    /// Name.
    pub name: &'a str,
    /// Version.
    pub version: i64,
    /// A JSON object.
    pub metadata: Option<Vec<u8>>,
    /// Role that made it.
    pub created_by: Option<&'a str>,
    /// When it was made.
    pub created_at: i64,
}

/// A part of what a task inside of a step has given.
pub struct TaskResult<'a> {
    /// Step.
    pub step_id: &'a str,
    /// Task.
    pub task_id: &'a str,
    /// Where the task stands among the others.
    pub task_path: &'a str,
    /// Number of the part.
    pub part: i64,
    /// What it is of.
    pub name: Option<&'a str>,
    /// The part itself.
    pub output: Option<Value<'a>>,
    /// When it was recorded.
    pub recorded_at: i64,
}

/// Reads a document; refuses whatever `wf_export` cannot have written.
pub fn read(document: &[u8], read_time: ReadTime) -> StateResult<Export<'_>> {
    jsonb::check(document).map_err(bad)?;
    let document = object(jsonb::root(document).map_err(bad)?, "document")?;
    if member(document, "format")? != Value::String(b"wfstate") {
        return Err(refused("its format is not \"wfstate\""));
    }
    if integer(document, "format_version", &INT4)? != Some(1) {
        return Err(refused("its format_version is not 1"));
    }
    let head = object(member(document, "execution")?, "execution")?;
    let shape = integer(head, "schema_version", &INT4)?;
    let versions = versions(array(document, "versions")?, shape, read_time)?;
    let last = versions
        .last()
        .ok_or_else(|| refused("it has no versions"))?;
    let execution = execution(head, read_time)?;
    if integer(head, "version", &VERSIONS)? != Some(last.version) {
        return Err(refused("its last version is not the head"));
    }
    if execution.updated_at < last.saved_at {
        return Err(refused("its updated_at is before the last saved_at"));
    }
    member(document, "tags")?;
    Ok(Export {
        execution,
        checkpoints: checkpoints(array(document, "checkpoints")?, &versions, read_time)?,
        task_results: match document.get(b"task_results").map_err(bad)? {
            Some(_) => task_results(array(document, "task_results")?, read_time)?,
            None => Vec::new(),
        },
        tags: limited_object(document, "tags", limits::object)?,
        versions,
    })
}

fn execution(head: Object<'_>, read_time: ReadTime) -> StateResult<Execution<'_>> {
    let (status, completed_at) = (status(head)?, time(head, "completed_at", read_time)?);
    if statuses::is_final(status) != completed_at.is_some() {
        return Err(refused("its completed_at does not go with its status"));
    }
    let created_at = required(time(head, "created_at", read_time)?, "created_at")?;
    // wf_cleanup looks for what has ended among what was created before.
    if completed_at.is_some_and(|completed_at| completed_at < created_at) {
        return Err(refused("its completed_at is before its created_at"));
    }
    Ok(Execution {
        execution_id: required(label(head, "execution_id")?, "execution_id")?,
        workflow: label(head, "workflow")?,
        workflow_version: integer(head, "workflow_version", &INT4)?,
        schema_version: integer(head, "schema_version", &INT4)?,
        status,
        phase: label(head, "phase")?,
        initiated_by: label(head, "initiated_by")?,
        created_at,
        started_at: time(head, "started_at", read_time)?,
        updated_at: required(time(head, "updated_at", read_time)?, "updated_at")?,
        completed_at,
    })
}

fn versions(
    list: Array<'_>,
    of_head: Option<i64>,
    read_time: ReadTime,
) -> StateResult<Vec<Version<'_>>> {
    let mut versions: Vec<Version<'_>> = Vec::new();
    for item in list.iter() {
        let version = version(object(item.map_err(bad)?, "a version")?, of_head, read_time)?;
        if let Some(before) = versions.last() {
            if version.version <= before.version {
                return Err(refused("its versions are not in order"));
            }
            if version.saved_at < before.saved_at {
                return Err(refused("a saved_at is before that of the version before"));
            }
        }
        memory::push(&mut versions, version).map_err(bad)?;
    }
    Ok(versions)
}

fn version(
    item: Object<'_>,
    of_head: Option<i64>,
    read_time: ReadTime,
) -> StateResult<Version<'_>> {
    let schema_version = match item.get(b"schema_version").map_err(bad)? {
        Some(_) => integer(item, "schema_version", &INT4)?,
        None => of_head,
    };
    let note = text(item, "note")?;
    Ok(Version {
        version: required(integer(item, "version", &VERSIONS)?, "version")?,
        base: integer(item, "base_version", &VERSIONS)?,
        // A state may be null.
        snapshot: item.get(b"snapshot").map_err(bad)?,
        patch: item.get(b"patch").map_err(bad)?,
        schema_version,
        status: status(item)?,
        phase: label(item, "phase")?,
        step_id: label(item, "step_id")?,
        note: limits::note(note)?,
        saved_by: label(item, "saved_by")?,
        saved_at: required(time(item, "saved_at", read_time)?, "saved_at")?,
    })
}

fn checkpoints<'a>(
    list: Array<'a>,
    versions: &[Version<'_>],
    read_time: ReadTime,
) -> StateResult<Vec<Checkpoint<'a>>> {
    let (mut checkpoints, mut names) = (Vec::new(), HashSet::new());
    for item in list.iter() {
        let item = object(item.map_err(bad)?, "a checkpoint")?;
        let name = required(label(item, "name")?, "name")?;
        if !names.insert(name) {
            return Err(refused("two checkpoints have the same name"));
        }
        let version = required(integer(item, "version", &VERSIONS)?, "version")?;
        if versions
            .binary_search_by_key(&version, |v| v.version)
            .is_err()
        {
            return Err(refused("a checkpoint's version is missing"));
        }
        let checkpoint = Checkpoint {
            name,
            version,
            metadata: limited_object(item, "metadata", checkpoint_limits::metadata)?,
            created_by: label(item, "created_by")?,
            created_at: required(time(item, "created_at", read_time)?, "created_at")?,
        };
        memory::push(&mut checkpoints, checkpoint).map_err(bad)?;
    }
    Ok(checkpoints)
}

fn task_results(list: Array<'_>, read_time: ReadTime) -> StateResult<Vec<TaskResult<'_>>> {
    let (mut results, mut parts) = (Vec::new(), HashSet::new());
    for item in list.iter() {
        let item = object(item.map_err(bad)?, "a task result")?;
        let part = required(integer(item, "part", &INT4)?, "part")?;
        let path = required(text(item, "task_path")?, "task_path")?;
        let result = TaskResult {
            step_id: required(label(item, "step_id")?, "step_id")?,
            task_id: required(label(item, "task_id")?, "task_id")?,
            task_path: limits::within("task_path", path, limits::MAX_NOTE)?,
            part,
            name: label(item, "name")?,
            // A part may be null.
            output: item.get(b"output").map_err(bad)?,
            recorded_at: required(time(item, "recorded_at", read_time)?, "recorded_at")?,
        };
        if !parts.insert((result.step_id, result.task_id, part)) {
            return Err(refused("a part of a task's result comes twice"));
        }
        memory::push(&mut results, result).map_err(bad)?;
    }
    Ok(results)
}

fn status(object: Object<'_>) -> StateResult<&str> {
    let status = required(text(object, "status")?, "status")?;
    if !statuses::STATUSES.contains(&status) {
        return Err(refused("a status is not known"));
    }
    Ok(status)
}
