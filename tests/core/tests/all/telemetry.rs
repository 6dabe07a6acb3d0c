//! Levels, values, times, buckets and cursors of logs and metrics.

use proptest::prelude::*;
use wfstate_core_tests::core::telemetry::*;

const DAY: i64 = 86_400_000_000;

#[test]
fn levels_are_ordered_and_those_from_warn_on_indexed() {
    let names = |level| from_level(level).0.join(" ");
    assert_eq!(names("trace"), "trace debug info warn error fatal");
    assert_eq!(names("warn"), "warn error fatal");
    assert_eq!(names("fatal"), "fatal");
    let indexed = LEVELS.map(|level| from_level(level).1);
    assert_eq!(indexed, [false, false, false, true, true, true]);
    for level_name in LEVELS {
        assert_eq!(level("level", Some(level_name)).unwrap(), level_name);
    }
    assert_eq!(level("level", Some("warning")).unwrap(), "warn");
    assert_eq!(level("level", Some("critical")).unwrap(), "fatal");
    for bad in ["", "WARN", "Warning"] {
        assert!(level("level", Some(bad)).is_err());
    }
    assert!(level("level", None).is_err());
}

#[test]
fn messages_and_data_are_bounded() {
    let long = "x".repeat(64 * 1024);
    assert_eq!(message("message", Some(&long)).unwrap(), long);
    assert!(message("message", Some(&(long + "x"))).is_err());
    assert!(message("message", None).is_err());
    let large = vec![0; 1024 * 1024 + 1];
    assert!(data("data", Some(&large[1..])).is_ok());
    assert!(data("data", Some(&large)).is_err());
    assert!(batch_bytes(64 << 20).is_ok());
    assert!(batch_bytes((64 << 20) + 1).is_err());
}

#[test]
fn values_are_finite_and_can_be_squared_and_summed() {
    for good in [0.0, -0.0, f64::MIN_POSITIVE, 1e100, -1e100] {
        assert_eq!(value("value", Some(good)).unwrap(), good);
    }
    for bad in [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1.1e100,
        f64::MIN,
    ] {
        assert!(value("value", Some(bad)).is_err(), "{bad}");
    }
}

#[test]
fn times_are_finite() {
    assert_eq!(time("at", None).unwrap(), None);
    assert_eq!(time("at", Some(-1)).unwrap(), Some(-1));
    assert!(time("at", Some(i64::MIN)).is_err());
    assert!(time("at", Some(i64::MAX)).is_err());
}

#[test]
fn buckets_have_one_length() {
    assert_eq!(bucket(0, 1, 1).unwrap(), DAY + 1);
    assert_eq!(bucket(0, 1, 1 - DAY).unwrap(), 1);
    assert_eq!(bucket(0, 366_000, 0).unwrap(), 366_000 * DAY);
    for (months, days, micros) in [
        (1, 0, 0),
        (-1, 40, 0),
        (0, 0, 0),
        (0, 1, -DAY),
        (0, i32::MIN, i64::MIN),
        (0, i32::MAX, i64::MAX),
        (0, 366_000, 1),
    ] {
        assert!(
            bucket(months, days, micros).is_err(),
            "{months} {days} {micros}"
        );
    }
}

proptest! {
    #[test]
    fn cursors_come_back(at: i64, position: i64, bucket: Option<i64>, group_name: String) {
        prop_assert_eq!(place(Of::Lines, Some(&cursor(Of::Lines, at, position))).unwrap(), Some((at, position)));
        prop_assert!(place(Of::Values, Some(&cursor(Of::Lines, at, position))).is_err());
        let grouped = group_cursor(bucket, &group_name);
        prop_assert_eq!(group(Some(&grouped)).unwrap(), Some((bucket, group_name.as_str())));
    }

    #[test]
    fn no_text_is_too_strange_for_a_cursor(text: String) {
        let _ = (place(Of::Values, Some(&text)), group(Some(&text)));
    }
}

#[test]
fn what_is_no_cursor_is_refused() {
    assert_eq!(place(Of::Lines, None).unwrap(), None);
    assert_eq!(group(None).unwrap(), None);
    for bad in [
        "",
        "l",
        "l1",
        "l:1",
        "l1:",
        "l1:2:3",
        "lx:1",
        "l1:9223372036854775808",
        "1:2",
        "v1:2",
    ] {
        assert!(place(Of::Lines, Some(bad)).is_err(), "{bad}");
    }
    for bad in ["", "x", "x:y", "9223372036854775808:w"] {
        assert!(group(Some(bad)).is_err(), "{bad}");
    }
}
