//! The only room that issues SQL: a folder for each feature; in it a file for each table, and one for each thing
//! that is done to it.

use crate::pg::spi::Param;

pub mod agents;
pub mod ages;
pub mod branches;
pub mod cache_counts;
pub mod circuits;
mod copies;
pub mod definitions;
pub mod direct_tables;
pub mod execution;
pub mod feed;
pub mod history;
pub mod log;
pub mod logs;
pub mod looking;
pub mod memories;
pub mod metrics;
pub mod migrations;
pub mod partitions;
pub mod queue;
pub mod repair;
pub mod retention;
pub mod routing;
pub mod search;
#[cfg(any(test, feature = "pg_test"))]
mod server_tests;
pub mod sqlite;
pub mod tenants;
pub mod transfer;
pub mod waits;

/// An execution as every key names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    /// Whose it is.
    pub tenant: &'a str,
    /// Its id within the tenant.
    pub id: &'a str,
}

/// The two parameters that every statement over one execution begins with.
fn key_params(key: Key<'_>) -> [Param<'_>; 2] {
    [Param::Text(Some(key.tenant)), Param::Text(Some(key.id))]
}
