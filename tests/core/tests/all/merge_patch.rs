//! RFC 7386.

use crate::encode::{apply, encode, jsonb};
use crate::model;
use crate::random::document;
use proptest::prelude::*;
use serde_json::Value;
use wfstate_core_tests::jsonb::{Kind, kind};

/// Appendix A, the cases whose patch is an object.
#[test]
fn appendix_a() {
    let cases = [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (
            r#"{"a":{"b":"c"}}"#,
            r#"{"a":{"b":"d","c":null}}"#,
            r#"{"a":{"b":"d"}}"#,
        ),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
        ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
        ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
    ];
    for (base, patch, expected) in cases {
        let result = apply(&jsonb(base), &[&jsonb(patch)]).unwrap();
        assert_eq!(result, jsonb(expected), "{base} + {patch}");
    }
}

#[test]
fn nulls_in_arrays_stay() {
    let patch = jsonb(r#"{"a": [null, {"b": null}], "c": {"d": null, "e": {}}}"#);
    let expected = jsonb(r#"{"a": [null, {"b": null}], "c": {"e": {}}}"#);
    assert_eq!(apply(&jsonb("null"), &[&patch]).unwrap(), expected);
}

#[test]
fn scalars_are_no_patches() {
    assert_eq!(kind(&jsonb("1")).unwrap(), Kind::Scalar);
    assert!(apply(&jsonb("{}"), &[&jsonb("\"x\"")]).is_err());
}

fn merge_patches() -> impl Strategy<Value = Vec<Value>> {
    let patch = document().prop_filter("a merge patch", Value::is_object);
    prop::collection::vec(patch, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn as_the_model_does(base in document(), patches in merge_patches()) {
        let mut expected = base.clone();
        for patch in &patches {
            model::merge_patch(&mut expected, patch);
        }
        let patches: Vec<_> = patches.iter().map(encode).collect();
        let patches: Vec<_> = patches.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(apply(&encode(&base), &patches).unwrap(), encode(&expected));
    }

    /// Patches that meet what is there: one document merged into its edits.
    #[test]
    fn related_documents((base, patch) in crate::random::edited()) {
        prop_assume!(patch.is_object());
        let mut expected = base.clone();
        model::merge_patch(&mut expected, &patch);
        let result = apply(&encode(&base), &[&encode(&patch)]).unwrap();
        prop_assert_eq!(result, encode(&expected));
    }
}
