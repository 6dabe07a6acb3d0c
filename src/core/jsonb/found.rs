//! A value that may lie in a changed document or in an unchanged one.

use super::super::error::Result;
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
    /// The elements, if this is an array.
    pub fn elements(&self) -> Result<Option<Vec<Found<'n, 'a>>>> {
        let (base, kept, rest) = match self {
            Found::Raw(Value::Array(array)) | Found::Node(Node::Raw(Value::Array(array))) => {
                (*array, array.len(), None)
            }
            Found::Node(Node::Array(array)) => (array.base, array.kept, Some(&array.rest)),
            _ => return Ok(None),
        };
        let raw = base.iter().take(kept).map(|value| value.map(Found::Raw));
        let rest = rest.into_iter().flatten().map(|node| Ok(Found::Node(node)));
        raw.chain(rest).collect::<Result<_>>().map(Some)
    }

    /// The members in the order of keys, if this is an object.
    pub fn members(&self) -> Result<Option<Vec<Member<'n, 'a>>>> {
        match self {
            Found::Raw(Value::Object(object)) | Found::Node(Node::Raw(Value::Object(object))) => {
                let members = object.iter().map(|member| {
                    let (key, value): (&'n [u8], _) = member?;
                    Ok((key, Found::Raw(value)))
                });
                members.collect::<Result<_>>().map(Some)
            }
            Found::Node(Node::Object(object)) => object.members().map(Some),
            _ => Ok(None),
        }
    }
}
