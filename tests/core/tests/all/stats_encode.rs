//! The stored form and the text: what is written comes back, and nothing else is let in.

use super::stats::{empty, summary, task};
use proptest::prelude::*;
use wfstate_core_tests::core::stats::encode::{decode, encode, with_task};
use wfstate_core_tests::core::stats::text::{read, relative_error, write};

/// The stored form is what old databases hold: a change of it needs a new version byte.
#[test]
fn the_stored_form_is_pinned() {
    let stats = summary(&[
        (true, Some(1.0)),
        (true, Some(1.0)),
        (false, Some(250.0)),
        (true, None),
    ]);
    let hex: String = encode(&stats).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, PINNED);
    assert_eq!(write(&stats).unwrap(), PINNED_TEXT);
}
const PINNED: &str = "016400040303000000000000f03f0000000000406f40060000000000fc0c\
                      0000000000000000000026f4bc0502960201";
const PINNED_TEXT: &str = r#"{"version":1,"relative_error":0.01,"total":4,"succeeded":3,"measured":3,"min":1.0,"max":250.0,"sum":"fc0000000000","squares":"f42600000000000000000000","buckets":[[700,2],[979,1]]}"#;

#[test]
fn of_no_tasks_little_is_stored() {
    let none = empty(100);
    assert_eq!(encode(&none), [1, 100, 0, 0, 0, 0]);
    let text = write(&none).unwrap();
    assert_eq!(
        text,
        r#"{"version":1,"relative_error":0.01,"total":0,"succeeded":0,"measured":0}"#
    );
    assert_eq!(encode(&read(&text).unwrap()), encode(&none));
}

#[test]
fn relative_errors_are_whole_hundredths_of_a_percent() {
    assert_eq!(relative_error(0.01).map(|m| m.error()), Some(100));
    assert_eq!(relative_error(0.001).map(|m| m.error()), Some(10));
    for bad in [
        0.0,
        0.0009,
        0.01005,
        0.11,
        -0.01,
        f64::NAN,
        f64::INFINITY,
        1e300,
    ] {
        assert_eq!(relative_error(bad), None, "{bad}");
    }
}

#[test]
fn texts_that_contradict_themselves_are_refused() {
    let good = write(&summary(&[(true, Some(1.0)), (false, Some(250.0))])).unwrap();
    assert!(read(&good).is_ok());
    for (from, to) in [
        ("\"version\":1", "\"version\":2"),
        ("\"relative_error\":0.01", "\"relative_error\":0.2"),
        ("\"total\":2", "\"total\":1"),
        ("\"succeeded\":1", "\"succeeded\":3"),
        ("\"measured\":2", "\"measured\":3"),
        ("\"measured\":2", "\"measured\":0"),
        ("\"min\":1.0", "\"min\":2.0"),
        ("\"min\":1.0", "\"min\":-1.0"),
        ("\"max\":250.0", "\"max\":0.5"),
        ("\"sum\":\"", "\"sum\":\"f"),
        ("\"sum\":\"", "\"sum\":\"x"),
        ("\"squares\":\"", "\"squares\":\"1"),
        (",1]]", ",0]]"),
        (",1]]", ",1],[5,1]]"),
        ("}", ",\"more\":1}"),
        ("}", ""),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from} is not in {good}");
        assert!(read(&bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn both_forms_come_back(tasks in prop::collection::vec(task(), 0..200)) {
        let bytes = encode(&summary(&tasks));
        prop_assert_eq!(&encode(&decode(&bytes).unwrap()), &bytes);
        let text = write(&summary(&tasks)).unwrap();
        prop_assert_eq!(&encode(&read(&text).unwrap()), &bytes);
    }

    #[test]
    fn one_task_more_is_what_adding_it_gives(tasks in prop::collection::vec(task(), 1..120)) {
        let mut stored = encode(&empty(100));
        for (at, (success, duration)) in tasks.iter().enumerate() {
            stored = with_task(&stored, *success, *duration).unwrap();
            prop_assert_eq!(&stored, &encode(&summary(&tasks[..=at])));
        }
    }

    #[test]
    fn garbage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..60), text in "\\PC{0,60}") {
        prop_assert!(decode(&bytes).is_err() || bytes == encode(&decode(&bytes).unwrap()));
        prop_assert!(read(&text).is_err());
        // What is not sound need not be refused here, but must not end the server.
        let _ = with_task(&bytes, true, Some(5.0));
    }

    /// A damaged value is refused, or is the stored form of other tasks: never one that cannot be.
    #[test]
    fn damage_is_refused_or_makes_another_sound_value(
        tasks in prop::collection::vec(task(), 1..60), at in any::<prop::sample::Index>(), flip in 1u8..=255, cut in any::<bool>(),
    ) {
        let mut bytes = encode(&summary(&tasks));
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
            prop_assert!(decode(&bytes).is_err() || encode(&decode(&bytes).unwrap()) == bytes);
        } else {
            bytes[at] ^= flip;
            if let Ok(stats) = decode(&bytes) {
                prop_assert_eq!(encode(&stats), bytes);
                let median = stats.percentile(0.5);
                prop_assert!(median.is_none_or(|m| stats.min().unwrap() <= m && m <= stats.max().unwrap()));
                prop_assert!(stats.moments().stddev().is_none_or(|s| s >= 0.0));
            }
        }
    }
}
