//! `wf_define` and `wf_retire`. Whoever changes the versions of a workflow locks its row of `wfstate.workflows` first.

use crate::core::{Code, StateError, StateResult, hash, search_paths};
use crate::pg::roles;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::definitions::check;
use crate::store::definitions::documents::Name;
use crate::store::search::declare;

const WORKFLOW: &[Type] = &[Type::Text, Type::Text];

/// The newest version as long as it is not retired, whether it says the same.
static SAME: Statement = Statement::new(
    "SELECT d.workflow_version FROM wfstate.definitions AS d, wfstate.workflows AS w
      WHERE w.tenant {=} $1 AND w.workflow {=} $2 AND d.tenant {=} $1 AND d.workflow {=} $2
        AND d.workflow_version {=} w.newest AND d.retired_at IS NULL AND d.definition {=} $3",
    &[Type::Text, Type::Text, Type::Jsonb],
);
/// Makes the row where it is missing, and locks it.
static LOCK: Statement = Statement::new(
    "INSERT INTO wfstate.workflows AS w (tenant, workflow, newest) VALUES ($1, $2, 0)
     ON CONFLICT (tenant, workflow) DO UPDATE SET newest = w.newest
     RETURNING w.newest",
    WORKFLOW,
);
static LOCK_EXISTING: Statement = Statement::new(
    "SELECT FROM wfstate.workflows AS w WHERE w.tenant {=} $1 AND w.workflow {=} $2 FOR NO KEY UPDATE",
    WORKFLOW,
);
/// Workflows of a tenant, as far as they count.
static COUNT: Statement = Statement::new(
    "SELECT FROM wfstate.workflows AS w WHERE w.tenant {=} $1 LIMIT $2",
    &[Type::Text, Type::Int8],
);
static INSERT: Statement = Statement::new(
    "INSERT INTO wfstate.definitions (tenant, workflow, workflow_version, definition, hash, defined_by, keep_versions,
            keep_for, keep_completed_for)
     VALUES ($1, $2, $3, $4, $5, $6,
             pg_catalog.jsonb_extract_path_text($4, 'retention', 'keep_versions')::pg_catalog.numeric::pg_catalog.int4,
             pg_catalog.jsonb_extract_path_text($4, 'retention', 'keep_for')::pg_catalog.interval,
             pg_catalog.jsonb_extract_path_text($4, 'retention', 'keep_completed_for')::pg_catalog.interval)",
    &[
        Type::Text,
        Type::Text,
        Type::Int4,
        Type::Jsonb,
        Type::Int8,
        Type::Text,
    ],
);
static SET_NEWEST: Statement = Statement::new(
    "UPDATE wfstate.workflows AS w SET newest = $3, active = $3 WHERE w.tenant {=} $1 AND w.workflow {=} $2",
    &[Type::Text, Type::Text, Type::Int4],
);
static RETIRE: Statement = Statement::new(
    "UPDATE wfstate.definitions AS d
        SET retired_at = coalesce(d.retired_at, pg_catalog.clock_timestamp()), retired_by = coalesce(d.retired_by, $4)
       FROM wfstate.definitions AS o
      WHERE d.tenant {=} $1 AND d.workflow {=} $2 AND d.workflow_version {=} $3
        AND o.tenant {=} $1 AND o.workflow {=} $2 AND o.workflow_version {=} $3
     RETURNING o.retired_at IS NULL",
    &[Type::Text, Type::Text, Type::Int4, Type::Text],
);
static SET_ACTIVE: Statement = Statement::new(
    "UPDATE wfstate.workflows AS w
        SET active = (SELECT pg_catalog.max(d.workflow_version) FROM wfstate.definitions AS d
                       WHERE d.tenant {=} $1 AND d.workflow {=} $2 AND d.retired_at IS NULL)
      WHERE w.tenant {=} $1 AND w.workflow {=} $2",
    WORKFLOW,
);

/// Workflows of a tenant that are defined: every session of the tenant keeps their names.
const MAX_WORKFLOWS: i64 = 2000;
/// Versions of a workflow's definition.
const MAX_VERSIONS: i32 = 1000;
/// Executions that a definition's search paths are applied to at once; the rest follow by and by.
const INDEXED: i64 = 10_000;

