//! What is checked of a change alone gives the same answer as a check of the whole state.

use crate::definitions::Paths;
use crate::encode::{apply, encode};
use crate::model;
use crate::random::{document, edited, scalar};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use wfstate_core_tests::core::definition::Definition;
use wfstate_core_tests::jsonb;

/// Numbers from a seed, enough to choose by.
struct Choice(u64);

impl Choice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most.max(1)
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A schema that the value satisfies, mostly, and a changed one often does not.
fn schema(value: &Value, choice: &mut Choice) -> Value {
    let mut made = Map::new();
    if choice.one_in(8) {
        return json!({});
    }
    if !choice.one_in(4) {
        made.insert("type".into(), json!(kind(value)));
    }
    match value {
        Value::Object(members) => object(&mut made, members, choice),
        Value::Array(items) => array(&mut made, items, choice),
        Value::String(text) if choice.one_in(2) => {
            made.insert(
                "maxLength".into(),
                json!(text.chars().count() as u64 + choice.below(4)),
            );
        }
        Value::Number(_) if choice.one_in(3) => {
            made.insert("not".into(), json!({"const": 7}));
        }
        other if choice.one_in(5) => {
            made.insert("enum".into(), json!([other, 1, "a"]));
        }
        _ => {}
    }
    // A keyword that keeps the place whole.
    match choice.below(10) {
        0 => json!({"allOf": [made]}),
        1 => json!({"anyOf": [made, {"required": ["k1"]}], "properties": {"a": true}}),
        _ => Value::Object(made),
    }
}

fn object(made: &mut Map<String, Value>, members: &Map<String, Value>, choice: &mut Choice) {
    let mut properties = Map::new();
    for (name, value) in members {
        if !choice.one_in(3) {
            properties.insert(name.clone(), schema(value, choice));
        }
    }
    if choice.one_in(3) {
        properties.insert(format!("k{}", choice.below(100)), json!({"type": "string"}));
    }
    let closed = properties.len() >= members.len() && choice.one_in(2);
    made.insert("properties".into(), Value::Object(properties));
    if closed {
        made.insert("additionalProperties".into(), json!(false));
    }
    if choice.one_in(3) {
        let names: Vec<_> = members.keys().filter(|_| choice.one_in(2)).collect();
        made.insert("required".into(), json!(names));
    }
    match choice.below(8) {
        0 => drop(made.insert(
            "maxProperties".into(),
            json!(members.len() as u64 + choice.below(2)),
        )),
        1 => drop(made.insert(
            "minProperties".into(),
            json!((members.len() as u64).saturating_sub(choice.below(2))),
        )),
        2 => drop(made.insert("dependentRequired".into(), json!({"k1": ["k2"]}))),
        3 => drop(made.insert("propertyNames".into(), json!({"maxLength": 30}))),
        4 => drop(made.insert(
            "patternProperties".into(),
            json!({"^k": {"type": ["string", "number"]}}),
        )),
        _ => {}
    }
}

fn array(made: &mut Map<String, Value>, items: &[Value], choice: &mut Choice) {
    let first = items.first().map_or(json!({}), |item| schema(item, choice));
    let same = items.iter().all(|item| kind(item) == kind(&items[0]));
    match choice.below(5) {
        0 | 1 if same => drop(made.insert("items".into(), first)),
        2 => drop(made.insert(
            "items".into(),
            json!({"type": ["string", "number", "object", "null", "array"]}),
        )),
        3 => drop(made.insert("prefixItems".into(), json!([first]))),
        _ => drop(made.insert("items".into(), json!({}))),
    }
    match choice.below(6) {
        0 => drop(made.insert(
            "maxItems".into(),
            json!(items.len() as u64 + choice.below(2)),
        )),
        1 => drop(made.insert("uniqueItems".into(), json!(true))),
        2 => drop(made.insert("contains".into(), json!({"type": "string"}))),
        3 => drop(made.insert(
            "minItems".into(),
            json!((items.len() as u64).saturating_sub(choice.below(2))),
        )),
        _ => {}
    }
}

fn compiled(before: &Value, seed: u64) -> Definition {
    let mut choice = Choice(seed);
    let mut document = json!({ "schema": schema(before, &mut choice) });
    if choice.one_in(3) {
        document["sections"] =
            json!([{"path": "/a", "schema": {"type": ["string", "number", "object"]}}]);
    }
    if choice.one_in(4) {
        document["rules"] = json!([{"name": "r", "path": "$.\"a\" == $.\"b\"", "message": "m"}]);
    }
    Definition::compile(&encode(&document), &Paths).unwrap()
}

