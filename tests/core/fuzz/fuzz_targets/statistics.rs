//! The decoder of statistics: what it takes is written again as it was, and can be added to and merged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wfstate_core_tests::core::stats::encode::{decode, encode, with_task};

fuzz_target!(|input: (Vec<u8>, bool, Option<f64>)| {
    let (bytes, success, duration) = input;
    let more = with_task(&bytes, success, duration);
    if let Ok(summary) = decode(&bytes) {
        assert_eq!(encode(&summary), bytes);
        if let Ok(more) = more {
            let mut added = summary.clone();
            added.add(success, duration);
            assert_eq!(encode(&added), more);
        }
    }
});
