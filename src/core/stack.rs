//! Recursion over a caller's data that others do for us: how deep it may go.
//!
//! Whatever such recursion calls at each level says so by [`deeper`]. Each time that the stack has grown a good deal that
//! asks a hook, and where there is no more to be had ends the work by unwinding to [`bounded`].

use super::{Code, StateError, StateResult};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;

/// Bytes that the stack may grow between two looks. The server keeps 512 kB in reserve.
const STEP: usize = 32 << 10;

static HOOK: OnceLock<fn() -> bool> = OnceLock::new();

thread_local! {
    /// Address down to which the stack is known to be there; 0 outside of [`bounded`].
    static SEEN: Cell<usize> = const { Cell::new(0) };
}

struct TooDeep;

/// Installs what tells whether the stack is used up; the first counts.
pub fn look_by(hook: fn() -> bool) {
    let _ = HOOK.set(hook);
}

/// Says that recursion has gone one level down.
#[inline]
pub fn deeper() {
    let here = address();
    if SEEN.get().saturating_sub(here) > STEP {
        look(here);
    }
}

/// About where the stack ends now; it grows downwards.
#[inline(always)]
fn address() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(&here) as usize
}

#[cold]
#[inline(never)]
fn look(here: usize) {
    if HOOK.get().is_some_and(|is_used_up| is_used_up()) {
        resume_unwind(Box::new(TooDeep));
    }
    SEEN.set(here);
}

/// Runs `body`, and refuses where it goes too deep.
pub fn bounded<T>(what: &str, body: impl FnOnce() -> T) -> StateResult<T> {
    let before = SEEN.replace(address());
    let ended = catch_unwind(AssertUnwindSafe(body));
    SEEN.set(before);
    ended.or_else(|why| {
        if why.is::<TooDeep>() {
            return Err(StateError::new(
                Code::LimitExceeded,
                format!("{what} is nested too deeply"),
            )
            .detail("To check it takes more of the stack than there is.")
            .hint("Nest it less, or increase max_stack_depth."));
        }
        resume_unwind(why)
    })
}
