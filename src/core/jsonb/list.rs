//! An array in the course of being changed.
//!
//! A list of pieces: ranges of the base, which are written as they stand, and runs of nodes. What is changed
//! within a range is taken out of it together with its neighbours, about the square root of the length at a
//! time, so that neither the pieces nor the nodes of one become too many to step over.

use super::super::error::{Error, PatchReason, Result};
use super::super::memory::{reserve, room};
use super::super::work::work;
use super::found::Found;
use super::node::Node;
use super::view::Array;

/// Elements that are taken out of a range at least.
const WINDOW: usize = 1024;

/// The elements of `base` in `pieces`, and those that are new.
pub(super) struct ArrayNode<'a> {
    pub(super) base: Array<'a>,
    pub(super) pieces: Vec<Piece<'a>>,
    len: usize,
    /// Elements that are taken out of a range at once; a run has twice as many at most.
    window: usize,
    /// A bound on the levels of nesting, itself included.
    pub(super) depth: usize,
}

/// Elements in a row; never none.
pub(super) enum Piece<'a> {
    Range { from: usize, len: usize },
    Run(Vec<Node<'a>>),
}

impl Piece<'_> {
    fn len(&self) -> usize {
        match self {
            Piece::Range { len, .. } => *len,
            Piece::Run(nodes) => nodes.len(),
        }
    }
}

impl<'a> ArrayNode<'a> {
    pub fn over(base: Array<'a>) -> Self {
        let len = base.len();
        let whole = Piece::Range { from: 0, len };
        ArrayNode {
            base,
            pieces: if len > 0 { vec![whole] } else { Vec::new() },
            len,
            window: len.isqrt().max(WINDOW),
            depth: base.raw().len().div_ceil(8),
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether every element is where it was.
    pub fn is_untouched(&self) -> bool {
        match self.pieces.as_slice() {
            [] => self.base.is_empty(),
            [Piece::Range { len, .. }] => *len == self.base.len(),
            _ => false,
        }
    }

    /// A copy.
    pub fn copy(&self) -> Result<Self> {
        let mut pieces = room(self.pieces.len())?;
        for piece in &self.pieces {
            pieces.push(match piece {
                Piece::Range { from, len } => Piece::Range {
                    from: *from,
                    len: *len,
                },
                Piece::Run(nodes) => {
                    work(nodes.len());
                    let mut run = room(nodes.len())?;
                    for node in nodes {
                        run.push(node.copy()?);
                    }
                    Piece::Run(run)
                }
            });
        }
        Ok(ArrayNode { pieces, ..*self })
    }

    pub fn get(&self, index: usize) -> Result<Option<Found<'_, 'a>>> {
        let (piece, at) = self.locate(index);
        match self.pieces.get(piece) {
            Some(Piece::Range { from, .. }) => Ok(self.base.get(from + at)?.map(Found::Raw)),
            Some(Piece::Run(nodes)) => Ok(nodes.get(at).map(Found::Node)),
            None => Ok(None),
        }
    }

    pub fn get_mut(&mut self, index: usize) -> Result<Option<&mut Node<'a>>> {
        if index >= self.len {
            return Ok(None);
        }
        let (mut piece, mut at) = self.locate(index);
        if let Some(Piece::Range { .. }) = self.pieces.get(piece) {
            (piece, at) = self.release(piece, at)?;
        }
        match self.pieces.get_mut(piece) {
            Some(Piece::Run(nodes)) => Ok(nodes.get_mut(at)),
            _ => Ok(None),
        }
    }

    /// Inserts before `index`, which is at most the length.
    pub fn insert(&mut self, index: usize, node: Node<'a>) -> Result<()> {
        if index > self.len {
            return Err(Error::refused(PatchReason::IndexOutOfRange));
        }
        let (piece, at) = self.locate(index);
        let before = piece.checked_sub(1).filter(|_| at == 0);
        match (self.roomy(before), self.pieces.get(piece)) {
            (Some((before, last)), _) => self.put(before, last, node)?,
            (None, Some(Piece::Run(_))) => self.put(piece, at, node)?,
            (None, _) if at == 0 => self.put_run(piece, vec![node])?,
            _ => {
                let (piece, at) = self.release(piece, at)?;
                self.put(piece, at, node)?;
            }
        }
        self.len += 1;
        // So that a list that grows from nothing keeps few pieces.
        if self.len / 4 > self.window * self.window {
            self.window *= 2;
        }
        Ok(())
    }

    pub fn remove(&mut self, index: usize) -> Result<Option<Node<'a>>> {
        if index >= self.len {
            return Ok(None);
        }
        let (mut piece, mut at) = self.locate(index);
        let removed = match self.pieces.get_mut(piece) {
            // An end of a range leaves a shorter one.
            Some(Piece::Range { from, len }) if at == 0 || at + 1 == *len => {
                let value = self.base.get(*from + at)?;
                *from += usize::from(at == 0);
                *len -= 1;
                value.map(Node::Raw)
            }
            Some(Piece::Range { .. }) => {
                (piece, at) = self.release(piece, at)?;
                self.take(piece, at)
            }
            _ => self.take(piece, at),
        };
        if self.pieces.get(piece).is_some_and(|left| left.len() == 0) {
            self.pieces.remove(piece);
        }
        self.len -= 1;
        Ok(removed)
    }

