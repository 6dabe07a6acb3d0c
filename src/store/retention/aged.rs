//! Tables of which each row goes by its own age, by an index on (tenant, time).

use crate::core::StateResult;
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::retention::{Done, Wanted};

/// A table of rows that go by their age.
pub(super) struct Aged {
    /// Its name as an item.
    pub item: &'static str,
    remove: Statement,
    count: Statement,
}

const ARGS: &[Type] = &[Type::Text, Type::Timestamptz, Type::Int8];

/// An item, its table, the column with the time, and which rows are meant. What somebody else has locked is passed over. Rows are found again by
/// partition and place, which serves tables with and without partitions.
macro_rules! aged {
    ($item:literal, $table:literal, $at:literal) => {
        aged!($item, $table, $at, "")
    };
    ($item:literal, $table:literal, $at:literal, $which:literal) => {
        Aged {
            item: $item,
            remove: Statement::new(
                concat!(
                    "WITH old AS MATERIALIZED (
  SELECT w.tableoid AS part, w.ctid AS place FROM ",
                    $table,
                    " AS w WHERE w.tenant {=} $1 AND w.",
                    $at,
                    " {<} $2",
                    $which,
                    " ORDER BY w.",
                    $at,
                    " LIMIT $3 FOR UPDATE SKIP LOCKED
)
DELETE FROM ",
                    $table,
                    " AS t USING old AS o WHERE t.tableoid {=} o.part AND t.ctid {=} o.place"
                ),
                ARGS,
            ),
            count: Statement::new(
                concat!(
                    "SELECT FROM ",
                    $table,
                    " AS w WHERE w.tenant {=} $1 AND w.",
                    $at,
                    " {<} $2",
                    $which,
                    " LIMIT $3"
                ),
                ARGS,
            ),
        }
    };
}

/// In the order in which they are gone through, behind executions, histories, circuits and routing.
pub(super) static TABLES: [Aged; 10] = [
    aged!("changes", "wfstate.changes", "changed_at"),
    aged!("signals", "wfstate.signals", "taken_at"),
    aged!("waits", "wfstate.waits", "ended_at"),
    aged!("quarantine", "wfstate.quarantine", "quarantined_at"),
    aged!("recoveries", "wfstate.recoveries", "recovered_at"),
    aged!(
        "migration_failures",
        "wfstate.migration_failures",
        "failed_at"
    ),
    aged!("logs", "wfstate.logs", "logged_at"),
    aged!("metrics", "wfstate.metrics", "recorded_at"),
    aged!("memories", "wfstate.memories", "updated_at"),
    aged!(
        "todo_lists",
        "wfstate.todo_lists",
        "updated_at",
        " AND w.execution_id IS NULL"
    ),
];

impl Aged {
    pub(super) fn clean(&self, wanted: &Wanted<'_>) -> StateResult<Done> {
        let params = [
            Param::Text(Some(wanted.tenant)),
            Param::Timestamptz(wanted.before),
            Param::Int8(Some(wanted.batch)),
        ];
        let found = as_owner(|| match wanted.dry_run {
            true => self.count.run(Mode::Read, &params),
            false => self.remove.run(Mode::Write, &params),
        })?;
        let removed = found.cast_signed();
        Ok(Done {
            removed,
            failed: 0,
            finished: removed < wanted.batch,
        })
    }
}
