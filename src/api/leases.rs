//! Claiming executions, and holding them.

use super::arrays::{Numbers, Texts, names};
use super::{ids, interval, with_key};
use crate::core::{StateError, StateResult, limits};
use crate::pg::error::run;
use crate::pg::record::{jsonb, record, time};
use crate::pg::records::Records;
use crate::pg::spi::Interval;
use crate::store::execution::finish::Move;
use crate::store::queue::claim::{self, Call};
use crate::store::queue::list::{self, Filter, STATES};
use crate::store::queue::queues::Queue;
use crate::store::queue::{heartbeat, limits as bounds, release};
use crate::store::tenants::tenant;
use pgrx::prelude::*;

/// The longest lease: whoever needs more sends heartbeats.
fn duration(value: Option<pgrx::datum::Interval>) -> StateResult<Interval> {
    const DAY: i128 = 86_400_000_000;
    let value = limits::required("duration", interval(value))?;
    if (1..=DAY).contains(&value.in_micros()) && value.months == 0 {
        return Ok(value);
    }
    Err(StateError::invalid("duration is out of range")
        .detail("It must be more than nothing, and at most 1 day.")
        .hint("Claim for some seconds, and send wf_heartbeat meanwhile."))
}

#[pg_extern(sql = false)]
fn wf_claim<'a>(
    worker: Option<&'a str>,
    workflows: Texts<'a>,
    duration: Option<pgrx::datum::Interval>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        let workflows = workflows
            .map(|workflows| names("workflows", "a workflow", &workflows))
            .transpose()?;
        let max_rows = limits::rows("max_rows", max_rows)?;
        let call = Call {
            worker: limits::name("worker", worker)?,
            workflows: workflows.as_deref(),
            duration: self::duration(duration)?,
            max_rows: usize::try_from(max_rows).unwrap_or(1),
        };
        for claimed in claim::claim(&tenant::current()?, &call)? {
            let head = claimed.head;
            out.put(&record![
                claimed.execution_id,
                claimed.lease,
                time(claimed.expires_at),
                head.workflow,
                head.workflow_version,
                head.status,
                head.phase,
                head.version,
                jsonb(claimed.input),
                i32::try_from(claimed.claims).unwrap_or(i32::MAX),
            ]);
        }
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_heartbeat<'a>(
    execution_ids: Texts<'a>,
    leases: Numbers<'a>,
    duration: Option<pgrx::datum::Interval>,
) -> Records<'a> {
    Records::written(move |out| {
        let ids = ids("execution_ids", execution_ids)?;
        let leases = limits::required("leases", leases)?;
        if leases.count() != ids.len() {
            return Err(
                StateError::invalid("arrays must have the same number of elements")
                    .detail(format!(
                        "There are {} execution_ids, but {} leases.",
                        ids.len(),
                        leases.count()
                    ))
                    .hint("Give one lease for each execution."),
            );
        }
        let leases = leases.read("leases", limits::MAX_BATCH)?;
        let paired = ids.into_iter().zip(leases).map(|(id, lease)| {
            let lease = limits::required("a lease", lease)?;
            Ok::<_, StateError>((id, lease))
        });
        let leases = paired.collect::<StateResult<Vec<_>>>()?;
        let duration = self::duration(duration)?;
        let held = heartbeat::beat(&tenant::current()?, &leases, duration)?;
        for ((id, _), expires_at) in leases.into_iter().zip(held) {
            out.put(&record![id, expires_at.is_some(), time(expires_at)]);
        }
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_release(
    execution_id: Option<&str>,
    lease: Option<i64>,
    delay: Option<pgrx::datum::Interval>,
    note: Option<&str>,
) -> i64 {
    run(|| {
        with_key(execution_id, |key| {
            let lease = limits::required("lease", lease)?;
            let delay: Option<Interval> = interval(delay);
            if let Some(delay) = delay {
                limits::age("delay", delay.months, delay.days, delay.micros)?;
            }
            let call = Move {
                key,
                expected: None,
                note: limits::note(note)?,
            };
            release::release(call, lease, delay)
        })
    })
}

#[pg_extern(sql = false)]
fn wf_leases<'a>(
    workflow: Option<&'a str>,
    worker: Option<&'a str>,
    state: Option<&'a str>,
    execution_id: Option<&'a str>,
    after: Option<&'a str>,
    max_rows: Option<i32>,
) -> Records<'a> {
    Records::written(move |out| {
        if let Some(state) = state.filter(|state| !STATES.contains(state)) {
            return Err(limits::unknown("state", state, &STATES));
        }
        let filter = Filter {
            workflow: limits::optional_name("workflow", workflow)?,
            worker: limits::optional_name("worker", worker)?,
            state,
            execution_id: limits::optional_name("execution_id", execution_id)?,
            after,
            max_rows: limits::max_rows(max_rows)?,
        };
        list::list(&tenant::current()?, &filter, |row| {
            out.put(&record![
                row.text(0),
                row.text(1),
                row.text(2),
                row.int4(3),
                row.text(4),
                row.int8(5),
                time(row.micros(6)),
                time(row.micros(7)),
                time(row.micros(8)),
                row.int4(9),
                row.text(10),
            ]);
        });
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn wf_set_limits(
    workflow: Option<&str>,
    max_running: Option<i32>,
    max_per_key: Option<i32>,
    max_claims: Option<i32>,
) {
    run(|| {
        let limit = |name: &str, value| limits::within_range(name, value, (1, i32::MAX));
        let queue = Queue {
            lanes: 0,
            max_running: limit("max_running", max_running)?,
            max_per_key: limit("max_per_key", max_per_key)?,
            max_claims: limit("max_claims", max_claims)?,
        };
        let workflow = limits::name("workflow", workflow)?;
        bounds::set(&tenant::current()?, workflow, &queue)
    });
}

#[pg_extern(sql = false)]
fn wf_limits(workflow: Option<&str>) -> Records<'_> {
    Records::written(move |out| {
        let workflow = limits::optional_name("workflow", workflow)?;
        bounds::list(&tenant::current()?, workflow, |row| {
            out.put(&record![
                row.text(0),
                row.int4(1),
                row.int4(2),
                row.int4(3),
                row.int8(4),
            ]);
        });
        Ok(())
    })
}
