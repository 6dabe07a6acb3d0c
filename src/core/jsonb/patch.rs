//! Patch documents: JSON Patch (RFC 6902) and merge patch (RFC 7386).

use super::super::error::{Error, PatchReason, Result};
use super::super::memory::room;
use super::build;
use super::check::Shape;
use super::overlay::Overlay;
use super::pointer::Pointer;
use super::view::{Array, Object, Value, root};
use std::borrow::Cow;

/// What a document is when taken as a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An object.
    MergePatch,
    /// An array.
    JsonPatch,
    /// Neither: not a patch.
    Scalar,
}

/// An operation of a JSON Patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation<'a> {
    /// Inserts into an array or sets a member.
    Add {
        /// Where.
        path: Pointer<'a>,
        /// What.
        value: Value<'a>,
    },
    /// Removes what is there.
    Remove {
        /// Where.
        path: Pointer<'a>,
    },
    /// Replaces what is there.
    Replace {
        /// Where.
        path: Pointer<'a>,
        /// By what.
        value: Value<'a>,
    },
    /// Removes at one place and adds at another.
    Move {
        /// Where from.
        from: Pointer<'a>,
        /// Where to.
        path: Pointer<'a>,
    },
    /// Adds what is at another place.
    Copy {
        /// Where from.
        from: Pointer<'a>,
        /// Where to.
        path: Pointer<'a>,
    },
    /// Fails unless the value is there.
    Test {
        /// Where.
        path: Pointer<'a>,
        /// What must be there; numbers count by value.
        value: Value<'a>,
    },
}

/// Applies the patches in order. All or nothing; too large as soon as the result, or what one patch copies,
/// would take more than `limit` bytes.
pub fn apply(base: &[u8], patches: &[&[u8]], limit: usize) -> Result<Vec<u8>> {
    let mut out = room(base.len().min(limit))?;
    apply_into(base, patches, limit, &mut out)?;
    Ok(out)
}

/// The same, appended to `out`.
pub fn apply_into(base: &[u8], patches: &[&[u8]], limit: usize, out: &mut Vec<u8>) -> Result<()> {
    let mut overlay = Overlay::new(base, limit)?;
    for patch in patches {
        overlay.apply(patch)?;
    }
    overlay.finish_into(out)
}

/// What `patch` is.
pub fn kind(patch: &[u8]) -> Result<Kind> {
    Ok(match root(patch)? {
        Value::Object(_) => Kind::MergePatch,
        Value::Array(_) => Kind::JsonPatch,
        _ => Kind::Scalar,
    })
}

/// The operations of a JSON Patch.
pub fn operations(patch: &[u8]) -> Result<impl Iterator<Item = Result<Operation<'_>>>> {
    let items = array(patch)?.iter();
    Ok(items.map(|item| operation(item?)))
}

/// `op` and `path` of the operation at `index`, for an error's detail.
pub fn locate(patch: &[u8], index: usize) -> Option<(&[u8], &[u8])> {
    let Value::Object(operation) = array(patch).ok()?.get(index).ok()?? else {
        return None;
    };
    match (operation.get(b"op").ok()??, operation.get(b"path").ok()??) {
        (Value::String(op), Value::String(path)) => Some((op, path)),
        _ => None,
    }
}

/// The patch without its `test` operations, which change nothing.
pub fn without_tests(patch: &[u8]) -> Result<Cow<'_, [u8]>> {
    if kind(patch)? != Kind::JsonPatch {
        return Ok(Cow::Borrowed(patch));
    }
    let all = array(patch)?;
    let mut kept = room(all.len())?;
    for (index, item) in all.iter().enumerate() {
        let item = item?;
        let parsed = operation(item).map_err(|error| error.at(index))?;
        if !matches!(parsed, Operation::Test { .. }) {
            kept.push(item);
        }
    }
    if kept.len() == all.len() {
        return Ok(Cow::Borrowed(patch));
    }
    build::array(&kept).map(Cow::Owned)
}

