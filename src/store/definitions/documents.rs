//! `wfstate.definitions`: the documents.

use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::spi::{Mode, Param, Statement, Type};

const VERSION: &[Type] = &[Type::Text, Type::Text, Type::Int8];

static READ: Statement = Statement::new(
    "SELECT d.definition, d.hash FROM wfstate.definitions AS d
      WHERE d.tenant {=} wfstate.current_tenant() AND d.workflow {=} $2 AND d.workflow_version {=} $3",
    VERSION,
);
static HASH: Statement = Statement::new(
    "SELECT d.hash FROM wfstate.definitions AS d
      WHERE d.tenant {=} wfstate.current_tenant() AND d.workflow {=} $2 AND d.workflow_version {=} $3",
    VERSION,
);
/// With the version that is not retired, where there is one, before the others.
static NEWEST: Statement = Statement::new(
    "SELECT d.workflow_version FROM wfstate.definitions AS d WHERE d.tenant {=} wfstate.current_tenant() AND d.workflow {=} $2
      ORDER BY $3 AND d.retired_at IS NOT NULL, d.workflow_version DESC LIMIT 1",
    &[Type::Text, Type::Text, Type::Bool],
);
static RETIRED: Statement = Statement::new(
    "SELECT d.retired_at IS NOT NULL FROM wfstate.definitions AS d
      WHERE d.tenant {=} wfstate.current_tenant() AND d.workflow {=} $2 AND d.workflow_version {=} $3",
    VERSION,
);

/// A version of a workflow's definition.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    /// Whose.
    pub tenant: &'a str,
    /// Workflow.
    pub workflow: &'a str,
    /// Version.
    pub version: i32,
}

impl Name<'_> {
    fn params(&self) -> [Param<'_>; 3] {
        [
            Param::Text(Some(self.tenant)),
            Param::Text(Some(self.workflow)),
            Param::Int8(Some(i64::from(self.version))),
        ]
    }

    /// That it is not there.
    pub fn missing(&self) -> StateError {
        StateError::new(
            Code::NotFound,
            format!(
                "workflow {} has no version {} of its definition",
                limits::quoted(self.workflow),
                self.version
            ),
        )
        .detail(format!("The tenant is \"{}\".", self.tenant))
        .hint("wf_definitions lists the versions that there are.")
    }
}

/// The document and its hash.
pub fn read(mode: Mode, name: Name<'_>) -> StateResult<Option<(Vec<u8>, i64)>> {
    let read = |row: &crate::pg::spi::Row<'_>| Ok(row.jsonb(0).zip(row.int8(1)));
    Ok(READ.one(mode, &name.params(), read)?.flatten())
}

/// The hash alone.
pub fn hash(mode: Mode, name: Name<'_>) -> StateResult<Option<i64>> {
    Ok(HASH
        .one(mode, &name.params(), |row| Ok(row.int8(0)))?
        .flatten())
}

/// Whether the version is retired; `None` where it is not there.
pub fn retired(mode: Mode, name: Name<'_>) -> StateResult<Option<bool>> {
    Ok(RETIRED
        .one(mode, &name.params(), |row| Ok(row.bool(0)))?
        .flatten())
}

/// The newest version, or the newest that is not retired where there is one. Refuses where there is none at all.
pub fn newest(mode: Mode, tenant: &str, workflow: &str, prefer_active: bool) -> StateResult<i32> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(Some(workflow)),
        Param::Bool(Some(prefer_active)),
    ];
    NEWEST
        .one(mode, &params, |row| Ok(row.int4(0)))?
        .flatten()
        .ok_or_else(|| undefined(tenant, workflow))
}

/// That a workflow has no definition.
pub fn undefined(tenant: &str, workflow: &str) -> StateError {
    StateError::new(
        Code::NotFound,
        format!("workflow {} has no definition", limits::quoted(workflow)),
    )
    .detail(format!("The tenant is \"{tenant}\"."))
    .hint("wf_define makes one; wf_definitions lists those that there are.")
}
