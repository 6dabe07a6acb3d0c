//! Lessons that agents remember: when two are the same, and the words by which they are found.

use super::super::{StateError, StateResult};

/// Most words of a query that are looked for.
pub const MAX_WORDS: usize = 32;
/// Most dimensions of an embedding, which are those of pgvector.
pub const MAX_DIMENSIONS: usize = 16_000;

/// What a lesson is the same by: its tool, and its text without regard to case and white space. A sigma at the end of a
/// word is the small letter of the same capital as others.
pub fn key(tool: Option<&str>, lesson: &str) -> String {
    let words = lesson.split_whitespace();
    let words: Vec<String> = words
        .map(|word| word.to_lowercase().replace('ς', "σ"))
        .collect();
    let tool = tool.unwrap_or_default();
    format!("{}:{tool}{}", tool.len(), words.join(" "))
}

/// A word as the index has it: below its tenant, and its tool or none. Lengths before names, so that no two pairs are
/// written alike.
pub fn scoped(tenant: &str, tool: &str, word: &str) -> String {
    format!("{}:{tenant}{}:{tool}{word}", tenant.len(), tool.len())
}

/// A lexeme as a tsquery of its own.
pub fn quoted(lexeme: &str) -> String {
    let escaped = lexeme.replace('\\', "\\\\").replace('\'', "''");
    format!("'{escaped}'")
}

/// A tsquery of any of the lexemes.
pub fn any_of(lexemes: &[String]) -> String {
    let quoted: Vec<String> = lexemes.iter().map(|lexeme| quoted(lexeme)).collect();
    quoted.join(" | ")
}

/// An embedding: finite numbers that are not all zero, since those have no direction.
pub fn embedding(values: Option<Vec<Option<f32>>>) -> StateResult<Option<Vec<f32>>> {
    let Some(values) = values else {
        return Ok(None);
    };
    let refused = |detail: String| {
        StateError::invalid("embedding is not a vector")
            .detail(detail)
            .hint("Give the numbers as the model gives them, or NULL where there is none.")
    };
    if values.is_empty() || values.len() > MAX_DIMENSIONS {
        return Err(refused(format!(
            "It has {} numbers, but must have between 1 and {MAX_DIMENSIONS}.",
            values.len()
        )));
    }
    let finite: Option<Vec<f32>> = values
        .into_iter()
        .map(|value| value.filter(|value| value.is_finite()))
        .collect();
    match finite {
        None => Err(refused(String::from(
            "One of its elements is NULL or no finite number.",
        ))),
        // As pgvector would, in single precision.
        Some(values) if values.iter().map(|value| value * value).sum::<f32>() == 0.0 => Err(
            refused(String::from("All of its elements are zero, or next to it.")),
        ),
        Some(values) => Ok(Some(values)),
    }
}
