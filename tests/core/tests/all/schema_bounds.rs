//! What a small schema, or a small state, could be made to take.

use crate::definitions::{Paths, definition};
use crate::encode::encode;
use crate::memory;
use serde_json::{Map, Value, json};
use wfstate_core_tests::core::definition::findings;
use wfstate_core_tests::core::work;

fn refusals(schema: &Value) -> Vec<String> {
    let found = findings(&encode(&json!({ "schema": schema })), &Paths).unwrap();
    found.into_iter().map(|finding| finding.message).collect()
}

/// Each definition refers to the next twice, by a reference that `reference` writes.
fn doubled(times: usize, leaf: &Value, reference: impl Fn(usize) -> String) -> Value {
    let mut defs = Map::new();
    for at in 0..times {
        let next = json!({"$ref": reference(at + 1)});
        let mut place = json!({"allOf": [next, next]});
        place["$anchor"] = json!(format!("n{at}"));
        defs.insert(format!("a{at}"), place);
    }
    let mut last = leaf.clone();
    if let Some(members) = last.as_object_mut() {
        members.insert("$anchor".into(), json!(format!("n{times}")));
    }
    defs.insert(format!("a{times}"), last);
    json!({"$ref": reference(0), "$defs": defs})
}

#[test]
fn references_that_double_are_refused() {
    let by_pointer = |at| format!("#/$defs/a{at}");
    let by_anchor = |at| format!("#n{at}");
    for leaf in [
        json!({"type": "integer"}),
        json!({"minimum": 0}),
        json!({"minLength": 1}),
        json!(true),
    ] {
        for schema in [
            doubled(40, &leaf, by_pointer),
            doubled(40, &leaf, by_anchor),
        ] {
            let refusals = refusals(&schema);
            assert!(refusals[0].contains("places"), "{refusals:?}");
        }
        assert_eq!(refusals(&doubled(10, &leaf, by_pointer)), [""; 0]);
    }
    // One that leads back to itself deeper in the state is what trees are described by.
    let tree = json!({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {
        "left": {"$ref": "#/$defs/node"}, "right": {"$ref": "#/$defs/node"}, "all": {"items": {"$ref": "#/$defs/node"}}}}}});
    assert_eq!(refusals(&tree), [""; 0]);
}

#[test]
fn what_is_referred_to_again_and_again_is_compiled_a_few_times() {
    let large: Vec<_> = (0..20_000).collect();
    let properties: Map<_, _> = (0..100)
        .map(|n| (format!("p{n}"), json!({"$ref": "#/$defs/large"})))
        .collect();
    let schema =
        json!({"type": "object", "properties": properties, "$defs": {"large": {"enum": large}}});
    let text = json!({ "schema": schema }).to_string();
    let (definition, peak) = memory::peak(|| definition(&text));
    assert!(peak < 64 << 20, "{peak}");
    let broken = definition
        .violations(&encode(&json!({"p7": -1})), None, 5)
        .unwrap();
    assert_eq!(broken.count(), 1);
}

#[test]
fn errors_in_long_places_take_bounded_memory() {
    let definition =
        definition(r#"{"schema":{"additionalProperties":{"items":{"type":"string"}}}}"#);
    let items: Vec<_> = (0..40_000).collect();
    let state = encode(&json!({ "k".repeat(20_000): items }));
    let (broken, peak) = memory::peak(|| definition.violations(&state, None, 5).unwrap());
    assert!(broken.count() > 1000, "{}", broken.count());
    assert!(peak < 256 << 20, "{peak}");
}

#[test]
fn every_look_at_a_value_is_work() {
    let before = work::done();
    let items: Vec<_> = (0..10_000).collect();
    let definition = definition(r#"{"schema":{"items":{"multipleOf":1}}}"#);
    definition
        .violations(&encode(&json!(items)), None, 5)
        .unwrap();
    assert!(work::done() - before > 10_000 * 32);
}
