//! Summaries over frames against summaries made anew for each frame.

use super::stats::{Stats, Task, empty, summary, task};
use proptest::prelude::*;
use wfstate_core_tests::core::stats::encode::encode;
use wfstate_core_tests::core::stats::mapping::DEFAULT_ERROR;
use wfstate_core_tests::core::stats::{Moving, Summary};

fn moving() -> Moving<Vec<u64>> {
    Moving::new(empty(DEFAULT_ERROR))
}

#[test]
fn a_frame_is_empty_when_all_have_left() {
    let mut frame = moving();
    assert!(frame.is_empty());
    frame.add(true, None).unwrap();
    assert!(!frame.is_empty());
    assert_eq!(Summary::total(frame.summary()), 1);
    frame.remove(true, None);
    assert!(frame.is_empty());
    assert_eq!(encode(frame.summary()), encode(&empty(DEFAULT_ERROR)));
}

proptest! {
    #[test]
    fn leaving_undoes_entering(tasks in prop::collection::vec(task(), 1..120), width in 1usize..40) {
        let mut frame = moving();
        for (at, (success, duration)) in tasks.iter().enumerate() {
            frame.add(*success, *duration).unwrap();
            if at >= width {
                let (success, duration) = tasks[at - width];
                frame.remove(success, duration);
            }
            let held = &tasks[(at + 1).saturating_sub(width)..=at];
            prop_assert_eq!(encode(frame.summary()), encode(&summary(held)));
        }
    }

    #[test]
    fn leaving_undoes_merging(
        parts in prop::collection::vec(prop::collection::vec(task(), 0..12), 1..30), width in 1usize..8,
    ) {
        let summaries: Vec<Stats> = parts.iter().map(|part| summary(part)).collect();
        let mut frame = moving();
        for (at, part) in summaries.iter().enumerate() {
            frame.merge(part).unwrap();
            if at >= width {
                frame.unmerge(&summaries[at - width]);
            }
            let held: Vec<Task> = parts[(at + 1).saturating_sub(width)..=at].concat();
            prop_assert_eq!(encode(frame.summary()), encode(&summary(&held)));
        }
    }
}
