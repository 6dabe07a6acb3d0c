//! The circuit breaker's state machine against what resilience4j documents, case by case.

use wfstate_core_tests::core::circuit::*;

pub const SECOND: i64 = 1_000_000;

pub fn ok() -> Event {
    ended(false, false)
}

pub fn failed() -> Event {
    ended(true, false)
}

pub fn ended(failed: bool, slow: bool) -> Event {
    Event::Record(Outcome { failed, slow })
}

/// Ten calls, of which six decide; two trial calls.
fn policy() -> Policy {
    Policy {
        window_size: 10,
        minimum_calls: 6,
        half_open_permits: 2,
        ..Policy::default()
    }
}

/// A circuit and its clock, which stands still unless it is moved.
struct Bench {
    policy: Policy,
    circuit: Circuit,
    now: i64,
    log: Vec<Transition>,
}

impl Bench {
    fn new(policy: Policy) -> Bench {
        Bench {
            policy,
            circuit: Circuit::new(&policy),
            now: 800_000_000 * SECOND,
            log: Vec::new(),
        }
    }

    fn on(&mut self, event: Event) -> Verdict {
        let step = self.circuit.step(&self.policy, self.now, event);
        self.log.extend(step.transitions);
        step.verdict
    }

    fn times(&mut self, count: usize, event: Event) -> Verdict {
        (0..count).map(|_| self.on(event)).last().unwrap()
    }

    fn moves(&self) -> Vec<(State, State, Reason)> {
        self.log.iter().map(|t| (t.from, t.to, t.reason)).collect()
    }
}

fn opened(policy: Policy) -> Bench {
    let mut bench = Bench::new(policy);
    bench.on(Event::Save(State::Open, None));
    bench
}

fn half_open(policy: Policy) -> Bench {
    let mut bench = Bench::new(policy);
    bench.on(Event::Save(State::HalfOpen, None));
    bench
}

#[test]
fn opens_at_the_failure_rate_and_not_below() {
    let mut bench = Bench::new(policy());
    bench.times(4, ok());
    assert_eq!(bench.times(3, failed()).state, State::Closed);
    // Four of eight: exactly half.
    let verdict = bench.on(failed());
    assert_eq!(
        verdict,
        Verdict {
            allowed: false,
            state: State::Open,
            retry_after: Some(60 * SECOND)
        }
    );
    assert_eq!(
        bench.moves(),
        [(State::Closed, State::Open, Reason::FailureRate)]
    );
    let counts = bench.log.first().unwrap().counts;
    assert_eq!((counts.calls, counts.failures, counts.slow), (8, 4, 0));
    assert_eq!(bench.circuit.opened_at, Some(bench.now));
}

#[test]
fn decides_nothing_below_the_minimum() {
    let mut bench = Bench::new(policy());
    assert_eq!(bench.times(5, failed()).state, State::Closed);
    // The sixth call decides, though it succeeded.
    assert_eq!(bench.on(ok()).state, State::Open);
}

#[test]
fn the_minimum_of_a_count_window_is_its_size_at_most() {
    let mut bench = Bench::new(Policy {
        minimum_calls: 1000,
        ..policy()
    });
    assert_eq!(bench.times(9, failed()).state, State::Closed);
    assert_eq!(bench.on(failed()).state, State::Open);
}

#[test]
fn the_minimum_of_a_time_window_stays() {
    let mut bench = Bench::new(Policy {
        minimum_calls: 1000,
        window_kind: Kind::Time,
        ..policy()
    });
    assert_eq!(bench.times(999, failed()).state, State::Closed);
    assert_eq!(bench.on(failed()).state, State::Open);
}

#[test]
fn old_outcomes_leave_a_count_window() {
    let mut bench = Bench::new(policy());
    bench.times(2, failed());
    bench.times(8, ok());
    // Ten more push the two failures out: four new ones of ten do not open it.
    bench.times(6, ok());
    assert_eq!(bench.times(4, failed()).state, State::Closed);
    assert_eq!(bench.on(failed()).state, State::Open);
}

