//! Nesting and size of a document.

use super::super::error::{Error, Result};
use super::MAX_DEPTH;
use super::view::{Items, Value, root};

/// What [`check`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    /// Containers within containers: 0 for a scalar, 1 for `[]`.
    pub depth: usize,
    /// Values in the document, containers included.
    pub nodes: usize,
}

/// Walks a document once: every container and entry is within bounds and
/// nothing lies deeper than [`MAX_DEPTH`].
pub fn check(bytes: &[u8]) -> Result<Shape> {
    let mut shape = Shape::default();
    walk(root(bytes)?, 0, &mut shape)?;
    Ok(shape)
}

fn walk(value: Value<'_>, level: usize, shape: &mut Shape) -> Result<()> {
    shape.nodes += 1;
    let mut items = match value {
        Value::Array(array) => array.iter(),
        Value::Object(object) => object.values(),
        _ => return Ok(()),
    };
    if level >= MAX_DEPTH {
        return Err(Error::TooDeep);
    }
    shape.depth = shape.depth.max(level + 1);
    while let Some(nested) = next_container(&mut items, shape)? {
        walk(nested, level + 1, shape)?;
    }
    Ok(())
}

/// Apart from the recursion, which then takes little of the stack.
fn next_container<'a>(items: &mut Items<'a>, shape: &mut Shape) -> Result<Option<Value<'a>>> {
    for item in items {
        match item? {
            nested @ (Value::Array(_) | Value::Object(_)) => return Ok(Some(nested)),
            _ => shape.nodes += 1,
        }
    }
    Ok(None)
}

/// Levels of nesting of a value that lies below `level` containers, itself included.
pub(super) fn depth(value: Value<'_>, level: usize) -> Result<usize> {
    let mut shape = Shape::default();
    walk(value, level, &mut shape)?;
    Ok(shape.depth.saturating_sub(level))
}

/// A bound on the levels of nesting: each takes eight bytes at least, an entry and a header.
pub(super) fn depth_bound(value: Value<'_>) -> usize {
    match value {
        Value::Array(array) => array.raw().len().div_ceil(8),
        Value::Object(object) => object.raw().len().div_ceil(8),
        _ => 0,
    }
}

/// Whether `value` may stand below `level` containers. A small one is let through unread.
pub(super) fn fits(value: Value<'_>, level: usize) -> Result<()> {
    if level + depth_bound(value) > MAX_DEPTH {
        depth(value, level)?;
    }
    Ok(())
}
