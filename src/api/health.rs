//! What health is told of that only the library knows.

use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn library_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
