//! Definitions: what is found wrong with one, and what one says of moves and patches.

use crate::encode::{encode, jsonb};
use serde_json::json;
use wfstate_core_tests::core::StateResult;
use wfstate_core_tests::core::definition::{Definition, PathCompiler, Predicate, findings};
use wfstate_core_tests::jsonb::{self as core_jsonb, Pointer, Value};

/// Stands in for the server. Of SQL/JSON it knows that one member is equal to another: `$."a" == $."b"`.
pub struct Paths;

impl PathCompiler for Paths {
    fn compile(&self, text: &str) -> StateResult<Result<Predicate, String>> {
        let names: Vec<_> = text.split(" == ").map(member).collect();
        let [Some(left), Some(right)] = names.as_slice() else {
            return Ok(Err(String::from("syntax error")));
        };
        let (left, right) = (pointer(left), pointer(right));
        Ok(Ok(Predicate {
            canonical: format!("({text})"),
            holds: Box::new(move |state| {
                let at = |path| core_jsonb::get(state, path).ok().flatten();
                Ok(at(&left).zip(at(&right)).map(|(a, b)| same(a, b)))
            }),
        }))
    }

    fn is_interval(&self, text: &str) -> StateResult<bool> {
        Ok(text.ends_with(" seconds"))
    }
}

fn member(text: &str) -> Option<String> {
    let name = text.strip_prefix("$.\"")?.strip_suffix('"')?;
    Some(format!("/{name}"))
}

fn pointer(path: &str) -> Pointer<'static> {
    Pointer::parse(path.as_bytes()).unwrap().into_owned()
}

fn same(left: Value<'_>, right: Value<'_>) -> bool {
    let bytes = |value| {
        let mut out = Vec::new();
        core_jsonb::Writer::new(&mut out).document(value).unwrap();
        out
    };
    bytes(left) == bytes(right)
}

fn found(text: &str) -> Vec<(String, String)> {
    let found = findings(&jsonb(text), &Paths).unwrap();
    found.into_iter().map(|f| (f.path, f.rule)).collect()
}

pub fn definition(text: &str) -> Definition {
    assert_eq!(found(text), [], "{text}");
    Definition::compile(&jsonb(text), &Paths).unwrap()
}

