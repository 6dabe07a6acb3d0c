//! `wf_declare_search`: a declaration, and what is there already brought into the index. No table is locked: what
//! somebody else is writing stays as it is and is found nevertheless (see `index`).

use crate::core::{Code, StateError, StateResult};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::pg::{interrupts, roles};
use crate::store::Key;
use crate::store::log::executions;
use crate::store::log::rebuild;
use crate::store::search::declarations::{self, Declaration};
use crate::store::search::index;

/// Declaring the same again goes on with what was left.
static DECLARE: Statement = Statement::new(
    "INSERT INTO wfstate.search_paths AS p (tenant, workflow, paths, declaration) VALUES ($1, $2, $3, 1)
     ON CONFLICT (tenant, workflow) DO UPDATE
        SET declaration = CASE WHEN p.paths {=} excluded.paths THEN p.declaration ELSE p.declaration {+} 1 END,
            paths = excluded.paths
     RETURNING p.declaration",
    &[Type::Text, Type::Text, Type::TextArray],
);
/// Declarations of a tenant besides this one, as far as they count.
static OTHERS: Statement = Statement::new(
    "SELECT FROM wfstate.search_paths AS p WHERE p.tenant {=} $1 AND p.workflow {<>} $2 LIMIT $3",
    &[Type::Text, Type::Text, Type::Int8],
);
/// Keeps the row, so that the numbers grow on.
static WITHDRAW: Statement = Statement::new(
    "UPDATE wfstate.search_paths AS p
        SET declaration = CASE WHEN p.paths {=} '{}' THEN p.declaration ELSE p.declaration {+} 1 END, paths = '{}'
      WHERE p.tenant {=} $1 AND p.workflow {=} $2
     RETURNING p.declaration",
    &[Type::Text, Type::Text],
);
/// Two ranges of the index; in no order, as a sort would take all of them.
static STALE: Statement = Statement::new(
    "SELECT s.execution_id FROM wfstate.search AS s
      WHERE s.tenant {=} $1 AND s.workflow {=} $2 AND s.declaration {<} $3
     UNION ALL
     SELECT s.execution_id FROM wfstate.search AS s
      WHERE s.tenant {=} $1 AND s.workflow {=} $2 AND s.declaration {>} $3
      LIMIT $4",
    &[Type::Text, Type::Text, Type::Int8, Type::Int8],
);

/// Workflows of a tenant that declare, or have declared: every session of the tenant keeps them.
const MAX_DECLARATIONS: i64 = 2000;

/// Executions whose heads are locked by one statement.
const BATCH: usize = 100;

/// Declares the searchable paths of a workflow in place of the former ones, and indexes what is there, up to so many
/// executions. Returns how many it were.
pub fn declare(tenant: &str, workflow: &str, paths: &[String], max_rows: i64) -> StateResult<i64> {
    let [own, of] = [Param::Text(Some(tenant)), Param::Text(Some(workflow))];
    let number = |row: &crate::pg::spi::Row<'_>| Ok(row.int8(0).unwrap_or_default());
    // Nobody but the owner writes the table, since it costs every session that reads it.
    let number = roles::as_owner(|| {
        if paths.is_empty() {
            return WITHDRAW.one(Mode::Write, &[own, of], number);
        }
        check_count(tenant, workflow)?;
        let params = [own, of, Param::TextArray(Some(paths))];
        DECLARE.one(Mode::Write, &params, number)
    })?;
    let Some(number) = number else { return Ok(0) };
    let declaration = Declaration {
        number,
        pointers: declarations::parsed(paths),
    };
    index_stale(tenant, workflow, &declaration, max_rows)
}

fn check_count(tenant: &str, workflow: &str) -> StateResult<()> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(Some(workflow)),
        Param::Int8(Some(MAX_DECLARATIONS)),
    ];
    let others = OTHERS.run(Mode::Latest, &params)?;
    if others.cast_signed() < MAX_DECLARATIONS {
        return Ok(());
    }
    Err(StateError::new(
        Code::LimitExceeded,
        "too many workflows declare search paths",
    )
    .detail(format!(
        "At most {MAX_DECLARATIONS} workflows of a tenant may declare paths, or have declared some."
    ))
    .hint("Give executions that are searched alike one workflow, and tell them apart by tags."))
}

/// Indexes executions of the tenant that are not indexed under the current declaration of their workflow, up to so
/// many. Returns how many it were.
pub fn index_all(tenant: &str, max_rows: i64) -> StateResult<i64> {
    let mut indexed = 0;
    for (workflow, declaration) in declarations::of(tenant).iter() {
        if indexed >= max_rows {
            break;
        }
        indexed += index_stale(tenant, workflow, declaration, max_rows - indexed)?;
    }
    Ok(indexed)
}

fn index_stale(
    tenant: &str,
    workflow: &str,
    declaration: &Declaration,
    max_rows: i64,
) -> StateResult<i64> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(Some(workflow)),
        Param::Int8(Some(declaration.number)),
        Param::Int8(Some(max_rows)),
    ];
    let id = |row: &crate::pg::spi::Row<'_>| Ok(row.text(0).unwrap_or_default());
    let mut ids = STALE.all(Mode::Latest, &params, id)?;
    ids.sort_unstable();
    let mut indexed = 0;
    for ids in ids.chunks(BATCH) {
        for (id, head) in executions::lock_free(tenant, ids)? {
            interrupts::check();
            if head.workflow.as_deref() != Some(workflow) {
                continue;
            }
            let key = Key { tenant, id: &id };
            let state = || rebuild::at(Mode::Latest, key, head.version);
            index::cut_anew(key, declaration, state)?;
            indexed += 1;
        }
    }
    Ok(indexed)
}
