//! A value that may lie in a changed document or in an unchanged one.

use super::super::error::Result;
use super::super::memory::{collect, room};
use super::list::Piece;
use super::node::Node;
use super::view::Value;

/// What is found at a path.
pub(super) enum Found<'n, 'a> {
    Node(&'n Node<'a>),
    Raw(Value<'a>),
}

/// A key and what it leads to.
pub(super) type Member<'n, 'a> = (&'n [u8], Found<'n, 'a>);

impl<'n, 'a> Found<'n, 'a> {
    /// The elements, if this is an array of so many.
    pub fn elements(&self, count: usize) -> Result<Option<Vec<Found<'n, 'a>>>> {
        match self {
            Found::Raw(Value::Array(array)) | Found::Node(Node::Raw(Value::Array(array)))
                if array.len() == count =>
            {
                let raw = array.iter().map(|value| value.map(Found::Raw));
                collect(raw, count).map(Some)
            }
            Found::Node(Node::Array(array)) if array.len() == count => {
                let mut elements = room(count)?;
                for piece in &array.pieces {
                    match piece {
                        Piece::Range { from, len } => {
                            for value in array.base.iter_from(*from).take(*len) {
                                elements.push(Found::Raw(value?));
                            }
                        }
                        Piece::Run(nodes) => elements.extend(nodes.iter().map(Found::Node)),
                    }
                }
                Ok(Some(elements))
            }
            _ => Ok(None),
        }
    }

    /// The members in the order of keys, if this is an object and may have so many.
    pub fn members(&self, count: usize) -> Result<Option<Vec<Member<'n, 'a>>>> {
        match self {
            Found::Raw(Value::Object(object)) | Found::Node(Node::Raw(Value::Object(object)))
                if object.len() == count =>
            {
                let members = object.iter().map(|member| {
                    let (key, value): (&'n [u8], _) = member?;
                    Ok((key, Found::Raw(value)))
                });
                collect(members, count).map(Some)
            }
            // Each change is a member more or fewer at most.
            Found::Node(Node::Object(object))
                if object.base.len().abs_diff(count) <= object.changes.len() =>
            {
                object.members().map(Some)
            }
            _ => Ok(None),
        }
    }
}
