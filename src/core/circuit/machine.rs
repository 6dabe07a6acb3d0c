//! What moves a circuit from one state to another.
//!
//! Nothing happens while nobody asks: what a timer would do is made up for at the next event, as of the time
//! when it was due.

use super::policy::Policy;
use super::state::{Event, Reason, State, Step, Transition, Verdict};
use super::window::{Kind, Outcome, Window};

/// A circuit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circuit {
    /// State as of the last event.
    pub state: State,
    /// Outcomes: of the calls while closed or metrics only, of the trial calls while half-open, and of those
    /// that opened it while open.
    pub window: Window,
    /// Openings in a row.
    pub attempt: u32,
    /// Permits that were granted since it became half-open.
    pub permits_taken: u32,
    /// When it opened last.
    pub opened_at: Option<i64>,
    /// Until when it is open.
    pub reset_at: Option<i64>,
    /// Half-open: when it became so, or when a permit was granted or an outcome recorded last.
    pub progress_at: Option<i64>,
}

impl Circuit {
    /// A circuit that nothing has happened to.
    pub fn new(policy: &Policy) -> Circuit {
        Circuit {
            state: State::Closed,
            window: Window::closed(policy),
            attempt: 0,
            permits_taken: 0,
            opened_at: None,
            reset_at: None,
            progress_at: None,
        }
    }

    /// Takes an event in.
    pub fn step(&mut self, policy: &Policy, now: i64, event: Event) -> Step {
        let mut transitions = Vec::new();
        let mut granted = false;
        match event {
            Event::Allow => {
                transitions.extend(self.expire(policy, now));
                transitions.extend(self.try_again(policy, now));
                granted = self.take_permit(policy, now);
            }
            Event::Record(outcome) => {
                transitions.extend(self.expire(policy, now));
                transitions.extend(self.record(policy, now, outcome));
            }
            Event::Recover => {
                transitions.extend(self.expire(policy, now));
                transitions.extend(self.try_again(policy, now));
            }
            Event::Save(state, until) => transitions.extend(self.save(policy, now, state, until)),
            Event::Reset => {
                let moved = self.state != State::Closed;
                let transition = self.moved(State::Closed, Reason::Reset, now);
                *self = Circuit::new(policy);
                transitions.extend(moved.then_some(transition));
            }
        }
        let mut verdict = self.verdict(policy, now);
        // The last permit is granted, too.
        verdict.allowed |= granted;
        Step {
            verdict,
            transitions,
        }
    }

    /// The circuit as it is now, whatever its last event left.
    pub fn as_of(&self, policy: &Policy, now: i64) -> Circuit {
        let mut current = self.clone();
        current.expire(policy, now);
        current
    }

    /// Whether a call would be let through.
    pub fn verdict(&self, policy: &Policy, now: i64) -> Verdict {
        let (allowed, retry_after) = match self.state {
            State::Closed | State::Disabled | State::MetricsOnly => (true, None),
            State::ForcedOpen => (false, None),
            State::HalfOpen => (self.permits_taken < policy.half_open_permits, None),
            State::Open if self.is_due(now) => (true, None),
            State::Open => (false, self.reset_at.map(|at| at.saturating_sub(now))),
        };
        Verdict {
            allowed,
            state: self.state,
            retry_after,
        }
    }

    /// Whether an open circuit has waited long enough.
    fn is_due(&self, now: i64) -> bool {
        self.state == State::Open && self.reset_at.is_none_or(|at| at <= now)
    }

    /// Opens a half-open circuit again whose trial calls have not been heard of in time. A circuit whose trial
    /// calls are all answered waits for more of them, however few come.
    fn expire(&mut self, policy: &Policy, now: i64) -> Option<Transition> {
        let unanswered = self.permits_taken > self.window.counts(now).calls;
        if self.state != State::HalfOpen || policy.half_open_max_wait == 0 || !unanswered {
            return None;
        }
        let due = self.progress_at?.saturating_add(policy.half_open_max_wait);
        (due <= now).then(|| self.open(policy, due, Reason::TrialsUnanswered))
    }

    /// Half-opens an open circuit that has waited long enough.
    fn try_again(&mut self, policy: &Policy, now: i64) -> Option<Transition> {
        self.is_due(now)
            .then(|| self.half_open(policy, now, Reason::OpenWait))
    }

