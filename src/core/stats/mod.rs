//! What is known of the tasks that an agent was given: exact counts, exact sums, and a quantile sketch.
//!
//! - [`mapping`]: which bucket a duration falls into (the DDSketch family's relative error bound).
//! - [`sketch`]: how many durations each bucket holds.
//! - [`moments`]: sums of durations and of their squares in exact integers, so that merging is associative and
//!   removing undoes adding to the last bit.
//! - [`summary`]: all of it together; what the aggregate, its merge and its accessors do.
//! - [`moving`]: the same over a window's frame, from which rows leave in the order they came.
//! - [`encode`], [`text`]: the stored form and the one that people read.
//!
//! A duration is a number of milliseconds from 0 to [`mapping::MAX_DURATION`]. What is none (NULL, NaN, negative,
//! infinite, larger) leaves the task counted and the durations alone.

pub mod encode;
pub mod mapping;
pub mod moments;
pub mod moving;
pub mod sketch;
pub mod summary;
pub mod text;
mod wide;

pub use mapping::Mapping;
pub use moving::Moving;
pub use sketch::Buffer;
pub use summary::{Overflow, Summary};
