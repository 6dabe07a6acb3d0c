//! Two documents as base and patch, and as the sides of a difference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wfstate_core_tests::core::Result;
use wfstate_core_tests::jsonb::{self, diff, touches, without_tests};

fn apply(base: &[u8], patches: &[&[u8]]) -> Result<Vec<u8>> {
    jsonb::apply(base, patches, 1 << 20)
}

fuzz_target!(|pair: (Vec<u8>, Vec<u8>)| {
    let (a, b) = pair;
    let _ = touches(&b, &[]);
    if let (Ok(with), Ok(without)) = (apply(&a, &[&b]), without_tests(&b)) {
        assert_eq!(apply(&a, &[&without]).as_ref(), Ok(&with));
    }
    // Whether it applies depends on the order of keys, which nothing checks.
    if let Ok(patch) = diff(&a, &b) {
        let _ = apply(&a, &[&patch]);
    }
});
