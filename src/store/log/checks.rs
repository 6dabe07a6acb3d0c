//! What a state must be to be saved, and why a patch does not make one.

use crate::core::jsonb;
use crate::core::{Error, StateError, StateResult, limits};
use crate::pg::settings;

/// Whether a whole state is sound, and within the limits of size and depth.
pub fn check_state(state: &[u8]) -> StateResult<()> {
    check_size(state.len())?;
    let shape = jsonb::check(state).map_err(|e| StateError::bad_document("state", e))?;
    check_depth("state", shape.depth)
}

pub(in crate::store) fn check_depth(argument: &str, depth: usize) -> StateResult<()> {
    if depth > limits::MAX_STATE_DEPTH {
        return Err(StateError::bad_document(argument, Error::TooDeep));
    }
    Ok(())
}

pub(in crate::store) fn check_size(size: usize) -> StateResult<()> {
    let most = settings::max_state_size();
    if size > most {
        return Err(limits::state_too_large(size, most));
    }
    Ok(())
}

/// Bytes that a result may exceed the limit by and still be made, so that its refusal can tell its size.
const OVER: usize = 1 << 20;

/// Bytes that what a caller's patch makes may take while it is made.
pub fn applied_limit() -> usize {
    (settings::max_state_size() + OVER).min(jsonb::MAX_SIZE)
}

/// Why a patch does not apply, with the path of the operation.
pub(in crate::store) fn refused(patch: &[u8], error: Error) -> StateError {
    if let Error::Patch { index, reason } = error {
        let text = |bytes| String::from_utf8_lossy(bytes).chars().take(200).collect();
        let found = jsonb::patch::locate(patch, index);
        let (op, path): (String, String) =
            found.map_or_else(Default::default, |(op, path)| (text(op), text(path)));
        return StateError::bad_patch(index, reason, &op, found.map(|_| path.as_str()));
    }
    if error == Error::TooLarge {
        return limits::state_too_large_to_make(settings::max_state_size());
    }
    StateError::bad_document("patch", error)
}
