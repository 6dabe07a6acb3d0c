//! What a statement returned, in the server's memory.

use crate::pg::datum::payload;
use crate::pg::spi::Session;
use pgrx::pg_sys;

/// The rows of a statement.
pub struct Rows {
    pub(super) table: *mut pg_sys::SPITupleTable,
    pub(super) processed: u64,
    pub(super) _session: Session,
}

impl Rows {
    /// The rows in order.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let count = if self.table.is_null() {
            0
        } else {
            // SAFETY: not NULL, so it is this statement's table.
            unsafe { (*self.table).numvals as usize }
        };
        (0..count).map(|index| {
            // SAFETY: index < numvals, and the table lives as long as the session.
            unsafe {
                Row {
                    tuple: *(*self.table).vals.add(index),
                    desc: (*self.table).tupdesc,
                    _rows: std::marker::PhantomData,
                }
            }
        })
    }
}

/// Columns of a row, kept or passing, by position from 0.
pub trait Columns {
    /// As the server has it; `None` for NULL.
    fn column(&self, column: usize) -> Option<pg_sys::Datum>;

    /// text
    fn text(&self, column: usize) -> Option<String> {
        read(self.column(column))
    }
    /// bigint
    fn int8(&self, column: usize) -> Option<i64> {
        read(self.column(column))
    }
    /// integer
    fn int4(&self, column: usize) -> Option<i32> {
        read(self.column(column))
    }
    /// timestamp with time zone, in the server's microseconds
    fn micros(&self, column: usize) -> Option<i64> {
        read(self.column(column))
    }
}

fn read<T: pgrx::FromDatum>(datum: Option<pg_sys::Datum>) -> Option<T> {
    // SAFETY: each caller names the type that its statement's column has.
    unsafe { T::from_datum(datum?, false) }
}

impl Columns for Row<'_> {
    fn column(&self, column: usize) -> Option<pg_sys::Datum> {
        self.datum(column)
    }
}

/// A row of a result, read by position from 0.
pub struct Row<'a> {
    tuple: pg_sys::HeapTuple,
    desc: pg_sys::TupleDesc,
    _rows: std::marker::PhantomData<&'a Rows>,
}

impl<'a> Row<'a> {
    fn datum(&self, column: usize) -> Option<pg_sys::Datum> {
        let mut is_null = true;
        // SAFETY: tuple and desc belong together and live until SPI finishes; SPI checks the column.
        let datum = unsafe {
            pg_sys::SPI_getbinval(self.tuple, self.desc, column as i32 + 1, &mut is_null)
        };
        (!is_null).then_some(datum)
    }

    fn read<T: pgrx::FromDatum>(&self, column: usize) -> Option<T> {
        read(self.datum(column))
    }

    /// text
    pub fn text(&self, column: usize) -> Option<String> {
        self.read(column)
    }

    /// bigint
    pub fn int8(&self, column: usize) -> Option<i64> {
        self.read(column)
    }

    /// integer
    pub fn int4(&self, column: usize) -> Option<i32> {
        self.read(column)
    }

    /// boolean
    pub fn bool(&self, column: usize) -> Option<bool> {
        self.read(column)
    }

    /// timestamp with time zone
    pub fn timestamptz(&self, column: usize) -> Option<pgrx::datum::TimestampWithTimeZone> {
        self.read(column)
    }

    /// timestamp with time zone, in the server's microseconds
    pub fn micros(&self, column: usize) -> Option<i64> {
        self.read(column)
    }

    /// double precision
    pub fn float8(&self, column: usize) -> Option<f64> {
        self.read(column)
    }

    /// bytea
    pub fn bytea(&self, column: usize) -> Option<Vec<u8>> {
        self.read(column)
    }

    /// interval, in microseconds; a month has 30 days
    pub fn interval(&self, column: usize) -> Option<i64> {
        let interval: pgrx::datum::Interval = self.read(column)?;
        i64::try_from(interval.as_micros()).ok()
    }

    /// text[]
    pub fn texts(&self, column: usize) -> Option<Vec<String>> {
        self.read(column)
    }

    /// uuid
    pub fn uuid(&self, column: usize) -> Option<pgrx::Uuid> {
        self.read(column)
    }

    /// Payload of a jsonb, where the server has it; fetched from TOAST only when asked for.
    pub fn payload(&self, column: usize) -> Option<&'a [u8]> {
        let datum = self.datum(column)?;
        // SAFETY: the column is a jsonb. What is fetched from TOAST goes to SPI's memory, which lives as long
        // as the rows, since nothing else is connected above them while they are read.
        Some(unsafe { payload(datum) })
    }

    /// Payload of a jsonb, copied.
    pub fn jsonb(&self, column: usize) -> Option<Vec<u8>> {
        self.payload(column).map(<[u8]>::to_vec)
    }
}
