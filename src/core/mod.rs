//! Pure Rust: what can be decided without a server.
//!
//! Nothing here knows PostgreSQL's API; input is bytes, output is bytes, and
//! bytes that are not what they should be give an [`Error`], never a panic.
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

pub mod agents;
pub mod arrays;
mod bytes;
pub mod checkpoints;
pub mod circuit;
pub mod definition;
pub mod error;
pub mod hash;
pub mod import_document;
pub mod import_members;
pub mod jsonb;
pub mod limits;
pub mod looking;
pub mod memory;
pub mod report;
pub mod retry;
pub mod routing;
pub mod search_paths;
pub mod stack;
pub mod state_error;
pub mod stats;
pub mod statuses;
pub mod telemetry;
pub mod work;

pub use error::{Error, PatchReason, Result};
pub use state_error::{Code, StateError, StateResult};
