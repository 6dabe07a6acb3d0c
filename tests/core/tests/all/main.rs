//! Tests of the jsonb code against models that share nothing with it: an
//! encoder that follows the server's source step by step and plain serde_json.

mod circuit;
mod circuit_model;
mod circuit_windows;
mod corrupt;
mod diffs;
mod encode;
mod hashes;
mod limits;
mod merge_patch;
mod model;
mod operations;
mod pointers;
mod random;
mod timestamps;
mod views;
