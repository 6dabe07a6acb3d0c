//! JSON Pointer: RFC 6901, and what a patch touches.

use crate::encode::jsonb;
use wfstate_core_tests::core::{Error, PatchReason, Result};
use wfstate_core_tests::jsonb::{MAX_DEPTH, Pointer, build, get, touches};

#[test]
fn rfc_6901_section_5() {
    let document = jsonb(
        r#"{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4,
            "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}"#,
    );
    let cases = [
        ("/foo", r#"["bar", "baz"]"#),
        ("/foo/0", r#""bar""#),
        ("/", "0"),
        ("/a~1b", "1"),
        ("/c%d", "2"),
        ("/e^f", "3"),
        ("/g|h", "4"),
        ("/i\\j", "5"),
        ("/k\"l", "6"),
        ("/ ", "7"),
        ("/m~0n", "8"),
    ];
    for (text, expected) in cases {
        let pointer = Pointer::parse(text.as_bytes()).unwrap();
        let value = get(&document, &pointer).unwrap().unwrap();
        assert_eq!(build::document(value).unwrap(), jsonb(expected), "{text}");
        assert_eq!(pointer.to_string(), text);
    }
    let whole = get(&document, &Pointer::parse(b"").unwrap()).unwrap();
    assert_eq!(build::document(whole.unwrap()).unwrap(), document);
    for text in [
        "/foo/2",
        "/foo/-",
        "/foo/01",
        "/foo/0/x",
        "/nope",
        "//",
        "/foo/18446744073709551616",
    ] {
        let pointer = Pointer::parse(text.as_bytes()).unwrap();
        assert_eq!(get(&document, &pointer).unwrap(), None, "{text}");
    }
}

#[test]
fn malformed_pointers() {
    let bad = |text: &[u8]| Pointer::parse(text).unwrap_err();
    let reason = Error::Patch {
        index: 0,
        reason: PatchReason::BadPointer,
    };
    for text in ["a", "a/b", "/~", "/~2", "/a~", " /a"] {
        assert_eq!(bad(text.as_bytes()), reason, "{text}");
    }
    assert_eq!(bad(&[b'/'; MAX_DEPTH + 1]), Error::TooDeep);
    assert!(Pointer::parse(&[b'/'; MAX_DEPTH]).is_ok());
}

fn parsed(paths: &[&'static str]) -> Vec<Pointer<'static>> {
    let paths = paths.iter().map(|path| Pointer::parse(path.as_bytes()));
    paths.collect::<Result<_>>().unwrap()
}

#[test]
fn what_a_merge_patch_touches() {
    let watched = parsed(&["/a/b", "/c"]);
    let touched = |text| touches(&jsonb(text), &watched).unwrap();
    assert!(touched(r#"{"a": {"b": 1}}"#));
    assert!(touched(r#"{"a": {"b": {"deeper": null}}}"#));
    assert!(touched(r#"{"a": null}"#));
    assert!(touched(r#"{"a": 1, "z": 2}"#));
    assert!(touched(r#"{"c": {}}"#));
    assert!(!touched(r#"{"a": {"z": 1}}"#));
    assert!(!touched(r#"{"z": {"a": 1}}"#));
    assert!(!touched("{}"));
    assert!(touches(&jsonb("{}"), &parsed(&[""])).unwrap());
    assert!(!touches(&jsonb(r#"{"a": 1}"#), &[]).unwrap());
}

#[test]
fn what_a_json_patch_touches() {
    let watched = parsed(&["/a/b"]);
    let touched = |text| touches(&jsonb(text), &watched).unwrap();
    assert!(touched(r#"[{"op": "add", "path": "/a/b", "value": 1}]"#));
    assert!(touched(r#"[{"op": "remove", "path": "/a/b/0"}]"#));
    assert!(touched(r#"[{"op": "replace", "path": "", "value": 1}]"#));
    assert!(touched(r#"[{"op": "move", "from": "/a", "path": "/z"}]"#));
    assert!(touched(r#"[{"op": "copy", "from": "/z", "path": "/a"}]"#));
    assert!(!touched(r#"[{"op": "copy", "from": "/a", "path": "/z"}]"#));
    assert!(!touched(r#"[{"op": "test", "path": "/a/b", "value": 1}]"#));
    assert!(!touched(r#"[{"op": "add", "path": "/a/bb", "value": 1}]"#));
    assert!(!touched("[]"));
    assert!(touches(&jsonb("1"), &watched).is_err());
}
