//! Work that can be interrupted, and counted.
//!
//! Whatever loops over a caller's data says here how much it has done: a unit is a step from one value to the
//! next, or 64 bytes. Now and then that calls a hook, which may unwind to end the work.

use std::cell::Cell;
use std::sync::OnceLock;

/// Units between two calls of the hook: well under a millisecond.
const EVERY: usize = 1 << 14;

static HOOK: OnceLock<fn()> = OnceLock::new();

thread_local! {
    static COUNT: Count = const {
        Count {
            left: Cell::new(EVERY),
            before: Cell::new(0),
        }
    };
}

struct Count {
    /// Units until the hook is called next.
    left: Cell<usize>,
    /// Units before the present interval.
    before: Cell<u64>,
}

/// Installs what is called now and then; the first counts. It may unwind: whatever calls [`work`] leaves
/// nothing behind then that its owners' `drop` does not put in order.
pub fn call_now_and_then(hook: fn()) {
    let _ = HOOK.set(hook);
}

/// Says that so many units of work were done, or are about to be.
#[inline]
pub fn work(units: usize) {
    COUNT.with(|count| match count.left.get().checked_sub(units) {
        Some(rest) => count.left.set(rest),
        None => pause(count, units),
    });
}

/// The same for so many bytes.
#[inline]
pub fn work_on_bytes(bytes: usize) {
    work(bytes / 64);
}

/// Units of work that this thread has done.
pub fn done() -> u64 {
    COUNT.with(|count| count.before.get() + (EVERY - count.left.get()) as u64)
}

#[cold]
#[inline(never)]
fn pause(count: &Count, units: usize) {
    let units = (EVERY - count.left.get()) as u64 + units as u64;
    // First, since the hook may not return.
    count.before.set(count.before.get().saturating_add(units));
    count.left.set(EVERY);
    if let Some(hook) = HOOK.get() {
        hook();
    }
}
