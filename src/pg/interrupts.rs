//! Cancel and terminate reach the pure code: its loops look now and then whether the server wants to go on.

use crate::core::work;

/// Installs the look; it lasts as long as the session.
pub fn register() {
    work::call_now_and_then(check);
}

/// What raises here unwinds through the pure code and drops what that has made.
fn check() {
    pgrx::check_for_interrupts!();
}
