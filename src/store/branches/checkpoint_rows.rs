//! Rows of `wfstate.checkpoints` in the order of a list, a batch at a time.

use crate::core::StateResult;
use crate::core::checkpoints::{Place, behind};
use crate::pg::roles::as_owner;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::log::executions::key_params;
use std::collections::VecDeque;

const ARGS: &[Type] = &[
    Type::Text,
    Type::Text,
    Type::Int8,
    Type::Text,
    Type::Int8,
    Type::Text,
    Type::Text,
    Type::Text,
    Type::Jsonb,
    Type::Int8,
];

macro_rules! between {
    () => {
        "c.tenant {=} $1 AND c.execution_id {=} $2
         AND ROW(c.version, c.name) {>} ROW($3, $4) AND ROW(c.version, c.name) {<} ROW($5, $6)"
    };
}

/// Rows in order, and of each whether it is wanted: what is not comes without its metadata.
macro_rules! in_order {
    ($direction:literal) => {
        Statement::new(
            concat!(
                "SELECT w.name, w.version, CASE WHEN w.is_wanted THEN w.metadata END AS metadata, w.created_by,
                        w.created_at, w.is_wanted
                   FROM (SELECT c.name, c.version, c.metadata, c.created_by, c.created_at,
                                (c.name {>=} $7 AND ($8 IS NULL OR c.name {<} $8)
                                 AND ($9 IS NULL OR coalesce(c.metadata {@>} $9, false))) AS is_wanted
                           FROM wfstate.checkpoints AS c WHERE ",
                between!(),
                " ORDER BY c.version",
                $direction,
                ", c.name",
                $direction,
                " LIMIT $10) AS w"
            ),
            ARGS,
        )
    };
}
static UP: Statement = in_order!("");
static DOWN: Statement = in_order!(" DESC");

/// Those that are wanted, where they are rare: by name or by an index of the metadata, whichever the planner finds
/// narrower. jsonb's operators are not leakproof, so that below row-level security they could not use the index: this
/// runs as the owner, with the tenant that the caller was found to be allowed. The caller reads them by name.
macro_rules! matching {
    ($direction:literal) => {
        Statement::planned_each_time(
            concat!(
                "WITH matching AS MATERIALIZED (
  SELECT c.name, c.version FROM wfstate.checkpoints AS c WHERE ",
                between!(),
                " AND ($7 {=} '' OR c.name {>=} $7) AND ($8 IS NULL OR c.name {<} $8)
     AND ($9 IS NULL OR (c.metadata IS NOT NULL AND wfstate.scoped(c.tenant, c.metadata) {@>} wfstate.scoped($1, $9)))
)
SELECT m.name, m.version FROM matching AS m ORDER BY m.version",
                $direction,
                ", m.name",
                $direction,
                " LIMIT $10"
            ),
            ARGS,
        )
    };
}
static MATCHING_UP: Statement = matching!("");
static MATCHING_DOWN: Statement = matching!(" DESC");
/// In the order of the names.
static NAMED: Statement = Statement::new(
    "SELECT w.* FROM pg_catalog.unnest($3) AS u (name)
      CROSS JOIN LATERAL (
            SELECT c.name, c.version, c.metadata, c.created_by, c.created_at, true FROM wfstate.checkpoints AS c
             WHERE c.tenant {=} $1 AND c.execution_id {=} $2 AND c.name {=} u.name OFFSET 0) AS w",
    &[Type::Text, Type::Text, Type::TextArray],
);

/// Rows that are looked at in order before those that are wanted are looked up: where fewer of them are wanted than that
/// part of the page.
const LOOKED_AT: i64 = 1000;
const RARE: usize = 10;
/// Rows that are read in one go: so many, or up to the one that makes them larger than that.
const BATCH: i64 = 100;
const BATCH_BYTES: usize = 8 << 20;
/// The same of rows that are looked up, all of them for each batch.
const LOOKED_UP: i64 = 2000;

/// What is listed, and how.
pub struct Filter {
    /// Only names that begin so.
    pub prefix: Option<String>,
    /// Only with metadata that contain these, as by `@>`.
    pub containment: Option<Vec<u8>>,
    /// The newest version first.
    pub newest_first: bool,
}

/// A row of the table.
pub struct Checkpoint {
    /// Version and name.
    pub place: Place,
    /// What its maker keeps with it.
    pub metadata: Option<Vec<u8>>,
    /// Role that made it.
    pub created_by: String,
    /// When.
    pub created_at: Option<i64>,
}

