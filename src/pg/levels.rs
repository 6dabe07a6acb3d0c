//! Work that runs with other settings, as a function with SET clauses does.

use pgrx::pg_sys;
use std::ffi::{CStr, CString, c_int};

/// Puts the settings back that were in force before.
struct Level {
    number: c_int,
    /// Whether what was set meanwhile for the session as a whole stays set.
    session_keeps: bool,
}

impl Level {
    fn begin(session_keeps: bool) -> Self {
        // SAFETY: begins a level of settings.
        let number = unsafe { pg_sys::NewGUCNestLevel() };
        Level {
            number,
            session_keeps,
        }
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        // While unwinding, the server's abort puts them back.
        if !std::thread::panicking() {
            // SAFETY: ends the level that was begun, as the server does behind a function with a SET clause, or behind
            // what it runs on somebody's behalf.
            unsafe { pg_sys::AtEOXact_GUC(self.session_keeps, self.number) };
        }
    }
}

/// Runs `work` with other settings, as a function with SET clauses would.
fn with<R>(settings: &[(&CStr, &CStr)], work: impl FnOnce() -> R) -> R {
    let _level = Level::begin(true);
    for (name, value) in settings {
        // SAFETY: sets one in that level; the strings outlive the call.
        unsafe {
            pg_sys::set_config_option(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_SESSION,
                pg_sys::GucAction::GUC_ACTION_SAVE,
                true,
                0,
                false,
            );
        }
    }
    work()
}

/// Runs `work`, and puts all settings back behind it, also those that it has set for the session.
pub fn put_back<R>(work: impl FnOnce() -> R) -> R {
    let _level = Level::begin(false);
    work()
}

/// Runs `work` with another tenant set.
pub fn in_tenant<R>(tenant: &str, work: impl FnOnce() -> R) -> R {
    let tenant = CString::new(tenant).unwrap_or_default();
    with(&[(c"wfstate.tenant", &tenant)], work)
}

/// Runs `work` whose plans are to go by keys also where they are made while the tables are empty, and are not compiled
/// for the number of keys.
pub fn by_keys<R>(work: impl FnOnce() -> R) -> R {
    with(&[(c"enable_seqscan", c"off"), (c"jit", c"off")], work)
}

/// Runs `work` that waits for nobody for longer than a moment; shorter than any useful deadlock_timeout.
pub fn impatient<R>(work: impl FnOnce() -> R) -> R {
    with(&[(c"lock_timeout", c"100ms")], work)
}
