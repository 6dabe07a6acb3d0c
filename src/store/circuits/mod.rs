//! Circuit breakers.

pub mod breaker;
pub mod list;
pub mod policies;
pub mod rows;
pub mod transitions;
