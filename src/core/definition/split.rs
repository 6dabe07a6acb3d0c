//! A schema taken apart along `properties` and `items`, so that a change is held against what it can have broken, and
//! nothing else. Only where the other keywords of a place read no further than that place; all else stays whole.

use super::ticking::{Ticking, TickingArray, TickingNode};
use super::touches::Touch;
use jsonschema::json::{Array, Json, Node, Object};
use jsonschema::{ValidationOptions, Validator, ValidatorMap};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

type Options<'i> = ValidationOptions<'i, Arc<dyn jsonschema::Retrieve>, Ticking>;

/// Keywords that read no further than the place itself, the names of its members, or how many there are.
const SHALLOW: &[&str] = &[
    "type",
    "required",
    "minProperties",
    "maxProperties",
    "minItems",
    "maxItems",
    "dependentRequired",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
];
/// Keywords that check nothing.
const SILENT: &[&str] = &[
    "$schema",
    "$comment",
    "$defs",
    "definitions",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
];

/// Subschemas up to which a schema is taken apart; each is compiled by itself, with all that is in it.
const MOST_PARTS: usize = 4000;
/// The same where one may refer to any other, so that each may have all of them in it.
const MOST_REFERRING: usize = 250;

/// How a schema can be checked after a change.
pub enum Part {
    /// Anything below it may matter to anything else.
    Whole,
    /// Each member and item for itself.
    Split(Box<Split>),
}

/// A place whose members or items are checked one by one.
pub struct Split {
    /// What is asked of the place itself.
    shallow: Validator<Ticking>,
    members: HashMap<Vec<u8>, Member>,
    items: Option<(Validator<Ticking>, Part)>,
}

struct Member {
    key: <Ticking as Json>::PreparedKey,
    validator: Validator<Ticking>,
    part: Part,
}

/// Takes the schema apart; `None` where it can't be.
pub fn split(schema: &Value, options: &Options<'_>) -> Option<Part> {
    if !is_split(schema.as_object()?) {
        return None;
    }
    let (mut count, mut refers) = (0, false);
    subschemas(schema, &mut count, &mut refers);
    if count > if refers { MOST_REFERRING } else { MOST_PARTS } {
        return None;
    }
    let map = options.build_map(schema).ok()?;
    let draft = schema.get("$schema");
    Some(part(schema, "#", &map, draft, options))
}

/// How many objects there are, which may all be schemas, and whether one refers to another.
fn subschemas(schema: &Value, count: &mut usize, refers: &mut bool) {
    match schema {
        Value::Array(items) => items.iter().for_each(|i| subschemas(i, count, refers)),
        Value::Object(members) => {
            *count += 1;
            for (name, value) in members {
                *refers |= name.starts_with('$') && name.ends_with("ef");
                subschemas(value, count, refers);
            }
        }
        _ => {}
    }
}

pub(super) fn is_split(schema: &Map<String, Value>) -> bool {
    let splits = |key: &str, value: &Value| match key {
        "properties" => value.is_object(),
        // An array of schemas is one for each place.
        "items" => value.is_object() || value.is_boolean(),
        "additionalProperties" => value.is_boolean(),
        _ => SHALLOW.contains(&key) || SILENT.contains(&key),
    };
    schema.iter().all(|(key, value)| splits(key, value))
        && (schema.contains_key("properties") || schema.contains_key("items"))
}

fn part(
    schema: &Value,
    at: &str,
    map: &ValidatorMap<Ticking>,
    draft: Option<&Value>,
    options: &Options<'_>,
) -> Part {
    let made = schema
        .as_object()
        .filter(|own| is_split(own))
        .and_then(|own| made(own, at, map, draft, options));
    made.map_or(Part::Whole, |split| Part::Split(Box::new(split)))
}

fn made(
    own: &Map<String, Value>,
    at: &str,
    map: &ValidatorMap<Ticking>,
    draft: Option<&Value>,
    options: &Options<'_>,
) -> Option<Split> {
    let mut members = HashMap::new();
    for (name, below) in own
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let at = format!("{at}/properties/{}", escaped(name)?);
        let member = Member {
            key: Ticking::prepare_key(name),
            validator: map.get(&at)?.clone(),
            part: part(below, &at, map, draft, options),
        };
        members.insert(name.as_bytes().to_vec(), member);
    }
    let items = match own.get("items") {
        Some(below) => {
            let at = format!("{at}/items");
            Some((map.get(&at)?.clone(), part(below, &at, map, draft, options)))
        }
        None => None,
    };
    Some(Split {
        shallow: options.build(&shallow(own, draft)).ok()?,
        members,
        items,
    })
}

