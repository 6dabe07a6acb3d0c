//! What an execution waits for without a session: signals, times, and the end of its children.

pub mod children;
pub mod list;
pub mod signals;
pub mod wait;
