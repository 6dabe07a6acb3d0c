//! What arguments may be: lengths, counts and enumerations, each with its refusal.

use super::statuses::STATUSES;
use super::{Code, StateError, StateResult};

/// Longest id or name, in bytes: keys must fit an index.
pub const MAX_NAME: usize = 255;
/// Levels of nesting that a state may have.
pub const MAX_STATE_DEPTH: usize = 1000;
/// Longest note, in bytes.
pub const MAX_NOTE: usize = 8 * 1024;
/// Largest tags or candidates, in bytes of binary jsonb.
pub const MAX_TAGS: usize = 16 * 1024;
/// Most executions in one batch.
pub const MAX_BATCH: usize = 1000;
/// Bytes of the states of one batch, unless a single state may be larger.
pub const MAX_BATCH_BYTES: usize = 64 * 1024 * 1024;
/// Most rows of one page.
pub const MAX_ROWS: i32 = 10_000;
/// Characters of a refused value that a message quotes.
const MAX_QUOTED: usize = 40;
/// An argument that must not be NULL.
pub fn required<T>(argument: &str, value: Option<T>) -> StateResult<T> {
    value.ok_or_else(|| {
        StateError::invalid(format!("{argument} must not be null"))
            .hint(format!("Give {argument} a value."))
    })
}

/// An id or a name that must be given.
pub fn name<'a>(argument: &str, value: Option<&'a str>) -> StateResult<&'a str> {
    let value = required(argument, value)?;
    if value.is_empty() {
        return Err(
            StateError::invalid(format!("{argument} must not be empty")).hint(format!(
                "Give {argument} between 1 and {MAX_NAME} bytes of text."
            )),
        );
    }
    within(argument, value, MAX_NAME)
}

/// An id or a name that may be left out.
pub fn optional_name<'a>(argument: &str, value: Option<&'a str>) -> StateResult<Option<&'a str>> {
    value.map(|v| name(argument, Some(v))).transpose()
}

/// A note, which may be left out.
pub fn note(value: Option<&str>) -> StateResult<Option<&str>> {
    text("note", value)
}

/// A free text as long as a note may be, which may be left out.
pub fn text<'a>(argument: &str, value: Option<&'a str>) -> StateResult<Option<&'a str>> {
    value.map(|v| within(argument, v, MAX_NOTE)).transpose()
}

/// A text of at most so many bytes.
pub fn within<'a>(argument: &str, value: &'a str, most: usize) -> StateResult<&'a str> {
    if value.len() <= most {
        return Ok(value);
    }
    Err(
        StateError::new(Code::LimitExceeded, format!("{argument} is too long"))
            .detail(format!(
                "It has {} bytes, but at most {most} are allowed.",
                value.len()
            ))
            .hint(format!("Shorten {argument}.")),
    )
}

/// A JSON object of bounded size, such as tags.
pub fn object<'a>(argument: &str, value: Option<&'a [u8]>) -> StateResult<Option<&'a [u8]>> {
    document(argument, any_object(argument, value)?)
}

/// A JSON object.
pub fn any_object<'a>(argument: &str, value: Option<&'a [u8]>) -> StateResult<Option<&'a [u8]>> {
    let Some(bytes) = value else { return Ok(None) };
    let root = super::jsonb::root(bytes).map_err(|e| StateError::bad_document(argument, e))?;
    if !matches!(root, super::jsonb::Value::Object(_)) {
        return Err(
            StateError::invalid(format!("{argument} must be a json object"))
                .hint("Write it as {\"key\": \"value\"}."),
        );
    }
    Ok(value)
}

/// A JSON document of bounded size.
pub fn document<'a>(argument: &str, value: Option<&'a [u8]>) -> StateResult<Option<&'a [u8]>> {
    match value {
        Some(bytes) if bytes.len() > MAX_TAGS => Err(too_large(argument, bytes.len(), MAX_TAGS)
            .hint("Keep what is large in a state, and here what leads to it.")),
        other => Ok(other),
    }
}

/// A duration in milliseconds, which may be left out.
pub fn duration_ms(value: Option<f64>) -> StateResult<Option<f64>> {
    match value {
        Some(ms) if super::stats::summary::valid(Some(ms)).is_none() => {
            Err(StateError::invalid("duration_ms is out of range")
                .detail(format!("It is {ms}."))
                .hint(
                    "Give milliseconds from 0 to 2^40 (34 years), or NULL where it is not known.",
                ))
        }
        other => Ok(other),
    }
}

/// Longest age or wait, with months of 31 days: beyond, a time before or after now is none.
const LONGEST_DAYS: i64 = 1000 * 372;

/// An age: not negative.
pub fn age(argument: &str, months: i32, days: i32, micros: i64) -> StateResult<()> {
    if months < 0 || days < 0 || micros < 0 {
        return Err(
            StateError::invalid(format!("{argument} must not be negative"))
                .hint("Give a length of time, such as interval '30 days'."),
        );
    }
    let in_days = i64::from(months) * 31 + i64::from(days) + micros / 86_400_000_000;
    if in_days > LONGEST_DAYS {
        return Err(StateError::invalid(format!("{argument} is out of range"))
            .detail("It must be at most 1000 years.")
            .hint("Give a length of time, such as interval '30 days'."));
    }
    Ok(())
}

/// A document over a limit.
pub fn too_large(argument: &str, size: usize, most: usize) -> StateError {
    StateError::new(Code::LimitExceeded, format!("{argument} is too large")).detail(format!(
        "It takes {size} bytes as jsonb, but at most {most} are allowed."
    ))
}

