//! `apply(a, diff(a, b)) == b`, byte for byte, and diffs that are small.

use crate::encode::{apply, encode, jsonb};
use crate::model;
use crate::random::{document, edited, number, scalar};
use proptest::prelude::*;
use serde_json::{Value, json};
use wfstate_core_tests::jsonb::{build, diff, root};

fn replaced_root(new: &[u8]) -> Vec<u8> {
    let text = wfstate_core_tests::jsonb::Value::String;
    let operation = build::object(&[
        (b"op", text(b"replace")),
        (b"path", text(b"")),
        (b"value", root(new).unwrap()),
    ]);
    build::array(&[root(&operation.unwrap()).unwrap()]).unwrap()
}

fn proven(old: &Value, new: &Value) -> Result<(), TestCaseError> {
    let (a, b) = (encode(old), encode(new));
    let patch = diff(&a, &b).unwrap();
    let result = apply(&a, &[&patch]);
    prop_assert_eq!(result.as_ref(), Ok(&b));
    if a == b {
        prop_assert_eq!(patch, jsonb("[]"));
    } else {
        prop_assert!(patch.len() <= replaced_root(&b).len());
    }
    Ok(())
}

/// An array of few different elements, so that much is common.
fn letters() -> impl Strategy<Value = Value> {
    let element = prop_oneof![
        4 => (0..6).prop_map(|n| json!(format!("element number {n}"))),
        1 => (0..4).prop_map(|n| json!({"id": n, "text": "some content that is not short"})),
        1 => number(),
    ];
    prop::collection::vec(element, 0..40).prop_map(Value::Array)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn unrelated(old in document(), new in document()) {
        proven(&old, &new)?;
    }

    #[test]
    fn edits((old, new) in edited()) {
        proven(&old, &new)?;
        proven(&new, &old)?;
    }

    #[test]
    fn arrays_with_much_in_common(old in letters(), new in letters()) {
        proven(&old, &new)?;
    }

    #[test]
    fn many_edits(base in letters(), edits in prop::collection::vec((any::<u64>(), scalar()), 1..20)) {
        let mut new = base.clone();
        for (seed, value) in edits {
            crate::random::edit(&mut new, seed, value);
        }
        proven(&base, &new)?;
    }
}

fn operations(old: &Value, new: &Value) -> Vec<(String, String)> {
    let patch = diff(&encode(old), &encode(new)).unwrap();
    let wfstate_core_tests::jsonb::Value::Array(patch_array) = root(&patch).unwrap() else {
        panic!("not an array");
    };
    (0..patch_array.len())
        .map(|index| {
            let (op, path) = wfstate_core_tests::jsonb::patch::locate(&patch, index).unwrap();
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            (text(op), text(path))
        })
        .collect()
}

fn messages(range: std::ops::Range<usize>) -> Vec<Value> {
    let message = |n| json!({"role": "user", "content": format!("message {n}, said at length")});
    range.map(message).collect()
}

#[test]
fn one_change_is_one_small_operation() {
    let base = messages(0..100);
    let with = |change: fn(&mut Vec<Value>)| {
        let mut items = base.clone();
        change(&mut items);
        operations(&json!({"m": base}), &json!({"m": items}))
    };
    let one = |op: &str, path: &str| vec![(op.to_string(), path.to_string())];
    assert_eq!(with(|m| m.push(json!("x"))), one("add", "/m/100"));
    assert_eq!(with(|m| m.insert(0, json!("x"))), one("add", "/m/0"));
    assert_eq!(with(|m| m.insert(50, json!("x"))), one("add", "/m/50"));
    assert_eq!(with(|m| drop(m.remove(0))), one("remove", "/m/0"));
    assert_eq!(with(|m| drop(m.remove(50))), one("remove", "/m/50"));
    assert_eq!(with(|m| drop(m.pop())), one("remove", "/m/99"));
    assert_eq!(
        with(|m| m[7]["role"] = json!("tool")),
        one("replace", "/m/7/role")
    );
    assert_eq!(with(|m| m[7]["a/b"] = json!(1)), one("add", "/m/7/a~1b"));
    assert_eq!(with(|m| m[7] = json!(null)), one("replace", "/m/7"));
}

#[test]
fn several_changes_are_as_many_operations() {
    // A window that slides, and edits on both sides of an insertion.
    assert_eq!(
        operations(&json!(messages(0..50)), &json!(messages(3..53))).len(),
        6
    );
    let old = messages(0..60);
    let mut new = old.clone();
    new[5]["role"] = json!("tool");
    new.insert(20, json!("new"));
    new.remove(40);
    new[50]["role"] = json!("tool");
    assert_eq!(operations(&json!(old), &json!(new)).len(), 4);
    // Large elements, each changed a little, with small equal ones moved.
    let old = json!([messages(0..9), 0, messages(9..20), 1]);
    let mut new = old.clone();
    new[0][0]["role"] = json!("tool");
    new[2][0]["role"] = json!("tool");
    new[1] = json!(1);
    new[3] = json!(0);
    assert_eq!(operations(&old, &new).len(), 4);
}

#[test]
fn numbers_differ_by_their_scale() {
    let (old, new) = (jsonb(r#"{"a": 1.0}"#), jsonb(r#"{"a": 1.00}"#));
    assert_eq!(apply(&old, &[&diff(&old, &new).unwrap()]).unwrap(), new);
    assert_eq!(diff(&old, &old).unwrap(), jsonb("[]"));
}

#[test]
fn a_rewritten_value_is_replaced_not_patched() {
    let old: Vec<Value> = (0..100).map(|n| json!(n)).collect();
    let new: Vec<Value> = (0..100).map(|n| json!(n + 1000)).collect();
    let found = operations(&json!({"a": old, "b": 1}), &json!({"a": new, "b": 1}));
    assert_eq!(found, [("replace".to_string(), "/a".to_string())]);
}

#[test]
fn the_model_understands_the_patch() {
    let old = json!({"m": messages(0..40), "n": [1, 2, 3]});
    let new = json!({"m": messages(5..50), "o": {"": [[]]}});
    let patch = json!([
        {"op": "remove", "path": "/n"},
        {"op": "add", "path": "/o", "value": {"": [[]]}},
    ]);
    let ours = operations(&old, &new);
    assert_eq!(ours.len(), 5 + 10 + 2);
    let rest = model::json_patch(&old, &patch).unwrap();
    assert_eq!(rest["o"], new["o"]);
}
