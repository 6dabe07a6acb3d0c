//! JSON Schema over binary jsonb: drafts, exact numbers, no reach beyond the schema, bounded work.

use crate::definitions::{Paths, definition};
use crate::encode::{encode, jsonb};
use crate::memory;
use serde_json::{Value, json};
use wfstate_core_tests::core::definition::{Violations, findings};

fn violations(schema: &str, state: &str) -> Violations {
    let definition = definition(&format!(r#"{{"schema":{schema}}}"#));
    definition.violations(&jsonb(state), None, 10).unwrap()
}

fn valid(schema: &str, state: &str) -> bool {
    violations(schema, state).is_empty()
}

#[test]
fn drafts_by_their_name() {
    let four = r#"{"$schema":"http://json-schema.org/draft-04/schema#","minimum":5,"exclusiveMinimum":true}"#;
    assert!(valid(four, "6") && !valid(four, "5"));
    let seven = r#"{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"string"}],"additionalItems":false}"#;
    assert!(valid(seven, r#"["a"]"#) && !valid(seven, r#"["a",1]"#) && !valid(seven, "[1]"));
    let newest = r#"{"prefixItems":[{"type":"string"}],"items":false}"#;
    assert!(valid(newest, r#"["a"]"#) && !valid(newest, r#"["a",1]"#));
    let unevaluated = r#"{"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false}"#;
    assert!(valid(unevaluated, r#"{"a":1}"#) && !valid(unevaluated, r#"{"b":1}"#));
}

#[test]
fn formats_are_asserted() {
    for draft in [
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2020-12/schema",
    ] {
        let schema = format!(r#"{{"$schema":"{draft}","format":"date"}}"#);
        assert!(
            valid(&schema, r#""2024-02-29""#) && !valid(&schema, r#""2023-02-29""#),
            "{draft}"
        );
    }
}

#[test]
fn numbers_are_exact() {
    assert!(valid(r#"{"multipleOf":0.01}"#, "71.50"));
    assert!(valid(r#"{"multipleOf":0.01}"#, "123456789012345678901.23"));
    assert!(!valid(r#"{"multipleOf":0.01}"#, "0.005"));
    assert!(!valid(
        r#"{"maximum":9007199254740992}"#,
        "9007199254740993"
    ));
    assert!(!valid(
        r#"{"maximum":0.3}"#,
        "0.30000000000000000000000000000001"
    ));
    assert!(valid(r#"{"const":1.0}"#, "1.00"));
    assert!(valid(r#"{"type":"integer"}"#, "1.0") && !valid(r#"{"type":"integer"}"#, "1.5"));
    assert!(valid(
        r#"{"enum":[100000000000000000000000000000]}"#,
        "100000000000000000000000000000.0"
    ));
    assert!(!valid(r#"{"uniqueItems":true}"#, "[1, 1.0]"));
}

/// A reference that leads out of the schema does not compile: nothing is fetched, no file is opened.
#[test]
fn nothing_is_fetched() {
    for target in [
        "http://localhost:1/a.json",
        "https://example.com/a",
        "file:///etc/hostname",
        "other.json",
    ] {
        let document = encode(&json!({"schema": {"$ref": target}}));
        let found = findings(&document, &Paths).unwrap();
        assert_eq!(found.len(), 1, "{target}");
        assert_eq!(found[0].rule, "bad-schema");
    }
    assert!(!valid(
        r##"{"$ref":"#/$defs/a","$defs":{"a":{"type":"null"}}}"##,
        "1"
    ));
    assert!(!valid(
        r#"{"$ref":"https://json-schema.org/draft/2020-12/schema"}"#,
        r#"{"type":1}"#
    ));
}

#[test]
fn patterns_are_bounded() {
    let text = format!("\"{}b\"", "a".repeat(100_000));
    assert!(!valid(r#"{"pattern":"^(a+)+$"}"#, &text));
    for pattern in ["(a{1000}){1000}", "(?<=a)b", r"(a)\\1"] {
        let document = jsonb(&format!(r#"{{"schema":{{"pattern":"{pattern}"}}}}"#));
        let found = findings(&document, &Paths).unwrap();
        assert_eq!(found.len(), 1, "{pattern}");
        assert_eq!(found[0].rule, "bad-schema", "{pattern}");
    }
}

#[test]
fn what_is_told_has_no_value_of_the_state() {
    let schema = r#"{"properties":{"card":{"type":"string","maxLength":3,"pattern":"^x","format":"uri","not":{"minLength":5},
        "const":"k","enum":["e"],"contentEncoding":"base64"},"n":{"maximum":1,"multipleOf":2},"l":{"uniqueItems":true,"contains":{"const":0}}},
        "oneOf":[{"required":["card"]},{"required":["n"]}],"dependentRequired":{"n":["absent"]}}"#;
    let found = violations(
        schema,
        r#"{"card":"4111-secret","n":987654321.5,"l":[55555,55555]}"#,
    );
    assert!(found.count() > 8, "{}", found.count());
    for finding in found.first() {
        let told = format!("{finding:?}");
        for value in ["4111", "98765", "5555"] {
            assert!(!told.contains(value), "{told}");
        }
    }
}

#[test]
fn as_deep_as_a_state_may_be() {
    let schema = r##"{"$defs":{"n":{"type":"object","properties":{"n":{"$ref":"#/$defs/n"}},"additionalProperties":false}},"$ref":"#/$defs/n"}"##;
    let on_a_stack_of_a_session =
        std::thread::Builder::new()
            .stack_size(8 << 20)
            .spawn(move || {
                let definition = definition(&format!(r#"{{"schema":{schema}}}"#));
                let check = |end: Value| {
                    let nested = (0..900).fold(end, |inner, _| json!({ "n": inner }));
                    let found = definition.violations(&encode(&nested), None, 10);
                    found.unwrap().count()
                };
                (check(json!({})), check(json!(1)))
            });
    let counts = on_a_stack_of_a_session.unwrap().join().unwrap();
    assert_eq!(counts, (0, 1));
}

/// More errors than can be held: the first, and that there are many.
#[test]
fn errors_are_bounded() {
    let state = encode(&json!(vec![1; 300_000]));
    let definition = definition(r#"{"schema":{"items":{"type":"string"}}}"#);
    let (found, peak) = memory::peak(|| definition.violations(&state, None, 1).unwrap());
    assert!(found.count() > 50_000);
    assert_eq!(found.first().len(), 1);
    assert!(peak < 64 << 20, "{peak}");
    // The count is of one validation, not of the session.
    assert_eq!(
        definition
            .violations(&jsonb("[1, 2, 3]"), None, 1)
            .unwrap()
            .count(),
        3
    );
}

/// Schemas whose checking multiplies: two ways at each level of `anyOf`.
#[test]
fn errors_inside_of_errors_are_bounded() {
    let mut schema = json!({"type": "string"});
    for _ in 0..14 {
        schema = json!({"anyOf": [schema.clone(), schema]});
    }
    let definition = definition(&json!({ "schema": schema }).to_string());
    let (found, peak) = memory::peak(|| definition.violations(&jsonb("1"), None, 1).unwrap());
    assert!(!found.is_empty());
    assert!(peak < 64 << 20, "{peak}");
}
