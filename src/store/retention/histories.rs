//! Versions beyond what the definition of an execution keeps, execution by execution.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::pg::{attempt, interrupts};
use crate::store::Key;
use crate::store::history::prune;
use crate::store::log::executions;
use crate::store::retention::progress::{self, Place, Walked};
use crate::store::retention::{Done, Wanted};

/// Executions of a workflow in the order in which they were created, with what their definition keeps, and whether the
/// oldest version that has no name may go: where that is kept, all are, since none was saved before an older one.
static PAGE: Statement = Statement::new(
    "SELECT e.execution_id, e.created_at, d.keep_versions, d.before_at, coalesce(
            (SELECT (d.keep_versions IS NULL OR o.version {<=} (e.version {-} d.keep_versions))
                    AND (d.before_at IS NULL OR o.saved_at {<} d.before_at)
               FROM (SELECT v.version, v.saved_at FROM wfstate.state_versions AS v
                      WHERE v.tenant {=} $1 AND v.execution_id {=} e.execution_id AND v.version {<} e.version
                        AND (SELECT true FROM wfstate.checkpoints AS c
                              WHERE c.tenant {=} $1 AND c.execution_id {=} e.execution_id AND c.version {=} v.version
                              LIMIT 1) IS NULL
                      ORDER BY v.version LIMIT 1) AS o), false) AS is_old
       FROM wfstate.executions AS e
      CROSS JOIN LATERAL (
            SELECT d.keep_versions, $3 {-} d.keep_for AS before_at FROM wfstate.definitions AS d
             WHERE d.tenant {=} $1 AND d.workflow {=} $2 AND d.workflow_version {=} e.workflow_version
               AND (d.keep_versions IS NOT NULL OR d.keep_for IS NOT NULL) OFFSET 0) AS d
      WHERE e.tenant {=} $1 AND e.workflow {=} $2
        AND ROW(e.created_at, e.execution_id) {>} ROW(coalesce($4, '-infinity'::pg_catalog.timestamptz), $5)
      ORDER BY e.created_at, e.execution_id LIMIT $6",
    &[
        Type::Text,
        Type::Text,
        Type::Timestamptz,
        Type::Timestamptz,
        Type::Text,
        Type::Int8,
    ],
);
static NEXT_WORKFLOW: Statement = Statement::new(
    "SELECT d.workflow FROM wfstate.definitions AS d
      WHERE d.tenant {=} $1 AND d.workflow {>} $2 AND (d.keep_versions IS NOT NULL OR d.keep_for IS NOT NULL)
      ORDER BY d.workflow LIMIT 1",
    &[Type::Text, Type::Text],
);

struct Found {
    id: String,
    created_at: Option<i64>,
    keep_versions: Option<i32>,
    before: Option<i64>,
    is_old: bool,
}

pub(super) fn clean(wanted: &Wanted<'_>) -> StateResult<Done> {
    progress::walk(wanted, "versions", |from| batch(wanted, from))
}

fn mode(wanted: &Wanted<'_>) -> Mode {
    if wanted.dry_run {
        Mode::Read
    } else {
        Mode::Latest
    }
}

fn batch(wanted: &Wanted<'_>, mut at: Place) -> StateResult<Walked> {
    let mut done = Done::default();
    let mut looks = wanted.looks();
    if at.workflow.is_empty() {
        let Some(first) = next_workflow(wanted, "")? else {
            return Ok(Walked { done, place: None });
        };
        at = first;
    }
    while looks > 0 && done.removed < wanted.batch {
        interrupts::check();
        let most = wanted.batch.min(looks).min(1000);
        let page = page(wanted, &at, most)?;
        let is_last = i64::try_from(page.len()).is_ok_and(|read| read < most);
        let mut is_whole = true;
        for one in page {
            if done.removed >= wanted.batch {
                is_whole = false;
                break;
            }
            looks -= 1;
            if one.is_old {
                history(wanted, &one, &mut done)?;
            }
            (at.at, at.key) = (one.created_at, one.id);
        }
        if is_last && is_whole {
            match next_workflow(wanted, &at.workflow)? {
                Some(next) => at = next,
                None => return Ok(Walked { done, place: None }),
            }
        }
    }
    Ok(Walked {
        done,
        place: Some(at),
    })
}

fn next_workflow(wanted: &Wanted<'_>, after: &str) -> StateResult<Option<Place>> {
    let params = [wanted.tenant, after].map(|text| Param::Text(Some(text)));
    NEXT_WORKFLOW.one(mode(wanted), &params, |row| {
        Ok(Place {
            workflow: row.text(0).unwrap_or_default(),
            ..Place::default()
        })
    })
}

fn page(wanted: &Wanted<'_>, at: &Place, most: i64) -> StateResult<Vec<Found>> {
    let params = [
        Param::Text(Some(wanted.tenant)),
        Param::Text(Some(&at.workflow)),
        Param::Timestamptz(Some(wanted.as_of)),
        Param::Timestamptz(at.at),
        Param::Text(Some(&at.key)),
        Param::Int8(Some(most)),
    ];
    PAGE.all(mode(wanted), &params, |row| {
        Ok(Found {
            id: row.text(0).unwrap_or_default(),
            created_at: row.micros(1),
            keep_versions: row.int4(2),
            before: row.micros(3),
            is_old: row.bool(4) == Some(true),
        })
    })
}

/// Prunes a history, unless somebody else is writing it.
fn history(wanted: &Wanted<'_>, one: &Found, done: &mut Done) -> StateResult<()> {
    let key = Key {
        tenant: wanted.tenant,
        id: &one.id,
    };
    if wanted.dry_run {
        done.removed += prune::count(key, one.keep_versions, one.before)?;
        return Ok(());
    }
    // What cannot be rebuilt is left to wf_repair, and does not keep others from being pruned.
    let pruned = attempt::attempt(|| match executions::lock_free_alone(key)? {
        // What has moved since the transaction's snapshot stays as that shows it.
        Some(_) if executions::as_shown(key.tenant, vec![one.id.clone()])?.is_empty() => Ok(0),
        Some(head) => prune::locked(key, &head, one.keep_versions, one.before),
        None => Ok(0),
    })?;
    match pruned {
        Ok(removed) => done.removed += removed,
        Err(_) => done.failed += 1,
    }
    Ok(())
}
