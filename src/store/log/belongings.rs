//! What belongs to an execution, table by table: the one list that `wf_delete` and `wf_cleanup` go by.

use crate::core::StateResult;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::key_params;

/// The rows that whoever writes executions may delete, the heads among them; children of what goes have no parent then.
macro_rules! own {
    ($is:literal, $is_not:literal) => {
        concat!(
            "WITH orphans AS (
  UPDATE wfstate.runs AS r SET parent_execution_id = NULL
   WHERE r.tenant {=} $1 AND r.parent_execution_id ",
            $is,
            " AND r.execution_id ",
            $is_not,
            "
), versions AS (
  DELETE FROM wfstate.state_versions AS v WHERE v.tenant {=} $1 AND v.execution_id ",
            $is,
            "
), names AS (
  DELETE FROM wfstate.checkpoints AS c WHERE c.tenant {=} $1 AND c.execution_id ",
            $is,
            "
), runs AS (
  DELETE FROM wfstate.runs AS r WHERE r.tenant {=} $1 AND r.execution_id ",
            $is,
            "
), failures AS (
  DELETE FROM wfstate.step_failures AS f WHERE f.tenant {=} $1 AND f.execution_id ",
            $is,
            "
), steps AS (
  DELETE FROM wfstate.steps AS s WHERE s.tenant {=} $1 AND s.execution_id ",
            $is,
            "
), waits AS (
  DELETE FROM wfstate.waits AS w WHERE w.tenant {=} $1 AND w.execution_id ",
            $is,
            "
), signals AS (
  DELETE FROM wfstate.signals AS s WHERE s.tenant {=} $1 AND s.execution_id ",
            $is,
            "
), search AS (
  DELETE FROM wfstate.search AS s WHERE s.tenant {=} $1 AND s.execution_id ",
            $is,
            "
)
DELETE FROM wfstate.executions AS e WHERE e.tenant {=} $1 AND e.execution_id ",
            $is
        )
    };
}

/// The rows that only functions write, or that not every writer may read.
macro_rules! kept_apart {
    ($is:literal) => {
        concat!(
            "WITH broken AS (
  DELETE FROM wfstate.quarantine AS q WHERE q.tenant {=} $1 AND q.execution_id ",
            $is,
            "
), failures AS (
  DELETE FROM wfstate.migration_failures AS f WHERE f.tenant {=} $1 AND f.execution_id ",
            $is,
            "
)
DELETE FROM wfstate.recoveries AS r WHERE r.tenant {=} $1 AND r.execution_id ",
            $is
        )
    };
}

const ONE: &[Type] = &[Type::Text, Type::Text];
const MANY: &[Type] = &[Type::Text, Type::TextArray];
static OWN: Statement = Statement::new(own!("{=} $2", "{<>} $2"), ONE);
static KEPT_APART: Statement = Statement::new(kept_apart!("{=} $2"), ONE);
/// Planned for the tables as they are: a plan that was made while they were empty would read them whole.
static OWN_OF_MANY: Statement =
    Statement::planned_each_time(own!("{=} ANY ($2)", "{<>} ALL ($2)"), MANY);
static KEPT_APART_OF_MANY: Statement =
    Statement::planned_each_time(kept_apart!("{=} ANY ($2)"), MANY);

/// Deletes a locked execution that is in no queue, with all that belongs to it.
pub fn delete(key: Key<'_>) -> StateResult<()> {
    as_owner(|| KEPT_APART.run(Mode::Latest, &key_params(key)))?;
    OWN.run(Mode::Latest, &key_params(key))?;
    Ok(())
}

/// Deletes locked executions that are in no queue, with all that belongs to them; returns how many.
pub fn delete_many(tenant: &str, ids: &[String]) -> StateResult<u64> {
    let params = || [Param::Text(Some(tenant)), Param::TextArray(Some(ids))];
    as_owner(|| KEPT_APART_OF_MANY.run(Mode::Latest, &params()))?;
    OWN_OF_MANY.run(Mode::Latest, &params())
}
