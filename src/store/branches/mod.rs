//! Checkpoints, recoveries, forks and copies.

pub mod branch;
pub mod checkpoint_page;
mod checkpoint_rows;
pub mod checkpoints;
pub mod copy;
pub mod fork;
