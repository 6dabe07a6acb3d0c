//! Circuit breakers: a state machine after resilience4j's, without a clock. Times are in microseconds and come
//! in as arguments.

mod codec;
mod machine;
mod policy;
mod state;
mod window;

pub use machine::Circuit;
pub use policy::{MAX_DURATION, MAX_WINDOW, Options, Policy};
pub use state::{Event, Reason, State, Step, Transition, Verdict};
pub use window::{Counts, Kind, Outcome, Window};
