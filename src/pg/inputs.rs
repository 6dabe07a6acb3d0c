//! Texts read by the input functions of types, whose refusal is an answer.

use crate::pg::datum::payload;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::pg_sys::{Datum, FunctionCallInfo};
use pgrx::{PgMemoryContexts, PgTryBuilder, pg_sys};
use std::ffi::CString;
use std::panic::AssertUnwindSafe;

/// A jsonb from its text.
pub fn jsonb(text: &str) -> Result<Vec<u8>, String> {
    let mut memory = PgMemoryContexts::new("wfstate json");
    // SAFETY: the context is this call's own; what `jsonb_in` gives is copied out of it.
    unsafe {
        memory.switch_to(|_| read(text, pg_sys::jsonb_in, &[]).map(|datum| payload(datum).to_vec()))
    }
}

pub(super) type Function = unsafe fn(FunctionCallInfo) -> Datum;

/// What an input function makes of a text, or its words of refusal. It takes no locks and holds nothing that an error
/// would leave behind, so that catching it needs no subtransaction.
pub(super) fn read(
    text: &str,
    function: Function,
    rest: &[Option<Datum>],
) -> Result<Datum, String> {
    let Ok(text) = CString::new(text) else {
        return Err(String::from("contains a null byte"));
    };
    let call = AssertUnwindSafe(|| {
        let mut args = vec![Some(Datum::from(text.as_ptr()))];
        args.extend_from_slice(rest);
        // SAFETY: an input function, with a C string that outlives the call, and its other arguments.
        let read = unsafe { pgrx::direct_function_call_as_datum(function, &args) };
        read.ok_or_else(|| String::from("is nothing"))
    });
    PgTryBuilder::new(call)
        .catch_others(|error| match error {
            CaughtError::PostgresError(report) | CaughtError::ErrorReport(report)
                if is_refusal(report.sql_error_code()) =>
            {
                Err(report.message().to_owned())
            }
            other => other.rethrow(),
        })
        .execute()
}

/// Whether an error is about the text, and not about the session.
fn is_refusal(code: pgrx::PgSqlErrorCode) -> bool {
    use pgrx::PgSqlErrorCode as C;
    !matches!(
        code,
        C::ERRCODE_QUERY_CANCELED
            | C::ERRCODE_ADMIN_SHUTDOWN
            | C::ERRCODE_OUT_OF_MEMORY
            | C::ERRCODE_INTERNAL_ERROR
    )
}
