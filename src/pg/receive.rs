//! A statement's rows as the executor makes them, one by one; SPI would keep a copy of each.

use crate::pg::datum::payload;
use crate::pg::params::{Param, datums, oid};
use crate::pg::spi::{Columns, Mode, Session, Statement, check};
use pgrx::varlena::{varatt_is_1b, varatt_is_1b_e, varatt_is_4b_u, vardata_any};
use pgrx::varlena::{varsize_any, varsize_any_exhdr};
use pgrx::{pg_guard, pg_sys};
use std::ffi::c_int;

/// A row that is there only while it is looked at; read by position from 0.
pub struct Passing {
    slot: *mut pg_sys::TupleTableSlot,
}

/// A jsonb as the row has it: where it is in TOAST, compressed, or plain.
pub struct Stored(Vec<u8>);

/// What detoasting needs: the connection whose memory the result goes to.
pub struct Received {
    _session: Session,
}

/// The server's receiver, and who looks at the rows.
#[repr(C)]
struct Receiver<'r> {
    server: pg_sys::DestReceiver,
    each: &'r mut dyn FnMut(&Passing),
}

impl Statement {
    /// Runs a SELECT; `each` sees every row. What is left in TOAST can be fetched as long as the result lives.
    pub fn receive(
        &self,
        mode: Mode,
        params: &[Param<'_>],
        mut each: impl FnMut(&Passing),
    ) -> Received {
        let session = Session::connect();
        let plan = self.prepared();
        let mut receiver = Receiver {
            server: pg_sys::DestReceiver {
                receiveSlot: Some(receive_slot),
                rStartup: Some(start_up),
                rShutdown: Some(shut_down),
                rDestroy: Some(shut_down),
                mydest: pg_sys::CommandDest::DestTuplestore,
            },
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
        Received { _session: session }
    }

    /// The parameters in SPI's memory.
    fn param_list(&self, params: &[Param<'_>]) -> pg_sys::ParamListInfo {
        let (values, nulls) = datums(params);
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
                    ptype: oid(*kind),
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
    // and a slot that is filled; its columns are read where they are not yet.
    unsafe {
        let columns = (*(*slot).tts_tupleDescriptor).natts;
        if i32::from((*slot).tts_nvalid) < columns {
            pg_sys::slot_getsomeattrs_int(slot, columns);
        }
        ((*receiver.cast::<Receiver<'_>>()).each)(&Passing { slot });
    }
    true
}

unsafe extern "C-unwind" fn start_up(_: *mut pg_sys::DestReceiver, _: c_int, _: pg_sys::TupleDesc) {
}

unsafe extern "C-unwind" fn shut_down(_: *mut pg_sys::DestReceiver) {}

impl Passing {
    /// Appends a jsonb's payload to `out`; its size, or `None` for NULL.
    pub fn append(&self, column: usize, out: &mut Vec<u8>) -> Option<usize> {
        let datum = self.column(column)?;
        let varlena = datum.cast_mut_ptr::<pg_sys::varlena>();
        let before = out.len();
        // SAFETY: the column is a jsonb, alive while the row is; what had to be detoasted is a copy that
        // nobody else knows.
        unsafe {
            let short = varatt_is_1b(varlena) && !varatt_is_1b_e(varlena);
            if short || varatt_is_4b_u(varlena) {
                let size = varsize_any_exhdr(varlena);
                out.extend_from_slice(std::slice::from_raw_parts(
                    vardata_any(varlena).cast::<u8>(),
                    size,
                ));
            } else {
                let copy = pg_sys::pg_detoast_datum(varlena);
                out.extend_from_slice(payload(pg_sys::Datum::from(copy)));
                pg_sys::pfree(copy.cast());
            }
        }
        Some(out.len() - before)
    }

    /// A jsonb as the row has it, to be fetched later or not at all.
    pub fn stored(&self, column: usize) -> Option<Stored> {
        let varlena = self.column(column)?.cast_mut_ptr::<pg_sys::varlena>();
        // SAFETY: the column is a jsonb, alive while the row is.
        let bytes =
            unsafe { std::slice::from_raw_parts(varlena.cast::<u8>(), varsize_any(varlena)) };
        Some(Stored(bytes.to_vec()))
    }
}

impl Columns for Passing {
    fn column(&self, column: usize) -> Option<pg_sys::Datum> {
        // SAFETY: the slot is filled, and its first tts_nvalid columns have been read.
        unsafe {
            let slot = &*self.slot;
            if column >= slot.tts_nvalid as usize || *slot.tts_isnull.add(column) {
                return None;
            }
            Some(*slot.tts_values.add(column))
        }
    }
}

impl Stored {
    /// The payload; what is fetched from TOAST goes to the connection's memory.
    pub fn payload<'a>(&'a self, _: &'a Received) -> &'a [u8] {
        // SAFETY: a copy of a valid jsonb, aligned as `malloc` aligns. What is fetched lives as long as the
        // connection, since nothing else is connected above it.
        unsafe { payload(pg_sys::Datum::from(self.0.as_ptr())) }
    }
}
