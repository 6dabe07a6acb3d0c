//! Zero-copy reader.
//!
//! A container is checked when it is reached, its entries when they are: a
//! reader that takes one path pays for that path. Entries cannot overlap
//! (offsets only grow), so that no document has more values than bytes allow.

use super::super::error::{Error, Result};
use super::cursor::Cursor;
use super::format::{ARRAY, COUNT_MASK, OBJECT, SCALAR};
use std::cmp::Ordering;

/// A value in a document. `==` compares bytes: 1.0 and 1.00 differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// The bytes of a string, in the database's encoding.
    String(&'a [u8]),
    /// A numeric datum with its four-byte header.
    Numeric(&'a [u8]),
    /// An array.
    Array(Array<'a>),
    /// An object.
    Object(Object<'a>),
}

/// An array, as the bytes of its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Array<'a> {
    raw: &'a [u8],
}

/// An object, as the bytes of its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object<'a> {
    raw: &'a [u8],
}

/// The four bytes of an empty object.
pub(super) static EMPTY_OBJECT: [u8; 4] = OBJECT.to_ne_bytes();

/// The document's outermost value.
pub fn root(bytes: &[u8]) -> Result<Value<'_>> {
    let header = word(bytes, 0)?;
    if header & SCALAR == 0 {
        return container(bytes);
    }
    if header != ARRAY | SCALAR | 1 {
        return Err(Error::Corrupt("bad scalar header"));
    }
    match Cursor::new(bytes, 1, 0, 1)?.step()? {
        Value::Array(_) | Value::Object(_) => Err(Error::Corrupt("container as scalar")),
        scalar => Ok(scalar),
    }
}

/// The order of object keys: by length, then by bytes.
pub fn key_order(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

pub(super) fn word(bytes: &[u8], at: usize) -> Result<u32> {
    match bytes.get(at..).and_then(<[u8]>::first_chunk::<4>) {
        Some(chunk) => Ok(u32::from_ne_bytes(*chunk)),
        None => Err(Error::Corrupt("document is cut off")),
    }
}

pub(super) fn container(raw: &[u8]) -> Result<Value<'_>> {
    let header = word(raw, 0)?;
    let count = (header & COUNT_MASK) as usize;
    let (entries, value) = match header & !COUNT_MASK {
        ARRAY => (count, Value::Array(Array { raw })),
        OBJECT => (count * 2, Value::Object(Object { raw })),
        _ => return Err(Error::Corrupt("bad container header")),
    };
    // Before anybody allocates by the count.
    if entries * 4 + 4 > raw.len() {
        return Err(Error::Corrupt("more entries than bytes"));
    }
    Ok(value)
}

fn count(raw: &[u8]) -> usize {
    word(raw, 0).map_or(0, |header| (header & COUNT_MASK) as usize)
}

impl<'a> Array<'a> {
    /// How many elements.
    pub fn len(&self) -> usize {
        count(self.raw)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The container's bytes, fit to be copied into another document.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The element at `index`.
    pub fn get(&self, index: usize) -> Result<Option<Value<'a>>> {
        let len = self.len();
        if index >= len {
            return Ok(None);
        }
        Cursor::new(self.raw, len, index, len)?.step().map(Some)
    }

    /// The elements in order.
    pub fn iter(&self) -> Items<'a> {
        self.iter_from(0)
    }

    /// The elements from `index` on.
    pub fn iter_from(&self, index: usize) -> Items<'a> {
        let len = self.len();
        Items {
            cursor: Some(Cursor::new(self.raw, len, index.min(len), len)),
        }
    }

    /// Over the elements `from..to`.
    pub(super) fn cursor(&self, from: usize, to: usize) -> Result<Cursor<'a>> {
        let len = self.len();
        if from > to || to > len {
            return Err(Error::Corrupt("entry out of bounds"));
        }
        Cursor::new(self.raw, len, from, to)
    }

    /// Entries and data of the first `len` elements, as they stand.
    pub(super) fn prefix(&self, len: usize) -> Result<(&'a [u8], &'a [u8])> {
        let cursor = Cursor::new(self.raw, self.len(), len, len)?;
        let entries = cursor.entries.get(..len * 4);
        let data = cursor.data.get(..cursor.offset);
        entries
            .zip(data)
            .ok_or(Error::Corrupt("entry out of bounds"))
    }
}

impl<'a> Object<'a> {
    /// An object without members.
    pub fn empty() -> Object<'static> {
        Object { raw: &EMPTY_OBJECT }
    }

    /// How many members.
    pub fn len(&self) -> usize {
        count(self.raw)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The container's bytes, fit to be copied into another document.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The member called `key`, by binary search.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value<'a>>> {
        let len = self.len();
        let (mut low, mut high) = (0, len);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = Cursor::new(self.raw, len * 2, middle, len)?.key()?;
            match key_order(found, key) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => {
                    let mut at = Cursor::new(self.raw, len * 2, len + middle, len * 2)?;
                    return at.step().map(Some);
                }
            }
        }
        Ok(None)
    }

    /// Keys and values in the order of keys.
    pub fn iter(&self) -> Members<'a> {
        let len = self.len();
        let cursors = Cursor::new(self.raw, len * 2, 0, len)
            .and_then(|keys| Ok((keys, Cursor::new(self.raw, len * 2, len, len * 2)?)));
        Members {
            cursors: Some(cursors),
        }
    }

    /// Over the keys, and then the values.
    pub(super) fn cursor(&self) -> Result<Cursor<'a>> {
        let entries = self.len() * 2;
        Cursor::new(self.raw, entries, 0, entries)
    }

    /// The values alone, in the order of keys.
    pub fn values(&self) -> Items<'a> {
        let len = self.len();
        Items {
            cursor: Some(Cursor::new(self.raw, len * 2, len, len * 2)),
        }
    }
}

/// Iterator over values; ends after the first error.
pub struct Items<'a> {
    cursor: Option<Result<Cursor<'a>>>,
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Value<'a>>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let step = match self.cursor.as_mut()? {
            Ok(cursor) if cursor.remaining() == 0 => return None,
            Ok(cursor) => cursor.step(),
            Err(error) => Err(*error),
        };
        if step.is_err() {
            self.cursor = None;
        }
        Some(step)
    }
}

/// Iterator over members; ends after the first error.
pub struct Members<'a> {
    cursors: Option<Result<(Cursor<'a>, Cursor<'a>)>>,
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<(&'a [u8], Value<'a>)>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let step = match self.cursors.as_mut()? {
            Ok((keys, _)) if keys.remaining() == 0 => return None,
            Ok((keys, values)) => keys.key().and_then(|key| Ok((key, values.step()?))),
            Err(error) => Err(*error),
        };
        if step.is_err() {
            self.cursors = None;
        }
        Some(step)
    }
}