#[test]
fn old_outcomes_leave_a_time_window() {
    let mut bench = Bench::new(Policy {
        window_kind: Kind::Time,
        ..policy()
    });
    bench.times(5, failed());
    bench.now += 9 * SECOND;
    assert_eq!(
        bench.circuit.window.counts(bench.now),
        Counts {
            calls: 5,
            failures: 5,
            slow: 0
        }
    );
    bench.now += SECOND;
    assert_eq!(bench.circuit.window.counts(bench.now), Counts::default());
    assert_eq!(bench.times(5, ok()).state, State::Closed);
    // Five failures in six calls, had the first five stayed.
    assert_eq!(bench.on(failed()).state, State::Closed);
}

#[test]
fn slow_calls_open_it_whether_they_fail_or_not() {
    let mut bench = Bench::new(Policy {
        slow_call_rate: 0.5,
        failure_rate: 1.0,
        ..policy()
    });
    bench.times(3, ok());
    bench.times(2, ended(false, true));
    assert_eq!(bench.on(ended(true, true)).state, State::Open);
    assert_eq!(
        bench.moves(),
        [(State::Closed, State::Open, Reason::SlowCallRate)]
    );
}

#[test]
fn a_call_is_slow_when_it_takes_longer_than_the_duration() {
    let policy = policy();
    assert!(!policy.is_slow(None));
    assert!(!policy.is_slow(Some(0.0)));
    assert!(!policy.is_slow(Some(60_000.0)));
    assert!(policy.is_slow(Some(60_000.1)));
    assert!(policy.is_slow(Some(f64::MAX)));
}

#[test]
fn refuses_while_open_and_says_for_how_long() {
    let mut bench = opened(policy());
    bench.now += 59 * SECOND;
    let verdict = bench.on(Event::Allow);
    assert_eq!((verdict.allowed, verdict.state), (false, State::Open));
    assert_eq!(verdict.retry_after, Some(SECOND));
    bench.now += SECOND;
    let verdict = bench.on(Event::Allow);
    assert_eq!((verdict.allowed, verdict.state), (true, State::HalfOpen));
    assert_eq!(bench.circuit.permits_taken, 1);
}

#[test]
fn late_outcomes_do_not_move_an_open_circuit() {
    let mut bench = opened(policy());
    let before = bench.circuit.clone();
    for event in [ok(), failed(), ended(true, true)] {
        bench.times(20, event);
    }
    assert_eq!(bench.circuit, before);
    // Only whoever asks makes it half-open.
    bench.now += 61 * SECOND;
    let verdict = bench.on(ok());
    assert_eq!((verdict.allowed, verdict.state), (true, State::Open));
    assert_eq!(bench.circuit, before);
}

#[test]
fn grants_so_many_permits_and_no_more() {
    let mut bench = half_open(policy());
    assert!(bench.times(2, Event::Allow).allowed);
    let verdict = bench.on(Event::Allow);
    assert_eq!(
        verdict,
        Verdict {
            allowed: false,
            state: State::HalfOpen,
            retry_after: None
        }
    );
    // Not even when the first outcome is known.
    bench.on(ok());
    assert!(!bench.on(Event::Allow).allowed);
}

#[test]
fn good_trial_calls_close_it_and_everything_is_forgotten() {
    let mut bench = half_open(policy());
    bench.times(2, Event::Allow);
    assert_eq!(bench.on(ok()).state, State::HalfOpen);
    assert_eq!(bench.on(ok()).state, State::Closed);
    assert_eq!(bench.circuit, Circuit::new(&bench.policy));
    assert_eq!(bench.log.last().unwrap().reason, Reason::TrialsPassed);
}

#[test]
fn bad_trial_calls_open_it_again() {
    for (event, reason) in [
        (failed(), Reason::FailureRate),
        (ended(false, true), Reason::SlowCallRate),
    ] {
        let mut bench = half_open(Policy {
            slow_call_rate: 0.5,
            ..policy()
        });
        bench.times(2, Event::Allow);
        bench.on(ok());
        assert_eq!(bench.on(event).state, State::Open);
        assert_eq!(bench.log.last().unwrap().reason, reason);
    }
}

