//! Prepared statements through SPI: planned once per session, raw datums in and out.

use crate::core::StateResult;
use crate::pg::error::internal;
use crate::pg::params::datums;
pub use crate::pg::params::{Interval, Param};
use crate::pg::rows::Shape;
pub use crate::pg::rows::{Row, Rows, Stored};
pub use crate::pg::types::Type;
use pgrx::pg_sys;
use std::cell::{Cell, RefCell};
use std::ffi::CString;
use std::rc::Rc;

/// One of the closed set of statements. `{=}` in the text stands for `OPERATOR(pg_catalog.=)`, so that
/// no search_path can put another operator in its place.
pub struct Statement {
    sql: &'static str,
    args: &'static [Type],
    options: u32,
    plan: Cell<pg_sys::SPIPlanPtr>,
    /// Of the result when it was last run.
    shape: RefCell<Option<Rc<Shape>>>,
}

// SAFETY: a backend runs SQL on one thread only; pgrx's wrappers check that.
unsafe impl Sync for Statement {}

/// What a statement may see and do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The calling query's snapshot; works on a standby. All reads of one call agree.
    Read,
    /// A new snapshot, or the transaction's where it keeps one; may write.
    Write,
    /// The newest snapshot whatever the transaction keeps, as for the server's own foreign keys: for what must
    /// see every reference before it removes something.
    Latest,
}

impl Statement {
    /// A statement and the types of its parameters. One plan serves all values: it is bound to keys, so
    /// that a plan per value would gain nothing.
    pub const fn new(sql: &'static str, args: &'static [Type]) -> Self {
        Self::with(sql, args, pg_sys::CURSOR_OPT_GENERIC_PLAN)
    }

    /// A statement whose best plan depends on which parameters are given.
    pub const fn planned_each_time(sql: &'static str, args: &'static [Type]) -> Self {
        Self::with(sql, args, pg_sys::CURSOR_OPT_CUSTOM_PLAN)
    }

    const fn with(sql: &'static str, args: &'static [Type], options: u32) -> Self {
        Statement {
            sql,
            args,
            options,
            plan: Cell::new(std::ptr::null_mut()),
            shape: RefCell::new(None),
        }
    }

