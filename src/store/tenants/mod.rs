//! Tenants, and who may do what.

pub mod access;
pub mod grants;
pub mod scope;
pub mod tenant;
