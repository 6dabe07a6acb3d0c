//! The type `routing_stats` across the boundary: its stored form as raw bytes.

use crate::core::stats::{Summary, encode};
use crate::core::{StateError, StateResult};
use crate::pg::datum::{varlena_datum, varlena_type};
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
        encode::decode(self.0).map_err(StateError::statistics)
    }
}

/// A result of type `routing_stats`: the stored form.
pub struct StatsDatum(pub Vec<u8>);

fn datum(stored: Vec<u8>) -> pg_sys::Datum {
    varlena_datum(&stored)
}

varlena_type!(
    StatsArg,
    StatsDatum,
    "routing_stats",
    pg_sys::BYTEAOID,
    datum
);

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
