//! The first executions of a lane, locked for whoever claims them.

use crate::core::StateResult;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::log::executions::{HEAD_COLUMNS, Head, head_columns, head_from};
use crate::store::queue::marks::{self, Lane};
use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::time::Instant;

/// A lane that has something, from which ticket on.
#[derive(PartialEq, Eq)]
pub(super) struct First {
    pub lane: Lane,
    pub ticket: i64,
}

/// The highest lane comes first, then the one whose first is the oldest.
impl Ord for First {
    fn cmp(&self, other: &Self) -> Ordering {
        let of = |first: &First| (Reverse(first.lane.1), first.ticket);
        of(self)
            .cmp(&of(other))
            .then_with(|| self.lane.cmp(&other.lane))
    }
}

impl PartialOrd for First {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

static FIRST: Statement = Statement::new(
    "SELECT w.workflow, w.lane, (SELECT l.ticket FROM wfstate.leases AS l
              WHERE l.tenant {=} wfstate.current_tenant() AND l.workflow {=} w.workflow
                AND l.lane {=} w.lane::pg_catalog.int2 AND l.state {=} 'ready' AND l.ticket {>=} w.ticket
              ORDER BY l.ticket LIMIT 1) AS ticket
       FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4))
            AS w (workflow, lane, ticket)",
    &[
        Type::Text,
        Type::TextArray,
        Type::Int8Array,
        Type::Int8Array,
    ],
);

/// The lanes that have something.
pub(super) fn first(
    tenant: &str,
    lanes: &[Lane],
    passed: &HashMap<Lane, i64>,
    whole: bool,
) -> StateResult<Vec<First>> {
    let from: Vec<i64> = lanes
        .iter()
        .map(|lane| match whole {
            true => i64::MIN,
            false => marks::from(tenant, lane),
        })
        .collect();
    let begun = Instant::now();
    let workflows: Vec<Option<&str>> = lanes.iter().map(|(name, _)| Some(name.as_str())).collect();
    let numbers: Vec<Option<i64>> = lanes.iter().map(|(_, n)| Some(i64::from(*n))).collect();
    let tickets = from.iter().zip(lanes).map(|(from, lane)| {
        let passed = passed.get(lane).copied();
        Some(passed.map_or(*from, |passed| passed.max(*from)))
    });
    let tickets: Vec<Option<i64>> = tickets.collect();
    let params = [
        Param::Text(Some(tenant)),
        Param::Texts(&workflows),
        Param::Int8Array(&numbers),
        Param::Int8Array(&tickets),
    ];
    let tickets = FIRST.all(Mode::Write, &params, |row| Ok(row.int8(2)))?;
    let took = begun.elapsed();
    let mut found = Vec::new();
    for ((lane, read_from), ticket) in lanes.iter().zip(from).zip(tickets) {
        match ticket {
            // What this call has passed over is not behind the mark.
            Some(ticket) if passed.contains_key(lane) => {
                let lane = lane.clone();
                found.push(First { lane, ticket });
            }
            Some(ticket) => {
                marks::begins(tenant, lane, read_from, ticket, took);
                let lane = lane.clone();
                found.push(First { lane, ticket });
            }
            // Nothing is there: what comes has a higher ticket than anything that this session has seen.
            None if read_from == i64::MIN => {
                marks::begins(tenant, lane, read_from, marks::from(tenant, lane), took);
            }
            None => {}
        }
    }
    Ok(found)
}

/// An execution that is ready, locked with its head.
pub(super) struct Ready {
    pub execution_id: String,
    pub ticket: i64,
    pub concurrency_key: Option<String>,
    pub claims: i64,
    pub claimed_version: Option<i64>,
    pub claimed_at: Option<i64>,
    pub worker: Option<String>,
    /// What it was started with, where that is small.
    pub input: Option<Vec<u8>>,
    /// Whether it was started with more.
    pub has_input: bool,
    pub head: Head,
}

