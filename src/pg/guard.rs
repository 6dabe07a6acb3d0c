//! Whose code runs while statements run as the extension's owner. A trigger on a table, made by anybody with that right,
//! brings in functions of others: they run as whoever called, as in a statement of the caller's own, and not at all where
//! that would give the function's owner the rights of a superuser. The server asks of each function when it is looked up
//! and when it is called, so that nothing can change between a check and the call.

use crate::pg::error::raise;
use crate::pg::guard_conditions;
use crate::pg::guard_refusal::refused;
use crate::pg::invalidation::rights_generation;
use crate::pg::roles::is_superuser;
use pgrx::pg_sys::{self, FmgrHookEventType as Event};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_int;

/// A role and the context of its rights.
pub(super) type Identity = (pg_sys::Oid, c_int);

/// Statements that run as the owner, and who called for them.
#[derive(Clone, Copy)]
struct Frame {
    owner: pg_sys::Oid,
    caller: Identity,
}

/// A function that the server has told the begin of, and what its end puts back.
struct Running {
    function: *const pg_sys::FmgrInfo,
    before: Option<(Identity, Option<Frame>)>,
}

/// What is known of a function.
#[derive(Clone, Copy)]
struct Known {
    owner: pg_sys::Oid,
    /// It runs as its owner anyway.
    is_definer: bool,
    /// It is the server's or the extension's.
    is_ours: bool,
}

thread_local! {
    static FRAME: Cell<Option<Frame>> = const { Cell::new(None) };
    static RUNNING: RefCell<Vec<Running>> = const { RefCell::new(Vec::new()) };
    /// As of a generation of rights.
    static KNOWN: RefCell<(u64, HashMap<pg_sys::Oid, Known>)> = RefCell::default();
    static BEFORE: Cell<(pg_sys::needs_fmgr_hook_type, pg_sys::fmgr_hook_type)> = const { Cell::new((None, None)) };
}

/// Most functions that are remembered.
const MOST_KNOWN: usize = 1000;

/// As long as it lives, others' functions that the owner would run are the caller's.
pub(super) struct Guarded(Option<Frame>);

impl Drop for Guarded {
    fn drop(&mut self) {
        FRAME.set(self.0);
    }
}

/// To be called before the role changes. Inside of other statements as the owner, the caller is theirs.
pub(super) fn enter(owner: pg_sys::Oid, current: Identity) -> Guarded {
    let outer = FRAME.get();
    let caller = match outer {
        Some(frame) if frame.owner == current.0 => frame.caller,
        _ => current,
    };
    FRAME.set(Some(Frame { owner, caller }));
    Guarded(outer)
}

/// Has the server ask; it lasts as long as the session.
pub fn register() {
    // SAFETY: called once from _PG_init; the functions live for ever, and call those that were there before.
    unsafe {
        BEFORE.set((pg_sys::needs_fmgr_hook, pg_sys::fmgr_hook));
        pg_sys::needs_fmgr_hook = Some(is_watched);
        pg_sys::fmgr_hook = Some(on_call);
    }
    guard_conditions::register();
}

/// Whether statements run as the owner, and not what they have called of others.
pub(super) fn is_owner_now() -> bool {
    FRAME.get().is_some_and(|frame| identity().0 == frame.owner)
}

