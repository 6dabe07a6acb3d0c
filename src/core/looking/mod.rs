//! Pictures of executions in text: bars for a terminal, and diagrams.

pub mod diagram;
pub mod plain;
pub mod story;
pub mod timeline;
pub mod times;
