//! JSON Pointer (RFC 6901).

use super::super::error::{Error, PatchReason, Result};
use super::MAX_DEPTH;
use super::view::{Value, root};
use std::borrow::Cow;
use std::fmt;

/// A parsed pointer: its reference tokens, unescaped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pointer<'a> {
    tokens: Vec<Cow<'a, [u8]>>,
}

impl<'a> Pointer<'a> {
    /// Reads `""` (the whole document) or `/token/token...`.
    pub fn parse(text: &'a [u8]) -> Result<Self> {
        let bad = Error::refused(PatchReason::BadPointer);
        let Some((first, rest)) = text.split_first() else {
            return Ok(Pointer::default());
        };
        if *first != b'/' {
            return Err(bad);
        }
        let mut tokens = Vec::new();
        for token in rest.split(|byte| *byte == b'/') {
            // Nothing lies deeper, and paths stay bounded in memory.
            if tokens.len() == MAX_DEPTH {
                return Err(Error::TooDeep);
            }
            tokens.push(unescape(token).ok_or(bad)?);
        }
        Ok(Pointer { tokens })
    }

    /// The reference tokens in order.
    pub fn tokens(&self) -> &[Cow<'a, [u8]>] {
        &self.tokens
    }

    /// The same, owned.
    pub fn into_tokens(self) -> Vec<Cow<'a, [u8]>> {
        self.tokens
    }

    /// Whether `self` is `other` or leads to something that contains it.
    pub fn contains(&self, other: &Pointer<'_>) -> bool {
        let mut others = other.tokens.iter();
        self.tokens.iter().all(|token| others.next() == Some(token))
    }

    /// A pointer that borrows nothing.
    pub fn into_owned(self) -> Pointer<'static> {
        let tokens = self.tokens.into_iter();
        Pointer {
            tokens: tokens.map(|token| Cow::Owned(token.into_owned())).collect(),
        }
    }
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        for token in &self.tokens {
            push_token(&mut text, token);
        }
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

/// The value at `pointer`, if there is one.
pub fn get<'a>(bytes: &'a [u8], pointer: &Pointer<'_>) -> Result<Option<Value<'a>>> {
    find(root(bytes)?, &pointer.tokens)
}

/// The value that `tokens` lead to from `value`.
pub(in crate::core) fn find<'a>(
    mut value: Value<'a>,
    tokens: &[Cow<'_, [u8]>],
) -> Result<Option<Value<'a>>> {
    for token in tokens {
        let child = match value {
            Value::Object(object) => object.get(token)?,
            Value::Array(array) => match index(token) {
                Some(index) => array.get(index)?,
                None => None,
            },
            _ => None,
        };
        match child {
            Some(child) => value = child,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

/// Appends `/token`, escaped.
pub fn push_token(path: &mut Vec<u8>, token: &[u8]) {
    path.push(b'/');
    for byte in token {
        match byte {
            b'~' => path.extend_from_slice(b"~0"),
            b'/' => path.extend_from_slice(b"~1"),
            other => path.push(*other),
        }
    }
}

/// An array index: digits without a leading zero.
pub(super) fn index(token: &[u8]) -> Option<usize> {
    let digits = token.iter().all(u8::is_ascii_digit);
    let canonical = token == b"0" || token.first().is_some_and(|first| *first != b'0');
    if !digits || !canonical {
        return None;
    }
    std::str::from_utf8(token).ok()?.parse().ok()
}

fn unescape(token: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !token.contains(&b'~') {
        return Some(Cow::Borrowed(token));
    }
    let mut plain = Vec::with_capacity(token.len());
    let mut bytes = token.iter();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'~' => match bytes.next()? {
                b'0' => b'~',
                b'1' => b'/',
                _ => return None,
            },
            other => *other,
        });
    }
    Some(Cow::Owned(plain))
}
