//! Pages of what repairs have left, and how it is forgotten.

use crate::core::StateResult;
use crate::pg::spi::{Interval, Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::ages::before;
use crate::store::log::executions::key_params;

const PAGE: &[Type] = &[Type::Text, Type::Text, Type::Int8, Type::Int8];
static RECOVERIES: Statement = Statement::new(
    "SELECT r.recovery_no, r.action, r.version, r.target_version, r.reason, r.lost_count, r.lost_from, r.lost_to,
            r.recovered_by, r.recovered_at
       FROM wfstate.recoveries AS r
      WHERE r.tenant {=} $1 AND r.execution_id {=} $2 AND r.recovery_no {>} coalesce($3, 0)
      ORDER BY r.recovery_no LIMIT $4",
    PAGE,
);
static QUARANTINED: Statement = Statement::new(
    "SELECT q.version, q.recovery_no, q.reason, q.patch, q.snapshot, q.quarantined_at
       FROM wfstate.quarantine AS q
      WHERE q.tenant {=} $1 AND q.execution_id {=} $2 AND q.version {>} coalesce($3, 0)
      ORDER BY q.version LIMIT $4",
    PAGE,
);

fn page(
    statement: &Statement,
    key: Key<'_>,
    after: Option<i64>,
    max_rows: i64,
    mut each: impl FnMut(&Row<'_>),
) {
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Int8(after), Param::Int8(Some(max_rows))];
    statement.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
}

/// A page of the repairs of an execution, the oldest first.
pub fn recoveries(key: Key<'_>, after: Option<i64>, max_rows: i64, each: impl FnMut(&Row<'_>)) {
    page(&RECOVERIES, key, after, max_rows, each);
}

/// A page of what is in quarantine of an execution, by version.
pub fn quarantined(key: Key<'_>, after: Option<i64>, max_rows: i64, each: impl FnMut(&Row<'_>)) {
    page(&QUARANTINED, key, after, max_rows, each);
}

static RELEASE: Statement = Statement::new(
    "DELETE FROM wfstate.quarantine AS q WHERE q.tenant {=} $1 AND q.execution_id {=} $2 AND q.version {=} $3",
    &[Type::Text, Type::Text, Type::Int8],
);

/// Forgets a version in quarantine; false when there is none.
pub fn release(key: Key<'_>, version: i64) -> StateResult<bool> {
    let [tenant, id] = key_params(key);
    Ok(RELEASE.run(Mode::Write, &[tenant, id, Param::Int8(Some(version))])? > 0)
}

static PRUNE_RECOVERIES: Statement = Statement::new(
    "DELETE FROM wfstate.recoveries AS r
      WHERE r.ctid {=} ANY (ARRAY(
            SELECT w.ctid FROM wfstate.recoveries AS w WHERE w.tenant {=} $1 AND w.recovered_at {<} $2
             ORDER BY w.recovered_at LIMIT $3 FOR UPDATE SKIP LOCKED))",
    &[Type::Text, Type::Timestamptz, Type::Int8],
);
static PRUNE_QUARANTINE: Statement = Statement::new(
    "DELETE FROM wfstate.quarantine AS q
      WHERE q.ctid {=} ANY (ARRAY(
            SELECT w.ctid FROM wfstate.quarantine AS w WHERE w.tenant {=} $1 AND w.quarantined_at {<} $2
             ORDER BY w.quarantined_at LIMIT $3 FOR UPDATE SKIP LOCKED))",
    &[Type::Text, Type::Timestamptz, Type::Int8],
);

/// Forgets what is older than an age, the oldest first, as many of each as a batch may have. Returns how many
/// recoveries and how many versions in quarantine.
pub fn prune(tenant: &str, older_than: Interval, max_rows: i64) -> StateResult<(i64, i64)> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Timestamptz(before(Some(older_than))?),
        Param::Int8(Some(max_rows)),
    ];
    let recoveries = PRUNE_RECOVERIES.run(Mode::Write, &params)?;
    let quarantined = PRUNE_QUARANTINE.run(Mode::Write, &params)?;
    Ok((recoveries.cast_signed(), quarantined.cast_signed()))
}
