//! A jsonb as the server takes it, so that a result need not be copied into the server's memory.

use crate::core::{Result, memory};
use crate::pg::datum::{HEADER, varlena_datum};
use pgrx::{pg_guard, pg_sys};
use std::cell::Cell;
use std::ffi::c_void;
use std::ops::Deref;
use std::rc::Rc;

/// A payload behind the header that the server expects before it. Reads as the payload.
pub struct Document {
    varlena: Vec<u8>,
}

impl Document {
    /// What `write` appends, with the header before it. Room for `capacity` bytes is made beforehand.
    pub fn build(capacity: usize, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<Self> {
        let mut varlena = buffer(capacity.saturating_add(HEADER))?;
        varlena.resize(HEADER, 0);
        write(&mut varlena)?;
        // A document may be kept for long, and the room was guessed.
        if varlena.capacity() / 2 > varlena.len() {
            varlena.shrink_to_fit();
        }
        let size = i32::try_from(varlena.len()).unwrap_or(i32::MAX);
        // SAFETY: the buffer begins with HEADER bytes of its own.
        unsafe { pgrx::set_varsize_4b(varlena.as_mut_ptr().cast(), size) };
        Ok(Document { varlena })
    }

    /// A copy of a payload.
    pub fn copy(payload: &[u8]) -> Result<Self> {
        Self::build(payload.len(), |out| memory::append(out, payload))
    }
}

impl Document {
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

/// A buffer up to this size is kept for the next document: giving it back and asking the system for it again
/// costs more than to fill it.
const KEPT: usize = 2 << 20;

/// From this size on, and up to that, malloc is prepared for a document.
const PREPARED: std::ops::RangeInclusive<usize> = 16 << 10..=KEPT;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    /// Size of the largest document that malloc was prepared for.
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

/// glibc returns what is free at the end of the heap to the system, above a threshold that it takes from the
/// largest block that was ever freed. The server turns a document into text in two buffers, each up to twice
/// its size; in a session that never freed a block like that, each load would ask the system for all of them
/// again. So one is taken and freed, untouched, when a larger document comes than ever before.
fn prepare(size: usize) {
    if PREPARED.contains(&size) && size > LARGEST.get() {
        // With some room to grow, so that a growing state does not do this at every save.
        let size = size + size / 2;
        LARGEST.set(size);
        drop(std::hint::black_box(memory::room::<u8>(3 * size)));
    }
}

/// An empty buffer with room for so many bytes.
fn buffer(capacity: usize) -> Result<Vec<u8>> {
    prepare(capacity);
    let mut spare = SPARE.take();
    if spare.capacity() < capacity {
        // What is too small now may do for the next one.
        let larger = memory::room(capacity);
        SPARE.set(spare);
        return larger;
    }
    spare.clear();
    Ok(spare)
}

impl Drop for Document {
    fn drop(&mut self) {
        if self.varlena.capacity() > KEPT {
            return;
        }
        // Documents of a session that ends may go after the spare one.
        let _ = SPARE.try_with(|cell| {
            let spare = cell.take();
            cell.set(if spare.capacity() < self.varlena.capacity() {
                std::mem::take(&mut self.varlena)
            } else {
                spare
            });
        });
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
