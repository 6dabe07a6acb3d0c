//! JSON Schema, drafts 4 to 2020-12, over binary jsonb: the crate `jsonschema` on its reader of PostgreSQL's format.
//!
//! References lead nowhere but into the schema itself and the published meta-schemas. Patterns are matched by an
//! engine whose time is bounded by the length of the text. `format` is asserted in every draft, as people expect.

use super::members::Members;
use super::message::{clipped, message};
use super::patterns;
use super::references;
use super::split::{Part, split};
use super::ticking::{Ticking, TickingNode};
use super::touches::Touch;
use super::violations::{Finding, Violations};
use crate::core::stack::bounded;
use crate::core::{StateError, StateResult};
use jsonschema::json::{Array, Node, Object};
use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Errors, with those inside of others, that a validation may make before it stops counting: they are in memory
/// all at once.
const MAX_ERRORS: usize = 50_000;
/// Bytes that the paths of these errors may take together.
const MAX_PATHS: usize = 64 << 20;
/// Bytes of what a schema refers to, each as often as it does, up to which it is compiled in parts, too.
const MOST_REPEATED: usize = 256 << 10;

/// A compiled schema.
pub struct Schema {
    whole: Validator<Ticking>,
    part: Part,
    members: Members,
    /// Bytes of the schema's text: what it takes compiled grows with it.
    size: usize,
}

impl Schema {
    /// Compiles a schema; what is wrong with it is for its author.
    pub fn compile(schema: &Value) -> Result<Self, String> {
        references::check(schema)?;
        let options = jsonschema::options_for::<Ticking>()
            .offline()
            .should_validate_formats(true)
            .with_pattern_options(
                PatternOptions::regex()
                    .size_limit(patterns::MOST_EACH)
                    .dfa_size_limit(patterns::REMEMBERED),
            );
        let whole = options.build(schema).map_err(|error| {
            let at = error.instance_path().as_str().to_owned();
            let why = clipped(&error.to_string());
            if at.is_empty() {
                why
            } else {
                format!("at {}: {why}", clipped(&at))
            }
        })?;
        // A part is compiled with all that it refers to.
        let part = match references::repeated(schema) {
            bytes if bytes > MOST_REPEATED => Part::Whole,
            _ => split(schema, &options).unwrap_or(Part::Whole),
        };
        Ok(Schema {
            whole,
            part,
            members: Members::of(schema),
            size: schema.to_string().len(),
        })
    }

    /// About the bytes of memory that it takes.
    pub fn memory(&self) -> usize {
        // Measured on schemas of 1 kB to 100 kB: 20 to 60 bytes for each of their text.
        self.size * 64
    }

    /// Adds what the value at `at` breaks; `rule` is what the schema is called.
    pub fn violations(
        &self,
        value: TickingNode<'_>,
        at: &str,
        rule: &str,
        found: &mut Violations,
    ) -> StateResult<()> {
        if bounded("state", || self.whole.is_valid(value))? {
            return Ok(());
        }
        bounded("state", || {
            let most = MAX_ERRORS.min(MAX_PATHS / longest_path(value).max(1));
            let counted = counted(most, || {
                for error in self.whole.iter_errors(value) {
                    found.add(|| finding(&error, at, rule));
                }
            });
            if !counted {
                // More than can be held: the first, and that there are many.
                if let Err(error) = self.whole.validate(value) {
                    found.add(|| finding(&error, at, rule));
                }
                found.add_others(most);
            }
        })?;
        if found.is_empty() {
            return Err(StateError::new(
                crate::core::Code::Internal,
                "internal error: a schema finds nothing wrong with what it refuses",
            ));
        }
        Ok(())
    }

    /// Whether the value satisfies it after a change below the pointers, when it did before: the same answer as
    /// for the whole.
    pub fn is_valid_after(
        &self,
        value: TickingNode<'_>,
        touched: &[Touch<'_>],
    ) -> StateResult<bool> {
        bounded("state", || {
            self.part.is_valid_after(&self.whole, value, touched)
        })
    }

    /// Whether a merge of these members into a value that satisfies it may make one that does not.
    pub fn reads_member(&self, name: &[u8]) -> bool {
        self.members.have(name)
    }
}

fn finding(error: &jsonschema::ValidationError<'_>, at: &str, rule: &str) -> Finding {
    Finding {
        path: format!("{at}{}", error.instance_path().as_str()),
        rule: format!("{rule}{}", error.schema_path().as_str()),
        message: message(error.kind()),
    }
}

thread_local! {
    /// Errors that may still be made.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Bytes of the longest path in a value: each error bears one.
fn longest_path(value: TickingNode<'_>) -> usize {
    if let Some(object) = value.as_object() {
        let below = object.members().map(|(name, member)| {
            // A slash, and some characters are written as two.
            (name.len() * 2 + 1).saturating_add(longest_path(member))
        });
        return below.max().unwrap_or(0);
    }
    if let Some(array) = value.as_array() {
        return array
            .elements()
            .map(longest_path)
            .max()
            .map_or(0, |below| below + 11);
    }
    0
}

struct TooMany;

/// Called for each error that is made.
pub(super) fn count_error() {
    LEFT.with(|left| match left.get().checked_sub(1) {
        Some(rest) => left.set(rest),
        None => resume_unwind(Box::new(TooMany)),
    });
}

/// Runs `body` as long as it makes no more errors than that; false when it was stopped.
fn counted(most: usize, body: impl FnOnce()) -> bool {
    LEFT.set(most);
    let ended = catch_unwind(AssertUnwindSafe(body));
    LEFT.set(usize::MAX);
    match ended {
        Ok(()) => true,
        Err(why) if why.is::<TooMany>() => false,
        Err(other) => resume_unwind(other),
    }
}