/// The place's own keywords; of its members, only that they are known.
fn shallow(own: &Map<String, Value>, draft: Option<&Value>) -> Value {
    let mut kept = Map::new();
    if let Some(draft) = draft {
        kept.insert(String::from("$schema"), draft.clone());
    }
    for (key, value) in own {
        if SHALLOW.contains(&key.as_str()) || key == "additionalProperties" {
            kept.insert(key.clone(), value.clone());
        }
    }
    if let Some(properties) = own.get("properties").and_then(Value::as_object) {
        let any = || Value::Object(Map::new());
        let known = properties.keys().map(|name| (name.clone(), any()));
        kept.insert(String::from("properties"), Value::Object(known.collect()));
    }
    Value::Object(kept)
}

/// A name as a pointer in a URI's fragment has it; `None` where that needs escapes beyond the pointer's own.
fn escaped(name: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | '/');
    name.chars()
        .all(plain)
        .then(|| name.replace('~', "~0").replace('/', "~1"))
}

/// Tokens below the place, and whether something was put there or taken away.
type Below<'t> = (&'t [Cow<'t, [u8]>], bool);

impl Part {
    /// Whether a value that satisfied it before the changes still does.
    pub fn is_valid_after(
        &self,
        own: &Validator<Ticking>,
        value: TickingNode<'_>,
        touches: &[Touch<'_>],
    ) -> bool {
        let below: Vec<Below<'_>> = touches
            .iter()
            .map(|touch| (touch.tokens.as_slice(), touch.shifts))
            .collect();
        self.holds(own, value, &below)
    }

    fn holds(
        &self,
        own: &Validator<Ticking>,
        value: TickingNode<'_>,
        touches: &[Below<'_>],
    ) -> bool {
        if touches.is_empty() {
            return true;
        }
        match self {
            Part::Split(split) if touches.iter().all(|(tokens, _)| !tokens.is_empty()) => {
                split.holds(own, value, touches)
            }
            _ => own.is_valid(value),
        }
    }
}

impl Split {
    fn holds(
        &self,
        own: &Validator<Ticking>,
        value: TickingNode<'_>,
        touches: &[Below<'_>],
    ) -> bool {
        if !self.shallow.is_valid(value) {
            return false;
        }
        let mut groups: HashMap<&[u8], Vec<Below<'_>>> = HashMap::new();
        for (tokens, shifts) in touches {
            if let Some((first, rest)) = tokens.split_first() {
                groups.entry(first).or_default().push((rest, *shifts));
            }
        }
        if let Some(object) = value.as_object() {
            return groups.iter().all(|(name, below)| {
                let member = self.members.get(*name);
                let child = member.and_then(|member| Some((member, object.get(&member.key)?)));
                child.is_none_or(|(member, child)| {
                    member.part.holds(&member.validator, child, below)
                })
            });
        }
        match (&self.items, value.as_array()) {
            (Some(items), Some(array)) => self.items_hold(items, &array, &groups),
            (None, Some(_)) => true,
            // Neither was there something below it before.
            _ => own.is_valid(value),
        }
    }

    /// Each element has to satisfy the same, wherever it stands. What an operation put in lies where it said, unless a
    /// later one moved it, and then at the place of the foremost that moves something, or behind.
    fn items_hold(
        &self,
        (validator, part): &(Validator<Ticking>, Part),
        array: &TickingArray<'_>,
        groups: &HashMap<&[u8], Vec<Below<'_>>>,
    ) -> bool {
        // No more lies behind what was appended than was put in.
        let shifted = |(rest, moves): &&Below<'_>| rest.is_empty() && *moves;
        let shifts = |below: &Vec<Below<'_>>| below.iter().any(|below| shifted(&below));
        let appended = groups.values().flatten().filter(shifted).count();
        let appended = array.len().saturating_sub(appended);
        let mut from = array.len();
        let mut inside: HashMap<usize, &Vec<Below<'_>>> = HashMap::new();
        for (token, below) in groups {
            match index(token) {
                None if *token == b"-" => from = from.min(appended),
                None => from = 0,
                Some(at) if shifts(below) => from = from.min(at),
                Some(at) => drop(inside.insert(at, below)),
            }
        }
        let mut elements = array.elements().enumerate();
        elements.all(|(at, element)| {
            if at >= from {
                return validator.is_valid(element);
            }
            let below = inside.get(&at);
            below.is_none_or(|below| part.holds(validator, element, below))
        })
    }
}

fn index(token: &[u8]) -> Option<usize> {
    std::str::from_utf8(token).ok()?.parse().ok()
}