/// How rows are found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Looked at one by one.
    InOrder,
    /// By what they are filtered by.
    LookedUp,
    /// There are no more.
    NoMore,
}

/// What is still to come of a list.
pub(super) struct Rest {
    pub filter: Filter,
    /// It is between these.
    pub low: Place,
    pub high: Place,
    pub how: How,
}

impl Rest {
    /// Reads more rows, `left` at most; none only where there are none any more, or where it goes on.
    pub fn read(&mut self, key: Key<'_>, left: i64) -> StateResult<VecDeque<Checkpoint>> {
        let (most, wanted) = self.sizes(left);
        let until = self.filter.prefix.as_deref().and_then(behind);
        let [tenant, id] = key_params(key);
        let (low, high) = (self.low.clone(), self.high.clone());
        let params = [
            tenant,
            id,
            Param::Int8(Some(low.version)),
            Param::Text(Some(&low.name)),
            Param::Int8(Some(high.version)),
            Param::Text(Some(&high.name)),
            Param::Text(Some(self.filter.prefix.as_deref().unwrap_or_default())),
            Param::Text(until.as_deref()),
            Param::Jsonb(self.filter.containment.as_deref()),
            Param::Int8(Some(most)),
        ];
        let found = match (self.how, self.filter.newest_first) {
            (How::InOrder, _) => Vec::new(),
            (_, false) => looked_up(&MATCHING_UP, &params)?,
            (_, true) => looked_up(&MATCHING_DOWN, &params)?,
        };
        let names: Vec<String> = found.iter().map(|place| place.name.clone()).collect();
        let (mut looked_at, mut bytes, mut is_full, mut last) = (0, 0, false, None);
        let mut rows = VecDeque::new();
        let each = |row: &Row<'_>| {
            looked_at += 1;
            let place = place(row);
            last = Some(place.clone());
            if row.bool(5) == Some(true) {
                let checkpoint = checkpoint(row, place);
                bytes += checkpoint.metadata.as_ref().map_or(0, Vec::len);
                rows.push_back(checkpoint);
            }
            is_full = bytes > BATCH_BYTES || rows.len() >= wanted;
            Ok(!is_full)
        };
        match (self.how, self.filter.newest_first) {
            (How::InOrder, false) => drop(UP.receive_while(Mode::Read, &params, each)),
            (How::InOrder, true) => drop(DOWN.receive_while(Mode::Read, &params, each)),
            _ => {
                let [tenant, id] = key_params(key);
                let params = [tenant, id, Param::TextArray(Some(&names))];
                drop(NAMED.receive_while(Mode::Read, &params, each));
            }
        }
        let page = i64::try_from(found.len()).unwrap_or(i64::MAX);
        // What a policy hides from the caller at the end of the page counts as looked at.
        if !is_full {
            last = found.into_iter().last().or(last);
        }
        if let Some(last) = last {
            *if self.filter.newest_first {
                &mut self.high
            } else {
                &mut self.low
            } = last;
        }
        self.how = match self.how {
            how if is_full => how,
            How::InOrder if looked_at == most && rows.len() * RARE >= wanted => How::InOrder,
            How::InOrder if looked_at == most => How::LookedUp,
            How::LookedUp if page == most => How::LookedUp,
            _ => How::NoMore,
        };
        Ok(rows)
    }

    /// Rows to look at, and those of them that are enough.
    fn sizes(&self, left: i64) -> (i64, usize) {
        let is_filtered = self.filter.prefix.is_some() || self.filter.containment.is_some();
        let enough = |most: i64| usize::try_from(most).unwrap_or(usize::MAX);
        match self.how {
            How::InOrder if is_filtered => (LOOKED_AT, enough(BATCH.min(left))),
            How::InOrder => (BATCH.min(left), enough(BATCH.min(left))),
            _ => (LOOKED_UP.min(left.max(BATCH)), enough(LOOKED_UP.min(left))),
        }
    }
}

/// Where those that are wanted are, also those that a policy hides from the caller.
fn looked_up(statement: &Statement, params: &[Param<'_>]) -> StateResult<Vec<Place>> {
    as_owner(|| statement.all(Mode::Read, params, |row| Ok(place(row))))
}

fn place(row: &Row<'_>) -> Place {
    Place {
        name: row.text(0).unwrap_or_default(),
        version: row.int8(1).unwrap_or_default(),
    }
}

fn checkpoint(row: &Row<'_>, place: Place) -> Checkpoint {
    Checkpoint {
        place,
        metadata: row.jsonb(2),
        created_by: row.text(3).unwrap_or_default(),
        created_at: row.micros(4),
    }
}
