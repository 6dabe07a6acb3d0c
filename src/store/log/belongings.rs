//! What belongs to an execution, table by table: the one list that `wf_delete` and `wf_cleanup` go by.

use crate::core::StateResult;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::key_params;
use crate::store::logs;

/// The tables that whoever writes executions may delete from, the heads last.
macro_rules! own {
    ($delete:ident) => {
        concat!(
            "versions AS (",
            $delete!("wfstate.state_versions"),
            "), names AS (",
            $delete!("wfstate.checkpoints"),
            "), runs AS (",
            $delete!("wfstate.runs"),
            "), failures AS (",
            $delete!("wfstate.step_failures"),
            "), steps AS (",
            $delete!("wfstate.steps"),
            "), results AS (",
            $delete!("wfstate.task_results"),
            "), waits AS (",
            $delete!("wfstate.waits"),
            "), signals AS (",
            $delete!("wfstate.signals"),
            "), sessions AS (",
            $delete!("wfstate.sessions"),
            "), lists AS (",
            $delete!("wfstate.todo_lists"),
            "), thoughts AS (",
            $delete!("wfstate.thoughts"),
            "), search AS (",
            $delete!("wfstate.search"),
            ") ",
            $delete!("wfstate.executions")
        )
    };
}

/// The tables that only functions write, or that not every writer may read.
macro_rules! kept_apart {
    ($delete:ident) => {
        concat!(
            "broken AS (",
            $delete!("wfstate.quarantine"),
            "), unmigrated AS (",
            $delete!("wfstate.migration_failures"),
            "), recovered AS (",
            $delete!("wfstate.recoveries"),
            ") "
        )
    };
}

macro_rules! delete_one {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " AS t WHERE t.tenant {=} $1 AND t.execution_id {=} $2"
        )
    };
}

/// Each is looked up by its key (OFFSET 0), and then by where it lies: of a tenant that the statistics hardly know, the
/// planner would read all of it.
macro_rules! delete_many {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " AS t WHERE t.ctid {=} ANY (ARRAY(
      SELECT f.ctid FROM pg_catalog.unnest($2) AS u (id)
       CROSS JOIN LATERAL (SELECT w.ctid FROM ",
            $table,
            " AS w WHERE w.tenant {=} $1 AND w.execution_id {=} u.id OFFSET 0) AS f))"
        )
    };
}

static OWN: Statement = Statement::new(
    concat!(
        "WITH orphans AS (
  UPDATE wfstate.runs AS r SET parent_execution_id = NULL WHERE r.tenant {=} $1 AND r.parent_execution_id {=} $2
), ",
        own!(delete_one)
    ),
    &[Type::Text, Type::Text],
);
static KEPT_APART: Statement = Statement::new(
    concat!("WITH ", kept_apart!(delete_one), "SELECT"),
    &[Type::Text, Type::Text],
);
/// Children that stay have no parent then.
static MANY: Statement = Statement::new(
    concat!(
        "WITH orphans AS (
  UPDATE wfstate.runs AS r SET parent_execution_id = NULL
   WHERE r.ctid {=} ANY (ARRAY(
         SELECT f.ctid FROM pg_catalog.unnest($2) AS u (id)
          CROSS JOIN LATERAL (SELECT w.ctid FROM wfstate.runs AS w
                               WHERE w.tenant {=} $1 AND w.parent_execution_id {=} u.id
                                 AND w.execution_id {<>} ALL ($2) OFFSET 0) AS f))
), ",
        kept_apart!(delete_many),
        ", ",
        own!(delete_many)
    ),
    &[Type::Text, Type::TextArray],
);

/// Of a partitioned table, the place of a row is told by its partition, too.
macro_rules! delete_many_lines {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " AS t USING (
  SELECT f.part, f.place FROM pg_catalog.unnest($2) AS u (id)
   CROSS JOIN LATERAL (SELECT w.tableoid AS part, w.ctid AS place FROM ",
            $table,
            " AS w WHERE w.tenant {=} $1 AND w.execution_id {=} u.id OFFSET 0) AS f) AS o
 WHERE t.tableoid {=} o.part AND t.ctid {=} o.place"
        )
    };
}

static MANY_LINES: Statement = Statement::new(
    concat!(
        "WITH lines AS (",
        delete_many_lines!("wfstate.logs"),
        ") ",
        delete_many_lines!("wfstate.metrics")
    ),
    &[Type::Text, Type::TextArray],
);

static EARLY: Statement = Statement::new(
    delete_many!("wfstate.task_results"),
    &[Type::Text, Type::TextArray],
);

/// Deletes what was recorded for executions that are not there.
pub fn delete_early(tenant: &str, ids: &[String]) -> StateResult<()> {
    let params = [Param::Text(Some(tenant)), Param::TextArray(Some(ids))];
    as_owner(|| EARLY.run(Mode::Latest, &params))?;
    Ok(())
}

/// Deletes a locked execution that is in no queue, with all that belongs to it; what is kept apart also where the
/// caller may not read it.
pub fn delete(key: Key<'_>) -> StateResult<()> {
    as_owner(|| KEPT_APART.run(Mode::Latest, &key_params(key)))?;
    logs::forget(key)?;
    OWN.run(Mode::Latest, &key_params(key))?;
    Ok(())
}

/// Deletes executions that are in no queue, and that the caller has locked, with all that belongs to them. As the
/// owner, since below row-level security no row is found by where it lies.
pub fn delete_many(tenant: &str, ids: &[String]) -> StateResult<()> {
    let params = [Param::Text(Some(tenant)), Param::TextArray(Some(ids))];
    as_owner(|| MANY.run(Mode::Latest, &params))?;
    as_owner(|| MANY_LINES.run(Mode::Latest, &params))?;
    Ok(())
}
