//! What the log remembers: pages of it, its proof, and forgetting.

pub mod page;
pub mod prune;
pub mod verify;
pub mod verify_all;
