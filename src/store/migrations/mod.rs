//! Migration of state shapes: the steps, what they make of a state that is loaded or saved, and batches of them.

pub mod add;
pub mod apply;
pub mod chains;
pub mod drop;
pub mod eager;
pub mod list;
mod runs;
