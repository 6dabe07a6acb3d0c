//! The backend that runs the call, and chance.

use crate::core::{Code, StateError, StateResult};
use pgrx::pg_sys;

/// A small number that no other session has at the same time.
pub fn number() -> i32 {
    // SAFETY: a plain read of the backend's state.
    #[cfg(any(feature = "pg15", feature = "pg16"))]
    unsafe {
        pg_sys::MyBackendId
    }
    // SAFETY: as above.
    #[cfg(not(any(feature = "pg15", feature = "pg16")))]
    unsafe {
        pg_sys::MyProcNumber
    }
}

/// Random bytes that cannot be guessed.
pub fn random<const N: usize>() -> StateResult<[u8; N]> {
    let mut bytes = [0_u8; N];
    // SAFETY: the server fills as many bytes as it is told, or says that it cannot.
    if unsafe { pg_sys::pg_strong_random(bytes.as_mut_ptr().cast(), N) } {
        return Ok(bytes);
    }
    Err(StateError::new(
        Code::LimitExceeded,
        "no random bytes to be had",
    ))
}
