//! Work that may fail without failing the call: in a subtransaction, as a PL/pgSQL block with EXCEPTION does it.

use crate::core::{StateError, StateResult};
use crate::pg::{error, settings};
use pgrx::pg_sys;
use pgrx::pg_sys::panic::CaughtError;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Why work failed.
#[derive(Debug, Clone)]
pub struct Caught {
    /// SQLSTATE.
    pub sqlstate: String,
    /// Of the extension's own refusals their message; of any other error nothing but that it is one, since it may
    /// show parts of a state.
    pub message: String,
}

/// What waiting for a lock ends in.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// What a subtransaction puts back.
struct Outside {
    memory: pg_sys::MemoryContext,
    owner: pg_sys::ResourceOwner,
}

impl Outside {
    fn enter() -> Self {
        // SAFETY: plain reads, and the start of a subtransaction, which is legal inside a function.
        unsafe {
            let outside = Outside {
                memory: pg_sys::CurrentMemoryContext,
                owner: pg_sys::CurrentResourceOwner,
            };
            pg_sys::BeginInternalSubTransaction(std::ptr::null());
            pg_sys::MemoryContextSwitchTo(outside.memory);
            outside
        }
    }

    fn commit(&self) {
        // SAFETY: of the subtransaction that `enter` has begun; what it changed is put back.
        unsafe {
            pg_sys::ReleaseCurrentSubTransaction();
            self.put_back();
        }
    }

    fn abort(&self) {
        // SAFETY: as above.
        unsafe {
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
            self.put_back();
        }
    }

    /// # Safety
    /// Context and owner must still be there: they are the caller's.
    unsafe fn put_back(&self) {
        // SAFETY: the caller's promise.
        unsafe {
            pg_sys::MemoryContextSwitchTo(self.memory);
            pg_sys::CurrentResourceOwner = self.owner;
        }
    }
}

/// What unwound out of work.
pub(super) type Unwound = Box<dyn Any + Send>;

/// Runs `work` in a subtransaction, which has ended on every way out: an error that passed with it open would end the
/// subtransaction alone, and leave the session in a transaction that has failed.
/// An error that ends here is taken from the server; one that is passed on it needs as it keeps it.
pub(super) fn inside<R>(
    stays: bool,
    ends_here: impl FnOnce(&Unwound) -> bool,
    work: impl FnOnce() -> StateResult<R>,
) -> Result<StateResult<R>, Unwound> {
    let outside = Outside::enter();
    let outcome = catch_unwind(AssertUnwindSafe(work));
    if stays && matches!(outcome, Ok(Ok(_))) {
        outside.commit();
        return outcome;
    }
    if outcome.as_ref().is_err_and(ends_here) {
        // SAFETY: the error is caught, and goes no further.
        unsafe { pg_sys::FlushErrorState() };
    }
    outside.abort();
    outcome
}

/// The SQLSTATE of an error that is about the work, and not about the session.
fn code(error: &Unwound) -> Option<String> {
    let (CaughtError::PostgresError(report) | CaughtError::ErrorReport(report)) =
        error.downcast_ref()?
    else {
        return None;
    };
    let code = error::unpacked(report.sql_error_code() as i32);
    (!is_of_the_session(&code)).then_some(code)
}

/// Runs `work`; what it changed stays only where it succeeds. Whatever is about the session and not about the work,
/// a cancel or the lack of memory, say, is raised all the same.
pub fn attempt<R>(work: impl FnOnce() -> StateResult<R>) -> StateResult<Result<R, Caught>> {
    match inside(true, |error| code(error).is_some(), work) {
        Ok(Ok(done)) => Ok(Ok(done)),
        Ok(Err(refusal)) => own(refusal),
        Err(error) => match code(&error) {
            Some(sqlstate) => {
                let message = "the server or a function raised an error".to_owned();
                Ok(Err(Caught { sqlstate, message }))
            }
            None => resume_unwind(error),
        },
    }
}

/// Runs `work` as far as nobody has locked what it needs: where it would wait for longer than a moment, what it has
/// changed is taken back, and there is no result. So whoever holds more than one lock is not waited for in a circle.
pub fn unless_locked<R>(work: impl FnOnce() -> StateResult<R>) -> StateResult<Option<R>> {
    let is_locked = |error: &Unwound| code(error).as_deref() == Some(LOCK_NOT_AVAILABLE);
    match inside(true, is_locked, || settings::impatient(work)) {
        Ok(result) => result.map(Some),
        Err(error) if is_locked(&error) => Ok(None),
        Err(error) => resume_unwind(error),
    }
}

/// How many locks of others are run into before what is left is for the next time.
const LOCKED: usize = 10;

/// `work` for all of some things at once, or, where somebody has locked one of them, one by one without those; each is
/// told of what was done. Returns how many were left alone.
pub fn without_locked<T, R>(
    all: &[T],
    work: impl Fn(&[T]) -> StateResult<R>,
    mut each: impl FnMut(R),
) -> StateResult<usize> {
    if all.is_empty() {
        return Ok(0);
    }
    if let Some(done) = unless_locked(|| work(all))? {
        each(done);
        return Ok(0);
    }
    let mut left = 0;
    for (at, one) in all.chunks(1).enumerate() {
        if left >= LOCKED {
            return Ok(left + all.len() - at);
        }
        match unless_locked(|| work(one))? {
            Some(done) => each(done),
            None => left += 1,
        }
    }
    Ok(left)
}

/// Runs `work` and takes back what it has changed.
pub fn rolled_back<R>(work: impl FnOnce() -> StateResult<R>) -> StateResult<R> {
    match inside(false, |_| false, work) {
        Ok(result) => result,
        Err(error) => resume_unwind(error),
    }
}

fn own<R>(refusal: StateError) -> StateResult<Result<R, Caught>> {
    let sqlstate = error::code_of(&refusal);
    if is_of_the_session(&sqlstate) {
        return Err(refusal);
    }
    let message = match refusal.detail {
        Some(detail) => format!("{}: {detail}", refusal.message),
        None => refusal.message,
    };
    Ok(Err(Caught { sqlstate, message }))
}

/// Operator intervention, lack of resources, transactions that must be tried again, the system itself.
fn is_of_the_session(sqlstate: &str) -> bool {
    ["57", "53", "40", "58"]
        .iter()
        .any(|class| sqlstate.starts_with(class))
}
