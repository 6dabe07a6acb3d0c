//! What a violation of a JSON Schema says. The crate's own words quote the value; these never do, but what stands in
//! the schema, and the names of members, may be told.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

/// Characters of a schema's value, a name, or a list of them, that a message shows.
const SHOWN: usize = 120;

/// One lower-case line.
pub fn message(kind: &Kind) -> String {
    match kind {
        Kind::AdditionalItems { limit } => format!("has more than {limit} items"),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            format!("has members that are not allowed: {}", names(unexpected))
        }
        Kind::AnyOf { .. } => String::from("matches none of the schemas of anyOf"),
        Kind::OneOfNotValid { .. } => String::from("matches none of the schemas of oneOf"),
        Kind::OneOfMultipleValid { .. } => {
            String::from("matches more than one of the schemas of oneOf")
        }
        Kind::Not { .. } => String::from("matches the schema of not"),
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => {
            String::from("is too hard to match against the pattern")
        }
        Kind::Constant { expected_value } => format!("is not {}", shown(expected_value)),
        Kind::Enum { options } => format!("is none of {}", shown(options)),
        Kind::Contains => String::from("has not as many items as contains asks for"),
        Kind::ContentEncoding { content_encoding } => {
            format!("is not encoded as {}", clipped(content_encoding))
        }
        Kind::ContentMediaType { content_media_type } => {
            format!("is not of media type {}", clipped(content_media_type))
        }
        Kind::FromUtf8 { .. } => String::from("is not encoded text"),
        Kind::Custom { keyword, .. } => format!("breaks {}", clipped(keyword)),
        Kind::ExclusiveMaximum { limit } => format!("is not less than {}", shown(limit)),
        Kind::ExclusiveMinimum { limit } => format!("is not greater than {}", shown(limit)),
        Kind::Maximum { limit } => format!("is greater than {}", shown(limit)),
        Kind::Minimum { limit } => format!("is less than {}", shown(limit)),
        Kind::MultipleOf { multiple_of } => format!("is no multiple of {}", shown(multiple_of)),
        Kind::FalseSchema => String::from("is not allowed"),
        Kind::Format { format } => format!("is not of format {}", clipped(format)),
        Kind::MaxItems { limit } => format!("has more than {limit} items"),
        Kind::MinItems { limit } => format!("has fewer than {limit} items"),
        Kind::MaxLength { limit } => format!("is longer than {limit} characters"),
        Kind::MinLength { limit } => format!("is shorter than {limit} characters"),
        Kind::MaxProperties { limit } => format!("has more than {limit} members"),
        Kind::MinProperties { limit } => format!("has fewer than {limit} members"),
        Kind::Pattern { pattern } => format!("does not match the pattern {}", clipped(pattern)),
        Kind::PropertyNames { .. } => String::from("has a member whose name is not allowed"),
        Kind::Required { property } => format!("lacks the member {}", shown(property)),
        Kind::Type { kind } => format!("is not of type {}", types(kind)),
        Kind::UnevaluatedItems { .. } => String::from("has items that are not allowed"),
        Kind::UniqueItems => String::from("has equal items"),
        Kind::Referencing(_) => String::from("cannot be checked: a reference leads nowhere"),
    }
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(set) => {
            let names: Vec<String> = set.iter().map(|one| one.to_string()).collect();
            names.join(" or ")
        }
    }
}

/// A value of the schema.
fn shown(value: &Value) -> String {
    clipped(&value.to_string())
}

fn names(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().take(5).map(|n| format!("\"{n}\"")).collect();
    let more = if names.len() > 5 { ", …" } else { "" };
    clipped(&format!("{}{more}", quoted.join(", ")))
}

/// At most so many characters of it, on one line.
pub fn clipped(text: &str) -> String {
    let mut line: String = text
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    line
}
