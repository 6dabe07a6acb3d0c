//! RFC 6902.

use crate::encode::{apply, encode, jsonb};
use crate::model;
use crate::random::{document, scalar};
use proptest::prelude::*;
use serde_json::{Value, json};
use wfstate_core_tests::core::{Error, PatchReason};
use wfstate_core_tests::jsonb::patch::locate;
use wfstate_core_tests::jsonb::without_tests;

fn patched(base: &str, patch: &str) -> Result<Vec<u8>, PatchReason> {
    apply(&jsonb(base), &[&jsonb(patch)]).map_err(|error| match error {
        Error::Patch { reason, .. } => reason,
        other => panic!("{other}"),
    })
}

/// Appendix A.1 to A.16, where a case is about the patch's effect.
#[test]
fn appendix_a() {
    let cases = [
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/baz","value":"qux"}]"#,
            r#"{"baz":"qux","foo":"bar"}"#,
        ),
        (
            r#"{"foo":["bar","baz"]}"#,
            r#"[{"op":"add","path":"/foo/1","value":"qux"}]"#,
            r#"{"foo":["bar","qux","baz"]}"#,
        ),
        (
            r#"{"baz":"qux","foo":"bar"}"#,
            r#"[{"op":"remove","path":"/baz"}]"#,
            r#"{"foo":"bar"}"#,
        ),
        (
            r#"{"foo":["bar","qux","baz"]}"#,
            r#"[{"op":"remove","path":"/foo/1"}]"#,
            r#"{"foo":["bar","baz"]}"#,
        ),
        (
            r#"{"baz":"qux","foo":"bar"}"#,
            r#"[{"op":"replace","path":"/baz","value":"boo"}]"#,
            r#"{"baz":"boo","foo":"bar"}"#,
        ),
        (
            r#"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
            r#"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
            r#"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#,
        ),
        (
            r#"{"foo":["all","grass","cows","eat"]}"#,
            r#"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
            r#"{"foo":["all","cows","eat","grass"]}"#,
        ),
        (
            r#"{"baz":"qux","foo":["a",2,"c"]}"#,
            r#"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
            r#"{"baz":"qux","foo":["a",2,"c"]}"#,
        ),
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#,
            r#"{"foo":"bar","child":{"grandchild":{}}}"#,
        ),
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#,
            r#"{"foo":"bar","baz":"qux"}"#,
        ),
        (
            r#"{"/":9,"~1":10}"#,
            r#"[{"op":"test","path":"/~01","value":10}]"#,
            r#"{"/":9,"~1":10}"#,
        ),
        (
            r#"{"foo":["bar"]}"#,
            r#"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#,
            r#"{"foo":["bar",["abc","def"]]}"#,
        ),
    ];
    for (base, patch, expected) in cases {
        assert_eq!(patched(base, patch), Ok(jsonb(expected)), "{patch}");
    }
}

