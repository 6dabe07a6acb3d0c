//! What a `copy` takes, and the copy.

use super::super::error::{Error, Result};
use super::super::memory::{reserve, room};
use super::super::work::work;
use super::list::Piece;
use super::node::{Node, ObjectNode};
use super::view::Value;

/// The node itself, its entry and its share of a map.
const NODE: usize = 64;

impl<'a> Node<'a> {
    /// A bound on the memory and the bytes that a copy takes; too large as soon as it is more than `most`.
    pub fn weight(&self, most: usize) -> Result<usize> {
        let mut weight = 0usize;
        let mut left = vec![self];
        while let Some(node) = left.pop() {
            work(1);
            weight = weight.saturating_add(NODE);
            weight = weight.saturating_add(match node {
                Node::Raw(value) => size_of(*value),
                Node::Array(array) => {
                    let mut ranges = 0;
                    for piece in &array.pieces {
                        match piece {
                            Piece::Range { from, len } => {
                                let range = array.base.cursor(*from, from + len)?;
                                ranges += NODE + 4 * len + range.rest()?.len();
                            }
                            Piece::Run(nodes) => {
                                reserve(&mut left, nodes.len())?;
                                left.extend(nodes);
                            }
                        }
                    }
                    ranges
                }
                Node::Object(object) => {
                    reserve(&mut left, object.changes.len())?;
                    left.extend(object.changes.values().flatten());
                    object.own_weight()?
                }
            });
            if weight > most {
                return Err(Error::TooLarge);
            }
        }
        Ok(weight)
    }

    /// A copy. By hand, since derived clones of maps take much of the stack, and end the process when there
    /// is no memory.
    pub fn copy(&self) -> Result<Node<'a>> {
        match self {
            Node::Raw(value) => Ok(Node::Raw(*value)),
            Node::Array(array) => Ok(Node::Array(Box::new(array.copy()?))),
            Node::Object(object) => Ok(Node::Object(Box::new(object.copy()?))),
        }
    }
}

impl ObjectNode<'_> {
    /// What the members take that are as they were, and the keys of the others.
    fn own_weight(&self) -> Result<usize> {
        let mut weight = self.base.raw().len();
        for key in self.changes.keys() {
            work(1);
            let was = self.base.get(&key.0)?.map_or(0, size_of);
            weight = weight.saturating_sub(was) + NODE + key.0.len();
        }
        Ok(weight)
    }

    fn copy(&self) -> Result<Self> {
        let mut changes = room(self.changes.len())?;
        for (key, child) in &self.changes {
            work(1);
            let child = child.as_ref().map(Node::copy).transpose()?;
            changes.push((key.clone(), child));
        }
        Ok(ObjectNode {
            changes: changes.into_iter().collect(),
            ..*self
        })
    }
}

fn size_of(value: Value<'_>) -> usize {
    match value {
        Value::String(raw) | Value::Numeric(raw) => raw.len(),
        Value::Array(array) => array.raw().len(),
        Value::Object(object) => object.raw().len(),
        Value::Null | Value::Bool(_) => 0,
    }
}
