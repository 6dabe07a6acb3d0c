//! The fields of a numeric datum (`src/backend/utils/adt/numeric.c`).

use super::super::error::{Error, Result};
use std::fmt::Write;

const SPECIAL: u16 = 0xC000;
const SHORT: u16 = 0x8000;
const NEGATIVE: u16 = 0x4000;
const SHORT_NEGATIVE: u16 = 0x2000;

/// A number as sign, weight of the first digit and digits to base 10,000.
#[derive(Debug, Clone, Copy)]
pub struct Numeric<'a> {
    /// Below zero.
    pub negative: bool,
    /// Exponent (to base 10,000) of the first digit.
    pub weight: i16,
    /// Decimal digits shown after the point.
    pub scale: u16,
    digits: &'a [u8],
    /// Whether its header is of the short form.
    short: bool,
}

impl<'a> Numeric<'a> {
    /// Reads a datum, its four-byte header included.
    pub fn parse(datum: &'a [u8]) -> Result<Self> {
        let bad = Error::Corrupt("bad numeric");
        let (header, body) = datum.split_first_chunk::<4>().ok_or(bad)?;
        if length(*header) != Some(datum.len()) {
            return Err(bad);
        }
        let (head, rest) = body.split_first_chunk::<2>().ok_or(bad)?;
        let head = u16::from_ne_bytes(*head);
        let number = match head & SPECIAL {
            // Infinity and NaN cannot be in a document.
            SPECIAL => return Err(bad),
            SHORT => Numeric {
                negative: head & SHORT_NEGATIVE != 0,
                // Seven bits, two's complement.
                weight: (((head & 0x7F) << 9) as i16) >> 9,
                scale: (head & 0x1F80) >> 7,
                digits: rest,
                short: true,
            },
            sign => {
                let (weight, digits) = rest.split_first_chunk::<2>().ok_or(bad)?;
                Numeric {
                    negative: sign == NEGATIVE,
                    weight: i16::from_ne_bytes(*weight),
                    scale: head & 0x3FFF,
                    digits,
                    short: false,
                }
            }
        };
        if number.digits.len() % 2 == 0 {
            Ok(number)
        } else {
            Err(bad)
        }
    }

    /// Whether the header is of the short form exactly where that has room for scale and weight, as the server
    /// writes it.
    pub fn has_shortest_header(&self) -> bool {
        self.short == self.fits_short()
    }

    fn fits_short(&self) -> bool {
        self.scale <= 0x3F && (-64..=63).contains(&self.weight)
    }

    /// The words of the shortest header: the first one, and the weight where that is not part of it.
    pub fn header(&self) -> (u16, Option<i16>) {
        if self.fits_short() {
            let sign = if self.negative { SHORT_NEGATIVE } else { 0 };
            let weight = self.weight.cast_unsigned() & 0x7F;
            return (SHORT | sign | self.scale << 7 | weight, None);
        }
        let sign = if self.negative { NEGATIVE } else { 0 };
        (sign | self.scale, Some(self.weight))
    }

    /// The digits, each 0..10,000.
    pub fn digits(&self) -> impl DoubleEndedIterator<Item = u16> + 'a {
        let pairs = self.digits.chunks_exact(2);
        pairs.map(|pair| match pair.first_chunk::<2>() {
            Some(digit) => u16::from_ne_bytes(*digit),
            None => 0,
        })
    }

    /// How many digits.
    pub fn len(&self) -> usize {
        self.digits.len() / 2
    }

    /// Whether there are no digits: zero.
    pub fn is_empty(&self) -> bool {
        self.digits.is_empty()
    }

    /// The number, if it is an integer of 64 bits.
    pub fn to_i64(&self) -> Option<i64> {
        let mut value: i64 = 0;
        for digit in self.digits() {
            value = value.checked_mul(10_000)?.checked_add(i64::from(digit))?;
        }
        // Digits after the point make it a fraction; missing ones before it are zeros.
        let zeros = i64::from(self.weight) + 1 - i64::try_from(self.len()).ok()?;
        if zeros < 0 {
            return None;
        }
        for _ in 0..zeros.min(5) {
            value = value.checked_mul(10_000)?;
        }
        if zeros > 5 && value != 0 {
            return None;
        }
        Some(if self.negative { -value } else { value })
    }

    /// The number in decimal digits, if it is an integer that takes at most so many characters.
    pub fn whole(&self, most: usize) -> Option<String> {
        if self.is_empty() {
            return Some(String::from("0"));
        }
        // Digits after the point make it a fraction; missing ones before it are zeros.
        let length = usize::try_from(self.weight).ok()? + 1;
        let zeros = length.checked_sub(self.len())?;
        if length.saturating_sub(1) * 4 >= most {
            return None;
        }
        let mut text = String::from(if self.negative { "-" } else { "" });
        let digits = self.digits().chain(std::iter::repeat_n(0, zeros));
        for (place, digit) in digits.enumerate() {
            // A String takes whatever is written to it.
            let _ = match place {
                0 => write!(text, "{digit}"),
                _ => write!(text, "{digit:04}"),
            };
        }
        (text.len() <= most).then_some(text)
    }

    /// Whether both are the same number, whatever their scale. The server
    /// strips zero digits at both ends, so that equal numbers have equal digits.
    pub fn equals(&self, other: &Numeric<'_>) -> bool {
        if self.is_empty() && other.is_empty() {
            return true;
        }
        self.negative == other.negative
            && self.weight == other.weight
            && self.digits == other.digits
    }
}

/// The length that a four-byte varlena header states; `None` of one that says that what follows is compressed or short.
fn length(header: [u8; 4]) -> Option<usize> {
    let word = u32::from_ne_bytes(header);
    let (length, flags) = if cfg!(target_endian = "little") {
        (word >> 2, word & 3)
    } else {
        (word & 0x3FFF_FFFF, word >> 30)
    };
    (flags == 0).then_some(length as usize)
}
