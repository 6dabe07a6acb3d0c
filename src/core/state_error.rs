//! What a call is refused with: the class, and the words that the client sees.

use super::{Error, PatchReason};

/// Class of a refusal; `pg::error` alone gives each its SQLSTATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The expected version is not the head (WF001).
    ConcurrentModification,
    /// A state that breaks the rules of its workflow (WF002).
    StateValidation,
    /// A move that is not allowed (WF004).
    IllegalTransition,
    /// Nothing valid to recover to (WF003).
    StateRecovery,
    /// Execution, version, checkpoint or workflow that is not there (WF005).
    NotFound,
    /// Name or id that is taken (WF006).
    AlreadyExists,
    /// The worker no longer holds the lease (WF007).
    LeaseLost,
    /// A version cannot be rebuilt or fails its hash (WF008).
    CorruptState,
    /// Bad argument (22023).
    InvalidParameter,
    /// No permission (42501).
    InsufficientPrivilege,
    /// Over a limit (54000).
    LimitExceeded,
    /// No memory for it (53200).
    OutOfMemory,
    /// A text that is no value of its type (22P02).
    InvalidText,
    /// Bytes that are no value of their type (22P03).
    InvalidBinary,
    /// A mistake in the extension, or objects of it that somebody has altered (XX000).
    Internal,
    /// Something else depends on it (2BP01).
    DependentObjects,
    /// What has to be done first was not (55000).
    NotReady,
    /// What another extension would have to be there for (0A000).
    NotSupported,
    /// A transaction that keeps its snapshot cannot go on with it (40001).
    SerializationFailure,
}

/// A refusal: one lower-case line, and sentences for DETAIL and HINT.
/// None of them ever holds a part of a state.
#[derive(Debug, Clone)]
pub struct StateError {
    /// Class of the refusal.
    pub code: Code,
    /// One lower-case line.
    pub message: String,
    /// What was found, in sentences.
    pub detail: Option<String>,
    /// What to do, in sentences.
    pub hint: Option<String>,
}

/// Result of everything that can be refused.
pub type StateResult<T> = Result<T, StateError>;

