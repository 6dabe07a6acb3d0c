//! What goes into a statement: types and values of parameters, raw where the server has them.

use crate::pg::datum::{jsonb_datum, varlena_datum};
use pgrx::pg_sys;

/// Type of a statement's parameter.
#[derive(Clone, Copy)]
pub enum Type {
    /// text
    Text,
    /// bigint
    Int8,
    /// integer
    Int4,
    /// boolean
    Bool,
    /// jsonb
    Jsonb,
    /// timestamp with time zone
    Timestamptz,
    /// interval
    Interval,
    /// text[]
    TextArray,
    /// double precision
    Float8,
    /// uuid
    Uuid,
    /// bytea
    Bytea,
}

/// Value of a statement's parameter; `None` is NULL.
pub enum Param<'a> {
    /// text
    Text(Option<&'a str>),
    /// bigint
    Int8(Option<i64>),
    /// integer; a value below 0 or beyond the type becomes the nearest
    Int4(Option<i64>),
    /// boolean
    Bool(Option<bool>),
    /// jsonb payload
    Jsonb(Option<&'a [u8]>),
    /// a datum of whatever type the statement declares, as the server gave it
    Datum(Option<pg_sys::Datum>),
    /// timestamp with time zone, in the server's microseconds
    Timestamptz(i64),
    /// text[]
    TextArray(Option<&'a [String]>),
    /// double precision
    Float8(Option<f64>),
    /// uuid
    Uuid(Option<[u8; 16]>),
    /// bytea
    Bytea(Option<&'a [u8]>),
}

pub(super) fn oid(kind: Type) -> pg_sys::Oid {
    match kind {
        Type::Text => pg_sys::TEXTOID,
        Type::Int8 => pg_sys::INT8OID,
        Type::Int4 => pg_sys::INT4OID,
        Type::Bool => pg_sys::BOOLOID,
        Type::Jsonb => pg_sys::JSONBOID,
        Type::Timestamptz => pg_sys::TIMESTAMPTZOID,
        Type::Interval => pg_sys::INTERVALOID,
        Type::TextArray => pg_sys::TEXTARRAYOID,
        Type::Float8 => pg_sys::FLOAT8OID,
        Type::Uuid => pg_sys::UUIDOID,
        Type::Bytea => pg_sys::BYTEAOID,
    }
}

/// Values and null flags as SPI takes them. The datums live in SPI's memory, until it finishes.
pub(super) fn datums(params: &[Param<'_>]) -> (Vec<pg_sys::Datum>, Vec<u8>) {
    use pgrx::IntoDatum;
    let mut values = Vec::with_capacity(params.len());
    let mut nulls = Vec::with_capacity(params.len());
    for param in params {
        let datum = match param {
            Param::Text(value) => value.map(|v| varlena_datum(v.as_bytes())),
            Param::Int8(value) => value.map(pg_sys::Datum::from),
            Param::Int4(value) => {
                value.map(|v| pg_sys::Datum::from(v.clamp(0, i64::from(i32::MAX)) as i32))
            }
            Param::Bool(value) => value.map(pg_sys::Datum::from),
            Param::Jsonb(value) => value.map(jsonb_datum),
            Param::Datum(value) => *value,
            Param::Timestamptz(micros) => Some(pg_sys::Datum::from(*micros)),
            Param::TextArray(value) => value.and_then(|v| v.to_vec().into_datum()),
            Param::Float8(value) => value.and_then(IntoDatum::into_datum),
            Param::Uuid(value) => {
                value.and_then(|bytes| pgrx::Uuid::from_bytes(bytes).into_datum())
            }
            Param::Bytea(value) => value.map(varlena_datum),
        };
        nulls.push(if datum.is_some() { b' ' } else { b'n' });
        values.push(datum.unwrap_or(pg_sys::Datum::null()));
    }
    (values, nulls)
}
