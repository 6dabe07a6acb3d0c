//! JSON text to jsonb bytes the way that the server goes, written for
//! likeness with its source, not for speed.

use serde_json::Value;
use wfstate_core_tests::core::Result;
use wfstate_core_tests::jsonb::{self as core_jsonb, MAX_SIZE};

const HAS_OFF: u32 = 0x8000_0000;

/// The payload that `text::jsonb` has on a little-endian server.
pub fn jsonb(text: &str) -> Vec<u8> {
    encode(&serde_json::from_str(text).unwrap())
}

/// Applies patches within the limit of the format.
pub fn apply(base: &[u8], patches: &[&[u8]]) -> Result<Vec<u8>> {
    core_jsonb::apply(base, patches, MAX_SIZE)
}

pub fn encode(value: &Value) -> Vec<u8> {
    encode_like(value, Like::default())
}

/// Where a document is not as the server makes it, and yet reads the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct Like {
    /// Numbers have a header of the long form always.
    pub long: bool,
    /// What padding is made of.
    pub padding: u8,
    /// Bytes behind the last value of a container, in words.
    pub tail: usize,
}

pub fn encode_like(value: &Value, like: Like) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Value::Array(_) | Value::Object(_) => {
            put(&mut out, value, like);
        }
        scalar => {
            out.extend((0x4000_0000u32 | 0x1000_0000 | 1).to_ne_bytes());
            out.extend([0; 4]);
            let meta = put(&mut out, scalar, like);
            out[4..8].copy_from_slice(&(meta | HAS_OFF).to_ne_bytes());
            out.extend(vec![0; 4 * like.tail]);
        }
    }
    out
}

/// `convertJsonbValue`: appends and returns the entry (type and length).
fn put(out: &mut Vec<u8>, value: &Value, like: Like) -> u32 {
    let start = out.len();
    match value {
        Value::Null => 0x4000_0000,
        Value::Bool(false) => 0x2000_0000,
        Value::Bool(true) => 0x3000_0000,
        Value::String(text) => {
            out.extend(text.as_bytes());
            text.len() as u32
        }
        Value::Number(number) => {
            pad(out, like.padding);
            out.extend(datum(&number.to_string(), like.long));
            0x1000_0000 | (out.len() - start) as u32
        }
        Value::Array(items) => {
            pad(out, like.padding);
            out.extend((0x4000_0000 | items.len() as u32).to_ne_bytes());
            fill(out, items.iter(), like);
            0x5000_0000 | (out.len() - start) as u32
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| (key.len(), key.as_bytes().to_vec()));
            pad(out, like.padding);
            out.extend((0x2000_0000 | members.len() as u32).to_ne_bytes());
            let keys: Vec<_> = members.iter().map(|m| Value::String(m.0.clone())).collect();
            fill(out, keys.iter().chain(members.iter().map(|m| m.1)), like);
            0x5000_0000 | (out.len() - start) as u32
        }
    }
}

fn fill<'a>(out: &mut Vec<u8>, values: impl Iterator<Item = &'a Value> + Clone, like: Like) {
    let entries = out.len();
    out.resize(entries + 4 * values.clone().count(), 0);
    let mut total = 0;
    for (index, value) in values.enumerate() {
        let mut meta = put(out, value, like);
        total += meta & 0x0FFF_FFFF;
        if index % 32 == 0 {
            meta = (meta & 0x7000_0000) | total | HAS_OFF;
        }
        let at = entries + 4 * index;
        out[at..at + 4].copy_from_slice(&meta.to_ne_bytes());
    }
    out.extend(vec![0; 4 * like.tail]);
}

fn pad(out: &mut Vec<u8>, with: u8) {
    while !out.len().is_multiple_of(4) {
        out.push(with);
    }
}

/// `numeric_in`: `set_var_from_str`, `strip_var`, `make_result`.
pub fn numeric(text: &str) -> Vec<u8> {
    datum(text, false)
}

fn datum(text: &str, long: bool) -> Vec<u8> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let lower = text.to_lowercase();
    let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let exponent: i64 = exponent.parse().unwrap();
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let decimals: Vec<u16> = (whole.bytes().chain(fraction.bytes()))
        .map(|byte| u16::from(byte - b'0'))
        .collect();
    let dweight = whole.len() as i64 - 1 + exponent;
    let dscale = (fraction.len() as i64 - exponent).max(0);

    let mut weight = if dweight >= 0 {
        (dweight + 1 + 3) / 4 - 1
    } else {
        -((-dweight - 1) / 4 + 1)
    };
    let offset = ((weight + 1) * 4 - (dweight + 1)) as usize;
    let mut padded = vec![0; offset];
    padded.extend(decimals);
    while !padded.len().is_multiple_of(4) {
        padded.push(0);
    }
    let mut digits: Vec<u16> = (padded.chunks(4))
        .map(|four| four.iter().fold(0, |sum, digit| sum * 10 + digit))
        .collect();
    while digits.first() == Some(&0) {
        digits.remove(0);
        weight -= 1;
    }
    while digits.last() == Some(&0) {
        digits.pop();
    }
    let (negative, weight) = match digits.is_empty() {
        true => (false, 0),
        false => (negative, weight),
    };

    let mut body = Vec::new();
    if !long && dscale <= 0x3F && (-64..=63).contains(&weight) {
        let sign = if negative { 0x2000 } else { 0 };
        let head = 0x8000 | sign | ((dscale as u16) << 7) | (weight as u16 & 0x7F);
        body.extend(head.to_ne_bytes());
    } else {
        let sign = if negative { 0x4000 } else { 0 };
        body.extend((sign | dscale as u16).to_ne_bytes());
        body.extend((weight as i16).to_ne_bytes());
    }
    body.extend(digits.iter().flat_map(|digit| digit.to_ne_bytes()));
    let mut datum = (((body.len() + 4) as u32) << 2).to_ne_bytes().to_vec();
    datum.extend(body);
    datum
}

/// What PostgreSQL 15 stores, read by pageinspect.
#[test]
fn bytes_of_the_server() {
    let cases = [
        (
            r#"{"bb": [true, "x"], "a": 1}"#,
            "020000200100008002000000090000100d000050616262002000000000800100\
             02000040000000b00100000078",
        ),
        ("-0.0", "0100005006000090180000008080"),
        ("1e400", "010000500a00009028000000000064000100"),
        ("1e-400", "010000500a0000902800000090019cff0100"),
        ("123.4500", "010000500a0000902800000000827b009411"),
        ("-12345.6700", "010000500c0000903000000001a2010029092c1a"),
    ];
    for (text, expected) in cases {
        let bytes = jsonb(text);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected, "{text}");
    }
}
