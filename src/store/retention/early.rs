//! Results of tasks that were recorded for executions that never came: they go by their age.

use crate::core::StateResult;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::logs::write::EXECUTIONS;
use crate::store::retention::{Done, Wanted};

const ARGS: &[Type] = &[Type::Text, Type::Timestamptz, Type::Int8];

/// The executions of those that it is about.
static AWAITED: Statement = Statement::new(
    "SELECT DISTINCT o.execution_id FROM (
            SELECT w.execution_id FROM wfstate.task_results AS w
             WHERE w.tenant {=} $1 AND w.is_early AND w.recorded_at {<} $2
             ORDER BY w.recorded_at LIMIT $3) AS o",
    ARGS,
);

/// A row for each that was looked at: whether it stays, since its execution has come, and is not early any more. What
/// somebody may be about to commit an execution for is left for the next time.
static CLEAN: Statement = Statement::new(
    "WITH old AS MATERIALIZED (
  SELECT w.ctid AS place, (SELECT true FROM wfstate.executions AS e
                            WHERE e.tenant {=} $1 AND e.execution_id {=} w.execution_id) AS has_come
    FROM wfstate.task_results AS w WHERE w.tenant {=} $1 AND w.is_early AND w.recorded_at {<} $2
     AND (w.execution_id {<>} ALL ($4) OR (SELECT true FROM wfstate.executions AS e
                                            WHERE e.tenant {=} $1 AND e.execution_id {=} w.execution_id))
   ORDER BY w.recorded_at LIMIT $3 FOR UPDATE SKIP LOCKED
), came AS (
  UPDATE wfstate.task_results AS t SET is_early = false
   WHERE t.ctid {=} ANY (ARRAY(SELECT o.place FROM old AS o WHERE o.has_come))
), gone AS (
  DELETE FROM wfstate.task_results AS t
   WHERE t.ctid {=} ANY (ARRAY(SELECT o.place FROM old AS o WHERE o.has_come IS NULL))
)
SELECT coalesce(o.has_come, false) AS has_come FROM old AS o",
    &[
        Type::Text,
        Type::Timestamptz,
        Type::Int8,
        Type::TextArray,
    ],
);
static COUNT: Statement = Statement::new(
    "SELECT FROM wfstate.task_results AS w
      WHERE w.tenant {=} $1 AND w.is_early AND w.recorded_at {<} $2
        AND (SELECT true FROM wfstate.executions AS e
              WHERE e.tenant {=} $1 AND e.execution_id {=} w.execution_id) IS NULL
      LIMIT $3",
    ARGS,
);

/// A batch of them.
pub(super) fn clean(wanted: &Wanted<'_>) -> StateResult<Done> {
    let params = || {
        [
            Param::Text(Some(wanted.tenant)),
            Param::Timestamptz(wanted.before),
            Param::Int8(Some(wanted.batch)),
        ]
    };
    let (looked, removed) = as_owner(|| match wanted.dry_run {
        true => {
            let found = COUNT.run(Mode::Read, &params())?.cast_signed();
            Ok((found, found))
        }
        false => {
            let awaited = AWAITED.all(Mode::Latest, &params(), |row| {
                Ok(row.text(0).unwrap_or_default())
            })?;
            let begun = EXECUTIONS.begun(wanted.tenant, awaited.iter().map(String::as_str));
            let begun: Vec<String> = begun.into_iter().map(str::to_owned).collect();
            let [tenant, before, batch] = params();
            let params = [tenant, before, batch, Param::TextArray(Some(&begun))];
            let (mut looked, mut removed) = (0, 0);
            CLEAN.each(Mode::Latest, &params, |row| {
                looked += 1;
                removed += i64::from(row.bool(0) == Some(false));
                Ok(())
            })?;
            Ok((looked, removed))
        }
    })?;
    Ok(Done {
        removed,
        failed: 0,
        finished: looked < wanted.batch,
    })
}
