//! Nesting and size, on a stack as small as a thread's default.

use crate::encode::{apply, encode, jsonb};
use serde_json::{Value, json};
use wfstate_core_tests::core::Error;
use wfstate_core_tests::core::hash::hash;
use wfstate_core_tests::jsonb::{
    self as core_jsonb, MAX_DEPTH, Pointer, build, check, diff, get, root,
};

/// `levels` arrays or objects around nothing, as text would nest them.
/// Built outwards in bytes: the model's own recursion would not survive it.
fn nested(levels: usize, object: bool) -> Vec<u8> {
    let mut inner = jsonb(if object { "{}" } else { "[]" });
    for _ in 1..levels {
        let child = root(&inner).unwrap();
        inner = if object {
            build::object(&[(b"a", child)]).unwrap()
        } else {
            build::array(&[child]).unwrap()
        };
    }
    inner
}

fn on_small_stack(test: fn()) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(test);
    thread.unwrap().join().unwrap();
}

fn add_at(path: &str, value: &[u8]) -> Vec<u8> {
    let text = core_jsonb::Value::String;
    let operation = build::object(&[
        (b"op", text(b"add")),
        (b"path", text(path.as_bytes())),
        (b"value", root(value).unwrap()),
    ]);
    build::array(&[root(&operation.unwrap()).unwrap()]).unwrap()
}

#[test]
fn the_deepest_documents_work() {
    on_small_stack(|| {
        for object in [false, true] {
            let deep = nested(MAX_DEPTH, object);
            assert_eq!(check(&deep).unwrap().depth, MAX_DEPTH);
            assert!(hash(&deep).is_ok());
            let path = if object { "/a" } else { "/0" };
            let inside = path.repeat(MAX_DEPTH - 1);
            let value = get(&deep, &Pointer::parse(inside.as_bytes()).unwrap());
            assert!(value.unwrap().is_some());
            // One more member in the innermost container, through every level.
            let last = if object { "/b" } else { "/-" };
            let patch = add_at(&format!("{inside}{last}"), &jsonb("1"));
            let changed = apply(&deep, &[&patch]).unwrap();
            assert_eq!(check(&changed).unwrap().depth, MAX_DEPTH);
            let patch = diff(&deep, &changed).unwrap();
            assert_eq!(apply(&deep, &[&patch]).unwrap(), changed);
            let patch = diff(&changed, &deep).unwrap();
            assert_eq!(apply(&changed, &[&patch]).unwrap(), deep);
            // The whole path is expanded, then compared and copied.
            let add = add_at(&format!("{inside}{last}"), &jsonb("1"));
            let tested = test_and_copy(&changed);
            assert_eq!(apply(&deep, &[&add, &tested]), Err(Error::TooDeep));
        }
        let deep = nested(MAX_DEPTH, true);
        assert_eq!(apply(&jsonb("{}"), &[&deep]).unwrap(), deep);
        assert_eq!(apply(&deep, &[&deep]).unwrap(), deep);
    });
}

/// A test of the whole document, then a copy of it one level too deep.
fn test_and_copy(whole: &[u8]) -> Vec<u8> {
    let text = core_jsonb::Value::String;
    let test = build::object(&[
        (b"op", text(b"test")),
        (b"path", text(b"")),
        (b"value", root(whole).unwrap()),
    ])
    .unwrap();
    let copy = jsonb(r#"{"op": "copy", "from": "", "path": "/0"}"#);
    build::array(&[root(&test).unwrap(), root(&copy).unwrap()]).unwrap()
}

#[test]
fn one_level_more_is_too_deep() {
    on_small_stack(|| {
        for levels in [MAX_DEPTH + 1, 10_000] {
            let deep = nested(levels, true);
            assert_eq!(check(&deep), Err(Error::TooDeep));
            assert_eq!(hash(&deep), Err(Error::TooDeep));
            assert_eq!(apply(&jsonb("{}"), &[&deep]), Err(Error::TooDeep));
            assert_eq!(apply(&deep, &[&deep]), Err(Error::TooDeep));
            assert_eq!(
                apply(&jsonb("1"), &[&add_at("", &deep)]),
                Err(Error::TooDeep)
            );
            let other = nested(levels + 1, true);
            assert!(diff(&deep, &other).is_err());
        }
        let deep = nested(MAX_DEPTH, false);
        assert_eq!(
            apply(&jsonb("[]"), &[&add_at("/0", &deep)]),
            Err(Error::TooDeep)
        );
        assert_eq!(apply(&deep, &[&add_at("/0", &deep)]), Err(Error::TooDeep));
    });
}

/// Each round moves the document into a deep one: depth would add up.
#[test]
fn moves_do_not_pile_up_levels() {
    on_small_stack(|| {
        let deep = nested(600, true);
        let base = apply(&jsonb("{}"), &[&add_at("/x", &deep), &add_at("/y", &deep)]).unwrap();
        let inside = format!("/y{}/z", "/a".repeat(599));
        let touch = format!("/x{}/t", "/a".repeat(599));
        let patch = json!([
            {"op": "add", "path": touch, "value": 1},
            {"op": "move", "from": "/x", "path": inside},
        ]);
        assert_eq!(apply(&base, &[&encode(&patch)]), Err(Error::TooDeep));
    });
}

#[test]
fn copies_do_not_explode() {
    let mut operations = vec![json!({"op": "add", "path": "/t", "value": 1})];
    for _ in 0..60 {
        operations.push(json!({"op": "copy", "from": "", "path": "/a"}));
        operations.push(json!({"op": "copy", "from": "", "path": "/b"}));
    }
    let patch = encode(&Value::Array(operations));
    assert_eq!(apply(&jsonb("{}"), &[&patch]), Err(Error::TooLarge));
}

#[test]
fn the_result_is_limited() {
    let base = jsonb(r#"{"a": "0123456789"}"#);
    let patch = jsonb(r#"{"b": "0123456789"}"#);
    let whole = apply(&base, &[&patch]).unwrap();
    // Behind a header that the caller has put there.
    let mut out = vec![7; 4];
    core_jsonb::apply_into(&base, &[&patch], whole.len(), &mut out).unwrap();
    assert_eq!(out[4..], whole);
    let short = core_jsonb::apply(&base, &[&patch], whole.len() - 1);
    assert_eq!(short, Err(Error::TooLarge));
}
