//! What the server raises when stored data is damaged, told apart from every other error: caught in a subtransaction,
//! so that work can go on, or turned into the extension's own words.

use crate::core::{StateError, StateResult};
use crate::pg::attempt::inside;
use crate::pg::error::raise;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgSqlErrorCode, pg_sys};
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

thread_local! {
    /// Whether a subtransaction waits for what is raised.
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Puts back what was before, however the body ends.
struct Catching(bool);

impl Catching {
    fn begin() -> Self {
        Catching(CATCHING.replace(true))
    }
}

impl Drop for Catching {
    fn drop(&mut self) {
        CATCHING.set(self.0);
    }
}

/// The class of data exceptions, 22, as the server packs it.
const DATA_EXCEPTION: i32 = 2 | 2 << 6;

/// The message of an error that means damage; `None` of any other: a cancel, or memory that is short. The server keeps
/// the error until it is flushed, and needs it where it goes on.
fn damage(caught: &(dyn Any + Send)) -> Option<String> {
    let Some(CaughtError::PostgresError(report)) = caught.downcast_ref() else {
        return None;
    };
    let code = report.sql_error_code();
    let is_damage = code == PgSqlErrorCode::ERRCODE_DATA_CORRUPTED
        || code == PgSqlErrorCode::ERRCODE_INDEX_CORRUPTED
        || (code as i32) & 0xfff == DATA_EXCEPTION;
    is_damage.then(|| report.message().to_owned())
}

/// Runs the body in a subtransaction: `Err` is what the server says is damaged, with everything undone that the body
/// did. Nothing may be connected to SPI here. Not for parallel queries, which have no subtransactions.
pub fn attempt<T>(body: impl FnOnce() -> StateResult<T>) -> StateResult<Result<T, String>> {
    let work = || {
        let _catching = Catching::begin();
        body()
    };
    match inside(true, |error| damage(&**error).is_some(), work) {
        Ok(result) => result.map(Ok),
        Err(error) => match damage(&*error) {
            Some(message) => Ok(Err(message)),
            None => resume_unwind(error),
        },
    }
}

/// Runs the body; where the server says that data is damaged, raises what `told` makes of its message instead.
pub fn telling<T>(
    told: impl FnOnce(&str) -> StateError,
    body: impl FnOnce() -> StateResult<T>,
) -> StateResult<T> {
    if CATCHING.get() {
        return body();
    }
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => result,
        // Raised at once: only the end of the transaction puts in order what the error has left.
        Err(error) => match damage(&*error) {
            Some(message) => {
                // SAFETY: the error is caught, and its message copied.
                unsafe { pg_sys::FlushErrorState() };
                raise(&told(&message))
            }
            None => resume_unwind(error),
        },
    }
}