    fn take_permit(&mut self, policy: &Policy, now: i64) -> bool {
        if self.state != State::HalfOpen || self.permits_taken >= policy.half_open_permits {
            return false;
        }
        self.permits_taken += 1;
        self.progress_at = Some(now);
        true
    }

    /// Counts an outcome where outcomes count. While open they come from calls that began before, and say
    /// nothing about whether it is better now.
    fn record(&mut self, policy: &Policy, now: i64, outcome: Outcome) -> Option<Transition> {
        match self.state {
            State::Open | State::Disabled | State::ForcedOpen => None,
            State::MetricsOnly => {
                self.window.fit(policy.window_kind, policy.window_size);
                self.window.record(now, outcome);
                None
            }
            State::Closed => {
                self.window.fit(policy.window_kind, policy.window_size);
                self.window.record(now, outcome);
                let minimum = match policy.window_kind {
                    Kind::Calls => policy.minimum_calls.min(policy.window_size),
                    Kind::Time => policy.minimum_calls,
                };
                let reason = self.verdict_of_rates(policy, now, minimum)?;
                reason.map(|reason| self.open(policy, now, reason))
            }
            State::HalfOpen => {
                self.window.fit(Kind::Calls, policy.half_open_permits);
                self.window.record(now, outcome);
                self.progress_at = Some(now);
                let reason = self.verdict_of_rates(policy, now, policy.half_open_permits)?;
                Some(match reason {
                    Some(reason) => self.open(policy, now, reason),
                    None => self.close(policy, now, Reason::TrialsPassed),
                })
            }
        }
    }

    /// What the rates say once there are enough calls: why to open, or that there is no reason to.
    fn verdict_of_rates(&self, policy: &Policy, now: i64, minimum: u32) -> Option<Option<Reason>> {
        let counts = self.window.counts(now);
        if counts.calls < minimum {
            return None;
        }
        Some(if counts.failure_rate()? >= policy.failure_rate {
            Some(Reason::FailureRate)
        } else if counts.slow_call_rate()? >= policy.slow_call_rate {
            Some(Reason::SlowCallRate)
        } else {
            None
        })
    }

    fn save(
        &mut self,
        policy: &Policy,
        now: i64,
        state: State,
        until: Option<i64>,
    ) -> Option<Transition> {
        if self.state == state {
            // Only another time can be news.
            self.reset_at = until.or(self.reset_at);
            return None;
        }
        let transition = match state {
            State::Closed => self.close(policy, now, Reason::Saved),
            State::HalfOpen => self.half_open(policy, now, Reason::Saved),
            State::Open => self.open(policy, now, Reason::Saved),
            State::Disabled | State::MetricsOnly | State::ForcedOpen => {
                let transition = self.moved(state, Reason::Saved, now);
                *self = Circuit::new(policy);
                self.state = state;
                self.opened_at = (state == State::ForcedOpen).then_some(now);
                transition
            }
        };
        self.reset_at = until.or(self.reset_at);
        Some(transition)
    }

    fn open(&mut self, policy: &Policy, at: i64, reason: Reason) -> Transition {
        let transition = self.moved(State::Open, reason, at);
        self.state = State::Open;
        self.attempt = self.attempt.saturating_add(1);
        self.opened_at = Some(at);
        self.reset_at = Some(at.saturating_add(policy.wait(self.attempt)));
        self.permits_taken = 0;
        self.progress_at = None;
        transition
    }

    fn half_open(&mut self, policy: &Policy, at: i64, reason: Reason) -> Transition {
        let transition = self.moved(State::HalfOpen, reason, at);
        self.state = State::HalfOpen;
        self.window = Window::new(Kind::Calls, policy.half_open_permits);
        self.reset_at = None;
        self.permits_taken = 0;
        self.progress_at = Some(at);
        transition
    }

    fn close(&mut self, policy: &Policy, at: i64, reason: Reason) -> Transition {
        let transition = self.moved(State::Closed, reason, at);
        *self = Circuit::new(policy);
        transition
    }

    fn moved(&self, to: State, reason: Reason, at: i64) -> Transition {
        Transition {
            from: self.state,
            to,
            reason,
            counts: self.window.counts(at),
            at,
        }
    }
}
