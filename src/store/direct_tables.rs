//! The tables that are used below the executor.

use crate::pg::direct::Table;
use crate::pg::settings;
use crate::store::{log, routing};

/// One of them.
pub struct Used {
    /// Its name.
    pub name: &'static str,
    /// Whether this session may use it so now.
    pub is_direct: bool,
    /// Calls that did since the session began, and those that ran statements.
    pub counts: [i64; 2],
}

/// All of them.
pub fn all() -> impl Iterator<Item = Used> {
    let tables: [&'static Table; 4] = [
        &log::direct::HEADS,
        &log::direct::VERSIONS,
        &routing::direct::DECISIONS,
        &routing::direct::OUTCOMES,
    ];
    tables.into_iter().map(|table| Used {
        name: table.name(),
        is_direct: settings::direct_access() && table.is_plain(),
        counts: table.counts(),
    })
}
