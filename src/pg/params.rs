//! What goes into a statement: values of parameters, raw where the server has them.

use crate::pg::datum::{jsonb_datum, varlena_datum};
use crate::pg::error::internal;
use crate::pg::types::Type;
use pgrx::pg_sys;

/// An interval as the server has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Months.
    pub months: i32,
    /// Days beyond them.
    pub days: i32,
    /// Microseconds beyond those.
    pub micros: i64,
}

impl Interval {
    /// So many microseconds.
    pub fn of_micros(micros: i64) -> Self {
        Interval {
            months: 0,
            days: 0,
            micros,
        }
    }

    /// All of it in microseconds; a month has 30 days.
    pub fn in_micros(self) -> i128 {
        const DAY: i128 = 86_400_000_000;
        (i128::from(self.months) * 30 + i128::from(self.days)) * DAY + i128::from(self.micros)
    }

    /// In the current memory context.
    pub(super) fn datum(self) -> pg_sys::Datum {
        // SAFETY: palloc returns room for an interval, or raises.
        unsafe {
            let place = pg_sys::palloc(size_of::<pg_sys::Interval>()).cast::<pg_sys::Interval>();
            place.write(pg_sys::Interval {
                time: self.micros,
                day: self.days,
                month: self.months,
            });
            pg_sys::Datum::from(place)
        }
    }
}

