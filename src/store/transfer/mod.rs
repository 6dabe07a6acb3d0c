//! Executions as documents.

mod document;
pub mod export;
pub mod import;
