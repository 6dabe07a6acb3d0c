//! Checkpoints, recoveries and forks.

pub mod branch;
pub mod checkpoints;
pub mod fork;
