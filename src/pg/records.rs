//! The rows that a function returns, which never are all in memory: the server asks for them one by one, or keeps
//! them on disk beyond work_mem.

use crate::core::{StateError, StateResult};
use crate::pg::error::{raise, run};
use crate::pg::interrupts;
use crate::pg::record::{Record, Shape};
use pgrx::callconv::{CallCx, RetAbi};
use pgrx::pg_sys;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, Returns, ReturnsError, SqlMapping, SqlTranslatable,
};

/// The rows that a function returns.
pub struct Records<'a>(Source<'a>);

type Items = Box<dyn Iterator<Item = StateResult<Record>>>;
type Write<'a> = Box<dyn FnOnce(&mut Output) -> StateResult<()> + 'a>;

enum Source<'a> {
    OneByOne(Items),
    Written(Write<'a>),
}

impl<'a> Records<'a> {
    /// What `record` makes of each item. An item is asked for when its row is, so that a query that wants no more
    /// rows ends the work; a query has them in its select list for that, since what stands in FROM is read to its
    /// end.
    pub fn one_by_one<T: 'static>(
        items: impl Iterator<Item = StateResult<T>> + 'static,
        record: fn(T) -> Record,
    ) -> Self {
        Records(Source::OneByOne(Box::new(
            items.map(move |item| item.map(record)),
        )))
    }

    /// What `write` puts out, which the server keeps: beyond work_mem on disk.
    pub fn written(write: impl FnOnce(&mut Output) -> StateResult<()> + 'a) -> Self {
        Records(Source::Written(Box::new(write)))
    }
}

/// Where a function's rows go.
pub struct Output {
    store: *mut pg_sys::Tuplestorestate,
    shape: Shape,
    /// What is made for one row.
    memory: pg_sys::MemoryContext,
}

impl Output {
    /// Puts a row out.
    pub fn put(&mut self, record: &Record) {
        // SAFETY: the store and the memory live as long as the query; the values are of the store's types. An
        // error leaves the current memory context to the server's abort, as all errors do.
        unsafe {
            let before = pg_sys::MemoryContextSwitchTo(self.memory);
            let (values, nulls) = record.datums(&self.shape);
            let (values, nulls) = (values.as_ptr(), nulls.as_ptr());
            pg_sys::tuplestore_putvalues(
                self.store,
                self.shape.descriptor,
                values.cast_mut(),
                nulls.cast_mut(),
            );
            pg_sys::MemoryContextSwitchTo(before);
            pg_sys::MemoryContextReset(self.memory);
        }
    }
}

impl Output {
    /// Puts out all items, each in memory of its own.
    fn put_all(&mut self, items: Items) -> StateResult<()> {
        // SAFETY: as in `put`; the context is nobody else's, and the items' memory in it goes with each.
        unsafe {
            let before = pg_sys::CurrentMemoryContext;
            let memory = pg_sys::AllocSetContextCreateExtended(
                before,
                c"wfstate item".as_ptr(),
                pg_sys::ALLOCSET_SMALL_MINSIZE as usize,
                pg_sys::ALLOCSET_SMALL_INITSIZE as usize,
                pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
            );
            pg_sys::MemoryContextSwitchTo(memory);
            for item in items {
                self.put(&item?);
                pg_sys::MemoryContextReset(memory);
                interrupts::check();
            }
            pg_sys::MemoryContextSwitchTo(before);
            pg_sys::MemoryContextDelete(memory);
        }
        Ok(())
    }
}

/// What a call is to do: begin, or go on.
pub struct Step<'a>(Option<Records<'a>>);

/// A set that is asked for row by row.
struct Running {
    items: Items,
    shape: Shape,
}

// SAFETY: the server's protocol for sets: a function that is called again goes on where it was, as FuncCallContext
// has it; one that has filled a tuplestore says so. Rows are formed after the type that the function declares.
unsafe impl<'a> RetAbi for Records<'a> {
    type Item = Record;
    type Ret = Step<'a>;

    unsafe fn check_fcinfo_and_prepare(call: pg_sys::FunctionCallInfo) -> CallCx {
        // SAFETY: the frame of this call; only `begin` sets the field.
        unsafe {
            if (*(*call).flinfo).fn_extra.is_null() {
                CallCx::WrappedFn(pg_sys::CurrentMemoryContext)
            } else {
                CallCx::RestoreCx
            }
        }
    }

    fn to_ret(self) -> Step<'a> {
        Step(Some(self))
    }

    unsafe fn ret_from_fcinfo_fcx(_: pg_sys::FunctionCallInfo) -> Step<'a> {
        Step(None)
    }

    unsafe fn box_ret_in_fcinfo(call: pg_sys::FunctionCallInfo, step: Step<'a>) -> pg_sys::Datum {
        // SAFETY: the frame of this call, and in the order that the protocol has.
        unsafe {
            match step.0 {
                Some(Records(Source::Written(write))) => return fill(call, write),
                Some(Records(Source::OneByOne(items))) if reads_all(call) => {
                    return fill(call, Box::new(|output| output.put_all(items)));
                }
                Some(Records(Source::OneByOne(items))) => begin(call, items),
                None => {}
            }
            next(call)
        }
    }

    unsafe fn move_into_fcinfo_fcx(self, _: pg_sys::FunctionCallInfo) {}

    unsafe fn fill_fcinfo_fcx(&self, _: pg_sys::FunctionCallInfo) {}
}

