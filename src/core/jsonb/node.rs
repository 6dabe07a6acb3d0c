//! A document in the course of being changed.
//!
//! A node is a value as it stands in some buffer (the base's or a patch's)
//! until something below it changes. An object then keeps its members and a
//! map of what differs; an array keeps its untouched head, so that an append
//! to a long array leaves all but its entry table unread.

use super::super::error::{Error, Result};
use super::super::memory::room;
use super::super::work::work;
use super::MAX_DEPTH;
use super::build::{Frame, Writer};
use super::found::{Found, Member};
use super::list::{ArrayNode, Piece};
use super::view::{Array, Object, Value, key_order};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::btree_map::{BTreeMap, Entry};
use std::{slice, vec};

/// A value, changed or not.
pub(super) enum Node<'a> {
    Raw(Value<'a>),
    Array(Box<ArrayNode<'a>>),
    Object(Box<ObjectNode<'a>>),
}

/// The members of `base` overlaid with `changes` (`None`: removed).
pub(super) struct ObjectNode<'a> {
    pub(super) base: Object<'a>,
    pub(super) changes: BTreeMap<Key<'a>, Option<Node<'a>>>,
    /// A bound on the levels of nesting, itself included.
    pub(super) depth: usize,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key<'a>(pub(super) Cow<'a, [u8]>);

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        key_order(&self.0, &other.0)
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<'a> Node<'a> {
    /// The value as it stands in some buffer, if nothing in it was changed.
    #[inline]
    pub fn unchanged(&self) -> Option<Value<'a>> {
        match self {
            Node::Raw(value) => Some(*value),
            Node::Array(array) if array.is_untouched() => Some(Value::Array(array.base)),
            Node::Object(object) if !object.is_changed() => Some(Value::Object(object.base)),
            _ => None,
        }
    }

    /// Makes a container changeable.
    pub fn expand(&mut self) {
        match self {
            Node::Raw(Value::Array(base)) => {
                *self = Node::Array(Box::new(ArrayNode::over(*base)));
            }
            Node::Raw(Value::Object(base)) => {
                *self = Node::Object(Box::new(ObjectNode::over(*base)));
            }
            _ => {}
        }
    }

    /// The object that this node is from now on: an empty one if it was none.
    pub fn as_object(&mut self) -> Option<&mut ObjectNode<'a>> {
        if !matches!(self, Node::Object(_) | Node::Raw(Value::Object(_))) {
            *self = Node::Raw(Value::Object(Object::empty()));
        }
        self.expand();
        match self {
            Node::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Writes a changed container that is the `level`th on its path.
    pub fn write(&self, writer: &mut Writer<'_>, level: usize) -> Result<Frame> {
        if level > MAX_DEPTH {
            return Err(Error::TooDeep);
        }
        let (mut frame, mut children) = self.open(writer)?;
        while let Some(child) = raw_until_changed(writer, &mut frame, &mut children)? {
            let inner = child.write(writer, level + 1)?;
            writer.close(&mut frame, inner)?;
        }
        Ok(frame)
    }

    /// Writes what comes before the values that are left.
    fn open(&self, writer: &mut Writer<'_>) -> Result<(Frame, Children<'_, 'a>)> {
        match self {
            Node::Array(array) => {
                let children = Children::Elements {
                    base: array.base,
                    pieces: array.pieces.iter(),
                    nodes: [].iter(),
                };
                Ok((writer.array(array.len())?, children))
            }
            Node::Object(object) => {
                let members = object.members()?;
                let mut frame = writer.object(members.len())?;
                for (key, _) in &members {
                    writer.key(&mut frame, key)?;
                }
                Ok((frame, Children::Members(members.into_iter())))
            }
            Node::Raw(_) => Err(Error::Corrupt("not a container")),
        }
    }
}

/// The values of a container that are still to be written.
enum Children<'n, 'a> {
    Elements {
        base: Array<'a>,
        pieces: slice::Iter<'n, Piece<'a>>,
        nodes: slice::Iter<'n, Node<'a>>,
    },
    Members(vec::IntoIter<Member<'n, 'a>>),
}

/// Writes values as they stand, up to the next changed container.
fn raw_until_changed<'n, 'a>(
    writer: &mut Writer<'_>,
    frame: &mut Frame,
    children: &mut Children<'n, 'a>,
) -> Result<Option<&'n Node<'a>>> {
    match children {
        Children::Members(members) => {
            for (_, child) in members {
                match child {
                    Found::Raw(value) => writer.value(frame, value)?,
                    Found::Node(node) => match node.unchanged() {
                        Some(value) => writer.value(frame, value)?,
                        None => return Ok(Some(node)),
                    },
                }
            }
            Ok(None)
        }
        Children::Elements {
            base,
            pieces,
            nodes,
        } => loop {
            for node in nodes.by_ref() {
                match node.unchanged() {
                    Some(value) => writer.value(frame, value)?,
                    None => return Ok(Some(node)),
                }
            }
            match pieces.next() {
                Some(Piece::Range { from, len }) => writer.range(frame, base, *from, *len)?,
                Some(Piece::Run(run)) => {
                    work(run.len());
                    *nodes = run.iter();
                }
                None => return Ok(None),
            }
        },
    }
}

impl<'a> ObjectNode<'a> {
    pub fn over(base: Object<'a>) -> Self {
        ObjectNode {
            base,
            changes: BTreeMap::new(),
            depth: base.raw().len().div_ceil(8),
        }
    }

    pub fn is_changed(&self) -> bool {
        !self.changes.is_empty()
    }

    pub fn get(&self, key: &Cow<'a, [u8]>) -> Result<Option<Found<'_, 'a>>> {
        match self.changes.get(&Key(key.clone())) {
            Some(change) => Ok(change.as_ref().map(Found::Node)),
            None => Ok(self.base.get(key)?.map(Found::Raw)),
        }
    }

    pub fn get_mut(&mut self, key: &Cow<'a, [u8]>) -> Result<Option<&mut Node<'a>>> {
        match self.changes.entry(Key(key.clone())) {
            Entry::Occupied(entry) => Ok(entry.into_mut().as_mut()),
            Entry::Vacant(entry) => match self.base.get(key)? {
                Some(value) => Ok(entry.insert(Some(Node::Raw(value))).as_mut()),
                None => Ok(None),
            },
        }
    }

    pub fn set(&mut self, key: Cow<'a, [u8]>, node: Node<'a>) {
        self.changes.insert(Key(key), Some(node));
    }

    /// Removes a member and returns what it was.
    pub fn remove(&mut self, key: &Cow<'a, [u8]>) -> Result<Option<Node<'a>>> {
        match self.changes.entry(Key(key.clone())) {
            Entry::Occupied(mut entry) => Ok(entry.get_mut().take()),
            Entry::Vacant(entry) => {
                let old = self.base.get(key)?;
                if old.is_some() {
                    entry.insert(None);
                }
                Ok(old.map(Node::Raw))
            }
        }
    }

    /// The members as they are now, in the order of keys.
    pub fn members(&self) -> Result<Vec<Member<'_, 'a>>> {
        work(self.changes.len());
        let mut members = room(self.base.len() + self.changes.len())?;
        let mut changes = self.changes.iter().peekable();
        for member in self.base.iter() {
            let (key, value) = member?;
            let mut replaced = false;
            while let Some((changed, child)) = changes.peek() {
                let order = key_order(&changed.0, key);
                if order == Ordering::Greater {
                    break;
                }
                replaced |= order == Ordering::Equal;
                if let Some(node) = child {
                    members.push((changed.0.as_ref(), Found::Node(node)));
                }
                changes.next();
            }
            if !replaced {
                members.push((key, Found::Raw(value)));
            }
        }
        let added = changes.filter_map(|(key, child)| Some((key, child.as_ref()?)));
        members.extend(added.map(|(key, node)| (key.0.as_ref(), Found::Node(node))));
        Ok(members)
    }
}
