//! The words of the state machine: states, what happens to them, and what comes of it.

use super::window::{Counts, Outcome};

/// State of a circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Calls pass and are counted.
    Closed,
    /// Calls are refused until the wait is over.
    Open,
    /// So many trial calls pass; their outcomes decide.
    HalfOpen,
    /// Calls pass and are not counted.
    Disabled,
    /// Calls pass and are counted, and nothing comes of it.
    MetricsOnly,
    /// Calls are refused until somebody says otherwise.
    ForcedOpen,
}

impl State {
    /// All of them.
    pub const ALL: [State; 6] = [
        State::Closed,
        State::Open,
        State::HalfOpen,
        State::Disabled,
        State::MetricsOnly,
        State::ForcedOpen,
    ];

    /// As SQL names it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Closed => "closed",
            State::Open => "open",
            State::HalfOpen => "half_open",
            State::Disabled => "disabled",
            State::MetricsOnly => "metrics_only",
            State::ForcedOpen => "forced_open",
        }
    }

    /// As SQL names it.
    pub fn parse(text: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Why a circuit moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Too many calls failed.
    FailureRate,
    /// Too many calls were slow.
    SlowCallRate,
    /// The wait of an open circuit was over.
    OpenWait,
    /// The trial calls were good enough.
    TrialsPassed,
    /// Trial calls had no outcome in time.
    TrialsUnanswered,
    /// Somebody decided so.
    Saved,
    /// Somebody reset it.
    Reset,
}

impl Reason {
    /// As the log of transitions names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::FailureRate => "failure_rate",
            Reason::SlowCallRate => "slow_call_rate",
            Reason::OpenWait => "open_wait",
            Reason::TrialsPassed => "trials_passed",
            Reason::TrialsUnanswered => "trials_unanswered",
            Reason::Saved => "saved",
            Reason::Reset => "reset",
        }
    }
}

/// What happens to a circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Somebody asks to call.
    Allow,
    /// A call ended.
    Record(Outcome),
    /// A state that was decided elsewhere; for an open one, until when.
    Save(State, Option<i64>),
    /// Closed, and everything forgotten.
    Reset,
    /// Half-open, if the wait is over.
    Recover,
}

/// A move from one state to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transition {
    /// State before.
    pub from: State,
    /// State after.
    pub to: State,
    /// Why.
    pub reason: Reason,
    /// What the window held before.
    pub counts: Counts,
    /// When.
    pub at: i64,
}

/// The answer to whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the call may be made.
    pub allowed: bool,
    /// State afterwards.
    pub state: State,
    /// How long to wait before asking again, where it is known.
    pub retry_after: Option<i64>,
}

/// What an event led to.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The answer.
    pub verdict: Verdict,
    /// At most two, in order.
    pub transitions: Vec<Transition>,
}
