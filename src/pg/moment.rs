//! Several reads as of one moment.

use crate::pg::spi::Mode;
use pgrx::pg_sys;

/// Runs reads of `Mode::Read` as of the moment that a statement of this mode would see now: with all that the transaction
/// has done so far, and nothing that others commit meanwhile. What raises leaves it at once, and the abort takes the
/// snapshot from the stack.
pub fn as_of_one<R>(mode: Mode, reads: impl FnOnce() -> R) -> R {
    if mode == Mode::Read {
        return reads();
    }
    // SAFETY: as SPI begins a statement; what is pushed here is popped here, and everybody else pops their own.
    unsafe {
        pg_sys::CommandCounterIncrement();
        pg_sys::PushActiveSnapshot(match mode {
            Mode::Latest => pg_sys::GetLatestSnapshot(),
            _ => pg_sys::GetTransactionSnapshot(),
        });
    }
    let done = reads();
    // SAFETY: pushed above.
    unsafe { pg_sys::PopActiveSnapshot() };
    done
}