/// # Safety
/// The frame of a call that runs, of a function that returns a set.
unsafe fn result_info(call: pg_sys::FunctionCallInfo, mode: u32) -> *mut pg_sys::ReturnSetInfo {
    // SAFETY: the caller's promise; the node is what its tag says.
    unsafe {
        let info = (*call).resultinfo.cast::<pg_sys::ReturnSetInfo>();
        let is_set = !info.is_null() && (*info).type_ == pg_sys::NodeTag::T_ReturnSetInfo;
        if !is_set || (*info).allowedModes as u32 & mode == 0 {
            raise(
                &StateError::invalid(
                    "set-valued function called in a context that cannot accept a set",
                )
                .hint("Call it in FROM."),
            );
        }
        info
    }
}

/// Whether the query reads all rows at once, as one does that calls the function in FROM: then they are kept as they
/// come, which spares a copy of each.
///
/// # Safety
/// The frame of a call that runs.
unsafe fn reads_all(call: pg_sys::FunctionCallInfo) -> bool {
    // SAFETY: the caller's promise; the node is what its tag says.
    unsafe {
        let info = (*call).resultinfo.cast::<pg_sys::ReturnSetInfo>();
        let preferred = pg_sys::SetFunctionReturnMode::SFRM_Materialize_Preferred;
        !info.is_null()
            && (*info).type_ == pg_sys::NodeTag::T_ReturnSetInfo
            && (*info).allowedModes as u32 & preferred != 0
    }
}

/// # Safety
/// As for `result_info`.
unsafe fn fill(call: pg_sys::FunctionCallInfo, write: Write<'_>) -> pg_sys::Datum {
    // SAFETY: the caller's promise. What the server needs after the call is made in the query's memory, and it
    // keeps the store; on an error all of it goes with the query.
    unsafe {
        let info = result_info(call, pg_sys::SetFunctionReturnMode::SFRM_Materialize);
        let random = (*info).allowedModes as u32
            & pg_sys::SetFunctionReturnMode::SFRM_Materialize_Random
            != 0;
        let before = pg_sys::MemoryContextSwitchTo((*(*info).econtext).ecxt_per_query_memory);
        let shape = Shape::of(call);
        let store = pg_sys::tuplestore_begin_heap(random, false, pg_sys::work_mem);
        pg_sys::MemoryContextSwitchTo(before);
        let memory = pg_sys::AllocSetContextCreateExtended(
            before,
            c"wfstate row".as_ptr(),
            pg_sys::ALLOCSET_SMALL_MINSIZE as usize,
            pg_sys::ALLOCSET_SMALL_INITSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
        );
        (*info).returnMode = pg_sys::SetFunctionReturnMode::SFRM_Materialize;
        (*info).setResult = store;
        (*info).setDesc = shape.descriptor;
        let mut output = Output {
            store,
            shape,
            memory,
        };
        run(|| write(&mut output));
        pg_sys::MemoryContextDelete(memory);
        (*call).isnull = true;
        pg_sys::Datum::null()
    }
}

/// # Safety
/// As for `result_info`, and the first call of a set.
unsafe fn begin(call: pg_sys::FunctionCallInfo, items: Items) {
    // SAFETY: the caller's promise. The server deletes the context when the set has ended or nobody wants the
    // rest, and that drops the iterator.
    unsafe {
        result_info(call, pg_sys::SetFunctionReturnMode::SFRM_ValuePerCall);
        let context = pg_sys::init_MultiFuncCall(call);
        let memory = (*context).multi_call_memory_ctx;
        let before = pg_sys::MemoryContextSwitchTo(memory);
        let shape = Shape::of(call);
        pg_sys::MemoryContextSwitchTo(before);
        let mut memory = pgrx::PgMemoryContexts::For(memory);
        (*context).user_fctx = memory
            .leak_and_drop_on_delete(Running { items, shape })
            .cast();
    }
}

/// # Safety
/// As for `result_info`, after `begin`.
unsafe fn next(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the caller's promise: the context is that of `begin`.
    unsafe {
        let info = (*call).resultinfo.cast::<pg_sys::ReturnSetInfo>();
        let context = (*(*call).flinfo).fn_extra.cast::<pg_sys::FuncCallContext>();
        let running = &mut *(*context).user_fctx.cast::<Running>();
        let record = run(|| running.items.next().transpose());
        match record {
            Some(record) => {
                (*context).call_cntr += 1;
                (*info).isDone = pg_sys::ExprDoneCond::ExprMultipleResult;
                (*call).isnull = false;
                running.shape.datum(&record)
            }
            None => {
                pg_sys::end_MultiFuncCall(call, context);
                (*info).isDone = pg_sys::ExprDoneCond::ExprEndResult;
                (*call).isnull = true;
                pg_sys::Datum::null()
            }
        }
    }
}

// SAFETY: values of the type are rows, whose columns are checked at each call.
unsafe impl SqlTranslatable for Records<'_> {
    fn argument_sql() -> Result<SqlMapping, ArgumentError> {
        Ok(SqlMapping::literal("record"))
    }
    fn return_sql() -> Result<Returns, ReturnsError> {
        Ok(Returns::SetOf(SqlMapping::literal("record")))
    }
}
