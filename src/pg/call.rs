//! Functions that the server calls once a row, below pgrx: they read their arguments from the call's frame
//! themselves, since each guarded call of the server would cost more than the row does.

use crate::core::stats::{Buffer, Summary, encode};
use crate::core::{StateError, StateResult};
use crate::pg::datum::payload;
use pgrx::pg_sys::{self, Datum, FunctionCallInfo, MemoryContext, NullableDatum};

/// Exports a function to the server under its name.
macro_rules! export {
    ($(#[doc = $doc:literal])+ $name:ident, $info:ident, $body:expr) => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        pub extern "C" fn $info() -> &'static pg_sys::Pg_finfo_record {
            static RECORD: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
            &RECORD
        }

        $(#[doc = $doc])+
        ///
        /// # Safety
        /// For the server only, with the arguments that the first line names: tests/agreement.sh compares it with
        /// what sql/routing_stats.sql declares.
        #[unsafe(no_mangle)]
        #[pgrx::pg_guard]
        pub unsafe extern "C-unwind" fn $name(call: FunctionCallInfo) -> Datum {
            // SAFETY: the server's frame, alive during the call, with the declared arguments.
            let (result, is_null) = match ($body)(unsafe { Call::new(call) }) {
                Some(datum) => (datum, false),
                None => (Datum::null(), true),
            };
            // SAFETY: as above.
            unsafe { (*call).isnull = is_null };
            result
        }
    };
}
pub(super) use export;

/// A call's frame.
#[derive(Clone, Copy)]
pub(super) struct Call {
    frame: FunctionCallInfo,
    args: *const NullableDatum,
    count: usize,
}

impl Call {
    /// # Safety
    /// The frame must be the server's, and its arguments of the types that the functions below ask for.
    pub(super) unsafe fn new(frame: FunctionCallInfo) -> Self {
        // SAFETY: the caller's promise.
        let (args, count) = unsafe { ((*frame).args.as_ptr(), (*frame).nargs) };
        let count = usize::try_from(count).unwrap_or(0);
        Call { frame, args, count }
    }

    #[inline]
    pub(super) fn arg(&self, index: usize) -> Option<Datum> {
        if index >= self.count {
            return None;
        }
        // SAFETY: `index` is below the number of arguments in the frame.
        let arg = unsafe { &*self.args.add(index) };
        (!arg.isnull).then_some(arg.value)
    }

    /// The aggregate's state: a pointer that an earlier call returned.
    #[inline]
    pub(super) fn state<T>(&self, index: usize) -> Option<*mut T> {
        self.arg(index).map(|datum| datum.cast_mut_ptr())
    }

    #[inline]
    pub(super) fn bool(&self, index: usize) -> Option<bool> {
        self.arg(index).map(|datum| datum.value() & 0xff != 0)
    }

    #[inline]
    pub(super) fn float8(&self, index: usize) -> Option<f64> {
        self.arg(index)
            .map(|datum| f64::from_bits(datum.value() as u64))
    }

    /// Another summary, decoded from an argument of type routing_stats or bytea.
    pub(super) fn stored<B: Buffer>(
        &self,
        index: usize,
        buffer: B,
    ) -> Option<StateResult<Summary<B>>> {
        let datum = self.arg(index)?;
        // SAFETY: the argument is a varlena that lives during the call.
        let bytes = unsafe { payload(datum) };
        Some(encode::decode_into(bytes, buffer).map_err(StateError::statistics))
    }

    /// The memory that lives as long as the group does.
    pub(super) fn group_memory(&self) -> StateResult<MemoryContext> {
        let mut context: MemoryContext = std::ptr::null_mut();
        // SAFETY: the server's frame.
        if unsafe { pg_sys::AggCheckCallContext(self.frame, &mut context) } == 0 {
            return Err(StateError::invalid(
                "aggregate function called outside of an aggregate",
            ));
        }
        Ok(context)
    }

    /// Moves a value into the group's memory.
    pub(super) fn keep<T>(&self, make: impl FnOnce(MemoryContext) -> T) -> StateResult<*mut T> {
        let context = self.group_memory()?;
        Ok(place(context, make(context)))
    }
}

/// Moves a value into a memory context, which frees it without dropping it. Sums of 128 bits want a stricter
/// alignment than the server gives.
pub(super) fn place<T>(context: MemoryContext, value: T) -> *mut T {
    let (size, align) = (std::mem::size_of::<T>(), std::mem::align_of::<T>());
    // SAFETY: there is room for the value behind the first aligned byte.
    unsafe {
        let room = pg_sys::MemoryContextAlloc(context, size + align).cast::<u8>();
        let place = room.add(room.align_offset(align)).cast::<T>();
        place.write(value);
        place
    }
}
