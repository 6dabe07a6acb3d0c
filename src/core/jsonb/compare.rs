//! Whether two values are the same bytes, without reading again what is known.
//!
//! How far two containers are equal is remembered, and holds for what lies in both at the same place: so that
//! a difference at the end of deeply nested containers does not have them read once for each level.

use super::super::work::work_on_bytes;
use super::view::{Array, Object, Value};

/// Bytes that are compared at once.
const BLOCK: usize = 4096;

/// Two containers that are compared, and how many bytes are known to be equal from their start.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    old: &'a [u8],
    new: &'a [u8],
    equal: usize,
}

impl<'a> Pair<'a> {
    pub fn of_arrays(old: Array<'a>, new: Array<'a>, equal: usize) -> Self {
        let (old, new) = (old.raw(), new.raw());
        Pair { old, new, equal }
    }

    pub fn of_objects(old: Object<'a>, new: Object<'a>, equal: usize) -> Self {
        let (old, new) = (old.raw(), new.raw());
        Pair { old, new, equal }
    }

    /// `None` when a value of the old container and one of the new are equal; otherwise how many bytes of
    /// theirs are, at least.
    #[inline(always)]
    pub fn differ(&self, old: Value<'a>, new: Value<'a>) -> Option<usize> {
        match (old, new) {
            (Value::Array(old), Value::Array(new)) => self.bytes(old.raw(), new.raw()),
            (Value::Object(old), Value::Object(new)) => self.bytes(old.raw(), new.raw()),
            _ => (old != new).then_some(0),
        }
    }

    #[inline(always)]
    fn bytes(&self, a: &'a [u8], b: &'a [u8]) -> Option<usize> {
        if a.len() != b.len() {
            return Some(0);
        }
        if a.len() <= BLOCK {
            return (a != b).then_some(0);
        }
        self.blocks(a, b)
    }

    #[inline(never)]
    fn blocks(&self, a: &[u8], b: &[u8]) -> Option<usize> {
        // What lies in both at the same place is known as far as they are.
        let place = a.as_ptr().addr().wrapping_sub(self.old.as_ptr().addr());
        let other = b.as_ptr().addr().wrapping_sub(self.new.as_ptr().addr());
        let known = if place == other {
            self.equal.saturating_sub(place)
        } else {
            0
        };
        let (a, b) = (a.get(known..)?, b.get(known..)?);
        let mut blocks = a.chunks(BLOCK).zip(b.chunks(BLOCK));
        let equal = blocks.position(|(a, b)| {
            work_on_bytes(BLOCK);
            a != b
        });
        equal.map(|blocks| known + blocks * BLOCK)
    }
}

/// The same of two values of which nothing is known.
pub(super) fn differ_unknown<'a>(old: Value<'a>, new: Value<'a>) -> Option<usize> {
    let nothing = Pair {
        old: &[],
        new: &[],
        equal: 0,
    };
    nothing.differ(old, new)
}
