//! Ids of decisions, their hours, and what may be said of them.

use proptest::prelude::*;
use wfstate_core_tests::core::routing::*;

/// Microseconds from 1970 to 2000.
const EPOCH: i64 = 946_684_800_000_000;

fn millis(id: [u8; 16]) -> i64 {
    id[..6]
        .iter()
        .fold(0, |value, byte| value << 8 | i64::from(*byte))
}

#[test]
fn an_id_is_a_uuid_of_version_7() {
    let id = decision_id(0, [0xff; 8]);
    assert_eq!(millis(id), EPOCH / 1000);
    assert_eq!((id[6] >> 4, id[8] >> 6), (7, 0b10));
    assert_eq!(&id[9..], [0xff; 7]);
    // Times that an id cannot hold become the nearest: the first and the last there are.
    assert_eq!(millis(first_id(i64::MIN)), 0);
    assert_eq!(millis(first_id(i64::MAX)), (1 << 48) - 1);
}

#[test]
fn hours_begin_where_they_should() {
    assert_eq!((hour(0), hour(HOUR - 1), hour(-1)), (0, 0, -HOUR));
    assert_eq!((hour_from(0), hour_from(1), hour_from(-1)), (0, HOUR, 0));
    // What stands for the infinities stays apart from all hours, without overflowing.
    assert_eq!(hour(i64::MIN), i64::MIN);
    assert!(hour_from(i64::MAX) > 200_000 * 24 * HOUR);
}

#[test]
fn times_of_decisions_are_finite_and_after_1970() {
    for bad in [i64::MIN, i64::MAX, -EPOCH - 1] {
        assert!(decided_at(bad).is_err(), "{bad}");
    }
    assert_eq!(decided_at(-EPOCH).unwrap(), -EPOCH);
    assert!(share("threshold", Some(f64::NAN)).is_err());
    assert!(share("threshold", Some(1.0)).is_ok());
    assert!(count("min_tasks", Some(-1)).is_err());
    assert!(score(Some(f64::INFINITY)).is_err());
}

proptest! {
    /// Whatever chance adds: ids sort by time, and the first of a microsecond is before all others of it.
    #[test]
    fn ids_sort_by_time(a in -EPOCH..EPOCH, b in -EPOCH..EPOCH, x in any::<[u8; 8]>(), y in any::<[u8; 8]>()) {
        let (one, other) = (decision_id(a, x), decision_id(b, y));
        if a != b {
            prop_assert_eq!(a.cmp(&b), one.cmp(&other));
        }
        prop_assert!(first_id(a) <= one);
        prop_assert!(one < first_id(a + 1));
    }
}
