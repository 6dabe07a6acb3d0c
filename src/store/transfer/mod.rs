//! Executions as documents.

pub mod export;
pub mod import;
