//! Checkpoints, recoveries, forks and copies.

pub mod branch;
pub mod checkpoint_page;
mod checkpoint_rows;
mod checkpoint_walk;
pub mod checkpoints;
pub mod copy;
pub mod fork;
