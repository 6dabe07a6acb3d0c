//! `wf_migrate_states`: one bounded batch.

use crate::core::{Code, StateError, StateResult, limits};
use crate::pg::attempt::{self, Caught};
use crate::pg::interrupts;
use crate::pg::roles;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::definitions::bind;
use crate::store::log::executions::{self, Head};
use crate::store::log::new_version::Labels;
use crate::store::log::next::Change;
use crate::store::log::rebuild;
use crate::store::log::save::{self, Request};
use crate::store::migrations::apply;
use crate::store::migrations::chains::{self, Chain};
use crate::store::migrations::runs::{self, Place};

/// Heads of the workflow behind a place that are stored in a shape of the chain but the last, in the order in which
/// they were created.
static CANDIDATES: Statement = Statement::new(
    "SELECT e.execution_id, e.created_at FROM wfstate.executions AS e
      WHERE e.tenant {=} wfstate.current_tenant() AND e.workflow {=} $2
        AND ROW(e.created_at, e.execution_id) {>} ROW(coalesce($3, '-infinity'::pg_catalog.timestamptz), coalesce($4, ''))
        AND coalesce(e.schema_version, $8) {>=} $5 AND coalesce(e.schema_version, $8) {<} $6
      ORDER BY e.created_at, e.execution_id LIMIT $7",
    &[
        Type::Text,
        Type::Text,
        Type::Timestamptz,
        Type::Text,
        Type::Int4,
        Type::Int4,
        Type::Int8,
        Type::Int4, // what a state counts as that no version was said of
    ],
);
static FAILED: Statement = Statement::new(
    "INSERT INTO wfstate.migration_failures AS f
            (tenant, execution_id, workflow, version, from_version, sqlstate, message)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (tenant, execution_id) DO UPDATE
        SET workflow = excluded.workflow, version = excluded.version, from_version = excluded.from_version,
            failed_at = excluded.failed_at, sqlstate = excluded.sqlstate, message = excluded.message",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Int4,
        Type::Text,
        Type::Text,
    ],
);
static MIGRATED: Statement = Statement::new(
    "DELETE FROM wfstate.migration_failures AS f WHERE f.tenant {=} $1 AND f.execution_id {=} $2",
    &[Type::Text, Type::Text],
);

/// A call.
pub struct Batch<'a> {
    /// Workflow.
    pub workflow: &'a str,
    /// Executions that it migrates at most.
    pub size: i64,
    /// Whether nothing is stored.
    pub dry_run: bool,
    /// Where it begins instead of where the last one ended.
    pub after: Option<&'a str>,
}

/// What it has done.
#[derive(Default)]
pub struct Done {
    /// Executions migrated.
    pub migrated: i64,
    /// Executions that could not be.
    pub failed: i64,
    /// Executions that somebody else was saving.
    pub skipped: i64,
    /// Whether it has come to the end.
    pub finished: bool,
    /// Where it has come to.
    pub cursor: Option<String>,
}

enum Outcome {
    Migrated,
    Skipped,
    /// Saved in the newest shape meanwhile, moved to another workflow, or gone.
    Done,
}

/// Migrates a batch.
pub fn migrate(tenant: &str, batch: &Batch<'_>) -> StateResult<Done> {
    let workflow = batch.workflow;
    let after = batch.after.map(Place::parse).transpose()?;
    existing(tenant, workflow)?;
    let from = if batch.dry_run {
        after
    } else {
        let last = roles::as_owner(|| runs::lock(tenant, workflow))?;
        after.or(last)
    };
    // As it is once nobody can change it any more.
    let chain = existing(tenant, workflow)?;
    let candidates = candidates(tenant, workflow, chain, from.as_ref(), batch.size)?;
    let mut done = Done {
        finished: i64::try_from(candidates.len()).is_ok_and(|count| count < batch.size),
        cursor: candidates.last().or(from.as_ref()).map(Place::cursor),
        ..Done::default()
    };
    for place in &candidates {
        interrupts::check();
        let key = Key {
            tenant,
            id: &place.id,
        };
        one(key, workflow, batch.dry_run, &mut done)?;
    }
    if !batch.dry_run {
        let place = candidates.last().filter(|_| !done.finished);
        roles::as_owner(|| runs::set(tenant, workflow, place, done.migrated, done.failed))?;
    }
    Ok(done)
}

fn existing(tenant: &str, workflow: &str) -> StateResult<Chain> {
    chains::find(tenant, workflow)?.ok_or_else(|| {
        StateError::new(
            Code::NotFound,
            format!("workflow {} has no migrations", limits::quoted(workflow)),
        )
        .hint("wf_add_migration adds one.")
    })
}

