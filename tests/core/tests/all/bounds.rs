//! Nothing runs away: work that is counted, memory that is counted, and work that is interrupted.

use crate::encode::{encode, jsonb};
use crate::memory;
use serde_json::{Value, json};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wfstate_core_tests::core::hash::hash;
use wfstate_core_tests::core::{Error, Result, work};
use wfstate_core_tests::jsonb::{MAX_SIZE, apply, build, check, diff, root};

/// An array of so many numbers, the first ones first.
fn numbers(count: usize) -> Vec<u8> {
    encode(&Value::Array((0..count).map(|n| json!(n)).collect()))
}

/// The result of `run` and the units of work that it took.
fn counted<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = work::done();
    let result = run();
    (result, (work::done() - before) as usize)
}

/// Numbers below `below` in no order.
fn scattered(count: usize, below: usize) -> impl Iterator<Item = usize> {
    let next = |seed: &u64| {
        Some(
            seed.wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407),
        )
    };
    std::iter::successors(Some(7u64), next)
        .map(move |seed| (seed >> 33) as usize % below)
        .take(count)
}

const MANY: usize = 500_000;
const OPERATIONS: usize = 10_000;

#[test]
fn moves_within_a_long_array_cost_about_what_writing_it_does() {
    let base = numbers(MANY);
    let mut model: Vec<usize> = (0..MANY).collect();
    let places: Vec<_> = scattered(2 * OPERATIONS, MANY).collect();
    let moves = places.chunks(2).map(|pair| {
        let moved = model.remove(pair[0]);
        model.insert(pair[1], moved);
        json!({"op": "move", "from": format!("/{}", pair[0]), "path": format!("/{}", pair[1])})
    });
    let patch = encode(&Value::Array(moves.collect()));
    let (result, units) = counted(|| apply(&base, &[&patch], MAX_SIZE));
    let model = Value::Array(model.into_iter().map(|n| json!(n)).collect());
    assert!(result.unwrap() == encode(&model));
    assert!(units < 40 * MANY, "{units}");
}

#[test]
fn adds_and_removes_in_the_middle_cost_about_what_writing_does() {
    let base = numbers(MANY);
    let mut model: Vec<Value> = (0..MANY).map(|n| json!(n)).collect();
    let patch = scattered(OPERATIONS, MANY).enumerate().map(|(count, at)| {
        let path = format!("/{at}");
        match count % 4 {
            0 => {
                model.remove(at);
                json!({"op": "remove", "path": path})
            }
            1 => {
                model[at] = json!("changed");
                json!({"op": "replace", "path": path, "value": "changed"})
            }
            _ => {
                model.insert(at, json!({"added": count}));
                json!({"op": "add", "path": path, "value": {"added": count}})
            }
        }
    });
    let patch = encode(&Value::Array(patch.collect()));
    let (result, units) = counted(|| apply(&base, &[&patch], MAX_SIZE));
    assert!(result.unwrap() == encode(&Value::Array(model)));
    assert!(units < 40 * MANY, "{units}");
}

#[test]
fn adds_in_front_of_what_was_added_do_not_pile_up() {
    let many = 30_000;
    let add = |_| json!({"op": "add", "path": "/1", "value": null});
    let patch = encode(&Value::Array((0..many).map(add).collect()));
    let (result, units) = counted(|| apply(&jsonb("[0, 1]"), &[&patch], MAX_SIZE));
    assert_eq!(check(&result.unwrap()).unwrap().nodes, many + 3);
    assert!(units < 1000 * many, "{units}");
}

#[test]
fn a_moved_value_is_read_once() {
    let large = numbers(100_000);
    let base = build::object(&[(b"a", root(&large).unwrap())]).unwrap();
    let there = json!({"op": "move", "from": "/a", "path": "/b"});
    let touch = json!({"op": "add", "path": "/b/-", "value": [1]});
    let back = json!({"op": "move", "from": "/b", "path": "/a"});
    let cycle = [there, touch, back];
    let all = cycle.iter().cycle().take(9_000).cloned().collect();
    let patch = encode(&Value::Array(all));
    let (result, units) = counted(|| apply(&base, &[&patch], MAX_SIZE));
    assert!(result.is_ok());
    assert!(units < 20 * 100_000, "{units}");
}

