//! Routing decisions and the statistics of agents.

pub mod decisions;
pub mod fold;
pub mod list;
pub mod maintenance;
pub mod statistics;