    /// The piece that an index is in and its place there; past the last piece for the end.
    fn locate(&self, index: usize) -> (usize, usize) {
        if index >= self.len {
            return (self.pieces.len(), 0);
        }
        let mut left = index;
        let piece = self.pieces.iter().position(|piece| {
            let here = left < piece.len();
            left -= if here { 0 } else { piece.len() };
            here
        });
        let piece = piece.unwrap_or(self.pieces.len());
        // A step counts where there are many; the operation itself is counted by its caller.
        if piece >= 8 {
            work(piece / 8);
        }
        (piece, left)
    }

    fn take(&mut self, piece: usize, at: usize) -> Option<Node<'a>> {
        match self.pieces.get_mut(piece) {
            Some(Piece::Run(nodes)) if at < nodes.len() => {
                work((nodes.len() - at) / 4);
                Some(nodes.remove(at))
            }
            _ => None,
        }
    }

    /// Puts a node into a run, which is halved when it has become too long.
    fn put(&mut self, piece: usize, at: usize, node: Node<'a>) -> Result<()> {
        let full = 2 * self.window;
        let Some(Piece::Run(nodes)) = self.pieces.get_mut(piece) else {
            return Ok(());
        };
        work((nodes.len() - at) / 4);
        reserve(nodes, 1)?;
        nodes.insert(at, node);
        if nodes.len() > full {
            let mut half = room(full)?;
            half.extend(nodes.drain(nodes.len() / 2..));
            self.put_run(piece + 1, half)?;
        }
        Ok(())
    }

    fn put_run(&mut self, piece: usize, nodes: Vec<Node<'a>>) -> Result<()> {
        work((self.pieces.len() - piece) / 4);
        reserve(&mut self.pieces, 1)?;
        self.pieces.insert(piece, Piece::Run(nodes));
        Ok(())
    }

    /// Makes an element of a range a node, and its neighbours unless it is the first; where it is then.
    fn release(&mut self, piece: usize, at: usize) -> Result<(usize, usize)> {
        let Some(&Piece::Range { from, len }) = self.pieces.get(piece) else {
            return Ok((piece, at));
        };
        if at == 0 {
            return self.release_first(piece, from, len);
        }
        let low = at - at % self.window;
        let high = if len - low < 2 * self.window {
            len
        } else {
            low + self.window
        };
        let mut nodes = room(high - low)?;
        for value in self.base.iter_from(from + low).take(high - low) {
            nodes.push(Node::Raw(value?));
        }
        let range = |from, len| (len > 0).then_some(Piece::Range { from, len });
        let parts = [
            range(from, low),
            Some(Piece::Run(nodes)),
            range(from + high, len - high),
        ];
        work((self.pieces.len() - piece) / 4);
        reserve(&mut self.pieces, 2)?;
        let parts = parts.into_iter().flatten();
        drop(self.pieces.splice(piece..=piece, parts));
        Ok((piece + usize::from(low > 0), at - low))
    }

    /// The same for the first element, which goes behind the run before if that has room.
    fn release_first(&mut self, piece: usize, from: usize, len: usize) -> Result<(usize, usize)> {
        let value = self.base.get(from)?;
        let node = Node::Raw(value.ok_or(Error::Corrupt("entry out of bounds"))?);
        let place = match self.roomy(piece.checked_sub(1)) {
            Some((before, last)) => {
                self.put(before, last, node)?;
                (before, last)
            }
            None => {
                self.put_run(piece, vec![node])?;
                (piece, 0)
            }
        };
        let range = place.0 + 1;
        if len == 1 {
            self.pieces.remove(range);
        } else if let Some(rest) = self.pieces.get_mut(range) {
            let (from, len) = (from + 1, len - 1);
            *rest = Piece::Range { from, len };
        }
        Ok(place)
    }

    /// The piece and its length, if it is a run that has room.
    fn roomy(&self, piece: Option<usize>) -> Option<(usize, usize)> {
        let piece = piece?;
        match self.pieces.get(piece) {
            Some(Piece::Run(nodes)) if nodes.len() < 2 * self.window => Some((piece, nodes.len())),
            _ => None,
        }
    }
}
