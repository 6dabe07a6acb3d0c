//! Nesting and size of a document.

use super::super::error::{Error, Result};
use super::MAX_DEPTH;
use super::view::{Value, root};

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
    let items = match value {
        Value::Array(array) => array.iter(),
        Value::Object(object) => object.values(),
        _ => return Ok(()),
    };
    if level >= MAX_DEPTH {
        return Err(Error::TooDeep);
    }
    shape.depth = shape.depth.max(level + 1);
    for item in items {
        match item? {
            nested @ (Value::Array(_) | Value::Object(_)) => walk(nested, level + 1, shape)?,
            _ => shape.nodes += 1,
        }
    }
    Ok(())
}

/// Whether `value` may stand below `level` containers.
///
/// Each level takes eight bytes at least (an entry and a header), so that a
/// small value is let through unread.
pub(super) fn fits(value: Value<'_>, level: usize) -> Result<()> {
    let size = match value {
        Value::Array(array) => array.raw().len(),
        Value::Object(object) => object.raw().len(),
        _ => 0,
    };
    if level + size.div_ceil(8) <= MAX_DEPTH {
        return Ok(());
    }
    walk(value, level, &mut Shape::default())
}
