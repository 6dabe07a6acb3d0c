//! A document reduced to what is searched.

use super::super::error::Result;
use super::MAX_SIZE;
use super::overlay::Overlay;
use super::pointer::Pointer;
use super::view::{EMPTY_OBJECT, Value, root};

/// The parts of the document at the pointers, each at its place. Pointers
/// lead through objects only; `{}` when none finds anything.
pub fn project(bytes: &[u8], pointers: &[Pointer<'_>]) -> Result<Vec<u8>> {
    // The overlay wants tokens that live as long as the document.
    let mut found = Vec::new();
    for pointer in pointers {
        if let Some(value) = member(bytes, pointer)? {
            found.push((pointer, value));
        }
    }
    let mut overlay = Overlay::new(&EMPTY_OBJECT, MAX_SIZE)?;
    for (pointer, value) in found {
        overlay.graft(pointer.tokens(), value)?;
    }
    overlay.finish()
}

fn member<'a>(bytes: &'a [u8], pointer: &Pointer<'_>) -> Result<Option<Value<'a>>> {
    let mut value = root(bytes)?;
    for token in pointer.tokens() {
        let Value::Object(object) = value else {
            return Ok(None);
        };
        match object.get(token)? {
            Some(child) => value = child,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}
