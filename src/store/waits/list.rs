//! `wf_signals` and `wf_waits`.

use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::key_params;

static SIGNALS: Statement = Statement::new(
    "SELECT s.position, s.name, s.payload, s.idempotency_key, s.sent_by, s.sent_at, s.taken_by, s.taken_at
       FROM wfstate.signals AS s
      WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND ($3 IS NULL OR s.name {=} $3)
        AND ($4 IS NULL OR (s.taken_at IS NOT NULL) {=} $4) AND ($5 IS NULL OR s.position {>} $5)
      ORDER BY s.position LIMIT $6",
    &[
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Bool,
        Type::Int8,
        Type::Int8,
    ],
);

/// Gives `each` a page of an execution's signals.
pub fn signals(
    key: Key<'_>,
    (name, taken): (Option<&str>, Option<bool>),
    after: Option<i64>,
    max_rows: i64,
    mut each: impl FnMut(&Row<'_>),
) {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(name),
        Param::Bool(taken),
        Param::Int8(after),
        Param::Int8(Some(max_rows)),
    ];
    SIGNALS.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
}

static WAITS: Statement = Statement::new(
    "SELECT w.wait_id, w.kind, w.name, w.outcome, w.payload, w.begun_at, w.wake_at, w.ended_at
       FROM wfstate.waits AS w
      WHERE w.tenant {=} $1 AND w.execution_id {=} $2 AND w.wait_id {>} $3
      ORDER BY w.wait_id LIMIT $4",
    &[Type::Text, Type::Text, Type::Text, Type::Int8],
);

/// Gives `each` a page of an execution's waits.
pub fn waits(key: Key<'_>, after: Option<&str>, max_rows: i64, mut each: impl FnMut(&Row<'_>)) {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Text(Some(after.unwrap_or_default())),
        Param::Int8(Some(max_rows)),
    ];
    WAITS.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
}
