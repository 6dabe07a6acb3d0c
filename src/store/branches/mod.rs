//! Checkpoints, recoveries, forks and copies.

pub mod branch;
pub mod checkpoints;
pub mod copy;
pub mod fork;
