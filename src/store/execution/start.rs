//! `wf_start`: an execution that is started once, however often it is asked for.

use crate::core::jsonb::{self, build};
use crate::core::{Code, StateError, StateResult, hash, limits};
use crate::pg::interrupts;
use crate::pg::settings;
use crate::pg::spi::{Mode, Statement};
use crate::store::Key;
use crate::store::definitions::documents::Name;
use crate::store::definitions::{cache, workflows};
use crate::store::execution::runs::{self, Found, New};
use crate::store::log::checks::{check_depth, check_state};
use crate::store::log::executions::{self, Lock};
use crate::store::log::new_version::Labels;
use crate::store::log::save::{self, Request};
use crate::store::queue::entries::{self, Entry};

/// A call.
pub struct Start<'a> {
    /// Workflow.
    pub workflow: &'a str,
    /// Id that it is to have.
    pub execution_id: Option<&'a str>,
    /// What it is started with.
    pub input: Option<&'a [u8]>,
    /// Key that is the same execution whenever it is used.
    pub idempotency_key: Option<&'a str>,
    /// Execution that it belongs to.
    pub parent: Option<&'a str>,
    /// From 0 to 9: higher ones are claimed first.
    pub priority: i32,
    /// When it may be claimed, in the server's microseconds.
    pub start_at: Option<i64>,
    /// Of those with the same one, no more at a time than is allowed.
    pub concurrency_key: Option<&'a str>,
    /// First state.
    pub state: Option<&'a [u8]>,
    /// Tags.
    pub tags: Option<&'a [u8]>,
    /// Free text.
    pub note: Option<&'a str>,
}

/// What was started.
pub struct Started {
    /// Its id.
    pub execution_id: String,
    /// Its newest version.
    pub version: i64,
    /// Whether this call has created it.
    pub created: bool,
}

static NEW_ID: Statement =
    Statement::new("SELECT pg_catalog.gen_random_uuid()::pg_catalog.text", &[]);

/// Rounds in which whoever was adding the row may have been rolled back, and somebody else have begun to.
const ROUNDS: u32 = 100;

/// Starts an execution, or tells of the one that the same call has started before.
pub fn start(tenant: &str, call: &Start<'_>) -> StateResult<Started> {
    let input_hash = hash_of(call.input)?;
    let made = match call.execution_id {
        Some(_) => None,
        None => NEW_ID
            .one(Mode::Read, &[], |row| Ok(row.text(0)))?
            .flatten(),
    };
    let id = call.execution_id.or(made.as_deref()).unwrap_or_default();
    let key = Key { tenant, id };
    let new = New {
        workflow: call.workflow,
        idempotency_key: call.idempotency_key,
        input: call.input,
        input_hash,
        parent: call.parent,
        priority: call.priority,
        concurrency_key: call.concurrency_key,
    };
    // Before anything waits: what was started long ago needs no row to be tried.
    if let Some(found) = known(key, call)? {
        return again(key, call, input_hash, found);
    }
    if let Some(parent) = call.parent {
        executions::lock(Key { tenant, id: parent }, Lock::Reference)?
            .ok_or_else(|| no_parent(tenant, parent))?;
    }
    let mut rounds = 0;
    while !runs::insert(key, &new)? {
        interrupts::check();
        rounds += 1;
        // Whoever was adding it may have been rolled back: then it is not there, and is added here.
        if let Some(found) = known(key, call)? {
            return again(key, call, input_hash, found);
        }
        if rounds == ROUNDS {
            return Err(hidden(key));
        }
    }
    let version = create(key, call)?;
    let entry = Entry {
        workflow: call.workflow,
        priority: call.priority,
        start_at: call.start_at,
        concurrency_key: call.concurrency_key,
    };
    entries::add(key, &entry)?;
    Ok(Started {
        execution_id: id.to_owned(),
        version,
        created: true,
    })
}

fn no_parent(tenant: &str, parent: &str) -> StateError {
    StateError::new(
        Code::NotFound,
        format!("parent \"{parent}\" does not exist"),
    )
    .detail(format!("The tenant is \"{tenant}\"."))
    .hint("Start the parent first, and give its execution_id.")
}

