//! What can go wrong with a document or a patch.

use std::fmt;

/// Shorthand for results of this module.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a document could not be read, written or patched.
///
/// Small and `Copy` because the readers return it per element. It never holds
/// a part of a document; `jsonb::patch::locate` finds the operation's pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The bytes are not a jsonb document.
    Corrupt(&'static str),
    /// Nested deeper than `jsonb::MAX_DEPTH`.
    TooDeep,
    /// Larger than a jsonb document can be, or than the limit that was set.
    TooLarge,
    /// The patch would take more work than a document of its size can need.
    TooMuchWork,
    /// There is no memory for it.
    OutOfMemory,
    /// The patch is malformed or does not apply.
    Patch {
        /// Position of the operation in its patch (0 for a merge patch).
        index: usize,
        /// What is wrong with it.
        reason: PatchReason,
    },
}

/// Why an operation of a patch was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchReason {
    /// Neither an object (merge patch) nor an array (JSON Patch).
    NotAPatch,
    /// An element of a JSON Patch is not an object.
    NotAnOperation,
    /// `op` is none of add, remove, replace, move, copy, test.
    UnknownOperation,
    /// `op`, `path`, `from` or `value` is missing or not of its type.
    MissingMember,
    /// Not a JSON Pointer (RFC 6901).
    BadPointer,
    /// The path leads nowhere.
    PathNotFound,
    /// The index is past the end of the array.
    IndexOutOfRange,
    /// A `test` found another value.
    TestFailed,
    /// The whole document cannot be removed.
    RemoveRoot,
    /// A value cannot be moved into itself.
    MoveIntoItself,
}

impl Error {
    /// A refusal whose position is not known yet.
    pub(super) fn refused(reason: PatchReason) -> Self {
        Error::Patch { index: 0, reason }
    }

    /// What is wrong, without saying of what.
    pub fn why(&self) -> String {
        match self {
            Error::Corrupt(what) => String::from(*what),
            other => other.to_string(),
        }
    }

    /// The same error, of the operation at `index`.
    pub(super) fn at(self, index: usize) -> Self {
        match self {
            Error::Patch { reason, .. } => Error::Patch { index, reason },
            other => other,
        }
    }
}

impl fmt::Display for PatchReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PatchReason::NotAPatch => "a patch must be an object or an array",
            PatchReason::NotAnOperation => "an operation must be an object",
            PatchReason::UnknownOperation => "the operation is unknown",
            PatchReason::MissingMember => "a member is missing or of the wrong type",
            PatchReason::BadPointer => "the path is not a JSON Pointer",
            PatchReason::PathNotFound => "the path does not exist",
            PatchReason::IndexOutOfRange => "the array index is out of range",
            PatchReason::TestFailed => "the tested value is different",
            PatchReason::RemoveRoot => "the whole document cannot be removed",
            PatchReason::MoveIntoItself => "a value cannot be moved into itself",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Corrupt(what) => write!(f, "corrupt document: {what}"),
            Error::TooDeep => f.write_str("document is nested too deeply"),
            Error::TooLarge => f.write_str("document is too large"),
            Error::TooMuchWork => f.write_str("the patch takes too much work"),
            Error::OutOfMemory => f.write_str("out of memory"),
            Error::Patch { index, reason } => write!(f, "patch operation {index}: {reason}"),
        }
    }
}

impl std::error::Error for Error {}
