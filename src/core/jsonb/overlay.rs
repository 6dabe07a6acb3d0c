//! Many patches on one document, written out once.
//!
//! The overlay borrows the base and every patch; nothing is copied before
//! [`Overlay::finish`], which copies each untouched subtree in one piece.
//! After an error the overlay is half changed and must be dropped.

use super::super::error::{Error, PatchReason, Result};
use super::super::memory::room;
use super::super::work::{done, work};
use super::MAX_SIZE;
use super::build::Writer;
use super::equal::same;
use super::found::Found;
use super::merge::merge;
use super::node::Node;
use super::patch::{Kind, Operation, kind, operations};
use super::pointer::{self, Pointer};
use super::view::{Object, Value, root};
use std::borrow::Cow;

type Token<'a> = Cow<'a, [u8]>;

/// A base document and the patches applied to it so far.
pub struct Overlay<'a> {
    root: Node<'a>,
    /// About what the result will take.
    capacity: usize,
    /// Bytes that the result, and what one patch copies, may take.
    limit: usize,
    /// What the present patch may still copy.
    copies: usize,
}

/// Units of work for each byte of base, patch and limit. Far more than any patch needs whose operations are
/// about different values, so that only one that goes over the same values again and again is refused.
const WORK: u64 = 16;

impl<'a> Overlay<'a> {
    /// Starts from `base`, unchanged; the result may take `limit` bytes.
    pub fn new(base: &'a [u8], limit: usize) -> Result<Self> {
        Ok(Overlay {
            root: Node::Raw(root(base)?),
            capacity: base.len(),
            limit: limit.min(MAX_SIZE),
            copies: 0,
        })
    }

    /// Applies a JSON Patch (array) or a merge patch (object).
    pub fn apply(&mut self, patch: &'a [u8]) -> Result<()> {
        self.capacity += patch.len();
        self.copies = self.limit;
        let bytes = self.limit.saturating_add(self.capacity) as u64;
        let enough = done().saturating_add(WORK.saturating_mul(bytes));
        match kind(patch)? {
            Kind::MergePatch => match root(patch)? {
                Value::Object(patch) => merge(&mut self.root, patch, 0),
                _ => Err(Error::refused(PatchReason::NotAPatch)),
            },
            Kind::JsonPatch => {
                for (index, operation) in operations(patch)?.enumerate() {
                    let operated = operation.and_then(|operation| self.operate(operation));
                    operated.map_err(|error| error.at(index))?;
                    if index % 8 == 7 && done() > enough {
                        return Err(Error::TooMuchWork);
                    }
                }
                Ok(())
            }
            Kind::Scalar => Err(Error::refused(PatchReason::NotAPatch)),
        }
    }

    /// The document as it is now.
    pub fn finish(&self) -> Result<Vec<u8>> {
        // A small one need not grow step by step.
        let mut out = room(self.capacity.min(self.limit).max(256))?;
        self.finish_into(&mut out)?;
        Ok(out)
    }

    /// Appends the document to `out`, unless it exceeds the limit.
    pub fn finish_into(&self, out: &mut Vec<u8>) -> Result<()> {
        let mut writer = Writer::with_limit(out, self.limit);
        if let Some(value) = self.root.unchanged() {
            return writer.document(value);
        }
        let frame = self.root.write(&mut writer, 1)?;
        writer.finish(frame)
    }

