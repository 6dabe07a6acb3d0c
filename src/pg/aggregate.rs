//! The aggregates `routing_stats` and `rollup`, as the server calls them. Their states are pointers into the
//! aggregate's own memory; the maths is in `core::stats`.
//!
//! These functions are called once a row. They read their arguments from the call's frame themselves and call
//! the server only for the first row of a group, since each guarded call would cost more than the row does.

use crate::core::stats::{Buffer, Mapping, Moving, Summary, encode, text};
use crate::core::{StateError, StateResult};
use crate::pg::call::{Call, export, place};
use crate::pg::datum::varlena_datum;
use crate::pg::error::run;
use crate::pg::server_buffer::ServerBuffer;
use pgrx::pg_sys::{self, Datum, FunctionCallInfo, MemoryContext};

type Stats = Summary<ServerBuffer>;
/// In Rust's memory, which the group's memory drops when it goes. `None` while the frame holds no task: a state that
/// is NULL is refused by the server, and the next task may bring another relative error.
type Frame = Option<Moving<Vec<u64>>>;

fn buckets(error: Option<f64>) -> StateResult<Mapping> {
    let mapping = match error {
        None => Some(Mapping::default()),
        Some(error) => text::relative_error(error),
    };
    mapping.ok_or_else(|| {
        StateError::invalid("relative_error is out of range")
            .detail("It is a fraction from 0.001 to 0.1 in steps of 0.0001.")
            .hint("0.01, the default, gives percentiles within 1 %.")
    })
}

fn empty(context: MemoryContext, mapping: Mapping) -> Stats {
    // SAFETY: the state and its counts live in the same context.
    Summary::new(mapping, unsafe { ServerBuffer::empty(context) })
}

fn pointer<T>(state: *mut T) -> Option<Datum> {
    Some(Datum::from(state))
}

/// A row whose outcome is unknown is no task.
#[inline]
fn transition(call: Call, error: impl Fn(Call) -> Option<f64>) -> Option<Datum> {
    let Some(success) = call.bool(1) else {
        return call.arg(0);
    };
    let state = match call.state::<Stats>(0) {
        Some(state) => state,
        None => run(|| {
            let mapping = buckets(error(call))?;
            call.keep(|context| empty(context, mapping))
        }),
    };
    // SAFETY: made by an earlier call of this group or just now, and used by nobody else.
    let added = unsafe { (*state).add(success, call.float8(2)) };
    run(|| added.map_err(StateError::statistics));
    pointer(state)
}

/// With the relative error as an argument, the same in every row.
fn transition_with_error(call: Call) -> Option<Datum> {
    let error = run(|| crate::core::limits::required("relative_error", call.float8(3)));
    if let Some(state) = call.state::<Stats>(0) {
        // SAFETY: as in `transition`.
        let own = unsafe { (*state).mapping().error() };
        if text::steps(error) != Some(own) {
            run(|| {
                Err::<(), _>(
                    StateError::invalid("relative_error must be the same for all rows of a group")
                        .hint("Give a constant."),
                )
            });
        }
    }
    transition(call, |_| Some(error))
}

fn merge_into(call: Call, other: Option<&Summary<impl Buffer>>) -> Option<Datum> {
    let Some(other) = other else {
        return call.arg(0);
    };
    run(|| {
        let state = match call.state::<Stats>(0) {
            Some(state) => state,
            None => call.keep(|context| empty(context, *other.mapping()))?,
        };
        // SAFETY: as in `transition`; the other summary is another one.
        unsafe { (*state).merge(other)? };
        Ok(pointer(state))
    })
}

fn rollup(call: Call) -> Option<Datum> {
    let other = call.stored(1, Vec::new()).map(|other| run(|| other));
    merge_into(call, other.as_ref())
}

fn combine(call: Call) -> Option<Datum> {
    // SAFETY: the other worker's state, which lives during the call.
    let other = call.state::<Stats>(1).map(|other| unsafe { &*other });
    merge_into(call, other)
}

fn finish(call: Call) -> Option<Datum> {
    // SAFETY: as in `transition`; it is only read.
    let state = call.state::<Stats>(0).map(|state| unsafe { &*state })?;
    Some(varlena_datum(&encode::encode(state)))
}

fn deserialize(call: Call) -> Option<Datum> {
    // SAFETY: reads the backend's current context, in which the server wants the result.
    let context = unsafe { pg_sys::CurrentMemoryContext };
    // SAFETY: the state and its counts live in the same context.
    let stats = call.stored(0, unsafe { ServerBuffer::empty(context) })?;
    pointer(place(context, run(|| stats)))
}

