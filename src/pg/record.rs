//! A row that a function returns: written by the order of its columns, each value held against the type that the
//! function declares.

use crate::pg::datum::varlena_datum;
use crate::pg::document::Document;
use crate::pg::error::internal;
use crate::pg::params::Interval;
use crate::pg::types::{Column, Type, columns};
use pgrx::IntoDatum;
use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::datum::Datum;
use pgrx::pg_sys;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, Returns, ReturnsError, SqlMapping, SqlTranslatable,
};
use std::ffi::CStr;
use std::rc::Rc;

/// A value of a row.
pub enum Value {
    /// NULL of any type
    Null,
    /// text
    Text(String),
    /// text that is a word of the extension
    Word(&'static str),
    /// text[]
    Texts(Vec<String>),
    /// bigint
    Int8(i64),
    /// integer
    Int4(i32),
    /// boolean
    Bool(bool),
    /// double precision
    Float8(f64),
    /// jsonb payload
    Jsonb(Vec<u8>),
    /// jsonb that is shared with whoever keeps it
    Document(Rc<Document>),
    /// timestamp with time zone, in the server's microseconds
    Timestamptz(i64),
    /// interval
    Interval(Interval),
    /// uuid
    Uuid([u8; 16]),
    /// routing_stats in its stored form
    Stats(Vec<u8>),
}

impl Value {
    /// `None` for NULL, which every type has.
    fn kind(&self) -> Option<Type> {
        Some(match self {
            Value::Null => return None,
            Value::Text(_) | Value::Word(_) => Type::Text,
            Value::Texts(_) => Type::TextArray,
            Value::Int8(_) => Type::Int8,
            Value::Int4(_) => Type::Int4,
            Value::Bool(_) => Type::Bool,
            Value::Float8(_) => Type::Float8,
            Value::Jsonb(_) | Value::Document(_) => Type::Jsonb,
            Value::Timestamptz(_) => Type::Timestamptz,
            Value::Interval(_) => Type::Interval,
            Value::Uuid(_) => Type::Uuid,
            Value::Stats(_) => Type::RoutingStats,
        })
    }

    /// In the current memory context, or where the value itself is.
    fn datum(&self) -> pg_sys::Datum {
        match self {
            Value::Null => pg_sys::Datum::null(),
            Value::Text(text) => varlena_datum(text.as_bytes()),
            Value::Word(word) => varlena_datum(word.as_bytes()),
            // An array of no elements is one, too.
            Value::Texts(texts) => texts.clone().into_datum().unwrap_or(pg_sys::Datum::null()),
            Value::Int8(value) | Value::Timestamptz(value) => pg_sys::Datum::from(*value),
            Value::Int4(value) => pg_sys::Datum::from(*value),
            Value::Bool(value) => pg_sys::Datum::from(*value),
            Value::Float8(value) => pg_sys::Datum::from(value.to_bits()),
            Value::Jsonb(payload) | Value::Stats(payload) => varlena_datum(payload),
            Value::Document(document) => document.datum(),
            Value::Interval(interval) => interval.datum(),
            Value::Uuid(bytes) => pg_sys::Datum::from(bytes.as_ptr()),
        }
    }
}

macro_rules! values {
    ($($from:ty => $variant:ident),* $(,)?) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Value::$variant(value)
            }
        })*
    };
}
values!(
    String => Text, &'static str => Word, i64 => Int8, i32 => Int4, bool => Bool, f64 => Float8,
    Rc<Document> => Document, Interval => Interval, [u8; 16] => Uuid,
);

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// A time in the server's microseconds.
pub fn time(micros: impl Into<Option<i64>>) -> Value {
    micros.into().map_or(Value::Null, Value::Timestamptz)
}

/// A jsonb payload.
pub fn jsonb(payload: Option<Vec<u8>>) -> Value {
    payload.map_or(Value::Null, Value::Jsonb)
}

/// A row that a function returns.
pub struct Record(Vec<Value>);

