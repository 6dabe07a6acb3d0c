//! A jsonb as the server takes it, so that a result need not be copied into the server's memory.

use crate::core::{Error, Result, memory};
use crate::pg::datum::{HEADER, varlena_datum};
use crate::pg::malloc;
use pgrx::{pg_guard, pg_sys};
use std::ffi::c_void;
use std::ops::Deref;
use std::rc::Rc;

/// A payload behind the header that the server expects before it. Reads as the payload.
pub struct Document {
    varlena: Vec<u8>,
}

/// From this size on the server's buffers for a document are larger than malloc keeps by itself.
const LARGE: usize = 16 << 10;

/// Bytes that a datum may have: the size of its header's number.
const MAX_DATUM: usize = 0x3FFF_FFFF;

impl Document {
    /// What `write` appends, with the header before it. Room for `capacity` bytes is made beforehand.
    pub fn build(capacity: usize, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<Self> {
        if capacity > LARGE {
            malloc::keep_what_is_freed();
        }
        let mut varlena = memory::room(capacity.saturating_add(HEADER))?;
        varlena.resize(HEADER, 0);
        write(&mut varlena)?;
        // A document may be kept for long, and the room was guessed.
        if varlena.capacity() / 2 > varlena.len() {
            varlena.shrink_to_fit();
        }
        Self::with_header(varlena)
    }

    /// A copy of a payload.
    pub fn copy(payload: &[u8]) -> Result<Self> {
        Self::build(payload.len(), |out| memory::append(out, payload))
    }

    /// A payload, which is moved to behind its header.
    pub fn from_payload(payload: Vec<u8>) -> Result<Self> {
        let length = payload.len();
        let mut varlena = payload;
        let enough = varlena.try_reserve_exact(HEADER);
        enough.map_err(|_| Error::OutOfMemory)?;
        varlena.resize(length + HEADER, 0);
        varlena.copy_within(..length, HEADER);
        Self::with_header(varlena)
    }

    /// Fills in the header, for which the buffer begins with so many bytes.
    fn with_header(mut varlena: Vec<u8>) -> Result<Self> {
        if varlena.len() > MAX_DATUM {
            return Err(Error::TooLarge);
        }
        let size = i32::try_from(varlena.len()).unwrap_or(i32::MAX);
        // SAFETY: the buffer begins with HEADER bytes of its own.
        unsafe { pgrx::set_varsize_4b(varlena.as_mut_ptr().cast(), size) };
        Ok(Document { varlena })
    }

    /// As a datum, as long as the document is there; a copy in the current memory context where the server could
    /// not read it in place.
    pub(super) fn datum(&self) -> pg_sys::Datum {
        // The server reads integers at multiples of four from the start; `malloc` aligns to more.
        if self.varlena.as_ptr().align_offset(4) == 0 {
            return pg_sys::Datum::from(self.varlena.as_ptr());
        }
        varlena_datum(self)
    }

    /// Bytes of memory that it takes.
    pub fn memory(&self) -> usize {
        self.varlena.capacity()
    }
}

impl Deref for Document {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.varlena.get(HEADER..).unwrap_or_default()
    }
}

/// From this size on sharing is cheaper than copying: the server's allocator would ask the system for memory.
const SHARED_FROM: usize = 8192;

/// The document as a datum that lives as long as the current memory context: its very bytes, if it is large.
pub fn shared_datum(document: Rc<Document>) -> pg_sys::Datum {
    let bytes = document.varlena.as_ptr();
    // The server reads integers at multiples of four from the start; `malloc` aligns to more.
    if document.len() < SHARED_FROM || bytes.align_offset(8) != 0 {
        return varlena_datum(&document);
    }
    // SAFETY: palloc returns room for the callback in the context that will call it, or raises before the
    // document is given away. The context calls it once, when it is reset or deleted; until then the
    // document is held, and nothing changes the bytes of a document.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let size = size_of::<pg_sys::MemoryContextCallback>();
        let callback = pg_sys::palloc(size).cast::<pg_sys::MemoryContextCallback>();
        callback.write(pg_sys::MemoryContextCallback {
            func: Some(release),
            arg: Rc::into_raw(document).cast_mut().cast(),
            next: std::ptr::null_mut(),
        });
        pg_sys::MemoryContextRegisterResetCallback(context, callback);
    }
    pg_sys::Datum::from(bytes)
}

/// Called by the server when the memory context goes that a shared document was returned in.
#[pg_guard]
unsafe extern "C-unwind" fn release(document: *mut c_void) {
    // SAFETY: from Rc::into_raw above, and called once.
    drop(unsafe { Rc::from_raw(document.cast::<Document>().cast_const()) });
}
