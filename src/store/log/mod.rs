//! The log: heads, versions, and what appends to and reads them.

pub mod append;
mod append_branch;
pub mod batch;
mod batch_patches;
mod batch_portion;
mod batch_rows;
pub mod belongings;
pub mod cache;
pub mod checks;
mod create;
pub mod delete;
pub mod delete_many;
pub(in crate::store) mod direct;
pub mod executions;
mod keyframe;
pub mod load;
pub mod new_version;
pub mod next;
pub mod patch;
pub mod rebuild;
pub mod save;
mod segment;
pub(in crate::store) mod several;
pub mod standing;
pub mod versions;
mod way;
