//! Numbers as bytes: small ones take few.

use crate::core::{Error, Result};

/// Appends seven bits a byte, lowest first.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a wide number: its length, and its bytes without leading zeros, lowest first.
pub fn put_wide(out: &mut Vec<u8>, low: u128, high: u128) {
    let mut bytes = [0_u8; 32];
    let halves = low.to_le_bytes().into_iter().chain(high.to_le_bytes());
    for (byte, value) in bytes.iter_mut().zip(halves) {
        *byte = value;
    }
    let length = 32 - bytes.iter().rev().take_while(|byte| **byte == 0).count();
    out.push(length as u8);
    out.extend(bytes.iter().take(length));
}

/// What is left to read.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// The next bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (head, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(Error::Corrupt("it ends early"))?;
        self.0 = rest;
        Ok(head)
    }

    /// So many bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.take(N)?;
        bytes
            .try_into()
            .map_err(|_| Error::Corrupt("it ends early"))
    }

    /// What [`put_varint`] wrote, in its shortest form only.
    pub fn varint(&mut self) -> Result<u64> {
        let (mut value, mut shift) = (0_u64, 0_u32);
        loop {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            if shift > 63 || (shift == 63 && bits > 1) || (shift > 0 && byte == 0) {
                return Err(Error::Corrupt("a number in it is malformed"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    /// What [`put_wide`] wrote, in its shortest form only.
    pub fn wide(&mut self) -> Result<(u128, u128)> {
        let [length] = self.array()?;
        if length > 32 {
            return Err(Error::Corrupt("a sum in it is malformed"));
        }
        let bytes = self.take(usize::from(length))?;
        if bytes.last() == Some(&0) {
            return Err(Error::Corrupt("a sum in it is malformed"));
        }
        let half = |bytes: &[u8]| {
            bytes
                .iter()
                .rev()
                .fold(0_u128, |value, byte| value << 8 | u128::from(*byte))
        };
        let (low, high) = bytes.split_at(bytes.len().min(16));
        Ok((half(low), half(high)))
    }
}
