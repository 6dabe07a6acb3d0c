//! `wf_declare_search`: a declaration, and what is there already brought into the index.

use crate::core::{StateError, StateResult, limits};
use crate::pg::spi::{Mode, Param, Statement, Type, command};
use crate::store::Key;
use crate::store::log::executions;
use crate::store::log::rebuild;
use crate::store::search::index;

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
    let pointers = index::pointers(&paths)?;
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
            let document = index::cut(&state, &pointers)?;
            let workflow = head.workflow.as_deref();
            index::put(Mode::Latest, key, workflow, None, Some(&document))?;
            indexed += 1;
        }
    }
    Ok(indexed)
}
