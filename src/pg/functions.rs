//! Functions of users that take a jsonb and return one, called where the extension needs what they make of it.

use crate::core::{Code, StateError, StateResult};
use crate::pg::attempt;
use crate::pg::datum::{jsonb_datum, payload};
use crate::pg::roles;
use pgrx::{IntoDatum, PgMemoryContexts, direct_function_call, pg_sys};
use std::ffi::CStr;

/// A function.
pub struct Function {
    oid: pg_sys::Oid,
    owner: u32,
    takes: Vec<pg_sys::Oid>,
    returns: pg_sys::Oid,
    is_set: bool,
    is_temporary: bool,
    kind: u8,
    volatility: u8,
    parallel: u8,
}

/// A function by its name and the types of its arguments, as regprocedure has it.
pub fn find(name: &str) -> Option<Function> {
    // SAFETY: `to_regprocedure` takes a text; NULL where there is no such function.
    let oid = unsafe {
        direct_function_call::<pg_sys::Oid>(pg_sys::to_regprocedure, &[name.into_datum()])
    }?;
    // SAFETY: the tuple is read before it is released, and of the catalog that is named.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::PROCOID as _,
            pg_sys::Datum::from(oid),
        );
        if tuple.is_null() {
            return None;
        }
        let (mut types, mut count) = (std::ptr::null_mut(), 0);
        pg_sys::get_func_signature(oid, &mut types, &mut count);
        let count = usize::try_from(count).unwrap_or_default();
        let takes = (0..count).map(|at| *types.add(at)).collect();
        let row = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_proc>();
        let function = Function {
            oid,
            takes,
            owner: row.proowner.to_u32(),
            returns: row.prorettype,
            is_set: row.proretset,
            is_temporary: pg_sys::isAnyTempNamespace(row.pronamespace),
            kind: row.prokind as u8,
            volatility: row.provolatile as u8,
            parallel: row.proparallel as u8,
        };
        pg_sys::ReleaseSysCache(tuple);
        Some(function)
    }
}

/// Its name as it can be found whatever the search_path.
pub fn qualified(function: &Function) -> String {
    // SAFETY: the function exists; the result is a palloc'd string.
    unsafe {
        let name = pg_sys::format_procedure_qualified(function.oid);
        let copy = CStr::from_ptr(name).to_string_lossy().into_owned();
        pg_sys::pfree(name.cast());
        copy
    }
}

/// Refuses one that is not of the kind, or that the caller may not execute.
pub fn check(function: &Function, name: &str) -> StateResult<()> {
    let refused = |why: &str| {
        StateError::invalid(format!("function {name} cannot migrate states"))
            .detail(String::from(why))
            .hint("It must take a jsonb, return a jsonb, and be IMMUTABLE or STABLE, and PARALLEL SAFE.")
    };
    // Its name becomes another session's, which may have another function of it.
    if function.is_temporary {
        return Err(refused("It is temporary."));
    }
    // What is called below SQL is called with what it takes, or reads wrong memory.
    if function.kind != b'f' || function.takes != [pg_sys::JSONBOID] {
        return Err(refused("It does not take one jsonb."));
    }
    if function.is_set || function.returns != pg_sys::JSONBOID {
        return Err(refused("It does not return one jsonb."));
    }
    if function.volatility == b'v' {
        return Err(refused("It is VOLATILE."));
    }
    // Loads are, and may be run by a worker.
    if function.parallel != b's' {
        return Err(refused("It is not PARALLEL SAFE."));
    }
    let arguments = [function.oid.into_datum(), "EXECUTE".into_datum()];
    // SAFETY: `has_function_privilege(oid, text)`.
    let may =
        unsafe { direct_function_call::<bool>(pg_sys::has_function_privilege_id, &arguments) };
    if may == Some(true) {
        return Ok(());
    }
    Err(StateError::new(
        Code::InsufficientPrivilege,
        format!("permission denied for function {name}"),
    ))
}

/// What it makes of a document; `None` for NULL. With search_path pg_catalog, pg_temp. A superuser does not run
/// another's choice with rights of its own: it runs as the role that chose it, or else as the function's owner.
/// Nothing but the result is left of the call: what else it did to the session or the database is rolled back.
pub fn call(function: &Function, chosen_by: &str, document: &[u8]) -> StateResult<Option<Vec<u8>>> {
    let chooser = roles::role_oid(chosen_by).filter(|role| !roles::is_superuser(*role));
    let mut memory = PgMemoryContexts::new("wfstate migration");
    let mut run = || {
        roles::for_user_code(chooser.unwrap_or(function.owner), || {
            with_pinned_path(|| {
                // SAFETY: the context is this call's own; the result is copied out of it.
                unsafe {
                    memory.switch_to(|_| {
                        let made = invoke(function.oid, jsonb_datum(document))?;
                        Some(payload(made).to_vec())
                    })
                }
            })
        })
    };
    // SAFETY: plain reads of the backend's state.
    if unsafe { pg_sys::IsInParallelMode() } {
        // There are no subtransactions then, and nothing that would have to be rolled back is allowed.
        return Ok(run());
    }
    attempt::rolled_back(|| Ok(run()))
}

/// Calls a function of one argument; `None` for NULL.
///
/// # Safety
/// The argument must be of the function's type.
unsafe fn invoke(function: pg_sys::Oid, argument: pg_sys::Datum) -> Option<pg_sys::Datum> {
    let size = size_of::<pg_sys::FunctionCallInfoBaseData>() + size_of::<pg_sys::NullableDatum>();
    // SAFETY: the call's memory has room for one argument and lives in the current context; `fmgr_info` fills in what
    // is called, which may raise, so that it is called where that is caught and passed on.
    unsafe {
        let info: *mut pg_sys::FmgrInfo = pg_sys::palloc0(size_of::<pg_sys::FmgrInfo>()).cast();
        pg_sys::fmgr_info(function, info);
        let call: pg_sys::FunctionCallInfo = pg_sys::palloc0(size).cast();
        (*call).flinfo = info;
        (*call).nargs = 1;
        (*call).args.as_mut_slice(1)[0] = pg_sys::NullableDatum {
            value: argument,
            isnull: false,
        };
        let address = (*info).fn_addr?;
        let result = pg_sys::ffi::pg_guard_ffi_boundary(|| address(call));
        (!(*call).isnull).then_some(result)
    }
}

/// Runs `work` with the search_path that no user has a schema in. An error leaves it to the abort to put back what was.
fn with_pinned_path<R>(work: impl FnOnce() -> R) -> R {
    // SAFETY: as the server does for a function with a SET clause; the strings are static.
    let level = unsafe {
        let level = pg_sys::NewGUCNestLevel();
        pg_sys::set_config_option(
            c"search_path".as_ptr(),
            c"pg_catalog, pg_temp".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
        level
    };
    let result = work();
    // SAFETY: the level was begun above; as after an error, so that what the function has set does not stay.
    unsafe { pg_sys::AtEOXact_GUC(false, level) };
    result
}
