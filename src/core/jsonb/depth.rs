//! How deep a node is nested, known without walking it whenever that is possible.
//!
//! A changed container carries a bound: at first by its size, raised by what is put into it. Only when the
//! bound would be too much is the container walked, and from then on it carries what was found.

use super::super::error::{Error, Result};
use super::list::{ArrayNode, Piece};
use super::node::{Key, Node, ObjectNode};
use super::view::{Array, Value};
use super::{MAX_DEPTH, check};
use std::borrow::Cow;

/// A value whose size alone says that it has no more levels is not read.
const UNREAD: usize = 128;

impl<'a> Node<'a> {
    /// Whether the value may stand below `level` containers: a bound on the levels that it has.
    pub fn fits(&mut self, level: usize) -> Result<usize> {
        let bound = match self {
            Node::Raw(value) => match check::depth_bound(*value) {
                bound if bound > UNREAD => check::depth(*value, level)?,
                bound => bound,
            },
            Node::Array(array) => array.depth,
            Node::Object(object) => object.depth,
        };
        if level + bound <= MAX_DEPTH {
            return Ok(bound);
        }
        self.measure(level)
    }

    /// Makes a large value changeable, so that it carries its depth: it may be moved again.
    pub fn carry_depth(&mut self) -> Result<()> {
        let Node::Raw(value @ (Value::Array(_) | Value::Object(_))) = self else {
            return Ok(());
        };
        if check::depth_bound(*value) > UNREAD {
            let depth = check::depth(*value, 0)?;
            self.expand();
            match self {
                Node::Array(array) => array.depth = depth,
                Node::Object(object) => object.depth = depth,
                Node::Raw(_) => {}
            }
        }
        Ok(())
    }

    /// Raises the bound.
    pub fn deepen(&mut self, depth: usize) {
        match self {
            Node::Array(array) => array.depth = array.depth.max(depth),
            Node::Object(object) => object.depth = object.depth.max(depth),
            Node::Raw(_) => {}
        }
    }

    /// The levels that the value has; too deep when it cannot stand below `level` containers.
    fn measure(&mut self, level: usize) -> Result<usize> {
        match self {
            Node::Raw(value) => check::depth(*value, level),
            _ if level >= MAX_DEPTH => Err(Error::TooDeep),
            Node::Array(array) => array.measure(level),
            Node::Object(object) => object.measure(level),
        }
    }
}

impl ArrayNode<'_> {
    fn measure(&mut self, level: usize) -> Result<usize> {
        let mut below = 0;
        for piece in &mut self.pieces {
            match piece {
                Piece::Range { from, len } => {
                    let range = (*from, *len);
                    below = below.max(range_depth(&self.base, range, level + 1)?);
                }
                Piece::Run(nodes) => {
                    for node in nodes {
                        below = below.max(node.measure(level + 1)?);
                    }
                }
            }
        }
        self.depth = below + 1;
        Ok(self.depth)
    }
}

impl ObjectNode<'_> {
    fn measure(&mut self, level: usize) -> Result<usize> {
        let mut below = 0;
        for node in self.changes.values_mut().flatten() {
            below = below.max(node.measure(level + 1)?);
        }
        self.depth = below.max(self.unchanged_depth(level + 1)?) + 1;
        Ok(self.depth)
    }

    /// Levels of the deepest member that is as it was.
    fn unchanged_depth(&self, level: usize) -> Result<usize> {
        let mut deepest = 0;
        for member in self.base.iter() {
            let (key, value) = member?;
            let container = matches!(value, Value::Array(_) | Value::Object(_));
            if container && !self.changes.contains_key(&Key(Cow::Borrowed(key))) {
                deepest = deepest.max(check::depth(value, level)?);
            }
        }
        Ok(deepest)
    }
}

/// Levels of the deepest element of a range. Apart from the recursion, which then takes little of the stack.
fn range_depth(array: &Array<'_>, (from, len): (usize, usize), level: usize) -> Result<usize> {
    let mut deepest = 0;
    for value in array.iter_from(from).take(len) {
        deepest = deepest.max(check::depth(value?, level)?);
    }
    Ok(deepest)
}
