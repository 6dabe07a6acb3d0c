//! Logs and metrics in partitions by time, which pg_partman makes and drops.

use crate::core::{Code, StateError, StateResult};
use crate::pg::roles::as_owner;
use crate::pg::settings;
use crate::pg::spi::{Interval, Mode, Param, Statement, Type};

/// Whether the caller may do as the table's owner may; no row where there is no such table.
static MAY: Statement = Statement::new(
    "SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE') FROM pg_catalog.pg_class AS c
      WHERE c.oid {=} pg_catalog.to_regclass($1)",
    &[Type::Text],
);

static MAKE: Statement = Statement::new(
    "SELECT wfstate.make_partitions($1, $2, $3, $4)",
    &[Type::Text, Type::Interval, Type::Interval, Type::Int4],
);

/// How a table is to be partitioned.
pub struct Call<'a> {
    /// `logs` or `metrics`.
    pub table: Option<&'a str>,
    /// Length of a partition.
    pub every: Option<Interval>,
    /// How long partitions are kept.
    pub keep: Option<Interval>,
    /// How many are made ahead.
    pub premake: Option<i32>,
}

/// Has pg_partman partition a table; returns how many partitions there are. pg_partman sets the session's search_path,
/// and leaves it so.
pub fn make(call: &Call<'_>) -> StateResult<i32> {
    if let Some(table @ ("logs" | "metrics")) = call.table {
        let name = format!("wfstate.{table}");
        let may = MAY.one(Mode::Read, &[Param::Text(Some(&name))], |row| {
            Ok(row.bool(0))
        })?;
        if may.flatten() == Some(false) {
            let refusal = format!("permission denied to partition {name}");
            return Err(
                StateError::new(Code::InsufficientPrivilege, refusal).hint("Ask a superuser.")
            );
        }
    }
    let params = [
        Param::Text(call.table),
        Param::Interval(call.every),
        Param::Interval(call.keep),
        Param::Int4(call.premake.map(i64::from)),
    ];
    let made = settings::put_back(|| MAKE.one(Mode::Write, &params, |row| Ok(row.int4(0))))?;
    Ok(made.flatten().unwrap_or_default())
}

/// Partitions without row-level security.
static BARE: Statement = Statement::new(
    "SELECT FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid {=} i.inhrelid
      WHERE (i.inhparent {=} 'wfstate.logs'::pg_catalog.regclass::pg_catalog.oid
             OR i.inhparent {=} 'wfstate.metrics'::pg_catalog.regclass::pg_catalog.oid)
        AND NOT c.relrowsecurity LIMIT 1",
    &[],
);
static PROTECT: Statement = Statement::new("SELECT wfstate.protect_partitions()", &[]);

/// Gives partitions that pg_partman has made their row-level security; returns how many.
pub fn protect() -> StateResult<i64> {
    as_owner(|| {
        if BARE.run(Mode::Read, &[])? == 0 {
            return Ok(0);
        }
        let protected = PROTECT.one(Mode::Write, &[], |row| Ok(row.int8(0)))?;
        Ok(protected.flatten().unwrap_or_default())
    })
}
