//! What to do, and in which order, to turn one container into another.
//!
//! Apart from the recursion of `diff`, so that a level of nesting takes little
//! of the stack.

use super::super::error::Result;
use super::super::memory::{collect, push};
use super::compare::Pair;
use super::lcs::{Run, common_runs};
use super::steps::{Step, Steps};
use super::view::{Array, Object, Value, key_order};
use std::cmp::Ordering;

/// Elements on either side that are aligned at most.
const MAX_ALIGNED: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Plan<'a> {
    pub steps: Vec<Step<'a>>,
    /// Another way, for an array: every element in its place. May be empty.
    pub in_place: Vec<Step<'a>>,
    /// About what it costs to try `in_place`.
    pub bytes: usize,
}

/// What a whole difference may still cost beyond reading both sides.
pub(super) struct Budget {
    /// Bytes that may be read once more.
    pub bytes: usize,
    /// Comparisons that aligning arrays may take.
    pub comparisons: usize,
}

impl Budget {
    /// Takes so many bytes, if they are there.
    pub fn take(&mut self, bytes: usize) -> bool {
        let left = self.bytes.checked_sub(bytes);
        self.bytes = left.unwrap_or(self.bytes);
        left.is_some()
    }
}

/// Two values that differ.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    pub old: Value<'a>,
    pub new: Value<'a>,
    /// Bytes that both are known to begin with.
    pub equal: usize,
}

/// How to get from the old to the new, if both are of the same kind of container. Steps are left out when
/// there are `most` already.
pub(super) fn plan<'a>(
    change: Change<'a>,
    most: usize,
    budget: &mut Budget,
) -> Result<Option<Plan<'a>>> {
    match (change.old, change.new) {
        (Value::Object(old), Value::Object(new)) => object(old, new, change.equal, most).map(Some),
        (Value::Array(old), Value::Array(new)) => {
            array((old, new), change.equal, most, budget).map(Some)
        }
        _ => Ok(None),
    }
}

fn object<'a>(old: Object<'a>, new: Object<'a>, equal: usize, most: usize) -> Result<Plan<'a>> {
    let pair = Pair::of_objects(old, new, equal);
    let mut plan = Plan::default();
    let mut step = |key, old, new, equal| {
        let index = 0;
        let key = Some(key);
        push(
            &mut plan.steps,
            Step {
                key,
                index,
                old,
                new,
                equal,
            },
        )
    };
    let mut left_out = most;
    let (mut olds, mut news) = (old.iter(), new.iter());
    let mut left = olds.next().transpose()?;
    let mut right = news.next().transpose()?;
    while left_out > 0 {
        let order = match (&left, &right) {
            (Some((a, _)), Some((b, _))) => key_order(a, b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        let differ = match (order, left, right) {
            (Ordering::Less, Some((key, old)), _) => Some((key, Some(old), None, 0)),
            (Ordering::Greater, _, Some((key, new))) => Some((key, None, Some(new), 0)),
            (_, Some((key, old)), Some((_, new))) => {
                let equal = pair.differ(old, new);
                equal.map(|equal| (key, Some(old), Some(new), equal))
            }
            _ => None,
        };
        if let Some((key, old, new, equal)) = differ {
            step(key, old, new, equal)?;
            left_out -= 1;
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

fn array<'a>(
    (old, new): (Array<'a>, Array<'a>),
    equal: usize,
    most: usize,
    budget: &mut Budget,
) -> Result<Plan<'a>> {
    let pair = Pair::of_arrays(old, new, equal);
    let start = same_at_start(&pair, &old, &new)?;
    let same = same_at_end(&pair, &old, &new, start)?;
    let (olds, news) = (old.len() - start - same, new.len() - start - same);
    let middle = |array: Array<'a>, count| array.iter_from(start).take(count);
    let mut plan = Plan::default();
    if olds + news == 2 || olds == 0 || news == 0 || olds.max(news) > MAX_ALIGNED {
        // Nothing to align, or too much.
        let steps = Steps::new(pair, most);
        plan.steps = steps.in_place(start, middle(old, olds), middle(new, news))?;
        return Ok(plan);
    }
    let olds = collect(middle(old, olds), olds)?;
    let news = collect(middle(new, news), news)?;
    let whole = Run {
        old: olds.len(),
        new: news.len(),
        len: 0,
    };
    plan.bytes = olds.iter().chain(&news).map(size_of).sum();
    let script = |runs: &[Run]| {
        let steps = Steps::new(pair, most);
        steps.script(start, &olds, &news, runs)
    };
    plan.steps = script(&[whole])?;
    if budget.take(plan.bytes)
        && let Some(mut runs) = common_runs(&olds, &news, &mut budget.comparisons)?
    {
        runs.push(whole);
        plan.in_place = std::mem::replace(&mut plan.steps, script(&runs)?);
    }
    Ok(plan)
}

#[inline(never)]
fn same_at_start<'a>(pair: &Pair<'a>, old: &Array<'a>, new: &Array<'a>) -> Result<usize> {
    let mut news = new.iter();
    for (same, a) in old.iter().enumerate() {
        match news.next() {
            Some(b) if pair.differ(a?, b?).is_none() => {}
            _ => return Ok(same),
        }
    }
    Ok(old.len())
}

/// How many elements are equal at the end, apart from `start` at the start.
#[inline(never)]
fn same_at_end<'a>(
    pair: &Pair<'a>,
    old: &Array<'a>,
    new: &Array<'a>,
    start: usize,
) -> Result<usize> {
    let most = old.len().min(new.len()) - start;
    let olds = old.iter_from(old.len() - most);
    let news = new.iter_from(new.len() - most);
    // Forwards, which is the direction that entries are read in.
    let mut same = 0;
    for (a, b) in olds.zip(news) {
        let equal = pair.differ(a?, b?).is_none();
        same = if equal { same + 1 } else { 0 };
    }
    Ok(same)
}

fn size_of(value: &Value<'_>) -> usize {
    match value {
        Value::String(raw) | Value::Numeric(raw) => raw.len() + 4,
        Value::Array(array) => array.raw().len() + 4,
        Value::Object(object) => object.raw().len() + 4,
        Value::Null | Value::Bool(_) => 4,
    }
}