/// What is near the limit of depth has to be read again when it may have become deeper. A patch that makes
/// that happen again and again is refused before it has taken long.
#[test]
fn what_goes_over_the_same_values_again_and_again_is_refused() {
    let mut deep = jsonb("[]");
    for _ in 0..300 {
        deep = build::array(&[root(&deep).unwrap()]).unwrap();
    }
    let wide = encode(&json!(vec![Value::Null; 200_000]));
    let wide = build::object(&[(b"n", root(&wide).unwrap())]).unwrap();
    let mut place = jsonb("{}");
    for _ in 0..800 {
        place = build::object(&[(b"p", root(&place).unwrap())]).unwrap();
    }
    let base = build::object(&[
        (b"d", root(&deep).unwrap()),
        (b"w", root(&wide).unwrap()),
        (b"p", root(&place).unwrap()),
    ])
    .unwrap();
    let far = format!("/p{}/w", "/p".repeat(800));
    let cycle = [
        json!({"op": "copy", "from": "/d", "path": "/w/d"}),
        json!({"op": "remove", "path": "/w/d"}),
        json!({"op": "move", "from": "/w", "path": far}),
        json!({"op": "move", "from": far, "path": "/w"}),
    ];
    let patch = |cycles: usize| {
        let all = cycle.iter().cycle().take(4 * cycles).cloned().collect();
        encode(&Value::Array(all))
    };
    let limit = 1 << 20;
    assert!(apply(&base, &[&patch(3)], limit).as_ref() == Ok(&base));
    let many = patch(400);
    let (result, units) = counted(|| apply(&base, &[&many], limit));
    assert!(result == Err(Error::TooMuchWork));
    assert!(units < 20 * (limit + base.len() + many.len()), "{units}");
}

/// Each pair of operations doubles the document.
fn doubling(times: usize) -> Vec<u8> {
    let mut operations = vec![json!({"op": "add", "path": "/t", "value": 1})];
    for _ in 0..times {
        operations.push(json!({"op": "copy", "from": "", "path": "/a"}));
        operations.push(json!({"op": "copy", "from": "", "path": "/b"}));
    }
    encode(&Value::Array(operations))
}

#[test]
fn copies_are_refused_before_the_memory_is_taken() {
    for limit in [1 << 12, 1 << 20, 1 << 23] {
        let patch = doubling(60);
        let (result, peak) = memory::peak(|| apply(&jsonb("{}"), &[&patch], limit));
        assert_eq!(result, Err(Error::TooLarge));
        assert!(peak < 4 * limit + (1 << 16), "{peak} of {limit}");
    }
    // Of what is large and unchanged nothing is copied but the reference; its size counts.
    let base = build::object(&[(b"a", root(&numbers(100_000)).unwrap())]).unwrap();
    let copy = |to: &str| json!({"op": "copy", "from": "/a", "path": to});
    let one = encode(&json!([copy("/b")]));
    let two = encode(&json!([copy("/b"), copy("/c")]));
    let limit = base.len() * 5 / 2;
    assert!(apply(&base, &[&one], limit).is_ok());
    assert_eq!(
        apply(&base, &[&two], base.len() * 3 / 2),
        Err(Error::TooLarge)
    );
    // Each patch counts for itself.
    let gone = encode(&json!([copy("/b"), {"op": "remove", "path": "/b"}]));
    assert!(apply(&base, &[&gone[..]; 20], limit).as_ref() == Ok(&base));
}

