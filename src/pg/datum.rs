//! jsonb across the boundary as raw bytes: no text, no tree.

use crate::core::{StateError, memory};
use crate::pg::document::{Document, shared_datum};
use crate::pg::error::raise;
use pgrx::callconv::{Arg, ArgAbi, BoxRet, FcInfo};
use pgrx::datum::{Datum, FromDatum, IntoDatum, UnboxDatum};
use pgrx::nullable::Nullable;
use pgrx::pg_sys;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, Returns, ReturnsError, SqlMapping, SqlTranslatable,
};

use std::rc::Rc;

/// Bytes of a varlena's full header.
pub(super) const HEADER: usize = 4;

/// A jsonb argument. Its bytes stay where the server put them, which is until the function returns.
#[derive(Clone, Copy)]
pub struct JsonbArg<'a>(&'a [u8]);

impl<'a> JsonbArg<'a> {
    /// The payload, without the varlena header.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }
}

/// A jsonb result. Shared with whoever keeps it: where it is large it is not copied.
#[derive(Clone)]
pub struct Jsonb(pub Rc<Document>);

impl From<Vec<u8>> for Jsonb {
    fn from(payload: Vec<u8>) -> Self {
        match Document::from_payload(payload) {
            Ok(document) => Jsonb(Rc::new(document)),
            Err(error) => raise(&StateError::bad_document("result", error)),
        }
    }
}

/// A copy of an argument, for what outlives the call.
pub fn owned(argument: JsonbArg<'_>) -> Vec<u8> {
    let mut copy = Vec::new();
    if memory::append(&mut copy, argument.0).is_err() {
        raise(&StateError::out_of_memory("argument"));
    }
    copy
}

impl From<Document> for Jsonb {
    fn from(document: Document) -> Self {
        Jsonb(Rc::new(document))
    }
}

/// Detoasts a datum of a varlena type, such as jsonb; the payload lives as long as the current memory context.
///
/// # Safety
/// `datum` must be a valid varlena, and `'a` must not outlive its memory context.
pub unsafe fn payload<'a>(datum: pg_sys::Datum) -> &'a [u8] {
    // SAFETY: the caller's promise; pg_detoast_datum returns a plain varlena with a 4-byte header.
    unsafe {
        let varlena = pg_sys::pg_detoast_datum(datum.cast_mut_ptr());
        let size = pgrx::varlena::varsize_4b(varlena).saturating_sub(HEADER);
        std::slice::from_raw_parts(varlena.cast::<u8>().add(HEADER), size)
    }
}

/// Copies a payload into a new varlena in the current memory context.
pub fn jsonb_datum(payload: &[u8]) -> pg_sys::Datum {
    varlena_datum(payload)
}

/// Copies bytes into a new varlena in the current memory context.
pub fn varlena_datum(payload: &[u8]) -> pg_sys::Datum {
    let size = payload.len() + HEADER;
    // SAFETY: palloc returns `size` writable bytes or raises; the header and the payload fill them.
    unsafe {
        let varlena = pg_sys::palloc(size).cast::<u8>();
        pgrx::set_varsize_4b(varlena.cast(), i32::try_from(size).unwrap_or(i32::MAX));
        std::ptr::copy_nonoverlapping(payload.as_ptr(), varlena.add(HEADER), payload.len());
        pg_sys::Datum::from(varlena)
    }
}

/// The server's own containment test, `document @> part`.
pub fn jsonb_contains(document: &[u8], part: &[u8]) -> bool {
    // SAFETY: both datums are valid jsonb made here; the function neither returns NULL nor keeps them.
    unsafe {
        let (document, part) = (jsonb_datum(document), jsonb_datum(part));
        let contains = pgrx::direct_function_call::<bool>(
            pg_sys::jsonb_contains,
            &[Some(document), Some(part)],
        );
        pg_sys::pfree(document.cast_mut_ptr());
        pg_sys::pfree(part.cast_mut_ptr());
        contains.unwrap_or(false)
    }
}

/// Makes an argument and a result of a type whose values are plain varlenas: `$argument(&[u8])` over the payload,
/// and `$result`, which `$datum` turns into a datum of the current memory context.
macro_rules! varlena_type {
    ($argument:ident, $result:ident, $sql:literal, $oid:expr, $datum:expr) => {
        // SAFETY: the SQL type is this one, and the conversions below hold for each of its values.
        unsafe impl SqlTranslatable for $argument<'_> {
            fn argument_sql() -> Result<SqlMapping, ArgumentError> {
                Ok(SqlMapping::literal($sql))
            }
            fn return_sql() -> Result<Returns, ReturnsError> {
                Ok(Returns::One(SqlMapping::literal($sql)))
            }
        }

        // SAFETY: as above.
        unsafe impl SqlTranslatable for $result {
            fn argument_sql() -> Result<SqlMapping, ArgumentError> {
                Ok(SqlMapping::literal($sql))
            }
            fn return_sql() -> Result<Returns, ReturnsError> {
                Ok(Returns::One(SqlMapping::literal($sql)))
            }
        }

        impl FromDatum for $argument<'_> {
            unsafe fn from_polymorphic_datum(
                datum: pg_sys::Datum,
                is_null: bool,
                _: pg_sys::Oid,
            ) -> Option<Self> {
                if is_null {
                    return None;
                }
                // SAFETY: pgrx hands over a datum of the declared type, alive during the call.
                Some($argument(unsafe { $crate::pg::datum::payload(datum) }))
            }
        }

        // SAFETY: an argument of the type is unboxed as what it is.
        unsafe impl<'fcx> ArgAbi<'fcx> for $argument<'fcx> {
            unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
                // SAFETY: the caller promises a value that is not null; an empty payload is none of the type,
                // and is refused as corrupt.
                unsafe { arg.unbox_arg_using_from_datum().unwrap_or($argument(&[])) }
            }

            unsafe fn unbox_nullable_arg(arg: Arg<'_, 'fcx>) -> Nullable<Self> {
                // SAFETY: as above, null or not.
                unsafe { arg.unbox_arg_using_from_datum().into() }
            }
        }

        impl IntoDatum for $result {
            fn into_datum(self) -> Option<pg_sys::Datum> {
                Some($datum(self.0))
            }

            fn type_oid() -> pg_sys::Oid {
                $oid
            }
        }

        // SAFETY: the datum is of the type, in the function's memory context.
        unsafe impl BoxRet for $result {
            unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
                // SAFETY: as above.
                unsafe { fcinfo.return_raw_datum($datum(self.0)) }
            }
        }
    };
}
pub(super) use varlena_type;

varlena_type!(JsonbArg, Jsonb, "jsonb", pg_sys::JSONBOID, shared_datum);

// SAFETY: elements of a jsonb[] are jsonb datums.
unsafe impl UnboxDatum for JsonbArg<'_> {
    type As<'src>
        = JsonbArg<'src>
    where
        Self: 'src;

    unsafe fn unbox<'src>(datum: Datum<'src>) -> Self::As<'src>
    where
        Self: 'src,
    {
        // SAFETY: the caller's datum is a jsonb that lives for 'src.
        JsonbArg(unsafe { payload(datum.sans_lifetime()) })
    }
}
