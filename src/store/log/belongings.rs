//! What belongs to an execution, table by table: the one list that `wf_delete` and `wf_cleanup` go by.

use crate::core::{Code, StateError, StateResult};
use crate::pg::interrupts;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::key_params;
use crate::store::logs;

/// The tables that whoever writes executions may delete from, but for the heads.
macro_rules! own {
    ($each:ident) => {
        concat!(
            $each!("versions", "wfstate.state_versions"),
            $each!("names", "wfstate.checkpoints"),
            $each!("runs", "wfstate.runs"),
            $each!("failures", "wfstate.step_failures"),
            $each!("steps", "wfstate.steps"),
            $each!("results", "wfstate.task_results"),
            $each!("waits", "wfstate.waits"),
            $each!("signals", "wfstate.signals"),
            $each!("sessions", "wfstate.sessions"),
            $each!("lists", "wfstate.todo_lists"),
            $each!("thoughts", "wfstate.thoughts"),
            $each!("search", "wfstate.search"),
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

/// Of a fork `f`: its first version is kept as what differs from its source.
macro_rules! stands {
    () => {
        "(SELECT v.base_version FROM wfstate.state_versions AS v
           WHERE v.tenant {=} $1 AND v.execution_id {=} f.execution_id AND v.version {=} 1) IS NOT NULL"
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

macro_rules! with_one {
    ($name:literal, $table:literal) => {
        concat!($name, " AS (", delete_one!($table), "), ")
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

macro_rules! with_many {
    ($name:literal, $table:literal) => {
        concat!($name, " AS (", delete_many!($table), "), ")
    };
}

static OWN: Statement = Statement::new(
    concat!(
        "WITH ",
        own!(with_one),
        "orphans AS (
  UPDATE wfstate.runs AS r SET parent_execution_id = NULL WHERE r.tenant {=} $1 AND r.parent_execution_id {=} $2
) ",
        delete_one!("wfstate.executions")
    ),
    &[Type::Text, Type::Text],
);
/// A row where a fork still stands on what is deleted.
static KEPT_APART: Statement = Statement::new(
    concat!(
        "WITH ",
        kept_apart!(delete_one),
        "SELECT FROM wfstate.executions AS f
          WHERE f.tenant {=} $1 AND f.forked_from_execution_id {=} $2 AND ",
        stands!(),
        " LIMIT 1"
    ),
    &[Type::Text, Type::Text],
);
static STOOD_ON: Statement = Statement::new(
    concat!(
        "SELECT FROM pg_catalog.unnest($2) AS u (id)
          CROSS JOIN LATERAL (
                SELECT e.execution_id FROM wfstate.executions AS e
                 WHERE e.tenant {=} $1 AND e.forked_from_execution_id {=} u.id AND e.execution_id {<>} ALL ($2)
                OFFSET 0) AS f
          WHERE ",
        stands!(),
        " LIMIT 1"
    ),
    &[Type::Text, Type::TextArray],
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
        own!(with_many),
        kept_apart!(delete_many),
        delete_many!("wfstate.executions")
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
    "DELETE FROM wfstate.task_results AS t WHERE t.ctid {=} ANY (ARRAY(
      SELECT f.ctid FROM pg_catalog.unnest($2) AS u (id)
       CROSS JOIN LATERAL (SELECT w.ctid FROM wfstate.task_results AS w
                            WHERE w.tenant {=} $1 AND w.execution_id {=} u.id OFFSET 0) AS f
       WHERE (SELECT true FROM wfstate.executions AS e
               WHERE e.tenant {=} $1 AND e.execution_id {=} u.id) IS NULL))",
    &[Type::Text, Type::TextArray],
);
static EARLY_ONE: Statement = Statement::new(
    delete_one!("wfstate.task_results"),
    &[Type::Text, Type::Text],
);
static ABSENT: Statement = Statement::new(
    "SELECT u.id FROM pg_catalog.unnest($2) AS u (id)
      WHERE (SELECT true FROM wfstate.executions AS e WHERE e.tenant {=} $1 AND e.execution_id {=} u.id) IS NULL",
    &[Type::Text, Type::TextArray],
);

macro_rules! listed {
    ($name:literal, $table:literal) => {
        concat!("('", $table, "'::pg_catalog.regclass::pg_catalog.oid), ")
    };
}

/// A row where the current role lacks a right on one of the tables, or a policy was added to one.
static BOUND: Statement = Statement::new(
    concat!(
        "SELECT FROM (VALUES ",
        own!(listed),
        "('wfstate.executions'::pg_catalog.regclass::pg_catalog.oid)) AS own (id)
          WHERE NOT pg_catalog.has_table_privilege(own.id, 'SELECT')
             OR NOT pg_catalog.has_table_privilege(own.id, 'DELETE')
             OR NOT pg_catalog.has_table_privilege('wfstate.runs'::pg_catalog.regclass::pg_catalog.oid, 'UPDATE')
             OR (SELECT pg_catalog.count(*) FROM pg_catalog.pg_policy AS p WHERE p.polrelid {=} own.id) {>} 1
          LIMIT 1"
    ),
    &[],
);

/// Whether rights or policies may keep the caller from some of an execution's rows. Only what nothing keeps from it may be
/// deleted as the owner in its name.
fn is_bound() -> StateResult<bool> {
    Ok(BOUND.run(Mode::Latest, &[])? > 0)
}

/// Deletes what was recorded for executions that are not there; one that a policy or the transaction's snapshot hides is
/// there all the same.
pub fn delete_early(tenant: &str, ids: &[String]) -> StateResult<()> {
    let params = [Param::Text(Some(tenant)), Param::TextArray(Some(ids))];
    if !is_bound()? {
        as_owner(|| EARLY.run(Mode::Latest, &params))?;
        return Ok(());
    }
    let absent = as_owner(|| ABSENT.all(Mode::Latest, &params, |row| Ok(row.text(0))))?;
    for id in &absent.into_iter().flatten().collect::<Vec<_>>() {
        EARLY_ONE.run(Mode::Latest, &key_params(Key { tenant, id }))?;
    }
    Ok(())
}

/// Deletes a locked execution that is in no queue, with all that belongs to it; what is kept apart also where the
/// caller may not read it. Refuses where a fork is left that stands on it.
pub fn delete(key: Key<'_>) -> StateResult<()> {
    match remove(key)? {
        true => Err(stood_on()),
        false => Ok(()),
    }
}

/// Whether a fork is left that stands on it.
fn remove(key: Key<'_>) -> StateResult<bool> {
    let is_stood_on = as_owner(|| KEPT_APART.run(Mode::Latest, &key_params(key)))? > 0;
    logs::forget(key)?;
    if OWN.run(Mode::Latest, &key_params(key))? == 0 {
        return Err(kept(key));
    }
    Ok(is_stood_on)
}

/// The same of several at once. Where nothing keeps the caller from their rows, as the owner, since below row-level
/// security no row is found by where it lies.
pub fn delete_several(tenant: &str, ids: &[String]) -> StateResult<()> {
    let params = [Param::Text(Some(tenant)), Param::TextArray(Some(ids))];
    if as_owner(|| STOOD_ON.run(Mode::Latest, &params))? > 0 {
        return Err(stood_on());
    }
    if !is_bound()? {
        return delete_many(tenant, ids);
    }
    for id in ids {
        interrupts::check();
        remove(Key { tenant, id })?;
    }
    Ok(())
}

/// Deletes executions that are in no queue, and that the caller has locked, with all that belongs to them, as the owner.
pub fn delete_many(tenant: &str, ids: &[String]) -> StateResult<()> {
    let params = [Param::Text(Some(tenant)), Param::TextArray(Some(ids))];
    as_owner(|| MANY.run(Mode::Latest, &params))?;
    as_owner(|| MANY_LINES.run(Mode::Latest, &params))?;
    Ok(())
}

/// To give a fork its own copy is to write its rows, which is for those who may.
fn stood_on() -> StateError {
    StateError::new(
        Code::DependentObjects,
        "a fork stands on an execution that is to be deleted",
    )
    .detail("A policy or a lacking right keeps the fork from being given a copy of its own.")
    .hint("Let a role that may change the fork delete the execution.")
}

fn kept(key: Key<'_>) -> StateError {
    StateError::new(
        Code::InsufficientPrivilege,
        format!("permission denied to delete execution \"{}\"", key.id),
    )
    .detail("A policy or a trigger of wfstate.executions keeps it.")
    .hint("Look at what was added to the table, or let a role delete it that nothing binds.")
}