#[test]
fn each_opening_in_a_row_lasts_longer_up_to_the_maximum() {
    let mut bench = Bench::new(Policy {
        open_wait_multiplier: 3.0,
        open_wait_max: 1000 * SECOND,
        half_open_permits: 1,
        ..policy()
    });
    bench.times(6, failed());
    for seconds in [60, 180, 540, 1000, 1000] {
        let verdict = bench.on(Event::Allow);
        assert_eq!(verdict.retry_after, Some(seconds * SECOND));
        bench.now += seconds * SECOND;
        assert!(bench.on(Event::Allow).allowed);
        bench.on(failed());
    }
    // One success, and the next opening is the first again.
    bench.now += 1000 * SECOND;
    bench.on(Event::Allow);
    assert_eq!(bench.on(ok()).state, State::Closed);
    assert_eq!(
        bench.times(6, failed()).retry_after,
        Some(60 * SECOND),
        "the first wait again"
    );
}

#[test]
fn the_maximum_bounds_the_growth_and_not_the_wait() {
    let policy = Policy {
        open_wait: 7200 * SECOND,
        open_wait_multiplier: 1000.0,
        ..policy()
    };
    assert_eq!(policy.wait(1), 7200 * SECOND);
    assert_eq!(policy.wait(u32::MAX), 7200 * SECOND);
    assert_eq!(Policy::default().wait(u32::MAX), 60 * SECOND);
}

#[test]
fn trial_calls_without_an_outcome_open_it_again_as_of_when_that_was_due() {
    let mut bench = half_open(policy());
    bench.times(2, Event::Allow);
    bench.now += 30 * SECOND;
    bench.on(ok());
    let due = bench.now + 60 * SECOND;
    bench.now = due - 1;
    assert_eq!(bench.on(Event::Allow).state, State::HalfOpen);
    bench.now = due + 10 * SECOND;
    let verdict = bench.on(Event::Allow);
    assert_eq!((verdict.allowed, verdict.state), (false, State::Open));
    assert_eq!(verdict.retry_after, Some(50 * SECOND));
    let last = bench.log.last().unwrap();
    assert_eq!((last.reason, last.at), (Reason::TrialsUnanswered, due));
    assert_eq!((last.counts.calls, bench.circuit.attempt), (1, 1));
}

#[test]
fn two_moves_are_made_up_for_when_nobody_asked_for_long() {
    let mut bench = half_open(policy());
    bench.on(Event::Allow);
    bench.now += 3600 * SECOND;
    let verdict = bench.on(Event::Allow);
    assert_eq!((verdict.allowed, verdict.state), (true, State::HalfOpen));
    let last: Vec<_> = bench.moves().split_off(1);
    assert_eq!(
        last,
        [
            (State::HalfOpen, State::Open, Reason::TrialsUnanswered),
            (State::Open, State::HalfOpen, Reason::OpenWait)
        ]
    );
    assert!(bench.log.is_sorted_by_key(|t| t.at));
}

#[test]
fn answered_trial_calls_wait_for_more_however_few_come() {
    let mut bench = half_open(policy());
    bench.on(Event::Allow);
    bench.on(ok());
    bench.now += 86_400 * SECOND;
    assert!(bench.on(Event::Allow).allowed);
    assert_eq!(bench.on(ok()).state, State::Closed);
}

#[test]
fn without_a_maximum_it_waits_for_ever() {
    let mut bench = half_open(Policy {
        half_open_max_wait: 0,
        ..policy()
    });
    bench.times(2, Event::Allow);
    bench.now += 365 * 86_400 * SECOND;
    assert_eq!(bench.on(Event::Allow).state, State::HalfOpen);
}

#[test]
fn what_is_disabled_passes_and_counts_nothing() {
    let mut bench = Bench::new(policy());
    bench.on(Event::Save(State::Disabled, None));
    let before = bench.circuit.clone();
    assert!(bench.times(50, failed()).allowed);
    assert!(bench.on(Event::Allow).allowed);
    assert_eq!(bench.circuit, before);
}