    /// Sets `value` at `path`, making objects on the way.
    pub(super) fn graft(&mut self, path: &[Token<'a>], value: Value<'a>) -> Result<()> {
        let Some((last, parents)) = path.split_last() else {
            self.root = Node::Raw(value);
            return Ok(());
        };
        let lost = Error::refused(PatchReason::PathNotFound);
        let mut object = self.root.as_object().ok_or(lost)?;
        for token in parents {
            if object.get(token)?.is_none() {
                object.set(token.clone(), Node::Raw(Value::Object(Object::empty())));
            }
            let child = object.get_mut(token)?.ok_or(lost)?;
            object = child.as_object().ok_or(lost)?;
        }
        object.set(last.clone(), Node::Raw(value));
        Ok(())
    }

    fn operate(&mut self, operation: Operation<'a>) -> Result<()> {
        match operation {
            Operation::Add { path, value } => self.add(&path, Node::Raw(value)),
            Operation::Replace { path, value } => self.replace(&path, Node::Raw(value)),
            Operation::Remove { path } => self.remove(&path).map(drop),
            Operation::Test { path, value } => {
                let level = path.tokens().len();
                if same(self.find(path.tokens())?, value, level)? {
                    Ok(())
                } else {
                    Err(Error::refused(PatchReason::TestFailed))
                }
            }
            Operation::Copy { from, path } => {
                let raw;
                let node = match self.find(from.tokens())? {
                    Found::Node(node) => node,
                    Found::Raw(value) => {
                        raw = Node::Raw(value);
                        &raw
                    }
                };
                // A document that copies itself doubles each time.
                let weight = node.weight(self.copies)?;
                let mut copy = node.copy()?;
                self.copies -= weight;
                copy.carry_depth()?;
                self.add(&path, copy)
            }
            Operation::Move { from, path } => {
                if from == path {
                    return self.find(from.tokens()).map(drop);
                }
                if from.contains(&path) {
                    return Err(Error::refused(PatchReason::MoveIntoItself));
                }
                let mut node = self.remove(&from)?;
                node.carry_depth()?;
                self.add(&path, node)
            }
        }
    }

    /// What is at `path`; changes nothing.
    fn find(&self, path: &[Token<'a>]) -> Result<Found<'_, 'a>> {
        let lost = Error::refused(PatchReason::PathNotFound);
        let mut node = &self.root;
        let mut rest = path;
        while let Some((token, below)) = rest.split_first() {
            let child = match node {
                Node::Raw(value) => {
                    let value = pointer::find(*value, rest)?;
                    return value.map(Found::Raw).ok_or(lost);
                }
                Node::Object(object) => object.get(token)?,
                Node::Array(array) => array.get(pointer::index(token).ok_or(lost)?)?,
            };
            match child.ok_or(lost)? {
                Found::Node(child) => node = child,
                Found::Raw(value) => {
                    let value = pointer::find(value, below)?;
                    return value.map(Found::Raw).ok_or(lost);
                }
            }
            rest = below;
        }
        Ok(Found::Node(node))
    }

    /// The container at `path`, changeable; something of so many levels will be put into it.
    fn container(&mut self, path: &[Token<'a>], depth: usize) -> Result<&mut Node<'a>> {
        let lost = Error::refused(PatchReason::PathNotFound);
        let mut node = &mut self.root;
        node.expand();
        // Its levels, and those of the containers on the way from here.
        let mut depth = depth + path.len() + 1;
        node.deepen(depth);
        work(1 + path.len());
        for token in path {
            let child = match node {
                Node::Object(object) => object.get_mut(token)?,
                Node::Array(array) => array.get_mut(pointer::index(token).ok_or(lost)?)?,
                Node::Raw(_) => None,
            };
            node = child.ok_or(lost)?;
            node.expand();
            depth -= 1;
            node.deepen(depth);
        }
        Ok(node)
    }

    fn add(&mut self, path: &Pointer<'a>, mut node: Node<'a>) -> Result<()> {
        let depth = node.fits(path.tokens().len())?;
        let Some((last, parents)) = path.tokens().split_last() else {
            self.root = node;
            return Ok(());
        };
        match self.container(parents, depth)? {
            Node::Object(object) => {
                object.set(last.clone(), node);
                Ok(())
            }
            Node::Array(array) if last.as_ref() == b"-" => array.insert(array.len(), node),
            Node::Array(array) => array.insert(index(last)?, node),
            Node::Raw(_) => Err(Error::refused(PatchReason::PathNotFound)),
        }
    }

    fn replace(&mut self, path: &Pointer<'a>, mut node: Node<'a>) -> Result<()> {
        let depth = node.fits(path.tokens().len())?;
        let Some((last, parents)) = path.tokens().split_last() else {
            self.root = node;
            return Ok(());
        };
        let missing = Error::refused(PatchReason::PathNotFound);
        let old = match self.container(parents, depth)? {
            Node::Object(object) => object.get_mut(last)?.ok_or(missing)?,
            Node::Array(array) => {
                let past = Error::refused(PatchReason::IndexOutOfRange);
                array.get_mut(index(last)?)?.ok_or(past)?
            }
            Node::Raw(_) => return Err(missing),
        };
        *old = node;
        Ok(())
    }

    fn remove(&mut self, path: &Pointer<'a>) -> Result<Node<'a>> {
        let Some((last, parents)) = path.tokens().split_last() else {
            return Err(Error::refused(PatchReason::RemoveRoot));
        };
        let missing = Error::refused(PatchReason::PathNotFound);
        match self.container(parents, 0)? {
            Node::Object(object) => object.remove(last)?.ok_or(missing),
            Node::Array(array) => {
                let past = Error::refused(PatchReason::IndexOutOfRange);
                array.remove(index(last)?)?.ok_or(past)
            }
            Node::Raw(_) => Err(missing),
        }
    }
}

/// The index that a token names; `-` is past the end.
fn index(token: &[u8]) -> Result<usize> {
    match pointer::index(token) {
        Some(index) => Ok(index),
        None if token == b"-" => Err(Error::refused(PatchReason::IndexOutOfRange)),
        None => Err(Error::refused(PatchReason::PathNotFound)),
    }
}
