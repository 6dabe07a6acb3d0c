//! Entries of a container, one after the other.

use super::super::error::{Error, Result};
use super::super::work::work;
use super::format::*;
use super::view::{Value, container, word};

/// Steps that are counted at once.
const COUNTED: usize = 256;

#[cold]
#[inline(never)]
fn count() {
    work(COUNTED);
}

/// Reads entries in order, at constant cost each.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    pub(super) entries: &'a [u8],
    pub(super) data: &'a [u8],
    pub(super) offset: usize,
    index: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    /// Over the entries `from..to` of a container that has `total`.
    pub(super) fn new(raw: &'a [u8], total: usize, from: usize, to: usize) -> Result<Self> {
        let cut = Error::Corrupt("document is cut off");
        let body = raw.get(4..).ok_or(cut)?;
        let (entries, data) = body.split_at_checked(total * 4).ok_or(cut)?;
        let offset = offset_of(entries, from)?;
        Ok(Cursor {
            entries,
            data,
            index: from,
            end: to,
            offset,
        })
    }

    /// The data of what is left, as it stands.
    pub(super) fn rest(&self) -> Result<&'a [u8]> {
        let end = offset_of(self.entries, self.end)?;
        let data = self.data.get(self.offset..end);
        data.ok_or(Error::Corrupt("entry out of bounds"))
    }

    pub(super) fn remaining(&self) -> usize {
        self.end.saturating_sub(self.index)
    }

    /// The next entry's type bits, start and bytes (padding included).
    #[inline(always)]
    pub(super) fn raw_step(&mut self) -> Result<(u32, usize, &'a [u8])> {
        let entry = word(self.entries, self.index * 4)?;
        let low = (entry & LENGTH_MASK) as usize;
        let start = self.offset;
        let end = if entry & HAS_OFFSET == 0 {
            start + low
        } else {
            low
        };
        if (entry & HAS_OFFSET != 0) != self.index.is_multiple_of(STRIDE) {
            return Err(Error::Corrupt("entry offset out of place"));
        }
        let Some(bytes) = self.data.get(start..end) else {
            return Err(Error::Corrupt("entry out of bounds"));
        };
        self.index += 1;
        self.offset = end;
        // Counted seldom, where it costs nothing.
        if self.index.is_multiple_of(COUNTED) {
            count();
        }
        Ok((entry & TYPE_MASK, start, bytes))
    }

    #[inline(always)]
    pub(super) fn step(&mut self) -> Result<Value<'a>> {
        let (kind, start, bytes) = self.raw_step()?;
        let padded = || {
            let body = bytes.get(padding(start)..);
            body.ok_or(Error::Corrupt("entry out of bounds"))
        };
        match kind {
            IS_STRING => Ok(Value::String(bytes)),
            IS_NUMERIC => Ok(Value::Numeric(padded()?)),
            IS_CONTAINER => container(padded()?),
            _ if !bytes.is_empty() => Err(Error::Corrupt("constant with a body")),
            IS_NULL => Ok(Value::Null),
            IS_FALSE => Ok(Value::Bool(false)),
            IS_TRUE => Ok(Value::Bool(true)),
            _ => Err(Error::Corrupt("unknown entry type")),
        }
    }

    #[inline(always)]
    pub(super) fn key(&mut self) -> Result<&'a [u8]> {
        match self.raw_step()? {
            (IS_STRING, _, bytes) => Ok(bytes),
            _ => Err(Error::Corrupt("key is not a string")),
        }
    }
}

/// Where the entry at `index` starts in the data: the nearest stored offset
/// before it plus the lengths since.
fn offset_of(entries: &[u8], index: usize) -> Result<usize> {
    let mut offset = 0;
    for before in (0..index).rev() {
        let entry = word(entries, before * 4)?;
        offset += (entry & LENGTH_MASK) as usize;
        if entry & HAS_OFFSET != 0 {
            break;
        }
        if before % STRIDE == 0 {
            return Err(Error::Corrupt("entry offset out of place"));
        }
    }
    Ok(offset)
}
