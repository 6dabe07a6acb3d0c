//! Checkpoints, recoveries and forks.

pub mod branch;
pub mod checkpoints;
