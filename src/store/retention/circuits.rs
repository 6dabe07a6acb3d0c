//! Closed circuits that were not written since, with their transitions: an agent without a row has a closed circuit.

use crate::core::StateResult;
use crate::pg::attempt;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::retention::progress::{self, Place, Walked};
use crate::store::retention::{Done, Wanted};

/// In the order of the key: an index by age would cost every outcome an entry.
static PAGE: Statement = Statement::new(
    "SELECT c.agent_key, c.state {=} 'closed' AND c.updated_at {<} $3 AS is_old
       FROM wfstate.circuits AS c WHERE c.tenant {=} $1 AND c.agent_key {>} $2
      ORDER BY c.agent_key LIMIT $4",
    &[Type::Text, Type::Text, Type::Timestamptz, Type::Int8],
);
static REMOVE: Statement = Statement::new(
    "WITH old AS MATERIALIZED (
  SELECT f.ctid AS place, f.agent_key FROM pg_catalog.unnest($2) AS u (id)
   CROSS JOIN LATERAL (
         SELECT c.ctid, c.agent_key FROM wfstate.circuits AS c
          WHERE c.tenant {=} $1 AND c.agent_key {=} u.id AND c.state {=} 'closed' AND c.updated_at {<} $3
         OFFSET 0 FOR UPDATE SKIP LOCKED) AS f
), trail AS (
  DELETE FROM wfstate.circuit_transitions AS t
   WHERE t.ctid {=} ANY (ARRAY(
         SELECT f.ctid FROM old AS o
          CROSS JOIN LATERAL (SELECT w.ctid FROM wfstate.circuit_transitions AS w
                               WHERE w.tenant {=} $1 AND w.agent_key {=} o.agent_key OFFSET 0) AS f))
)
DELETE FROM wfstate.circuits AS c WHERE c.ctid {=} ANY (ARRAY(SELECT o.place FROM old AS o))",
    &[Type::Text, Type::TextArray, Type::Timestamptz],
);

pub(super) fn clean(wanted: &Wanted<'_>) -> StateResult<Done> {
    progress::walk(wanted, "circuits", |from| batch(wanted, from))
}

/// Removes some without those that somebody has locked, or whose transitions.
fn remove(wanted: &Wanted<'_>, old: &[String]) -> StateResult<i64> {
    let mut removed = 0;
    let work = |old: &[String]| {
        let params = [
            Param::Text(Some(wanted.tenant)),
            Param::TextArray(Some(old)),
            Param::Timestamptz(wanted.before),
        ];
        // Below row-level security no row is found by where it lies.
        as_owner(|| REMOVE.run(Mode::Latest, &params))
    };
    attempt::without_locked(old, work, |count| removed += count.cast_signed())?;
    Ok(removed)
}

fn batch(wanted: &Wanted<'_>, mut from: Place) -> StateResult<Walked> {
    let own = || Param::Text(Some(wanted.tenant));
    let mut done = Done::default();
    let mut left = wanted.looks();
    while left > 0 && done.removed < wanted.batch {
        let most = (wanted.batch - done.removed).min(left);
        let params = [
            own(),
            Param::Text(Some(&from.key)),
            Param::Timestamptz(wanted.before),
            Param::Int8(Some(most)),
        ];
        let mode = if wanted.dry_run {
            Mode::Read
        } else {
            Mode::Latest
        };
        let page = PAGE.all(mode, &params, |row| {
            Ok((row.text(0).unwrap_or_default(), row.bool(1) == Some(true)))
        })?;
        let old: Vec<String> = page
            .iter()
            .filter(|(_, is_old)| *is_old)
            .map(|(key, _)| key.clone())
            .collect();
        done.removed += match (old.len(), wanted.dry_run) {
            (0, _) => 0,
            (count, true) => i64::try_from(count).unwrap_or_default(),
            (_, false) => remove(wanted, &old)?,
        };
        let read = i64::try_from(page.len()).unwrap_or(i64::MAX);
        left -= read;
        if read < most {
            return Ok(Walked { done, place: None });
        }
        if let Some((key, _)) = page.into_iter().next_back() {
            from.key = key;
        }
    }
    Ok(Walked {
        done,
        place: Some(from),
    })
}
