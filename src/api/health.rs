//! What health is told of that only the library knows.

use crate::core::looking::plain as shown;
use pgrx::prelude::*;

/// `wfstate.plain`, declared in sql/health_checks.sql.
#[pg_extern(sql = false)]
fn plain(value: &str) -> String {
    shown::line(value)
}

#[pg_extern(sql = false)]
fn library_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
