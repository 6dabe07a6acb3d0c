//! The bytes of values that a row has: plain, compressed, or in TOAST. Each datum comes from `Row::datum`, asked for a
//! varlena's type, and is alive while the row is.

use crate::core::{StateError, memory};
use crate::pg::datum::payload;
use crate::pg::error::raise;
use crate::pg::spi::Connection;
use pgrx::pg_sys;
use pgrx::varlena::{varatt_is_1b, varatt_is_1b_e, varatt_is_4b_u, vardata_any};
use pgrx::varlena::{varsize_any, varsize_any_exhdr};

/// A jsonb as a row has it: plain, compressed, or where it is in TOAST.
pub struct Stored(Vec<u8>);

impl Stored {
    /// A copy of the datum as it is.
    pub(super) fn of(datum: pg_sys::Datum) -> Self {
        let varlena = datum.cast_mut_ptr::<pg_sys::varlena>();
        // SAFETY: a varlena, alive while the row is.
        let bytes =
            unsafe { std::slice::from_raw_parts(varlena.cast::<u8>(), varsize_any(varlena)) };
        let mut copy = Vec::new();
        extend(&mut copy, bytes);
        Stored(copy)
    }

    /// The payload; what is fetched from TOAST goes to the connection's memory.
    pub fn payload<'s>(&'s self, _: &'s Connection) -> &'s [u8] {
        // SAFETY: a copy of a valid jsonb, aligned as `malloc` aligns. What is fetched lives as long as the
        // connection, since nothing else is connected above it.
        unsafe { payload(pg_sys::Datum::from(self.0.as_ptr())) }
    }
}

/// The bytes of a varlena.
pub(super) fn copied(datum: pg_sys::Datum) -> Vec<u8> {
    let mut bytes = Vec::new();
    append(datum, &mut bytes);
    bytes
}

/// The bytes of a varlena that is neither compressed nor in TOAST; `None` for another.
///
/// # Safety
/// `datum` must be a varlena, and `'a` must not outlive it.
pub(super) unsafe fn plain<'a>(datum: pg_sys::Datum) -> Option<&'a [u8]> {
    let varlena = datum.cast_mut_ptr::<pg_sys::varlena>();
    // SAFETY: the caller's promise.
    unsafe {
        let short = varatt_is_1b(varlena) && !varatt_is_1b_e(varlena);
        (short || varatt_is_4b_u(varlena)).then(|| {
            let start = vardata_any(varlena).cast::<u8>();
            std::slice::from_raw_parts(start, varsize_any_exhdr(varlena))
        })
    }
}

/// Appends them to `out`.
pub(super) fn append(datum: pg_sys::Datum, out: &mut Vec<u8>) {
    // SAFETY: a varlena, alive while the row is; what had to be detoasted is a copy that nobody else knows.
    unsafe {
        if let Some(bytes) = plain(datum) {
            extend(out, bytes);
            return;
        }
        let copy = pg_sys::pg_detoast_datum(datum.cast_mut_ptr());
        extend(out, payload(pg_sys::Datum::from(copy)));
        pg_sys::pfree(copy.cast());
    }
}

fn extend(out: &mut Vec<u8>, bytes: &[u8]) {
    if memory::append(out, bytes).is_err() {
        raise(&StateError::out_of_memory("value"));
    }
}
