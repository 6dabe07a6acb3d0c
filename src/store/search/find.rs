//! `wf_find`: executions whose state contains a document. The index proposes, the real state decides.

use crate::core::jsonb::{self, Value};
use crate::core::{Code, StateError, StateResult};
use crate::pg::datum::jsonb_contains;
use crate::pg::interrupts;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::log::cache::State;
use crate::store::log::load::{self, Loaded};
use crate::store::migrations::chains;
use crate::store::search::declarations;

static DECLARED: Statement = Statement::new(
    "SELECT p.paths, p.declaration FROM wfstate.search_paths AS p WHERE p.tenant {=} $1 AND p.workflow {=} $2",
    &[Type::Text, Type::Text],
);
/// The three sources of candidates, each in order of id. jsonb's operators are not leakproof, so that below
/// row-level security they could not use an index: the first two run as the owner, with the tenant that the caller
/// was found to be allowed. They are planned for the very values, since both may be rare or most of the table. What
/// matches is collected before it is sorted: with ORDER BY and LIMIT above it, the planner would rather walk the
/// primary key and hope to meet enough of it.
static BY_DOCUMENT: Statement = Statement::planned_each_time(
    "WITH matching AS MATERIALIZED (
  SELECT s.execution_id FROM wfstate.search AS s
   WHERE s.tenant {=} $1 AND s.document IS NOT NULL AND s.workflow {=} $3 AND s.declaration {=} $4
     AND wfstate.scoped(s.tenant, s.document) {@>} wfstate.scoped($1, $2)
  UNION ALL
  SELECT s.execution_id FROM wfstate.search AS s
   WHERE s.tenant {=} $1 AND s.workflow {=} $3 AND s.declaration {<} $4
  UNION ALL
  SELECT s.execution_id FROM wfstate.search AS s
   WHERE s.tenant {=} $1 AND s.workflow {=} $3 AND s.declaration {>} $4
)
SELECT m.execution_id FROM matching AS m WHERE $5 IS NULL OR m.execution_id {>} $5
 ORDER BY m.execution_id LIMIT $6",
    &[
        Type::Text,
        Type::Jsonb,
        Type::Text,
        Type::Int8,
        Type::Text,
        Type::Int8,
    ],
);
static BY_TAGS: Statement = Statement::planned_each_time(
    "WITH matching AS MATERIALIZED (
  SELECT s.execution_id FROM wfstate.search AS s
   WHERE s.tenant {=} $1 AND s.tags IS NOT NULL AND wfstate.scoped(s.tenant, s.tags) {@>} wfstate.scoped($1, $2)
)
SELECT m.execution_id FROM matching AS m WHERE $3 IS NULL OR m.execution_id {>} $3
 ORDER BY m.execution_id LIMIT $4",
    &[Type::Text, Type::Jsonb, Type::Text, Type::Int8],
);
static ALL: Statement = Statement::planned_each_time(
    "SELECT e.execution_id FROM wfstate.executions AS e
      WHERE e.tenant {=} $1 AND ($2 IS NULL OR e.workflow {=} $2) AND ($3 IS NULL OR e.execution_id {>} $3)
      ORDER BY e.execution_id LIMIT $4",
    &[Type::Text, Type::Text, Type::Text, Type::Int8],
);

/// Candidates looked at in one go: first few, for pages that fill soon; then more, since each batch matches and sorts
/// anew; not too many, since their tags are held meanwhile.
const FIRST_BATCH: i64 = 200;
const LARGEST_BATCH: i64 = 2000;

/// What is looked for.
pub struct Query {
    /// What the state must contain, as by `@>`.
    pub containment: Vec<u8>,
    /// Only of this workflow.
    pub workflow: Option<String>,
    /// Only whose tags contain these.
    pub tags: Option<Vec<u8>>,
    /// Id of the row before the page.
    pub after: Option<String>,
    /// Rows of the page.
    pub max_rows: i64,
}

/// Which executions are looked at.
enum Source {
    /// Whose declared paths contain this much of the document, or that were indexed under another declaration
    /// than this one.
    Document(Vec<u8>, i64),
    /// Whose tags contain those wanted.
    Tags,
    /// All of the tenant or workflow.
    All,
}

/// A search that goes on when its next match is asked for.
struct Search {
    tenant: String,
    query: Query,
    source: Source,
    /// Candidates that have not been looked at yet.
    rows: std::vec::IntoIter<Loaded>,
    /// Whether there may be more of them.
    more: bool,
    /// How many are asked for next.
    batch: i64,
    /// Rows of the page still to come.
    left: i64,
}

