//! `wfstate.task_results`: what the tasks inside of a step have given, before the step is completed or a version.

use crate::core::import_document::TaskResult;
use crate::core::import_members::raw;
use crate::core::{StateError, StateResult, limits};
use crate::pg::settings;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::execution::start::kept;
use crate::store::execution::steps::step_params;
use crate::store::log::executions::{self, Lock, key_params};

/// A task, and whose.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// Step that it is part of.
    pub step_id: &'a str,
    /// Unique within the step.
    pub task_id: &'a str,
    /// Where it stands among the others.
    pub path: &'a str,
}

/// A part of its result.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// Number.
    pub part: i32,
    /// What it is of.
    pub name: Option<&'a str>,
    /// The part itself.
    pub output: Option<&'a [u8]>,
}

/// The head is locked against being deleted alone, so that nothing is left behind; what is recorded before it is there
/// is found by that.
macro_rules! record {
    ($rows:literal, $types:expr, $conflict:literal) => {
        Statement::new(
            concat!(
                "WITH head AS (
  SELECT FROM wfstate.executions AS e
   WHERE e.tenant {=} wfstate.current_tenant() AND e.execution_id {=} $2 FOR KEY SHARE
)
INSERT INTO wfstate.task_results AS r (tenant, execution_id, step_id, task_id, task_path, is_early, part, name, output)
SELECT $1, $2, $3, $4, $5, NOT EXISTS (SELECT FROM head), n.part::pg_catalog.int4, n.name, n.output
  FROM ",
                $rows,
                " AS n (part, name, output)
ON CONFLICT (tenant, execution_id, step_id, task_id, part) DO ",
                $conflict
            ),
            &$types,
        )
    };
}
/// One is what most tasks give, and arrays take a third longer.
macro_rules! record_one {
    ($conflict:literal) => {
        record!(
            "(SELECT $6, $7, $8)",
            [
                Type::Text,
                Type::Text,
                Type::Text,
                Type::Text,
                Type::Text,
                Type::Int8,
                Type::Text,
                Type::Jsonb,
            ],
            $conflict
        )
    };
}
/// `unnest` of several arrays has no qualified form; the parser itself takes it from pg_catalog.
macro_rules! record_all {
    ($conflict:literal) => {
        record!(
            "unnest($6, $7, $8)",
            [
                Type::Text,
                Type::Text,
                Type::Text,
                Type::Text,
                Type::Text,
                Type::Int8Array,
                Type::TextArray,
                Type::JsonbArray,
            ],
            $conflict
        )
    };
}
static RECORD_ONE: Statement = record_one!("NOTHING");
static RECORD_ALL: Statement = record_all!("NOTHING");
static REPLACE_ONE: Statement = record_one!(
    "UPDATE SET task_path = excluded.task_path, is_early = excluded.is_early, name = excluded.name,
                output = excluded.output, recorded_at = excluded.recorded_at"
);
static REPLACE_ALL: Statement = record_all!(
    "UPDATE SET task_path = excluded.task_path, is_early = excluded.is_early, name = excluded.name,
                output = excluded.output, recorded_at = excluded.recorded_at"
);

/// Records parts of what a task has given; those that are there stay, unless they are replaced. Returns how many.
pub fn record(
    key: Key<'_>,
    task: Task<'_>,
    mut parts: Vec<Part<'_>>,
    replace: bool,
) -> StateResult<u64> {
    check(&mut parts)?;
    let [tenant, id, step] = step_params(key, task.step_id);
    let task_id = Param::Text(Some(task.task_id));
    let path = Param::Text(Some(task.path));
    let number = |part: &Part<'_>| Some(i64::from(part.part));
    if let [one] = parts.as_slice() {
        let statement = if replace { &REPLACE_ONE } else { &RECORD_ONE };
        let (part, name) = (Param::Int8(number(one)), Param::Text(one.name));
        let output = Param::Jsonb(one.output);
        let params = [tenant, id, step, task_id, path, part, name, output];
        return statement.run(Mode::Write, &params);
    }
    let numbers: Vec<Option<i64>> = parts.iter().map(number).collect();
    let names: Vec<Option<&str>> = parts.iter().map(|part| part.name).collect();
    let outputs: Vec<Option<&[u8]>> = parts.iter().map(|part| part.output).collect();
    let params = [
        tenant,
        id,
        step,
        task_id,
        path,
        Param::Int8Array(&numbers),
        Param::Texts(&names),
        Param::JsonbArray(&outputs),
    ];
    let statement = if replace { &REPLACE_ALL } else { &RECORD_ALL };
    statement.run(Mode::Write, &params)
}

