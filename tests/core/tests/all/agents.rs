//! What a session's state says of it, items of todo lists, and when two lessons are the same.

use crate::encode::{encode, jsonb};
use crate::model;
use crate::random::document;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use wfstate_core_tests::core::Code;
use wfstate_core_tests::core::agents::{lesson, session, todo};

#[test]
fn a_state_says_what_may_be_said() {
    let said = |state: Value| {
        let bytes = encode(&state);
        let said = session::said(&bytes).unwrap();
        [said.user_id, said.mission, said.status].map(|said| said.map(String::from))
    };
    let some = |text: &str| Some(String::from(text));
    let all = json!({"user_id": "u", "mission": "m", "status": "failed", "other": 1});
    assert_eq!(said(all), [some("u"), some("m"), some("failed")]);
    let none = [None, None, None];
    assert_eq!(
        said(json!({"user_id": 1, "mission": null, "status": ["failed"]})),
        none
    );
    assert_eq!(
        said(json!({"user_id": "", "mission": "", "status": "done"})),
        none
    );
    assert_eq!(said(json!({"deep": {"user_id": "u"}})), none);
    assert_eq!(said(json!(["user_id", "u"])), none);
    assert_eq!(said(json!("user_id")), none);
    let longest = json!({"user_id": "ü".repeat(127), "mission": "m".repeat(8192)});
    assert_eq!(said(longest)[0], some(&"ü".repeat(127)));
    let longer = json!({"user_id": "ü".repeat(128), "mission": "m".repeat(8193)});
    assert_eq!(said(longer), none);
}

fn updated(plan: &str, item: &str, changes: &str) -> Option<Vec<u8>> {
    todo::update(&jsonb(plan), item, &jsonb(changes)).unwrap()
}

