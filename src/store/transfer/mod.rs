//! Executions as documents.

pub mod export;
pub mod import;
mod import_head;
mod import_mark;
pub mod sqlite;
mod sqlite_run;
mod sqlite_times;
