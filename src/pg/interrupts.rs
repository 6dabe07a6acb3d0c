//! Cancel and terminate reach the loops over a caller's data.

use crate::core::work;

/// Has the loops of the pure code look now and then, too; it lasts as long as the session.
pub fn register() {
    work::call_now_and_then(check);
}

/// Raises when the server wants the call to end. That unwinds through whatever called it, which leaves nothing
/// behind but what its owners' `drop` puts in order.
pub fn check() {
    pgrx::check_for_interrupts!();
}
