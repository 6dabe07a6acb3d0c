//! The circuit breaker against a model that remembers every call and decides from the beginning each time; and
//! what its options may be.

use crate::circuit::SECOND;
use proptest::prelude::*;
use wfstate_core_tests::core::circuit::*;
use wfstate_core_tests::core::{Code, limits};

/// Everything that ever counted since the state was entered, with its time.
struct Model {
    policy: Policy,
    state: &'static str,
    calls: Vec<(i64, Outcome)>,
    openings: u32,
    taken: usize,
    until: i64,
    progress: i64,
}

impl Model {
    fn enter(&mut self, state: &'static str, now: i64) {
        self.state = state;
        self.taken = 0;
        self.progress = now;
        match state {
            "open" => {
                self.openings += 1;
                let grown = (self.policy.open_wait as f64
                    * self
                        .policy
                        .open_wait_multiplier
                        .powf(f64::from(self.openings - 1)))
                .min(self.policy.open_wait_max as f64);
                self.until = now + grown as i64;
            }
            "half_open" => self.calls.clear(),
            _ => {
                self.calls.clear();
                self.openings = 0;
            }
        }
    }

    fn covered(&self, now: i64) -> Vec<Outcome> {
        let size = self.policy.window_size as usize;
        let all = self.calls.iter();
        if self.state == "half_open" {
            all.map(|(_, outcome)| *outcome).collect()
        } else if self.policy.window_kind == Kind::Calls {
            let newest = all.rev().take(size);
            newest.map(|(_, outcome)| *outcome).collect()
        } else {
            let oldest = now.div_euclid(SECOND) - size as i64 + 1;
            all.filter(|(at, _)| at.div_euclid(SECOND) >= oldest)
                .map(|(_, outcome)| *outcome)
                .collect()
        }
    }

    fn is_bad(&self, outcomes: &[Outcome]) -> bool {
        let share = |count: usize| count as f64 / outcomes.len() as f64;
        share(outcomes.iter().filter(|o| o.failed).count()) >= self.policy.failure_rate
            || share(outcomes.iter().filter(|o| o.slow).count()) >= self.policy.slow_call_rate
    }

    fn wake(&mut self, now: i64) {
        let due = self.progress + self.policy.half_open_max_wait;
        if self.state == "half_open"
            && self.policy.half_open_max_wait > 0
            && self.taken > self.calls.len()
            && due <= now
        {
            self.enter("open", due);
        }
    }

    fn allow(&mut self, now: i64) -> bool {
        self.wake(now);
        if self.state == "open" && self.until <= now {
            self.enter("half_open", now);
        }
        match self.state {
            "open" | "forced_open" => false,
            "half_open" if self.taken == self.policy.half_open_permits as usize => false,
            "half_open" => {
                self.taken += 1;
                self.progress = now;
                true
            }
            _ => true,
        }
    }

