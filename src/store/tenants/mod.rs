//! Tenants, and who may do what.

pub mod access;
pub mod tenant;
