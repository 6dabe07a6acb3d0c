//! Merge patch (RFC 7386).

use super::super::error::{Error, Result};
use super::node::{Node, ObjectNode};
use super::view::{Members, Object, Value};
use super::{MAX_DEPTH, check};
use std::borrow::Cow;

/// Merges `patch`, which lies below `level` containers, into `target`.
pub(super) fn merge<'a>(target: &mut Node<'a>, patch: Object<'a>, level: usize) -> Result<()> {
    if level >= MAX_DEPTH {
        return Err(Error::TooDeep);
    }
    if !matches!(target, Node::Object(_) | Node::Raw(Value::Object(_))) {
        *target = without_nulls(patch, level)?;
        return Ok(());
    }
    let Some(object) = target.as_object() else {
        return Ok(());
    };
    object.depth = object.depth.max(check::depth_bound(Value::Object(patch)));
    let mut members = patch.iter();
    while let Some((key, below)) = flat_until_object(object, &mut members, level)? {
        match object.get_mut(&key)? {
            Some(child) => merge(child, below, level + 1)?,
            None => object.set(key, without_nulls(below, level + 1)?),
        }
    }
    Ok(())
}

/// Merges members up to the next that is an object.
fn flat_until_object<'a>(
    target: &mut ObjectNode<'a>,
    members: &mut Members<'a>,
    level: usize,
) -> Result<Option<(Cow<'a, [u8]>, Object<'a>)>> {
    for member in members {
        let (key, value) = member?;
        let key = Cow::Borrowed(key);
        match value {
            Value::Null => drop(target.remove(&key)?),
            Value::Object(below) => return Ok(Some((key, below))),
            other => {
                check::fits(other, level + 1)?;
                target.set(key, Node::Raw(other));
            }
        }
    }
    Ok(None)
}

/// Removes nulls up to the next member that is an object.
fn nulls_until_object<'a>(
    target: &mut ObjectNode<'a>,
    members: &mut Members<'a>,
    level: usize,
) -> Result<Option<(Cow<'a, [u8]>, Object<'a>)>> {
    for member in members {
        let (key, value) = member?;
        match value {
            Value::Null => drop(target.remove(&Cow::Borrowed(key))?),
            Value::Object(below) => return Ok(Some((Cow::Borrowed(key), below))),
            other => check::fits(other, level + 1)?,
        }
    }
    Ok(None)
}

/// What merging `patch` into nothing gives: the patch as it stands, unless
/// there is a null to leave out.
fn without_nulls(patch: Object<'_>, level: usize) -> Result<Node<'_>> {
    if level >= MAX_DEPTH {
        return Err(Error::TooDeep);
    }
    let mut object = ObjectNode::over(patch);
    let mut members = patch.iter();
    while let Some((key, below)) = nulls_until_object(&mut object, &mut members, level)? {
        match without_nulls(below, level + 1)? {
            Node::Raw(_) => {}
            changed => object.set(key, changed),
        }
    }
    if object.is_changed() {
        Ok(Node::Object(Box::new(object)))
    } else {
        Ok(Node::Raw(Value::Object(patch)))
    }
}
