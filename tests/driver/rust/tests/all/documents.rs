//! What a workflow may do to its state, at random, on documents of every shape.

use crate::random;
use proptest::prelude::*;
use serde_json::{Map, Value};

/// What makes the next version out of those there are. Numbers choose among them.
#[derive(Debug, Clone)]
pub enum Step {
    /// A full save of the head with a few places changed.
    Save(Vec<(u64, Value)>),
    /// A full save of something else.
    Replace(Value),
    /// A merge patch.
    Merge(Value),
    /// A JSON Patch that appends, where the head is an array; else it adds a member.
    Append(Value),
    /// The same state once more.
    Again,
    /// Back to a version, then its difference to another as a patch.
    Jump(usize, usize),
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let edits = || prop::collection::vec((any::<u64>(), random::scalar()), 1..5);
    let step = prop_oneof![
        6 => edits().prop_map(Step::Save),
        1 => document().prop_map(Step::Replace),
        3 => members().prop_map(Step::Merge),
        4 => random::document().prop_map(Step::Append),
        1 => Just(Step::Again),
        3 => (any::<usize>(), any::<usize>()).prop_map(|(from, to)| Step::Jump(from, to)),
    ];
    prop::collection::vec(step, 2..14)
}

/// Mostly what the core is tested with, at times something out of the ordinary.
pub fn document() -> impl Strategy<Value = Value> {
    prop_oneof![
        12 => random::document(),
        3 => members(),
        1 => deep(),
        1 => wide(),
        1 => number_of_extremes(),
        1 => ("[ -~]{30,50}", 100usize..500).prop_map(|(text, n)| Value::String(text.repeat(n))),
    ]
}

fn members() -> impl Strategy<Value = Value> {
    prop::collection::vec((random::key(), random::document()), 0..6)
        .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()))
}

fn deep() -> impl Strategy<Value = Value> {
    (
        random::scalar(),
        prop::collection::vec(prop::option::of(random::key()), 100..300),
    )
        .prop_map(|(inmost, levels)| {
            levels.into_iter().fold(inmost, |inner, level| match level {
                Some(key) => Value::Object(Map::from_iter([(key, inner)])),
                None => Value::Array(vec![inner]),
            })
        })
}

fn wide() -> impl Strategy<Value = Value> {
    prop::collection::vec(random::scalar(), 300..600).prop_map(Value::Array)
}

/// Longer than any machine number, at either end.
fn number_of_extremes() -> impl Strategy<Value = Value> {
    ("[1-9][0-9]{0,400}", "[0-9]{0,400}", -2000i32..2000).prop_map(|(whole, part, exponent)| {
        let point = if part.is_empty() { "" } else { "." };
        serde_json::from_str(&format!("{whole}{point}{part}e{exponent}")).unwrap()
    })
}
