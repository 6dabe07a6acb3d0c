//! The settings `wfstate.*`.

use crate::core::{Code, StateError};
use crate::pg::error::raise;
use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::pg_sys;
use std::ffi::{CStr, CString};

static TENANT: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"default"));
static MAX_STATE_SIZE: GucSetting<i32> = GucSetting::<i32>::new(65_536);
static KEYFRAME_RATIO: GucSetting<f64> = GucSetting::<f64>::new(1.5);
static KEYFRAME_MIN: GucSetting<i32> = GucSetting::<i32>::new(7168);
static ARCHIVE_RATIO: GucSetting<f64> = GucSetting::<f64>::new(4.0);
static SNAPSHOT_BELOW: GucSetting<i32> = GucSetting::<i32>::new(512);
static CACHE_SIZE: GucSetting<i32> = GucSetting::<i32>::new(16_384);
static DEFINITION_CACHE_SIZE: GucSetting<i32> = GucSetting::<i32>::new(16_384);
static FOLD_EVERY: GucSetting<i32> = GucSetting::<i32>::new(512);
static DIRECT_ACCESS: GucSetting<bool> = GucSetting::<bool>::new(true);
static NOTIFY_CIRCUITS: GucSetting<bool> = GucSetting::<bool>::new(false);
static NOTIFY_CHANGES: GucSetting<bool> = GucSetting::<bool>::new(false);
static NOTIFY_QUEUE: GucSetting<bool> = GucSetting::<bool>::new(false);

/// The tenant as it is set, neither checked nor allowed yet.
pub fn with_tenant<R>(use_it: impl FnOnce(&CStr) -> R) -> R {
    // SAFETY: the server owns the string and keeps it until the setting changes, which nothing does
    // while this reads it; NULL is not a value that it can be set to, but is handled.
    let value = unsafe { *TENANT.as_ptr() };
    if value.is_null() {
        return use_it(c"");
    }
    // SAFETY: as above; the server's strings end with NUL.
    use_it(unsafe { CStr::from_ptr(value) })
}

/// What runs with other settings.
pub use crate::pg::levels::{by_keys, impatient, in_tenant, put_back};

/// Largest state that a save accepts, in bytes.
pub fn max_state_size() -> usize {
    usize::try_from(MAX_STATE_SIZE.get()).unwrap_or(0) * 1024
}

/// Share of a state's size that the patches after a keyframe may take.
pub fn keyframe_ratio() -> f64 {
    KEYFRAME_RATIO.get()
}

/// Bytes of patches below which no keyframe is worth its row.
pub fn keyframe_min() -> i64 {
    i64::from(KEYFRAME_MIN.get())
}

/// Share of a state's size that the patches between kept older keyframes may take.
pub fn archive_ratio() -> f64 {
    ARCHIVE_RATIO.get()
}

/// States up to this size are stored whole: their patch would hardly be smaller.
pub fn snapshot_below() -> usize {
    usize::try_from(SNAPSHOT_BELOW.get()).unwrap_or(0)
}

/// Bytes of rebuilt states that a session keeps.
pub fn cache_size() -> usize {
    usize::try_from(CACHE_SIZE.get()).unwrap_or(0) * 1024
}

/// Bytes of compiled definitions that a session keeps.
pub fn definition_cache_size() -> usize {
    usize::try_from(DEFINITION_CACHE_SIZE.get()).unwrap_or(0) * 1024
}

/// One in so many recorded outcomes has those of its agent folded; 0: none.
pub fn fold_every() -> u32 {
    FOLD_EVERY.get().unsigned_abs()
}

/// Whether calls may go below the executor.
pub fn direct_access() -> bool {
    DIRECT_ACCESS.get()
}

/// Whether a circuit that moves says so on the channel.
pub fn notify_circuits() -> bool {
    NOTIFY_CIRCUITS.get()
}

/// Whether what can be claimed is said on the channel.
pub fn notify_queue() -> bool {
    NOTIFY_QUEUE.get()
}

/// Whether a recorded change is said on the channel.
pub fn notify_changes() -> bool {
    NOTIFY_CHANGES.get()
}

/// Refuses to be loaded where the tenant that was set before would be lost: in the middle of a parallel query the
/// server applies no setting, and would go on with the default tenant.
fn refuse_to_lose_tenant() {
    // SAFETY: plain reads of the session's state.
    let is_lost = unsafe {
        pg_sys::IsInParallelMode()
            && !pg_sys::GetConfigOption(c"wfstate.tenant".as_ptr(), true, false).is_null()
    };
    if is_lost {
        raise(
            &StateError::new(Code::NotReady, "wfstate cannot be loaded in the middle of a parallel query")
                .detail("The setting wfstate.tenant would be lost.")
                .hint("Call any function of wfstate before, such as wf_tenant(), or set session_preload_libraries = 'wfstate'."),
        );
    }
}

