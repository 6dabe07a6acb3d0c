//! A save that says what its version stands on, what it is called, or whether it may create.
//!
//! A name is given once: a save that is repeated with the same content is answered with the version that it has made.

use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::branches::branch::target;
use crate::store::branches::checkpoints;
use crate::store::log::append_branch;
use crate::store::log::cache::{self, State};
use crate::store::log::checks::check_state;
use crate::store::log::executions::{self, Head, Lock, key_params};
use crate::store::log::next::{Change, Next};
use crate::store::log::patch;
use crate::store::log::rebuild;
use crate::store::log::save::{self, Request};
use crate::store::migrations::{apply, chains};

/// What a save says besides.
pub struct Standing<'a> {
    /// The version that the new one stands on; `None` for the head.
    pub base: Option<i64>,
    /// What the new one is called.
    pub checkpoint: Option<Checkpoint<'a>>,
    /// Whether an execution that is missing is created.
    pub creates: bool,
}

/// A name, and what is kept with it.
pub struct Checkpoint<'a> {
    /// Unique within the execution.
    pub name: &'a str,
    /// A JSON object.
    pub metadata: Option<&'a [u8]>,
}

static NAME: Statement = Statement::new(
    "INSERT INTO wfstate.checkpoints (tenant, execution_id, name, version, metadata) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (tenant, execution_id, name) DO NOTHING",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Jsonb,
    ],
);
static NAMED: Statement = Statement::new(
    "SELECT c.version, c.metadata, v.base_version, v.schema_version
       FROM wfstate.checkpoints AS c
       LEFT JOIN LATERAL (
            SELECT v.base_version, v.schema_version FROM wfstate.state_versions AS v
             WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} c.version OFFSET 0) AS v ON true
      WHERE c.tenant {=} $1 AND c.execution_id {=} $2 AND c.name {=} $3",
    &[Type::Text, Type::Text, Type::Text],
);

/// An object without members.
const EMPTY: [u8; 4] = 0x2000_0000_u32.to_ne_bytes();

/// Saves. Returns the version, and whether this call has made it.
pub fn save(
    request: &Request<'_>,
    change: Change<'_>,
    standing: &Standing<'_>,
) -> StateResult<(i64, bool)> {
    let key = request.key;
    match change {
        Change::State(state) => check_state(state)?,
        Change::Patch(patch) => {
            patch::checked(patch)?;
            chains::keep(key.tenant, request.labels.workflow)?;
        }
    }
    if let Some(version) = onto_cached(request, change, standing)? {
        return named(key, standing, version);
    }
    loop {
        if let Some(head) = executions::lock(key, Lock::Save)? {
            if let Some(version) = repeated(request, change, standing, &head)? {
                return Ok((version, false));
            }
            let version = onto_locked(request, change, standing, &head)?;
            return named(key, standing, version);
        }
        let is_expected = request.expected.is_some_and(|version| version > 0);
        if is_expected || standing.base.is_some() || !standing.creates {
            return Err(save::missing(key));
        }
        let created = match change {
            Change::State(state) => save::create(request, state)?,
            Change::Patch(_) => save::create(request, &Next::of(change, &EMPTY)?.state)?,
        };
        // Another session may create it first; then it is there to be locked.
        if let Some(version) = created {
            return named(key, standing, version);
        }
    }
}

/// Onto the state that this session believes to be the head's, where that is what the version is to stand on and the
/// name is free; the statement that appends checks that it is the head.
fn onto_cached(
    request: &Request<'_>,
    change: Change<'_>,
    standing: &Standing<'_>,
) -> StateResult<Option<i64>> {
    let key = request.key;
    let Some(head) = cache::get_head(key) else {
        return Ok(None);
    };
    if standing.base.is_some_and(|base| base != head.version) {
        return Ok(None);
    }
    if let Some(checkpoint) = &standing.checkpoint
        && checkpoints::find(Mode::Write, key, checkpoint.name)?.is_some()
    {
        return Ok(None);
    }
    save::onto_cached(request, change)
}

