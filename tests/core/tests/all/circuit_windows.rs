//! The windows of circuit breakers: what they cover, and their bytes.

use crate::circuit::SECOND;
use proptest::prelude::*;
use wfstate_core_tests::core::Error;
use wfstate_core_tests::core::circuit::*;

fn outcome() -> impl Strategy<Value = Outcome> {
    (any::<bool>(), any::<bool>()).prop_map(|(failed, slow)| Outcome { failed, slow })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Calls), Just(Kind::Time)]
}

fn count<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Counts {
    let mut counts = Counts::default();
    for outcome in outcomes {
        counts.calls += 1;
        counts.failures += u32::from(outcome.failed);
        counts.slow += u32::from(outcome.slow);
    }
    counts
}

proptest! {
    #[test]
    fn a_count_window_is_the_newest_outcomes(
        size in 1u32..40,
        outcomes in prop::collection::vec(outcome(), 0..120),
    ) {
        let mut window = Window::new(Kind::Calls, size);
        for (at, outcome) in outcomes.iter().enumerate() {
            window.record(0, *outcome);
            let seen = &outcomes[..=at];
            let newest = &seen[seen.len().saturating_sub(size as usize)..];
            prop_assert_eq!(window.counts(0), count(newest.iter()));
        }
    }

    /// Up to 120 seconds, a bucket is a second: the window is the current second and those before it.
    #[test]
    fn a_time_window_is_the_newest_seconds(
        size in 1u32..=120,
        start in -1_000_000_000_000i64..1_000_000_000_000,
        calls in prop::collection::vec((0i64..20 * SECOND, outcome()), 1..80),
    ) {
        let mut window = Window::new(Kind::Time, size);
        let (mut now, mut all) = (start, Vec::new());
        for (pause, outcome) in calls {
            now += pause;
            window.record(now, outcome);
            all.push((now.div_euclid(SECOND), outcome));
            for later in [now, now + 3 * SECOND, now + i64::from(size) * SECOND] {
                let oldest = later.div_euclid(SECOND) - i64::from(size) + 1;
                let covered = all.iter().filter(|(second, _)| *second >= oldest);
                prop_assert_eq!(window.counts(later), count(covered.map(|(_, outcome)| outcome)));
            }
        }
    }

    /// Longer ones forget in steps of a bucket, never later than their size, and stay small.
    #[test]
    fn a_long_time_window_is_right_to_a_bucket(
        size in 121u32..=MAX_WINDOW,
        calls in prop::collection::vec((0i64..400 * SECOND, outcome()), 1..300),
    ) {
        let mut window = Window::new(Kind::Time, size);
        let bucket = i64::from(size.div_ceil(120)) * SECOND;
        let size = i64::from(size) * SECOND;
        let (mut now, mut all) = (0, Vec::new());
        for (pause, outcome) in calls {
            now += pause;
            window.record(now, outcome);
            all.push((now, outcome));
        }
        let counts = window.counts(now);
        let within = |span: i64| {
            count(all.iter().filter(|(at, _)| now - *at < span).map(|(_, outcome)| outcome)).calls
        };
        prop_assert!(counts.calls >= within(size - bucket));
        prop_assert!(counts.calls <= within(size + bucket));
        prop_assert!(window.encode().len() < 1000);
    }

    #[test]
    fn bytes_give_the_window_back(
        kind in kind(),
        size in 1u32..300,
        calls in prop::collection::vec((0i64..9 * SECOND, outcome()), 0..200),
        start in any::<i32>(),
    ) {
        let mut window = Window::new(kind, size);
        let mut now = i64::from(start) * SECOND;
        prop_assert_eq!(&Window::decode(&window.encode()).unwrap(), &window);
        for (pause, outcome) in calls {
            now += pause;
            window.record(now, outcome);
        }
        let bytes = window.encode();
        prop_assert_eq!(&Window::decode(&bytes).unwrap(), &window);
        for end in 0..bytes.len() {
            prop_assert!(Window::decode(&bytes[..end]).is_err());
        }
        prop_assert!(Window::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
    }

    /// Whatever the bytes are: an error, or a window that has just these bytes and can be used.
    #[test]
    fn garbage_is_refused_or_a_window(
        mut bytes in prop::collection::vec(any::<u8>(), 0..60),
        known in any::<bool>(),
        now in any::<i64>(),
        outcome in outcome(),
    ) {
        if known && bytes.len() > 2 {
            bytes[0] = 1;
            bytes[1] &= 1;
            bytes[2] &= 0x7f;
        }
        if let Ok(mut window) = Window::decode(&bytes) {
            prop_assert_eq!(window.encode(), bytes);
            window.counts(now);
            window.record(now, outcome);
            prop_assert!(window.counts(now).calls >= 1);
            prop_assert!(Window::decode(&window.encode()).is_ok());
        }
    }

    #[test]
    fn another_size_keeps_the_newest(
        before in 1u32..40,
        after in 1u32..40,
        outcomes in prop::collection::vec(outcome(), 0..80),
    ) {
        let mut window = Window::new(Kind::Calls, before);
        outcomes.iter().for_each(|outcome| window.record(0, *outcome));
        window.fit(Kind::Calls, after);
        let kept = outcomes.len().min(before as usize).min(after as usize);
        prop_assert_eq!(window.counts(0), count(outcomes[outcomes.len() - kept..].iter()));
        window.fit(Kind::Time, after);
        prop_assert_eq!(window, Window::new(Kind::Time, after));
    }
}

const FAILED: Outcome = Outcome {
    failed: true,
    slow: false,
};

#[test]
fn the_bytes_are_these() {
    let mut window = Window::new(Kind::Calls, 300);
    window.record(0, FAILED);
    window.record(
        0,
        Outcome {
            failed: true,
            slow: true,
        },
    );
    assert_eq!(window.encode(), [1, 0, 0xac, 2, 2, 0b1101]);
    let mut window = Window::new(Kind::Time, 60);
    window.record(5 * SECOND, FAILED);
    window.record(7 * SECOND, FAILED);
    assert_eq!(window.encode(), [1, 1, 60, 2, 5, 1, 1, 0, 2, 1, 1, 0]);
}

#[test]
fn what_is_wrong_is_said() {
    for (bytes, what) in [
        (&[][..], "it ends early"),
        (&[2, 0, 10, 0], "window of an unknown version"),
        (&[1, 2, 10, 0], "window of an unknown kind"),
        (&[1, 0, 0, 0], "window of no size"),
        (&[1, 0, 10, 11], "window with a number out of range"),
        (&[1, 0, 0xff, 0x7f, 0], "window with a number out of range"),
        (&[1, 0, 10, 0x80, 0], "a number in it is malformed"),
        (&[1, 0, 10, 1, 4], "window with more outcomes than it says"),
        (&[1, 0, 10, 0, 0], "bytes after the window"),
        (
            &[1, 1, 10, 1, 5, 1, 2, 0],
            "window whose counts contradict each other",
        ),
        (
            &[1, 1, 10, 2, 5, 1, 0, 0, 0, 1, 0, 0],
            "window whose times do not ascend",
        ),
    ] {
        assert_eq!(Window::decode(bytes), Err(Error::Corrupt(what)), "{what}");
    }
}

#[test]
fn a_clock_that_is_set_back_loses_nothing() {
    let mut window = Window::new(Kind::Time, 10);
    window.record(100 * SECOND, FAILED);
    window.record(95 * SECOND, FAILED);
    assert_eq!(window.counts(95 * SECOND).calls, 2);
    assert_eq!(window.counts(109 * SECOND).calls, 2);
    assert_eq!(window.counts(110 * SECOND).calls, 0);
}

#[test]
fn a_time_far_ahead_is_not_believed() {
    let mut window = Window::new(Kind::Time, 10);
    window.record(1_000_000 * SECOND, FAILED);
    assert_eq!(window.counts(100 * SECOND).calls, 0);
    window.record(100 * SECOND, FAILED);
    assert_eq!(window.counts(100 * SECOND).calls, 1);
    assert_eq!(window.counts(1_000_000 * SECOND).calls, 0);
}
