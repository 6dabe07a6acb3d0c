//! `wf_definitions` and `wf_definition`.

use crate::core::{StateError, StateResult, limits};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::definitions::documents::{self, Name};

static LIST: Statement = Statement::planned_each_time(
    "SELECT d.workflow, d.workflow_version, d.workflow_version {=} w.active, d.defined_by, d.defined_at, d.retired_by, d.retired_at
       FROM wfstate.definitions AS d
       LEFT JOIN wfstate.workflows AS w ON w.tenant {=} $1 AND w.workflow {=} d.workflow
      WHERE d.tenant {=} $1 AND ($2 IS NULL OR d.workflow {=} $2)
        AND ($3 IS NULL OR ROW(d.workflow, d.workflow_version) {>} ROW($3, $4))
      ORDER BY d.workflow, d.workflow_version LIMIT $5",
    &[Type::Text, Type::Text, Type::Text, Type::Int4, Type::Int8],
);

/// A version of a definition as the list shows it.
pub struct Listed {
    /// Workflow.
    pub workflow: String,
    /// Version.
    pub version: i32,
    /// Whether it is the one of new executions.
    pub active: bool,
    /// Role that defined it.
    pub defined_by: String,
    /// When.
    pub defined_at: Option<i64>,
    /// Role that retired it.
    pub retired_by: Option<String>,
    /// When.
    pub retired_at: Option<i64>,
}

impl Listed {
    /// Where the next page starts.
    pub fn cursor(&self) -> String {
        format!("{}:{}", self.version, self.workflow)
    }
}

/// A page of versions, by workflow and version; `each` gets them one by one.
pub fn list(
    tenant: &str,
    workflow: Option<&str>,
    after: Option<&str>,
    max_rows: i64,
    mut each: impl FnMut(Listed),
) -> StateResult<()> {
    let after = after.map(parsed).transpose()?;
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(workflow),
        Param::Text(after.map(|(_, workflow)| workflow)),
        Param::Int4(after.map(|(version, _)| i64::from(version))),
        Param::Int8(Some(max_rows)),
    ];
    LIST.receive(Mode::Read, &params, |row| {
        each(Listed {
            workflow: row.text(0).unwrap_or_default(),
            version: row.int4(1).unwrap_or_default(),
            active: row.bool(2).unwrap_or_default(),
            defined_by: row.text(3).unwrap_or_default(),
            defined_at: row.micros(4),
            retired_by: row.text(5),
            retired_at: row.micros(6),
        });
        Ok(())
    });
    Ok(())
}

fn parsed(cursor: &str) -> StateResult<(i32, &str)> {
    cursor
        .split_once(':')
        .and_then(|(version, workflow)| Some((version.parse().ok()?, workflow)))
        .ok_or_else(|| {
            let cursor = limits::quoted(cursor);
            StateError::invalid(format!("after {cursor} is not a cursor of this list"))
                .hint("Pass the column cursor of the last row of the page before.")
        })
}

/// The document of a version, by default the newest.
pub fn document(tenant: &str, workflow: &str, version: Option<i32>) -> StateResult<Vec<u8>> {
    let version = match version {
        Some(version) => version,
        None => documents::newest(Mode::Read, tenant, workflow, false)?,
    };
    let name = Name {
        tenant,
        workflow,
        version,
    };
    match documents::read(Mode::Read, name)? {
        Some((document, _)) => Ok(document),
        None => Err(name.missing()),
    }
}
