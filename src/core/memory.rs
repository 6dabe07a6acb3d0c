//! Memory in the size of a caller's data, which may not be there: refused, where `Vec` alone would end the
//! process.

use super::error::{Error, Result};
use super::work::work_on_bytes;

/// Bytes that are copied between two looks at whether to go on.
const PIECE: usize = 1 << 20;

/// An empty vector with room for so many.
pub fn room<T>(count: usize) -> Result<Vec<T>> {
    let mut items = Vec::new();
    let enough = items.try_reserve_exact(count);
    enough.map_err(|_| Error::OutOfMemory)?;
    Ok(items)
}

/// Makes room for so many more, and in proportion to those that are there.
#[inline]
pub fn reserve<T>(items: &mut Vec<T>, more: usize) -> Result<()> {
    if items.capacity() - items.len() >= more {
        return Ok(());
    }
    items.try_reserve(more).map_err(|_| Error::OutOfMemory)
}

/// Appends one.
#[inline]
pub fn push<T>(items: &mut Vec<T>, item: T) -> Result<()> {
    reserve(items, 1)?;
    items.push(item);
    Ok(())
}

/// Appends bytes.
#[inline]
pub fn append(out: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
    reserve(out, bytes.len())?;
    if bytes.len() <= PIECE {
        out.extend_from_slice(bytes);
        return Ok(());
    }
    for piece in bytes.chunks(PIECE) {
        out.extend_from_slice(piece);
        work_on_bytes(piece.len());
    }
    Ok(())
}

/// All that come, of which there are about `count`.
pub fn collect<T>(items: impl Iterator<Item = Result<T>>, count: usize) -> Result<Vec<T>> {
    let mut all = room(count)?;
    for item in items {
        push(&mut all, item?)?;
    }
    Ok(all)
}
