//! Many rows of a table changed in one command, under locks that the transaction holds already.

use crate::pg::direct::many::Place;
use crate::pg::direct::many_entries::Indexes;
use crate::pg::direct::server::{self, Entries};
use crate::pg::direct::tables::Tables;
use crate::pg::direct::{Command, domains, formed};
use crate::pg::params::Param;
use crate::pg::rows::{Row, Shape};
use pgrx::pg_sys;
use std::rc::Rc;

/// A row on its way to another one takes what is changed.
pub type Changes<'p> = Vec<(usize, Param<'p>)>;

impl Command {
    /// Changes rows of the table in this position.
    pub fn updates(&self, at: usize) -> Updates<'_> {
        let open = self.tables.at(at);
        // SAFETY: the table is open, and outlives the slot.
        let (slot, shape) = unsafe {
            pg_sys::CheckCmdReplicaIdentity(open.relation, pg_sys::CmdType::CMD_UPDATE);
            let descriptor = (*open.relation).rd_att;
            let slot = pg_sys::MakeSingleTupleTableSlot(descriptor, &pg_sys::TTSOpsBufferHeapTuple);
            let known = open.table.shape.borrow().clone();
            (slot, Shape::of(open.table.name(), descriptor, known))
        };
        Updates {
            tables: &self.tables,
            at,
            slot,
            shape,
            indexes: None,
        }
    }
}

/// Changes rows one after the other.
pub struct Updates<'t> {
    tables: &'t Tables,
    at: usize,
    slot: *mut pg_sys::TupleTableSlot,
    shape: Rc<Shape>,
    /// Opened when the first row needs entries.
    indexes: Option<Indexes>,
}

impl Updates<'_> {
    /// Changes a row that this transaction has locked, as `changes` says of what it is; `None` from there leaves it.
    /// False where the row was not changed: then it is not what it was when it was locked, and the rows before it may
    /// have been changed.
    pub fn update<'p>(
        &mut self,
        Place(mut place): Place,
        changes: impl FnOnce(&Row<'_>) -> Option<Changes<'p>>,
    ) -> bool {
        let open = self.tables.at(self.at);
        let width = open.table.width();
        // SAFETY: a place in this table, and a slot for its rows; what raises inside ends at the boundary. The slot
        // then has as many columns, all of them read, and its row stays pinned while another is made of it.
        unsafe {
            let (relation, slot, place) = (open.relation, self.slot, &raw mut place);
            if !server::fetch(relation, place, slot) {
                return false;
            }
            pg_sys::slot_getsomeattrs_int(slot, width as i32);
            let Some(changes) = changes(&Row::in_slot(slot, &self.shape)) else {
                return false;
            };
            let mut values = std::slice::from_raw_parts((*slot).tts_values, width).to_vec();
            let mut nulls = std::slice::from_raw_parts((*slot).tts_isnull, width).to_vec();
            let mut asks = false;
            for (column, value) in &changes {
                let datum = self.tables.datum(self.at, Some(column), value);
                asks = asks || matches!(value, Param::Text(_));
                if let (Some(value), Some(null)) = (values.get_mut(*column), nulls.get_mut(*column))
                {
                    *null = datum.is_none();
                    *value = datum.unwrap_or(pg_sys::Datum::null());
                }
            }
            if asks {
                domains::ask(open, &values, &nulls);
            }
            let tuple = formed(relation, &mut values, &mut nulls);
            let command = pg_sys::GetCurrentCommandId(true);
            let (result, wanted) = server::update(relation, place, tuple, command);
            if result != pg_sys::TM_Result::TM_Ok {
                return false;
            }
            if wanted != Entries::None {
                let indexes = self.indexes.get_or_insert_with(|| Indexes::open(relation));
                indexes.enter(tuple, wanted);
            }
        }
        true
    }
}

impl Drop for Updates<'_> {
    fn drop(&mut self) {
        // While unwinding, the server's abort cleans up.
        if !std::thread::panicking() {
            // SAFETY: opened above, and closed once.
            unsafe {
                if let Some(indexes) = self.indexes.take() {
                    indexes.close();
                }
                pg_sys::ExecDropSingleTupleTableSlot(self.slot);
            }
        }
    }
}