fn caller() -> String {
    let [current, ..] = roles::callers();
    roles::role_name(current)
}

/// Defines a workflow. Returns the version.
pub fn define(tenant: &str, workflow: &str, document: &[u8]) -> StateResult<i32> {
    let definition = check::compiled(document)?;
    let by = caller();
    let (version, new) = roles::as_owner(|| {
        // Most often everything is as it was, and nobody has to be told.
        match same(tenant, workflow, document)? {
            Some(version) => Ok((version, false)),
            None => append(tenant, workflow, document, &by),
        }
    })?;
    let paths = definition.search_paths();
    if new && !paths.is_empty() {
        let paths = search_paths::checked(paths.iter().map(|path| Some(path.as_str())).collect())?;
        declare::declare(tenant, workflow, &paths, INDEXED)?;
    }
    Ok(version)
}

fn same(tenant: &str, workflow: &str, document: &[u8]) -> StateResult<Option<i32>> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(Some(workflow)),
        Param::Jsonb(Some(document)),
    ];
    Ok(SAME
        .one(Mode::Latest, &params, |row| Ok(row.int4(0)))?
        .flatten())
}

fn append(tenant: &str, workflow: &str, document: &[u8], by: &str) -> StateResult<(i32, bool)> {
    let key = || [Param::Text(Some(tenant)), Param::Text(Some(workflow))];
    let newest = LOCK
        .one(Mode::Write, &key(), |row| Ok(row.int4(0)))?
        .flatten()
        .unwrap_or_default();
    // Another session may have defined it while this one waited.
    if let Some(version) = same(tenant, workflow, document)? {
        return Ok((version, false));
    }
    check_counts(tenant, newest)?;
    let version = newest + 1;
    let hash = hash::hash(document).map_err(|e| StateError::bad_document("definition", e))?;
    let [own, of] = key();
    let params = [
        own,
        of,
        Param::Int4(Some(i64::from(version))),
        Param::Jsonb(Some(document)),
        Param::Int8(Some(hash.cast_signed())),
        Param::Text(Some(by)),
    ];
    INSERT.run(Mode::Write, &params)?;
    let [own, of] = key();
    let params = [own, of, Param::Int4(Some(i64::from(version)))];
    SET_NEWEST.run(Mode::Write, &params)?;
    Ok((version, true))
}

fn check_counts(tenant: &str, newest: i32) -> StateResult<()> {
    if newest >= MAX_VERSIONS {
        return Err(
            StateError::new(Code::LimitExceeded, "workflow has too many versions")
                .detail(format!(
                    "A workflow's definition may have at most {MAX_VERSIONS} versions."
                ))
                .hint("Define it under another name."),
        );
    }
    if newest > 0 {
        return Ok(());
    }
    let params = [
        Param::Text(Some(tenant)),
        Param::Int8(Some(MAX_WORKFLOWS + 1)),
    ];
    if COUNT.run(Mode::Latest, &params)?.cast_signed() <= MAX_WORKFLOWS {
        return Ok(());
    }
    Err(
        StateError::new(Code::LimitExceeded, "too many workflows are defined")
            .detail(format!(
                "At most {MAX_WORKFLOWS} workflows of a tenant may be defined."
            ))
            .hint("Give executions that follow the same rules one workflow."),
    )
}

/// Retires a version; false when it is retired already.
pub fn retire(tenant: &str, workflow: &str, version: i32) -> StateResult<bool> {
    let by = caller();
    let name = Name {
        tenant,
        workflow,
        version,
    };
    roles::as_owner(|| {
        let key = || [Param::Text(Some(tenant)), Param::Text(Some(workflow))];
        LOCK_EXISTING.run(Mode::Write, &key())?;
        let [own, of] = key();
        let params = [
            own,
            of,
            Param::Int4(Some(i64::from(version))),
            Param::Text(Some(&by)),
        ];
        let retired = RETIRE
            .one(Mode::Write, &params, |row| Ok(row.bool(0)))?
            .flatten()
            .ok_or_else(|| name.missing())?;
        if retired {
            SET_ACTIVE.run(Mode::Write, &key())?;
        }
        Ok(retired)
    })
}
