//! `wfstate.cleanup_progress`: how far a pass has come. Everything here runs as the owner.

use crate::core::StateResult;
use crate::pg::lock::TenantLock;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::retention::{Done, Wanted};

/// Held by whoever cleans a tenant.
pub(super) const CLEANING: TenantLock = TenantLock::of(c"cleanup_progress");

/// Where a batch begins.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Workflow that is being gone through; empty for all executions.
    pub workflow: String,
    /// When the last that was looked at was created, in the server's microseconds.
    pub at: Option<i64>,
    /// Its key.
    pub key: String,
}

static READ: Statement = Statement::new(
    "SELECT p.after_workflow, p.after_at, p.after_key, p.removed FROM wfstate.cleanup_progress AS p
      WHERE p.tenant {=} $1 AND p.item {=} $2 AND p.pass {=} $3",
    &[Type::Text, Type::Text, Type::Text],
);
static SET: Statement = Statement::new(
    "INSERT INTO wfstate.cleanup_progress AS p (tenant, item, pass, after_workflow, after_at, after_key, removed)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (tenant, item) DO UPDATE
        SET pass = excluded.pass, after_workflow = excluded.after_workflow, after_at = excluded.after_at,
            after_key = excluded.after_key, removed = excluded.removed, updated_at = pg_catalog.clock_timestamp()",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Timestamptz,
        Type::Text,
        Type::Int8,
    ],
);
static END: Statement = Statement::new(
    "DELETE FROM wfstate.cleanup_progress AS p WHERE p.tenant {=} $1 AND p.item {=} $2",
    &[Type::Text, Type::Text],
);

/// Where a tenant's pass over an item goes on, and what it has removed so far.
pub(super) fn read(tenant: &str, item: &str, pass: &str) -> StateResult<Option<(Place, i64)>> {
    let params = [tenant, item, pass].map(|text| Param::Text(Some(text)));
    as_owner(|| {
        READ.one(Mode::Latest, &params, |row| {
            let place = Place {
                workflow: row.text(0).unwrap_or_default(),
                at: row.micros(1),
                key: row.text(2).unwrap_or_default(),
            };
            Ok((place, row.int8(3).unwrap_or_default()))
        })
    })
}

/// Says where it goes on.
pub(super) fn set(
    tenant: &str,
    item: &str,
    pass: &str,
    place: &Place,
    removed: i64,
) -> StateResult<()> {
    let [tenant, item, pass] = [tenant, item, pass].map(|text| Param::Text(Some(text)));
    let params = [
        tenant,
        item,
        pass,
        Param::Text(Some(&place.workflow)),
        Param::Timestamptz(place.at),
        Param::Text(Some(&place.key)),
        Param::Int8(Some(removed)),
    ];
    as_owner(|| SET.run(Mode::Latest, &params))?;
    Ok(())
}

/// What a batch of a walk has come to.
pub(super) struct Walked {
    /// What was done.
    pub done: Done,
    /// Where it has ended; `None` at the end of the pass.
    pub place: Option<Place>,
}

/// Walks on behind the last batch, and remembers how far that has come. A pass that has removed something is followed
/// by another: what was kept for the sake of what is gone now may go.
pub(super) fn walk(
    wanted: &Wanted<'_>,
    item: &str,
    batch: impl FnOnce(Place) -> StateResult<Walked>,
) -> StateResult<Done> {
    if wanted.dry_run {
        let walked = batch(Place::default())?;
        return Ok(Done {
            finished: walked.place.is_none(),
            ..walked.done
        });
    }
    let before = read(wanted.tenant, item, wanted.pass)?;
    let is_begun = before.is_some();
    let (from, removed) = before.unwrap_or_default();
    let walked = batch(from)?;
    let removed = removed + walked.done.removed;
    let place = walked.place.or_else(|| (removed > 0).then(Place::default));
    match &place {
        Some(place) if *place == Place::default() => {
            set(wanted.tenant, item, wanted.pass, place, 0)?
        }
        Some(place) => set(wanted.tenant, item, wanted.pass, place, removed)?,
        None if is_begun => {
            let params = [wanted.tenant, item].map(|text| Param::Text(Some(text)));
            as_owner(|| END.run(Mode::Latest, &params))?;
        }
        None => {}
    }
    Ok(Done {
        finished: place.is_none(),
        ..walked.done
    })
}