impl StateError {
    /// A refusal with neither DETAIL nor HINT.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        StateError {
            code,
            message: message.into(),
            detail: None,
            hint: None,
        }
    }

    /// With a DETAIL.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With a HINT.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A bad argument (22023).
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameter, message)
    }

    /// An execution that is not there, or that another tenant has (WF005).
    pub fn execution_not_found(execution_id: &str, tenant: &str) -> Self {
        Self::new(
            Code::NotFound,
            format!("execution \"{execution_id}\" does not exist"),
        )
        .detail(format!("The tenant is \"{tenant}\"."))
        .hint("Check the id and the setting wfstate.tenant; wf_save_state creates an execution.")
    }

    /// An execution that a transaction's snapshot shows, and that is gone (40001).
    pub fn execution_deleted(execution_id: &str) -> Self {
        Self::new(
            Code::SerializationFailure,
            format!("execution \"{execution_id}\" was deleted concurrently"),
        )
        .hint("Run the transaction again.")
    }

    /// A version that is not in the log (WF005).
    pub fn version_not_found(execution_id: &str, version: i64) -> Self {
        Self::new(
            Code::NotFound,
            format!("version {version} of execution \"{execution_id}\" does not exist"),
        )
        .hint("wf_history lists the versions that are kept.")
    }

    /// A checkpoint that is not there (WF005).
    pub fn checkpoint_not_found(execution_id: &str, name: &str) -> Self {
        Self::new(
            Code::NotFound,
            format!("checkpoint \"{name}\" of execution \"{execution_id}\" does not exist"),
        )
        .hint("wf_checkpoints lists the checkpoints of an execution.")
    }

    /// The head is not where the caller expects it (WF001).
    pub fn concurrent_modification(execution_id: &str, expected: i64, head: i64) -> Self {
        Self::new(
            Code::ConcurrentModification,
            format!("execution \"{execution_id}\" was modified concurrently"),
        )
        .detail(format!(
            "Expected version {expected}, but the head is at version {head}."
        ))
        .hint("Load the state again, apply the change to it and save with its version.")
    }

    /// A status that was to change although it is final (WF004).
    pub fn status_is_final(execution_id: &str, from: &str, to: &str) -> Self {
        Self::new(
            Code::IllegalTransition,
            format!("execution \"{execution_id}\" cannot go from {from} to {to}"),
        )
        .detail(format!("Status {from} is final."))
        .hint(match from {
            "failed" => "Save without a status to keep it. wf_retry takes the execution up again, wf_set_status to compensating undoes its steps, and wf_recover goes back to any version.",
            "cancelled" => "Save without a status to keep it. wf_set_status to compensating undoes its steps, wf_recover makes a version from before it the current one, and wf_fork starts another execution from one.",
            "compensated" => "Save without a status to keep it. wf_fork starts another execution from any version, without steps.",
            _ => "Save without a status to keep it. wf_recover makes a version from before it the current one, and wf_fork starts another execution from one.",
        })
    }

    /// A version that cannot be rebuilt (WF008).
    pub fn corrupt(execution_id: &str, version: i64, why: impl std::fmt::Display) -> Self {
        Self::new(
            Code::CorruptState,
            format!("version {version} of execution \"{execution_id}\" cannot be rebuilt"),
        )
        .detail(format!("The log is damaged: {why}."))
        .hint(
            "wf_verify tells which versions are sound; wf_repair goes back to the newest of them.",
        )
    }

    /// A head that cannot be rebuilt (WF008), where its version is not known.
    pub fn corrupt_head(execution_id: &str, why: &str) -> Self {
        Self::new(
            Code::CorruptState,
            format!("head of execution \"{execution_id}\" cannot be rebuilt"),
        )
        .detail(format!("The log is damaged: {why}."))
        .hint(
            "wf_verify tells which versions are sound; wf_repair goes back to the newest of them.",
        )
    }

    /// A history of which a version cannot be read (WF008).
    pub fn corrupt_history(execution_id: &str, why: &str) -> Self {
        Self::new(
            Code::CorruptState,
            format!("history of execution \"{execution_id}\" cannot be read"),
        )
        .detail(format!("The log is damaged: {why}."))
        .hint(
            "wf_verify tells which versions are sound; wf_repair goes back to the newest of them.",
        )
    }

    /// States of several executions, one of which cannot be read (WF008).
    pub fn unread(why: &str) -> Self {
        Self::new(Code::CorruptState, "a state of the batch cannot be rebuilt")
            .detail(format!("The log is damaged: {why}."))
            .hint("wf_verify tells whether an execution is sound; wf_repair goes back to what is.")
    }

    /// Why a version could not be rebuilt: it is damaged (WF008), or there was no memory (53200).
    pub fn not_rebuilt(execution_id: &str, version: i64, error: Error) -> Self {
        match error {
            Error::OutOfMemory => Self::out_of_memory("state"),
            damage => Self::corrupt(execution_id, version, damage.why()),
        }
    }

    /// A state or patch given by the caller that cannot be used.
    pub fn bad_document(argument: &str, error: Error) -> Self {
        match error {
            Error::TooDeep => Self::new(
                Code::LimitExceeded,
                format!("{argument} is nested too deeply"),
            )
            .detail(format!(
                "Arrays and objects may be nested {} levels deep.",
                super::limits::MAX_STATE_DEPTH
            ))
            .hint("Store deeply nested content as text, or flatten it."),
            Error::TooLarge => Self::new(Code::LimitExceeded, format!("{argument} is too large"))
                .detail("The resulting document is larger than jsonb can hold.")
                .hint("Split the state over several executions."),
            Error::TooMuchWork => Self::new(
                Code::LimitExceeded,
                format!("{argument} takes too much work"),
            )
            .detail("Its operations go over the same values too many times.")
            .hint("Send a smaller patch, or the state that it would make."),
            Error::OutOfMemory => Self::out_of_memory(argument),
            Error::Corrupt(what) => Self::invalid(format!("{argument} is not a valid jsonb value"))
                .detail(format!("The bytes are damaged: {what}.")),
            Error::Patch { index, reason } => Self::bad_patch(index, reason, "", None),
        }
    }

    /// No memory for what an argument needs (53200).
    pub fn out_of_memory(argument: &str) -> Self {
        Self::new(Code::OutOfMemory, "out of memory")
            .detail(format!("There is no room for the {argument} and what is made of it."))
            .hint("Try again when the server is less busy, or split the state over several executions.")
    }

    /// Stored statistics that cannot be used: there was no memory (53200), or they are damaged (WF008).
    pub fn statistics(error: Error) -> Self {
        match error {
            Error::OutOfMemory => Self::new(Code::OutOfMemory, "out of memory")
                .detail("There is no room for the statistics.")
                .hint("Try again when the server is less busy, or ask for fewer rows."),
            damage => Self::new(Code::CorruptState, "routing statistics cannot be read")
                .detail(format!("The stored value is damaged: {}.", damage.why()))
                .hint("wf_recalculate_statistics builds them again from the decisions."),
        }
    }

    /// A patch that is malformed or does not apply; `path` is the pointer of its operation.
    pub fn bad_patch(index: usize, reason: PatchReason, op: &str, path: Option<&str>) -> Self {
        let at = path.map_or(String::new(), |path| format!(" at path \"{path}\""));
        if reason == PatchReason::TestFailed {
            return Self::new(
                Code::ConcurrentModification,
                "state is not what the patch expects",
            )
            .detail(format!("Operation {index}{at}: {reason}."))
            .hint("Load the state again, and make the patch anew for what it is; nothing was changed.");
        }
        let array = path.and_then(|path| path.strip_suffix("/-"));
        if let (PatchReason::PathNotFound, "add", Some(array)) = (reason, op, array) {
            return Self::invalid("patch does not apply")
                .detail(format!("Operation {index}{at}: there is no array at \"{array}\" to append to."))
                .hint("Add the array first, with the elements that it begins with; nothing was changed.");
        }
        Self::invalid("patch does not apply")
            .detail(format!("Operation {index}{at}: {reason}."))
            .hint("A JSON array is an RFC 6902 patch, an object an RFC 7386 merge patch; nothing was changed.")
    }
}