/// What was found of a lane.
pub(super) struct Taken {
    /// Those that nobody else has locked, the oldest first.
    pub ready: Vec<Ready>,
    /// Where the look at the lane has ended.
    pub last: Option<i64>,
    /// Whether the heads of some were locked.
    pub has_missed: bool,
}

/// The heads one by one, by their ids: of a tenant that the statistics hardly know, the planner would read all of them
/// to find some.
static TAKE: Statement = Statement::new(
    concat!(
        "WITH place AS MATERIALIZED (
  SELECT l.execution_id, l.ticket, l.concurrency_key, l.claims, l.claimed_version, l.claimed_at, l.worker
    FROM wfstate.leases AS l
   WHERE l.tenant {=} wfstate.current_tenant() AND l.workflow {=} $2 AND l.lane {=} $3::pg_catalog.int2
     AND l.state {=} 'ready' AND l.ticket {>=} $4 AND l.ticket {<} $5
   ORDER BY l.ticket LIMIT $6
     FOR UPDATE SKIP LOCKED
)
SELECT h.*, p.execution_id, p.ticket, p.concurrency_key, p.claims, p.claimed_version, p.claimed_at, p.worker, r.input,
       coalesce(r.has_input, false) AS has_input
  FROM place AS p
  LEFT JOIN LATERAL (
       SELECT ",
        head_columns!(),
        ", true AS is_free FROM wfstate.executions AS e
        WHERE e.tenant {=} wfstate.current_tenant() AND e.execution_id {=} p.execution_id OFFSET 0
          FOR NO KEY UPDATE SKIP LOCKED) AS h ON true
  LEFT JOIN LATERAL (
       SELECT CASE WHEN pg_catalog.pg_column_size(r.input) {<=} 8192 THEN r.input END AS input,
              pg_catalog.pg_column_size(r.input) {>} 8192 AS has_input
         FROM wfstate.runs AS r
        WHERE r.tenant {=} wfstate.current_tenant() AND r.execution_id {=} p.execution_id OFFSET 0) AS r ON true"
    ),
    &[
        Type::Text,
        Type::Text,
        Type::Int4,
        Type::Int8,
        Type::Int8,
        Type::Int8,
    ],
);

/// The first of a lane that nobody else has locked, below a ticket.
pub(super) fn take(tenant: &str, from: &First, below: i64, most: usize) -> StateResult<Taken> {
    let params = [
        Param::Text(Some(tenant)),
        Param::Text(Some(&from.lane.0)),
        Param::Int4(Some(i64::from(from.lane.1))),
        Param::Int8(Some(from.ticket)),
        Param::Int8(Some(below)),
        Param::Int8(Some(i64::try_from(most).unwrap_or(i64::MAX))),
    ];
    const PLACE: usize = HEAD_COLUMNS + 1;
    let found = TAKE.all(Mode::Write, &params, |row| {
        let ready = Ready {
            head: head_from(row, 0),
            execution_id: row.text(PLACE).unwrap_or_default(),
            ticket: row.int8(PLACE + 1).unwrap_or_default(),
            concurrency_key: row.text(PLACE + 2),
            claims: row.int4(PLACE + 3).map_or(0, i64::from),
            claimed_version: row.int8(PLACE + 4),
            claimed_at: row.micros(PLACE + 5),
            worker: row.text(PLACE + 6),
            input: row.jsonb(PLACE + 7),
            has_input: row.bool(PLACE + 8).unwrap_or_default(),
        };
        Ok((ready, row.bool(HEAD_COLUMNS).unwrap_or_default()))
    })?;
    let last = found.iter().map(|(ready, _)| ready.ticket).max();
    let has_missed = found.iter().any(|(_, is_free)| !is_free);
    let free = found.into_iter().filter(|(_, is_free)| *is_free);
    let mut ready: Vec<Ready> = free.map(|(ready, _)| ready).collect();
    ready.sort_by_key(|ready| ready.ticket);
    Ok(Taken {
        ready,
        last,
        has_missed,
    })
}
