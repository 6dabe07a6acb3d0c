//! Metadata of checkpoints, and the names that begin with a prefix.

use crate::encode::jsonb;
use proptest::prelude::*;
use wfstate_core_tests::core::checkpoints::*;
use wfstate_core_tests::core::{Code, StateError};

#[test]
fn metadata_are_an_object_of_bounded_size() {
    let of = |bytes: usize| jsonb(&format!("{{\"t\": \"{}\"}}", "x".repeat(bytes)));
    let rest = of(0).len();
    let largest = of(MAX_METADATA - rest);
    assert_eq!(largest.len(), MAX_METADATA);
    assert_eq!(metadata("m", Some(&largest)).unwrap(), Some(&largest[..]));
    let refused = metadata("m", Some(&of(MAX_METADATA - rest + 1))).unwrap_err();
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (Code::LimitExceeded, "m is too large")
    );
    for other in ["[]", "1", "\"t\"", "null"] {
        let refused = metadata("m", Some(&jsonb(other))).unwrap_err();
        assert_eq!(refused.code, StateError::invalid("").code);
    }
    assert_eq!(metadata("m", None).unwrap(), None);
}

#[test]
fn names_or_a_prefix_are_meant() {
    let names = |names: &[Option<&str>]| Some(names.iter().map(|n| n.map(str::to_owned)).collect());
    let named = which(names(&[Some("a"), Some("b")]), None).unwrap();
    assert_eq!(named, Which::Names(vec!["a".into(), "b".into()]));
    let begun = which(None, Some("a/".into())).unwrap();
    assert_eq!(begun, Which::Prefix("a/".into()));
    for (names, prefix) in [
        (None, None),
        (names(&[]), Some("a")),
        (names(&[None]), None),
        (names(&[Some("")]), None),
        (None, Some("")),
    ] {
        which(names, prefix.map(str::to_owned)).unwrap_err();
    }
    let many = vec![Some("a"); 1001];
    let refused = which(names(&many), None).unwrap_err();
    assert_eq!(refused.code, Code::LimitExceeded);
}

#[test]
fn nothing_is_behind_the_last_character() {
    assert_eq!(behind("\u{10FFFF}\u{10FFFF}"), None);
    assert_eq!(behind(""), None);
    assert_eq!(behind("a\u{10FFFF}").as_deref(), Some("b"));
    assert_eq!(behind("a\u{D7FF}").as_deref(), Some("a\u{E000}"));
}

/// Characters at the ends of each length that UTF-8 has, and beside the surrogates.
fn text() -> impl Strategy<Value = String> {
    let ends = "ab\u{0}\u{7F}\u{80}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}";
    let ends: Vec<char> = ends.chars().collect();
    prop::collection::vec(prop::sample::select(ends), 0..5).prop_map(String::from_iter)
}

proptest! {
    #[test]
    fn a_prefix_is_a_range(prefix in text(), name in text()) {
        let below = behind(&prefix).is_none_or(|behind| name < behind);
        prop_assert_eq!(name >= prefix && below, name.starts_with(&prefix));
    }

    #[test]
    fn every_place_is_between_the_first_and_the_last(version in 1..i64::MAX, name in ".{1,60}") {
        let place = Place { version, name };
        prop_assert!(Place::first() < place && place < Place::last());
    }
}