#[test]
fn items_go_by_id_or_position() {
    let by_id = r#"[{"id": "a", "n": 1.0}, {"id": 7}, "text", {"id": "a"}]"#;
    let changed = r#"[{"id": "a", "x": 1}, {"id": 7}, "text", {"id": "a"}]"#;
    // Of several the first.
    assert_eq!(
        updated(by_id, "a", r#"{"n": null, "x": 1}"#),
        Some(jsonb(changed))
    );
    assert!(updated(by_id, "7", "{}").is_some());
    for absent in ["0", "7.0", "b", ""] {
        assert_eq!(updated(by_id, absent, "{}"), None, "{absent}");
    }
    let numbers = r#"[{"id": 12345678901234567890}, {"id": -9223372036854775809}, {"id": 1e30}, {"id": 0.5}, {"id": 0},
                      {"id": 70000}, {"id": 1e131000}]"#;
    for present in [
        "12345678901234567890",
        "-9223372036854775809",
        "0",
        "70000",
        &format!("1{}", "0".repeat(30)),
    ] {
        assert!(updated(numbers, present, "{}").is_some(), "{present}");
    }
    for absent in [
        "1e30",
        "0.5",
        "-0",
        "7",
        "00",
        "+70000",
        "1234567890123456789",
        "123456789012345678900",
    ] {
        assert_eq!(updated(numbers, absent, "{}"), None, "{absent}");
    }
    let by_position = r#"{"items": ["a", {"b": [1]}], "id": "x"}"#;
    let changed = r#"{"items": ["a", {"b": [1], "c": 1}], "id": "x"}"#;
    assert_eq!(
        updated(by_position, "1", r#"{"c": 1}"#),
        Some(jsonb(changed))
    );
    for absent in [
        "2",
        "-1",
        "x",
        "1e0",
        "99999999999999999999",
        "+1",
        "01",
        "00",
        " 1",
    ] {
        assert_eq!(updated(by_position, absent, "{}"), None, "{absent}");
    }
    // What has no members is not replaced.
    let refused = todo::update(&jsonb(by_position), "0", &jsonb(r#"{"c": 1}"#)).unwrap_err();
    assert_eq!(refused.code, Code::InvalidParameter);
    for without in ["{}", r#"{"items": {}}"#, "[]"] {
        assert_eq!(updated(without, "0", "{}"), None, "{without}");
    }
}

#[test]
fn plans_and_changes_are_bounded() {
    let code = |plan: &Value| todo::check(&encode(plan)).map_err(|e| e.code);
    assert_eq!(code(&json!([])), Ok(()));
    assert_eq!(code(&json!({"items": [], "goal": 1})), Ok(()));
    for none in [json!("plan"), json!({}), json!({"items": {"x": 1}})] {
        assert_eq!(code(&none), Err(Code::InvalidParameter));
    }
    assert_eq!(
        code(&json!(["x".repeat(todo::MAX_PLAN)])),
        Err(Code::LimitExceeded)
    );
    let half = json!([{"text": "x".repeat(todo::MAX_PLAN / 2)}]);
    let more = encode(&json!({"more": "y".repeat(todo::MAX_PLAN / 2)}));
    let refused = todo::update(&encode(&half), "0", &more).unwrap_err();
    assert_eq!(refused.code, Code::LimitExceeded);
    assert!(todo::check_changes(&jsonb("{}")).is_ok());
    assert_eq!(
        todo::check_changes(&jsonb("[]")).unwrap_err().code,
        Code::InvalidParameter
    );
}

#[test]
fn words_for_text_search_are_short_in_lower_case_too() {
    let plain = format!("Ein Wort, {} noch eines", "ä".repeat(256));
    assert_eq!(lesson::searchable(&plain), plain);
    assert_eq!(lesson::searchable("ȺB Ⱦc"), "ⱥB ⱦc");
    let long = "x".repeat(1030);
    let pieces = ["x".repeat(512), "x".repeat(512), "x".repeat(6)];
    assert_eq!(lesson::searchable(&long), pieces.join(" "));
}

proptest! {
    /// One item is what a merge patch makes of it, all others and the rest of the plan stay.
    #[test]
    fn an_update_is_a_merge_of_one_item(
        items in prop::collection::vec(document(), 1..6),
        changes in document(),
        at in 0_usize..6,
        in_object in any::<bool>(),
    ) {
        let without_ids = items.iter().all(|item| item.get("id").is_none());
        prop_assume!(without_ids && changes.is_object());
        let at = at % items.len();
        let plan = |items: Vec<Value>| match in_object {
            true => json!({"goal": "g", "items": items}),
            false => Value::Array(items),
        };
        let mut expected = items.clone();
        model::merge_patch(&mut expected[at], &changes);
        let is_object = items[at].is_object();
        let got = todo::update(&encode(&plan(items)), &at.to_string(), &encode(&changes));
        match is_object {
            true => prop_assert_eq!(got.unwrap(), Some(encode(&plan(expected)))),
            false => prop_assert_eq!(got.unwrap_err().code, Code::InvalidParameter),
        }
    }

    #[test]
    fn a_text_keeps_its_characters_for_text_search(text in "[aȺİ \\n\u{2003}]{0,80}", times in 1..30_usize) {
        let text = text.repeat(times);
        let made = lesson::searchable(&text);
        prop_assert!(made.split_whitespace().all(|word| word.to_lowercase().len() < 2047));
        let bare = |text: &str| text.split_whitespace().collect::<String>().to_lowercase();
        prop_assert_eq!(bare(&made), bare(&text));
    }

    #[test]
    fn lessons_are_the_same_without_regard_to_case_and_space(words in prop::collection::vec("[a-zA-Zäß0-9]{1,8}", 1..6)) {
        let spaced = format!(" \t{}\n", words.join("  \u{a0}\n"));
        let key = lesson::key(None, &words.join(" "));
        prop_assert_eq!(&lesson::key(None, &spaced.to_lowercase()), &key);
        prop_assert_ne!(&lesson::key(Some("tool"), &spaced), &key);
        prop_assert_ne!(&lesson::key(None, &(spaced + "more")), &key);
    }

    /// No tenant, tool and word are written as others are.
    #[test]
    fn scopes_are_apart(a in ("[0-9:a]{1,6}", "[0-9:a]{0,6}", "[0-9:a]{1,6}"), b in ("[0-9:a]{1,6}", "[0-9:a]{0,6}", "[0-9:a]{1,6}")) {
        let scoped = |(tenant, tool, word): &(String, String, String)| lesson::scoped(tenant, tool, word);
        prop_assert_eq!(a == b, scoped(&a) == scoped(&b));
    }
}

#[test]
fn a_sigma_is_one_wherever_it_stands() {
    let key = |lesson| lesson::key(None, lesson);
    assert_eq!(key("ΟΔΟΣ a"), key("οδοσ a"));
    assert_eq!(key("ΟΔΟΣ a"), key("Οδος A"));
}

#[test]
fn tools_and_lessons_do_not_run_together() {
    assert_ne!(lesson::key(Some("a"), "b c"), lesson::key(Some("a b"), "c"));
    assert_ne!(lesson::key(None, "1:ab"), lesson::key(Some("a"), "b"));
}

#[test]
fn lexemes_are_quoted() {
    assert_eq!(lesson::quoted(r"o'clo\ck"), r"'o''clo\\ck'");
    let lexemes = [String::from("a"), String::from("b | c")];
    assert_eq!(lesson::any_of(&lexemes), "'a' | 'b | c'");
    assert_eq!(lesson::any_of(&[]), "");
}

#[test]
fn embeddings_have_a_direction() {
    let embedding = |values: Vec<Option<f64>>| lesson::embedding(values).map_err(|e| e.code);
    assert_eq!(embedding(vec![Some(0.0), Some(-1.5)]), Ok(vec![0.0, -1.5]));
    assert_eq!(embedding(vec![Some(0.1)]), Ok(vec![0.1_f32]));
    let most = f64::from(f32::MAX);
    assert_eq!(embedding(vec![Some(most)]), Ok(vec![f32::MAX]));
    assert!(embedding(vec![Some(1.0); lesson::MAX_DIMENSIONS]).is_ok());
    for bad in [
        vec![],
        vec![Some(0.0); 3],
        vec![Some(1e-30)],
        vec![Some(1.0), None],
        vec![Some(f64::NAN)],
        vec![Some(f64::INFINITY)],
        vec![Some(1e39)],
        vec![Some(1.0); lesson::MAX_DIMENSIONS + 1],
    ] {
        assert_eq!(embedding(bad), Err(Code::InvalidParameter));
    }
}

#[test]
fn damaged_documents_are_errors() {
    let plan = encode(&Value::Object(Map::from_iter([(
        String::from("items"),
        json!([{"id": "a", "text": "some text"}]),
    )])));
    for cut in 0..plan.len() {
        let part = &plan[..cut];
        // Whatever it is taken for, it must not panic.
        let _ = todo::update(part, "a", &jsonb("{}"));
        let _ = session::said(part);
    }
}
