//! `wf_migrations`, `wf_migration_status` and `wf_migration_failures`.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::migrations::chains;

static STEPS: Statement = Statement::new(
    "SELECT m.from_version, m.to_version, m.patch, m.function, pg_catalog.pg_get_userbyid(m.added_by)::pg_catalog.text, m.added_at FROM wfstate.migrations AS m
      WHERE m.tenant {=} $1 AND m.workflow {=} $2 ORDER BY m.from_version",
    &[Type::Text, Type::Text],
);
static STATUS: Statement = Statement::new(
    "SELECT e.schema_version, pg_catalog.count(*), pg_catalog.count(f.execution_id)
       FROM wfstate.executions AS e
       LEFT JOIN wfstate.migration_failures AS f
         ON f.tenant {=} $1 AND f.execution_id {=} e.execution_id AND f.version {=} e.version
        AND f.failed_at {>=} e.updated_at
      WHERE e.tenant {=} $1 AND e.workflow {=} $2
      GROUP BY e.schema_version ORDER BY e.schema_version NULLS FIRST",
    &[Type::Text, Type::Text],
);
static FAILURES: Statement = Statement::new(
    "SELECT f.execution_id, f.version, f.from_version, f.sqlstate, f.message, f.failed_at
       FROM wfstate.migration_failures AS f
       JOIN wfstate.executions AS e
         ON e.tenant {=} $1 AND e.execution_id {=} f.execution_id AND e.version {=} f.version
        AND f.failed_at {>=} e.updated_at
      WHERE f.tenant {=} $1 AND f.workflow {=} $2 AND f.execution_id {>} coalesce($3, '')
      ORDER BY f.execution_id LIMIT $4",
    &[Type::Text, Type::Text, Type::Text, Type::Int8],
);

/// A step.
pub struct Listed {
    /// Version of the shape that it takes.
    pub from: Option<i32>,
    /// Version that it gives.
    pub to: Option<i32>,
    /// What it applies.
    pub patch: Option<Vec<u8>>,
    /// What it calls instead.
    pub function: Option<String>,
    /// Role that added it.
    pub added_by: Option<String>,
    /// When.
    pub added_at: Option<i64>,
}

/// The steps of a workflow.
pub fn steps(tenant: &str, workflow: &str) -> StateResult<Vec<Listed>> {
    let params = [Param::Text(Some(tenant)), Param::Text(Some(workflow))];
    STEPS.all(Mode::Read, &params, |row| {
        Ok(Listed {
            from: row.int4(0),
            to: row.int4(1),
            patch: row.jsonb(2),
            function: row.text(3),
            added_by: row.text(4),
            added_at: row.micros(5),
        })
    })
}

/// How many executions are stored in a version of the shape.
pub struct Stored {
    /// Which.
    pub schema_version: Option<i32>,
    /// How many.
    pub executions: Option<i64>,
    /// Whether they are still to be migrated.
    pub pending: bool,
    /// How many have failed to be.
    pub failed: Option<i64>,
}

/// How the executions of a workflow are stored.
pub fn status(tenant: &str, workflow: &str) -> StateResult<Vec<Stored>> {
    let params = [Param::Text(Some(tenant)), Param::Text(Some(workflow))];
    STATUS.all(Mode::Read, &params, |row| {
        let schema_version = row.int4(0);
        Ok(Stored {
            schema_version,
            executions: row.int8(1),
            pending: chains::pending(tenant, Some(workflow), schema_version)?.is_some(),
            failed: row.int8(2),
        })
    })
}

/// An execution that could not be migrated.
pub struct Failure {
    /// Which.
    pub execution_id: String,
    /// Its head.
    pub version: Option<i64>,
    /// Version of the shape of its state.
    pub from_version: Option<i32>,
    /// Of the error.
    pub sqlstate: Option<String>,
    /// Of the error.
    pub message: Option<String>,
    /// When.
    pub failed_at: Option<i64>,
}

/// A page of those that could not be migrated, by id.
pub fn failures(
    tenant: &str,
    workflow: &str,
    after: Option<&str>,
    max_rows: i64,
) -> StateResult<Vec<Failure>> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(Some(workflow)),
        Param::Text(after),
        Param::Int8(Some(max_rows)),
    ];
    FAILURES.all(Mode::Read, &params, |row| {
        Ok(Failure {
            execution_id: row.text(0).unwrap_or_default(),
            version: row.int8(1),
            from_version: row.int4(2),
            sqlstate: row.text(3),
            message: row.text(4),
            failed_at: row.micros(5),
        })
    })
}
