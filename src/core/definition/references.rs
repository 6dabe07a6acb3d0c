//! How deep the references of a schema may lead. Compiling follows one into the next, each on the stack once, and so
//! does a check before it looks at the state again; neither asks the server how much of the stack is left.

use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Levels of everything that is referred to, together: some 400 kB of the stack.
const MOST: usize = 2000;

/// Places of a schema that a check of one value may come to, those behind references counted each time.
const MOST_PLACES: u64 = 1_000_000;

/// Refuses a schema whose references could lead too deep, or to too much.
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
    let mut places = Places {
        root: schema,
        named: HashMap::new(),
        counted: HashMap::new(),
    };
    places.name(schema);
    if places.of(schema) > MOST_PLACES {
        return Err(format!(
            "its references lead to more than {MOST_PLACES} places, each counted as often as it is come to"
        ));
    }

    Ok(())
}

/// Counts the places that a check comes to. What leads back to where it is under way goes on only deeper in the state,
/// which ends.
struct Places<'s> {
    root: &'s Value,
    /// Places with an id or an anchor.
    named: HashMap<&'s str, &'s Value>,
    /// By address; `None` while under way.
    counted: HashMap<*const Value, Option<u64>>,
}

impl<'s> Places<'s> {
    fn name(&mut self, value: &'s Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.name(item)),
            Value::Object(members) => {
                for name in ["$id", "id", "$anchor", "$dynamicAnchor"] {
                    if let Some(Value::String(text)) = members.get(name) {
                        self.named.insert(text.trim_matches('#'), value);
                    }
                }
                members.values().for_each(|member| self.name(member));
            }
            _ => {}
        }
    }

    fn of(&mut self, value: &'s Value) -> u64 {
        let address = std::ptr::from_ref(value);
        match self.counted.get(&address) {
            Some(Some(count)) => return *count,
            Some(None) => return 1,
            None => {}
        }
        let mut count = 1u64;
        match value {
            Value::Array(items) => {
                for item in items {
                    count = count.saturating_add(self.of(item));
                }
            }
            Value::Object(members) => {
                self.counted.insert(address, None);
                for (name, member) in members {
                    let below = match (name.as_str(), member) {
                        ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(target)) => {
                            let target = self.target(target);
                            self.of(target)
                        }
                        // Come to by references alone.
                        ("$defs" | "definitions", _) => 0,
                        // No places; comparing with them is work that is counted.
                        ("enum" | "const" | "default" | "examples", _) => 0,
                        _ => self.of(member),
                    };
                    count = count.saturating_add(below);
                }
                self.counted.insert(address, Some(count));
            }
            _ => {}
        }
        count
    }

    /// What a reference leads to; the whole schema where that is not found.
    fn target(&self, reference: &str) -> &'s Value {
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let within = match base {
            "" => Some(self.root),
            id => self.named.get(id).copied(),
        };
        let found = match fragment {
            "" => within,
            pointer if pointer.starts_with('/') => within.and_then(|at| at.pointer(pointer)),
            anchor => self.named.get(anchor).copied(),
        };
        found.unwrap_or(self.root)
    }
}

/// Bytes of what references lead to, each as often as there is a reference to it.
pub fn repeated(schema: &Value) -> usize {
    fn walk(value: &Value, root: &Value, sizes: &mut HashMap<String, usize>) -> usize {
        match value {
            Value::Array(items) => items.iter().fold(0usize, |sum, item| {
                sum.saturating_add(walk(item, root, sizes))
            }),
            Value::Object(members) => members.iter().fold(0usize, |sum, (name, member)| {
                let below = match (name.as_str(), member) {
                    ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(target)) => {
                        *sizes.entry(target.clone()).or_insert_with(|| {
                            let local = target.strip_prefix('#').and_then(|at| root.pointer(at));
                            local.unwrap_or(root).to_string().len()
                        })
                    }
                    _ => walk(member, root, sizes),
                };
                sum.saturating_add(below)
            }),
            _ => 0,
        }
    }
    walk(schema, schema, &mut HashMap::new())
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