/// Defines every setting and reserves the prefix.
pub fn register() {
    refuse_to_lose_tenant();
    GucRegistry::define_string_guc(
        c"wfstate.tenant",
        c"Tenant whose executions the session sees and saves.",
        c"1 to 255 bytes. Row-level security compares it with the tenant of each row. A role is refused every tenant that was not granted to it, whatever it sets here; * names none. SET LOCAL works behind a transaction pooler.",
        &TENANT,
        GucContext::Userset,
        GucFlags::default(),
    );
    int(
        c"wfstate.max_state_size",
        c"Largest state that a save accepts.",
        c"Measured on the binary jsonb, before compression. A save over it is refused with 54000. Only a superuser can change it.",
        &MAX_STATE_SIZE,
        (1, 262_143),
        GucContext::Suset,
        GucFlags::UNIT_KB,
    );
    ratio(
        c"wfstate.keyframe_ratio",
        c"Share of a state's size that the patches after its keyframe may take.",
        c"When they take more, the next version becomes a keyframe that holds the whole state. Smaller values make the first load of a session faster, larger ones store less.",
        &KEYFRAME_RATIO,
    );
    int(
        c"wfstate.keyframe_min",
        c"Bytes of patches below which no keyframe is written.",
        c"Keeps small states from being stored whole every few saves.",
        &KEYFRAME_MIN,
        (0, 1_048_576),
        GucContext::Userset,
        GucFlags::UNIT_BYTE,
    );
    ratio(
        c"wfstate.archive_ratio",
        c"Share of a state's size that the patches between two kept older keyframes may take.",
        c"A superseded keyframe is demoted to its patch unless more than this would have to be applied to reach its versions. Smaller values make old versions faster to read, larger ones store less.",
        &ARCHIVE_RATIO,
    );
    int(
        c"wfstate.snapshot_below",
        c"States up to this size are stored whole in every version.",
        c"Measured on the binary jsonb. 0 stores a patch whenever it is smaller than the state.",
        &SNAPSHOT_BELOW,
        (0, 1_048_576),
        GucContext::Userset,
        GucFlags::UNIT_BYTE,
    );
    int(
        c"wfstate.cache_size",
        c"Memory that a session may use to keep rebuilt states.",
        c"A state in the cache is used only if its content hash is the head's, so neither an abort nor another session's commit can make it wrong. 0 turns the cache off.",
        &CACHE_SIZE,
        (0, 1_048_576),
        GucContext::Userset,
        GucFlags::UNIT_KB,
    );
    int(
        c"wfstate.definition_cache_size",
        c"Memory that a session may use to keep compiled definitions.",
        c"Those that were used last are kept. A definition that takes more by itself, and with 0 every one, is compiled anew for each call that needs it.",
        &DEFINITION_CACHE_SIZE,
        (0, 1_048_576),
        GucContext::Userset,
        GucFlags::UNIT_KB,
    );
    int(
        c"wfstate.fold_every",
        c"One in so many recorded outcomes folds those of its agent into the statistics.",
        c"By chance. The call that does it takes some milliseconds longer; larger values leave more outcomes for wf_agent_statistics to add up. 0 leaves all of it to wf_maintain. Transactions of level REPEATABLE READ and SERIALIZABLE fold nothing.",
        &FOLD_EVERY,
        (0, 1_000_000),
        GucContext::Userset,
        GucFlags::default(),
    );
    suset(
        c"wfstate.direct_access",
        c"Whether the commonest calls may read and write their tables below the executor.",
        c"Where the tables are as the extension made them, such a call uses the table and its index itself, and does what a statement would. Off, or where a table has a trigger or a policy more, say, the statement runs, with the same answers. Only a superuser can change it.",
        &DIRECT_ACCESS,
    );
    suset(
        c"wfstate.notify_circuits",
        c"Whether a change of a circuit's state is notified on channel wfstate.",
        c"The payload, {\"event\": \"circuit\"}, says no more, as whoever may connect can listen; one a transaction. Off by default, since NOTIFY takes a lock at commit that all notifying transactions of the server share. Only a superuser can change it.",
        &NOTIFY_CIRCUITS,
    );
    suset(
        c"wfstate.notify_queue",
        c"Whether it is notified on channel wfstate that an execution can be claimed.",
        c"The payload, {\"event\": \"queue\"}, says no more; one a transaction. Workers that LISTEN claim at once and need not ask often. Off by default, since NOTIFY takes a lock at commit that all notifying transactions of the server share. Only a superuser can change it.",
        &NOTIFY_QUEUE,
    );
    suset(
        c"wfstate.notify_changes",
        c"Whether it is notified on channel wfstate that changes were recorded.",
        c"The payload, {\"event\": \"change\"}, says no more; one a transaction. Of tenants whose changes are recorded (wf_record_changes). Off by default, since NOTIFY takes a lock at commit that all notifying transactions of the server share. Only a superuser can change it.",
        &NOTIFY_CHANGES,
    );
    // SAFETY: called from _PG_init with a string that lives for ever.
    unsafe { pg_sys::MarkGUCPrefixReserved(c"wfstate".as_ptr()) };
}

fn suset(
    name: &'static CStr,
    short: &'static CStr,
    long: &'static CStr,
    setting: &'static GucSetting<bool>,
) {
    let (context, flags) = (GucContext::Suset, GucFlags::default());
    GucRegistry::define_bool_guc(name, short, long, setting, context, flags);
}

fn int(
    name: &'static CStr,
    short: &'static CStr,
    long: &'static CStr,
    setting: &'static GucSetting<i32>,
    range: (i32, i32),
    context: GucContext,
    flags: GucFlags,
) {
    GucRegistry::define_int_guc(name, short, long, setting, range.0, range.1, context, flags);
}

/// Whoever may write sets these, and all who load the state apply the patches: that many times its size at most.
const MOST_RATIO: f64 = 10.0;

fn ratio(
    name: &'static CStr,
    short: &'static CStr,
    long: &'static CStr,
    setting: &'static GucSetting<f64>,
) {
    GucRegistry::define_float_guc(
        name,
        short,
        long,
        setting,
        0.0,
        MOST_RATIO,
        GucContext::Userset,
        GucFlags::default(),
    );
}
