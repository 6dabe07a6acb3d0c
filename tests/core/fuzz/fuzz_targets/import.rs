//! Documents that come to wf_import: what is no export is refused, and nothing else happens. Half of them are damaged
//! exports, so that the checks behind the first ones are met.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wfstate_core_tests::core::import_document::read;
use wfstate_core_tests::core::jsonb::Value;
use wfstate_core_tests::core::jsonb::build::{array, object};

/// The numeric 1.
const ONE: Value<'static> = Value::Numeric(&[32, 0, 0, 0, 0, 0x80, 1, 0]);

fn member<'a>(name: &'a str, value: Value<'a>) -> (&'a [u8], Value<'a>) {
    (name.as_bytes(), value)
}

fuzz_target!(|input: (Vec<u8>, Vec<(String, String)>, String, String)| {
    let (bytes, labels, status, time) = input;
    let read_time = |text: &str| text.len().try_into().ok();
    let _ = read(&bytes, read_time);

    let text = |text: &'static str| Value::String(text.as_bytes());
    let mut head: Vec<_> = labels
        .iter()
        .map(|(name, value)| member(name, Value::String(value.as_bytes())))
        .collect();
    head.push(member("execution_id", text("e")));
    head.push(member("status", Value::String(status.as_bytes())));
    head.push(member("created_at", Value::String(time.as_bytes())));
    for name in ["updated_at", "saved_at"] {
        head.push(member(name, Value::String(time.as_bytes())));
    }
    // What a head needs and what a version needs, in one.
    head.push(member("version", ONE));
    head.push(member("snapshot", ONE));
    head.push(member("name", text("c")));
    let Ok(head) = object(&head) else { return };
    let Ok(versions) = array(&[Value::Object(root_object(&head))]) else {
        return;
    };
    let Ok(Value::Array(versions)) = wfstate_core_tests::jsonb::root(&versions) else {
        return;
    };
    let document = object(&[
        member("format", text("wfstate")),
        member("execution", Value::Object(root_object(&head))),
        member("format_version", ONE),
        member("versions", Value::Array(versions)),
        member("checkpoints", Value::Array(versions)),
        member("tags", Value::Null),
    ]);
    if let Ok(document) = document
        && let Ok(export) = read(&document, read_time)
    {
        assert_eq!(export.versions.len(), 1);
    }
});

fn root_object(bytes: &[u8]) -> wfstate_core_tests::jsonb::Object<'_> {
    match wfstate_core_tests::jsonb::root(bytes) {
        Ok(Value::Object(object)) => object,
        _ => wfstate_core_tests::jsonb::Object::empty(),
    }
}
