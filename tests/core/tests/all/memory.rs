//! An allocator that counts what a thread takes, and refuses it what is too much.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static TAKEN: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    /// Largest single piece.
    static LARGEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn count(bytes: isize) {
    TAKEN.set(TAKEN.get() + bytes);
    PEAK.set(PEAK.get().max(TAKEN.get()));
}

// SAFETY: the system's allocator, with a count beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LARGEST.get() {
            return std::ptr::null_mut();
        }
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// The result of `run` and the most bytes that it held at a time.
pub fn peak<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = TAKEN.get();
    PEAK.set(before);
    let result = run();
    (result, (PEAK.get() - before) as usize)
}

/// The result of `run` when nothing larger can be had. What does not expect that ends the process.
pub fn at_most<T>(largest: usize, run: impl FnOnce() -> T) -> T {
    LARGEST.set(largest);
    let result = run();
    LARGEST.set(usize::MAX);
    result
}