/// The frame's state, made by the first row whatever it holds.
fn frame(call: Call) -> *mut Frame {
    call.state(0).unwrap_or_else(|| {
        run(|| {
            let context = call.group_memory()?;
            Ok(pgrx::memcxt::PgMemoryContexts::For(context).leak_and_drop_on_delete(None))
        })
    })
}

fn starting(mapping: Mapping) -> Moving<Vec<u64>> {
    Moving::new(Summary::new(mapping, Vec::new()))
}

fn enter(call: Call) -> Option<Datum> {
    let frame = frame(call);
    if let Some(success) = call.bool(1) {
        // SAFETY: made by an earlier call of this window or just now, and used by nobody else.
        let moving = unsafe { (*frame).get_or_insert_with(|| starting(Mapping::default())) };
        let added = moving.add(success, call.float8(2));
        run(|| added.map_err(StateError::statistics));
    }
    pointer(frame)
}

/// What left was the last: the frame starts anew.
fn clear_when_empty(frame: &mut Frame) {
    if frame.as_ref().is_some_and(Moving::is_empty) {
        *frame = None;
    }
}

fn leave(call: Call) -> Option<Datum> {
    let state = call.state::<Frame>(0)?;
    // SAFETY: as in `enter`.
    let frame = unsafe { &mut *state };
    if let (Some(moving), Some(success)) = (frame.as_mut(), call.bool(1)) {
        moving.remove(success, call.float8(2));
        clear_when_empty(frame);
    }
    pointer(state)
}

fn rollup_enter(call: Call) -> Option<Datum> {
    let frame = frame(call);
    if let Some(other) = call.stored(1, Vec::new()) {
        run(|| {
            let other = other?;
            // SAFETY: as in `enter`.
            let moving = unsafe { (*frame).get_or_insert_with(|| starting(*other.mapping())) };
            Ok(moving.merge(&other)?)
        });
    }
    pointer(frame)
}

fn rollup_leave(call: Call) -> Option<Datum> {
    let state = call.state::<Frame>(0)?;
    // SAFETY: as in `enter`.
    let frame = unsafe { &mut *state };
    if let (Some(moving), Some(other)) = (frame.as_mut(), call.stored(1, Vec::new())) {
        let other = run(|| other);
        moving.unmerge(&other);
        clear_when_empty(frame);
    }
    pointer(state)
}

fn finish_frame(call: Call) -> Option<Datum> {
    // SAFETY: as in `enter`; it is only read.
    let frame = call.state::<Frame>(0).map(|frame| unsafe { &*frame })?;
    let moving = frame.as_ref()?;
    Some(varlena_datum(&encode::encode(moving.summary())))
}

export!(
    /// `(internal, boolean, double precision)`: a task enters.
    wfstate_stats_transition, pg_finfo_wfstate_stats_transition, |call| transition(call, |_| None)
);
export!(
    /// `(internal, boolean, double precision, double precision)`: the same with a relative error.
    wfstate_stats_transition_error, pg_finfo_wfstate_stats_transition_error, transition_with_error
);
export!(
    /// `(internal, routing_stats)`: a summary enters.
    wfstate_stats_rollup, pg_finfo_wfstate_stats_rollup, rollup
);
export!(
    /// `(internal, internal)`: another worker's state enters.
    wfstate_stats_combine, pg_finfo_wfstate_stats_combine, combine
);
export!(
    /// `(internal)`: the summary, as routing_stats or, for another process, as bytea.
    wfstate_stats_final, pg_finfo_wfstate_stats_final, finish
);
export!(
    /// `(bytea, internal)`: another process's state.
    wfstate_stats_deserialize, pg_finfo_wfstate_stats_deserialize, deserialize
);
export!(
    /// `(internal, boolean, double precision)`: a task enters a window's frame.
    wfstate_stats_enter, pg_finfo_wfstate_stats_enter, enter
);
export!(
    /// `(internal, boolean, double precision)`: the oldest task leaves the frame.
    wfstate_stats_leave, pg_finfo_wfstate_stats_leave, leave
);
export!(
    /// `(internal, routing_stats)`: a summary enters a window's frame.
    wfstate_stats_rollup_enter, pg_finfo_wfstate_stats_rollup_enter, rollup_enter
);
export!(
    /// `(internal, routing_stats)`: the oldest summary leaves the frame.
    wfstate_stats_rollup_leave, pg_finfo_wfstate_stats_rollup_leave, rollup_leave
);
export!(
    /// `(internal)`: what the frame holds.
    wfstate_stats_frame_final, pg_finfo_wfstate_stats_frame_final, finish_frame
);
