//! How deep the references of a schema may lead. Compiling follows one into the next, each on the stack once, and so
//! does a check before it looks at the state again; neither asks the server how much of the stack is left.

use serde_json::Value;
use std::collections::BTreeSet;

/// Levels of everything that is referred to, together: some 400 kB of the stack.
const MOST: usize = 2000;

/// Refuses a schema whose references could lead too deep.
pub fn check(schema: &Value) -> Result<(), String> {
    let mut targets = BTreeSet::new();
    collect(schema, &mut targets);
    let level = |target: &str| {
        let local = target.strip_prefix('#').and_then(|at| schema.pointer(at));
        // An anchor or an id may be anywhere.
        height(local.unwrap_or(schema))
    };
    let levels: usize = targets.into_iter().map(level).sum();
    if levels > MOST {
        return Err(format!(
            "what its references lead to has more than {MOST} levels together"
        ));
    }
    Ok(())
}

fn height(value: &Value) -> usize {
    let below = match value {
        Value::Array(items) => items.iter().map(height).max(),
        Value::Object(members) => members.values().map(height).max(),
        _ => return 0,
    };
    1 + below.unwrap_or(0)
}

fn collect<'s>(schema: &'s Value, targets: &mut BTreeSet<&'s str>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| collect(item, targets)),
        Value::Object(members) => {
            for (name, value) in members {
                if let ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(target)) =
                    (name.as_str(), value)
                {
                    targets.insert(target);
                }
                collect(value, targets);
            }
        }
        _ => {}
    }
}
