//! Gathers a report.

use super::counts::{self, Scope};
use super::{slow, story};
use crate::core::StateResult;
use crate::core::circuit::State;
use crate::core::report::{
    self, AgentFigures, CircuitFigures, Operation, Report, SavedVersion, Seen, Window,
};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::circuits::list::{self, Listed};
use crate::store::history::page;
use crate::store::routing::statistics;

/// Spans of an execution.
const MOST_SPANS: i64 = 200;
/// Versions that are shown with their changes; one more tells whether there are others.
const MOST_VERSIONS: i64 = 30;
/// Changes of one version.
const MOST_CHANGES: i64 = 20;
/// Bytes of a version's changes beyond which they are not shown.
const MOST_BYTES: usize = 256 << 10;
/// Circuits that are not closed, as far as they are counted.
const MOST_CIRCUITS: i64 = 1000;

/// What a report is about.
pub struct Query<'a> {
    /// Only of this workflow.
    pub workflow: Option<&'a str>,
    /// With this execution.
    pub execution_id: Option<&'a str>,
    /// From when on, in the server's microseconds.
    pub since: Option<i64>,
    /// Up to when.
    pub until: Option<i64>,
    /// Rows of a list.
    pub max_rows: i64,
}

/// The page.
pub fn page(tenant: &str, query: &Query<'_>) -> StateResult<String> {
    let now = counts::now()?;
    let window = Window::new(query.since, query.until, now)?;
    let scope = Scope {
        tenant,
        workflow: query.workflow,
        window,
        max_rows: query.max_rows,
    };
    let execution = query
        .execution_id
        .map(|id| seen(Key { tenant, id }))
        .transpose()?;
    let (counts, counts_cut) = counts::started(&scope)?;
    let (standing, standing_cut) = counts::standing(&scope)?;
    let (queue, queue_cut) = counts::queue(&scope)?;
    let (agents, more_agents) = agents(&scope);
    let (circuits, open_circuits) = circuits(&scope)?;
    let (steps, sampled) = slow::slowest(&scope)?;
    Ok(report::page(&Report {
        tenant: tenant.to_owned(),
        workflow: query.workflow.map(str::to_owned),
        now,
        window,
        counts,
        counts_cut,
        standing,
        standing_cut,
        queue,
        queue_cut,
        agents,
        more_agents,
        circuits,
        open_circuits,
        steps,
        sampled,
        failures: counts::failures(&scope)?,
        execution,
    }))
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Those with the most tasks, and how many there are besides. No more than twice as many are held.
fn agents(scope: &Scope<'_>) -> (Vec<AgentFigures>, usize) {
    let most = usize::try_from(scope.max_rows).unwrap_or(usize::MAX);
    let mut held: Vec<AgentFigures> = Vec::new();
    let mut all = 0;
    let keep = |held: &mut Vec<AgentFigures>| {
        held.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.agent.cmp(&b.agent)));
        held.truncate(most);
    };
    let query = statistics::Query {
        agent: None,
        task_type: None,
        since: Some(scope.window.from),
        until: Some(scope.window.to),
        after: None,
        max_rows: None,
    };
    statistics::sum(scope.tenant, &query, |agent| {
        all += 1;
        held.push(AgentFigures {
            agent: agent.agent,
            total: count(agent.summary.total()),
            failed: count(agent.summary.failed()),
            rate: agent.summary.success_rate().unwrap_or_default(),
            p50: agent.summary.percentile(0.5),
            p95: agent.summary.percentile(0.95),
        });
        if held.len() >= most.saturating_mul(2) {
            keep(&mut held);
        }
    });
    keep(&mut held);
    let more = all - held.len();
    (held, more)
}

fn figures(row: Listed) -> CircuitFigures {
    let counts = row.circuit.window.counts(row.now);
    CircuitFigures {
        agent_key: row.agent_key,
        state: row.circuit.state.as_str(),
        calls: i64::from(counts.calls),
        failure_rate: counts.failure_rate(),
        opened: row.circuit.opened_at,
        reset: row
            .circuit
            .reset_at
            .filter(|_| row.circuit.state == State::Open),
        transitions: row.transitions,
    }
}

/// Those that are not closed, then others; and how many are not closed.
fn circuits(scope: &Scope<'_>) -> StateResult<(Vec<CircuitFigures>, usize)> {
    let most = usize::try_from(scope.max_rows).unwrap_or(usize::MAX);
    let open = [State::Open, State::HalfOpen, State::ForcedOpen];
    let mut circuits = Vec::new();
    let mut open_circuits = 0;
    list::page(
        scope.tenant,
        &open,
        None,
        scope.max_rows.max(MOST_CIRCUITS),
        |row| {
            open_circuits += 1;
            if circuits.len() < most {
                circuits.push(figures(row));
            }
        },
    )?;
    let rest = [State::Closed, State::Disabled, State::MetricsOnly];
    let left = scope.max_rows - count(circuits.len() as u64);
    if left > 0 {
        list::page(scope.tenant, &rest, None, left, |row| {
            circuits.push(figures(row))
        })?;
    }
    Ok((circuits, open_circuits))
}

fn seen(key: Key<'_>) -> StateResult<Seen> {
    let found = story::read(key, MOST_SPANS)?;
    let mut versions = Vec::new();
    for entry in page::page(key, None, MOST_VERSIONS + 1, true)? {
        let entry = entry?;
        let (changes, more) = match &entry.changes {
            Some(changes) if changes.len() <= MOST_BYTES => {
                let (shown, more) = operations(changes)?;
                (Some(shown), more)
            }
            _ => (None, 0),
        };
        versions.push(SavedVersion {
            version: entry.version,
            kind: entry.kind,
            status: entry.status,
            phase: entry.phase,
            step_id: entry.step_id,
            note: entry.note,
            saved_by: entry.saved_by,
            at: entry.saved_at.unwrap_or_default(),
            changes,
            more,
        });
    }
    let most = usize::try_from(MOST_VERSIONS).unwrap_or(usize::MAX);
    let has_older = versions.len() > most;
    versions.truncate(most);
    Ok(Seen {
        story: found.story,
        phase: found.phase,
        initiated_by: found.initiated_by,
        error: found.error,
        versions,
        has_older,
    })
}

static OPERATIONS: Statement = Statement::new(
    "SELECT pg_catalog.jsonb_extract_path_text(o.change, 'op'),
            pg_catalog.left(pg_catalog.jsonb_extract_path_text(o.change, 'path'), 500),
            pg_catalog.left(coalesce(pg_catalog.jsonb_extract_path(o.change, 'value')::pg_catalog.text,
                                     pg_catalog.jsonb_extract_path_text(o.change, 'from')), 500),
            pg_catalog.jsonb_array_length($1)
       FROM pg_catalog.jsonb_array_elements($1) WITH ORDINALITY AS o(change, place)
      ORDER BY o.place LIMIT $2",
    &[Type::Jsonb, Type::Int8],
);

/// The first changes of a patch, and how many there are besides.
fn operations(changes: &[u8]) -> StateResult<(Vec<Operation>, i64)> {
    let mut all = 0;
    let mut shown = Vec::new();
    let params = [Param::Jsonb(Some(changes)), Param::Int8(Some(MOST_CHANGES))];
    OPERATIONS.each(Mode::Read, &params, |row| {
        all = row.int4(3).map_or(0, i64::from);
        shown.push(Operation {
            op: row.text(0).unwrap_or_default(),
            path: row.text(1).unwrap_or_default(),
            value: row.text(2),
        });
        Ok(())
    })?;
    let more = all - count(shown.len() as u64);
    Ok((shown, more))
}
