//! What has happened in an execution.

use crate::core::StateResult;
use crate::core::looking::story::{Kind, Span, Story, Version};
use crate::pg::settings;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::{self, key_params};

/// Newest versions that are looked at.
const MOST_VERSIONS: i64 = 10_000;

macro_rules! error_text {
    ($of:literal) => {
        concat!(
            "(SELECT pg_catalog.left(coalesce(pg_catalog.jsonb_extract_path_text(r.error, 'message'),
                     pg_catalog.jsonb_extract_path_text(r.error, VARIADIC '{}'::pg_catalog.text[])), 600)
                FROM wfstate.runs AS r WHERE r.tenant {=} $1 AND r.execution_id {=} ",
            $of,
            ")"
        )
    };
}
pub(super) use error_text;

static HEAD: Statement = Statement::new(
    concat!(
        "SELECT e.workflow, e.workflow_version, e.status, e.version, e.created_at, e.completed_at,
                pg_catalog.statement_timestamp(), e.phase, e.initiated_by, ",
        error_text!("$2"),
        " FROM wfstate.executions AS e WHERE e.tenant {=} $1 AND e.execution_id {=} $2"
    ),
    &[Type::Text, Type::Text],
);
static VERSIONS: Statement = Statement::new(
    "SELECT v.version, v.saved_at, v.phase, v.status FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 ORDER BY v.version DESC LIMIT $3",
    NEWEST,
);

const NEWEST: &[Type] = &[Type::Text, Type::Text, Type::Int8];

/// Each gives name, status, attempt, beginning, end, and how many there are, the newest first.
static STEPS: Statement = Statement::new(
    "SELECT s.step_id, s.status, s.attempt, s.started_at, s.ended_at, pg_catalog.count(*) OVER ()
       FROM wfstate.steps AS s WHERE s.tenant {=} $1 AND s.execution_id {=} $2
      ORDER BY s.position DESC LIMIT $3",
    NEWEST,
);
/// Without the last attempt of a step that has failed: its row tells that.
static FAILURES: Statement = Statement::new(
    "SELECT f.step_id, 'failed'::pg_catalog.text, f.attempt, f.started_at, f.failed_at, pg_catalog.count(*) OVER ()
       FROM wfstate.step_failures AS f WHERE f.tenant {=} $1 AND f.execution_id {=} $2
        AND NOT EXISTS (SELECT FROM wfstate.steps AS s
                         WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND s.step_id {=} f.step_id
                           AND s.attempt {=} f.attempt AND s.status {=} 'failed')
      ORDER BY f.failed_at DESC, f.step_id, f.failure_no DESC LIMIT $3",
    NEWEST,
);
static WAITS: Statement = Statement::new(
    "SELECT w.wait_id, coalesce(w.outcome, 'waiting'), NULL::pg_catalog.int4, w.begun_at, w.ended_at,
            pg_catalog.count(*) OVER ()
       FROM wfstate.waits AS w WHERE w.tenant {=} $1 AND w.execution_id {=} $2
      ORDER BY w.begun_at DESC, w.wait_id LIMIT $3",
    NEWEST,
);
static CHECKPOINTS: Statement = Statement::new(
    "SELECT c.name, NULL::pg_catalog.text, NULL::pg_catalog.int4, c.created_at, c.created_at,
            pg_catalog.count(*) OVER ()
       FROM wfstate.checkpoints AS c WHERE c.tenant {=} $1 AND c.execution_id {=} $2
      ORDER BY c.created_at DESC, c.name LIMIT $3",
    NEWEST,
);

/// An execution, and what the story does not tell of it.
pub struct Found {
    /// What has happened in it.
    pub story: Story,
    /// Phase.
    pub phase: Option<String>,
    /// Who created it.
    pub initiated_by: String,
    /// The beginning of its error.
    pub error: Option<String>,
}

fn found(key: Key<'_>, row: &Row<'_>) -> Found {
    let story = Story {
        id: key.id.to_owned(),
        workflow: row.text(0),
        workflow_version: row.int4(1),
        status: row.text(2).unwrap_or_default(),
        version: row.int8(3).unwrap_or_default(),
        created: row.micros(4).unwrap_or_default(),
        completed: row.micros(5),
        now: row.micros(6).unwrap_or_default(),
        versions: Vec::new(),
        spans: Vec::new(),
        left_out: 0,
    };
    Found {
        story,
        phase: row.text(7),
        initiated_by: row.text(8).unwrap_or_default(),
        error: row.text(9),
    }
}

/// An execution without what has happened in it; refuses a missing one.
pub fn head(key: Key<'_>) -> StateResult<Found> {
    let found = HEAD.one(Mode::Read, &key_params(key), |row| Ok(found(key, row)))?;
    match found {
        Some(found) => Ok(found),
        // What refuses it in its own words.
        None => executions::read_existing(key).and_then(|_| head(key)),
    }
}

/// Its newest versions, the oldest of them first.
pub fn versions(key: Key<'_>) -> StateResult<Vec<Version>> {
    let mut versions = VERSIONS.all(Mode::Read, &newest(key, MOST_VERSIONS), |row| {
        Ok(Version {
            version: row.int8(0).unwrap_or_default(),
            at: row.micros(1).unwrap_or_default(),
            phase: row.text(2),
            status: row.text(3).unwrap_or_default(),
        })
    })?;
    versions.reverse();
    Ok(versions)
}

fn newest(key: Key<'_>, most: i64) -> [Param<'_>; 3] {
    let [tenant, id] = key_params(key);
    [tenant, id, Param::Int8(Some(most))]
}

/// An execution with its newest versions and at most so many spans. Many may be drawn in a row: to compile the plans
/// for each would take longer than all the rest.
pub fn read(key: Key<'_>, most: i64) -> StateResult<Found> {
    settings::by_keys(|| gather(key, most))
}

fn gather(key: Key<'_>, most: i64) -> StateResult<Found> {
    let mut found = head(key)?;
    let story = &mut found.story;
    story.versions = versions(key)?;
    let sources = [
        (Kind::Step, &STEPS),
        (Kind::Step, &FAILURES),
        (Kind::Wait, &WAITS),
        (Kind::Checkpoint, &CHECKPOINTS),
    ];
    for (kind, statement) in sources {
        let before = story.spans.len();
        let mut total = 0;
        statement.each(Mode::Read, &newest(key, most), |row| {
            total = row.int8(5).unwrap_or_default();
            story.spans.push(Span {
                kind,
                name: row.text(0).unwrap_or_default(),
                status: row.text(1),
                attempt: row.int4(2),
                from: row.micros(3).unwrap_or_default(),
                to: row.micros(4),
            });
            Ok(())
        })?;
        let read = story.spans.len() - before;
        story.left_out += usize::try_from(total)
            .unwrap_or_default()
            .saturating_sub(read);
    }
    story.arrange(usize::try_from(most).unwrap_or(usize::MAX));
    Ok(found)
}