/// A document that is kept beside the state: within the limits of one.
pub fn kept<'a>(argument: &str, document: Option<&'a [u8]>) -> StateResult<Option<&'a [u8]>> {
    if let Some(document) = document {
        let most = settings::max_state_size();
        if document.len() > most {
            return Err(limits::too_large(argument, document.len(), most)
                .hint("Keep it elsewhere, and here what leads to it."));
        }
        let shape = jsonb::check(document).map_err(|e| StateError::bad_document(argument, e))?;
        check_depth(argument, shape.depth)?;
    }
    Ok(document)
}

/// The hash of an input that may be kept; 0 for none.
pub(super) fn hash_of(input: Option<&[u8]>) -> StateResult<i64> {
    let bad = |error| StateError::bad_document("input", error);
    match kept("input", input)? {
        Some(input) => Ok(hash::hash(input).map_err(bad)?.cast_signed()),
        None => Ok(0),
    }
}

fn known(key: Key<'_>, call: &Start<'_>) -> StateResult<Option<Found>> {
    if let Some(idempotency_key) = call.idempotency_key
        && let Some(found) = runs::of_key(key.tenant, call.workflow, idempotency_key)?
    {
        return Ok(Some(found));
    }
    runs::of_id(key)
}

/// The answer to a start that is repeated.
fn again(key: Key<'_>, call: &Start<'_>, input_hash: i64, found: Found) -> StateResult<Started> {
    let is_of_workflow = found.workflow.as_deref() == Some(call.workflow);
    let is_of_key =
        call.idempotency_key.is_none() || call.idempotency_key == found.idempotency_key.as_deref();
    match found.version {
        Some(_) if is_of_workflow && !is_of_key => Err(other_key(key, &found)),
        Some(version) if is_of_workflow && found.input_hash == input_hash => Ok(Started {
            execution_id: found.execution_id,
            version,
            created: false,
        }),
        _ if !is_of_workflow => Err(taken(key).detail("It does not belong to this workflow, or was not started by wf_start.")),
        _ => Err(StateError::new(
            Code::AlreadyExists,
            format!("execution \"{}\" was started with another input", found.execution_id),
        )
        .hint("Start with the same input to get it, or with another idempotency_key and execution_id to start another.")),
    }
}

/// To drop the key would let it start another execution later.
fn other_key(key: Key<'_>, found: &Found) -> StateError {
    StateError::new(
        Code::AlreadyExists,
        format!(
            "execution \"{}\" was started with {} idempotency_key",
            key.id,
            match found.idempotency_key {
                Some(_) => "another",
                None => "no",
            }
        ),
    )
    .hint("Start with the same idempotency_key, or without one, to get it, or with another execution_id to start another.")
}

fn taken(key: Key<'_>) -> StateError {
    StateError::new(
        Code::AlreadyExists,
        format!("execution \"{}\" already exists", key.id),
    )
    .hint("Choose another execution_id.")
}

fn hidden(key: Key<'_>) -> StateError {
    StateError::new(
        Code::AlreadyExists,
        format!("execution \"{}\" cannot be started", key.id),
    )
    .detail("Its execution_id or idempotency_key is taken by one that a row-level policy hides from this role.")
    .hint("Choose another execution_id and idempotency_key.")
}

/// The execution with its first version.
fn create(key: Key<'_>, call: &Start<'_>) -> StateResult<i64> {
    let request = Request {
        key,
        expected: Some(0),
        labels: Labels {
            status: Some("pending"),
            workflow: Some(call.workflow),
            note: call.note,
            ..Labels::default()
        },
        tags: call.tags,
    };
    let created = match call.state {
        Some(state) => {
            check_state(state)?;
            save::create(&request, state)?
        }
        None => save::create(&request, &initial(key.tenant, call.workflow)?)?,
    };
    created.ok_or_else(|| taken(key).detail("It was saved without wf_start."))
}

/// The state that the workflow's definition has executions begin with.
fn initial(tenant: &str, workflow: &str) -> StateResult<Vec<u8>> {
    if let Some(version) = workflows::active(tenant, workflow)? {
        let name = Name {
            tenant,
            workflow,
            version,
        };
        if let Some(state) = cache::get(Mode::Latest, name)?.initial_state() {
            return Ok(state.to_vec());
        }
    }
    build::object(&[]).map_err(|error| StateError::bad_document("state", error))
}