/// A page of executions by id, with their states; at any time one of them is in memory.
pub fn find(
    tenant: String,
    query: Query,
) -> StateResult<impl Iterator<Item = StateResult<(Loaded, State)>> + 'static> {
    let source = source(&tenant, &query)?;
    Ok(Search {
        left: query.max_rows,
        tenant,
        query,
        source,
        rows: Vec::new().into_iter(),
        more: true,
        batch: FIRST_BATCH,
    })
}

impl Iterator for Search {
    type Item = StateResult<(Loaded, State)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_match().transpose()
    }
}

impl Search {
    fn next_match(&mut self) -> StateResult<Option<(Loaded, State)>> {
        while self.left > 0 {
            let Some(row) = self.rows.next() else {
                if !self.more {
                    break;
                }
                self.read_candidates()?;
                continue;
            };
            interrupts::check();
            if !self.query.is_met_by(&row) {
                continue;
            }
            let state = load::state_of(&self.tenant, &row)?;
            let contained = jsonb_contains(&state, &self.query.containment);
            if !chains::pending_of(&self.tenant, &row.head)? {
                if contained {
                    self.left -= 1;
                    return Ok(Some((row, state)));
                }
                continue;
            }
            match load::in_newest_shape(&self.tenant, row, state) {
                Ok((row, state)) if jsonb_contains(&state, &self.query.containment) => {
                    self.left -= 1;
                    return Ok(Some((row, state)));
                }
                // One that cannot be migrated is nobody's but theirs who look for what it has.
                Err(error) if contained || error.code != Code::StateValidation => {
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(None)
    }

    fn read_candidates(&mut self) -> StateResult<()> {
        let ids = candidates(&self.tenant, &self.query, &self.source, self.batch)?;
        self.more = ids.len() >= self.batch as usize;
        self.batch = LARGEST_BATCH.min(self.batch * 10);
        if let Some(last) = ids.last() {
            self.query.after = Some(last.clone());
            self.rows = load::heads(&self.tenant, &ids)?.into_iter();
        }
        Ok(())
    }
}

impl Query {
    /// As far as can be said without the state.
    fn is_met_by(&self, row: &Loaded) -> bool {
        let workflow = self.workflow.is_none() || self.workflow == row.head.workflow;
        let tags = self.tags.as_deref().is_none_or(|wanted| {
            row.tags
                .as_deref()
                .is_some_and(|tags| jsonb_contains(tags, wanted))
        });
        workflow && tags
    }
}

/// The narrowest source that surely proposes every match.
fn source(tenant: &str, query: &Query) -> StateResult<Source> {
    // The index has states as they are stored, which a load may give in another shape.
    if let Some(workflow) = query.workflow.as_deref()
        && chains::find(tenant, workflow)?.is_none()
    {
        let params = [Param::Text(Some(tenant)), Param::Text(Some(workflow))];
        let declared = DECLARED.one(Mode::Read, &params, |row| {
            let paths = row.texts(0).unwrap_or_default();
            Ok((
                declarations::parsed(&paths),
                row.int8(1).unwrap_or_default(),
            ))
        })?;
        if let Some((pointers, number)) = declared {
            let covered = jsonb::project(&query.containment, &pointers)
                .map_err(|e| StateError::bad_document("containment", e))?;
            if !is_empty(&covered) {
                return Ok(Source::Document(covered, number));
            }
        }
    }
    Ok(match query.tags {
        Some(_) => Source::Tags,
        None => Source::All,
    })
}

fn is_empty(document: &[u8]) -> bool {
    matches!(jsonb::root(document), Ok(Value::Object(object)) if object.is_empty())
}

/// The next of them, by id. No more than ids comes from below row-level security; what they stand for is read as
/// the caller.
fn candidates(
    tenant: &str,
    query: &Query,
    source: &Source,
    batch: i64,
) -> StateResult<Vec<String>> {
    let tenant = Param::Text(Some(tenant));
    let workflow = Param::Text(query.workflow.as_deref());
    let tags = Param::Jsonb(query.tags.as_deref());
    let after = Param::Text(query.after.as_deref());
    let batch = Param::Int8(Some(batch));
    let id = |row: &Row<'_>| Ok(row.text(0).unwrap_or_default());
    match source {
        Source::Document(covered, number) => {
            let (covered, number) = (Param::Jsonb(Some(covered)), Param::Int8(Some(*number)));
            let params = [tenant, covered, workflow, number, after, batch];
            as_owner(|| BY_DOCUMENT.all(Mode::Read, &params, id))
        }
        Source::Tags => as_owner(|| BY_TAGS.all(Mode::Read, &[tenant, tags, after, batch], id)),
        Source::All => ALL.all(Mode::Read, &[tenant, workflow, after, batch], id),
    }
}
