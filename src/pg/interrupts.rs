//! Cancel and terminate reach the loops over a caller's data.

/// Raises when the server wants the call to end.
pub fn check() {
    pgrx::check_for_interrupts!();
}
