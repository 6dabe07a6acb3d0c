//! Hashes that are the same on every platform.
//!
//! A document is fed to XXH3 as tokens (type, length, bytes, all little
//! endian), not as its bytes, whose words have the server's byte order.

use super::error::{Error, Result};
use super::jsonb::numeric::Numeric;
use super::jsonb::view::{Items, Members};
use super::jsonb::{MAX_DEPTH, Value, root};
use super::work::work_on_bytes;
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_64_with_seed};

/// The hash of a document: equal documents, number scales included, have
/// equal hashes.
pub fn hash(bytes: &[u8]) -> Result<u64> {
    seeded(bytes, 0)
}

/// The hash of a patch: another one than of the same document as a state, since it makes another state.
pub fn patch_hash(bytes: &[u8]) -> Result<u64> {
    seeded(bytes, 1)
}

fn seeded(bytes: &[u8], seed: u64) -> Result<u64> {
    // Tokens take about as much room as the document does.
    let room = bytes.len().saturating_add(bytes.len() / 2);
    let mut feed = Feed {
        seed,
        state: None,
        buffer: Vec::with_capacity(room.min(2 * CHUNK)),
    };
    feed.value(root(bytes)?, 0)?;
    Ok(feed.digest())
}

/// The hash of a link: what it builds on and what it adds.
pub fn chain(base: i64, payload: i64) -> i64 {
    let mut both = [0; 16];
    let (left, right) = both.split_at_mut(8);
    left.copy_from_slice(&base.to_le_bytes());
    right.copy_from_slice(&payload.to_le_bytes());
    i64::from_le_bytes(xxh3_64(&both).to_le_bytes())
}

const CHUNK: usize = 8192;
/// Bytes that are hashed between two looks at whether to go on.
const PIECE: usize = 1 << 20;

/// Gathers tokens, since the hash is slow on small pieces.
struct Feed {
    seed: u64,
    /// Made when the buffer is full for the first time: what fits is hashed at once, which is many times as fast.
    state: Option<Xxh3>,
    buffer: Vec<u8>,
}

impl Feed {
    fn value(&mut self, value: Value<'_>, level: usize) -> Result<()> {
        match value {
            Value::Array(_) | Value::Object(_) if level >= MAX_DEPTH => Err(Error::TooDeep),
            Value::Array(array) => {
                self.token(5, array.len());
                let mut items = array.iter();
                while let Some(container) = self.elements(&mut items)? {
                    self.value(container, level + 1)?;
                }
                Ok(())
            }
            Value::Object(object) => {
                self.token(6, object.len());
                let mut members = object.iter();
                while let Some(container) = self.members(&mut members)? {
                    self.value(container, level + 1)?;
                }
                Ok(())
            }
            scalar => self.scalar(scalar),
        }
    }

    /// Elements up to the next container, which is left to the caller.
    fn elements<'a>(&mut self, items: &mut Items<'a>) -> Result<Option<Value<'a>>> {
        for item in items {
            match item? {
                container @ (Value::Array(_) | Value::Object(_)) => return Ok(Some(container)),
                scalar => self.scalar(scalar)?,
            }
        }
        Ok(None)
    }

    /// Members up to the next container, which is left to the caller.
    fn members<'a>(&mut self, members: &mut Members<'a>) -> Result<Option<Value<'a>>> {
        for member in members {
            let (key, value) = member?;
            self.bytes(3, key);
            match value {
                container @ (Value::Array(_) | Value::Object(_)) => return Ok(Some(container)),
                scalar => self.scalar(scalar)?,
            }
        }
        Ok(None)
    }

    #[inline]
    fn scalar(&mut self, value: Value<'_>) -> Result<()> {
        match value {
            Value::Bool(false) => self.token(1, 0),
            Value::Bool(true) => self.token(2, 0),
            Value::String(bytes) => self.bytes(3, bytes),
            Value::Numeric(datum) => self.numeric(&Numeric::parse(datum)?),
            _ => self.token(0, 0),
        }
        Ok(())
    }

    #[inline]
    fn token(&mut self, kind: u8, length: usize) {
        // Lengths are below 2^28, which leaves the upper bits to the type.
        let word = (u32::from(kind) << 28) | (length as u32 & 0x0FFF_FFFF);
        self.buffer.extend_from_slice(&word.to_le_bytes());
    }

    #[inline]
    fn bytes(&mut self, kind: u8, bytes: &[u8]) {
        self.token(kind, bytes.len());
        if bytes.len() >= CHUNK {
            self.flush();
            for piece in bytes.chunks(PIECE) {
                self.state().update(piece);
                work_on_bytes(piece.len());
            }
            return;
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.flush();
        }
    }

    fn numeric(&mut self, number: &Numeric<'_>) {
        self.token(4, number.len());
        let head = [
            u16::from(number.negative).to_le_bytes(),
            number.weight.to_le_bytes(),
            number.scale.to_le_bytes(),
        ];
        self.buffer.extend_from_slice(head.as_flattened());
        for digit in number.digits() {
            self.buffer.extend_from_slice(&digit.to_le_bytes());
        }
        if self.buffer.len() >= CHUNK {
            self.flush();
        }
    }

    fn state(&mut self) -> &mut Xxh3 {
        self.state.get_or_insert_with(|| Xxh3::with_seed(self.seed))
    }

    fn flush(&mut self) {
        let state = self.state.get_or_insert_with(|| Xxh3::with_seed(self.seed));
        state.update(&self.buffer);
        self.buffer.clear();
    }

    fn digest(mut self) -> u64 {
        match &mut self.state {
            Some(state) => {
                state.update(&self.buffer);
                state.digest()
            }
            None => xxh3_64_with_seed(&self.buffer, self.seed),
        }
    }
}