/// Orders parts, so that calls wait for each other in the same order, and refuses what is too large or given twice.
fn check(parts: &mut [Part<'_>]) -> StateResult<()> {
    parts.sort_by_key(|part| part.part);
    let twice = parts.windows(2).find_map(|pair| match pair {
        [a, b] if a.part == b.part => Some(a.part),
        _ => None,
    });
    if let Some(part) = twice {
        return Err(
            StateError::invalid(format!("part {part} is given twice")).hint("Give each part once.")
        );
    }
    let mut size = 0;
    for part in parts.iter() {
        size += kept("an output", part.output)?.map_or(0, <[u8]>::len);
    }
    let most = settings::max_state_size().max(limits::MAX_BATCH_BYTES);
    if size > most {
        return Err(
            limits::too_large("result of the task", size, most).hint("Record it in several calls.")
        );
    }
    Ok(())
}

static LIST: Statement = Statement::new(
    "SELECT r.step_id, r.task_path, r.task_id, r.part, r.name, r.output, r.recorded_at
       FROM pg_catalog.unnest($3) WITH ORDINALITY AS s (step_id, n)
      CROSS JOIN LATERAL (
            SELECT w.step_id, w.task_path, w.task_id, w.part, w.name, w.output, w.recorded_at
              FROM wfstate.task_results AS w
             WHERE w.tenant {=} $1 AND w.execution_id {=} $2 AND w.step_id {=} s.step_id OFFSET 0) AS r
      ORDER BY s.n, r.task_path, r.task_id, r.part",
    &[Type::Text, Type::Text, Type::TextArray],
);

/// What the tasks of some steps have given, step by step.
pub fn list(key: Key<'_>, step_ids: &[String], mut each: impl FnMut(&Row<'_>)) {
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::TextArray(Some(step_ids))];
    LIST.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
}

static FORGET: Statement = Statement::new(
    "DELETE FROM wfstate.task_results AS r WHERE r.tenant {=} $1 AND r.execution_id {=} $2",
    &[Type::Text, Type::Text],
);
static FORGET_STEPS: Statement = Statement::new(
    "DELETE FROM wfstate.task_results AS r
      WHERE r.tenant {=} $1 AND r.execution_id {=} $2 AND r.step_id {=} ANY ($3)",
    &[Type::Text, Type::Text, Type::TextArray],
);

/// Removes what the tasks of some steps have given, or of all. Returns how many parts.
pub fn forget(key: Key<'_>, step_ids: Option<&[String]>) -> StateResult<u64> {
    // Before the results, as whoever deletes the execution does.
    executions::lock(key, Lock::Reference)?;
    let [tenant, id] = key_params(key);
    match step_ids {
        Some(steps) => FORGET_STEPS.run(Mode::Write, &[tenant, id, Param::TextArray(Some(steps))]),
        None => FORGET.run(Mode::Write, &[tenant, id]),
    }
}

/// What was recorded before the versions that are kept for their number or age. What a checkpoint or an open step may
/// still want stays, and so does whatever came since the head.
static PRUNE: Statement = Statement::new(
    "DELETE FROM wfstate.task_results AS r
      WHERE r.tenant {=} $1 AND r.execution_id {=} $2
        AND r.recorded_at {<} coalesce($5, 'infinity'::pg_catalog.timestamptz)
        AND r.recorded_at {<} (
            SELECT v.saved_at FROM wfstate.state_versions AS v
             WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {>} ($3 {-} coalesce($4, 1))
             ORDER BY v.version LIMIT 1)
        AND (SELECT true FROM wfstate.checkpoints AS c
              WHERE c.tenant {=} $1 AND c.execution_id {=} $2 AND c.name {=} r.step_id) IS NULL
        AND (SELECT true FROM wfstate.steps AS s
              WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND s.step_id {=} r.step_id
                AND s.status {=} ANY ('{running,failed}'::pg_catalog.text[])) IS NULL",
    &[
        Type::Text,
        Type::Text,
        Type::Int8,
        Type::Int8,
        Type::Timestamptz,
    ],
);

/// Removes what nothing needs any more of a locked execution whose history is being pruned.
pub fn prune(
    key: Key<'_>,
    head: i64,
    keep_last: Option<i64>,
    before: Option<i64>,
) -> StateResult<()> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(head)),
        Param::Int8(keep_last),
        Param::Timestamptz(before),
    ];
    PRUNE.run(Mode::Latest, &params)?;
    Ok(())
}

/// What is there already was recorded for the execution before it came.
static IMPORT: Statement = Statement::new(
    "INSERT INTO wfstate.task_results (tenant, execution_id, step_id, task_id, task_path, part, name, output, recorded_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (tenant, execution_id, step_id, task_id, part) DO NOTHING",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Int4,
        Type::Text,
        Type::Jsonb,
        Type::Timestamptz,
    ],
);

/// Writes a part that comes from elsewhere.
pub fn import(key: Key<'_>, result: &TaskResult<'_>) -> StateResult<()> {
    let output = result.output.map(raw).transpose()?;
    let [tenant, id, step] = step_params(key, result.step_id);
    let params = [
        tenant,
        id,
        step,
        Param::Text(Some(result.task_id)),
        Param::Text(Some(result.task_path)),
        Param::Int4(Some(result.part)),
        Param::Text(result.name),
        Param::Jsonb(kept("output", output.as_deref())?),
        Param::Timestamptz(Some(result.recorded_at)),
    ];
    IMPORT.run(Mode::Write, &params)?;
    Ok(())
}
