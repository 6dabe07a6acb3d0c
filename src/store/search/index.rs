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

/// Touches the row only when what it holds changes; tags are kept as they are given, so that 1 and 1.0 differ. IS DISTINCT FROM would take its operator from search_path.
macro_rules! put {
    ($rows:literal, $types:expr) => {
        Statement::new(
            concat!(
                "INSERT INTO wfstate.search AS s (tenant, execution_id, workflow, declaration, tags, document)
                 SELECT $1, n.execution_id, n.workflow, n.declaration, n.tags, n.document
                   FROM ",
                $rows,
                " AS n (execution_id, workflow, declaration, tags, document)
                  WHERE n.workflow IS NOT NULL OR n.tags IS NOT NULL OR EXISTS (SELECT FROM wfstate.search AS o
                         WHERE o.tenant {=} $1 AND o.execution_id {=} n.execution_id)
                 ON CONFLICT (tenant, execution_id) DO UPDATE
                    SET workflow = excluded.workflow, declaration = excluded.declaration,
                        tags = coalesce(excluded.tags, s.tags), document = excluded.document
                  WHERE coalesce(s.workflow, '') {<>} coalesce(excluded.workflow, '')
                     OR s.declaration {<>} excluded.declaration
                     OR (excluded.tags IS NOT NULL AND pg_catalog.record_image_ne(ROW(excluded.tags), ROW(s.tags)))
                     OR coalesce(s.document, 'null'::pg_catalog.jsonb)
                        {<>} coalesce(excluded.document, 'null'::pg_catalog.jsonb)"
            ),
            &$types,
        )
    };
}
static PUT: Statement = put!(
    "(SELECT $2, $3, $4, $5, $6)",
    [
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Jsonb,
        Type::Jsonb,
    ]
);
/// `unnest` of several arrays has no qualified form; the parser itself takes it from pg_catalog.
static PUT_ALL: Statement = put!(
    "unnest($2, $3, $4, $5, $6)",
    [
        Type::Text,
        Type::TextArray,
        Type::TextArray,
        Type::Int8Array,
        Type::JsonbArray,
        Type::JsonbArray,
    ]
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

/// What is to be indexed of an execution.
pub struct Row<'a> {
    key: Key<'a>,
    workflow: Option<&'a str>,
    declaration: i64,
    tags: Option<&'a [u8]>,
    document: Option<Vec<u8>>,
}

impl Row<'_> {
    /// Its declaration, tags and document.
    pub fn contents(&self) -> [Param<'_>; 3] {
        [
            Param::Int8(Some(self.declaration)),
            Param::Jsonb(self.tags),
            Param::Jsonb(self.document.as_deref()),
        ]
    }
}

/// What is to be indexed of a saved execution: of this workflow, which it may be `new` to, with these tags where they
/// are given; `None` where nothing can have changed. Called while the head is locked, or not yet visible to others.
pub fn row<'a>(
    key: Key<'a>,
    workflow: Option<&'a str>,
    new: bool,
    tags: Option<&'a [u8]>,
    state: impl FnOnce() -> StateResult<Rc<Document>>,
) -> StateResult<Option<Row<'a>>> {
    let declared = declarations::of(key.tenant);
    let own = workflow.and_then(|workflow| declared.get(workflow));
    let document = match own {
        Some(own) if !own.pointers.is_empty() => Some(cut(&state()?, &own.pointers)?),
        _ => None,
    };
    let changes = document.is_some() || tags.is_some() || new;
    Ok(changes.then(|| Row {
        key,
        workflow,
        declaration: own.map_or(0, |own| own.number),
        tags,
        document,
    }))
}

/// Brings the search row of a saved execution up to date.
pub fn maintain(
    key: Key<'_>,
    workflow: Option<&str>,
    new: bool,
    tags: Option<&[u8]>,
    state: impl FnOnce() -> StateResult<Rc<Document>>,
) -> StateResult<()> {
    let Some(row) = row(key, workflow, new, tags, state)? else {
        return Ok(());
    };
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(workflow),
        Param::Int8(Some(row.declaration)),
        Param::Jsonb(tags),
        Param::Jsonb(row.document.as_deref()),
    ];
    PUT.run(Mode::Write, &params)?;
    Ok(())
}

/// The same for many executions of one tenant.
pub fn maintain_all(rows: &[Row<'_>]) -> StateResult<()> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let ids: Vec<Option<&str>> = rows.iter().map(|r| Some(r.key.id)).collect();
    let workflows: Vec<Option<&str>> = rows.iter().map(|r| r.workflow).collect();
    let declarations: Vec<Option<i64>> = rows.iter().map(|r| Some(r.declaration)).collect();
    let tags: Vec<Option<&[u8]>> = rows.iter().map(|r| r.tags).collect();
    let documents: Vec<Option<&[u8]>> = rows.iter().map(|r| r.document.as_deref()).collect();
    let params = [
        Param::Text(Some(first.key.tenant)),
        Param::Texts(&ids),
        Param::Texts(&workflows),
        Param::Int8Array(&declarations),
        Param::JsonbArray(&tags),
        Param::JsonbArray(&documents),
    ];
    PUT_ALL.run(Mode::Write, &params)?;
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
