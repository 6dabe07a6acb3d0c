//! Hashes that are the same on every platform.
//!
//! A document's hash is XXH3 over its image (`jsonb::image`), which on nearly every server are the document's own
//! bytes: making a hash takes a walk that looks at them, comparing with one takes none.

use super::error::Result;
use super::jsonb::image::{image, is_image};
use super::work::work_on_bytes;
use std::hash::Hasher;
use twox_hash::XxHash3_64;

/// The hash of a document: equal documents, number scales included, have
/// equal hashes.
pub fn hash(bytes: &[u8]) -> Result<u64> {
    if is_image(bytes)? {
        return Ok(sum(bytes));
    }
    Ok(sum(&image(bytes)?))
}

/// The hash of a patch: another one than of the same document as a state, since it makes another state.
pub fn patch_hash(bytes: &[u8]) -> Result<u64> {
    hash(bytes).map(of_patch)
}

/// Whether a document has a hash; at the speed of its bytes where it has.
pub fn has_hash(bytes: &[u8], expected: u64) -> Result<bool> {
    Ok((ARE_IMAGES && sum(bytes) == expected) || hash(bytes)? == expected)
}

/// The hash of a link: what it builds on and what it adds.
pub fn chain(base: i64, payload: i64) -> i64 {
    let mut both = [0; 16];
    let (left, right) = both.split_at_mut(8);
    left.copy_from_slice(&base.to_le_bytes());
    right.copy_from_slice(&payload.to_le_bytes());
    XxHash3_64::oneshot(&both).cast_signed()
}

/// A patch's bytes, hashed when they are at hand: later they would have to be fetched into the caches once more.
#[derive(Clone, Copy)]
pub struct Seen(u64);

impl Seen {
    /// Reads the bytes.
    pub fn of(patch: &[u8]) -> Self {
        Seen(if ARE_IMAGES { sum(patch) } else { 0 })
    }

    /// Whether a link has a hash, of what it builds on and the patch that was seen; as [`has_hash`].
    pub fn is_chained(self, base: i64, patch: &[u8], expected: i64) -> Result<bool> {
        let is = |hash: u64| chain(base, of_patch(hash).cast_signed()) == expected;
        Ok((ARE_IMAGES && is(self.0)) || is(hash(patch)?))
    }
}

/// Whether documents are their images, but for strange ones: bytes that have an image's hash are that document's.
const ARE_IMAGES: bool = cfg!(target_endian = "little");

fn of_patch(hash: u64) -> u64 {
    // Any other value than 0 would do.
    hash ^ u64::from_be_bytes(*b"a  patch")
}

/// Bytes that are hashed between two looks at whether to go on.
const PIECE: usize = 4 << 20;

fn sum(bytes: &[u8]) -> u64 {
    if bytes.len() <= PIECE {
        work_on_bytes(bytes.len());
        return XxHash3_64::oneshot(bytes);
    }
    let mut state = XxHash3_64::new();
    for piece in bytes.chunks(PIECE) {
        state.write(piece);
        work_on_bytes(piece.len());
    }
    state.finish()
}
