//! The backend that runs the call, and chance.

use crate::core::{Code, StateError, StateResult};
use pgrx::pg_sys;
use std::cell::RefCell;

/// Whether each statement sees what others have committed by then. Where a transaction keeps its snapshot, a row that
/// somebody has changed since is an error instead.
pub fn reads_committed() -> bool {
    // SAFETY: a plain read of the backend's state.
    unsafe { pg_sys::XactIsoLevel < pg_sys::XACT_REPEATABLE_READ as i32 }
}

/// The transaction of this moment, or the subtransaction, where it has written something.
pub fn transaction() -> Option<u32> {
    // SAFETY: a plain read of the backend's state.
    let id = unsafe { pg_sys::GetCurrentTransactionIdIfAny() };
    (id != pg_sys::InvalidTransactionId).then(|| id.into_inner())
}

/// What has become of a transaction of this session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// It has committed.
    No,
    /// It goes on.
    NotYet,
    /// It was rolled back.
    Yes,
}

/// Whether a transaction of this session was rolled back; one that is not recent and has ended counts as such.
pub fn is_undone(transaction: u32, is_recent: bool) -> Undone {
    let transaction = pg_sys::TransactionId::from(transaction);
    // SAFETY: plain reads of the backend's state, and of the commit log, which has what is recent.
    unsafe {
        if pg_sys::TransactionIdIsCurrentTransactionId(transaction) {
            Undone::NotYet
        } else if is_recent && pg_sys::TransactionIdDidCommit(transaction) {
            Undone::No
        } else {
            Undone::Yes
        }
    }
}

/// The system identifier of the server, in which its transaction ids count.
pub fn cluster() -> i64 {
    // SAFETY: reads what the server has in memory.
    unsafe { pg_sys::GetSystemIdentifier() }.cast_signed()
}

/// Refuses what writes before it waits for anything: on a standby, in a read-only transaction.
pub fn refuse_read_only(command: &std::ffi::CStr) {
    // SAFETY: the server raises with a copy of the string, or returns.
    unsafe { pg_sys::PreventCommandIfReadOnly(command.as_ptr()) };
}

/// Bytes of chance.
pub type Chance = [u8; 8];

thread_local! {
    /// Drawn and not given out yet.
    static DRAWN: RefCell<Vec<Chance>> = const { RefCell::new(Vec::new()) };
}

/// Random bytes that cannot be guessed. One draw serves many calls, since a draw takes longer than anything else that
/// a call does with them.
pub fn random() -> StateResult<Chance> {
    DRAWN.with_borrow_mut(|drawn| {
        if drawn.is_empty() {
            let mut bytes = [0_u8; 512];
            // SAFETY: the server fills as many bytes as it is told, or says that it cannot.
            if unsafe { pg_sys::pg_strong_random(bytes.as_mut_ptr().cast(), bytes.len()) } {
                drawn.extend(bytes.as_chunks().0);
            }
        }
        drawn
            .pop()
            .ok_or_else(|| StateError::new(Code::LimitExceeded, "no random bytes to be had"))
    })
}
