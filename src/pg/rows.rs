//! Rows of a statement, in the server's memory. A column is read as the type that the statement's result
//! declares, and as no other.

use crate::core::StateError;
use crate::pg::datum::payload;
use crate::pg::document::Document;
use crate::pg::error::{internal, raise};
use crate::pg::spi::Connection;
pub use crate::pg::stored::Stored;
use crate::pg::stored::{append, copied, is};
use crate::pg::types::{Column, Type, columns, same_columns};
use pgrx::{FromDatum, pg_sys};
use std::rc::Rc;

/// The columns of a statement's result.
pub(super) struct Shape {
    sql: &'static str,
    columns: Vec<Column>,
}

impl Shape {
    /// Of a result; the one known before where it is the same.
    ///
    /// # Safety
    /// `descriptor` must be valid.
    pub(super) unsafe fn of(
        sql: &'static str,
        descriptor: pg_sys::TupleDesc,
        known: Option<Rc<Shape>>,
    ) -> Rc<Shape> {
        match known {
            // SAFETY: the caller's promise.
            Some(shape) if unsafe { same_columns(descriptor, &shape.columns) } => shape,
            _ => Rc::new(Shape {
                sql,
                // SAFETY: the caller's promise.
                columns: unsafe { columns(descriptor) },
            }),
        }
    }

    #[inline]
    fn check(&self, column: usize, kind: Type) {
        match self.columns.get(column) {
            Some(found) if found.holds(kind) => {}
            Some(found) => internal(
                &format!(
                    "column {column} of a statement is of type {}, not {kind:?}",
                    found.name()
                ),
                &format!("the statement {}", self.sql),
            ),
            None => internal(
                &format!("a statement has no column {column}"),
                &format!("the statement {}", self.sql),
            ),
        }
    }
}

/// The rows of a statement.
pub struct Rows {
    pub(super) table: *mut pg_sys::SPITupleTable,
    pub(super) processed: u64,
    /// Of a statement that returns rows.
    pub(super) shape: Option<Rc<Shape>>,
    pub(super) _connection: Connection,
}

impl Rows {
    /// The rows in order.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let table = self.table;
        self.shape.iter().flat_map(move |shape| {
            // SAFETY: a shape is that of this statement's table.
            let count = unsafe { (*table).numvals as usize };
            (0..count).map(move |index| Row {
                // SAFETY: index < numvals, and the table lives as long as the connection.
                place: unsafe { Place::Tuple(*(*table).vals.add(index), (*table).tupdesc) },
                shape,
            })
        })
    }
}

#[derive(Clone, Copy)]
enum Place {
    /// Kept by SPI.
    Tuple(pg_sys::HeapTuple, pg_sys::TupleDesc),
    /// As the executor has it, all of its columns read.
    Slot(*mut pg_sys::TupleTableSlot),
}

/// A row of a result, read by position from 0.
pub struct Row<'a> {
    place: Place,
    shape: &'a Shape,
}

impl<'a> Row<'a> {
    /// # Safety
    /// The slot must hold a row of this shape, with all its columns read, as long as the row is used.
    pub(super) unsafe fn in_slot(slot: *mut pg_sys::TupleTableSlot, shape: &'a Shape) -> Self {
        Row {
            place: Place::Slot(slot),
            shape,
        }
    }

    /// A value of the type; `None` for NULL.
    #[inline]
    fn datum(&self, column: usize, kind: Type) -> Option<pg_sys::Datum> {
        self.shape.check(column, kind);
        // SAFETY: the column is there: row and shape belong together.
        unsafe {
            match self.place {
                Place::Tuple(tuple, descriptor) => {
                    let mut is_null = true;
                    let number = column as i32 + 1;
                    let datum = pg_sys::SPI_getbinval(tuple, descriptor, number, &mut is_null);
                    (!is_null).then_some(datum)
                }
                Place::Slot(slot) => {
                    let is_null = *(*slot).tts_isnull.add(column);
                    (!is_null).then(|| *(*slot).tts_values.add(column))
                }
            }
        }
    }

