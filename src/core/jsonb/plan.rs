//! What to do, and in which order, to turn one container into another.
//!
//! Apart from the recursion of `diff`, so that a level of nesting takes little
//! of the stack.

use super::super::error::Result;
use super::lcs::{Run, common_runs};
use super::view::{Array, Object, Value, key_order};
use std::cmp::Ordering;

/// A member or element to add (`new` alone), to remove (`old` alone) or to
/// turn into another.
pub(super) struct Step<'a> {
    /// `None` in an array.
    pub key: Option<&'a [u8]>,
    /// In an array: where the element is once the steps before are done.
    pub index: usize,
    pub old: Option<Value<'a>>,
    pub new: Option<Value<'a>>,
}

#[derive(Default)]
pub(super) struct Plan<'a> {
    pub steps: Vec<Step<'a>>,
    /// Another way, for an array: every element in its place. May be empty.
    pub in_place: Vec<Step<'a>>,
    /// About what it costs to try `in_place`.
    pub bytes: usize,
}

/// How to get from `old` to `new`, if both are of the same kind of container.
pub(super) fn plan<'a>(old: Value<'a>, new: Value<'a>) -> Result<Option<Plan<'a>>> {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => object(old, new).map(Some),
        (Value::Array(old), Value::Array(new)) => array(old, new).map(Some),
        _ => Ok(None),
    }
}

fn object<'a>(old: Object<'a>, new: Object<'a>) -> Result<Plan<'a>> {
    let mut plan = Plan::default();
    let mut step = |key, old, new| {
        plan.steps.push(Step {
            key: Some(key),
            index: 0,
            old,
            new,
        });
    };
    let (mut olds, mut news) = (old.iter(), new.iter());
    let mut left = olds.next().transpose()?;
    let mut right = news.next().transpose()?;
    loop {
        let order = match (&left, &right) {
            (Some((a, _)), Some((b, _))) => key_order(a, b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        match (order, left, right) {
            (Ordering::Less, Some((key, old)), _) => step(key, Some(old), None),
            (Ordering::Greater, _, Some((key, new))) => step(key, None, Some(new)),
            (_, Some((key, old)), Some((_, new))) if old != new => step(key, Some(old), Some(new)),
            _ => {}
        }
        if order != Ordering::Greater {
            left = olds.next().transpose()?;
        }
        if order != Ordering::Less {
            right = news.next().transpose()?;
        }
    }
    Ok(plan)
}

fn array<'a>(old: Array<'a>, new: Array<'a>) -> Result<Plan<'a>> {
    let start = same_at_start(&old, &new)?;
    let same = same_at_end(&old, &new, start)?;
    let middle = |array: Array<'a>| {
        let items = array.iter_from(start);
        items.take(array.len() - start - same)
    };
    let olds: Vec<Value<'a>> = middle(old).collect::<Result<_>>()?;
    let news: Vec<Value<'a>> = middle(new).collect::<Result<_>>()?;
    let (olds, news) = (olds.as_slice(), news.as_slice());
    let whole = Run {
        old: olds.len(),
        new: news.len(),
        len: 0,
    };
    let mut plan = Plan {
        steps: script(start, olds, news, &[whole]),
        ..Plan::default()
    };
    // One of them empty, or one element on both sides: nothing to align.
    if olds.is_empty() || news.is_empty() || olds.len() + news.len() == 2 {
        return Ok(plan);
    }
    if let Some(mut runs) = common_runs(olds, news) {
        runs.push(whole);
        plan.in_place = std::mem::take(&mut plan.steps);
        plan.steps = script(start, olds, news, &runs);
        plan.bytes = olds.iter().chain(news).map(size_of).sum();
    }
    Ok(plan)
}

fn same_at_start(old: &Array<'_>, new: &Array<'_>) -> Result<usize> {
    let mut same = 0;
    for (a, b) in old.iter().zip(new.iter()) {
        if a? != b? {
            break;
        }
        same += 1;
    }
    Ok(same)
}

/// How many elements are equal at the end, apart from `start` at the start.
fn same_at_end(old: &Array<'_>, new: &Array<'_>, start: usize) -> Result<usize> {
    let most = old.len().min(new.len()) - start;
    let olds = old.iter_from(old.len() - most);
    let news = new.iter_from(new.len() - most);
    // Forwards, which is the direction that entries are read in.
    let mut same = 0;
    for (a, b) in olds.zip(news) {
        same = if a? == b? { same + 1 } else { 0 };
    }
    Ok(same)
}

/// Keeps the runs and turns what is between them into each other: pairs in
/// place, then what one side has more.
fn script<'a>(start: usize, olds: &[Value<'a>], news: &[Value<'a>], runs: &[Run]) -> Vec<Step<'a>> {
    let mut steps = Vec::new();
    let (mut old, mut new) = (0, 0);
    for run in runs {
        let mut before = olds.get(old..run.old).unwrap_or(&[]).iter();
        // All before this place is final, so that `new` is the index.
        let mut index = start + new;
        for after in news.get(new..run.new).unwrap_or(&[]) {
            let before = before.next();
            if before != Some(after) {
                steps.push(Step {
                    key: None,
                    index,
                    old: before.copied(),
                    new: Some(*after),
                });
            }
            index += 1;
        }
        steps.extend(before.map(|removed| Step {
            key: None,
            index,
            old: Some(*removed),
            new: None,
        }));
        old = run.old + run.len;
        new = run.new + run.len;
    }
    steps
}

fn size_of(value: &Value<'_>) -> usize {
    match value {
        Value::String(raw) | Value::Numeric(raw) => raw.len() + 4,
        Value::Array(array) => array.raw().len() + 4,
        Value::Object(object) => object.raw().len() + 4,
        Value::Null | Value::Bool(_) => 4,
    }
}
