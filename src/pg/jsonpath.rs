//! SQL/JSON paths and intervals, by the server's own functions.

use crate::core::definition::{Holds, PathCompiler, Predicate};
use crate::core::{StateResult, limits};
use crate::pg::datum::jsonb_datum;
use crate::pg::inputs::read;
use pgrx::pg_sys::Datum;
use pgrx::{IntoDatum, PgMemoryContexts, direct_function_call, pg_sys};
use std::ffi::CStr;

/// The server.
pub struct Paths;

/// A jsonpath in memory of its own, freed with it.
struct Compiled(Datum);

impl Drop for Compiled {
    fn drop(&mut self) {
        // SAFETY: copied by `compile` into memory that lasts as long as the session, and nobody else's.
        unsafe { pg_sys::pfree(self.0.cast_mut_ptr()) };
    }
}

impl PathCompiler for Paths {
    fn compile(&self, text: &str) -> StateResult<Result<Predicate, String>> {
        Ok(read(text, pg_sys::jsonpath_in, &[]).map(|path| {
            // SAFETY: the context lasts as long as the session; a jsonpath is a varlena, and this one was just made.
            let compiled = unsafe {
                PgMemoryContexts::TopMemoryContext.switch_to(|_| {
                    let copy = pg_sys::pg_detoast_datum_copy(path.cast_mut_ptr());
                    Compiled(Datum::from(copy))
                })
            };
            Predicate {
                canonical: written(path),
                holds: holds(compiled),
            }
        }))
    }

    fn is_interval(&self, text: &str) -> StateResult<bool> {
        let rest = [pg_sys::Oid::INVALID.into_datum(), (-1_i32).into_datum()];
        let Ok(datum) = read(text, pg_sys::interval_in, &rest) else {
            return Ok(false);
        };
        // SAFETY: an interval that was just made.
        let interval = unsafe { *datum.cast_mut_ptr::<pg_sys::Interval>() };
        Ok(limits::age("", interval.month, interval.day, interval.time).is_ok())
    }
}

/// A jsonpath as the server writes it.
fn written(path: Datum) -> String {
    // SAFETY: jsonpath_out takes a jsonpath and gives a C string.
    unsafe {
        let text = pgrx::direct_function_call_as_datum(pg_sys::jsonpath_out, &[Some(path)]);
        text.map_or_else(String::new, |text| {
            let text = CStr::from_ptr(text.cast_mut_ptr());
            text.to_string_lossy().into_owned()
        })
    }
}

impl Compiled {
    /// As long as it is there. A closure that named the field would take a copy of it, and let the rest be dropped.
    fn datum(&self) -> Datum {
        self.0
    }
}

/// As jsonb_path_match(state, path, '{}', silent => true).
fn holds(path: Compiled) -> Holds {
    Box::new(move |state| {
        let mut memory = PgMemoryContexts::new("wfstate rule");
        // SAFETY: the context is this call's own, and nothing made in it leaves it; the arguments are of the types that
        // the function takes.
        Ok(unsafe {
            memory.switch_to(|_| {
                let empty: [u8; 4] = 0x2000_0000_u32.to_ne_bytes();
                let args = [
                    Some(jsonb_datum(state)),
                    Some(path.datum()),
                    Some(jsonb_datum(&empty)),
                    true.into_datum(),
                ];
                direct_function_call::<bool>(pg_sys::jsonb_path_match, &args)
            })
        })
    })
}
