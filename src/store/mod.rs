//! The only room that issues SQL: a file for each table, and one for each thing that is done to them.

pub mod access;
pub mod agent_statistics;
pub mod append;
pub mod branch;
pub mod cache;
pub mod checkpoints;
pub mod checks;
pub mod circuit_list;
pub mod circuit_policies;
pub mod circuit_rows;
pub mod circuit_transitions;
pub mod circuits;
pub mod delete;
pub mod executions;
pub mod export;
pub mod find;
pub mod history;
pub mod import;
mod import_document;
pub mod list;
pub mod load;
pub mod new_version;
pub mod prune;
pub mod rebuild;
pub mod routing_decisions;
pub mod routing_list;
pub mod routing_maintenance;
pub mod save;
pub mod search;
mod segment;
pub mod tenant;
pub mod verify;
pub mod versions;

/// An execution as every key names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    /// Whose it is.
    pub tenant: &'a str,
    /// Its id within the tenant.
    pub id: &'a str,
}