    /// text
    pub fn text(&self, column: usize) -> Option<String> {
        let bytes = copied(self.datum(column, Type::Text)?);
        // The extension is in databases of UTF-8 only.
        Some(
            String::from_utf8(bytes)
                .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()),
        )
    }

    /// Whether a text is this one; `None` is NULL.
    pub fn is_text(&self, column: usize, text: Option<&str>) -> bool {
        match (self.datum(column, Type::Text), text) {
            (Some(datum), Some(text)) => is(datum, text.as_bytes()),
            (None, None) => true,
            _ => false,
        }
    }

    /// bigint
    pub fn int8(&self, column: usize) -> Option<i64> {
        self.datum(column, Type::Int8)
            .map(|datum| datum.value() as i64)
    }

    /// integer
    pub fn int4(&self, column: usize) -> Option<i32> {
        self.datum(column, Type::Int4)
            .map(|datum| datum.value() as i32)
    }

    /// boolean
    pub fn bool(&self, column: usize) -> Option<bool> {
        self.datum(column, Type::Bool)
            .map(|datum| datum.value() & 0xff != 0)
    }

    /// timestamp with time zone, in the server's microseconds
    pub fn micros(&self, column: usize) -> Option<i64> {
        self.datum(column, Type::Timestamptz)
            .map(|datum| datum.value() as i64)
    }

    /// double precision
    pub fn float8(&self, column: usize) -> Option<f64> {
        self.datum(column, Type::Float8)
            .map(|datum| f64::from_bits(datum.value() as u64))
    }

    /// bytea
    pub fn bytea(&self, column: usize) -> Option<Vec<u8>> {
        self.datum(column, Type::Bytea).map(copied)
    }

    /// interval, in microseconds; a month has 30 days
    pub fn interval(&self, column: usize) -> Option<i64> {
        i64::try_from(self.age(column)?.in_micros()).ok()
    }

    /// interval, in its parts
    pub fn age(&self, column: usize) -> Option<crate::pg::params::Interval> {
        let datum = self.datum(column, Type::Interval)?;
        // SAFETY: an interval, alive while the row is.
        let interval = unsafe { *datum.cast_mut_ptr::<pg_sys::Interval>() };
        Some(crate::pg::params::Interval {
            months: interval.month,
            days: interval.day,
            micros: interval.time,
        })
    }

    /// text[]
    pub fn texts(&self, column: usize) -> Option<Vec<String>> {
        let datum = self.datum(column, Type::TextArray)?;
        // SAFETY: an array of texts, alive while the row is.
        unsafe { Vec::<String>::from_datum(datum, false) }
    }

    /// uuid
    pub fn uuid(&self, column: usize) -> Option<[u8; 16]> {
        let datum = self.datum(column, Type::Uuid)?;
        // SAFETY: 16 bytes, alive while the row is.
        Some(unsafe { *datum.cast_mut_ptr::<[u8; 16]>() })
    }

    /// Payload of a jsonb, where the server has it; fetched from TOAST only when asked for.
    pub fn payload(&self, column: usize) -> Option<&'a [u8]> {
        let datum = self.datum(column, Type::Jsonb)?;
        // SAFETY: a jsonb. What is fetched from TOAST goes to SPI's memory, which lives as long as the rows,
        // since nothing else is connected above them while they are read.
        Some(unsafe { payload(datum) })
    }

    /// Stored form of a routing_stats.
    pub fn stats(&self, column: usize) -> Option<&'a [u8]> {
        let datum = self.datum(column, Type::RoutingStats)?;
        // SAFETY: a varlena; else as above.
        Some(unsafe { payload(datum) })
    }

    /// Payload of a jsonb, copied.
    pub fn jsonb(&self, column: usize) -> Option<Vec<u8>> {
        self.datum(column, Type::Jsonb).map(copied)
    }

    /// A jsonb, copied as a result or a parameter takes it.
    pub fn document(&self, column: usize) -> Option<Document> {
        let datum = self.datum(column, Type::Jsonb)?;
        let document = Document::build(0, |out| {
            append(datum, out);
            Ok(())
        });
        match document {
            Ok(document) => Some(document),
            Err(error) => raise(&StateError::bad_document("document", error)),
        }
    }

    /// Appends a jsonb's payload to `out`; its size, or `None` for NULL.
    pub fn append(&self, column: usize, out: &mut Vec<u8>) -> Option<usize> {
        let datum = self.datum(column, Type::Jsonb)?;
        let before = out.len();
        append(datum, out);
        Some(out.len() - before)
    }

    /// A jsonb as the row has it, to be fetched later or not at all.
    pub fn stored(&self, column: usize) -> Option<Stored> {
        let datum = self.datum(column, Type::Jsonb)?;
        Some(Stored::of(datum))
    }
}
