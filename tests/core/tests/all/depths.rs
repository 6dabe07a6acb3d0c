//! How deep a patch may make a document.

use crate::encode::{apply, encode, jsonb};
use crate::random::document;
use proptest::prelude::*;
use serde_json::{Value, json};
use wfstate_core_tests::jsonb::{check, depth_bound};

/// Pointers of every container and value of a document, the root's first.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_string());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                pointers(member, &format!("{at}/{name}"), all);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, &format!("{at}/{index}"), all);
            }
        }
        _ => {}
    }
}

proptest! {
    /// What a patch makes is no deeper than the document was, or than its bound.
    #[test]
    fn results_keep_to_the_bound_of_depth(
        base in document(),
        steps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), document(), 0..6usize), 1..4),
    ) {
        let mut all = Vec::new();
        pointers(&base, "", &mut all);
        let operations: Vec<Value> = steps.iter().map(|(at, from, value, kind)| {
            let (path, from) = (at.get(&all), from.get(&all));
            match kind {
                0 => json!({"op": "replace", "path": path, "value": value}),
                1 => json!({"op": "add", "path": format!("{path}/new"), "value": value}),
                2 => json!({"op": "add", "path": format!("{path}/-"), "value": value}),
                3 => json!({"op": "copy", "from": from, "path": format!("{path}/new")}),
                4 => json!({"op": "move", "from": from, "path": format!("{path}/-")}),
                _ => json!({"op": "remove", "path": path}),
            }
        }).collect();
        let (base, patch) = (encode(&base), encode(&Value::Array(operations)));
        let depth = |document: &[u8]| check(document).unwrap().depth;
        if let (Ok(made), Some(bound)) =
            (apply(&base, &[&patch]), depth_bound(&patch, check(&patch).unwrap()).unwrap())
        {
            prop_assert!(depth(&made) <= depth(&base).max(bound));
        }
    }

    #[test]
    fn merged_results_keep_to_the_bound_of_depth(base in document(), patch in document()) {
        let (base, patch) = (encode(&base), encode(&patch));
        let depth = |document: &[u8]| check(document).unwrap().depth;
        if let (Ok(made), Some(bound)) =
            (apply(&base, &[&patch]), depth_bound(&patch, check(&patch).unwrap()).unwrap())
        {
            prop_assert!(depth(&made) <= depth(&base).max(bound));
        }
    }
}

#[test]
fn what_moves_has_no_bound() {
    let bound = |patch: &str| {
        let patch = jsonb(patch);
        depth_bound(&patch, check(&patch).unwrap()).unwrap()
    };
    assert_eq!(bound(r#"[{"op":"move","from":"/a","path":"/b"}]"#), None);
    assert_eq!(bound(r#"[{"op":"copy","from":"/a","path":"/b"}]"#), None);
    assert_eq!(
        bound(r#"[{"op":"add","path":"/a/b","value":[[1]]}]"#),
        Some(6)
    );
    assert_eq!(bound(r#"{"a":{"b":1}}"#), Some(2));
    let long = format!(
        r#"[{{"op":"add","path":"/a","value":"{}"}}]"#,
        "x".repeat(70_000)
    );
    assert_eq!(bound(&long), None);
}
