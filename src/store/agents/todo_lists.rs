//! `wfstate.todo_lists`: plans with versions.

use crate::core::agents::todo;
use crate::core::{StateError, StateResult};
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::{self, Lock};

/// A list as it is to be saved.
pub struct List<'a> {
    /// Execution that it belongs to; NULL keeps the former.
    pub execution_id: Option<&'a str>,
    /// Plan; NULL keeps the former.
    pub plan: Option<&'a [u8]>,
    /// Status; NULL keeps the former.
    pub status: Option<&'a str>,
}

const SAVED: &[Type] = &[Type::Text, Type::Text, Type::Text, Type::Text, Type::Jsonb];

macro_rules! insert {
    ($conflict:literal) => {
        Statement::new(
            concat!(
                "INSERT INTO wfstate.todo_lists AS l (tenant, list_id, version, execution_id, status, plan)
                 VALUES ($1, $2, 1, $3, coalesce($4, 'active'), $5) ON CONFLICT (tenant, list_id) DO ",
                $conflict,
                " RETURNING l.version"
            ),
            SAVED,
        )
    };
}
static CREATE: Statement = insert!("NOTHING");
static PUT: Statement = insert!(
    "UPDATE SET version = l.version {+} 1, updated_at = excluded.updated_at, plan = excluded.plan,
        execution_id = coalesce(excluded.execution_id, l.execution_id), status = coalesce($4, l.status)"
);
/// Of a list that is there, or must be.
static SAVE: Statement = Statement::new(
    "UPDATE wfstate.todo_lists AS l
        SET version = l.version {+} 1, updated_at = pg_catalog.clock_timestamp(), plan = coalesce($5, l.plan),
            execution_id = coalesce($3, l.execution_id), status = coalesce($4, l.status)
      WHERE l.tenant {=} $1 AND l.list_id {=} $2 AND ($6 IS NULL OR l.version {=} $6) RETURNING l.version",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Jsonb,
        Type::Int8,
    ],
);
static VERSION: Statement = Statement::new(
    "SELECT l.version FROM wfstate.todo_lists AS l WHERE l.tenant {=} $1 AND l.list_id {=} $2",
    &[Type::Text, Type::Text],
);

fn version(row: &Row<'_>) -> StateResult<i64> {
    Ok(row.int8(0).unwrap_or_default())
}

/// The version that a list is at; `None` where there is none.
fn current(tenant: &str, list_id: &str) -> StateResult<Option<i64>> {
    let params = [Param::Text(Some(tenant)), Param::Text(Some(list_id))];
    VERSION.one(Mode::Latest, &params, version)
}

/// Why a list was not there, or not at the version that is expected of it.
fn refused(tenant: &str, list_id: &str, expected: Option<i64>) -> StateResult<StateError> {
    Ok(match (current(tenant, list_id)?, expected) {
        (Some(version), Some(expected)) => todo::modified(list_id, expected, version),
        (_, Some(_)) => todo::list_not_found(list_id, tenant),
        (_, None) => todo::no_plan(list_id),
    })
}

static EXECUTION: Statement = Statement::new(
    "SELECT l.execution_id FROM wfstate.todo_lists AS l WHERE l.tenant {=} $1 AND l.list_id {=} $2",
    &[Type::Text, Type::Text],
);

/// Keeps the execution that a list belongs to from being removed while the list is written, which would stay behind.
/// Before the list is locked: whoever removes an execution locks its lists after it.
fn hold_execution(tenant: &str, list_id: &str) -> StateResult<()> {
    let params = [Param::Text(Some(tenant)), Param::Text(Some(list_id))];
    let id = EXECUTION.one(Mode::Latest, &params, |row| Ok(row.text(0)))?;
    if let Some(id) = id.flatten() {
        executions::lock(Key { tenant, id: &id }, Lock::Reference)?;
    }
    Ok(())
}

/// The same of a list that comes to an execution, perhaps from another one. In order, as all that lock several do.
fn hold_both(tenant: &str, list_id: &str, id: &str) -> StateResult<()> {
    let params = [Param::Text(Some(tenant)), Param::Text(Some(list_id))];
    let former = EXECUTION.one(Mode::Latest, &params, |row| Ok(row.text(0)))?;
    let former = former.flatten().filter(|former| former != id);
    let hold_former = |is_due: bool| match &former {
        Some(id) if is_due => executions::lock(Key { tenant, id }, Lock::Reference).map(|_| ()),
        _ => Ok(()),
    };
    let is_first = former.as_deref().is_some_and(|former| former < id);
    hold_former(is_first)?;
    executions::lock_existing(Key { tenant, id }, Lock::Reference)?;
    hold_former(!is_first)
}

/// Saves a list whole. Returns its new version.
pub fn save(
    tenant: &str,
    list_id: &str,
    list: &List<'_>,
    expected: Option<i64>,
) -> StateResult<i64> {
    // Before the execution is looked for, whose id may be a plan in the wrong place.
    let is_new = list.plan.is_none() && current(tenant, list_id)?.is_none();
    if is_new && matches!(expected, None | Some(0)) {
        return Err(todo::no_plan(list_id));
    }
    match list.execution_id {
        Some(id) => hold_both(tenant, list_id, id)?,
        None => hold_execution(tenant, list_id)?,
    }
    write(tenant, list_id, list, expected)
}

