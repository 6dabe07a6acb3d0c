//! Equality as RFC 6902 `test` wants it: numbers by value.

use super::super::error::{Error, Result};
use super::super::memory::room;
use super::MAX_DEPTH;
use super::found::Found;
use super::node::Node;
use super::numeric::Numeric;
use super::view::Value;

/// Whether what was found, changed or not, means the same as `value`.
pub(super) fn same(found: Found<'_, '_>, value: Value<'_>, level: usize) -> Result<bool> {
    if level > MAX_DEPTH {
        return Err(Error::TooDeep);
    }
    if let Some(scalar) = scalars(&found, value) {
        return scalar;
    }
    let Some(pairs) = pairs(found, value)? else {
        return Ok(false);
    };
    for (found, value) in pairs {
        if !same(found, value, level + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The answer, unless both are containers.
fn scalars(found: &Found<'_, '_>, value: Value<'_>) -> Option<Result<bool>> {
    let container = matches!(value, Value::Array(_) | Value::Object(_));
    match (found, value) {
        (Found::Raw(raw) | Found::Node(Node::Raw(raw)), value) => match (*raw, value) {
            (Value::Numeric(a), Value::Numeric(b)) => Some(numbers(a, b)),
            (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_)) => None,
            (raw, value) => Some(Ok(raw == value)),
        },
        _ if container => None,
        _ => Some(Ok(false)),
    }
}

fn numbers(a: &[u8], b: &[u8]) -> Result<bool> {
    Ok(a == b || Numeric::parse(a)?.equals(&Numeric::parse(b)?))
}

type Pairs<'n, 'a, 'v> = Vec<(Found<'n, 'a>, Value<'v>)>;

/// Elements or members side by side; `None` when their number, their keys or
/// the kinds of container differ.
fn pairs<'n, 'a, 'v>(found: Found<'n, 'a>, value: Value<'v>) -> Result<Option<Pairs<'n, 'a, 'v>>> {
    let mut pairs;
    match value {
        Value::Array(array) => {
            let Some(elements) = found.elements(array.len())? else {
                return Ok(None);
            };
            pairs = room(elements.len())?;
            for (element, value) in elements.into_iter().zip(array.iter()) {
                pairs.push((element, value?));
            }
        }
        Value::Object(object) => {
            let Some(members) = found.members(object.len())? else {
                return Ok(None);
            };
            if members.len() != object.len() {
                return Ok(None);
            }
            pairs = room(members.len())?;
            for ((key, child), member) in members.into_iter().zip(object.iter()) {
                let (other, value) = member?;
                if key != other {
                    return Ok(None);
                }
                pairs.push((child, value));
            }
        }
        _ => return Ok(None),
    }
    Ok(Some(pairs))
}
