//! Reader, writer, check, project.

use crate::encode::{encode, jsonb, numeric};
use crate::random::document;
use proptest::prelude::*;
use serde_json::Value as Json;
use std::str::from_utf8;
use wfstate_core_tests::core::Result;
use wfstate_core_tests::jsonb::build::{self, Frame};
use wfstate_core_tests::jsonb::{Pointer, Value, Writer, check, project, root};

fn copy(writer: &mut Writer<'_>, parent: &mut Frame, value: Value<'_>) -> Result<()> {
    let frame = match value {
        Value::Array(_) | Value::Object(_) => copy_container(writer, value)?,
        scalar => return writer.value(parent, scalar),
    };
    writer.close(parent, frame)
}

fn copy_container(writer: &mut Writer<'_>, value: Value<'_>) -> Result<Frame> {
    match value {
        Value::Array(array) => {
            let mut frame = writer.array(array.len())?;
            for item in array.iter() {
                copy(writer, &mut frame, item?)?;
            }
            Ok(frame)
        }
        Value::Object(object) => {
            let mut frame = writer.object(object.len())?;
            for member in object.iter() {
                writer.key(&mut frame, member?.0)?;
            }
            for value in object.values() {
                copy(writer, &mut frame, value?)?;
            }
            Ok(frame)
        }
        _ => unreachable!(),
    }
}

/// Reads everything and writes it element by element.
fn rewritten(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    match root(bytes)? {
        container @ (Value::Array(_) | Value::Object(_)) => {
            let frame = copy_container(&mut writer, container)?;
            writer.finish(frame)?;
        }
        scalar => writer.document(scalar)?,
    }
    Ok(out)
}

fn matches(value: Value<'_>, json: &Json) -> bool {
    match (value, json) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(a), Json::Bool(b)) => a == *b,
        (Value::String(a), Json::String(b)) => a == b.as_bytes(),
        (Value::Numeric(a), Json::Number(b)) => a == numeric(&b.to_string()),
        (Value::Array(a), Json::Array(b)) => {
            let by_index = |(at, item): (usize, &Json)| {
                a.get(at).unwrap().is_some_and(|value| matches(value, item))
            };
            a.len() == b.len()
                && a.get(b.len()).unwrap().is_none()
                && a.iter().zip(b).all(|(a, b)| matches(a.unwrap(), b))
                && b.iter().enumerate().all(by_index)
        }
        (Value::Object(a), Json::Object(b)) => {
            let by_key = |(key, item): (&String, &Json)| {
                let found = a.get(key.as_bytes()).unwrap();
                found.is_some_and(|value| matches(value, item))
            };
            let by_order = |member: Result<(&[u8], Value<'_>)>| {
                let (key, value) = member.unwrap();
                matches(value, &b[from_utf8(key).unwrap()])
            };
            a.len() == b.len()
                && a.get(b"no such key").unwrap().is_none()
                && a.iter().all(by_order)
                && b.iter().all(by_key)
        }
        _ => false,
    }
}

fn nodes(json: &Json) -> usize {
    1 + match json {
        Json::Array(items) => items.iter().map(nodes).sum(),
        Json::Object(members) => members.values().map(nodes).sum(),
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn reader_and_writer_agree_with_the_model(json in document()) {
        let bytes = encode(&json);
        prop_assert!(matches(root(&bytes).unwrap(), &json));
        prop_assert_eq!(rewritten(&bytes).unwrap(), bytes.clone());
        prop_assert_eq!(check(&bytes).unwrap().nodes, nodes(&json));
    }
}

#[test]
fn wide_containers_keep_the_stride() {
    for len in [31, 32, 33, 63, 64, 65, 1000, 3001] {
        let items: Vec<Json> = (0..len).map(|n| format!("s{n}").into()).collect();
        let mut members = serde_json::Map::new();
        for item in &items {
            members.insert(item.as_str().unwrap().to_string(), Json::from(len));
        }
        for json in [Json::Array(items), Json::Object(members)] {
            let bytes = encode(&json);
            assert!(matches(root(&bytes).unwrap(), &json));
            assert_eq!(rewritten(&bytes).unwrap(), bytes);
        }
    }
}

#[test]
fn scalars_at_the_top() {
    for text in [
        "null", "true", "false", "\"\"", "\"text\"", "0", "-1.50", "1e400",
    ] {
        let bytes = jsonb(text);
        assert_eq!(rewritten(&bytes).unwrap(), bytes, "{text}");
        assert_eq!(check(&bytes).unwrap().depth, 0);
    }
    assert_eq!(check(&jsonb("[]")).unwrap().depth, 1);
    assert_eq!(check(&jsonb("[{\"a\": []}]")).unwrap().depth, 3);
}

#[test]
fn small_documents() {
    let (one, list) = (jsonb("1.0"), jsonb("[1, 2]"));
    let members: [(&[u8], _); 4] = [
        (b"zz", root(&list).unwrap()),
        (b"b", Value::Null),
        (b"a", root(&one).unwrap()),
        (b"b", Value::Bool(true)),
    ];
    let built = build::object(&members).unwrap();
    assert_eq!(built, jsonb(r#"{"a": 1.0, "b": true, "zz": [1, 2]}"#));
    let built = build::array(&[root(&list).unwrap(), Value::String(b"x")]).unwrap();
    assert_eq!(built, jsonb(r#"[[1, 2], "x"]"#));
    assert_eq!(build::document(root(&one).unwrap()).unwrap(), one);
}

#[test]
fn a_miscounted_container_is_an_error() {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let mut frame = writer.array(1).unwrap();
    writer.value(&mut frame, Value::Null).unwrap();
    assert!(writer.value(&mut frame, Value::Null).is_err());
    let frame = writer.array(1).unwrap();
    assert!(writer.finish(frame).is_err());
}

#[test]
fn projections() {
    let base = jsonb(r#"{"a": {"b": 1.0, "c": [1, {"d": 2}]}, "e/f": null, "g": "x"}"#);
    let project = |paths: &[&'static str]| {
        let paths = paths.iter().map(|path| Pointer::parse(path.as_bytes()));
        let paths: Vec<_> = paths.collect::<Result<_>>().unwrap();
        project(&base, &paths).unwrap()
    };
    assert_eq!(project(&[]), jsonb("{}"));
    assert_eq!(project(&["/no", "/a/no", "/a/c/0", "/g/x"]), jsonb("{}"));
    assert_eq!(
        project(&["/a/b", "/e~1f"]),
        jsonb(r#"{"a": {"b": 1.0}, "e/f": null}"#)
    );
    let whole = jsonb(r#"{"a": {"b": 1.0, "c": [1, {"d": 2}]}}"#);
    assert_eq!(project(&["/a", "/a/b"]), whole);
    assert_eq!(project(&["/a/b", "/a"]), whole);
    assert_eq!(project(&["/a/c", "/a/b"]), whole);
    assert_eq!(project(&[""]), base);
}
