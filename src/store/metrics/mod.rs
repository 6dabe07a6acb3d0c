//! Metrics: recording them, listing them, and summing them up; and what is to be said of executions as a whole.

pub mod buckets;
pub mod list;
pub mod statistics;
pub mod write;
