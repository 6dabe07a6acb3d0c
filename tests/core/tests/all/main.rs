//! Tests of the pure code against models that share nothing with it. For jsonb: an encoder that follows the
//! server's source step by step, and plain serde_json. For statistics: sorting, and sums done twice.

mod agents;
mod bounds;
mod checkpoints;
mod circuit;
mod circuit_model;
mod circuit_windows;
mod corrupt;
mod definitions;
mod depths;
mod diffs;
mod encode;
mod hashes;
mod incremental;
mod limits;
mod looking;
mod memory;
mod mends;
mod merge_patch;
mod model;
mod operations;
mod pointers;
mod random;
mod report;
mod retry;
mod routing;
mod schema_bounds;
mod schemas;
mod stats;
mod stats_encode;
mod stats_moving;
mod telemetry;
mod views;