    fn record(&mut self, now: i64, outcome: Outcome) {
        self.wake(now);
        if ["open", "forced_open", "disabled"].contains(&self.state) {
            return;
        }
        self.calls.push((now, outcome));
        self.progress = now;
        let covered = self.covered(now);
        let enough = match self.state {
            "half_open" => self.policy.half_open_permits,
            "closed" if self.policy.window_kind == Kind::Calls => {
                self.policy.minimum_calls.min(self.policy.window_size)
            }
            "closed" => self.policy.minimum_calls,
            _ => return,
        };
        if covered.len() >= enough as usize {
            if self.is_bad(&covered) {
                self.enter("open", now);
            } else if self.state == "half_open" {
                self.enter("closed", now);
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Act {
    Allow,
    Record(Outcome),
    Save(State),
    Reset,
    Recover,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        20 => Just(Act::Allow),
        40 => (any::<bool>(), prop::bool::weighted(0.2))
            .prop_map(|(failed, slow)| Act::Record(Outcome { failed, slow })),
        1 => prop::sample::select(&State::ALL[..]).prop_map(Act::Save),
        1 => Just(Act::Reset),
        2 => Just(Act::Recover),
    ]
}

/// Rates that windows this small meet exactly, too.
fn rate() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::sample::select(&[0.2, 0.25, 0.5, 0.75, 1.0][..]),
        0.05f64..=1.0
    ]
}

/// Whole seconds meet the waits exactly.
fn pause() -> impl Strategy<Value = i64> {
    prop_oneof![
        (0i64..8).prop_map(|seconds| seconds * SECOND),
        0i64..8 * SECOND
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    (
        (rate(), rate()),
        any::<bool>(),
        (1u32..12, 1u32..12, 1u32..5),
        (1i64..20, 1.0f64..3.0, 20i64..60, 0i64..30),
    )
        .prop_map(
            |((failures, slow), time, (size, minimum, permits), (wait, factor, most, max))| {
                Policy {
                    failure_rate: failures,
                    slow_call_rate: slow,
                    window_kind: if time { Kind::Time } else { Kind::Calls },
                    window_size: size,
                    minimum_calls: minimum,
                    open_wait: wait * SECOND,
                    open_wait_multiplier: factor.floor(),
                    open_wait_max: most * SECOND,
                    half_open_permits: permits,
                    half_open_max_wait: max * SECOND,
                    ..Policy::default()
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn does_what_the_model_does(
        policy in policy(),
        acts in prop::collection::vec((act(), pause()), 1..150),
    ) {
        let mut circuit = Circuit::new(&policy);
        let mut model = Model {
            policy, state: "closed", calls: Vec::new(), openings: 0, taken: 0, until: 0, progress: 0,
        };
        let mut now = 800_000_000 * SECOND;
        let mut last = State::Closed;
        for (act, pause) in acts {
            now += pause;
            let step = match act {
                Act::Allow => {
                    let allowed = model.allow(now);
                    let step = circuit.step(&policy, now, Event::Allow);
                    prop_assert_eq!(step.verdict.allowed, allowed);
                    step
                }
                Act::Record(outcome) => {
                    model.record(now, outcome);
                    circuit.step(&policy, now, Event::Record(outcome))
                }
                Act::Save(state) => {
                    if model.state != state.as_str() {
                        model.enter(state.as_str(), now);
                    }
                    circuit.step(&policy, now, Event::Save(state, None))
                }
                Act::Reset => {
                    model.enter("closed", now);
                    circuit.step(&policy, now, Event::Reset)
                }
                Act::Recover => {
                    model.wake(now);
                    if model.state == "open" && model.until <= now {
                        model.enter("half_open", now);
                    }
                    circuit.step(&policy, now, Event::Recover)
                }
            };
            prop_assert_eq!(circuit.state.as_str(), model.state);
            prop_assert_eq!(step.verdict.state, circuit.state);
            prop_assert!(circuit.permits_taken <= policy.half_open_permits);
            // The log has no gap.
            for transition in &step.transitions {
                prop_assert_eq!(transition.from, last);
                prop_assert_ne!(transition.from, transition.to);
                prop_assert!(transition.at <= now);
                last = transition.to;
            }
            prop_assert_eq!(last, circuit.state);
            if matches!(circuit.state, State::Closed | State::HalfOpen | State::MetricsOnly) {
                let covered = model.covered(now);
                let counts = circuit.window.counts(now);
                prop_assert_eq!(counts.calls as usize, covered.len());
                let failures = covered.iter().filter(|o| o.failed).count();
                prop_assert_eq!(counts.failures as usize, failures);
            }
            if circuit.state == State::Open {
                prop_assert_eq!(circuit.reset_at, Some(model.until));
            }
            // Looking twice is looking once.
            let seen = circuit.as_of(&policy, now);
            prop_assert_eq!(&seen.as_of(&policy, now), &seen);
        }
    }
}

fn refused(options: Options<'_>) -> (Code, String, Option<String>) {
    let error = options.check().unwrap_err();
    (error.code, error.message, error.detail)
}

#[test]
fn options_have_ranges() {
    let options = Options::default();
    assert!(options.is_empty());
    assert_eq!(Policy::with(&options), Policy::default());
    for rate in [0.0, -0.5, 1.000001, f64::NAN, f64::INFINITY] {
        let (code, message, detail) = refused(Options {
            failure_rate: Some(rate),
            ..options
        });
        assert_eq!(code, Code::InvalidParameter);
        assert_eq!(message, "failure_rate is out of range");
        assert!(detail.unwrap().starts_with(&format!("It is {rate}, but")));
        assert!(
            refused(Options {
                slow_call_rate: Some(rate),
                ..options
            })
            .1
            .starts_with("slow_call_rate")
        );
    }
    for count in [0, -1, 10_001] {
        assert_eq!(
            refused(Options {
                window_size: Some(count),
                ..options
            })
            .1,
            "window_size is out of range"
        );
        assert_eq!(
            refused(Options {
                half_open_permits: Some(count),
                ..options
            })
            .1,
            "half_open_permits is out of range"
        );
    }
    for count in [0, 1_000_001] {
        assert_eq!(
            refused(Options {
                minimum_calls: Some(count),
                ..options
            })
            .1,
            "minimum_calls is out of range"
        );
    }
    for wait in [0, -1, MAX_DURATION + 1] {
        for (name, options) in [
            (
                "slow_call_duration",
                Options {
                    slow_call_duration: Some(wait),
                    ..options
                },
            ),
            (
                "open_wait",
                Options {
                    open_wait: Some(wait),
                    ..options
                },
            ),
            (
                "open_wait_max",
                Options {
                    open_wait_max: Some(wait),
                    ..options
                },
            ),
        ] {
            assert_eq!(refused(options).1, format!("{name} is out of range"));
        }
    }
    for wait in [-1, MAX_DURATION + 1] {
        let options = Options {
            half_open_max_wait: Some(wait),
            ..options
        };
        assert_eq!(refused(options).1, "half_open_max_wait is out of range");
    }
    for multiplier in [0.99, f64::NAN, 1000.1] {
        let options = Options {
            open_wait_multiplier: Some(multiplier),
            ..options
        };
        assert_eq!(refused(options).1, "open_wait_multiplier is out of range");
    }
    let options = Options {
        window_kind: Some("COUNT"),
        ..options
    };
    assert_eq!(refused(options).1, "window_kind \"COUNT\" is not known");
}

#[test]
fn options_replace_defaults() {
    let options = Options {
        failure_rate: Some(1.0),
        slow_call_rate: Some(0.001),
        slow_call_duration: Some(1),
        window_kind: Some("time"),
        window_size: Some(10_000),
        minimum_calls: Some(1),
        open_wait: Some(MAX_DURATION),
        open_wait_multiplier: Some(1000.0),
        open_wait_max: Some(1),
        half_open_permits: Some(10_000),
        half_open_max_wait: Some(0),
    };
    options.check().unwrap();
    assert_eq!(
        Policy::with(&options),
        Policy {
            failure_rate: 1.0,
            slow_call_rate: 0.001,
            slow_call_duration: 1,
            window_kind: Kind::Time,
            window_size: MAX_WINDOW,
            minimum_calls: 1,
            open_wait: MAX_DURATION,
            open_wait_multiplier: 1000.0,
            open_wait_max: 1,
            half_open_permits: 10_000,
            half_open_max_wait: 0,
        }
    );
}

#[test]
fn options_are_inherited_one_by_one() {
    let all = Options {
        failure_rate: Some(0.1),
        slow_call_rate: Some(0.2),
        slow_call_duration: Some(3),
        window_kind: Some("time"),
        window_size: Some(4),
        minimum_calls: Some(5),
        open_wait: Some(6),
        open_wait_multiplier: Some(7.0),
        open_wait_max: Some(8),
        half_open_permits: Some(9),
        half_open_max_wait: Some(10),
    };
    assert_eq!(Options::default().over(all), all);
    let own = Options {
        failure_rate: Some(0.9),
        half_open_permits: Some(1),
        ..Options::default()
    };
    let expected = Options {
        failure_rate: Some(0.9),
        half_open_permits: Some(1),
        ..all
    };
    assert_eq!(own.over(all), expected);
    assert_eq!(all.over(own), all);
}

#[test]
fn durations_are_not_negative_and_not_beyond_reason() {
    for ms in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.001, 1.1e12] {
        assert_eq!(
            limits::duration_ms(Some(ms)).unwrap_err().code,
            Code::InvalidParameter
        );
    }
    for ms in [Some(0.0), Some(-0.0), Some(1.0e12), None] {
        assert_eq!(limits::duration_ms(ms).unwrap(), ms);
    }
}