#[test]
fn a_result_over_the_limit_is_refused_before_the_memory_is_taken() {
    let base = build::object(&[(b"a", root(&numbers(100_000)).unwrap())]).unwrap();
    let patch = jsonb(r#"{"b": 1}"#);
    let (result, peak) = memory::peak(|| apply(&base, &[&patch], 1 << 16));
    assert_eq!(result, Err(Error::TooLarge));
    assert!(peak < 1 << 18, "{peak}");
}

/// `levels` arrays, each with a long text before the next and `last` behind it, around `innermost`.
fn nested(levels: usize, text: &str, innermost: &str, last: Option<&str>) -> Vec<u8> {
    let text = encode(&json!(text));
    let last = last.map(jsonb);
    let mut inner = jsonb(innermost);
    for _ in 0..levels {
        let mut items = vec![root(&text).unwrap(), root(&inner).unwrap()];
        items.extend(last.iter().map(|last| root(last).unwrap()));
        inner = build::array(&items).unwrap();
    }
    inner
}

#[test]
fn a_difference_at_the_end_of_deep_documents_is_found_by_reading_them_once() {
    let text = "text ".repeat(1000);
    for last in [None, Some(("[0]", "[1]"))] {
        let old = nested(900, &text, "true", last.map(|last| last.0));
        let new = nested(900, &text, "null", last.map(|last| last.1));
        let (patch, units) = counted(|| diff(&old, &new).unwrap());
        assert!(apply(&old, &[&patch], MAX_SIZE).as_ref() == Ok(&new));
        // A unit is 64 bytes: some eighty that each byte may be read.
        assert!(units < 2 * (old.len() + new.len()), "{units}");
    }
    // One that differs in length at each level.
    let old = nested(900, &text, "true", Some("[]"));
    let new = nested(900, &text, "null", Some("[2, 3]"));
    let (patch, units) = counted(|| diff(&old, &new).unwrap());
    assert!(apply(&old, &[&patch], MAX_SIZE).as_ref() == Ok(&new));
    assert!(units < 2 * (old.len() + new.len()), "{units}");
}

#[test]
fn arrays_with_nothing_in_common_are_not_aligned_for_ever() {
    let part =
        |from: usize| Value::Array((0..2000).map(|n| json!(n * 7919 % 2003 + from)).collect());
    let all = |from: usize| {
        encode(&Value::Array(
            (0..100).map(|n| json!([part(from), n])).collect(),
        ))
    };
    let (old, new) = (all(0), all(1000));
    let (patch, units) = counted(|| diff(&old, &new).unwrap());
    assert!(apply(&old, &[&patch], MAX_SIZE).as_ref() == Ok(&new));
    assert!(units < (1 << 27) + 8 * (old.len() + new.len()), "{units}");
}

/// What is asked for in the size of the state or the patch may be refused.
#[test]
fn without_memory_there_is_an_error() {
    let base = build::object(&[(b"a", root(&numbers(100_000)).unwrap())]).unwrap();
    let other = build::object(&[(b"b", root(&numbers(90_000)).unwrap())]).unwrap();
    let edits = encode(&json!([
        {"op": "remove", "path": "/a/5000"},
        {"op": "add", "path": "/a/7", "value": []},
    ]));
    let lost = |run: &dyn Fn() -> Result<Vec<u8>>| memory::at_most(1 << 16, run);
    assert_eq!(
        lost(&|| apply(&base, &[&edits], MAX_SIZE)),
        Err(Error::OutOfMemory)
    );
    assert_eq!(
        lost(&|| apply(&base, &[&other], MAX_SIZE)),
        Err(Error::OutOfMemory)
    );
    assert_eq!(lost(&|| diff(&base, &other)), Err(Error::OutOfMemory));
    let numbers = (numbers(50_000), numbers(60_000));
    let reversed = encode(&Value::Array((0..60_000).rev().map(|n| json!(n)).collect()));
    assert_eq!(
        lost(&|| diff(&numbers.0, &reversed)),
        Err(Error::OutOfMemory)
    );
    assert!(lost(&|| diff(&numbers.0, &numbers.0)).is_ok());
    let tests: Vec<_> = (0..9000)
        .map(|_| json!({"op": "test", "path": "/a/0", "value": 0}))
        .collect();
    let tests = encode(&json!([{"op": "test", "path": "/a", "value": []}, tests]));
    assert!(lost(&|| apply(&base, &[&tests], MAX_SIZE)).is_err());
}

thread_local! {
    static INTERRUPTED: Cell<bool> = const { Cell::new(false) };
}

/// The one hook of this process; other threads do not notice.
fn interrupt() {
    if INTERRUPTED.get() {
        INTERRUPTED.set(false);
        std::panic::panic_any("interrupted");
    }
}

#[test]
fn work_can_be_interrupted_and_done_again() {
    work::call_now_and_then(interrupt);
    let base = numbers(MANY);
    let moves = |at| json!({"op": "move", "from": format!("/{at}"), "path": "/77"});
    let patch = encode(&Value::Array(scattered(500, MANY).map(moves).collect()));
    let changed = apply(&base, &[&patch], MAX_SIZE).unwrap();
    let long = encode(&json!("long ".repeat(1 << 20)));
    let works: [&dyn Fn() -> Result<u64>; 7] = [
        &|| check(&base).map(|shape| shape.nodes as u64),
        &|| hash(&base),
        &|| hash(&long),
        &|| apply(&base, &[&patch], MAX_SIZE).and_then(|result| hash(&result)),
        &|| diff(&base, &changed).and_then(|patch| hash(&patch)),
        &|| diff(&changed, &base).and_then(|patch| hash(&patch)),
        &|| apply(&long, &[], MAX_SIZE).map(|result| result.len() as u64),
    ];
    for (index, run) in works.into_iter().enumerate() {
        let expected = run();
        INTERRUPTED.set(true);
        let unwound = catch_unwind(AssertUnwindSafe(run));
        assert!(unwound.is_err(), "{index} was not interrupted");
        assert!(!INTERRUPTED.get());
        assert_eq!(run(), expected);
    }
}
