//! Writer of exactly the bytes that the server would write
//! (`convertToJsonb` in `src/backend/utils/adt/jsonb_util.c`).
//!
//! A container is opened with its number of entries, filled in order (an
//! object: all keys, sorted, then all values) and closed into its parent.
//! Subtrees that are already in the format are copied as they stand: they are
//! aligned to four bytes wherever they are and hold no absolute offset.

use super::super::error::{Error, Result};
use super::super::memory::{append, reserve, room};
use super::MAX_SIZE;
use super::format::*;
use super::view::{Array, Value, key_order};

/// Appends one document to a buffer.
pub struct Writer<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    limit: usize,
}

/// A container that is being written.
#[derive(Debug)]
pub struct Frame {
    /// Where the container begins, padding included.
    start: usize,
    next_entry: usize,
    entries_end: usize,
    index: usize,
    total: usize,
}

impl<'o> Writer<'o> {
    /// Appends to `out`; alignment counts from its present end.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Self::with_limit(out, MAX_SIZE)
    }

    /// Fails with [`Error::TooLarge`] when the document exceeds `limit` bytes.
    pub fn with_limit(out: &'o mut Vec<u8>, limit: usize) -> Self {
        let start = out.len();
        let limit = limit.min(MAX_SIZE);
        Writer { out, start, limit }
    }

    /// Opens an array of `count` elements.
    pub fn array(&mut self, count: usize) -> Result<Frame> {
        self.open(ARRAY, count, count)
    }

    /// Opens an object of `count` members.
    pub fn object(&mut self, count: usize) -> Result<Frame> {
        self.open(OBJECT, count, count.saturating_mul(2))
    }

    fn open(&mut self, kind: u32, count: usize, entries: usize) -> Result<Frame> {
        let room = entries.saturating_mul(4).saturating_add(4 + 3);
        let start = self.out.len();
        if (start - self.start).saturating_add(room) > self.limit.saturating_add(3) {
            return Err(Error::TooLarge);
        }
        reserve(self.out, room)?;
        self.pad();
        let header = kind | (count as u32 & COUNT_MASK);
        self.out.extend_from_slice(&header.to_ne_bytes());
        let next_entry = self.out.len();
        let entries_end = next_entry + entries * 4;
        self.out.resize(entries_end, 0);
        Ok(Frame {
            start,
            next_entry,
            entries_end,
            index: 0,
            total: 0,
        })
    }

    /// Adds a key; all keys come before the first value.
    pub fn key(&mut self, frame: &mut Frame, key: &[u8]) -> Result<()> {
        self.bytes(key)?;
        self.entry(frame, IS_STRING, key.len())
    }

    /// Adds a scalar, or a whole subtree by copying it.
    #[inline]
    pub fn value(&mut self, frame: &mut Frame, value: Value<'_>) -> Result<()> {
        match value {
            Value::Null => self.entry(frame, IS_NULL, 0),
            Value::Bool(false) => self.entry(frame, IS_FALSE, 0),
            Value::Bool(true) => self.entry(frame, IS_TRUE, 0),
            Value::String(bytes) => self.key(frame, bytes),
            Value::Numeric(raw) => self.padded(frame, IS_NUMERIC, raw),
            Value::Array(array) => self.padded(frame, IS_CONTAINER, array.raw()),
            Value::Object(object) => self.padded(frame, IS_CONTAINER, object.raw()),
        }
    }

    /// Adds `len` elements of `array` from the one at `from` on: as they stand, in one piece.
    pub(super) fn range(
        &mut self,
        frame: &mut Frame,
        array: &Array<'_>,
        from: usize,
        len: usize,
    ) -> Result<()> {
        if from == 0 && frame.index == 0 {
            return self.prefix(frame, array, len);
        }
        let mut cursor = array.cursor(from, from.saturating_add(len))?;
        // Until what follows is padded here as it is there.
        while cursor.remaining() > 0 && cursor.offset % 4 != frame.total % 4 {
            self.value(frame, cursor.step()?)?;
        }
        let data = cursor.rest()?;
        self.bytes(data)?;
        let end = frame.total + data.len();
        while cursor.remaining() > 0 {
            let (kind, _, bytes) = cursor.raw_step()?;
            self.entry(frame, kind, bytes.len())?;
        }
        if frame.total == end {
            Ok(())
        } else {
            Err(Error::Corrupt("entry out of bounds"))
        }
    }

    /// The first elements of an array that begins with them: their entries are the same, too.
    fn prefix(&mut self, frame: &mut Frame, array: &Array<'_>, len: usize) -> Result<()> {
        let (entries, data) = array.prefix(len)?;
        let end = frame.next_entry + entries.len();
        match self.out.get_mut(frame.next_entry..end) {
            Some(room) if end <= frame.entries_end => room.copy_from_slice(entries),
            _ => return Err(Error::Corrupt("more entries than declared")),
        }
        self.bytes(data)?;
        frame.next_entry = end;
        frame.index = len;
        frame.total = data.len();
        Ok(())
    }

    /// Closes `child`, which becomes the next value of `parent`.
    pub fn close(&mut self, parent: &mut Frame, child: Frame) -> Result<()> {
        let length = self.out.len() - child.start;
        Self::complete(&child)?;
        self.entry(parent, IS_CONTAINER, length)
    }

    /// Closes the outermost container.
    pub fn finish(self, frame: Frame) -> Result<()> {
        Self::complete(&frame)
    }

    /// Writes a document that is this one value.
    pub fn document(mut self, value: Value<'_>) -> Result<()> {
        match value {
            Value::Array(array) => self.bytes(array.raw())?,
            Value::Object(object) => self.bytes(object.raw())?,
            scalar => {
                let mut frame = self.open(ARRAY | SCALAR, 1, 1)?;
                self.value(&mut frame, scalar)?;
            }
        }
        Ok(())
    }

    fn complete(frame: &Frame) -> Result<()> {
        if frame.next_entry == frame.entries_end {
            Ok(())
        } else {
            Err(Error::Corrupt("fewer entries than declared"))
        }
    }

    fn pad(&mut self) {
        let padding = padding(self.out.len() - self.start);
        self.out.resize(self.out.len() + padding, 0);
    }

    #[inline]
    fn padded(&mut self, frame: &mut Frame, kind: u32, raw: &[u8]) -> Result<()> {
        let before = self.out.len();
        self.check(raw.len())?;
        reserve(self.out, raw.len() + 3)?;
        self.pad();
        self.bytes(raw)?;
        self.entry(frame, kind, self.out.len() - before)
    }

    #[inline]
    fn entry(&mut self, frame: &mut Frame, kind: u32, length: usize) -> Result<()> {
        frame.total += length;
        // Within `MAX_SIZE`, which is also the largest length and offset.
        let entry = if frame.index.is_multiple_of(STRIDE) {
            kind | HAS_OFFSET | frame.total as u32
        } else {
            kind | length as u32
        };
        let end = frame.next_entry + 4;
        match self.out.get_mut(frame.next_entry..end) {
            Some(room) if end <= frame.entries_end => room.copy_from_slice(&entry.to_ne_bytes()),
            _ => return Err(Error::Corrupt("more entries than declared")),
        }
        frame.next_entry = end;
        frame.index += 1;
        Ok(())
    }

    /// The one place where the document grows by what a caller says, so that it is within the limit always.
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.check(bytes.len())?;
        append(self.out, bytes)
    }

    #[inline]
    fn check(&self, more: usize) -> Result<()> {
        if self.out.len() - self.start + more > self.limit {
            return Err(Error::TooLarge);
        }
        Ok(())
    }
}

/// A document that is this one value.
pub fn document(value: Value<'_>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    Writer::new(&mut out).document(value)?;
    Ok(out)
}

/// An array of these values.
pub fn array(values: &[Value<'_>]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let mut frame = writer.array(values.len())?;
    for value in values {
        writer.value(&mut frame, *value)?;
    }
    writer.finish(frame)?;
    Ok(out)
}

/// An object of these members, in any order; of equal keys the last counts.
pub fn object(members: &[(&[u8], Value<'_>)]) -> Result<Vec<u8>> {
    let mut sorted: Vec<&(&[u8], Value<'_>)> = room(members.len())?;
    sorted.extend(members.iter().rev());
    sorted.sort_by(|a, b| key_order(a.0, b.0));
    sorted.dedup_by(|a, b| a.0 == b.0);
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let mut frame = writer.object(sorted.len())?;
    for (key, _) in &sorted {
        writer.key(&mut frame, key)?;
    }
    for (_, value) in &sorted {
        writer.value(&mut frame, *value)?;
    }
    writer.finish(frame)?;
    Ok(out)
}
