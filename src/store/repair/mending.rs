//! Which states an execution may have, and what its definition says of mending one that it may not.

use crate::core::definition::mends;
use crate::core::{Code, StateError, StateResult};
use crate::pg::document::Document;
use crate::pg::interrupts;
use crate::pg::spi::Mode;
use crate::store::Key;
use crate::store::definitions::documents::{self, Name};
use crate::store::definitions::{bind, cache as definitions};
use crate::store::log::cache;
use crate::store::log::checks::{applied_limit, check_state};
use crate::store::log::executions::Head;
use crate::store::migrations::{apply, chains};

/// What is wrong with a state in a phase; `None` where it is one that the execution may have.
pub fn broken(
    key: Key<'_>,
    head: &Head,
    phase: Option<&str>,
    shape: Option<i32>,
    state: &[u8],
) -> StateResult<Option<String>> {
    let workflow = head.workflow.as_deref();
    let checked = bind::kept(key, workflow, head.workflow_version, phase).and_then(|bound| {
        if bound.is_free() {
            return Ok(());
        }
        let copy = Document::copy(state).map_err(|_| StateError::out_of_memory("state"))?;
        // As a load gives it.
        let loaded = apply::as_loaded(Mode::Latest, key, workflow, shape, copy)?;
        bound.check(key, &loaded)
    });
    match checked {
        Ok(()) => Ok(None),
        Err(error) if matches!(error.code, Code::StateValidation | Code::IllegalTransition) => {
            Ok(Some(error.detail.unwrap_or(error.message)))
        }
        Err(error) => Err(error),
    }
}

fn name<'a>(key: Key<'a>, head: &'a Head) -> Option<Name<'a>> {
    let (workflow, version) = head.workflow.as_deref().zip(head.workflow_version)?;
    Some(Name {
        tenant: key.tenant,
        workflow,
        version,
    })
}

/// What the definition makes of a broken state, where that is one that the execution may have. Each mend is tried on
/// what those before it have made; one that does not apply is passed over.
pub fn mended(
    key: Key<'_>,
    head: &Head,
    phase: Option<&str>,
    shape: Option<i32>,
    state: &[u8],
) -> StateResult<Option<Document>> {
    let Some(name) = name(key, head) else {
        return Ok(None);
    };
    let Some((document, _)) = documents::read(Mode::Latest, name)? else {
        return Err(name.missing());
    };
    let bad = |e| StateError::bad_document("definition", e);
    let mut now = Document::copy(state).map_err(|_| StateError::out_of_memory("state"))?;
    let mut changed = false;
    for mend in mends(&document).map_err(bad)? {
        interrupts::check();
        if mend.applies(&now).map_err(bad)?
            && let Ok(next) = cache::patched(&now, &[&mend.patch], None, applied_limit())
        {
            changed = changed || *next != *now;
            now = next;
        }
        if mend.complete
            && changed
            && check_state(&now).is_ok()
            && broken(key, head, phase, shape, &now)?.is_none()
        {
            return Ok(Some(now));
        }
    }
    Ok(None)
}

/// What a definition begins with.
pub struct Initial {
    /// State.
    pub state: Document,
    /// Phase.
    pub phase: Option<String>,
    /// Version of the shape.
    pub shape: Option<i32>,
}

/// What the definition begins with, where it keeps its rules: as of a new execution.
pub fn initial(key: Key<'_>, head: &Head) -> StateResult<Option<Initial>> {
    let Some(name) = name(key, head) else {
        return Ok(None);
    };
    let definition = definitions::get(Mode::Latest, name)?;
    let (Some(state), phase) = (definition.initial_state(), definition.initial_phase()) else {
        return Ok(None);
    };
    let newest = chains::newest(key.tenant, Some(name.workflow), None)?;
    let shape = definition.schema_version().or(newest);
    if check_state(state).is_err() || broken(key, head, phase, shape, state)?.is_some() {
        return Ok(None);
    }
    Ok(Some(Initial {
        state: Document::copy(state).map_err(|_| StateError::out_of_memory("state"))?,
        phase: phase.map(str::to_owned),
        shape,
    }))
}
