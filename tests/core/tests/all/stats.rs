//! Summaries against sorted durations and sums done in two passes.

use proptest::prelude::*;
use wfstate_core_tests::core::stats::encode::encode;
use wfstate_core_tests::core::stats::mapping::{
    DEFAULT_ERROR, ERRORS, MAX_DURATION, MIN_DURATION, Mapping,
};
use wfstate_core_tests::core::stats::{Overflow, Summary};

pub type Task = (bool, Option<f64>);
pub type Stats = Summary<Vec<u64>>;

pub fn empty(error: u16) -> Stats {
    Summary::new(Mapping::new(error).unwrap(), Vec::new())
}

pub fn summary(tasks: &[Task]) -> Stats {
    let mut summary = empty(DEFAULT_ERROR);
    for (success, duration) in tasks {
        summary.add(*success, *duration).unwrap();
    }
    summary
}

/// Uniform numbers between 0 and 1, both left out.
fn uniform() -> impl Strategy<Value = f64> {
    (1u64..1 << 53).prop_map(|n| n as f64 / (1u64 << 53) as f64)
}

fn normal() -> impl Strategy<Value = f64> {
    (uniform(), uniform())
        .prop_map(|(a, b)| (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos())
}

/// Durations as they are met, and some as they are not.
pub fn duration() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => normal().prop_map(|z| (4.0 + 1.5 * z).exp()),
        2 => (any::<bool>(), normal()).prop_map(|(slow, z)| if slow { 3e4 + 500.0 * z } else { (20.0 + z).abs() }),
        2 => uniform().prop_map(|u| (5.0 * u.powf(-1.0 / 1.1)).min(MAX_DURATION)),
        1 => (0u32..1000).prop_map(f64::from),
        1 => (0u64..MAX_DURATION.to_bits()).prop_map(f64::from_bits),
        1 => prop::sample::select(vec![0.0, -0.0, MIN_DURATION, MAX_DURATION, 1.0, 1e-300, 8_388_608.0, 8_388_607.999]),
    ]
}

pub fn task() -> impl Strategy<Value = Task> {
    let none = prop::sample::select(vec![
        None,
        Some(f64::NAN),
        Some(f64::INFINITY),
        Some(f64::NEG_INFINITY),
        Some(-1.0),
        Some(MAX_DURATION * 1.001),
    ]);
    (
        prop::bool::weighted(0.8),
        prop_oneof![9 => duration().prop_map(Some), 1 => none],
    )
}