#[test]
fn refusals() {
    use PatchReason::*;
    let base = r#"{"a": {"b": [1, 2]}, "c": 1.0, "baz": "qux"}"#;
    let cases = [
        ("1", NotAPatch),
        ("[1]", NotAnOperation),
        (r#"[{"op": "spam", "path": ""}]"#, UnknownOperation),
        (r#"[{"path": "/a"}]"#, MissingMember),
        (r#"[{"op": "remove"}]"#, MissingMember),
        (r#"[{"op": "remove", "path": 1}]"#, MissingMember),
        (r#"[{"op": "add", "path": "/a"}]"#, MissingMember),
        (r#"[{"op": "copy", "path": "/a"}]"#, MissingMember),
        (r#"[{"op": "remove", "path": "a"}]"#, BadPointer),
        (r#"[{"op": "remove", "path": ""}]"#, RemoveRoot),
        (
            r#"[{"op": "move", "from": "", "path": "/x"}]"#,
            MoveIntoItself,
        ),
        (
            r#"[{"op": "move", "from": "/a", "path": "/a/b/0"}]"#,
            MoveIntoItself,
        ),
        (
            r#"[{"op": "move", "from": "/x", "path": "/x"}]"#,
            PathNotFound,
        ),
        (
            r#"[{"op": "add", "path": "/x/y", "value": 1}]"#,
            PathNotFound,
        ),
        (
            r#"[{"op": "add", "path": "/c/y", "value": 1}]"#,
            PathNotFound,
        ),
        (
            r#"[{"op": "add", "path": "/a/b/3", "value": 1}]"#,
            IndexOutOfRange,
        ),
        (
            r#"[{"op": "add", "path": "/a/b/01", "value": 1}]"#,
            PathNotFound,
        ),
        (
            r#"[{"op": "replace", "path": "/x", "value": 1}]"#,
            PathNotFound,
        ),
        (
            r#"[{"op": "replace", "path": "/a/b/2", "value": 1}]"#,
            IndexOutOfRange,
        ),
        (r#"[{"op": "remove", "path": "/a/b/-"}]"#, IndexOutOfRange),
        (r#"[{"op": "remove", "path": "/a/x"}]"#, PathNotFound),
        (
            r#"[{"op": "test", "path": "/baz", "value": "bar"}]"#,
            TestFailed,
        ),
        (
            r#"[{"op": "test", "path": "/x", "value": null}]"#,
            PathNotFound,
        ),
    ];
    for (patch, reason) in cases {
        assert_eq!(patched(base, patch), Err(reason), "{patch}");
    }
}

#[test]
fn errors_name_the_operation_and_nothing_of_the_state() {
    let patch =
        jsonb(r#"[{"op": "test", "path": "/a", "value": 1}, {"op": "remove", "path": "/secret"}]"#);
    let error = apply(&jsonb(r#"{"a": 1.0}"#), &[&patch]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "patch operation 1: the path does not exist"
    );
    assert_eq!(locate(&patch, 1), Some((&b"remove"[..], &b"/secret"[..])));
    assert_eq!(locate(&patch, 2), None);
}

#[test]
fn tests_compare_numbers_by_value() {
    let same = [
        ("1", "1.00"),
        ("[0]", "[0.0]"),
        ("1e2", "100"),
        ("{\"a\": 1.50}", "{\"a\": 1.5}"),
    ];
    for (a, b) in same {
        let patch = format!(r#"[{{"op": "test", "path": "", "value": {b}}}]"#);
        assert_eq!(patched(a, &patch), Ok(jsonb(a)));
    }
    for (a, b) in [
        ("1", "-1"),
        ("1", "10"),
        ("1", "10000"),
        ("1", "1.01"),
        ("1", "\"1\""),
    ] {
        let patch = format!(r#"[{{"op": "test", "path": "", "value": {b}}}]"#);
        assert_eq!(patched(a, &patch), Err(PatchReason::TestFailed));
    }
}

#[test]
fn tests_can_be_left_out() {
    let patch =
        jsonb(r#"[{"op": "test", "path": "", "value": 1}, {"op": "remove", "path": "/a"}]"#);
    let kept = jsonb(r#"[{"op": "remove", "path": "/a"}]"#);
    assert_eq!(without_tests(&patch).unwrap(), kept);
    assert_eq!(without_tests(&kept).unwrap(), kept);
    let merge = jsonb(r#"{"op": "test"}"#);
    assert_eq!(without_tests(&merge).unwrap(), merge);
}

/// Every pointer into a document, `-` and one past the end included.
fn pointers(value: &Value, at: String, all: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            all.push(format!("{at}/-"));
            all.push(format!("{at}/{}", items.len()));
            for (index, item) in items.iter().enumerate() {
                pointers(item, format!("{at}/{index}"), all);
            }
        }
        Value::Object(members) => {
            all.push(format!("{at}/new"));
            for (key, child) in members {
                let token = key.replace('~', "~0").replace('/', "~1");
                pointers(child, format!("{at}/{token}"), all);
            }
        }
        _ => all.push(format!("{at}/x")),
    }
    all.push(at);
}

/// Operations that mostly apply, since each is made for what came out before.
fn patches(base: &Value, choices: Vec<(u8, usize, usize, Value)>) -> Vec<Value> {
    let mut document = base.clone();
    let mut patches = Vec::new();
    for (op, path, from, value) in choices {
        let mut all = Vec::new();
        pointers(&document, String::new(), &mut all);
        let (path, from) = (&all[path % all.len()], &all[from % all.len()]);
        let operation = match op % 6 {
            0 => json!({"op": "add", "path": path, "value": value}),
            1 => json!({"op": "remove", "path": path}),
            2 => json!({"op": "replace", "path": path, "value": value}),
            3 => json!({"op": "move", "from": from, "path": path}),
            4 => json!({"op": "copy", "from": from, "path": path}),
            _ => match document.pointer(path) {
                Some(found) => json!({"op": "test", "path": path, "value": found}),
                None => json!({"op": "test", "path": path, "value": value}),
            },
        };
        let patch = Value::Array(vec![operation]);
        document = model::json_patch(&document, &patch).unwrap_or(document);
        patches.push(patch);
    }
    patches
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn as_the_model_does(
        base in document(),
        choices in prop::collection::vec((any::<u8>(), any::<usize>(), any::<usize>(), scalar()), 1..12),
    ) {
        let mut expected = base.clone();
        let mut bytes = encode(&base);
        let mut applied = Vec::new();
        for patch in patches(&base, choices) {
            let patch_bytes = encode(&patch);
            match (model::json_patch(&expected, &patch), apply(&bytes, &[&patch_bytes])) {
                (Some(json), Ok(result)) => {
                    expected = json;
                    bytes = result;
                    applied.push(patch_bytes);
                }
                (None, Err(Error::Patch { index: 0, .. })) => {}
                (model, ours) => prop_assert!(false, "{patch}: {model:?}, {ours:?}"),
            }
            prop_assert_eq!(&bytes, &encode(&expected), "{}", patch);
        }
        // All in one overlay, written once, give what one by one gave.
        let applied: Vec<_> = applied.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(apply(&encode(&base), &applied).unwrap(), bytes);
    }
}

/// An element of any layout: with and without padding, and of every length modulo four.
fn element(seed: usize) -> Value {
    match seed % 7 {
        0 => json!(seed),
        1 => json!([seed % 3]),
        2 => json!({"n": seed, "t": "x".repeat(seed % 5)}),
        3 => Value::Null,
        4 => json!(seed.is_multiple_of(2)),
        _ => json!("text".repeat(seed % 9) + &"y".repeat(seed % 4)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Arrays long enough to be changed in pieces, with operations that gather in places.
    #[test]
    fn long_arrays_as_the_model_does(
        kinds in 1usize..7,
        len in 1500usize..7000,
        places in prop::collection::vec(any::<usize>(), 1..5),
        choices in prop::collection::vec((0u8..8, any::<usize>(), 0usize..40, any::<usize>()), 1..150),
    ) {
        let mut model: Vec<Value> = (0..len).map(|n| element(n % kinds + n / 13 * 7)).collect();
        let base = encode(&Value::Array(model.clone()));
        let mut operations = Vec::new();
        for (op, place, near, to) in choices {
            let at = (places[place % places.len()] + near) % model.len();
            let to = (places[to % places.len()] + to % 50) % model.len();
            let (path, other) = (format!("/{at}"), format!("/{to}"));
            operations.push(match op {
                0 => {
                    model.remove(at);
                    json!({"op": "remove", "path": path})
                }
                1 | 2 => {
                    model.insert(at, element(to));
                    json!({"op": "add", "path": path, "value": element(to)})
                }
                3 => {
                    model.push(element(to));
                    json!({"op": "add", "path": "/-", "value": element(to)})
                }
                4 => {
                    model[at] = element(to);
                    json!({"op": "replace", "path": path, "value": element(to)})
                }
                5 => {
                    let copied = model[at].clone();
                    model.insert(to, copied);
                    json!({"op": "copy", "from": path, "path": other})
                }
                6 if model[at].is_array() => {
                    model[at].as_array_mut().unwrap().push(json!([to]));
                    json!({"op": "add", "path": format!("{path}/-"), "value": [to]})
                }
                _ => {
                    let moved = model.remove(at);
                    model.insert(to, moved);
                    json!({"op": "move", "from": path, "path": other})
                }
            });
        }
        let expected = encode(&Value::Array(model));
        let patch = encode(&Value::Array(operations.clone()));
        prop_assert!(apply(&base, &[&patch]) == Ok(expected.clone()));
        // In an array of its own that is copied and tested on the way.
        let around = encode(&json!([{"op": "copy", "from": "", "path": "/0"}, {"op": "remove", "path": "/0"}]));
        prop_assert!(apply(&base, &[&around, &patch, &around]) == Ok(expected.clone()));
        let half = encode(&Value::Array(operations[..operations.len() / 2].to_vec()));
        let rest = encode(&Value::Array(operations[operations.len() / 2..].to_vec()));
        let between = apply(&base, &[&half]).unwrap();
        prop_assert!(apply(&between, &[&rest]) == Ok(expected));
    }
}
