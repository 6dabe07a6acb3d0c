//! One binary, so that the client is linked once.

mod documents;
mod execution;
mod model;
mod properties;
mod quickstart;
// The same documents that the core's own property tests use.
#[allow(dead_code)]
#[path = "../../../../core/tests/all/random.rs"]
mod random;
mod rules;
mod run;
mod shared;
