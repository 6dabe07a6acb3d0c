//! Everything that reads one document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wfstate_core_tests::core::hash::hash;
use wfstate_core_tests::jsonb::{Pointer, Value, check, get, project, root};

fuzz_target!(|bytes: &[u8]| {
    let checked = check(bytes);
    let _ = hash(bytes);
    let paths: Vec<_> = ["", "/a", "/0/a"]
        .iter()
        .filter_map(|path| Pointer::parse(path.as_bytes()).ok())
        .collect();
    let _ = project(bytes, &paths);
    for path in &paths {
        let _ = get(bytes, path);
    }
    // Random access agrees with iteration where the document is whole.
    if checked.is_ok()
        && let Ok(Value::Array(array)) = root(bytes)
    {
        for (index, value) in array.iter().enumerate() {
            assert_eq!(array.get(index).ok().flatten(), value.ok());
        }
    }
});
