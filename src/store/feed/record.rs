//! Recording changes, where the tenant wants them recorded.

use crate::core::StateResult;
use crate::pg::settings;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::feed::feeds;

/// A change of an execution.
#[derive(Clone, Copy)]
pub enum Change<'a> {
    /// A version that keeps the status.
    Version(i64, &'a str),
    /// A version that gives one.
    Status(i64, &'a str),
    /// A step, its attempt, and its status.
    Step(&'a str, i64, &'a str),
    /// A signal's name and place, and whether it was sent or taken.
    Signal(&'a str, i64, &'a str),
    /// The execution is gone.
    Deleted,
}

impl<'a> Change<'a> {
    /// Of a version, by what is said of its status.
    pub fn of(version: i64, is_new_status: bool, status: &'a str) -> Self {
        match is_new_status {
            true => Change::Status(version, status),
            false => Change::Version(version, status),
        }
    }

    fn parts(self) -> (&'static str, Option<i64>, Option<&'a str>, Option<&'a str>) {
        match self {
            Change::Version(version, status) => ("version", Some(version), None, Some(status)),
            Change::Status(version, status) => ("status", Some(version), None, Some(status)),
            Change::Step(step, attempt, status) => {
                ("step", Some(attempt), Some(step), Some(status))
            }
            Change::Signal(name, at, status) => ("signal", Some(at), Some(name), Some(status)),
            Change::Deleted => ("deleted", None, None, None),
        }
    }
}

static ADD: Statement = Statement::new(
    "INSERT INTO wfstate.changes (tenant, era, execution_id, kind, number, name, status)
     VALUES ($1, $2, $3, $4, $5, $6, $7)",
    &[
        Type::Text,
        Type::Int4,
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Text,
        Type::Text,
    ],
);
/// Says that something has changed, not what: whoever may connect to the database can listen, and forge.
static NOTIFY: Statement = Statement::new(
    r#"SELECT pg_catalog.pg_notify('wfstate', '{"event": "change"}')"#,
    &[],
);

/// Records a change, where the tenant's are recorded.
pub fn record(key: Key<'_>, change: Change<'_>) -> StateResult<()> {
    let Some(era) = feeds::recording(key.tenant)? else {
        return Ok(());
    };
    let (kind, number, name, status) = change.parts();
    let params = [
        Param::Text(Some(key.tenant)),
        Param::Int4(Some(i64::from(era))),
        Param::Text(Some(key.id)),
        Param::Text(Some(kind)),
        Param::Int8(number),
        Param::Text(name),
        Param::Text(status),
    ];
    ADD.run(Mode::Latest, &params)?;
    if settings::notify_changes() {
        NOTIFY.run(Mode::Write, &[])?;
    }
    Ok(())
}

static ADD_DELETED: Statement = Statement::new(
    "INSERT INTO wfstate.changes (tenant, era, execution_id, kind)
     SELECT $1, $2, g.id, 'deleted' FROM pg_catalog.unnest($3) WITH ORDINALITY AS g (id, n) ORDER BY g.n",
    &[Type::Text, Type::Int4, Type::TextArray],
);

/// Records that executions are gone.
pub fn deleted(tenant: &str, ids: &[String]) -> StateResult<()> {
    let Some(era) = feeds::recording(tenant)? else {
        return Ok(());
    };
    let params = [
        Param::Text(Some(tenant)),
        Param::Int4(Some(i64::from(era))),
        Param::TextArray(Some(ids)),
    ];
    ADD_DELETED.run(Mode::Latest, &params)?;
    if settings::notify_changes() {
        NOTIFY.run(Mode::Write, &[])?;
    }
    Ok(())
}