/// Writes a list whose execution is held.
fn write(tenant: &str, list_id: &str, list: &List<'_>, expected: Option<i64>) -> StateResult<i64> {
    let params = || {
        [
            Param::Text(Some(tenant)),
            Param::Text(Some(list_id)),
            Param::Text(list.execution_id),
            Param::Text(list.status),
            Param::Jsonb(list.plan),
        ]
    };
    match (expected, list.plan) {
        (None, Some(_)) => Ok(PUT
            .one(Mode::Write, &params(), version)?
            .unwrap_or_default()),
        (Some(0), Some(_)) => CREATE
            .one(Mode::Write, &params(), version)?
            .ok_or_else(|| todo::list_exists(list_id)),
        (Some(0), None) => Err(todo::list_exists(list_id)),
        (_, _) => {
            let [tenant_, id, execution, status, plan] = params();
            let all = [tenant_, id, execution, status, plan, Param::Int8(expected)];
            match SAVE.one(Mode::Write, &all, version)? {
                Some(version) => Ok(version),
                None => Err(refused(tenant, list_id, expected)?),
            }
        }
    }
}

static LOCK: Statement = Statement::new(
    "SELECT l.version, l.plan FROM wfstate.todo_lists AS l
      WHERE l.tenant {=} $1 AND l.list_id {=} $2 FOR NO KEY UPDATE",
    &[Type::Text, Type::Text],
);

/// Makes another plan of a list's, which nobody else changes meanwhile. Returns the list's new version.
pub fn change(
    tenant: &str,
    list_id: &str,
    expected: Option<i64>,
    make: impl FnOnce(&[u8]) -> StateResult<Vec<u8>>,
) -> StateResult<i64> {
    hold_execution(tenant, list_id)?;
    let params = [Param::Text(Some(tenant)), Param::Text(Some(list_id))];
    let found = LOCK.one(Mode::Write, &params, |row| {
        Ok((version(row)?, row.jsonb(1).unwrap_or_default()))
    })?;
    let (at, plan) = found.ok_or_else(|| todo::list_not_found(list_id, tenant))?;
    if let Some(expected) = expected.filter(|expected| *expected != at) {
        return Err(todo::modified(list_id, expected, at));
    }
    let plan = make(&plan)?;
    let list = List {
        execution_id: None,
        plan: Some(&plan),
        status: None,
    };
    write(tenant, list_id, &list, Some(at))
}

macro_rules! columns {
    () => {
        "SELECT l.list_id, l.execution_id, l.plan, l.status, l.version, l.created_at, l.updated_at
           FROM wfstate.todo_lists AS l WHERE l.tenant {=} $1 AND "
    };
}
static READ: Statement = Statement::new(
    concat!(columns!(), "l.list_id {=} $2"),
    &[Type::Text, Type::Text],
);
/// Planned for the values of each call, so that filters that are not given don't hide an index.
static LIST: Statement = Statement::planned_each_time(
    concat!(
        columns!(),
        "($2 IS NULL OR l.execution_id {=} $2) AND ($3 IS NULL OR l.status {=} $3)
         AND ($4 IS NULL OR l.list_id {>} $4) ORDER BY l.list_id LIMIT $5"
    ),
    &[Type::Text, Type::Text, Type::Text, Type::Text, Type::Int8],
);

/// Gives `each` the list.
pub fn read(tenant: &str, list_id: &str, mut each: impl FnMut(&Row<'_>)) -> StateResult<()> {
    let params = [Param::Text(Some(tenant)), Param::Text(Some(list_id))];
    let found = READ.each(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    })?;
    match found {
        0 => Err(todo::list_not_found(list_id, tenant)),
        _ => Ok(()),
    }
}

/// Gives `each` a page of the lists of an execution, with a status, or all.
pub fn list(
    tenant: &str,
    (execution_id, status): (Option<&str>, Option<&str>),
    after: Option<&str>,
    max_rows: i64,
    mut each: impl FnMut(&Row<'_>),
) {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(execution_id),
        Param::Text(status),
        Param::Text(after),
        Param::Int8(Some(max_rows)),
    ];
    LIST.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
}

static DROP: Statement = Statement::new(
    "DELETE FROM wfstate.todo_lists AS l
      WHERE l.tenant {=} $1 AND l.list_id {=} $2 AND ($3 IS NULL OR l.version {=} $3)",
    &[Type::Text, Type::Text, Type::Int8],
);

/// Removes a list; false where there is none.
pub fn drop_list(tenant: &str, list_id: &str, expected: Option<i64>) -> StateResult<bool> {
    hold_execution(tenant, list_id)?;
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(Some(list_id)),
        Param::Int8(expected),
    ];
    if DROP.run(Mode::Write, &params)? > 0 {
        return Ok(true);
    }
    match (expected, current(tenant, list_id)?) {
        (Some(expected), Some(version)) => Err(todo::modified(list_id, expected, version)),
        _ => Ok(false),
    }
}
