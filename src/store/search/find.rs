//! `wf_find`: executions whose state contains a document. The index proposes, the real state decides.

use crate::core::jsonb::{self, Pointer, Value};
use crate::core::{StateError, StateResult, limits};
use crate::pg::datum::jsonb_contains;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::log::cache::State;
use crate::store::log::load::{self, Loaded};

static DECLARED: Statement = Statement::new(
    "SELECT p.paths FROM wfstate.search_paths AS p WHERE p.tenant {=} $1 AND p.workflow {=} $2",
    &[Type::Text, Type::Text],
);
/// The three sources of candidates, each in order of id.
static BY_DOCUMENT: Statement = Statement::new(
    "SELECT c FROM wfstate.candidates_by_document($1, $2, $3, $4) AS c",
    &[Type::Text, Type::Jsonb, Type::Text, Type::Int8],
);
static BY_TAGS: Statement = Statement::new(
    "SELECT c FROM wfstate.candidates_by_tags($1, $2, $3) AS c",
    &[Type::Jsonb, Type::Text, Type::Int8],
);
static ALL: Statement = Statement::planned_each_time(
    "SELECT e.execution_id FROM wfstate.executions AS e
      WHERE e.tenant {=} $1 AND ($2 IS NULL OR e.workflow {=} $2) AND ($3 IS NULL OR e.execution_id {>} $3)
      ORDER BY e.execution_id LIMIT $4",
    &[Type::Text, Type::Text, Type::Text, Type::Int8],
);

/// Candidates looked at in one go.
const BATCH: i64 = 200;

/// What is looked for.
pub struct Query<'a> {
    /// What the state must contain, as by `@>`.
    pub containment: &'a [u8],
    /// Only of this workflow.
    pub workflow: Option<&'a str>,
    /// Only whose tags contain these.
    pub tags: Option<&'a [u8]>,
    /// Id of the row before the page.
    pub after: Option<&'a str>,
    /// Rows of the page.
    pub max_rows: Option<i32>,
}

enum Source<'a> {
    Document(&'a str, Vec<u8>),
    Tags(&'a [u8]),
    All,
}

/// A page of executions by id, with their states.
pub fn find(tenant: &str, query: &Query<'_>) -> StateResult<Vec<(Loaded, State)>> {
    let max_rows = usize::try_from(limits::max_rows(query.max_rows)?).unwrap_or(usize::MAX);
    limits::optional_name("workflow", query.workflow)?;
    limits::object("tags", query.tags)?;
    let source = source(tenant, query)?;
    let mut found = Vec::new();
    let mut after = query.after.map(str::to_owned);
    loop {
        let ids = candidates(tenant, query, &source, after.as_deref())?;
        let Some(last) = ids.last() else {
            return Ok(found);
        };
        after = Some(last.clone());
        let exhausted = ids.len() < BATCH as usize;
        for (row, state) in load::many(tenant, &ids)? {
            if matches(query, &row, &state) {
                found.push((row, state));
                if found.len() == max_rows {
                    return Ok(found);
                }
            }
        }
        if exhausted {
            return Ok(found);
        }
    }
}

fn matches(query: &Query<'_>, row: &Loaded, state: &[u8]) -> bool {
    let workflow = query.workflow.is_none() || query.workflow == row.head.workflow.as_deref();
    let tags = query.tags.is_none_or(|wanted| {
        row.tags
            .as_deref()
            .is_some_and(|tags| jsonb_contains(tags, wanted))
    });
    workflow && tags && jsonb_contains(state, query.containment)
}

/// The narrowest source that surely proposes every match.
fn source<'a>(tenant: &str, query: &Query<'a>) -> StateResult<Source<'a>> {
    if let Some(workflow) = query.workflow {
        let params = [Param::Text(Some(tenant)), Param::Text(Some(workflow))];
        let paths = DECLARED.one(Mode::Read, &params, |row| Ok(row.texts(0)))?;
        let paths = paths.flatten().unwrap_or_default();
        let pointers: Vec<Pointer<'_>> = paths
            .iter()
            .filter_map(|path| Pointer::parse(path.as_bytes()).ok())
            .collect();
        let covered = jsonb::project(query.containment, &pointers)
            .map_err(|e| StateError::bad_document("containment", e))?;
        if !is_empty(&covered) {
            return Ok(Source::Document(workflow, covered));
        }
    }
    Ok(query.tags.map_or(Source::All, Source::Tags))
}

fn is_empty(document: &[u8]) -> bool {
    matches!(jsonb::root(document), Ok(Value::Object(object)) if object.is_empty())
}

fn candidates(
    tenant: &str,
    query: &Query<'_>,
    source: &Source<'_>,
    after: Option<&str>,
) -> StateResult<Vec<String>> {
    let (after, batch) = (Param::Text(after), Param::Int8(Some(BATCH)));
    let id = |row: &crate::pg::spi::Row<'_>| Ok(row.text(0).unwrap_or_default());
    match source {
        Source::Document(workflow, covered) => {
            let params = [
                Param::Text(Some(workflow)),
                Param::Jsonb(Some(covered)),
                after,
                batch,
            ];
            BY_DOCUMENT.all(Mode::Read, &params, id)
        }
        Source::Tags(tags) => {
            BY_TAGS.all(Mode::Read, &[Param::Jsonb(Some(tags)), after, batch], id)
        }
        Source::All => {
            let params = [
                Param::Text(Some(tenant)),
                Param::Text(query.workflow),
                after,
                batch,
            ];
            ALL.all(Mode::Read, &params, id)
        }
    }
}
