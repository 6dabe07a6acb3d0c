//! The stable hash.

use crate::encode::{Like, encode, encode_like, jsonb};
use crate::random::{document, edited};
use proptest::prelude::*;
use std::collections::HashMap;
use wfstate_core_tests::core::Result;
use wfstate_core_tests::core::hash::{Seen, chain, has_hash, hash, patch_hash};
use wfstate_core_tests::jsonb::image::{image, is_image};
use wfstate_core_tests::jsonb::{Writer, apply, diff, root};

fn is_chained(base: i64, patch: &[u8], expected: i64) -> Result<bool> {
    Seen::of(patch).is_chained(base, patch, expected)
}

/// Everything that says whether a document has a hash.
fn agrees(bytes: &[u8], expected: u64) -> bool {
    let patch = patch_hash(bytes).unwrap();
    let chained = chain(7, patch.cast_signed());
    assert!(is_chained(7, bytes, chained).unwrap());
    assert!(!is_chained(8, bytes, chained).unwrap());
    assert!(!is_chained(7, bytes, chained ^ 1).unwrap());
    assert_ne!(patch, hash(bytes).unwrap());
    let same = hash(bytes).unwrap() == expected;
    assert_eq!(has_hash(bytes, expected).unwrap(), same);
    same
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn equal_exactly_when_the_bytes_are((a, b) in edited(), c in document()) {
        let (a, b, c) = (encode(&a), encode(&b), encode(&c));
        prop_assert_eq!(agrees(&a, hash(&b).unwrap()), a == b);
        prop_assert_eq!(agrees(&a, hash(&c).unwrap()), a == c);
    }

    /// What the server makes, and what is written here, are images: none is made to hash them.
    #[test]
    fn documents_are_their_images((a, b) in edited()) {
        let (a, b) = (encode(&a), encode(&b));
        let patch = diff(&a, &b).unwrap();
        let applied = apply(&a, &[&patch], usize::MAX).unwrap();
        let mut copy = Vec::new();
        Writer::new(&mut copy).document(root(&b).unwrap()).unwrap();
        for document in [&a, &b, &patch, &applied, &copy] {
            prop_assert_eq!(is_image(document), Ok(true));
            prop_assert_eq!(&image(document).unwrap(), document);
        }
    }

    /// Bytes that read the same have the same hash, however they were made.
    #[test]
    fn strange_documents_have_the_hash_of_their_image(
        (a, b) in edited(), long: bool, padding: u8, tail in 0..3usize,
    ) {
        let strange = encode_like(&a, Like { long, padding, tail });
        let (a, b) = (encode(&a), encode(&b));
        prop_assert_eq!(&image(&strange).unwrap(), &a);
        prop_assert_eq!(is_image(&strange).unwrap(), strange == a);
        prop_assert!(agrees(&strange, hash(&a).unwrap()));
        prop_assert_eq!(agrees(&strange, hash(&b).unwrap()), a == b);
    }

    /// A bit is not flipped unseen, unless it is one that no reader sees.
    #[test]
    fn damage_is_seen(a in document(), flips in prop::collection::vec(any::<usize>(), 1..4)) {
        let whole = encode(&a);
        let expected = hash(&whole).unwrap();
        let chained = chain(7, patch_hash(&whole).unwrap().cast_signed());
        let mut broken = whole.clone();
        for flip in flips {
            let bit = flip % (broken.len() * 8);
            broken[bit / 8] ^= 1 << (bit % 8);
        }
        let same = image(&broken).is_ok_and(|image| image == whole);
        prop_assert_eq!(has_hash(&broken, expected).is_ok_and(|has| has), same);
        prop_assert_eq!(is_chained(7, &broken, chained).is_ok_and(|is| is), same);
    }
}

/// To the server, these flags of a number's header say that it is compressed, or short.
#[test]
fn flags_in_the_header_of_a_number_are_damage() {
    for text in ["1590687408.10681", "1", "-0.5"] {
        let whole = encode(&serde_json::from_str(text).unwrap());
        for bit in 0..2 {
            let mut broken = whole.clone();
            broken[8] ^= 1 << bit;
            assert!(image(&broken).is_err());
            assert!(hash(&broken).is_err());
        }
    }
}

#[test]
fn strange_documents_are_no_images() {
    let like = |text, like| encode_like(&serde_json::from_str(text).unwrap(), like);
    let strange = [
        like(
            "[1]",
            Like {
                long: true,
                ..Like::default()
            },
        ),
        like(
            "1",
            Like {
                long: true,
                ..Like::default()
            },
        ),
        like(
            r#"["a", {"b": [1]}]"#,
            Like {
                padding: 1,
                ..Like::default()
            },
        ),
        like(
            r#"["a", 1]"#,
            Like {
                padding: 1,
                ..Like::default()
            },
        ),
        like(
            "[[]]",
            Like {
                tail: 1,
                ..Like::default()
            },
        ),
        like(
            "{}",
            Like {
                tail: 1,
                ..Like::default()
            },
        ),
        like(
            "true",
            Like {
                tail: 1,
                ..Like::default()
            },
        ),
    ];
    for document in strange {
        assert_eq!(is_image(&document), Ok(false), "{document:?}");
        assert_eq!(is_image(&image(&document).unwrap()), Ok(true));
    }
}

/// Longer than what is hashed at once.
#[test]
fn long_documents() {
    let long = jsonb(&format!("[\"{}\", 1]", "long ".repeat(1 << 19)));
    assert!(agrees(&long, hash(&long).unwrap()));
    let mut other = long.clone();
    other[2_000_000] ^= 1;
    assert!(!agrees(&other, hash(&long).unwrap()));
    let like = Like {
        long: true,
        padding: 9,
        tail: 1,
    };
    let value = serde_json::from_str(&format!("[\"{}\", 1]", "long ".repeat(1 << 19)));
    assert!(agrees(
        &encode_like(&value.unwrap(), like),
        hash(&long).unwrap()
    ));
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

/// Stored in tables: a change would make every stored version look corrupt. What `xxhsum -H3` gives of the bytes that
/// `encode` pins.
#[test]
fn pinned() {
    let pins = PINS.map(|(text, _)| (text, hash(&jsonb(text)).unwrap()));
    assert_eq!(pins, PINS);
    let patches = PATCHES.map(|(text, _)| (text, patch_hash(&jsonb(text)).unwrap()));
    assert_eq!(patches, PATCHES);
    assert_eq!((chain(0, 0), chain(1, 0), chain(0, 1)), CHAINS);
}

const PINS: [(&str, u64); 4] = [
    (r#"{"bb": [true, "x"], "a": 1}"#, 13707184426967882152),
    ("-12345.6700", 2192097552859074845),
    ("1e400", 7409724271704623776),
    ("1e-400", 14345352089677519283),
];

const PATCHES: [(&str, u64); 2] = [
    ("[]", 17121720304809198322),
    (r#"{"bb": [true, "x"], "a": 1}"#, 16076042989672839872),
];

const CHAINS: (i64, i64, i64) = (
    -3411922682318255768,
    2806482627441532945,
    935533381143019749,
);
