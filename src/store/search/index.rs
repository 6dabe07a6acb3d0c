//! `wfstate.search` and `wfstate.search_paths`: what can be looked up by index.

use crate::core::jsonb::{self, Pointer};
use crate::core::{StateError, StateResult, limits};
use crate::pg::invalidation::{Cached, generation};
use crate::pg::scan;
use crate::pg::spi::{Mode, Param, Statement, Type, command};
use crate::store::Key;
use crate::store::log::cache::State;
use crate::store::log::executions::{self, Head, key_params};
use crate::store::log::rebuild;
use crate::store::log::save::Request;
use std::cell::RefCell;
use std::rc::Rc;

static DECLARE: Statement = Statement::new(
    "INSERT INTO wfstate.search_paths AS p (tenant, workflow, paths) VALUES ($1, $2, $3)
     ON CONFLICT (tenant, workflow) DO UPDATE SET paths = excluded.paths",
    &[Type::Text, Type::Text, Type::TextArray],
);
static WITHDRAW: Statement = Statement::new(
    "DELETE FROM wfstate.search_paths AS p WHERE p.tenant {=} $1 AND p.workflow {=} $2",
    &[Type::Text, Type::Text],
);
static CLEAR: Statement = Statement::new(
    "UPDATE wfstate.search AS s SET document = NULL
       FROM wfstate.executions AS e
      WHERE s.tenant {=} $1 AND e.tenant {=} $1 AND e.execution_id {=} s.execution_id
        AND e.workflow {=} $2 AND s.document IS NOT NULL",
    &[Type::Text, Type::Text],
);
static OF_WORKFLOW: Statement = Statement::new(
    "SELECT e.execution_id FROM wfstate.executions AS e WHERE e.tenant {=} $1 AND e.workflow {=} $2
      ORDER BY e.execution_id",
    &[Type::Text, Type::Text],
);
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
    let rows = scan::rows(Cached::SearchPaths, |row| {
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

/// Brings the search row of a saved execution up to date.
///
/// Called after the head was written: its table is locked by then, so a declaration, which locks it against
/// writers, is either committed and seen here, or waits until this transaction ends.
pub fn maintain(
    request: &Request<'_>,
    head: &Head,
    state: impl Fn() -> StateResult<State>,
) -> StateResult<()> {
    let declared = declarations(request.key.tenant)?;
    if declared.is_empty() && request.tags.is_none() {
        return Ok(());
    }
    let mut own = declared
        .iter()
        .filter(|(workflow, _)| Some(workflow) == head.workflow.as_ref());
    let document = match own.next() {
        Some((_, pointers)) => Some(cut(&state()?, pointers)?),
        None => None,
    };
    let moved = request.labels.workflow.is_some() && head.version > 1;
    if document.is_none() && request.tags.is_none() && !moved {
        return Ok(());
    }
    put(
        Mode::Write,
        request.key,
        head,
        request.tags,
        document.as_deref(),
    )
}

fn put(
    mode: Mode,
    key: Key<'_>,
    head: &Head,
    tags: Option<&[u8]>,
    document: Option<&[u8]>,
) -> StateResult<()> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(head.workflow.as_deref()),
        Param::Jsonb(tags),
        Param::Jsonb(document),
    ];
    PUT.run(mode, &params)?;
    Ok(())
}

fn cut(state: &[u8], pointers: &[Pointer<'_>]) -> StateResult<Vec<u8>> {
    jsonb::project(state, pointers).map_err(|e| StateError::bad_document("state", e))
}

fn pointers(paths: &[String]) -> StateResult<Vec<Pointer<'static>>> {
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

/// Declares the searchable paths of a workflow in place of the former ones and indexes what is there.
/// Returns the number of executions indexed. Writers wait until the transaction ends.
pub fn declare(
    tenant: &str,
    workflow: Option<&str>,
    paths: Option<Vec<Option<String>>>,
) -> StateResult<i64> {
    let workflow = limits::name("workflow", workflow)?;
    let paths = limits::required("paths", paths)?;
    let paths: Vec<String> = paths
        .into_iter()
        .map(|path| limits::required("a path", path))
        .collect::<StateResult<_>>()?;
    if paths.len() > limits::MAX_PATHS {
        return Err(
            StateError::new(crate::core::Code::LimitExceeded, "too many paths")
                .detail(format!("At most {} are allowed.", limits::MAX_PATHS)),
        );
    }
    for path in &paths {
        limits::name("a path", Some(path))?;
    }
    let pointers = pointers(&paths)?;
    command("LOCK TABLE wfstate.executions IN SHARE ROW EXCLUSIVE MODE")?;
    let (tenant_param, workflow_param) = (Param::Text(Some(tenant)), Param::Text(Some(workflow)));
    if paths.is_empty() {
        WITHDRAW.run(Mode::Latest, &[tenant_param, workflow_param])?;
        CLEAR.run(
            Mode::Latest,
            &[Param::Text(Some(tenant)), Param::Text(Some(workflow))],
        )?;
        return Ok(0);
    }
    let declaration = [tenant_param, workflow_param, Param::TextArray(Some(&paths))];
    DECLARE.run(Mode::Latest, &declaration)?;
    let ids = OF_WORKFLOW.all(
        Mode::Latest,
        &[Param::Text(Some(tenant)), Param::Text(Some(workflow))],
        |row| Ok(row.text(0).unwrap_or_default()),
    )?;
    let mut indexed = 0;
    for id in &ids {
        let key = Key { tenant, id };
        if let Some(head) = executions::read_latest(key)? {
            let state = rebuild::at(Mode::Latest, key, head.version)?;
            put(
                Mode::Latest,
                key,
                &head,
                None,
                Some(&cut(&state, &pointers)?),
            )?;
            indexed += 1;
        }
    }
    Ok(indexed)
}

/// Writes the search row of an execution that was imported.
pub fn index(key: Key<'_>, tags: Option<&[u8]>) -> StateResult<()> {
    let head = executions::lock_existing(key, executions::Lock::Save)?;
    let request = Request {
        key,
        expected: None,
        labels: Default::default(),
        tags,
    };
    maintain(&request, &head, || rebuild::head(Mode::Write, key, &head))
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
