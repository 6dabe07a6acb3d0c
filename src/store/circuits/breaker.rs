//! Circuit breakers: an event is decided on what is committed, and written under the lock of the circuit's row.
//!
//! A decision that changes nothing takes no lock and writes nothing: it is the one that an event just before
//! whatever goes on elsewhere would have got.

use crate::core::circuit::{Circuit, Event, Outcome, Policy, State, Verdict};
use crate::core::{Code, StateError, StateResult};
use crate::pg::attempt;
use crate::pg::spi::{Mode, now};
use crate::store::circuits::policies;
use crate::store::circuits::rows::{self as rows, Agent};
use crate::store::circuits::transitions;

/// What comes of an event: the answer, and whether it changed anything.
struct Decided {
    verdict: Verdict,
    changed: bool,
}

/// Whether a call to the agent may be made; takes a permit where those are counted.
pub fn allow(tenant: &str, agent_key: &str) -> StateResult<Verdict> {
    let agent = Agent {
        tenant,
        key: agent_key,
    };
    // Most calls end here. No policy has a say in these answers, so none is read.
    let simple = rows::state(agent)?.map_or(Some((State::Closed, None)), |(state, reset_at)| {
        let waits = reset_at.is_some_and(|at| at > now());
        (state != State::HalfOpen && (state != State::Open || waits)).then_some((state, reset_at))
    });
    if let Some((state, reset_at)) = simple {
        let open = state == State::Open;
        return Ok(Verdict {
            allowed: !open && state != State::ForcedOpen,
            state,
            retry_after: reset_at
                .filter(|_| open)
                .map(|at| at.saturating_sub(now()).max(0)),
        });
    }
    Ok(decide(agent, |_| Event::Allow, None)?.verdict)
}

/// Records how a call to the agent ended; returns what another call would be told.
pub fn record(
    tenant: &str,
    agent_key: &str,
    success: bool,
    duration: Option<f64>,
) -> StateResult<Verdict> {
    let agent = Agent {
        tenant,
        key: agent_key,
    };
    let event = |policy: &Policy| {
        Event::Record(Outcome {
            failed: !success,
            slow: policy.is_slow(duration),
        })
    };
    Ok(decide(agent, event, None)?.verdict)
}

/// Sets a state that was decided elsewhere; returns whether that changed anything.
pub fn save(
    tenant: &str,
    agent_key: &str,
    state: State,
    reset_at: Option<i64>,
    reason: Option<&str>,
) -> StateResult<bool> {
    let agent = Agent {
        tenant,
        key: agent_key,
    };
    let event = |_: &Policy| Event::Save(state, reset_at);
    Ok(decide(agent, event, reason)?.changed)
}

/// Closes a circuit and forgets what was recorded; returns whether there was anything to change.
pub fn reset(tenant: &str, agent_key: &str) -> StateResult<bool> {
    let agent = Agent {
        tenant,
        key: agent_key,
    };
    Ok(decide(agent, |_| Event::Reset, None)?.changed)
}

/// Half-opens the circuits that have waited long enough, but for those that others are working on.
pub fn recover(tenant: &str, max_rows: i64) -> StateResult<Vec<String>> {
    let due = rows::lock_due(tenant, max_rows)?;
    let mut recovered = Vec::with_capacity(due.len());
    for key in due {
        let agent = Agent { tenant, key: &key };
        // What somebody else is writing about it is not waited for.
        let decided = attempt::unless_locked(|| decide(agent, |_| Event::Recover, None))?;
        if decided.is_some_and(|decided| decided.changed) {
            recovered.push(key);
        }
    }
    Ok(recovered)
}

fn decide(
    agent: Agent<'_>,
    event: impl Fn(&Policy) -> Event,
    reason: Option<&str>,
) -> StateResult<Decided> {
    let policy = policies::effective(Mode::Latest, agent)?;
    let event = event(&policy);
    let mut circuit = rows::read(agent, &policy)?;
    let before = circuit.clone();
    let step = circuit.step(&policy, now(), event);
    if circuit == before {
        return Ok(Decided {
            verdict: step.verdict,
            changed: false,
        });
    }
    let (mut circuit, transitions) = locked(agent, &policy)?;
    let before = circuit.clone();
    // The lock may have taken a while, and the circuit be another one now.
    let now = now();
    let step = circuit.step(&policy, now, event);
    let changed = circuit != before;
    if changed {
        let last = transitions::add(agent, transitions, &step.transitions, reason)?;
        rows::write(agent, &circuit, last, now)?;
    }
    Ok(Decided {
        verdict: step.verdict,
        changed,
    })
}

/// The circuit under its lock, made where it is missing; and the number of its last transition.
fn locked(agent: Agent<'_>, policy: &Policy) -> StateResult<(Circuit, i64)> {
    if let Some(locked) = rows::lock(agent, policy)? {
        return Ok(locked);
    }
    // Of two sessions that make it, the second waits for the first and finds its row.
    rows::create(agent, &Circuit::new(policy), now())?;
    rows::lock(agent, policy)?.ok_or_else(|| {
        StateError::new(
            Code::ConcurrentModification,
            format!(
                "circuit of agent \"{}\" was removed concurrently",
                agent.key
            ),
        )
        .detail("Its row was deleted while it was being made.")
        .hint("Try again.")
    })
}