/// Each finding by itself: the document, its place, its rule.
#[test]
fn what_is_wrong_is_found() {
    let phases = r#""initial_phase":"a","terminal_phases":["z"]"#;
    let with = |members: &str| format!("{{{members}}}");
    let cases = [
        ("[]".into(), "", "format/type"),
        (r#"{"colour":1}"#.into(), "", "format/additionalProperties"),
        (with(r#""phases":{"a":{}},"terminal_phases":["a"]"#), "/initial_phase", "missing-initial"),
        (with(r#""phases":{"a":{}},"initial_phase":"a""#), "/terminal_phases", "missing-terminal"),
        (with(&format!(r#""phases":{{"a":{{"next":["z"]}},"b":{{"next":["z"]}},"z":{{}}}},{phases}"#)), "/phases/b", "unreachable-phase"),
        (with(&format!(r#""phases":{{"a":{{"next":["z","b"]}},"b":{{}},"z":{{}}}},{phases}"#)), "/phases/b", "no-way-to-terminal"),
        (with(&format!(r#""phases":{{"a":{{"next":["z"]}},"z":{{"next":["a"]}}}},{phases}"#)), "/phases/z", "terminal-has-next"),
        (with(&format!(r#""phases":{{"a":{{"next":["z","b/c"]}},"z":{{}}}},{phases}"#)), "/phases/a/next", "unknown-phase"),
        (with(&format!(r#""cycles":false,"phases":{{"a":{{"next":["b","z"]}},"b":{{"next":["a"]}},"z":{{}}}},{phases}"#)), "/phases", "cycle"),
        (r#"{"rules":[{"name":"r","path":"$.\"a\" == $.\"b\"","message":"m","phases":["x"]}]}"#.into(), "/rules/0/phases", "unknown-phase"),
        (r#"{"rules":[{"name":"r","path":"$.a =","message":"m"}]}"#.into(), "/rules/0/path", "bad-jsonpath"),
        (r#"{"rules":[{"name":"r","path":"$.\"a\" == $.\"b\"","message":"m"},{"name":"r","path":"$.\"a\" == $.\"b\"","message":"m"}]}"#.into(), "/rules/1/name", "duplicate-rule"),
        (r#"{"schema":{"type":"thing"}}"#.into(), "/schema", "bad-schema"),
        (r#"{"schema":{"pattern":"(?=a)"}}"#.into(), "/schema", "bad-schema"),
        (r#"{"sections":[{"path":"/a","schema":{"minimum":"x"}}]}"#.into(), "/sections/0/schema", "bad-schema"),
        (r#"{"sections":[{"path":"a","schema":true}]}"#.into(), "/sections/0/path", "bad-pointer"),
        (r#"{"ids":[{"path":"/a","pattern":"("}]}"#.into(), "/ids/0/pattern", "bad-pattern"),
        (r#"{"ids":[{"path":"~"}]}"#.into(), "/ids/0/path", "bad-pointer"),
        (r#"{"search":["a"]}"#.into(), "/search", "bad-pointer"),
        (r#"{"derived":["/~2"]}"#.into(), "/derived", "bad-pointer"),
        (r#"{"steps":{"s":{"depends_on":["t"]}}}"#.into(), "/steps/s/depends_on", "missing-step"),
        (r#"{"steps":{"s":{"depends_on":["t"]},"t":{"depends_on":["s"]}}}"#.into(), "/steps", "step-cycle"),
        (r#"{"steps":{"a/b":{"timeout":"soon"}}}"#.into(), "/steps/a~1b/timeout", "bad-interval"),
        (r#"{"steps":{"s":{"retry":{"max_interval":"soon"}}}}"#.into(), "/steps/s/retry/max_interval", "bad-interval"),
        (r#"{"retention":{"keep_for":"soon"}}"#.into(), "/retention/keep_for", "bad-interval"),
        (r#"{"schema":{"type":"object"},"initial_state":[]}"#.into(), "/initial_state", "initial-state"),
    ];
    for (text, path, rule) in cases {
        let text: String = text;
        assert_eq!(found(&text), [(path.to_owned(), rule.to_owned())], "{text}");
    }
}

/// Whatever it holds, a definition is refused or compiled: no document makes either fail otherwise.
#[test]
fn no_more_findings_than_a_hundred() {
    let rules: Vec<_> = (0..300)
        .map(|i| format!(r#"{{"name":"r{i}","path":"?","message":"m"}}"#))
        .collect();
    assert_eq!(
        found(&format!(r#"{{"rules":[{}]}}"#, rules.join(","))).len(),
        100
    );
}

/// The reader of a definition's own text goes 128 deep.
#[test]
fn a_document_nested_too_deeply_is_told() {
    let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let rules = |depth| {
        let document = json!({"metadata": {"a": nested(depth)}});
        let found = findings(&encode(&document), &Paths).unwrap();
        found.into_iter().map(|f| f.rule).collect::<Vec<_>>()
    };
    assert_eq!(rules(120), [""; 0]);
    assert_eq!(rules(200), ["format"]);
    assert_eq!(rules(900), ["format"]);
}

/// A short pattern can take much memory, and many can take long to compile.
#[test]
fn patterns_are_bounded_together() {
    let rules = |count: usize, pattern: &dyn Fn(usize) -> String| {
        let each = |i| (format!("p{i}"), json!({"pattern": pattern(i)}));
        let properties: serde_json::Map<_, _> = (0..count).map(each).collect();
        let document = json!({"sections": [{"path": "/a", "schema": {"properties": properties}}]});
        let found = findings(&encode(&document), &Paths).unwrap();
        found.into_iter().map(|f| f.rule).collect::<Vec<_>>()
    };
    assert_eq!(rules(900, &|i| format!("^a{i}[0-9]+$")), [""; 0]);
    assert_eq!(
        rules(1001, &|i| format!("^a{i}[0-9]+$")),
        ["too-many-patterns"]
    );
    assert_eq!(rules(2000, &|_| String::from("^a[0-9]+$")), [""; 0]);
    assert_eq!(
        rules(100, &|i| format!("^\\p{{L}}{{300}}{i}$")),
        ["too-many-patterns"]
    );
}

/// Compiling does not take the square of what refers to each other.
#[test]
fn chains_of_references() {
    let chain = |count: usize| {
        let link = |i| {
            (
                format!("a{i}"),
                json!({"$ref": format!("#/$defs/a{}", i + 1)}),
            )
        };
        let mut links: serde_json::Map<_, _> = (0..count).map(link).collect();
        links.insert(format!("a{count}"), json!({"type": "string"}));
        json!({"schema": {"$defs": links, "type": "object", "properties": {"n": {"$ref": "#/$defs/a0"}}}})
    };
    let found = findings(&encode(&chain(2100)), &Paths).unwrap();
    assert_eq!(found[0].rule, "bad-schema");
    for count in [20, 300] {
        let definition = Definition::compile(&encode(&chain(count)), &Paths).unwrap();
        let found = definition
            .violations(&jsonb(r#"{"n": 1}"#), None, 1)
            .unwrap();
        assert_eq!(found.count(), 1);
        // However large it is, what it does not read it does not read.
        assert!(!definition.touched(&jsonb(r#"{"m": 1}"#)).unwrap());
        assert!(definition.touched(&jsonb(r#"{"n": 1}"#)).unwrap());
    }
}

#[test]
fn moves() {
    let definition = definition(
        r#"{"phases":{"a":{"next":["b","z"]},"b":{"next":["z"],"checkpoint":true},"z":{}},
            "initial_phase":"a","terminal_phases":["z"],"statuses":{"running":["paused"]},"schema_version":3}"#,
    );
    assert_eq!(definition.initial_phase(), Some("a"));
    assert_eq!(definition.next_phases(None), Some(&["a".to_owned()][..]));
    assert_eq!(
        definition.next_phases(Some("b")),
        Some(&["z".to_owned()][..])
    );
    assert_eq!(definition.next_phases(Some("z")), Some(&[][..]));
    assert!(definition.is_terminal("z") && !definition.is_terminal("a"));
    assert!(definition.has_phase("a") && !definition.has_phase("c"));
    assert!(definition.checkpoint_on_entry("b") && !definition.checkpoint_on_entry("a"));
    assert_eq!(
        definition.status_moves("running"),
        Some(&["paused".to_owned()][..])
    );
    assert_eq!(definition.status_moves("paused"), None);
    assert_eq!(definition.schema_version(), Some(3));
}

/// Which merge patches no rule reads, so that they may be stored without the state being looked at.
#[test]
fn touched() {
    let cases = [
        // No rule at all.
        ("{}", r#"{"a":1}"#, false),
        // A root of another kind is replaced as a whole by a patch.
        (
            r#"{"schema":{"properties":{"b":true}}}"#,
            r#"{"a":1}"#,
            true,
        ),
        (
            r#"{"schema":{"type":"object","properties":{"b":true}}}"#,
            r#"{"a":1}"#,
            false,
        ),
        (
            r#"{"schema":{"type":"object","properties":{"b":true}}}"#,
            r#"{"b":{"c":1}}"#,
            true,
        ),
        (
            r#"{"schema":{"type":"object","required":["b"],"properties":{}}}"#,
            r#"{"b":null}"#,
            true,
        ),
        (
            r#"{"schema":{"type":"object","properties":{"b":true},"maxProperties":3}}"#,
            r#"{"a":1}"#,
            true,
        ),
        (
            r#"{"schema":{"type":"object","properties":{"b":true},"additionalProperties":false}}"#,
            r#"{"a":1}"#,
            true,
        ),
        (
            r#"{"schema":{"type":"object","properties":{"b":true},"patternProperties":{"^a":false}}}"#,
            r#"{"a":1}"#,
            true,
        ),
        (
            r#"{"schema":{"type":["object","null"],"properties":{"b":true}}}"#,
            r#"{"a":1}"#,
            true,
        ),
        (
            r#"{"schema":{"type":"object","properties":{}},"rules":[{"name":"r","path":"$.\"b\" == $.\"c\"","message":"m"}]}"#,
            r#"{"a":1}"#,
            false,
        ),
        (
            r#"{"schema":{"type":"object","properties":{}},"rules":[{"name":"r","path":"$.\"b\" == $.\"c\"","message":"m"}]}"#,
            r#"{"c":1}"#,
            true,
        ),
        (
            r#"{"schema":{"type":"object","properties":{}},"ids":[{"path":"/b/c"}]}"#,
            r#"{"b":1}"#,
            true,
        ),
        (
            r#"{"schema":{"type":"object","properties":{}},"sections":[{"path":"/b/c","schema":true}]}"#,
            r#"{"b":1}"#,
            true,
        ),
        (
            r#"{"schema":{"type":"object","properties":{}},"sections":[{"path":"","schema":true}]}"#,
            r#"{"a":1}"#,
            true,
        ),
        // A JSON Patch may fail, whatever it changes.
        (
            r#"{"schema":{"type":"object","properties":{"b":true}}}"#,
            r#"[{"op":"add","path":"/a","value":1}]"#,
            true,
        ),
    ];
    for (text, patch, expected) in cases {
        let touched = definition(text).touched(&jsonb(patch)).unwrap();
        assert_eq!(touched, expected, "{text} {patch}");
    }
}
