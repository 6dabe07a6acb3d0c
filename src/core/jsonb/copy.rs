//! What a `copy` or a `move` needs to know about a value, and the copy.

use super::super::error::{Error, Result};
use super::found::Found;
use super::node::{ArrayNode, Node, ObjectNode};
use super::view::Value;
use super::{MAX_DEPTH, check};

impl<'a> Node<'a> {
    /// Whether the value may stand below `level` containers.
    pub fn fits(&self, level: usize) -> Result<()> {
        // Nearly always a value as a patch brings it: nothing to be walked.
        if let Node::Raw(value) = self {
            return check::fits(*value, level);
        }
        let mut left = vec![(Found::Node(self), level)];
        while let Some((found, level)) = left.pop() {
            match found {
                Found::Raw(value) | Found::Node(&Node::Raw(value)) => check::fits(value, level)?,
                _ if level >= MAX_DEPTH => return Err(Error::TooDeep),
                Found::Node(changed) => {
                    let below = |child| (child, level + 1);
                    let found = Found::Node(changed);
                    let elements = found.elements()?.into_iter().flatten();
                    left.extend(elements.map(below));
                    let members = found.members()?.into_iter().flatten();
                    left.extend(members.map(|member| below(member.1)));
                }
            }
        }
        Ok(())
    }

    /// A bound on the memory and the bytes that a copy takes.
    pub fn weight(&self) -> usize {
        let mut weight = 0usize;
        let mut left = vec![self];
        while let Some(node) = left.pop() {
            // The node itself, its entry and its share of a map.
            weight += 64;
            weight += match node {
                Node::Raw(Value::String(raw) | Value::Numeric(raw)) => raw.len(),
                Node::Raw(Value::Array(array)) => array.raw().len(),
                Node::Raw(Value::Object(object)) => object.raw().len(),
                Node::Raw(_) => 0,
                Node::Array(array) => {
                    left.extend(&array.rest);
                    array.base.raw().len()
                }
                Node::Object(object) => {
                    left.extend(object.changes.values().flatten());
                    let keys = object.changes.keys().map(|key| 64 + key.0.len());
                    object.base.raw().len() + keys.sum::<usize>()
                }
            };
        }
        weight
    }

    /// A copy. By hand, since derived clones of maps take much of the stack.
    pub fn copy(&self) -> Node<'a> {
        match self {
            Node::Raw(value) => Node::Raw(*value),
            Node::Array(array) => {
                let mut rest = Vec::with_capacity(array.rest.len());
                for node in &array.rest {
                    rest.push(node.copy());
                }
                Node::Array(Box::new(ArrayNode {
                    base: array.base,
                    kept: array.kept,
                    rest: rest.into(),
                }))
            }
            Node::Object(object) => {
                let mut changes = Vec::with_capacity(object.changes.len());
                for (key, child) in &object.changes {
                    changes.push((key.clone(), child.as_ref().map(Node::copy)));
                }
                Node::Object(Box::new(ObjectNode {
                    base: object.base,
                    changes: changes.into_iter().collect(),
                }))
            }
        }
    }
}