    /// Runs the statement and keeps its rows, with the server's memory for them, as long as the result lives.
    pub fn rows(&self, mode: Mode, params: &[Param<'_>]) -> Rows {
        let connection = Connection::open();
        let plan = self.prepared();
        let (mut values, nulls) = datums(self.sql, self.args, params);
        // SAFETY: plan, values and nulls are valid and of the statement's arity; SPI is connected. After it,
        // SPI_tuptable is NULL or holds the rows of this statement until SPI finishes.
        unsafe {
            let nulls = nulls.as_ptr().cast();
            let values = values.as_mut_ptr();
            let status = if mode == Mode::Latest {
                let latest = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
                let none = std::ptr::null_mut();
                let status =
                    pg_sys::SPI_execute_snapshot(plan, values, nulls, latest, none, false, true, 0);
                pg_sys::UnregisterSnapshot(latest);
                status
            } else {
                pg_sys::SPI_execute_plan(plan, values, nulls, mode == Mode::Read, 0)
            };
            check(status, self.sql);
            let table = pg_sys::SPI_tuptable;
            Rows {
                table,
                processed: pg_sys::SPI_processed,
                shape: (!table.is_null()).then(|| self.shape((*table).tupdesc)),
                _connection: connection,
            }
        }
    }

    /// Runs the statement; `each` sees every row.
    pub fn each(
        &self,
        mode: Mode,
        params: &[Param<'_>],
        mut each: impl FnMut(&Row<'_>) -> StateResult<()>,
    ) -> StateResult<u64> {
        let rows = self.rows(mode, params);
        for row in rows.iter() {
            each(&row)?;
        }
        Ok(rows.processed)
    }

    /// Runs the statement and returns what `read` makes of its only row.
    pub fn one<R>(
        &self,
        mode: Mode,
        params: &[Param<'_>],
        read: impl Fn(&Row<'_>) -> StateResult<R>,
    ) -> StateResult<Option<R>> {
        let mut found = None;
        self.each(mode, params, |row| {
            found = Some(read(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Runs the statement and returns what `read` makes of each row.
    pub fn all<R>(
        &self,
        mode: Mode,
        params: &[Param<'_>],
        read: impl Fn(&Row<'_>) -> StateResult<R>,
    ) -> StateResult<Vec<R>> {
        let mut rows = Vec::new();
        self.each(mode, params, |row| {
            rows.push(read(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Runs the statement for its effect; returns the rows it touched.
    pub fn run(&self, mode: Mode, params: &[Param<'_>]) -> StateResult<u64> {
        self.each(mode, params, |_| Ok(()))
    }

    /// The columns of its result.
    ///
    /// # Safety
    /// `descriptor` must be valid.
    pub(super) unsafe fn shape(&self, descriptor: pg_sys::TupleDesc) -> Rc<Shape> {
        let known = self.shape.borrow().clone();
        // SAFETY: the caller's promise.
        let shape = unsafe { Shape::of(self.sql, descriptor, known) };
        self.shape.replace(Some(Rc::clone(&shape)));
        shape
    }

    /// Its text, and the types of its parameters.
    pub(super) fn sql(&self) -> &'static str {
        self.sql
    }

    pub(super) fn args(&self) -> &'static [Type] {
        self.args
    }

    pub(super) fn prepared(&self) -> pg_sys::SPIPlanPtr {
        let plan = self.plan.get();
        if !plan.is_null() {
            return plan;
        }
        let sql = CString::new(qualified(self.sql)).unwrap_or_default();
        let mut types: Vec<pg_sys::Oid> = self.args.iter().map(|t| t.oid()).collect();
        // SAFETY: SPI is connected; the text and types outlive the call. SPI_keepplan moves the plan to
        // memory that lives as long as the session.
        let plan = unsafe {
            let plan = pg_sys::SPI_prepare_cursor(
                sql.as_ptr(),
                types.len() as i32,
                types.as_mut_ptr(),
                self.options as i32,
            );
            if plan.is_null() {
                check(pg_sys::SPI_result, self.sql);
            }
            check(pg_sys::SPI_keepplan(plan), self.sql);
            plan
        };
        self.plan.set(plan);
        plan
    }
}

/// The time now, in the server's microseconds.
pub fn now() -> i64 {
    // SAFETY: reads the clock.
    unsafe { pg_sys::GetCurrentTimestamp() }
}

/// Runs a command that cannot be prepared, such as GRANT.
pub fn command(sql: &str) -> StateResult<()> {
    let connection = Connection::open();
    let text = CString::new(sql).unwrap_or_default();
    // SAFETY: SPI is connected and the text outlives the call.
    unsafe { check(pg_sys::SPI_execute(text.as_ptr(), false, 0), sql) };
    drop(connection);
    Ok(())
}

/// An SPI connection. An error inside ends the transaction, which ends the connection too.
pub struct Connection(());

impl Connection {
    pub(super) fn open() -> Self {
        // SAFETY: legal inside any function call; raises when it cannot.
        unsafe { pg_sys::SPI_connect() };
        Connection(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // While unwinding, the server's abort cleans up; calling it here could raise within a raise.
        if !std::thread::panicking() {
            // SAFETY: connected in `open`, and only once.
            unsafe { pg_sys::SPI_finish() };
        }
    }
}

/// SPI's own failures (not the statement's, which raise) mean that the statement is not what it should be.
pub(super) fn check(status: i32, sql: &str) {
    if status < 0 {
        // SAFETY: returns a static string.
        let what = unsafe { std::ffi::CStr::from_ptr(pg_sys::SPI_result_code_string(status)) };
        internal(&what.to_string_lossy(), &format!("the statement {sql}"));
    }
}

/// Replaces `{op}` by `OPERATOR(pg_catalog.op)`.
fn qualified(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len() * 2);
    let mut rest = sql;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        match from.find('}') {
            Some(close) if is_operator(&from[1..close]) => {
                out.push_str("OPERATOR(pg_catalog.");
                out.push_str(&from[1..close]);
                out.push(')');
                rest = &from[close + 1..];
            }
            _ => {
                out.push('{');
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn is_operator(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| b"=<>+-*|@&~".contains(&c))
}
