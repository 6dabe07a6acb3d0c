//! Checkpoints: what is kept with one, and which ones are meant by their names.

use super::limits::{self, MAX_NAME};
use super::{Code, StateError, StateResult};

/// Largest metadata of a checkpoint, in bytes of binary jsonb.
pub const MAX_METADATA: usize = 64 * 1024;

/// The metadata of a checkpoint: a JSON object of bounded size.
pub fn metadata<'a>(argument: &str, value: Option<&'a [u8]>) -> StateResult<Option<&'a [u8]>> {
    bounded(argument, value).map_err(|error| match error.code {
        Code::LimitExceeded => {
            error.hint("Keep what is large in a state, and here what leads to it.")
        }
        _ => error,
    })
}

/// What metadata must contain: the same.
pub fn containment(value: Option<&[u8]>) -> StateResult<Option<&[u8]>> {
    bounded("containment", value)
}

fn bounded<'a>(argument: &str, value: Option<&'a [u8]>) -> StateResult<Option<&'a [u8]>> {
    match limits::any_object(argument, value)? {
        Some(bytes) if bytes.len() > MAX_METADATA => {
            Err(limits::too_large(argument, bytes.len(), MAX_METADATA))
        }
        other => Ok(other),
    }
}

/// Which checkpoints of an execution are meant.
#[derive(Debug, PartialEq, Eq)]
pub enum Which {
    /// Those of these names.
    Names(Vec<String>),
    /// Those whose names begin so.
    Prefix(String),
}

/// Names or a prefix, one of which is given.
pub fn which(names: Option<Vec<Option<String>>>, prefix: Option<String>) -> StateResult<Which> {
    match (names, prefix) {
        (Some(_), Some(_)) => Err(StateError::invalid("names and prefix exclude each other")
            .hint("Give names or a prefix, not both.")),
        (None, None) => Err(
            StateError::invalid("names and prefix must not both be null")
                .hint("Say which checkpoints are meant."),
        ),
        (Some(names), None) => {
            limits::batch("names", names.len())?;
            let names = names.into_iter().map(|value| {
                let value = limits::required("a name", value)?;
                limits::name("a name", Some(&value))?;
                Ok(value)
            });
            names.collect::<StateResult<_>>().map(Which::Names)
        }
        (None, Some(prefix)) => {
            limits::name("prefix", Some(&prefix))?;
            Ok(Which::Prefix(prefix))
        }
    }
}

/// The least text that is greater than all that begin with the prefix, in order of bytes; `None` where there is none.
pub fn behind(prefix: &str) -> Option<String> {
    let mut rest = prefix.to_owned();
    while let Some(last) = rest.pop() {
        // Between these two are the surrogates, which are no characters.
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            other => char::from_u32(u32::from(other) + 1),
        };
        if let Some(next) = next {
            rest.push(next);
            return Some(rest);
        }
    }
    None
}

/// A checkpoint's place in the order of a list: by version, then by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Version that it stands for.
    pub version: i64,
    /// Its name.
    pub name: String,
}

impl Place {
    /// Before all others.
    pub fn first() -> Self {
        Place {
            version: 0,
            name: String::new(),
        }
    }

    /// Behind all others.
    pub fn last() -> Self {
        Place {
            version: i64::MAX,
            name: "\u{10FFFF}".repeat(MAX_NAME / 4 + 1),
        }
    }
}
