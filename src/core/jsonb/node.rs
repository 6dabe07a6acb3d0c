//! A document in the course of being changed.
//!
//! A node is a value as it stands in some buffer (the base's or a patch's)
//! until something below it changes. An object then keeps its members and a
//! map of what differs; an array keeps its untouched head, so that an append
//! to a long array leaves all but its entry table unread.

use super::super::error::{Error, PatchReason, Result};
use super::MAX_DEPTH;
use super::build::{Frame, Writer};
use super::found::{Found, Member};
use super::view::{Array, Object, Value, key_order};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::vec_deque::{self, VecDeque};
use std::vec;

/// A value, changed or not.
pub(super) enum Node<'a> {
    Raw(Value<'a>),
    Array(Box<ArrayNode<'a>>),
    Object(Box<ObjectNode<'a>>),
}

/// The first `kept` elements of `base`, then `rest`.
pub(super) struct ArrayNode<'a> {
    pub base: Array<'a>,
    pub kept: usize,
    pub rest: VecDeque<Node<'a>>,
}

/// The members of `base` overlaid with `changes` (`None`: removed).
pub(super) struct ObjectNode<'a> {
    pub(super) base: Object<'a>,
    pub(super) changes: BTreeMap<Key<'a>, Option<Node<'a>>>,
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
    /// Makes a container changeable.
    pub fn expand(&mut self) {
        match self {
            Node::Raw(Value::Array(base)) => {
                *self = Node::Array(Box::new(ArrayNode {
                    base: *base,
                    kept: base.len(),
                    rest: VecDeque::new(),
                }));
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
                let mut frame = writer.array(array.len())?;
                writer.prefix(&mut frame, &array.base, array.kept)?;
                Ok((frame, Children::Rest(array.rest.iter())))
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
    Rest(vec_deque::Iter<'n, Node<'a>>),
    Members(vec::IntoIter<Member<'n, 'a>>),
}

impl<'n, 'a> Iterator for Children<'n, 'a> {
    type Item = Found<'n, 'a>;

    #[inline]
    fn next(&mut self) -> Option<Found<'n, 'a>> {
        match self {
            Children::Rest(nodes) => nodes.next().map(Found::Node),
            Children::Members(members) => members.next().map(|member| member.1),
        }
    }
}

/// Writes values as they stand, up to the next changed container.
fn raw_until_changed<'n, 'a>(
    writer: &mut Writer<'_>,
    frame: &mut Frame,
    children: &mut Children<'n, 'a>,
) -> Result<Option<&'n Node<'a>>> {
    for child in children {
        match child {
            Found::Raw(value) | Found::Node(&Node::Raw(value)) => writer.value(frame, value)?,
            Found::Node(changed) => return Ok(Some(changed)),
        }
    }
    Ok(None)
}

impl<'a> ArrayNode<'a> {
    pub fn len(&self) -> usize {
        self.kept + self.rest.len()
    }

    pub fn get(&self, index: usize) -> Result<Option<Found<'_, 'a>>> {
        if index < self.kept {
            return Ok(self.base.get(index)?.map(Found::Raw));
        }
        Ok(self.rest.get(index - self.kept).map(Found::Node))
    }

    pub fn get_mut(&mut self, index: usize) -> Result<Option<&mut Node<'a>>> {
        let at = self.release(index)?;
        Ok(self.rest.get_mut(at))
    }

    /// Inserts before `index`, which is at most the length.
    pub fn insert(&mut self, index: usize, node: Node<'a>) -> Result<()> {
        if index > self.len() {
            return Err(Error::refused(PatchReason::IndexOutOfRange));
        }
        let at = self.release(index)?;
        self.rest.insert(at, node);
        Ok(())
    }

    pub fn remove(&mut self, index: usize) -> Result<Option<Node<'a>>> {
        let at = self.release(index)?;
        Ok(self.rest.remove(at))
    }

    /// Makes the elements from `index` on changeable; its place among them.
    fn release(&mut self, index: usize) -> Result<usize> {
        if index < self.kept && self.rest.is_empty() {
            self.rest.reserve(self.kept - index);
            for value in self.base.iter_from(index).take(self.kept - index) {
                self.rest.push_back(Node::Raw(value?));
            }
            self.kept = index;
        }
        if index < self.kept {
            let items = self.base.iter_from(index).take(self.kept - index);
            let items = items.collect::<Result<Vec<_>>>()?;
            self.rest.reserve(items.len());
            for value in items.into_iter().rev() {
                self.rest.push_front(Node::Raw(value));
            }
            self.kept = index;
        }
        Ok(index - self.kept)
    }
}

impl<'a> ObjectNode<'a> {
    pub fn over(base: Object<'a>) -> Self {
        ObjectNode {
            base,
            changes: BTreeMap::new(),
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
        let mut members = Vec::with_capacity(self.base.len() + self.changes.len());
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
