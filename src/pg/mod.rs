//! The only room that touches the server's memory: datums, plans, errors, roles, caches' invalidation.

pub mod aggregate;
pub mod attempt;
pub mod backend;
mod call;
pub mod datum;
pub mod document;
pub mod error;
pub mod functions;
pub mod inputs;
pub mod interrupts;
pub mod invalidation;
pub mod jsonpath;
pub mod lock;
mod malloc;
pub mod params;
pub mod receive;
pub mod record;
pub mod records;
pub mod roles;
pub mod rows;
pub mod scan;
mod server_buffer;
pub mod settings;
pub mod spi;
pub mod stats_datum;
pub mod time;
pub mod types;
