//! The only room that issues SQL: a folder for each feature; in it a file for each table, and one for each thing
//! that is done to it.

pub mod branches;
pub mod circuits;
pub mod history;
pub mod log;
pub mod routing;
pub mod search;
pub mod tenants;
pub mod transfer;

/// An execution as every key names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    /// Whose it is.
    pub tenant: &'a str,
    /// Its id within the tenant.
    pub id: &'a str,
}
