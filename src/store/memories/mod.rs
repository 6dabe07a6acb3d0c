//! `wfstate.memories`: what agents have learned.

pub mod list;
pub mod recall;
pub mod remember;
mod similar;
mod words;
