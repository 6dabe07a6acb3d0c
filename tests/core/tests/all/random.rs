//! Random documents and random edits of them.

use proptest::prelude::*;
use serde_json::{Map, Value};

/// Numbers that the format treats differently: scale, size, header.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "0.0",
    "0.00",
    "1",
    "1.0",
    "1.00",
    "-1",
    "10000",
    "9999",
    "1e400",
    "1e-400",
    "-1.5e300",
    "123456789012345678901234567890.123456789",
    "0.00010000",
    "1E+2",
    "100",
    "1e63",
    "1e300",
    "1e-300",
    "0.1234567890123456789012345678901234567890123456789012345678901234567",
];

const KEYS: &[&str] = &[
    "",
    "a",
    "b",
    "c",
    "aa",
    "ab",
    "/",
    "~",
    "~0",
    "~1",
    "a/b",
    "m~n",
    "-",
    "0",
    "1",
    "01",
    "é",
    "😀",
    " ",
    "\"",
    "op",
    "path",
    "value",
    "from",
    "a much longer key than the others have",
];

pub fn number() -> impl Strategy<Value = Value> {
    let literal = prop::sample::select(NUMBERS).prop_map(str::to_string);
    let integer = (-20_000i64..20_000).prop_map(|number| number.to_string());
    let decimal = (any::<i32>(), 0u32..100_000).prop_map(|(whole, part)| format!("{whole}.{part}"));
    prop_oneof![literal, integer, decimal].prop_map(|text| serde_json::from_str(&text).unwrap())
}

pub fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(KEYS).prop_map(str::to_string),
        1 => "[a-d]{1,3}",
        1 => "\\PC{0,8}",
    ]
}

pub fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number(),
        key().prop_map(Value::String),
        "[ -~]{0,60}".prop_map(Value::String),
        (100usize..3000).prop_map(|len| Value::String("long ".repeat(len / 5))),
    ]
}

pub fn document() -> impl Strategy<Value = Value> {
    let nested = |inner: BoxedStrategy<Value>| {
        let items = prop::collection::vec(inner.clone(), 0..8);
        let wide = prop::collection::vec(scalar(), 30..70);
        let members = prop::collection::vec((key(), inner), 0..8);
        let many = prop::collection::vec(("[a-z]{1,3}", scalar()), 10..50);
        prop_oneof![
            6 => items.prop_map(Value::Array),
            1 => wide.prop_map(Value::Array),
            6 => members.prop_map(object),
            1 => many.prop_map(object),
        ]
    };
    scalar().prop_recursive(5, 60, 6, move |inner| nested(inner.boxed()))
}

fn object(members: Vec<(String, Value)>) -> Value {
    Value::Object(members.into_iter().collect::<Map<_, _>>())
}

/// A document and one made from it by a few edits.
pub fn edited() -> impl Strategy<Value = (Value, Value)> {
    let edits = prop::collection::vec((any::<u64>(), scalar()), 0..6);
    (document(), edits).prop_map(|(old, edits)| {
        let mut new = old.clone();
        for (seed, value) in edits {
            edit(&mut new, seed, value);
        }
        (old, new)
    })
}

/// Changes one place, which `seed` chooses.
pub fn edit(value: &mut Value, seed: u64, with: Value) {
    let next = seed / 7;
    let stop = seed % 7 < 2;
    match value {
        Value::Array(items) if stop || items.is_empty() => {
            let at = next as usize % (items.len() + 1);
            match (next / 31) % 4 {
                0 if at < items.len() => drop(items.remove(at)),
                1 if at < items.len() => items[at] = with,
                2 => items.insert(at, with),
                _ => items.push(with),
            }
        }
        Value::Array(items) => {
            let at = next as usize % items.len();
            edit(&mut items[at], next / 31, with);
        }
        Value::Object(members) if stop || members.is_empty() => {
            let at = next as usize % (members.len() + 1);
            let key = members.keys().nth(at).cloned();
            match (key, (next / 31) % 3) {
                (Some(key), 0) => drop(members.remove(&key)),
                (Some(key), 1) => drop(members.insert(key, with)),
                _ => drop(members.insert(format!("k{}", next % 100), with)),
            }
        }
        Value::Object(members) => {
            let at = next as usize % members.len();
            let child = members.iter_mut().nth(at).unwrap().1;
            edit(child, next / 31, with);
        }
        scalar => *scalar = with,
    }
}
