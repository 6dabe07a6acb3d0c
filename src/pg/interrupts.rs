//! Cancel and terminate reach the loops over a caller's data.

use crate::core::{stack, work};
use pgrx::pg_sys;

/// Has the loops of the pure code look now and then, too; it lasts as long as the session.
pub fn register() {
    work::call_now_and_then(check);
    stack::look_by(is_stack_used_up);
}

/// Whether the server wants the call to end, for code that must not be unwound through.
pub fn is_wanted() -> bool {
    // SAFETY: a plain read of a flag that signal handlers set.
    unsafe { pg_sys::InterruptPending != 0 }
}

fn is_stack_used_up() -> bool {
    // SAFETY: compares addresses, and never raises.
    unsafe { pg_sys::stack_is_too_deep() }
}

/// Raises when the server wants the call to end. That unwinds through whatever called it, which leaves nothing
/// behind but what its owners' `drop` puts in order.
pub fn check() {
    pgrx::check_for_interrupts!();
}