fn tasks() -> impl Strategy<Value = Vec<Task>> {
    prop::collection::vec(task(), 0..200)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// `percentile_disc` of the server: the first value whose share is at least `q`.
fn percentile_disc(sorted: &[f64], q: f64) -> f64 {
    let rank = (q * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted[rank.min(sorted.len()) - 1]
}

fn close(value: f64, exact: f64, relative: f64) -> bool {
    (value - exact).abs() <= relative * exact.abs() + MIN_DURATION
}

#[test]
fn the_bound_holds_at_every_border() {
    for error in [*ERRORS.start(), 50, DEFAULT_ERROR, 500, *ERRORS.end()] {
        let mapping = Mapping::new(error).unwrap();
        let alpha = f64::from(error) / 10_000.0 * (1.0 + 1e-9);
        for index in 1..mapping.buckets() {
            let value = mapping.value(index);
            for duration in [value * (1.0 - alpha * 0.999), value * (1.0 + alpha * 0.999)] {
                if (MIN_DURATION..=MAX_DURATION).contains(&duration) {
                    let own = mapping.value(mapping.index(duration));
                    assert!(
                        (own - duration).abs() <= alpha * duration,
                        "{error} {index} {duration}"
                    );
                }
            }
        }
        assert_eq!(mapping.index(0.0), 0);
        assert!(mapping.index(MAX_DURATION) < mapping.buckets());
    }
    assert_eq!(Mapping::new(ERRORS.start() - 1), None);
    assert_eq!(Mapping::new(ERRORS.end() + 1), None);
}

#[test]
fn one_percent_costs_the_buckets_that_are_promised() {
    // 60 powers of two at 35 buckets each, where the logarithm itself would take 34.7.
    assert_eq!(Mapping::new(DEFAULT_ERROR).unwrap().buckets(), 2101);
}

#[test]
fn nothing_is_known_of_no_tasks() {
    let none = empty(DEFAULT_ERROR);
    assert_eq!((none.total(), none.failed(), none.measured()), (0, 0, 0));
    assert_eq!(
        (none.success_rate(), none.min(), none.max()),
        (None, None, None)
    );
    assert_eq!(
        (none.moments().mean(), none.moments().stddev()),
        (None, None)
    );
    assert_eq!(
        (none.percentile(0.5), none.percentile_rank(1.0)),
        (None, None)
    );
}

#[test]
fn a_large_offset_does_not_drown_the_deviation() {
    let stats = summary(&[1e9, 1e9 + 1.0, 1e9 + 2.0].map(|d| (true, Some(d))));
    assert_eq!(stats.moments().mean(), Some(1e9 + 1.0));
    assert_eq!(stats.moments().stddev(), Some(1.0));
    let stats = summary(&[(true, Some(MAX_DURATION)); 5]);
    assert_eq!(stats.moments().stddev(), Some(0.0));
    assert_eq!(stats.moments().mean(), Some(MAX_DURATION));
}

#[test]
fn what_is_no_duration_leaves_the_task_counted() {
    let odd = [f64::NAN, f64::INFINITY, -0.5, MAX_DURATION * 2.0].map(|d| (false, Some(d)));
    let mut stats = summary(&odd);
    stats.add(true, None).unwrap();
    assert_eq!(
        (stats.total(), stats.succeeded(), stats.measured()),
        (5, 1, 0)
    );
    stats.add(true, Some(-0.0)).unwrap();
    assert_eq!(stats.min().map(f64::to_bits), Some(0));
}

#[test]
fn sketches_of_different_errors_are_not_merged() {
    let (mut a, b) = (empty(100), empty(50));
    a.add(true, Some(7.0)).unwrap();
    let before = encode(&a);
    assert_eq!(a.merge(&b), Err(Overflow::Errors(100, 50)));
    assert_eq!(encode(&a), before);
}

proptest! {
    #[test]
    fn percentiles_keep_the_relative_error(
        durations in prop::collection::vec(duration(), 1..300),
        error in prop::sample::select(vec![10_u16, 100, 1000]),
        q in prop_oneof![0.0..=1.0, prop::sample::select(vec![0.0, 0.5, 0.95, 0.99, 1.0])],
    ) {
        let mut stats = empty(error);
        for duration in &durations {
            stats.add(true, Some(*duration)).unwrap();
        }
        let sorted = sorted(&durations);
        let exact = percentile_disc(&sorted, q);
        let found = stats.percentile(q).unwrap();
        prop_assert!(close(found, exact, f64::from(error) / 10_000.0 * (1.0 + 1e-9)), "{found} for {exact}");
        prop_assert_eq!(stats.percentile(0.0), sorted.first().map(|d| d + 0.0));
        prop_assert_eq!(stats.percentile(1.0), sorted.last().map(|d| d + 0.0));
    }

    #[test]
    fn constant_durations_have_exact_percentiles(d in duration(), n in 1usize..50, q in 0.0..=1.0) {
        let stats = summary(&vec![(true, Some(d)); n]);
        prop_assert_eq!(stats.percentile(q), Some(d + 0.0));
    }

    #[test]
    fn ranks_are_those_of_a_duration_within_the_error(
        durations in prop::collection::vec(duration(), 1..200), at in duration(),
    ) {
        let stats = summary(&durations.iter().map(|d| (true, Some(*d))).collect::<Vec<_>>());
        let share = |bound: f64| durations.iter().filter(|d| **d <= bound).count() as f64 / durations.len() as f64;
        let found = stats.percentile_rank(at).unwrap();
        let slack = 0.0201 * at + MIN_DURATION;
        prop_assert!(share(at - slack) <= found && found <= share(at + slack), "{}", found);
    }

    #[test]
    fn sums_are_those_of_two_passes(tasks in tasks()) {
        let stats = summary(&tasks);
        let durations: Vec<f64> = tasks.iter().filter_map(|(_, d)| d.filter(|d| (0.0..=MAX_DURATION).contains(d))).collect();
        prop_assert_eq!(stats.total(), tasks.len() as u64);
        prop_assert_eq!(stats.succeeded(), tasks.iter().filter(|(success, _)| *success).count() as u64);
        prop_assert_eq!(stats.measured(), durations.len() as u64);
        prop_assert_eq!(stats.min(), sorted(&durations).first().map(|d| d + 0.0));
        prop_assert_eq!(stats.max(), sorted(&durations).last().map(|d| d + 0.0));
        if durations.len() > 1 {
            let n = durations.len() as f64;
            let mean = durations.iter().sum::<f64>() / n;
            let spread = durations.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
            let (found_mean, found) = (stats.moments().mean().unwrap(), stats.moments().stddev().unwrap());
            prop_assert!((found_mean - mean).abs() <= 1e-12 * mean + 1e-12);
            prop_assert!((found - spread.sqrt()).abs() <= 1e-9 * spread.sqrt() + 1e-11 * mean + 1e-11);
        }
    }

    #[test]
    fn merging_is_adding_in_any_order_and_grouping(a in tasks(), b in tasks(), c in tasks()) {
        let all = encode(&summary(&[a.clone(), b.clone(), c.clone()].concat()));
        let [a, b, c] = [a, b, c].map(|tasks| summary(&tasks));
        let merged = |parts: &[&Stats]| {
            let mut sum = empty(DEFAULT_ERROR);
            for part in parts {
                sum.merge(part).unwrap();
            }
            sum
        };
        prop_assert_eq!(&encode(&merged(&[&a, &b, &c])), &all);
        prop_assert_eq!(&encode(&merged(&[&c, &a, &b])), &all);
        prop_assert_eq!(&encode(&merged(&[&a, &merged(&[&c, &b])])), &all);
        prop_assert_eq!(&encode(&merged(&[&merged(&[&b, &a]), &c])), &all);
    }
}
