//! Routing decisions and the statistics of agents.

pub mod decisions;
pub(in crate::store) mod direct;
pub mod fold;
pub mod list;
pub mod maintenance;
pub mod statistics;
