//! The only room that touches the server's memory: datums, plans, errors, roles, caches' invalidation.

pub mod datum;
pub mod document;
pub mod error;
pub mod invalidation;
pub mod receive;
pub mod roles;
pub mod rows;
pub mod scan;
pub mod settings;
pub mod spi;
