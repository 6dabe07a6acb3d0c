//! `wfstate.migration_runs`: how far batches have come. Everything here runs as the owner.

use crate::core::{StateError, StateResult, limits};
use crate::pg::spi::{Mode, Param, Statement, Type};

/// Where a batch begins: behind an execution, by when it was created and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// In the server's microseconds.
    pub created_at: i64,
    /// Its id.
    pub id: String,
}

impl Place {
    /// As a cursor.
    pub fn cursor(&self) -> String {
        format!("{}:{}", self.created_at, self.id)
    }

    /// From a cursor.
    pub fn parse(cursor: &str) -> StateResult<Self> {
        let parsed = cursor.split_once(':').and_then(|(created_at, id)| {
            Some(Place {
                created_at: created_at.parse().ok()?,
                id: id.to_owned(),
            })
        });
        parsed.ok_or_else(|| {
            let cursor = limits::quoted(cursor);
            StateError::invalid(format!(
                "resume_after {cursor} is not a cursor of this function"
            ))
            .hint("Pass the column cursor of the call before.")
        })
    }
}

/// Makes the row where it is missing, and locks it.
static LOCK: Statement = Statement::new(
    "INSERT INTO wfstate.migration_runs AS r (tenant, workflow) VALUES ($1, $2)
     ON CONFLICT (tenant, workflow) DO UPDATE SET workflow = r.workflow
     RETURNING r.after_created_at, r.after_id",
    &[Type::Text, Type::Text],
);
static ANEW: Statement = Statement::new(
    "INSERT INTO wfstate.migration_runs AS r (tenant, workflow) VALUES ($1, $2)
     ON CONFLICT (tenant, workflow) DO UPDATE
        SET after_created_at = NULL, after_id = NULL, migrated = 0, failed = 0,
            started_at = pg_catalog.clock_timestamp(), updated_at = pg_catalog.clock_timestamp()",
    &[Type::Text, Type::Text],
);
static SET: Statement = Statement::new(
    "UPDATE wfstate.migration_runs AS r
        SET after_created_at = $3, after_id = $4, migrated = r.migrated {+} $5, failed = r.failed {+} $6,
            updated_at = pg_catalog.clock_timestamp()
      WHERE r.tenant {=} $1 AND r.workflow {=} $2",
    &[
        Type::Text,
        Type::Text,
        Type::Timestamptz,
        Type::Text,
        Type::Int8,
        Type::Int8,
    ],
);

fn key<'a>(tenant: &'a str, workflow: &'a str) -> [Param<'a>; 2] {
    [Param::Text(Some(tenant)), Param::Text(Some(workflow))]
}

/// Locks the run of a workflow. Returns where it goes on; `None` at the beginning.
pub fn lock(tenant: &str, workflow: &str) -> StateResult<Option<Place>> {
    let place = LOCK.one(Mode::Write, &key(tenant, workflow), |row| {
        Ok(row
            .micros(0)
            .zip(row.text(1))
            .map(|(created_at, id)| Place { created_at, id }))
    })?;
    Ok(place.flatten())
}

/// Locks the run of a workflow, and has it begin anew.
pub fn begin_anew(tenant: &str, workflow: &str) -> StateResult<()> {
    ANEW.run(Mode::Write, &key(tenant, workflow))?;
    Ok(())
}

/// Says how far it has come.
pub fn set(
    tenant: &str,
    workflow: &str,
    place: Option<&Place>,
    migrated: i64,
    failed: i64,
) -> StateResult<()> {
    let [tenant, workflow] = key(tenant, workflow);
    let params = [
        tenant,
        workflow,
        Param::Timestamptz(place.map(|place| place.created_at)),
        Param::Text(place.map(|place| place.id.as_str())),
        Param::Int8(Some(migrated)),
        Param::Int8(Some(failed)),
    ];
    SET.run(Mode::Write, &params)?;
    Ok(())
}
