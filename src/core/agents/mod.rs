//! What agents keep besides a state: what a session's state says of it, items of todo lists, thoughts, lessons.

pub mod lesson;
pub mod session;
pub mod todo;

use super::{Code, StateError, StateResult, limits};

/// Longest thought, action or observation, in bytes.
pub const MAX_TEXT: usize = 1024 * 1024;

/// A long text, which may be left out.
pub fn long_text<'a>(argument: &str, value: Option<&'a str>) -> StateResult<Option<&'a str>> {
    match value {
        Some(text) if text.len() > MAX_TEXT => Err(StateError::new(
            Code::LimitExceeded,
            format!("{argument} is too long"),
        )
        .detail(format!(
            "It has {} bytes, but at most {MAX_TEXT} are allowed.",
            text.len()
        ))
        .hint(format!("Shorten {argument}."))),
        other => Ok(other),
    }
}

/// Thoughts of a batch together.
pub fn batch_bytes(size: usize) -> StateResult<()> {
    let most = limits::MAX_BATCH_BYTES;
    if size <= most {
        return Ok(());
    }
    Err(
        StateError::new(Code::LimitExceeded, "batch of thoughts is too large")
            .detail(format!(
                "It takes {size} bytes, but at most {most} are allowed."
            ))
            .hint("Send several batches."),
    )
}