fn candidates(
    tenant: &str,
    workflow: &str,
    chain: Chain,
    from: Option<&Place>,
    size: i64,
) -> StateResult<Vec<Place>> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(Some(workflow)),
        Param::Timestamptz(from.map(|place| place.created_at)),
        Param::Text(from.map(|place| place.id.as_str())),
        Param::Int4(Some(i64::from(chain.first))),
        Param::Int4(Some(i64::from(chain.last))),
        Param::Int8(Some(size)),
        Param::Int4(Some(i64::from(chain.unsaid))),
    ];
    CANDIDATES.all(Mode::Write, &params, |row| {
        Ok(Place {
            id: row.text(0).unwrap_or_default(),
            created_at: row.micros(1).unwrap_or_default(),
        })
    })
}

/// Migrates an execution, or says why it cannot be.
fn one(key: Key<'_>, workflow: &str, dry_run: bool, done: &mut Done) -> StateResult<()> {
    let mut met = None;
    let outcome = attempt::attempt(|| migrated(key, workflow, dry_run, &mut met))?;
    match outcome {
        Ok(Outcome::Migrated) => {
            done.migrated += 1;
            if dry_run {
                return Ok(());
            }
            roles::as_owner(|| {
                let params = [Param::Text(Some(key.tenant)), Param::Text(Some(key.id))];
                MIGRATED.run(Mode::Write, &params)
            })?;
        }
        Ok(Outcome::Skipped) => done.skipped += 1,
        Ok(Outcome::Done) => {}
        Err(why) => {
            done.failed += 1;
            if let Some((version, from)) = met.filter(|_| !dry_run) {
                roles::as_owner(|| failed(key, workflow, version, from, &why))?;
            }
        }
    }
    Ok(())
}

fn migrated(
    key: Key<'_>,
    workflow: &str,
    dry_run: bool,
    met: &mut Option<(i64, i32)>,
) -> StateResult<Outcome> {
    let ids = [key.id.to_owned()];
    let Some((_, head)) = executions::lock_free(key.tenant, &ids)?.pop() else {
        return Ok(Outcome::Skipped);
    };
    let pending = chains::pending(key.tenant, head.workflow.as_deref(), head.schema_version)?;
    chains::keep(key.tenant, head.workflow.as_deref())?;
    let Some((from, _)) = pending.filter(|_| head.workflow.as_deref() == Some(workflow)) else {
        return Ok(Outcome::Done);
    };
    *met = Some((head.version, from));
    // Known to the save that follows, too.
    let stored = rebuild::head(Mode::Write, key, &head)?;
    let Some((state, to)) = apply::from_version(Mode::Write, key, workflow, from, &stored)? else {
        return Err(StateError::new(
            Code::StateValidation,
            format!(
                "no migration begins at version {from}, which execution {} is stored in",
                limits::quoted(key.id)
            ),
        ));
    };
    let note = format!("migrated from version {from} to {to}");
    let request = Request {
        key,
        expected: None,
        labels: Labels {
            schema_version: Some(i64::from(to)),
            note: Some(&note),
            ..Labels::default()
        },
        tags: None,
    };
    let bound = bind::onto(key, &head, &Labels::default())?;
    if dry_run {
        bound.check(key, &state)?;
        return Ok(Outcome::Migrated);
    }
    save::append_locked(&request, &bound, Change::State(&state), &head)?;
    verify(key, &state)?;
    Ok(Outcome::Migrated)
}

/// Whether the log gives back what was saved, to a session that has not seen it.
fn verify(key: Key<'_>, state: &[u8]) -> StateResult<()> {
    let head: Head = executions::lock_existing(key, executions::Lock::Save)?;
    if *rebuild::from_log(Mode::Write, key, &head)? == *state {
        return Ok(());
    }
    let why = "it is not what the migration made";
    Err(StateError::corrupt(key.id, head.version, why.to_owned()))
}

fn failed(key: Key<'_>, workflow: &str, version: i64, from: i32, why: &Caught) -> StateResult<()> {
    let params = [
        Param::Text(Some(key.tenant)),
        Param::Text(Some(key.id)),
        Param::Text(Some(workflow)),
        Param::Int8(Some(version)),
        Param::Int4(Some(i64::from(from))),
        Param::Text(Some(&why.sqlstate)),
        Param::Text(Some(&why.message)),
    ];
    FAILED.run(Mode::Write, &params)?;
    Ok(())
}
