//! The one place that gives a refusal its SQLSTATE and raises it.

use crate::core::{Code, StateError, StateResult};
use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgSqlErrorCode, pg_sys};
use std::any::Any;
use std::ffi::{CStr, CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The five characters of each class; class WF is wfstate's own.
fn sqlstate(code: Code) -> &'static [u8; 5] {
    match code {
        Code::ConcurrentModification => b"WF001",
        Code::StateRecovery => b"WF003",
        Code::StateValidation => b"WF002",
        Code::IllegalTransition => b"WF004",
        Code::NotFound => b"WF005",
        Code::AlreadyExists => b"WF006",
        Code::LeaseLost => b"WF007",
        Code::CorruptState => b"WF008",
        Code::InvalidParameter => b"22023",
        Code::InsufficientPrivilege => b"42501",
        Code::LimitExceeded => b"54000",
        Code::OutOfMemory => b"53200",
        Code::InvalidText => b"22P02",
        Code::InvalidBinary => b"22P03",
        Code::Internal => b"XX000",
        Code::DependentObjects => b"2BP01",
        Code::NotReady => b"55000",
        Code::NotSupported => b"0A000",
        Code::SerializationFailure => b"40001",
    }
}

/// The server's packed form (`MAKE_SQLSTATE`): six bits a character.
fn packed(state: &[u8; 5]) -> c_int {
    state.iter().rev().fold(0, |packed, c| {
        (packed << 6) | ((c_int::from(*c) - 0x30) & 0x3f)
    })
}

/// The five characters of a refusal's class.
pub(super) fn code_of(error: &StateError) -> String {
    String::from_utf8_lossy(sqlstate(error.code)).into_owned()
}

/// The five characters of the server's packed form.
pub(super) fn unpacked(code: c_int) -> String {
    let character = |at: c_int| ((((code >> (6 * at)) & 0x3f) + 0x30) as u8) as char;
    (0..5).map(character).collect()
}

/// Runs the body of an API function; what it refuses becomes a server error.
pub fn run<T>(body: impl FnOnce() -> StateResult<T>) -> T {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => raise(&error),
        Err(error) => match denied(&*error) {
            Some(refusal) => {
                // SAFETY: the error is caught, and its message copied.
                unsafe { pg_sys::FlushErrorState() };
                raise(&refusal)
            }
            None => resume_unwind(error),
        },
    }
}

/// The server's refusal of a right that one of the extension's own statements needs, without the statement; `None` of
/// any other error, one that a function of somebody else's has met included.
fn denied(caught: &(dyn Any + Send)) -> Option<StateError> {
    let Some(CaughtError::PostgresError(report)) = caught.downcast_ref() else {
        return None;
    };
    let message = report.message();
    if report.sql_error_code() != PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE
        || !message.starts_with("permission denied for ")
    {
        return None;
    }
    // SAFETY: an error is being handled, of which this is the server's copy; its texts are NULL or end in a null byte.
    let (context, query) = unsafe {
        let data = pg_sys::CopyErrorData();
        let text = |text: *const c_char| {
            (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
        };
        let texts = (text((*data).context), text((*data).internalquery));
        pg_sys::FreeErrorData(data);
        texts
    };
    let is_own = |text: &str| text.contains("wfstate.");
    let own = match (query.as_deref(), context.as_deref()) {
        (Some(query), _) => is_own(query),
        (None, Some(context)) => context.starts_with("SQL statement \"") && is_own(context),
        (None, None) => false,
    };
    own.then(|| {
        StateError::new(Code::InsufficientPrivilege, message).hint(
            "Ask an administrator for wf_grant_access: to call a function it takes the rights of its level, not EXECUTE alone.",
        )
    })
}

/// Raises what can only come of a mistake in the extension, or of tables that somebody has altered.
pub fn internal(what: &str, place: &str) -> ! {
    let place = place.split_whitespace().collect::<Vec<_>>().join(" ");
    raise(
        &StateError::new(Code::Internal, format!("internal error: {what}"))
            .detail(format!("It is {place}."))
            .hint("Check that the library and the extension's objects are of one version."),
    )
}

/// Raises through the server's own `ereport`, since pgrx knows only the standard codes.
/// It comes back as a caught server error, which pgrx rethrows whole and without a backtrace.
pub fn raise(error: &StateError) -> ! {
    unsafe extern "C-unwind" {
        fn errstart(elevel: c_int, domain: *const c_char) -> bool;
        fn errcode(sqlerrcode: c_int) -> c_int;
        fn errmsg_internal(fmt: *const c_char, ...) -> c_int;
        fn errdetail_internal(fmt: *const c_char, ...) -> c_int;
        fn errhint(fmt: *const c_char, ...) -> c_int;
        fn errfinish(filename: *const c_char, lineno: c_int, funcname: *const c_char);
    }
    let text = |text: &str| CString::new(text.replace('\0', "")).unwrap_or_default();
    let message = text(&error.message);
    let detail = error.detail.as_deref().map(text);
    let hint = error.hint.as_deref().map(text);
    let code = packed(sqlstate(error.code));
    let format = c"%s".as_ptr();
    // SAFETY: every pointer outlives the block; the server copies the strings. errfinish does not return
    // for ERROR: its longjmp ends at this boundary, which turns it into an unwinding panic, so that the
    // strings above are dropped.
    unsafe {
        pg_sys::ffi::pg_guard_ffi_boundary(|| {
            if errstart(pgrx::PgLogLevel::ERROR as c_int, std::ptr::null()) {
                errcode(code);
                errmsg_internal(format, message.as_ptr());
                if let Some(detail) = &detail {
                    errdetail_internal(format, detail.as_ptr());
                }
                if let Some(hint) = &hint {
                    errhint(format, hint.as_ptr());
                }
                errfinish(c"wfstate".as_ptr(), 0, c"raise".as_ptr());
            }
        });
    }
    std::process::abort()
}
