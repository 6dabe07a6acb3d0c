//! Executions with a final status, with all that belongs to them. A page of heads is read without a lock; what may go
//! of it is locked (lease, head) and asked once more, since what is committed in between may stand on it.

use crate::core::StateResult;
use crate::pg::interrupts;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::queue::entries::{self, Left};
use crate::store::retention::free;
use crate::store::retention::progress::{self, Place, Walked};
use crate::store::retention::removal::remove_free;
use crate::store::retention::{Done, Wanted};

/// Versions that a batch removes for each execution that it may remove, unless a single one has more.
const VERSIONS: i64 = 100;
/// Executions that are removed by one statement.
const PORTION: i64 = 1000;

/// What has ended in time: the definition that binds it counts before the tenant.
macro_rules! is_old {
    () => {
        "coalesce(e.completed_at {<} coalesce(
            (SELECT $4 {-} d.keep_completed_for FROM wfstate.definitions AS d
              WHERE d.tenant {=} $1 AND d.workflow {=} e.workflow AND d.workflow_version {=} e.workflow_version),
            $3), false)"
    };
}
pub(super) use is_old;

macro_rules! page {
    ($of:literal) => {
        Statement::new(
            concat!(
                "SELECT e.execution_id, e.created_at, e.version, ",
                is_old!(),
                " AS is_old FROM wfstate.executions AS e
                   WHERE e.tenant {=} $1 AND e.completed_at IS NOT NULL ",
                $of,
                " AND e.created_at {<} $5
                     AND ROW(e.created_at, e.execution_id) {>} ROW(coalesce($6, '-infinity'::pg_catalog.timestamptz), $7)
                   ORDER BY e.created_at, e.execution_id LIMIT $8"
            ),
            &[
                Type::Text,
                Type::Text,
                Type::Timestamptz, // before when, by the tenant
                Type::Timestamptz, // from when definitions count
                Type::Timestamptz, // before when the youngest can have begun
                Type::Timestamptz,
                Type::Text,
                Type::Int8,
            ],
        )
    };
}
/// What has ended has begun before: the index by creation has all of it, in an order that no save changes.
static OF_ALL: Statement = page!("");
static OF_WORKFLOW: Statement = page!("AND e.workflow {=} $2");

/// The next workflow whose definitions say how long, and before when its youngest may have ended.
static NEXT_WORKFLOW: Statement = Statement::new(
    "SELECT d.workflow, pg_catalog.max($3 {-} d.keep_completed_for) FROM wfstate.definitions AS d
      WHERE d.tenant {=} $1 AND d.workflow {>} $2 AND d.keep_completed_for IS NOT NULL
      GROUP BY d.workflow ORDER BY d.workflow LIMIT 1",
    &[Type::Text, Type::Text, Type::Timestamptz],
);
static OWN_BEFORE: Statement = Statement::new(
    "SELECT pg_catalog.max($3 {-} d.keep_completed_for) FROM wfstate.definitions AS d
      WHERE d.tenant {=} $1 AND d.workflow {=} $2 AND d.keep_completed_for IS NOT NULL",
    &[Type::Text, Type::Text, Type::Timestamptz],
);

struct Found {
    id: String,
    created_at: Option<i64>,
    versions: i64,
    is_old: bool,
}

fn found(row: &Row<'_>) -> StateResult<Found> {
    Ok(Found {
        id: row.text(0).unwrap_or_default(),
        created_at: row.micros(1),
        versions: row.int8(2).unwrap_or_default(),
        is_old: row.bool(3) == Some(true),
    })
}

pub(super) fn clean(wanted: &Wanted<'_>) -> StateResult<Done> {
    progress::walk(wanted, "executions", |from| batch(wanted, from))
}

/// How much a batch may still look at and remove.
struct Bounds {
    looks: i64,
    versions: i64,
    /// Of a dry run: whether something stays for the sake of others, which may go.
    is_kept: bool,
}

fn mode(wanted: &Wanted<'_>) -> Mode {
    if wanted.dry_run {
        Mode::Read
    } else {
        Mode::Latest
    }
}

