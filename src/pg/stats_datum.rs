//! The type `routing_stats` across the boundary: its stored form as raw bytes.

use crate::core::stats::{Summary, encode};
use crate::core::{Code, Error, StateError, StateResult};
use crate::pg::datum::{jsonb_payload, varlena_datum};
use pgrx::callconv::{Arg, ArgAbi, BoxRet, FcInfo};
use pgrx::datum::{Datum, FromDatum, IntoDatum};
use pgrx::nullable::Nullable;
use pgrx::pg_sys;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, Returns, ReturnsError, SqlMapping, SqlTranslatable,
};

/// An argument of type `routing_stats`; its bytes live until the function returns.
#[derive(Clone, Copy)]
pub struct StatsArg<'a>(&'a [u8]);

impl<'a> StatsArg<'a> {
    /// The stored form.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// What it holds.
    pub fn summary(self) -> StateResult<Summary<Vec<u64>>> {
        encode::decode(self.0).map_err(damaged)
    }
}

/// A result of type `routing_stats`: the stored form.
pub struct StatsDatum(pub Vec<u8>);

/// The refusal of a stored value that cannot be read.
pub fn damaged(error: Error) -> StateError {
    StateError::new(Code::CorruptState, "routing statistics cannot be read")
        .detail(format!("The stored value is damaged: {}.", error.why()))
        .hint("wf_recalculate_statistics builds them again from the decisions.")
}

/// The stored form behind a datum of type `routing_stats`.
///
/// # Safety
/// `datum` must be a valid `routing_stats`, and `'a` must not outlive its memory context.
pub unsafe fn stats_payload<'a>(datum: pg_sys::Datum) -> &'a [u8] {
    // SAFETY: the caller's promise; both types are plain varlenas.
    unsafe { jsonb_payload(datum) }
}

// SAFETY: the SQL type is routing_stats, and the conversions below hold for each of its values.
unsafe impl SqlTranslatable for StatsArg<'_> {
    fn argument_sql() -> Result<SqlMapping, ArgumentError> {
        Ok(SqlMapping::literal("routing_stats"))
    }
    fn return_sql() -> Result<Returns, ReturnsError> {
        Ok(Returns::One(SqlMapping::literal("routing_stats")))
    }
}

// SAFETY: as above.
unsafe impl SqlTranslatable for StatsDatum {
    fn argument_sql() -> Result<SqlMapping, ArgumentError> {
        Ok(SqlMapping::literal("routing_stats"))
    }
    fn return_sql() -> Result<Returns, ReturnsError> {
        Ok(Returns::One(SqlMapping::literal("routing_stats")))
    }
}

impl FromDatum for StatsArg<'_> {
    unsafe fn from_polymorphic_datum(
        datum: pg_sys::Datum,
        is_null: bool,
        _: pg_sys::Oid,
    ) -> Option<Self> {
        if is_null {
            return None;
        }
        // SAFETY: pgrx hands over a datum of the declared type, alive during the call.
        Some(StatsArg(unsafe { stats_payload(datum) }))
    }
}

// SAFETY: an argument of the type is unboxed as what it is.
unsafe impl<'fcx> ArgAbi<'fcx> for StatsArg<'fcx> {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: the caller promises a value that is not null; empty bytes are refused as damaged.
        unsafe { arg.unbox_arg_using_from_datum().unwrap_or(StatsArg(&[])) }
    }

    unsafe fn unbox_nullable_arg(arg: Arg<'_, 'fcx>) -> Nullable<Self> {
        // SAFETY: as above, null or not.
        unsafe { arg.unbox_arg_using_from_datum().into() }
    }
}

impl IntoDatum for StatsDatum {
    fn into_datum(self) -> Option<pg_sys::Datum> {
        Some(varlena_datum(&self.0))
    }

    fn type_oid() -> pg_sys::Oid {
        pg_sys::BYTEAOID
    }
}

// SAFETY: the datum is a varlena in the function's memory context.
unsafe impl BoxRet for StatsDatum {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        // SAFETY: as above.
        unsafe { fcinfo.return_raw_datum(varlena_datum(&self.0)) }
    }
}

/// What is left of a message, for a type's binary input.
pub fn received(message: pgrx::Internal) -> Vec<u8> {
    // SAFETY: the server calls binary input functions with a pointer to a StringInfo, and wants all of it read.
    unsafe {
        let Some(buffer) = message.unwrap() else {
            return Vec::new();
        };
        let buffer = &mut *buffer.cast_mut_ptr::<pg_sys::StringInfoData>();
        let rest = usize::try_from(buffer.len - buffer.cursor).unwrap_or(0);
        let bytes =
            std::slice::from_raw_parts(buffer.data.add(buffer.cursor as usize).cast::<u8>(), rest);
        buffer.cursor = buffer.len;
        bytes.to_vec()
    }
}
