//! Counts of a sketch in the server's memory, so that the aggregate's memory is accounted for, and freed, as the
//! server's own aggregates' is.

use crate::core::Result;
use crate::core::stats::Buffer;
use pgrx::pg_sys;
use std::ops::{Deref, DerefMut};

/// Zeros and counts in a memory context.
#[derive(Debug)]
pub struct ServerBuffer {
    context: pg_sys::MemoryContext,
    counts: *mut u64,
    length: usize,
}

impl ServerBuffer {
    /// An empty buffer that will grow in a memory context.
    ///
    /// # Safety
    /// The buffer, and every one made from it, must not be used after the context is gone.
    pub unsafe fn empty(context: pg_sys::MemoryContext) -> Self {
        ServerBuffer {
            context,
            counts: std::ptr::NonNull::dangling().as_ptr(),
            length: 0,
        }
    }
}

impl Buffer for ServerBuffer {
    fn zeroed(&self, length: usize) -> Result<Self> {
        // SAFETY: the context is alive by the promise given to `empty`; the server raises when it has no memory.
        let counts = unsafe {
            pg_sys::MemoryContextAllocZero(self.context, length * std::mem::size_of::<u64>())
        };
        Ok(ServerBuffer {
            context: self.context,
            counts: counts.cast(),
            length,
        })
    }
}

impl Deref for ServerBuffer {
    type Target = [u64];

    #[inline]
    fn deref(&self) -> &[u64] {
        // SAFETY: `length` counts, all initialised, in a context that is alive; dangling only for none.
        unsafe { std::slice::from_raw_parts(self.counts, self.length) }
    }
}

impl DerefMut for ServerBuffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u64] {
        // SAFETY: as above, and this buffer alone knows the memory.
        unsafe { std::slice::from_raw_parts_mut(self.counts, self.length) }
    }
}

impl Drop for ServerBuffer {
    fn drop(&mut self) {
        // While unwinding, the server's abort frees the whole context.
        if self.length > 0 && !std::thread::panicking() {
            // SAFETY: allocated in `zeroed`, and freed only here.
            unsafe { pg_sys::pfree(self.counts.cast()) };
        }
    }
}