/// Bytes of a patch that are looked through for a bound.
const LOOKED_THROUGH: usize = 1 << 16;

/// A bound on how deep what a patch puts into a document lies there: what it makes is no deeper than that, or than the
/// document was. `None` where it may put a part of the document elsewhere, or is too large to tell quickly. `shape` is
/// the patch's own.
pub fn depth_bound(patch: &[u8], shape: Shape) -> Result<Option<usize>> {
    if kind(patch)? != Kind::JsonPatch {
        return Ok(Some(shape.depth));
    }
    let is = |word: &[u8]| word == b"move" || word == b"copy";
    if patch.len() > LOOKED_THROUGH || patch.windows(4).any(is) {
        return Ok(None);
    }
    // A container of the path for each slash at most, the root, and the value's own.
    let slashes = patch.iter().filter(|byte| **byte == b'/').count();
    Ok(Some(slashes + shape.depth))
}

/// Whether the patch may change something at, above or below one of the
/// pointers, which lead through objects only.
pub fn touches(patch: &[u8], pointers: &[Pointer<'_>]) -> Result<bool> {
    let near = |path: &Pointer<'_>| {
        let mut pointers = pointers.iter();
        pointers.any(|pointer| path.contains(pointer) || pointer.contains(path))
    };
    match root(patch)? {
        Value::Object(patch) => {
            for pointer in pointers {
                if merge_touches(patch, pointer)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Array(_) => {
            for operation in operations(patch)? {
                let near = match operation? {
                    Operation::Test { .. } => false,
                    Operation::Move { from, path } => near(&from) || near(&path),
                    Operation::Add { path, .. }
                    | Operation::Remove { path }
                    | Operation::Replace { path, .. }
                    | Operation::Copy { path, .. } => near(&path),
                };
                if near {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Err(Error::refused(PatchReason::NotAPatch)),
    }
}

fn merge_touches(mut patch: Object<'_>, pointer: &Pointer<'_>) -> Result<bool> {
    for token in pointer.tokens() {
        match patch.get(token)? {
            None => return Ok(false),
            Some(Value::Object(below)) => patch = below,
            Some(_) => return Ok(true),
        }
    }
    Ok(true)
}

fn array(patch: &[u8]) -> Result<Array<'_>> {
    match root(patch)? {
        Value::Array(array) => Ok(array),
        _ => Err(Error::refused(PatchReason::NotAPatch)),
    }
}

fn operation(item: Value<'_>) -> Result<Operation<'_>> {
    let Value::Object(object) = item else {
        return Err(Error::refused(PatchReason::NotAnOperation));
    };
    let (mut op, mut path, mut from, mut value) = (None, None, None, None);
    for member in object.iter() {
        match member? {
            (b"op", Value::String(text)) => op = Some(text),
            (b"path", Value::String(text)) => path = Some(text),
            (b"from", Value::String(text)) => from = Some(text),
            (b"value", any) => value = Some(any),
            _ => {}
        }
    }
    let missing = Error::refused(PatchReason::MissingMember);
    let op = op.ok_or(missing)?;
    let from = || Pointer::parse(from.ok_or(missing)?);
    let value = value.ok_or(missing);
    let path = || Pointer::parse(path.ok_or(missing)?);
    Ok(match op {
        b"add" => Operation::Add {
            path: path()?,
            value: value?,
        },
        b"remove" => Operation::Remove { path: path()? },
        b"replace" => Operation::Replace {
            path: path()?,
            value: value?,
        },
        b"move" => Operation::Move {
            from: from()?,
            path: path()?,
        },
        b"copy" => Operation::Copy {
            from: from()?,
            path: path()?,
        },
        b"test" => Operation::Test {
            path: path()?,
            value: value?,
        },
        _ => return Err(Error::refused(PatchReason::UnknownOperation)),
    })
}
