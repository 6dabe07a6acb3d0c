//! Waits between attempts.

use proptest::prelude::*;
use wfstate_core_tests::core::retry::Policy;

const POLICY: Policy = Policy {
    max_attempts: Some(4),
    initial: 1.0,
    coefficient: 2.0,
    longest: 3.0,
};

#[test]
fn waits_grow_up_to_the_longest_and_end() {
    let waits: Vec<_> = (1..=5).map(|attempt| POLICY.wait(attempt, 0.0)).collect();
    assert_eq!(waits, [Some(1.0), Some(2.0), Some(3.0), None, None]);
    let endless = Policy {
        max_attempts: None,
        ..POLICY
    };
    assert_eq!(endless.wait(1_000_000, 0.0), Some(3.0));
    // Nothing times what has grown beyond all numbers is nothing.
    let at_once = Policy {
        initial: 0.0,
        coefficient: 1000.0,
        max_attempts: None,
        ..POLICY
    };
    assert_eq!(at_once.wait(i32::MAX, 1.0), Some(0.0));
}

proptest! {
    #[test]
    fn chance_adds_a_tenth_at_most(
        attempt in 1..1000i32, chance in 0.0..=1.0f64, initial in 0.0..1e9f64, coefficient in 1.0..=1000.0f64,
    ) {
        let policy = Policy { max_attempts: None, initial, coefficient, longest: 1e9 };
        let (least, wait) = (policy.wait(attempt, 0.0).unwrap(), policy.wait(attempt, chance).unwrap());
        prop_assert!(wait.is_finite() && least <= wait && wait <= least * 1.1 + 1e-6, "{} {}", least, wait);
        prop_assert!(least >= policy.initial.min(policy.longest) - 1e-6);
    }
}
