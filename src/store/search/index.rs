//! `wfstate.search`: what can be looked up by index. Knows nothing of the log, which calls it.
//!
//! A row says under which declaration its document was cut. Whoever searches takes the rows of the current one that
//! match, and all of any other: so a declaration need not wait for those who save, nor they for it.

use crate::core::jsonb::{self, Pointer};
use crate::core::{StateError, StateResult};
use crate::pg::document::Document;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::search::declarations::{self, Declaration};
use crate::store::{Key, key_params};
use std::rc::Rc;

/// Touches the row only when what it holds changes. IS DISTINCT FROM would take its operator from search_path.
static PUT: Statement = Statement::new(
    "INSERT INTO wfstate.search AS s (tenant, execution_id, workflow, declaration, tags, document)
     SELECT $1, $2, $3, $4, $5, $6 WHERE $3 IS NOT NULL OR $5 IS NOT NULL OR EXISTS (
            SELECT FROM wfstate.search AS o WHERE o.tenant {=} $1 AND o.execution_id {=} $2)
     ON CONFLICT (tenant, execution_id) DO UPDATE
        SET workflow = excluded.workflow, declaration = excluded.declaration,
            tags = coalesce(excluded.tags, s.tags), document = excluded.document
      WHERE coalesce(s.workflow, '') {<>} coalesce(excluded.workflow, '')
         OR s.declaration {<>} excluded.declaration
         OR excluded.tags {<>} coalesce(s.tags, 'null'::pg_catalog.jsonb)
         OR coalesce(s.document, 'null'::pg_catalog.jsonb)
            {<>} coalesce(excluded.document, 'null'::pg_catalog.jsonb)",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Jsonb,
        Type::Jsonb,
    ],
);

static SET_DOCUMENT: Statement = Statement::new(
    "UPDATE wfstate.search AS s SET declaration = $3, document = $4
      WHERE s.tenant {=} $1 AND s.execution_id {=} $2",
    &[Type::Text, Type::Text, Type::Int8, Type::Jsonb],
);

/// Whether a patch may change anything that any workflow of the tenant declares.
pub fn touched(tenant: &str, patch: &[u8]) -> StateResult<bool> {
    for declaration in declarations::of(tenant).values() {
        let touches = jsonb::touches(patch, &declaration.pointers);
        if touches.map_err(|e| StateError::bad_document("patch", e))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Brings the search row of a saved execution up to date: of this workflow, which it may be `new` to, with these
/// tags where they are given. Called while the head is locked, or not yet visible to others.
pub fn maintain(
    key: Key<'_>,
    workflow: Option<&str>,
    new: bool,
    tags: Option<&[u8]>,
    state: impl FnOnce() -> StateResult<Rc<Document>>,
) -> StateResult<()> {
    let declared = declarations::of(key.tenant);
    let own = workflow.and_then(|workflow| declared.get(workflow));
    let document = match own {
        Some(own) if !own.pointers.is_empty() => Some(cut(&state()?, &own.pointers)?),
        _ => None,
    };
    if document.is_none() && tags.is_none() && !new {
        return Ok(());
    }
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(workflow),
        Param::Int8(Some(own.map_or(0, |own| own.number))),
        Param::Jsonb(tags),
        Param::Jsonb(document.as_deref()),
    ];
    PUT.run(Mode::Write, &params)?;
    Ok(())
}

/// Brings the row of a locked execution in line with a declaration of its workflow.
pub(super) fn cut_anew(
    key: Key<'_>,
    declaration: &Declaration,
    state: impl FnOnce() -> StateResult<Document>,
) -> StateResult<()> {
    let document = if declaration.pointers.is_empty() {
        None
    } else {
        Some(cut(&state()?, &declaration.pointers)?)
    };
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(declaration.number)),
        Param::Jsonb(document.as_deref()),
    ];
    SET_DOCUMENT.run(Mode::Latest, &params)?;
    Ok(())
}

fn cut(state: &[u8], pointers: &[Pointer<'_>]) -> StateResult<Vec<u8>> {
    jsonb::project(state, pointers).map_err(|e| StateError::bad_document("state", e))
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
