//! The extension's pure core, compiled without the extension.

#[path = "../../../src/core/mod.rs"]
pub mod core;

pub use crate::core::jsonb;
