//! What a definition says of mending a state.

use crate::encode::{apply, encode, jsonb};
use serde_json::{Value, json};
use wfstate_core_tests::core::definition::mends;

/// What all that applies makes of a state, and after how many of them it was held against the rules.
fn mended(definition: &Value, state: &str) -> (Vec<u8>, usize) {
    let mut state = jsonb(state);
    let mut checks = 0;
    for mend in mends(&encode(definition)).unwrap() {
        if mend.applies(&state).unwrap() {
            state = apply(&state, &[&mend.patch]).unwrap();
            checks += usize::from(mend.complete);
        }
    }
    (state, checks)
}

fn made(definition: &Value, state: &str) -> Vec<u8> {
    mended(definition, state).0
}

#[test]
fn defaults_fill_what_is_missing() {
    let definition = json!({"schema": {"properties": {
        "n": {"default": 1},
        "deep": {"default": {}, "properties": {"a/b~": {"default": [null]}, "none": {"type": "string"}}},
    }}});
    assert_eq!(
        made(&definition, "{}"),
        jsonb(r#"{"n": 1, "deep": {"a/b~": [null]}}"#)
    );
    // What is there stays, null included.
    assert_eq!(
        made(&definition, r#"{"n": null, "deep": {"a/b~": 0}}"#),
        jsonb(r#"{"n": null, "deep": {"a/b~": 0}}"#)
    );
}

#[test]
fn a_reference_into_the_schema_is_followed_and_a_default_beside_it_wins() {
    let definition = json!({"schema": {
        "properties": {
            "a": {"$ref": "#/$defs/number"},
            "b": {"$ref": "#/$defs/number", "default": 9},
            "c": {"$ref": "https://example.com/elsewhere"},
            "d": {"$ref": "#/$defs/missing"},
        },
        "$defs": {"number": {"default": 7}},
    }});
    assert_eq!(made(&definition, "{}"), jsonb(r#"{"a": 7, "b": 9}"#));
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let definition = json!({"schema": {
        "properties": {"next": {"$ref": "#", "default": {}}},
    }});
    let count = mends(&encode(&definition)).unwrap().len();
    assert!((1..=1000).contains(&count), "{count}");
}

#[test]
fn defaults_come_first_then_patches_then_what_is_derived() {
    let definition = json!({
        "schema": {"properties": {"x": {"default": 1}, "y": {"default": 2}}},
        "repair": [{"z": 3}, [{"op": "copy", "from": "/z", "path": "/copied"}]],
        "derived": ["/cache", "/x", "/absent"],
    });
    let (state, checks) = mended(&definition, r#"{"cache": "stale"}"#);
    assert_eq!(state, jsonb(r#"{"y": 2, "z": 3, "copied": 3}"#));
    // The defaults are one attempt, each of the others is one.
    assert_eq!(checks, 1 + 2 + 2);
}

#[test]
fn what_says_nothing_mends_nothing() {
    for definition in [
        json!({}),
        json!([]),
        json!({"schema": true}),
        json!({"derived": [1]}),
    ] {
        assert!(
            mends(&encode(&definition)).unwrap().is_empty(),
            "{definition}"
        );
    }
}