fn onto_locked(
    request: &Request<'_>,
    change: Change<'_>,
    standing: &Standing<'_>,
    head: &Head,
) -> StateResult<i64> {
    if request.expected == Some(0) {
        return Err(save::taken(request.key));
    }
    executions::check_expected(request.key, request.expected, head.version)?;
    match (standing.base, change) {
        (Some(base), _) if base != head.version => append_branch::save(request, change, base, head),
        (_, Change::State(_)) => save::onto_locked(request, change, head),
        // Which may not read the state.
        (_, Change::Patch(patch)) => patch::patch(request, patch),
    }
}

/// Gives the new version its name.
fn named(key: Key<'_>, standing: &Standing<'_>, version: i64) -> StateResult<(i64, bool)> {
    let Some(checkpoint) = &standing.checkpoint else {
        return Ok((version, true));
    };
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(Some(checkpoint.name)),
        Param::Int8(Some(version)),
        Param::Jsonb(checkpoint.metadata),
    ];
    if NAME.run(Mode::Write, &params)? > 0 {
        return Ok((version, true));
    }
    // wf_checkpoint has given it to another version just now: it does not wait for saves.
    let taken = checkpoints::find(Mode::Latest, key, checkpoint.name)?;
    Err(is_taken(key, checkpoint.name, taken, ""))
}

fn is_taken(key: Key<'_>, name: &str, version: Option<i64>, what: &str) -> StateError {
    let error = StateError::new(
        Code::AlreadyExists,
        format!(
            "checkpoint {} of execution \"{}\" already exists",
            limits::quoted(name),
            key.id
        ),
    );
    let error = match version {
        Some(version) => error.detail(format!("It stands for version {version}{what}.")),
        None => error,
    };
    error.hint("Choose another name; a save that is repeated must have the same state and checkpoint_metadata.")
}

/// What has the name already.
struct Named {
    version: i64,
    metadata: Option<Vec<u8>>,
    base: Option<i64>,
    shape: Option<i32>,
}

fn found(row: &Row<'_>) -> StateResult<Named> {
    Ok(Named {
        version: row.int8(0).unwrap_or_default(),
        metadata: row.jsonb(1),
        base: row.int8(2),
        shape: row.int4(3),
    })
}

/// The version that has the name of a save already, with what it would save; `None` where the name is free. Under the
/// lock of the head.
fn repeated(
    request: &Request<'_>,
    change: Change<'_>,
    standing: &Standing<'_>,
    head: &Head,
) -> StateResult<Option<i64>> {
    let key = request.key;
    let Some(Checkpoint { name, metadata }) = standing.checkpoint else {
        return Ok(None);
    };
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Text(Some(name))];
    let Some(named) = NAMED.one(Mode::Write, &params, found)? else {
        return Ok(None);
    };
    let refused = |what| Err(is_taken(key, name, Some(named.version), what));
    if named.metadata.as_deref() != metadata {
        return refused(", with other metadata");
    }
    let stored = rebuild::at(Mode::Write, key, named.version)?;
    let is_same = match change {
        Change::State(state) => *stored == *state,
        Change::Patch(_) => match made_before(request, change, standing.base, head, &named)? {
            Some(made) => *stored == **made,
            None => return refused(", with a state that the patch does not make of what is left"),
        },
    };
    match is_same {
        true => Ok(Some(named.version)),
        false => refused(", with another state"),
    }
}

/// What a patch made of the version that the named one stands on, in the shape that it had then; `None` where it makes
/// nothing of it, or that is not to be told any more.
fn made_before(
    request: &Request<'_>,
    change: Change<'_>,
    base: Option<i64>,
    head: &Head,
    named: &Named,
) -> StateResult<Option<State>> {
    let next = match (base, named.version, named.base) {
        (None, 1, None) => Next::of(change, &EMPTY),
        (Some(base), ..) | (None, 2.., Some(base)) => {
            let key = request.key;
            let base = target(key, base)?;
            let old = rebuild::at(Mode::Latest, key, base.version)?;
            let head = append_branch::standing_on(head, &base);
            Next::of(
                change,
                &apply::up_to(Mode::Latest, key, &head, named.shape, old)?,
            )
        }
        _ => return Ok(None),
    };
    match next {
        Ok(next) => Ok(Some(next.state)),
        Err(error)
            if matches!(
                error.code,
                Code::InvalidParameter | Code::ConcurrentModification
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
