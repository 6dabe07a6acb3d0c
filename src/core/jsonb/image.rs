//! The one image that a document has on every platform: the bytes that a little-endian server makes of its text.
//!
//! On such a server nearly every document is its image: what the server parses, and what [`super::Writer`] writes.
//! A number with a longer header than it needs, or bytes between the values, make another one that reads the same.

use super::super::error::{Error, Result};
use super::super::memory::{append, reserve, room};
use super::MAX_DEPTH;
use super::cursor::Cursor;
use super::format::*;
use super::numeric::Numeric;
use super::view::{Items, Value, root};

/// Whether the bytes are their document's image. Walks, and copies nothing.
pub fn is_image(bytes: &[u8]) -> Result<bool> {
    if cfg!(target_endian = "big") {
        return Ok(false);
    }
    match root(bytes)? {
        Value::Array(array) => is_plain(array.cursor(0, array.len())?, 0, 0),
        Value::Object(object) => is_plain(object.cursor()?, object.len(), 0),
        _ => Ok(matches!(
            next(&mut Cursor::new(bytes, 1, 0, 1)?)?,
            Next::End
        )),
    }
}

fn is_plain(mut entries: Cursor<'_>, keys: usize, level: usize) -> Result<bool> {
    if level >= MAX_DEPTH {
        return Err(Error::TooDeep);
    }
    for _ in 0..keys {
        entries.key()?;
    }
    loop {
        let is_plain = match next(&mut entries)? {
            Next::Container(Value::Array(array)) => {
                is_plain(array.cursor(0, array.len())?, 0, level + 1)?
            }
            Next::Container(Value::Object(object)) => {
                is_plain(object.cursor()?, object.len(), level + 1)?
            }
            Next::End => return Ok(true),
            _ => false,
        };
        if !is_plain {
            return Ok(false);
        }
    }
}

enum Next<'a> {
    Container(Value<'a>),
    End,
    /// What is in no image.
    Foreign,
}

/// Up to the next container, which is left to the caller; so that the recursion takes little of the stack.
fn next<'a>(entries: &mut Cursor<'a>) -> Result<Next<'a>> {
    while entries.remaining() > 0 {
        let start = entries.offset;
        let value = entries.step()?;
        let is_plain = match value {
            Value::Numeric(datum) => {
                is_zero(entries, start) && Numeric::parse(datum)?.has_shortest_header()
            }
            Value::Array(_) | Value::Object(_) if is_zero(entries, start) => {
                return Ok(Next::Container(value));
            }
            Value::Array(_) | Value::Object(_) => false,
            Value::String(_) | Value::Bool(_) | Value::Null => true,
        };
        if !is_plain {
            return Ok(Next::Foreign);
        }
    }
    if entries.offset == entries.data.len() {
        Ok(Next::End)
    } else {
        Ok(Next::Foreign)
    }
}

/// Whether the padding of the value that starts there is.
#[inline]
fn is_zero(entries: &Cursor<'_>, start: usize) -> bool {
    let padding = entries.data.get(start..start + padding(start));
    padding.is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0))
}

/// The image of a document, made anew.
pub fn image(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut image = Image {
        out: room(bytes.len())?,
    };
    match root(bytes)? {
        container @ (Value::Array(_) | Value::Object(_)) => {
            image.value(container, 0)?;
        }
        scalar => {
            let mut frame = image.open(ARRAY | SCALAR | 1, 1)?;
            let kind = image.value(scalar, 0)?;
            image.entry(&mut frame, kind)?;
        }
    }
    Ok(image.out)
}

struct Image {
    out: Vec<u8>,
}

/// A container that is being written.
struct Frame {
    /// Where its next entry goes, and which that is.
    entry: usize,
    index: usize,
    /// Where its data begins, and where that of the last entry ended.
    data: usize,
    end: usize,
}

impl Image {
    /// Appends a value that lies below `level` containers; the type that its entry bears.
    fn value(&mut self, value: Value<'_>, level: usize) -> Result<u32> {
        match value {
            Value::Null => Ok(IS_NULL),
            Value::Bool(false) => Ok(IS_FALSE),
            Value::Bool(true) => Ok(IS_TRUE),
            Value::String(bytes) => append(&mut self.out, bytes).map(|()| IS_STRING),
            Value::Numeric(datum) => self.numeric(&Numeric::parse(datum)?).map(|()| IS_NUMERIC),
            Value::Array(_) | Value::Object(_) if level >= MAX_DEPTH => Err(Error::TooDeep),
            Value::Array(array) => {
                let count = array.len();
                let mut frame = self.open(ARRAY | count as u32, count)?;
                self.values(&mut frame, array.iter(), level)?;
                Ok(IS_CONTAINER)
            }
            Value::Object(object) => {
                let count = object.len();
                let mut frame = self.open(OBJECT | count as u32, count * 2)?;
                for member in object.iter() {
                    append(&mut self.out, member?.0)?;
                    self.entry(&mut frame, IS_STRING)?;
                }
                self.values(&mut frame, object.values(), level)?;
                Ok(IS_CONTAINER)
            }
        }
    }

    fn values(&mut self, frame: &mut Frame, values: Items<'_>, level: usize) -> Result<()> {
        for value in values {
            let kind = self.value(value?, level + 1)?;
            self.entry(frame, kind)?;
        }
        Ok(())
    }

    fn open(&mut self, header: u32, entries: usize) -> Result<Frame> {
        self.pad()?;
        append(&mut self.out, &header.to_le_bytes())?;
        let entry = self.out.len();
        // No more than the document has bytes: the reader has looked.
        reserve(&mut self.out, entries * 4)?;
        self.out.resize(entry + entries * 4, 0);
        Ok(Frame {
            entry,
            index: 0,
            data: self.out.len(),
            end: 0,
        })
    }

    /// The entry of what was appended since the last one.
    fn entry(&mut self, frame: &mut Frame, kind: u32) -> Result<()> {
        let end = self.out.len() - frame.data;
        let word = if frame.index.is_multiple_of(STRIDE) {
            kind | HAS_OFFSET | end as u32
        } else {
            kind | (end - frame.end) as u32
        };
        let room = self.out.get_mut(frame.entry..frame.entry + 4);
        let room = room.ok_or(Error::Corrupt("more entries than declared"))?;
        room.copy_from_slice(&word.to_le_bytes());
        (frame.entry, frame.index, frame.end) = (frame.entry + 4, frame.index + 1, end);
        Ok(())
    }

    fn pad(&mut self) -> Result<()> {
        let padded = self.out.len() + padding(self.out.len());
        reserve(&mut self.out, 3)?;
        self.out.resize(padded, 0);
        Ok(())
    }

    fn numeric(&mut self, number: &Numeric<'_>) -> Result<()> {
        self.pad()?;
        let (head, weight) = number.header();
        let size = 4 + 2 + weight.map_or(0, |_| 2) + 2 * number.len();
        reserve(&mut self.out, size)?;
        // A varlena of four bytes' header.
        self.out
            .extend_from_slice(&((size as u32) << 2).to_le_bytes());
        self.out.extend_from_slice(&head.to_le_bytes());
        if let Some(weight) = weight {
            self.out.extend_from_slice(&weight.to_le_bytes());
        }
        for digit in number.digits() {
            self.out.extend_from_slice(&digit.to_le_bytes());
        }
        Ok(())
    }
}
