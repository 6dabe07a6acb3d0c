//! Going back to what is sound when a state is damaged or breaks its rules, and what is kept of that.

pub mod list;
pub mod mending;
pub mod rows;
pub mod run;
mod versions;
