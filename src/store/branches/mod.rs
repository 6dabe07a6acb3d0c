//! Checkpoints, recoveries and forks.

pub mod branch;
pub mod checkpoint_page;
mod checkpoint_rows;
pub mod checkpoints;
pub mod fork;
