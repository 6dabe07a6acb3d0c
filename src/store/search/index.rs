//! `wfstate.search` and `wfstate.search_paths`: what can be looked up by index. Knows nothing of the log, which calls it.

use crate::core::jsonb::{self, Pointer};
use crate::core::{StateError, StateResult, limits};
use crate::pg::document::Document;
use crate::pg::invalidation::{Cached, generation};
use crate::pg::scan;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::{Key, key_params};
use std::cell::RefCell;
use std::rc::Rc;

/// Touches the row only when what it holds changes. IS DISTINCT FROM would take its operator from search_path.
static PUT: Statement = Statement::new(
    "INSERT INTO wfstate.search AS s (tenant, execution_id, workflow, tags, document)
     SELECT $1, $2, $3, $4, $5 WHERE $4 IS NOT NULL OR $5 IS NOT NULL OR EXISTS (
            SELECT FROM wfstate.search AS o WHERE o.tenant {=} $1 AND o.execution_id {=} $2)
     ON CONFLICT (tenant, execution_id) DO UPDATE
        SET workflow = excluded.workflow, tags = coalesce(excluded.tags, s.tags), document = excluded.document
      WHERE coalesce(s.workflow, '') {<>} coalesce(excluded.workflow, '')
         OR excluded.tags {<>} coalesce(s.tags, 'null'::pg_catalog.jsonb)
         OR coalesce(s.document, 'null'::pg_catalog.jsonb)
            {<>} coalesce(excluded.document, 'null'::pg_catalog.jsonb)",
    &[Type::Text, Type::Text, Type::Text, Type::Jsonb, Type::Jsonb],
);

/// A workflow and the paths that it declares.
pub type Declaration = (String, Vec<Pointer<'static>>);

/// Declarations of one tenant, as of a generation.
struct Copy {
    tenant: String,
    generation: u64,
    declarations: Rc<Vec<Declaration>>,
}

thread_local! {
    static COPY: RefCell<Option<Copy>> = const { RefCell::new(None) };
}

/// The declarations of a tenant, from this session's copy where no other session changed them.
pub fn declarations(tenant: &str) -> StateResult<Rc<Vec<Declaration>>> {
    let now = generation(Cached::SearchPaths);
    let known = COPY.with_borrow(|copy| match copy {
        Some(c) if c.generation == now && c.tenant == tenant => Some(Rc::clone(&c.declarations)),
        _ => None,
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let columns = [
        (c"tenant", Type::Text),
        (c"workflow", Type::Text),
        (c"paths", Type::TextArray),
    ];
    let rows = scan::rows(Cached::SearchPaths, &columns, |row| {
        (row.text(0)? == tenant).then_some((row.text(1)?, row.texts(2)?))
    });
    let mut declarations = Vec::with_capacity(rows.len());
    for (workflow, paths) in rows {
        declarations.push((workflow, pointers(&paths)?));
    }
    let declarations = Rc::new(declarations);
    COPY.set(Some(Copy {
        tenant: tenant.to_owned(),
        generation: now,
        declarations: Rc::clone(&declarations),
    }));
    Ok(declarations)
}

/// Whether a patch may change anything that any workflow of the tenant declares.
pub fn touched(tenant: &str, patch: &[u8]) -> StateResult<bool> {
    for (_, pointers) in declarations(tenant)?.iter() {
        if jsonb::touches(patch, pointers).map_err(|e| StateError::bad_document("patch", e))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Brings the search row of a saved execution up to date: of this workflow, which it may have `moved` to, with these
/// tags where they are given.
///
/// Called after the head was written: its table is locked by then, so a declaration, which locks it against
/// writers, is either committed and seen here, or waits until this transaction ends.
pub fn maintain(
    key: Key<'_>,
    workflow: Option<&str>,
    moved: bool,
    tags: Option<&[u8]>,
    state: impl FnOnce() -> StateResult<Rc<Document>>,
) -> StateResult<()> {
    let declared = declarations(key.tenant)?;
    if declared.is_empty() && tags.is_none() {
        return Ok(());
    }
    let mut own = declared
        .iter()
        .filter(|(declaring, _)| Some(declaring.as_str()) == workflow);
    let document = match own.next() {
        Some((_, pointers)) => Some(cut(&state()?, pointers)?),
        None => None,
    };
    if document.is_none() && tags.is_none() && !moved {
        return Ok(());
    }
    put(Mode::Write, key, workflow, tags, document.as_deref())
}

pub(super) fn put(
    mode: Mode,
    key: Key<'_>,
    workflow: Option<&str>,
    tags: Option<&[u8]>,
    document: Option<&[u8]>,
) -> StateResult<()> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(workflow),
        Param::Jsonb(tags),
        Param::Jsonb(document),
    ];
    PUT.run(mode, &params)?;
    Ok(())
}

pub(super) fn cut(state: &[u8], pointers: &[Pointer<'_>]) -> StateResult<Vec<u8>> {
    jsonb::project(state, pointers).map_err(|e| StateError::bad_document("state", e))
}

pub(super) fn pointers(paths: &[String]) -> StateResult<Vec<Pointer<'static>>> {
    paths
        .iter()
        .map(|path| {
            Pointer::parse(path.as_bytes())
                .map(Pointer::into_owned)
                .map_err(|_| bad_path(path))
        })
        .collect()
}

fn bad_path(path: &str) -> StateError {
    StateError::invalid(format!(
        "path {} is not a json pointer",
        limits::quoted(path)
    ))
    .hint("Write it as /customer/id; ~1 stands for / and ~0 for ~ within a key.")
}

static DELETE: Statement = Statement::new(
    "DELETE FROM wfstate.search AS s WHERE s.tenant {=} $1 AND s.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

/// Removes the search row of an execution.
pub fn delete(key: Key<'_>) -> StateResult<()> {
    DELETE.run(Mode::Latest, &key_params(key))?;
    Ok(())
}
