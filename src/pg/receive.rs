//! A statement's rows as the executor makes them, one by one; SPI would keep a copy of each.

use crate::core::StateResult;
use crate::pg::error::run;
use crate::pg::params::{Param, datums};
use crate::pg::rows::{Row, Shape};
use crate::pg::spi::{Connection, Mode, Statement, check};
use pgrx::{pg_guard, pg_sys};
use std::ffi::c_int;
use std::rc::Rc;

/// The server's receiver, and who looks at the rows.
#[repr(C)]
struct Receiver<'r> {
    server: pg_sys::DestReceiver,
    statement: &'r Statement,
    shape: Option<Rc<Shape>>,
    each: &'r mut dyn FnMut(&Row<'_>) -> StateResult<bool>,
}

impl Statement {
    /// Runs a SELECT; `each` sees every row while it is there, and must not run another statement. What it
    /// refuses is raised. What a row has in TOAST can be fetched as long as the connection is open.
    pub fn receive(
        &self,
        mode: Mode,
        params: &[Param<'_>],
        mut each: impl FnMut(&Row<'_>) -> StateResult<()>,
    ) -> Connection {
        self.receive_while(mode, params, |row| each(row).map(|()| true))
    }

    /// The same until `each` wants no more.
    pub fn receive_while(
        &self,
        mode: Mode,
        params: &[Param<'_>],
        mut each: impl FnMut(&Row<'_>) -> StateResult<bool>,
    ) -> Connection {
        let connection = Connection::open();
        let plan = self.prepared();
        let mut receiver = Receiver {
            server: pg_sys::DestReceiver {
                receiveSlot: Some(receive_slot),
                rStartup: Some(start_up),
                rShutdown: Some(shut_down),
                rDestroy: Some(shut_down),
                mydest: pg_sys::CommandDest::DestTuplestore,
            },
            statement: self,
            shape: None,
            each: &mut each,
        };
        // SAFETY: SPI is connected; plan and parameters belong together; the receiver outlives the call, and
        // the server hands it to nobody but the functions below. What raises leaves this function at once,
        // and the abort takes the snapshot from the stack.
        unsafe {
            let options = pg_sys::SPIExecuteOptions {
                params: self.param_list(params),
                read_only: mode != Mode::Write,
                dest: (&raw mut receiver).cast(),
                ..Default::default()
            };
            if mode == Mode::Latest {
                pg_sys::CommandCounterIncrement();
                pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot());
            }
            let status = pg_sys::SPI_execute_plan_extended(plan, &options);
            if mode == Mode::Latest {
                pg_sys::PopActiveSnapshot();
            }
            check(status, self.sql());
        }
        connection
    }

    /// The parameters in SPI's memory.
    fn param_list(&self, params: &[Param<'_>]) -> pg_sys::ParamListInfo {
        let (values, nulls) = datums(self.sql(), self.args(), params);
        // SAFETY: the list has room for as many parameters as it is made for.
        unsafe {
            let list = pg_sys::makeParamList(i32::try_from(values.len()).unwrap_or(0));
            let first = (*list).params.as_mut_ptr();
            let each = values.iter().zip(&nulls).zip(self.args());
            for (index, ((value, null), kind)) in each.enumerate() {
                first.add(index).write(pg_sys::ParamExternData {
                    value: *value,
                    isnull: *null == b'n',
                    pflags: pg_sys::PARAM_FLAG_CONST as u16,
                    ptype: kind.oid(),
                });
            }
            list
        }
    }
}

/// Called by the executor with each row. An error in it is raised through the executor as the server's own are.
#[pg_guard]
unsafe extern "C-unwind" fn receive_slot(
    slot: *mut pg_sys::TupleTableSlot,
    receiver: *mut pg_sys::DestReceiver,
) -> bool {
    // SAFETY: the executor gives back the receiver that it was given, which begins with the server's part,
    // and a slot that is filled with a row of the descriptor that it started with; its columns are read where
    // they are not yet.
    unsafe {
        let columns = (*(*slot).tts_tupleDescriptor).natts;
        if i32::from((*slot).tts_nvalid) < columns {
            pg_sys::slot_getsomeattrs_int(slot, columns);
        }
        let receiver = &mut *receiver.cast::<Receiver<'_>>();
        match &receiver.shape {
            Some(shape) => run(|| (receiver.each)(&Row::in_slot(slot, shape))),
            None => false,
        }
    }
}

/// Called by the executor before the first row, with their descriptor.
#[pg_guard]
unsafe extern "C-unwind" fn start_up(
    receiver: *mut pg_sys::DestReceiver,
    _operation: c_int,
    descriptor: pg_sys::TupleDesc,
) {
    // SAFETY: as above; the descriptor is that of the rows.
    unsafe {
        let receiver = &mut *receiver.cast::<Receiver<'_>>();
        receiver.shape = Some(receiver.statement.shape(descriptor));
    }
}

unsafe extern "C-unwind" fn shut_down(_: *mut pg_sys::DestReceiver) {}