#[test]
fn metrics_only_counts_and_never_moves() {
    let mut bench = Bench::new(policy());
    bench.on(Event::Save(State::MetricsOnly, None));
    assert!(bench.times(50, failed()).allowed);
    assert!(bench.on(Event::Allow).allowed);
    assert_eq!(bench.circuit.state, State::MetricsOnly);
    let counts = bench.circuit.window.counts(bench.now);
    assert_eq!((counts.calls, counts.failures), (10, 10));
    assert_eq!(bench.log.len(), 1);
}

#[test]
fn what_is_forced_open_stays_so() {
    let mut bench = Bench::new(policy());
    bench.on(Event::Save(State::ForcedOpen, None));
    bench.now += 365 * 86_400 * SECOND;
    for event in [Event::Allow, ok(), failed(), Event::Recover] {
        assert_eq!(
            bench.on(event),
            Verdict {
                allowed: false,
                state: State::ForcedOpen,
                retry_after: None
            }
        );
    }
    assert!(bench.on(Event::Reset).allowed);
    assert_eq!(bench.circuit, Circuit::new(&bench.policy));
}

#[test]
fn saves_move_from_any_state_to_any_other() {
    for from in State::ALL {
        for to in State::ALL {
            let mut bench = Bench::new(policy());
            bench.on(Event::Save(from, None));
            bench.log.clear();
            let verdict = bench.on(Event::Save(to, None));
            assert_eq!(verdict.state, to);
            let expected: Vec<_> = (from != to)
                .then_some((from, to, Reason::Saved))
                .into_iter()
                .collect();
            assert_eq!(bench.moves(), expected);
            assert_eq!(bench.circuit.reset_at.is_some(), to == State::Open);
        }
    }
}

#[test]
fn an_open_state_is_saved_with_its_end() {
    let mut bench = Bench::new(policy());
    let until = bench.now + 5 * SECOND;
    let verdict = bench.on(Event::Save(State::Open, Some(until)));
    assert_eq!(verdict.retry_after, Some(5 * SECOND));
    let verdict = bench.on(Event::Save(State::Open, Some(until + SECOND)));
    assert_eq!(verdict.retry_after, Some(6 * SECOND));
    assert_eq!((bench.log.len(), bench.circuit.attempt), (1, 1));
    // Without an end, the one that was said stays.
    let verdict = bench.on(Event::Save(State::Open, None));
    assert_eq!(verdict.retry_after, Some(6 * SECOND));
}

#[test]
fn recovers_what_is_due_without_a_permit() {
    let mut bench = opened(policy());
    assert_eq!(bench.on(Event::Recover).state, State::Open);
    bench.now += 60 * SECOND;
    assert_eq!(bench.on(Event::Recover).state, State::HalfOpen);
    assert_eq!(bench.circuit.permits_taken, 0);
    assert_eq!(bench.on(Event::Recover).state, State::HalfOpen);
    assert_eq!(bench.log.len(), 2);
}

#[test]
fn a_full_window_of_successes_stays_what_it_is() {
    let mut bench = Bench::new(policy());
    bench.times(10, ok());
    let before = bench.circuit.clone();
    bench.times(10, ok());
    assert_eq!(bench.circuit, before);
    bench.on(failed());
    assert_ne!(bench.circuit, before);
    bench.times(10, ok());
    assert_eq!(bench.circuit, before);
}

#[test]
fn looking_changes_nothing_but_shows_what_is_due() {
    let mut bench = half_open(policy());
    bench.on(Event::Allow);
    let before = bench.circuit.clone();
    assert_eq!(before.as_of(&bench.policy, bench.now), before);
    let later = before.as_of(&bench.policy, bench.now + 60 * SECOND);
    assert_eq!(later.state, State::Open);
    assert_eq!(bench.circuit, before);
}

#[test]
fn states_have_the_names_that_sql_has() {
    let names: Vec<_> = State::ALL.iter().map(|state| state.as_str()).collect();
    assert_eq!(
        names,
        [
            "closed",
            "open",
            "half_open",
            "disabled",
            "metrics_only",
            "forced_open"
        ]
    );
    for state in State::ALL {
        assert_eq!(State::parse(state.as_str()), Some(state));
    }
    assert_eq!(State::parse("CLOSED"), None);
}