/// A row of these values, in the order of the declared columns.
macro_rules! record {
    ($($value:expr),* $(,)?) => {
        $crate::pg::record::Record::new(vec![$($crate::pg::record::Value::from($value)),*])
    };
}
pub(crate) use record;

impl Record {
    /// Of these values, in the order of the declared columns.
    pub fn new(values: Vec<Value>) -> Self {
        Record(values)
    }

    /// What the server makes rows of; in the current memory context, as long as the record is there.
    pub(super) fn datums(&self, shape: &Shape) -> (Vec<pg_sys::Datum>, Vec<bool>) {
        if self.0.len() != shape.columns.len() {
            let wanted = shape.columns.len();
            shape.refuse(&format!(
                "{} columns where {wanted} are declared",
                self.0.len()
            ));
        }
        let columns = shape.columns.iter().enumerate();
        for ((index, column), value) in columns.zip(&self.0) {
            match value.kind() {
                Some(kind) if !column.holds(kind) => {
                    let number = index + 1;
                    shape.refuse(&format!(
                        "{kind:?} where column {number} is of type {}",
                        column.name()
                    ));
                }
                _ => {}
            }
        }
        let values = self.0.iter().map(Value::datum).collect();
        let nulls = self.0.iter().map(|value| value.kind().is_none()).collect();
        (values, nulls)
    }
}

/// The row type that the called function declares.
pub(super) struct Shape {
    pub(super) descriptor: pg_sys::TupleDesc,
    columns: Vec<Column>,
    function: pg_sys::Oid,
}

impl Shape {
    /// In the current memory context.
    ///
    /// # Safety
    /// `call` must be the frame of a call that runs.
    pub(super) unsafe fn of(call: pg_sys::FunctionCallInfo) -> Self {
        let mut descriptor = std::ptr::null_mut();
        // SAFETY: the caller's promise; the descriptor is valid where the class is composite.
        unsafe {
            let function = (*(*call).flinfo).fn_oid;
            let class = pg_sys::get_call_result_type(call, std::ptr::null_mut(), &mut descriptor);
            if class != pg_sys::TypeFuncClass::TYPEFUNC_COMPOSITE {
                refuse(function, "rows where none are declared");
            }
            let descriptor = pg_sys::BlessTupleDesc(descriptor);
            Shape {
                descriptor,
                columns: columns(descriptor),
                function,
            }
        }
    }

    fn refuse(&self, what: &str) -> ! {
        refuse(self.function, what)
    }

    /// The row as a datum in the current memory context.
    pub(super) fn datum(&self, record: &Record) -> pg_sys::Datum {
        let (mut values, mut nulls) = record.datums(self);
        // SAFETY: the values are as many as the columns and of their types.
        unsafe {
            let tuple =
                pg_sys::heap_form_tuple(self.descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
            pg_sys::HeapTupleHeaderGetDatum((*tuple).t_data)
        }
    }
}

fn refuse(function: pg_sys::Oid, what: &str) -> ! {
    // SAFETY: a catalog look-up that returns NULL for a function that does not exist.
    let name = unsafe {
        let name = pg_sys::get_func_name(function);
        (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
    };
    internal(
        &format!("a function returns {what}"),
        &format!("the function {}", name.unwrap_or_default()),
    )
}

// SAFETY: the row is formed after the type that the function declares, in the current memory context.
unsafe impl BoxRet for Record {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        // SAFETY: the frame of this call.
        unsafe {
            let shape = Shape::of(fcinfo.as_mut_ptr());
            fcinfo.return_raw_datum(shape.datum(&self))
        }
    }
}

// SAFETY: a value of the type is a row, whose columns are checked at each call.
unsafe impl SqlTranslatable for Record {
    fn argument_sql() -> Result<SqlMapping, ArgumentError> {
        Ok(SqlMapping::literal("record"))
    }
    fn return_sql() -> Result<Returns, ReturnsError> {
        Ok(Returns::One(SqlMapping::literal("record")))
    }
}
