//! Bytes that are no document: an error or a value, never a panic, no matter
//! what is done with them, and no allocation by a count that is not there.

use crate::encode::apply;
use crate::encode::encode;
use crate::random::{document, edited};
use proptest::prelude::*;
use wfstate_core_tests::core::hash::{has_hash, hash};
use wfstate_core_tests::jsonb::*;

fn everything(a: &[u8], b: &[u8]) {
    let paths: Vec<_> = ["", "/a", "/0/a", "/a/b"]
        .iter()
        .filter_map(|path| Pointer::parse(path.as_bytes()).ok())
        .collect();
    let _ = check(a);
    let _ = hash(a);
    let _ = has_hash(a, 0);
    let _ = image::is_image(a);
    let _ = image::image(a);
    let _ = kind(a);
    let _ = project(a, &paths);
    let _ = touches(a, &paths);
    let _ = without_tests(a);
    let _ = patch::locate(a, 0);
    for path in &paths {
        let _ = get(a, path);
    }
    let _ = apply(a, &[b]);
    let _ = apply(b, &[a]);
    let _ = apply(b, &[b, a]);
    for (old, new) in [(a, b), (b, a), (a, a)] {
        if let Ok(patch) = diff(old, new) {
            let _ = apply(old, &[&patch]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn garbage(a in prop::collection::vec(any::<u8>(), 0..200), b in document()) {
        everything(&a, &encode(&b));
    }

    /// Words that look like headers and entries.
    #[test]
    fn plausible_garbage(
        words in prop::collection::vec((0u32..16, prop_oneof![0u32..40, any::<u32>()]), 1..60),
        b in document(),
    ) {
        let word = |(kind, low): (u32, u32)| (kind << 28 | low & 0x0FFF_FFFF).to_ne_bytes();
        let a: Vec<u8> = words.into_iter().flat_map(word).collect();
        everything(&a, &encode(&b));
    }

    #[test]
    fn flipped_bits((a, b) in edited(), flips in prop::collection::vec(any::<usize>(), 1..5)) {
        let mut broken = encode(&a);
        for flip in flips {
            let bit = flip % (broken.len() * 8);
            broken[bit / 8] ^= 1 << (bit % 8);
        }
        everything(&broken, &encode(&b));
    }

    #[test]
    fn cut_off((a, b) in edited(), cut in any::<usize>()) {
        let bytes = encode(&a);
        everything(&bytes[..cut % bytes.len()], &encode(&b));
    }

    /// Patches whose operations are real, broken in one place.
    #[test]
    fn broken_patches((a, b) in edited(), flip in any::<usize>()) {
        let (a, b) = (encode(&a), encode(&b));
        let mut patch = diff(&a, &b).unwrap();
        let bit = flip % (patch.len() * 8);
        patch[bit / 8] ^= 1 << (bit % 8);
        everything(&patch, &a);
    }
}

#[test]
fn counts_without_bytes() {
    for header in [
        0x4FFF_FFFFu32,
        0x2FFF_FFFF,
        0x2800_0000,
        0x5000_0000,
        0x5000_0002,
        0,
        0xFFFF_FFFF,
    ] {
        let bytes = header.to_ne_bytes();
        assert!(check(&bytes).is_err(), "{header:x}");
        everything(&bytes, &bytes);
    }
    assert!(check(&[]).is_err());
}
