//! `wf_changes`: what has changed, up to the oldest transaction that is still running.

use crate::core::{StateError, StateResult, limits};
use crate::pg::spi::{Interval, Mode, Param, Row, Statement, Type};
use crate::store::ages;
use crate::store::feed::feeds;

static LIST: Statement = Statement::new(
    "SELECT c.kind, c.execution_id, c.number, c.name, c.status, c.changed_at,
            pg_catalog.concat_ws('.', c.era, c.xid, c.position) AS cursor
       FROM wfstate.changes AS c
      WHERE c.tenant {=} $1
        AND ROW(c.era, c.xid, c.position) {>} ROW($2, $3::pg_catalog.xid8, $4)
        AND (c.era {<} $5
             OR c.xid {<} pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()))
      ORDER BY c.era, c.xid, c.position LIMIT $6",
    &[
        Type::Text,
        Type::Int4,
        Type::Text,
        Type::Int8,
        Type::Int4,
        Type::Int8,
    ],
);

/// Where a page comes after: era, transaction, position.
fn place(cursor: Option<&str>) -> StateResult<(i64, u64, i64)> {
    let Some(cursor) = cursor else {
        return Ok((0, 0, 0));
    };
    let mut parts = cursor.split('.');
    let mut next = || {
        parts
            .next()
            .filter(|part| part.bytes().all(|b| b.is_ascii_digit()))
    };
    let (era, xid, position) = (next(), next(), next());
    let era = era.and_then(|part| part.parse::<i32>().ok());
    let xid = xid.and_then(|part| part.parse().ok());
    let position = position.and_then(|part| part.parse().ok());
    match (era, xid, position, parts.next()) {
        (Some(era), Some(xid), Some(position), None) => Ok((i64::from(era), xid, position)),
        _ => Err(
            StateError::invalid(format!("after {} is not a cursor", limits::quoted(cursor)))
                .hint("Pass the column cursor of the last row of the page before."),
        ),
    }
}

/// Gives `each` a page.
pub fn list(
    tenant: &str,
    after: Option<&str>,
    max_rows: i64,
    mut each: impl FnMut(&Row<'_>),
) -> StateResult<()> {
    let (era, xid, position) = place(after)?;
    let xid = xid.to_string();
    let params = [
        Param::Text(Some(tenant)),
        Param::Int4(Some(era)),
        Param::Text(Some(&xid)),
        Param::Int8(Some(position)),
        Param::Int4(Some(i64::from(feeds::running_era(tenant)))),
        Param::Int8(Some(max_rows)),
    ];
    LIST.receive(Mode::Read, &params, |row| {
        each(row);
        Ok(())
    });
    Ok(())
}

static PRUNE: Statement = Statement::new(
    "DELETE FROM wfstate.changes AS c WHERE c.tenant {=} $1 AND c.changed_at {<} $2",
    &[Type::Text, Type::Timestamptz],
);

/// Removes what is older. Returns how many.
pub fn prune(tenant: &str, older_than: Interval) -> StateResult<u64> {
    let before = ages::before(Some(older_than))?;
    PRUNE.run(
        Mode::Latest,
        &[Param::Text(Some(tenant)), Param::Timestamptz(before)],
    )
}