/// Value of a statement's parameter; `None` is NULL.
pub enum Param<'a> {
    /// text
    Text(Option<&'a str>),
    /// bigint
    Int8(Option<i64>),
    /// integer; a value beyond the type becomes the nearest
    Int4(Option<i64>),
    /// boolean
    Bool(Option<bool>),
    /// jsonb payload
    Jsonb(Option<&'a [u8]>),
    /// timestamp with time zone, in the server's microseconds
    Timestamptz(Option<i64>),
    /// interval
    Interval(Option<Interval>),
    /// text[]
    TextArray(Option<&'a [String]>),
    /// text[], elements of which may be NULL
    Texts(&'a [Option<&'a str>]),
    /// bigint[]
    Int8Array(&'a [Option<i64>]),
    /// jsonb[] of payloads
    JsonbArray(&'a [Option<&'a [u8]>]),
    /// timestamptz[], in the server's microseconds
    TimestamptzArray(&'a [Option<i64>]),
    /// real[]
    Float4Array(Option<&'a [f32]>),
    /// double precision[]
    Float8Array(&'a [Option<f64>]),
    /// double precision
    Float8(Option<f64>),
    /// uuid
    Uuid(Option<[u8; 16]>),
    /// bytea
    Bytea(Option<&'a [u8]>),
}

impl Param<'_> {
    pub(super) fn kind(&self) -> Type {
        match self {
            Param::Text(_) => Type::Text,
            Param::Int8(_) => Type::Int8,
            Param::Int4(_) => Type::Int4,
            Param::Bool(_) => Type::Bool,
            Param::Jsonb(_) => Type::Jsonb,
            Param::Timestamptz(_) => Type::Timestamptz,
            Param::Interval(_) => Type::Interval,
            Param::TextArray(_) | Param::Texts(_) => Type::TextArray,
            Param::Int8Array(_) => Type::Int8Array,
            Param::JsonbArray(_) => Type::JsonbArray,
            Param::TimestamptzArray(_) => Type::TimestamptzArray,
            Param::Float4Array(_) => Type::Float4Array,
            Param::Float8Array(_) => Type::Float8Array,
            Param::Float8(_) => Type::Float8,
            Param::Uuid(_) => Type::Uuid,
            Param::Bytea(_) => Type::Bytea,
        }
    }

    /// In the current memory context.
    pub(super) fn datum(&self) -> Option<pg_sys::Datum> {
        use pgrx::IntoDatum;
        match self {
            Param::Text(value) => value.map(|v| varlena_datum(v.as_bytes())),
            Param::Int8(value) => value.map(pg_sys::Datum::from),
            Param::Int4(value) => value.map(|v| {
                let nearest = v.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
                pg_sys::Datum::from(nearest as i32)
            }),
            Param::Bool(value) => value.map(pg_sys::Datum::from),
            Param::Jsonb(value) => value.map(jsonb_datum),
            Param::Timestamptz(value) => value.map(pg_sys::Datum::from),
            Param::Interval(value) => value.map(Interval::datum),
            Param::TextArray(value) => value.and_then(|v| v.to_vec().into_datum()),
            Param::Texts(values) => Some(array(
                values
                    .iter()
                    .map(|v| v.map(|v| varlena_datum(v.as_bytes()))),
                VARLENA,
                pg_sys::TEXTOID,
            )),
            Param::Int8Array(values) => Some(array(
                values.iter().map(|v| v.map(pg_sys::Datum::from)),
                WORD,
                pg_sys::INT8OID,
            )),
            Param::Float8Array(values) => Some(array(
                values
                    .iter()
                    .map(|v| v.map(|v| pg_sys::Datum::from(v.to_bits()))),
                WORD,
                pg_sys::FLOAT8OID,
            )),
            Param::TimestamptzArray(values) => Some(array(
                values.iter().map(|v| v.map(pg_sys::Datum::from)),
                WORD,
                pg_sys::TIMESTAMPTZOID,
            )),
            Param::JsonbArray(values) => Some(array(
                values.iter().map(|v| v.map(jsonb_datum)),
                VARLENA,
                pg_sys::JSONBOID,
            )),
            Param::Float4Array(values) => values.map(|values| {
                array(
                    values
                        .iter()
                        .map(|v| Some(pg_sys::Datum::from(v.to_bits()))),
                    (4, true, b'i'),
                    pg_sys::FLOAT4OID,
                )
            }),
            Param::Float8(value) => value.map(|v| pg_sys::Datum::from(v.to_bits())),
            Param::Uuid(value) => value.and_then(|v| pgrx::Uuid::from_bytes(v).into_datum()),
            Param::Bytea(value) => value.map(varlena_datum),
        }
    }
}

/// Length, passing and alignment of what has eight bytes.
const WORD: (i32, bool, u8) = (8, true, b'd');
/// Length, passing and alignment of text and jsonb.
const VARLENA: (i32, bool, u8) = (-1, false, b'i');

/// An array of one dimension, in the current memory context.
fn array(
    elements: impl Iterator<Item = Option<pg_sys::Datum>>,
    (length, by_value, alignment): (i32, bool, u8),
    kind: pg_sys::Oid,
) -> pg_sys::Datum {
    let elements: Vec<Option<pg_sys::Datum>> = elements.collect();
    let mut nulls: Vec<bool> = elements.iter().map(Option::is_none).collect();
    let mut values: Vec<pg_sys::Datum> = elements
        .into_iter()
        .map(|element| element.unwrap_or(pg_sys::Datum::null()))
        .collect();
    let (mut size, mut from) = (values.len() as i32, 1);
    // SAFETY: values and nulls are of the size given, the values of the type that its length, passing and
    // alignment are of; the server copies them.
    unsafe {
        let array = pg_sys::construct_md_array(
            values.as_mut_ptr(),
            nulls.as_mut_ptr(),
            1,
            &mut size,
            &mut from,
            kind,
            length,
            by_value,
            alignment as std::ffi::c_char,
        );
        pg_sys::Datum::from(array)
    }
}

/// Values and null flags as SPI takes them, of the types that the statement declares. The datums live in SPI's
/// memory, until it finishes.
pub(super) fn datums(
    sql: &str,
    types: &[Type],
    params: &[Param<'_>],
) -> (Vec<pg_sys::Datum>, Vec<u8>) {
    if !types.iter().copied().eq(params.iter().map(Param::kind)) {
        internal(
            "parameters are not those that a statement declares",
            &format!("the statement {sql}"),
        );
    }
    let mut values = Vec::with_capacity(params.len());
    let mut nulls = Vec::with_capacity(params.len());
    for param in params {
        let datum = param.datum();
        nulls.push(if datum.is_some() { b' ' } else { b'n' });
        values.push(datum.unwrap_or(pg_sys::Datum::null()));
    }
    (values, nulls)
}