/// The same answer, and where the patch is said not to touch, the answer that nothing is broken.
fn same_answer(definition: &Definition, before: &[u8], patch: &[u8]) -> Result<(), TestCaseError> {
    prop_assume!(definition.violations(before, None, 3).unwrap().is_empty());
    let after = apply(before, &[patch]).unwrap();
    let whole = definition.violations(&after, None, 1000).unwrap();
    let change = definition
        .violations_after(before, patch, &after, None, 1000)
        .unwrap();
    prop_assert_eq!(whole.count(), change.count());
    prop_assert_eq!(whole.first(), change.first());
    if !definition.touched(patch).unwrap() {
        prop_assert!(whole.is_empty(), "untouched, but {:?}", whole.first());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    /// As a full save does it: the patch is the difference.
    #[test]
    fn of_a_difference((before, after) in edited(), seed in any::<u64>()) {
        let (old, new) = (encode(&before), encode(&after));
        let patch = jsonb::diff(&old, &new).unwrap();
        same_answer(&compiled(&before, seed), &old, &patch)?;
    }

    #[test]
    fn of_a_merge_patch((before, patch) in edited(), seed in any::<u64>()) {
        prop_assume!(patch.is_object());
        same_answer(&compiled(&before, seed), &encode(&before), &encode(&patch))?;
    }

    #[test]
    fn of_a_small_merge_patch(before in document(), name in "[abk][1-9]?", value in scalar(), seed in any::<u64>()) {
        prop_assume!(before.is_object());
        let patch = json!({ name: value });
        same_answer(&compiled(&before, seed), &encode(&before), &encode(&patch))?;
    }

    /// Operations that move what others have put.
    #[test]
    fn of_operations(
        before in document(),
        steps in prop::collection::vec((0u8..5, any::<u64>(), any::<u64>(), scalar()), 1..5),
        seed in any::<u64>(),
    ) {
        let mut now = before.clone();
        let mut operations = Vec::new();
        for (operation, at, from, value) in steps {
            let (path, from) = (place(&now, at, true), place(&now, from, false));
            let step = match operation {
                0 => json!({"op": "add", "path": path, "value": value}),
                1 => json!({"op": "remove", "path": place(&now, at, false)}),
                2 => json!({"op": "replace", "path": place(&now, at, false), "value": value}),
                3 => json!({"op": "move", "from": from, "path": path}),
                _ => json!({"op": "copy", "from": from, "path": path}),
            };
            if let Some(next) = model::json_patch(&now, &json!([step])) {
                now = next;
                operations.push(step);
            }
        }
        same_answer(&compiled(&before, seed), &encode(&before), &encode(&Value::Array(operations)))?;
    }
}

/// A pointer to a place in the value, or to one where something may be put.
fn place(value: &Value, seed: u64, new: bool) -> String {
    let mut choice = Choice(seed);
    let (mut at, mut path) = (value, String::new());
    loop {
        let stop = choice.one_in(3);
        let on = !stop || path.is_empty();
        match at {
            Value::Array(items) if new && (stop || items.is_empty()) => {
                let index = choice.below(items.len() as u64 + 2);
                let token = if index > items.len() as u64 {
                    "-".into()
                } else {
                    index.to_string()
                };
                return format!("{path}/{token}");
            }
            Value::Object(members) if new && (stop || members.is_empty()) => {
                return format!("{path}/k{}", choice.below(4));
            }
            Value::Array(items) if on && !items.is_empty() => {
                let index = choice.below(items.len() as u64) as usize;
                path = format!("{path}/{index}");
                at = &items[index];
            }
            Value::Object(members) if on && !members.is_empty() => {
                let (name, below) = members
                    .iter()
                    .nth(choice.below(members.len() as u64) as usize)
                    .unwrap();
                path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
                at = below;
            }
            _ => return path,
        }
    }
}
/// What was appended is no longer the last where others were put behind it.
#[test]
fn of_an_element_behind_an_appended_one() {
    let document = json!({"schema": {"type": "array", "items": {"type": "number"}}});
    let definition = Definition::compile(&encode(&document), &Paths).unwrap();
    let patches = [
        json!([{"op": "add", "path": "/-", "value": false}, {"op": "add", "path": "/1", "value": 0}]),
        json!([{"op": "add", "path": "/-", "value": false}, {"op": "copy", "from": "/0", "path": "/2"}]),
        json!([{"op": "add", "path": "/-", "value": false}, {"op": "add", "path": "/2", "value": 1}, {"op": "remove", "path": "/0"}]),
        json!([{"op": "add", "path": "/-", "value": false}, {"op": "move", "from": "/0", "path": "/1"}]),
    ];
    for (before, patch) in [json!([]), json!([7]), json!([7]), json!([7])]
        .iter()
        .zip(&patches)
    {
        let (before, patch) = (encode(before), encode(patch));
        let after = apply(&before, &[&patch]).unwrap();
        let whole = definition.violations(&after, None, 9).unwrap();
        let change = definition
            .violations_after(&before, &patch, &after, None, 9)
            .unwrap();
        assert_eq!((whole.count(), change.count()), (1, 1));
    }
}