fn batch(wanted: &Wanted<'_>, from: Place) -> StateResult<Walked> {
    let mut bounds = Bounds {
        looks: wanted.looks(),
        versions: wanted.batch * VERSIONS,
        is_kept: false,
    };
    let (mut done, mut place, mut left) = (Done::default(), Some(from), Vec::new());
    while let Some(at) = place.take() {
        place = match before(wanted, &at)? {
            // All executions of the tenant, where it says how long; then workflow by workflow.
            Some(before) => portion(
                wanted,
                at.clone(),
                before,
                &mut bounds,
                &mut done,
                &mut left,
            )?,
            None => None,
        };
        if place.is_none() {
            place = next_workflow(wanted, &at.workflow)?;
        }
        if bounds.looks <= 0 || bounds.versions <= 0 || done.removed >= wanted.batch {
            break;
        }
    }
    left.sort_unstable();
    for one in &left {
        entries::make_room(wanted.tenant, one)?;
    }
    // As behind a pass that has removed something.
    if bounds.is_kept && done.removed > 0 {
        place.get_or_insert_default();
    }
    Ok(Walked { done, place })
}

/// Before when the youngest of a walk may have ended.
fn before(wanted: &Wanted<'_>, at: &Place) -> StateResult<Option<i64>> {
    if at.workflow.is_empty() {
        return Ok(wanted.before);
    }
    let params = [
        Param::Text(Some(wanted.tenant)),
        Param::Text(Some(&at.workflow)),
        Param::Timestamptz(Some(wanted.as_of)),
    ];
    let own = OWN_BEFORE.one(mode(wanted), &params, |row| Ok(row.micros(0)))?;
    Ok(own.flatten())
}

/// What the walk over all executions has not come by, since the tenant keeps it longer.
fn next_workflow(wanted: &Wanted<'_>, after: &str) -> StateResult<Option<Place>> {
    let mut after = after.to_owned();
    loop {
        interrupts::check();
        let params = [
            Param::Text(Some(wanted.tenant)),
            Param::Text(Some(&after)),
            Param::Timestamptz(Some(wanted.as_of)),
        ];
        let next = NEXT_WORKFLOW.one(mode(wanted), &params, |row| {
            Ok((row.text(0).unwrap_or_default(), row.micros(1)))
        })?;
        let Some((workflow, before)) = next else {
            return Ok(None);
        };
        if before > wanted.before {
            // What has begun before that the walk over all executions has looked at.
            return Ok(Some(Place {
                workflow,
                at: wanted.before,
                key: String::new(),
            }));
        }
        after = workflow;
    }
}

/// One portion of a walk. Returns where it goes on.
fn portion(
    wanted: &Wanted<'_>,
    mut at: Place,
    before: i64,
    bounds: &mut Bounds,
    done: &mut Done,
    left: &mut Vec<Left>,
) -> StateResult<Option<Place>> {
    interrupts::check();
    let most = PORTION.min(wanted.batch).min(bounds.looks.max(1));
    let workflow = Some(at.workflow.as_str()).filter(|workflow| !workflow.is_empty());
    let page = {
        let params = [
            Param::Text(Some(wanted.tenant)),
            Param::Text(workflow),
            Param::Timestamptz(wanted.before),
            Param::Timestamptz(Some(wanted.as_of)),
            Param::Timestamptz(Some(before)),
            Param::Timestamptz(at.at),
            Param::Text(Some(&at.key)),
            Param::Int8(Some(most)),
        ];
        let statement = if workflow.is_some() {
            &OF_WORKFLOW
        } else {
            &OF_ALL
        };
        statement.all(mode(wanted), &params, found)?
    };
    let is_last = i64::try_from(page.len()).is_ok_and(|read| read < most);
    let mut old = Vec::new();
    let mut is_whole = true;
    for one in page {
        let room = wanted.batch - done.removed - i64::try_from(old.len()).unwrap_or(i64::MAX);
        if one.is_old && (room <= 0 || bounds.versions <= 0) {
            is_whole = false;
            break;
        }
        bounds.looks -= 1;
        (at.at, at.key) = (one.created_at, one.id.clone());
        if one.is_old {
            bounds.versions -= one.versions;
            old.push(one.id);
        }
    }
    done.removed += match wanted.dry_run {
        true => counted(wanted, &old, bounds)?,
        false => remove_free(wanted, &old, left)?,
    }
    .try_into()
    .unwrap_or(i64::MAX);
    Ok((!is_last || !is_whole).then_some(at))
}

/// How many of some executions may go.
fn counted(wanted: &Wanted<'_>, old: &[String], bounds: &mut Bounds) -> StateResult<usize> {
    let free = |checkpointed| free::of(Mode::Read, wanted.tenant, old, checkpointed);
    let removed = free(wanted.checkpointed)?.len();
    bounds.is_kept = bounds.is_kept || removed < old.len() && free(true)?.len() < old.len();
    Ok(removed)
}