/// Whether to be told of a function's calls: asked for nearly every function of a session.
unsafe extern "C-unwind" fn is_watched(function: pg_sys::Oid) -> bool {
    // SAFETY: the server's own argument, passed on; nothing here raises but look-ups behind a guard.
    unsafe {
        BEFORE.get().0.is_some_and(|before| before(function))
            || (FRAME.get().is_some() && is_foreign(function))
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn is_foreign(function: pg_sys::Oid) -> bool {
    FRAME
        .get()
        .is_some_and(|frame| identity().0 == frame.owner && !known(function, frame).is_ours)
}

/// Of functions that are watched, and of those that change the role or a setting themselves. The server calls this as
/// the role that the function begins as.
unsafe extern "C-unwind" fn on_call(
    event: Event::Type,
    function: *mut pg_sys::FmgrInfo,
    argument: *mut pg_sys::Datum,
) {
    // SAFETY: the server's own arguments, passed on.
    unsafe {
        let before = || {
            BEFORE
                .get()
                .1
                .map(|before| before(event, function, argument))
        };
        if event == Event::FHET_START {
            before();
            begins(function);
        } else {
            ended(function);
            before();
        }
    }
}

/// # Safety
/// Of a function that is about to be called.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn begins(function: *mut pg_sys::FmgrInfo) {
    let frame = FRAME.get();
    let mut before = None;
    if let Some(frame) = frame {
        // SAFETY: the caller's promise.
        let oid = unsafe { (*function).fn_oid };
        let (known, now) = (known(oid, frame), identity());
        if known.is_definer {
            // What it calls is its owner's business.
            before = Some((now, Some(frame)));
            FRAME.set(None);
        } else if now.0 == frame.owner && !known.is_ours {
            let is_trusted = known.owner == frame.owner || is_superuser(known.owner.to_u32());
            let is_high = frame.caller.0 == frame.owner || is_superuser(frame.caller.0.to_u32());
            if is_high && !is_trusted {
                raise(&refused(oid, known.owner, frame.caller.0));
            }
            before = Some((now, Some(frame)));
            FRAME.set(None);
            let held = pg_sys::SECURITY_LOCAL_USERID_CHANGE as c_int;
            become_(frame.caller.0, frame.caller.1 | held);
        }
    }
    // All that is told of below such a function is noted, so that each end finds its own begin.
    RUNNING.with_borrow_mut(|running| {
        if frame.is_some() || !running.is_empty() {
            running.push(Running { function, before });
        }
    });
}

/// By an error, too.
fn ended(function: *const pg_sys::FmgrInfo) {
    let before = RUNNING.with_borrow_mut(|running| {
        let at = running.iter().rposition(|one| one.function == function)?;
        let before = running.get(at).and_then(|one| one.before);
        // What is above has failed to end.
        running.truncate(at);
        before
    });
    if let Some(((role, context), frame)) = before {
        FRAME.set(frame);
        become_(role, context);
    }
}

fn identity() -> Identity {
    let (mut role, mut context) = (pg_sys::Oid::INVALID, 0);
    // SAFETY: plain reads of the backend's state into locals.
    unsafe { pg_sys::GetUserIdAndSecContext(&mut role, &mut context) };
    (role, context)
}

fn become_(role: pg_sys::Oid, context: c_int) {
    // SAFETY: two assignments; the function's end takes them back, or the (sub)transaction's.
    unsafe { pg_sys::SetUserIdAndSecContext(role, context) };
}

/// What is known of a function, remembered until functions or roles change.
fn known(function: pg_sys::Oid, frame: Frame) -> Known {
    let generation = rights_generation();
    let found =
        KNOWN.with_borrow(|(of, all)| all.get(&function).copied().filter(|_| *of == generation));
    if let Some(found) = found {
        return found;
    }
    let found = look(function, frame.owner);
    KNOWN.with_borrow_mut(|(of, all)| {
        if *of != generation || all.len() >= MOST_KNOWN {
            all.clear();
            *of = generation;
        }
        all.insert(function, found);
    });
    found
}

fn look(function: pg_sys::Oid, owner: pg_sys::Oid) -> Known {
    // SAFETY: look-ups in the catalog; the tuple is read before it is released, and of the catalog that is named.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::PROCOID as _,
            pg_sys::Datum::from(function),
        );
        if tuple.is_null() {
            let nobody = pg_sys::Oid::INVALID;
            return Known {
                owner: nobody,
                is_definer: false,
                is_ours: false,
            };
        }
        let row = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_proc>();
        let (its_owner, is_definer) = (row.proowner, row.prosecdef);
        pg_sys::ReleaseSysCache(tuple);
        let is_trusted = its_owner == owner || is_superuser(its_owner.to_u32());
        let is_ours = function.to_u32() < pg_sys::FirstNormalObjectId
            || (is_trusted && {
                let of = pg_sys::getExtensionOfObject(pg_sys::ProcedureRelationId, function);
                of != pg_sys::Oid::INVALID
                    && of == pg_sys::get_extension_oid(c"wfstate".as_ptr(), true)
            });
        Known {
            owner: its_owner,
            is_definer,
            is_ours,
        }
    }
}
