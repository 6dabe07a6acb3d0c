//! The difference of two documents as a JSON Patch.
//!
//! Subtrees whose bytes are equal are skipped by comparing bytes. A container
//! is replaced as a whole as soon as the operations within it would take more
//! bytes, so that the patch is never larger than `replace` of any parent.

use super::super::error::{Error, Result};
use super::super::memory::{push, reserve, room};
use super::build::Writer;
use super::compare::differ_unknown;
use super::plan::{Budget, Change, Plan, plan};
use super::pointer::push_token;
use super::steps::Step;
use super::view::{Value, root};
use super::{MAX_DEPTH, format::padding};

/// The operations that turn `old` into exactly `new`; none when equal.
pub fn diff(old: &[u8], new: &[u8]) -> Result<Vec<u8>> {
    let mut differ = Differ {
        ops: Vec::new(),
        size: 0,
        path: Vec::new(),
        budget: Budget {
            bytes: 8 * (old.len() + new.len()),
            comparisons: (1 << 26) + old.len() + new.len(),
        },
    };
    let (old, new) = (root(old)?, root(new)?);
    if let Some(equal) = differ_unknown(old, new) {
        differ.value(Change { old, new, equal }, 0, usize::MAX)?;
    }
    differ.write()
}

struct Op<'a> {
    name: &'static [u8],
    path: Box<[u8]>,
    value: Option<Value<'a>>,
}

struct Differ<'a> {
    ops: Vec<Op<'a>>,
    /// Bytes that `ops` take in the patch.
    size: usize,
    path: Vec<u8>,
    budget: Budget,
}

/// Bytes that an operation takes in the patch, its entry and padding included.
fn cost(name: &[u8], path: usize, value: Option<&Value<'_>>) -> usize {
    const TWO: usize = 4 + 4 * 4 + "oppath".len();
    const THREE: usize = 4 + 6 * 4 + "oppathvalue".len();
    let body = |fixed: usize, raw: &[u8]| fixed + padding(fixed) + raw.len();
    let three = THREE + name.len() + path;
    let length = match value {
        None => TWO + name.len() + path,
        // What precedes the data is a multiple of four.
        Some(Value::Numeric(raw)) => body(three, raw),
        Some(Value::Array(array)) => body(three, array.raw()),
        Some(Value::Object(object)) => body(three, object.raw()),
        Some(Value::String(bytes)) => three + bytes.len(),
        Some(Value::Null | Value::Bool(_)) => three,
    };
    4 + length + padding(length)
}

impl<'a> Differ<'a> {
    fn push(&mut self, name: &'static [u8], value: Option<Value<'a>>) -> Result<()> {
        self.size += cost(name, self.path.len(), value.as_ref());
        let path = self.path.as_slice().into();
        push(&mut self.ops, Op { name, path, value })
    }

    fn reset(&mut self, (ops, size): (usize, usize)) {
        self.ops.truncate(ops);
        self.size = size;
    }

    /// Compares at the present path. Returns early, with operations that do
    /// not suffice, once their size reaches `limit`; the caller drops them.
    fn value(&mut self, change: Change<'a>, level: usize, limit: usize) -> Result<()> {
        let new = change.new;
        let mark = (self.ops.len(), self.size);
        let whole = self.size + cost(b"replace", self.path.len(), Some(&new));
        let limit = limit.min(whole);
        let most = limit.saturating_sub(self.size) / self.least() + 1;
        if let Some(plan) = plan(change, most, &mut self.budget)? {
            if level >= MAX_DEPTH {
                return Err(Error::TooDeep);
            }
            self.run(&plan.steps, level, limit)?;
            if !plan.in_place.is_empty() && self.budget.take(plan.bytes) {
                self.try_in_place(&plan, mark, level, limit)?;
            }
        }
        // No operation for different bytes: scalars, or a container that the
        // server would have written otherwise.
        if self.size >= whole || self.ops.len() == mark.0 {
            self.reset(mark);
            self.push(b"replace", Some(new))?;
        }
        Ok(())
    }

    /// Bytes that an operation below the present path takes at least.
    fn least(&self) -> usize {
        let path = self.path.len() + 1;
        let add = cost(b"add", path, Some(&Value::Null));
        add.min(cost(b"remove", path, None))
    }

    /// Fewer elements touched can still be more bytes: runs the plan's other
    /// way, until that has become as large, and keeps the smaller.
    fn try_in_place(
        &mut self,
        plan: &Plan<'a>,
        mark: (usize, usize),
        level: usize,
        limit: usize,
    ) -> Result<()> {
        let aligned = self.size;
        let mut ops = room(self.ops.len().saturating_sub(mark.0))?;
        ops.extend(self.ops.drain(mark.0..));
        self.size = mark.1;
        let best = limit.min(aligned);
        self.run(&plan.in_place, level, best)?;
        if self.size >= best {
            self.ops.truncate(mark.0);
            reserve(&mut self.ops, ops.len())?;
            self.ops.extend(ops);
            self.size = aligned;
        }
        Ok(())
    }

    fn run(&mut self, steps: &[Step<'a>], level: usize, limit: usize) -> Result<()> {
        let end = self.path.len();
        for step in steps {
            if self.size >= limit {
                break;
            }
            self.enter(step);
            match (step.old, step.new) {
                (Some(old), Some(new)) => {
                    let equal = step.equal;
                    self.value(Change { old, new, equal }, level + 1, limit)?;
                }
                (None, Some(new)) => self.push(b"add", Some(new))?,
                (_, None) => self.push(b"remove", None)?,
            }
            self.path.truncate(end);
        }
        Ok(())
    }

    fn enter(&mut self, step: &Step<'_>) {
        match step.key {
            Some(key) => push_token(&mut self.path, key),
            None => push_index(&mut self.path, step.index),
        }
    }

    fn write(self) -> Result<Vec<u8>> {
        let mut out = room(self.size + 4)?;
        let mut writer = Writer::new(&mut out);
        let mut patch = writer.array(self.ops.len())?;
        for op in &self.ops {
            let mut frame = writer.object(2 + usize::from(op.value.is_some()))?;
            writer.key(&mut frame, b"op")?;
            writer.key(&mut frame, b"path")?;
            if op.value.is_some() {
                writer.key(&mut frame, b"value")?;
            }
            writer.value(&mut frame, Value::String(op.name))?;
            writer.value(&mut frame, Value::String(&op.path))?;
            if let Some(value) = op.value {
                writer.value(&mut frame, value)?;
            }
            writer.close(&mut patch, frame)?;
        }
        writer.finish(patch)?;
        Ok(out)
    }
}

/// Appends `/number`.
fn push_index(path: &mut Vec<u8>, mut number: usize) {
    path.push(b'/');
    let start = path.len();
    loop {
        path.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if let Some(digits) = path.get_mut(start..) {
        digits.reverse();
    }
}