/// What to do about a state that is too large.
const SPLIT: &str = "Split the state over several executions, or let an administrator raise wfstate.max_state_size.";

/// A state over the setting's limit.
pub fn state_too_large(size: usize, most: usize) -> StateError {
    too_large("state", size, most).hint(SPLIT)
}

/// A state so far over the setting's limit that it was never made.
pub fn state_too_large_to_make(most: usize) -> StateError {
    StateError::new(Code::LimitExceeded, "state is too large")
        .detail(format!(
            "What the patch makes, copies included, takes far more than the {most} bytes that are allowed."
        ))
        .hint(SPLIT)
}

/// What was given for an argument as a message quotes it: its first 40 characters, on one line. Never of a state.
pub fn quoted(value: &str) -> String {
    let mut characters = value.chars();
    let mut text: String = characters
        .by_ref()
        .take(MAX_QUOTED)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if characters.next().is_some() {
        text.push_str("...");
    }
    format!("\"{text}\"")
}

/// A value that is none of those that there are.
pub fn unknown(argument: &str, value: &str, known: &[&str]) -> StateError {
    StateError::invalid(format!("{argument} {} is not known", quoted(value)))
        .hint(format!("Use one of {}.", known.join(", ")))
}

/// A status, which may be left out.
pub fn status(value: Option<&str>) -> StateResult<Option<&str>> {
    match value {
        Some(v) if !STATUSES.contains(&v) => Err(unknown("status", v, &STATUSES)),
        other => Ok(other),
    }
}

/// An expected version: NULL, or not negative.
pub fn expected(value: Option<i64>) -> StateResult<Option<i64>> {
    match value {
        Some(v) if v < 0 => Err(
            StateError::invalid("expected_version must not be negative")
                .detail(format!("It is {v}."))
                .hint("Use NULL for the last write wins, 0 for must not exist, n for must be at version n."),
        ),
        other => Ok(other),
    }
}

/// A version: positive.
pub fn version(argument: &str, value: i64) -> StateResult<i64> {
    if value < 1 {
        return Err(StateError::invalid(format!("{argument} must be positive"))
            .detail(format!("It is {value}."))
            .hint("Versions count from 1."));
    }
    Ok(value)
}

/// A version, which may be left out.
pub fn optional_version(argument: &str, value: Option<i64>) -> StateResult<Option<i64>> {
    value.map(|v| version(argument, v)).transpose()
}

/// How many versions to keep, which may be left out where their age is given.
pub fn kept(keep_last: Option<i32>, has_age: bool) -> StateResult<()> {
    match keep_last {
        None if !has_age => Err(StateError::invalid(
            "keep_last and older_than must not both be null",
        )
        .hint("Say how many versions to keep, or how old those must be that may go.")),
        Some(keep) if keep < 1 => Err(StateError::invalid("keep_last must be positive")
            .detail(format!("It is {keep}."))
            .hint("The head is always kept; wf_delete removes an execution.")),
        _ => Ok(()),
    }
}

/// Rows of a page, of a list that goes on behind it.
pub fn max_rows(value: Option<i32>) -> StateResult<i64> {
    rows("max_rows", value).map_err(|error| match value {
        Some(value) if value > MAX_ROWS => {
            error.hint("Fetch more in pages: pass the last row's key as after.")
        }
        _ => error,
    })
}

/// Rows that a call gives or works on, where it has no pages.
pub fn rows(argument: &str, value: Option<i32>) -> StateResult<i64> {
    let value = within_range(argument, value, (1, MAX_ROWS))?;
    required(argument, value).map(i64::from)
}

/// States of a batch together, where a single one may have `most` bytes.
pub fn batch_bytes(size: usize, most: usize) -> StateResult<()> {
    let most = most.max(MAX_BATCH_BYTES);
    if size > most {
        return Err(too_large("batch of states", size, most).hint("Send several batches."));
    }
    Ok(())
}

/// What the steps of one call answer together.
pub fn answer_bytes(size: usize) -> StateResult<()> {
    if size > MAX_BATCH_BYTES {
        let answers = too_large("what these steps answer", size, MAX_BATCH_BYTES);
        return Err(answers.hint("Name fewer steps in a call."));
    }
    Ok(())
}

/// A number in a range, which may be left out.
pub fn within_range<T: PartialOrd + std::fmt::Display + Copy>(
    argument: &str,
    value: Option<T>,
    (least, most): (T, T),
) -> StateResult<Option<T>> {
    match value {
        Some(v) if !(v >= least && v <= most) => {
            Err(StateError::invalid(format!("{argument} is out of range"))
                .detail(format!(
                    "It is {v}, but must be between {least} and {most}."
                ))
                .hint(format!("Give {argument} such a value, or leave it out.")))
        }
        other => Ok(other),
    }
}

/// Executions of a batch.
pub fn batch(argument: &str, count: usize) -> StateResult<()> {
    elements(argument, count, MAX_BATCH)
}

/// Elements of an array.
pub fn elements(argument: &str, count: usize, most: usize) -> StateResult<()> {
    if count <= most {
        return Ok(());
    }
    Err(StateError::new(
        Code::LimitExceeded,
        format!("{argument} has too many elements"),
    )
    .detail(format!("It has {count}, but at most {most} are allowed."))
    .hint("Send several batches."))
}
