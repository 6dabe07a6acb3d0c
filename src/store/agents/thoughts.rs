//! `wfstate.thoughts`: what agents thought, did and saw.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::{self, Lock, key_params};

/// Thoughts of one execution, column by column; all columns are of the same length.
#[derive(Default)]
pub struct Thoughts<'a> {
    /// Steps that they belong to.
    pub step_ids: Vec<Option<&'a str>>,
    /// What was thought.
    pub thoughts: Vec<Option<&'a str>>,
    /// What was done.
    pub actions: Vec<Option<&'a str>>,
    /// What was seen.
    pub observations: Vec<Option<&'a str>>,
    /// What else belongs to them.
    pub data: Vec<Option<&'a [u8]>>,
    /// When they were, in the server's microseconds.
    pub recorded_at: Vec<Option<i64>>,
}

/// `unnest` of several arrays has no qualified form; the parser itself takes it from pg_catalog.
static RECORD: Statement = Statement::new(
    "INSERT INTO wfstate.thoughts AS t (tenant, execution_id, step_id, thought, action, observation, data, recorded_at)
     SELECT $1, $2, n.step_id, n.thought, n.action, n.observation, n.data,
            coalesce(n.recorded_at, pg_catalog.clock_timestamp())
       FROM unnest($3, $4, $5, $6, $7, $8) WITH ORDINALITY
         AS n (step_id, thought, action, observation, data, recorded_at, place)
      ORDER BY n.place
     RETURNING t.position, t.recorded_at",
    &[
        Type::Text,
        Type::Text,
        Type::TextArray,
        Type::TextArray,
        Type::TextArray,
        Type::TextArray,
        Type::JsonbArray,
        Type::TimestamptzArray,
    ],
);

/// Records thoughts; gives `each` position and time of them, in order.
pub fn record(
    key: Key<'_>,
    thoughts: &Thoughts<'_>,
    mut each: impl FnMut(&Row<'_>),
) -> StateResult<()> {
    // Against a deletion, which would leave them behind.
    executions::lock_existing(key, Lock::Reference)?;
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Texts(&thoughts.step_ids),
        Param::Texts(&thoughts.thoughts),
        Param::Texts(&thoughts.actions),
        Param::Texts(&thoughts.observations),
        Param::JsonbArray(&thoughts.data),
        Param::TimestamptzArray(&thoughts.recorded_at),
    ];
    RECORD.each(Mode::Write, &params, |row| {
        each(row);
        Ok(())
    })?;
    Ok(())
}

/// Planned for the values of each call, so that a step that is not given doesn't hide the index.
macro_rules! list {
    ($than:literal, $direction:literal) => {
        Statement::planned_each_time(
            concat!(
                "SELECT t.position, t.step_id, t.thought, t.action, t.observation, t.data, t.recorded_at
                   FROM wfstate.thoughts AS t
                  WHERE t.tenant {=} $1 AND t.execution_id {=} $2 AND ($3 IS NULL OR t.step_id {=} $3)
                    AND ($4 IS NULL OR t.position ",
                $than,
                " $4) ORDER BY t.position ",
                $direction,
                " LIMIT $5"
            ),
            &[Type::Text, Type::Text, Type::Text, Type::Int8, Type::Int8],
        )
    };
}
static OLDEST_FIRST: Statement = list!("{>}", "");
static NEWEST_FIRST: Statement = list!("{<}", "DESC");

/// Gives `each` a page.
pub fn list(
    key: Key<'_>,
    step_id: Option<&str>,
    newest_first: bool,
    after: Option<i64>,
    max_rows: i64,
    mut each: impl FnMut(&Row<'_>),
) -> StateResult<()> {
    executions::read_existing(key)?;
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(step_id),
        Param::Int8(after),
        Param::Int8(Some(max_rows)),
    ];
    let statement = match newest_first {
        true => &NEWEST_FIRST,
        false => &OLDEST_FIRST,
    };
    statement.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
    Ok(())
}
