//! The stable hash.

use crate::encode::{encode, jsonb};
use crate::random::{document, edited};
use proptest::prelude::*;
use std::collections::HashMap;
use wfstate_core_tests::core::hash::{chain, hash};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn equal_exactly_when_the_bytes_are((a, b) in edited(), c in document()) {
        let (a, b, c) = (encode(&a), encode(&b), encode(&c));
        prop_assert_eq!(hash(&a).unwrap() == hash(&b).unwrap(), a == b);
        prop_assert_eq!(hash(&a).unwrap() == hash(&c).unwrap(), a == c);
    }
}

#[test]
fn alike_documents_have_different_hashes() {
    let texts = [
        "null",
        "true",
        "false",
        "0",
        "0.0",
        "-1",
        "1",
        "1.0",
        "10000",
        "1e400",
        "1e-400",
        "\"\"",
        "\"1\"",
        "[]",
        "{}",
        "[null]",
        "[[]]",
        "[{}]",
        "[\"\"]",
        "{\"\": null}",
        "{\"\": \"\"}",
        "[\"a\", \"b\"]",
        "[\"ab\"]",
        "[\"ab\", \"\"]",
        "{\"a\": \"b\"}",
        "[[], []]",
        "[[[]]]",
    ];
    let mut seen = HashMap::new();
    for text in texts {
        let before = seen.insert(hash(&jsonb(text)).unwrap(), text);
        assert_eq!(before, None, "{text}");
    }
}

/// Stored in tables: a change would make every stored version look corrupt.
#[test]
fn pinned() {
    let pins = PINS.map(|(text, _)| (text, hash(&jsonb(text)).unwrap()));
    assert_eq!(pins, PINS);
    assert_eq!((chain(0, 0), chain(1, 0), chain(0, 1)), CHAINS);
}

const PINS: [(&str, u64); 4] = [
    ("null", 5238470482016868669),
    ("-12345.6700", 380390733992967637),
    ("[1, \"x\", {}]", 13515118274325237882),
    (
        r#"{"a": [true, false, null], "b": {"c": 1e300}}"#,
        10805827373410495043,
    ),
];

const CHAINS: (i64, i64, i64) = (
    -3411922682318255768,
    2806482627441532945,
    935533381143019749,
);
