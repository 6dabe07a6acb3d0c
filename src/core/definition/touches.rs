//! The places that a patch changes.

use crate::core::jsonb::patch::{Kind, Operation, kind, operations};
use crate::core::jsonb::{Object, Value, root};
use crate::core::{Result, memory};
use std::borrow::Cow;

/// Most places; a patch with more is held against the rules as a whole.
const MOST: usize = 256;

/// A place that a patch has changed.
#[derive(Debug, Clone)]
pub struct Touch<'p> {
    /// Where, in the terms of the operation's own time.
    pub tokens: Vec<Cow<'p, [u8]>>,
    /// Whether something was put there or taken away, which in an array moves what follows.
    pub shifts: bool,
}

/// Where a patch changes something; `None` where they are too many to go by.
pub fn touches(patch: &[u8]) -> Result<Option<Vec<Touch<'_>>>> {
    let mut touches = Touches(Vec::new());
    let few = match (kind(patch)?, root(patch)?) {
        (Kind::MergePatch, Value::Object(members)) => touches.merge(members, &mut Vec::new())?,
        (Kind::JsonPatch, _) => touches.operations(patch)?,
        _ => false,
    };
    Ok(few.then_some(touches.0))
}

struct Touches<'p>(Vec<Touch<'p>>);

impl<'p> Touches<'p> {
    fn add(&mut self, tokens: Vec<Cow<'p, [u8]>>, shifts: bool) -> Result<bool> {
        if self.0.len() == MOST {
            return Ok(false);
        }
        memory::push(&mut self.0, Touch { tokens, shifts })?;
        Ok(true)
    }

    fn operations(&mut self, patch: &'p [u8]) -> Result<bool> {
        for operation in operations(patch)? {
            let few = match operation? {
                Operation::Test { .. } => true,
                Operation::Replace { path, .. } => self.add(path.into_tokens(), false)?,
                Operation::Add { path, .. }
                | Operation::Remove { path }
                | Operation::Copy { path, .. } => self.add(path.into_tokens(), true)?,
                Operation::Move { from, path } => {
                    self.add(from.into_tokens(), true)? && self.add(path.into_tokens(), true)?
                }
            };
            if !few {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// An object is merged into what is there, so that only what lies in it has changed, unless it is empty.
    fn merge(&mut self, members: Object<'p>, above: &mut Vec<Cow<'p, [u8]>>) -> Result<bool> {
        for member in members.iter() {
            let (name, value) = member?;
            above.push(Cow::Borrowed(name));
            let few = match value {
                Value::Object(below) if !below.is_empty() && above.len() < 16 => {
                    self.merge(below, above)?
                }
                _ => self.add(above.clone(), false)?,
            };
            above.pop();
            if !few {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
