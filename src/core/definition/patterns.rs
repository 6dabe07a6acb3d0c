//! What the patterns of a definition take in memory. A short one can take a lot: `\w{900}` is 700 kB when compiled.

use super::format::Format;
use crate::core::work::work;
use regex::{Error, Regex, RegexBuilder};
use serde_json::Value;
use std::collections::BTreeSet;

/// Bytes that one compiled pattern may take.
pub const MOST_EACH: usize = 1 << 20;
/// Bytes that those of a definition may take.
const MOST_TOGETHER: usize = 16 << 20;
/// Different patterns that a definition may have: each takes time to compile, which cannot be interrupted.
const MOST: usize = 1000;
/// Bytes that one may use for what it remembers of texts that it was matched with.
pub const REMEMBERED: usize = 1 << 16;

/// More work than there is between two looks whether to go on.
const LONG: usize = 1 << 16;

/// Compiles a pattern of an id.
pub fn pattern(text: &str) -> Result<Regex, String> {
    work(LONG);
    let compiled = RegexBuilder::new(text)
        .size_limit(MOST_EACH)
        .dfa_size_limit(REMEMBERED)
        .build();
    compiled.map_err(|e| super::message::clipped(&e.to_string()))
}

/// About the bytes that the patterns of a definition take, or why they are too many.
pub fn cost(format: &Format) -> Result<usize, String> {
    let mut found = BTreeSet::new();
    let sections = format.sections.iter().map(|section| &section.schema);
    for schema in sections.chain(&format.schema) {
        collect(schema, &mut found);
    }
    let ids = format.ids.iter().filter_map(|id| id.pattern.clone());
    // The classes of a schema's patterns are those of ECMA-262.
    let classes = [("\\d", "[0-9]"), ("\\w", "[0-9A-Za-z_]")];
    let schemas = found.into_iter().map(|text| {
        let of = |text: String, (class, is): &(&str, &str)| text.replace(class, is);
        classes.iter().fold(text.to_owned(), of)
    });
    let found: BTreeSet<String> = schemas.chain(ids).collect();
    if found.len() > MOST {
        return Err(format!("has more than {MOST} different patterns"));
    }
    let mut together = 0;
    for text in found {
        together += size(&text);
        if together > MOST_TOGETHER {
            let most = MOST_TOGETHER >> 20;
            return Err(format!(
                "its patterns take more than {most} MB when compiled"
            ));
        }
    }
    Ok(together)
}

/// What the pattern takes, to a power of two. What does not compile here is another's to refuse.
fn size(text: &str) -> usize {
    let fits = |limit: &usize| {
        // Compiling looks at nothing on the way.
        work(LONG);
        let compiled = RegexBuilder::new(text).size_limit(*limit).build();
        !matches!(compiled, Err(Error::CompiledTooBig(_)))
    };
    let limits = (12..20).map(|bits| 1 << bits);
    limits.into_iter().find(fits).unwrap_or(MOST_EACH)
}

/// Everything that may be a pattern, wherever it stands.
fn collect<'s>(schema: &'s Value, found: &mut BTreeSet<&'s str>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("pattern", Value::String(text)) => drop(found.insert(text)),
                    ("patternProperties", Value::Object(by_pattern)) => {
                        found.extend(by_pattern.keys().map(String::as_str));
                    }
                    _ => {}
                }
                collect(value, found);
            }
        }
        _ => {}
    }
}
