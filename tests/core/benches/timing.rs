//! What the jsonb code costs on documents of about 1 MB: medians.
//! `cargo bench -p wfstate-core-tests`

use std::hint::black_box;
use std::time::Instant;
use wfstate_core_tests::core::hash::{Seen, chain, has_hash, hash, patch_hash};
use wfstate_core_tests::jsonb::{
    self, MAX_SIZE, Pointer, Value, build, check, diff, get, project, root,
};

fn apply(base: &[u8], patches: &[&[u8]]) -> wfstate_core_tests::core::Result<Vec<u8>> {
    jsonb::apply(base, patches, MAX_SIZE)
}

fn text(text: &str) -> Value<'_> {
    Value::String(text.as_bytes())
}

/// `{"role": "user", "content": ...}` of about `size` bytes.
fn message(number: usize, size: usize) -> Vec<u8> {
    let line = format!("message {number} says ");
    let content = line.repeat(size / line.len());
    build::object(&[(b"role", text("user")), (b"content", text(&content))]).unwrap()
}

fn state(messages: &[Vec<u8>]) -> Vec<u8> {
    let items: Vec<_> = messages.iter().map(|bytes| root(bytes).unwrap()).collect();
    let items = build::array(&items).unwrap();
    build::object(&[
        (b"messages", root(&items).unwrap()),
        (b"phase", text("run")),
    ])
    .unwrap()
}

fn operation(op: &str, path: &str, value: Value<'_>) -> Vec<u8> {
    let members = [
        (&b"op"[..], text(op)),
        (b"path", text(path)),
        (b"value", value),
    ];
    let operation = build::object(&members).unwrap();
    build::array(&[root(&operation).unwrap()]).unwrap()
}

fn time<T>(what: &str, mut run: impl FnMut() -> T) {
    let mut micros: Vec<f64> = (0..31)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    micros.sort_by(f64::total_cmp);
    println!("{:>9.1} us  {what}", micros[micros.len() / 2]);
}

fn patched(base: &[u8], patches: &[Vec<u8>]) -> Vec<u8> {
    let patches: Vec<&[u8]> = patches.iter().map(Vec::as_slice).collect();
    apply(base, &patches).unwrap()
}

fn loads(base: &[u8], messages: &[Vec<u8>]) {
    let appends: Vec<_> = (0..1500)
        .map(|n| operation("add", "/messages/-", root(&messages[n]).unwrap()))
        .collect();
    let spread: Vec<_> = (0..1500)
        .map(|n| {
            let path = format!("/messages/{}", n * 7 % messages.len());
            operation("replace", &path, root(&messages[n]).unwrap())
        })
        .collect();
    let window: Vec<_> = (0..1500)
        .map(|n| match n % 2 {
            0 => operation("add", "/messages/-", root(&messages[n]).unwrap()),
            _ => operation("remove", "/messages/0", Value::Null),
        })
        .collect();
    let merges: Vec<_> = (0..1500)
        .map(|n| {
            let key = format!("key {}", n * 7919 % 1500);
            build::object(&[(key.as_bytes(), root(&messages[n]).unwrap())]).unwrap()
        })
        .collect();
    time("load: memcpy of 1 MB (the floor)", || base.to_vec());
    time("load: 1 MB, no patch", || patched(base, &[]));
    time("load: 1 MB + 1 append", || patched(base, &appends[..1]));
    time("load: 1 MB + 1500 appends", || patched(base, &appends));
    time("load: 1 MB + 1500 replaced elements", || {
        patched(base, &spread)
    });
    time("load: 1 MB + sliding window", || patched(base, &window));
    time("load: 1 MB + 1500 merge patches", || patched(base, &merges));
}

fn differences(base: &[u8], messages: &[Vec<u8>]) {
    let changed = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut copy = messages.to_vec();
        change(&mut copy);
        state(&copy)
    };
    let appended = changed(&|m| m.push(message(9999, 400)));
    time("diff: append", || diff(base, &appended).unwrap());
    let inserted = changed(&|m| m.insert(0, message(9999, 400)));
    time("diff: insert in front", || diff(base, &inserted).unwrap());
    let middle = changed(&|m| m[1200] = message(9999, 400));
    time("diff: one changed", || diff(base, &middle).unwrap());
    let window = changed(&|m| {
        m.drain(..20);
        m.extend((0..20).map(|n| message(9000 + n, 400)));
    });
    time("diff: window moved by 20", || diff(base, &window).unwrap());
    let every_fifth = changed(&|m| {
        (0..m.len())
            .step_by(5)
            .for_each(|n| m[n] = message(n + 1, 410))
    });
    time("diff: every fifth changed", || {
        diff(base, &every_fifth).unwrap()
    });
    let unrelated = changed(&|m| (0..m.len()).for_each(|n| m[n] = message(n + 5000, 300)));
    time("diff: nothing in common", || {
        diff(base, &unrelated).unwrap()
    });
    let same = base.to_vec();
    time("diff: equal", || diff(base, &same).unwrap());
}

fn main() {
    let messages: Vec<_> = (0..2500).map(|n| message(n, 400)).collect();
    let base = state(&messages);
    println!("{:>9} bytes, {} messages", base.len(), messages.len());
    loads(&base, &messages);
    differences(&base, &messages);

    time("hash: 1 MB of messages", || hash(&base).unwrap());
    let known = hash(&base).unwrap();
    time("hash compared: 1 MB of messages", || {
        has_hash(&base, known).unwrap()
    });
    let patches: Vec<_> = (0..1500)
        .map(|n| operation("add", "/messages/-", root(&message(n, 200)).unwrap()))
        .collect();
    time("hash: 1500 patches of 250 bytes", || {
        patches
            .iter()
            .map(|patch| patch_hash(patch).unwrap())
            .fold(0, |all, one| all ^ one)
    });
    let of = |patch: &Vec<u8>| chain(7, patch_hash(patch).unwrap().cast_signed());
    let chained: Vec<_> = patches.iter().map(of).collect();
    time("hash compared: 1500 patches of 250 bytes", || {
        let known = patches.iter().zip(&chained);
        known
            .filter(|(patch, hash)| Seen::of(patch).is_chained(7, patch, **hash).unwrap())
            .count()
    });
    time("check: 1 MB of messages", || check(&base).unwrap());
    let words: Vec<_> = (0..40_000).map(|n| format!("word {n}")).collect();
    let words: Vec<_> = words.iter().map(|word| text(word)).collect();
    let small = build::array(&words).unwrap();
    println!("{:>9} bytes, {} short strings", small.len(), words.len());
    time("hash: short strings", || hash(&small).unwrap());
    time("check: short strings", || check(&small).unwrap());
    let append = operation("add", "/-", text("one more"));
    time("append to short strings", || {
        apply(&small, &[&append]).unwrap()
    });
    let replace = operation("replace", "/0", text("other"));
    time("replace the first of them", || {
        apply(&small, &[&replace]).unwrap()
    });
    let replaced = apply(&small, &[&replace]).unwrap();
    time("diff of that", || diff(&small, &replaced).unwrap());

    let pointer = Pointer::parse(b"/messages/1234/role").unwrap();
    time("get: one path (x 1000)", || {
        (0..1000)
            .filter(|_| get(&base, &pointer).unwrap().is_some())
            .count()
    });
    let declared = [
        Pointer::parse(b"/phase").unwrap(),
        Pointer::parse(b"/no").unwrap(),
    ];
    time("project (x 1000)", || {
        (0..1000)
            .map(|_| project(&base, &declared).unwrap().len())
            .sum::<usize>()
    });
}
