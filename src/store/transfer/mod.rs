//! Executions as documents.

pub mod export;
pub mod import;
pub mod sqlite;
mod sqlite_run;
mod sqlite_times;
