//! For random documents and edits: every version comes back as it was saved, bit for bit and
//! digit for digit, however it is stored.

use crate::documents::{Step, document, steps};
use crate::run::{Outcome, Run, ensure, fail};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use std::cell::RefCell;
use wfstate_driver_tests::connect;

/// How versions are stored: settings of the writing session.
const PATCHES_ONLY: &str = "SET wfstate.keyframe_min = 1048576; SET wfstate.keyframe_ratio = 10;
    SET wfstate.snapshot_below = 0; SET wfstate.cache_size = 0";
const MANY_KEYFRAMES: &str = "SET wfstate.keyframe_min = 0; SET wfstate.keyframe_ratio = 0.1;
    SET wfstate.archive_ratio = 0.2; SET wfstate.snapshot_below = 0; SET wfstate.cache_size = 0";
const ONLY_KEYFRAMES: &str = "SET wfstate.keyframe_min = 0; SET wfstate.keyframe_ratio = 0;
    SET wfstate.archive_ratio = 0; SET wfstate.snapshot_below = 0; SET wfstate.cache_size = 0";
const CACHED: &str = "SET wfstate.keyframe_min = 0; SET wfstate.keyframe_ratio = 0.5;
    SET wfstate.snapshot_below = 0";
const DEFAULTS: &str = "SELECT 1";

/// The same cases in every run; WF_CASES=n runs more of them.
fn for_random_runs(seed: u8, settings: &str) {
    let cases = std::env::var("WF_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20);
    let config = Config {
        cases,
        max_shrink_iters: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut writer = connect();
    writer.batch_execute(settings).unwrap();
    let sessions = RefCell::new((writer, connect()));
    let input = (document(), document(), steps(), any::<usize>());
    let outcome = TestRunner::new_with_rng(config, rng).run(&input, |(a, b, steps, choice)| {
        let (writer, reader) = &mut *sessions.borrow_mut();
        one_run(writer, reader, &a, b, &steps, choice)
    });
    if let Err(error) = outcome {
        // The smallest input that fails may still be large.
        panic!(
            "{}",
            error.to_string().chars().take(3000).collect::<String>()
        );
    }
}

fn one_run(
    writer: &mut postgres::Client,
    reader: &mut postgres::Client,
    a: &Value,
    b: Value,
    steps: &[Step],
    choice: usize,
) -> Outcome {
    let mut run = Run::start(writer, a)?;
    run.save(b)?;
    // The difference of the two, and back again.
    run.step(&Step::Jump(0, 1))?;
    run.step(&Step::Jump(1, 0))?;
    for step in steps {
        run.step(step)?;
    }
    run.check(reader, 0)?;
    run.check_changes()?;
    run.check_fork_and_prune(reader, choice)
}

#[test]
fn stored_as_patches() {
    for_random_runs(1, PATCHES_ONLY);
}

#[test]
fn stored_with_many_keyframes() {
    for_random_runs(2, MANY_KEYFRAMES);
}

#[test]
fn stored_whole() {
    for_random_runs(3, ONLY_KEYFRAMES);
}

#[test]
fn stored_by_a_session_with_a_cache() {
    for_random_runs(4, CACHED);
}

#[test]
fn stored_as_by_default() {
    for_random_runs(5, DEFAULTS);
}

/// A state as deep as is allowed: also its patches, which are deeper, are taken and given.
#[test]
fn at_the_depth_limit() {
    let nest = |inmost: Value| (0..1000).fold(inmost, |inner, _| Value::Array(vec![inner]));
    for settings in [PATCHES_ONLY, ONLY_KEYFRAMES, DEFAULTS] {
        let (mut writer, mut reader) = (connect(), connect());
        writer.batch_execute(settings).unwrap();
        // The filler makes a patch worth its while: the deep member is then added by one.
        let mut deep = json!({"flat": 1, "filler": "x".repeat(20_000)});
        let outcome = (|| {
            let mut run = Run::start(&mut writer, &deep)?;
            // 999 arrays below the object: 1000 levels.
            deep["deep"] = nest(json!(1))[0].clone();
            run.save(deep.clone())?;
            run.step(&Step::Merge(json!({"flat": 2})))?;
            run.step(&Step::Jump(0, 1))?;
            run.step(&Step::Jump(1, 0))?;
            run.save(nest(json!(null)))?;
            run.step(&Step::Jump(1, 5))?;
            run.check(&mut reader, 0)?;
            run.check_changes()?;
            run.check_fork_and_prune(&mut reader, 1)
        })();
        if let Err(error) = outcome {
            panic!("{error}");
        }
    }
}

/// Export and import give every version back.
#[test]
fn exported_and_imported() {
    let (mut writer, mut reader) = (connect(), connect());
    let outcome = (|| {
        let mut run = Run::start(&mut writer, &json!({"price": 0, "log": []}))?;
        for n in 0..40 {
            run.step(&Step::Merge(
                json!({ "price": n, format!("k{}", n % 5): "x".repeat(n * 20) }),
            ))?;
        }
        run.step(&Step::Jump(3, 17))?;
        let copy = wfstate_driver_tests::unique("import");
        let text = "SELECT wf_import(wf_export($1), $2)";
        let row = run
            .client
            .query_one(text, &[&run.id, &copy])
            .map_err(fail)?;
        let versions = run.versions.clone();
        ensure(row.get::<_, i64>(0) == versions.len() as i64, || {
            "wrong head".to_string()
        })?;
        Run {
            client: &mut connect(),
            id: copy,
            versions,
        }
        .check(&mut reader, 0)
    })();
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
