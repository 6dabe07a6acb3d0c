//! Lessons that agents remember: when two are the same, and the words by which they are found.

use super::super::{StateError, StateResult};
use std::borrow::Cow;

/// Most words of a query that are looked for.
pub const MAX_WORDS: usize = 32;
/// Longest word that text search gets whole, in bytes.
pub const MAX_WORD: usize = 512;
/// Most lexemes of a text, which are more than a tsvector of 1 MB holds.
pub const MAX_LEXEMES: usize = 1 << 18;
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

/// A text as text search gets it: words longer than 512 bytes in pieces. The server refuses words of 2 kB by what they
/// are in the text, but keeps the length of what dictionaries make of them in 11 bits; the lower-case form of a few
/// characters is longer than they are. So these are written in it, as they would be anyway.
pub fn searchable(text: &str) -> Cow<'_, str> {
    let grows = |character: char| matches!(character, 'Ⱥ' | 'Ⱦ');
    let long = text.split_whitespace().any(|word| word.len() > MAX_WORD);
    if !long && !text.contains(grows) {
        return Cow::Borrowed(text);
    }
    let (mut out, mut length) = (String::with_capacity(text.len() * 3 / 2), 0);
    for character in text.chars() {
        let character = match character {
            'Ⱥ' => 'ⱥ',
            'Ⱦ' => 'ⱦ',
            other => other,
        };
        length += character.len_utf8();
        if character.is_whitespace() {
            length = 0;
        } else if length > MAX_WORD {
            out.push(' ');
            length = character.len_utf8();
        }
        out.push(character);
    }
    Cow::Owned(out)
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

fn no_vector(detail: String) -> StateError {
    StateError::invalid("embedding is not a vector")
        .detail(detail)
        .hint("Give the numbers as the model gives them, or NULL where there is none.")
}

/// Refuses what an embedding cannot have as many of.
pub fn dimensions(count: usize) -> StateResult<()> {
    if (1..=MAX_DIMENSIONS).contains(&count) {
        return Ok(());
    }
    Err(no_vector(format!(
        "It has {count} numbers, but must have between 1 and {MAX_DIMENSIONS}."
    )))
}

/// An embedding, in single precision: finite numbers that are not all zero, since those have no direction.
#[allow(clippy::cast_possible_truncation)]
pub fn embedding(values: Vec<Option<f64>>) -> StateResult<Vec<f32>> {
    dimensions(values.len())?;
    let finite: Option<Vec<f32>> = values
        .into_iter()
        .map(|value| {
            value
                .map(|value| value as f32)
                .filter(|value| value.is_finite())
        })
        .collect();
    match finite {
        None => Err(no_vector(String::from(
            "One of its elements is NULL or no finite number.",
        ))),
        // As pgvector would, in single precision.
        Some(values) if values.iter().map(|value| value * value).sum::<f32>() == 0.0 => Err(
            no_vector(String::from("All of its elements are zero, or next to it.")),
        ),
        Some(values) => Ok(values),
    }
}
