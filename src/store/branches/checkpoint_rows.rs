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
/// Rows that are read in one go: so many, or up to the one that makes them larger than that, which an open cursor keeps.
const BATCH: i64 = 100;
const BATCH_BYTES: usize = 1 << 20;
/// The same of rows that are looked up.
const LOOKED_UP: usize = 200;

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
    /// The same, and all of them are found.
    LastLookedUp,
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
    /// Those that were looked up and are not read yet: a search is worth many batches.
    pub found: VecDeque<Place>,
}

impl Rest {
    /// Reads more rows, `left` at most; none only where there are none any more, or where it goes on.
    pub fn read(&mut self, key: Key<'_>, left: i64) -> StateResult<VecDeque<Checkpoint>> {
        match self.how {
            How::InOrder => self.read_in_order(key, left),
            How::LookedUp | How::LastLookedUp => self.read_looked_up(key, left),
            How::NoMore => Ok(VecDeque::new()),
        }
    }

    fn read_in_order(&mut self, key: Key<'_>, left: i64) -> StateResult<VecDeque<Checkpoint>> {
        let is_filtered = self.filter.prefix.is_some() || self.filter.containment.is_some();
        let wanted = BATCH.min(left);
        let most = if is_filtered { LOOKED_AT } else { wanted };
        let mut batch = Batch::new(count(wanted));
        let statement = if self.filter.newest_first { &DOWN } else { &UP };
        let until = self.until();
        let params = self.params(key, until.as_deref(), most);
        drop(statement.receive_while(Mode::Read, &params, |row| Ok(batch.add(row))));
        if !batch.is_full {
            self.how = match batch.looked_at == most {
                true if batch.rows.len() * RARE >= count(wanted) => How::InOrder,
                true => How::LookedUp,
                false => How::NoMore,
            };
        }
        self.go_on_behind(batch.last);
        Ok(batch.rows)
    }

    /// The next of those that are found, as the caller sees them.
    fn read_looked_up(&mut self, key: Key<'_>, left: i64) -> StateResult<VecDeque<Checkpoint>> {
        if self.found.is_empty() && self.how == How::LookedUp {
            self.look_up(key, left.max(BATCH))?;
        }
        let names = self.found.iter().take(LOOKED_UP.min(count(left)));
        let names: Vec<String> = names.map(|place| place.name.clone()).collect();
        let mut batch = Batch::new(names.len());
        let [tenant, id] = key_params(key);
        let params = [tenant, id, Param::TextArray(Some(&names))];
        drop(NAMED.receive_while(Mode::Read, &params, |row| Ok(batch.add(row))));
        // What a policy hides from the caller counts as read.
        let last = batch.last.as_ref().filter(|_| batch.is_full);
        let read = last.and_then(|last| names.iter().position(|name| *name == last.name));
        self.found.drain(..read.map_or(names.len(), |at| at + 1));
        if self.found.is_empty() && self.how == How::LastLookedUp {
            self.how = How::NoMore;
        }
        Ok(batch.rows)
    }

    /// Finds where those that are wanted are, also those that a policy hides from the caller.
    fn look_up(&mut self, key: Key<'_>, most: i64) -> StateResult<()> {
        let statement = match self.filter.newest_first {
            true => &MATCHING_DOWN,
            false => &MATCHING_UP,
        };
        let until = self.until();
        let params = self.params(key, until.as_deref(), most);
        let found = as_owner(|| statement.all(Mode::Read, &params, |row| Ok(place(row))))?;
        if found.len() < count(most) {
            self.how = How::LastLookedUp;
        }
        self.go_on_behind(found.last().cloned());
        self.found = found.into();
        Ok(())
    }

    fn go_on_behind(&mut self, last: Option<Place>) {
        match (last, self.filter.newest_first) {
            (Some(last), true) => self.high = last,
            (Some(last), false) => self.low = last,
            (None, _) => {}
        }
    }

    fn until(&self) -> Option<String> {
        self.filter.prefix.as_deref().and_then(behind)
    }

    fn params<'a>(&'a self, key: Key<'a>, until: Option<&'a str>, most: i64) -> [Param<'a>; 10] {
        let [tenant, id] = key_params(key);
        [
            tenant,
            id,
            Param::Int8(Some(self.low.version)),
            Param::Text(Some(&self.low.name)),
            Param::Int8(Some(self.high.version)),
            Param::Text(Some(&self.high.name)),
            Param::Text(Some(self.filter.prefix.as_deref().unwrap_or_default())),
            Param::Text(until),
            Param::Jsonb(self.filter.containment.as_deref()),
            Param::Int8(Some(most)),
        ]
    }
}

/// Rows that are read in one go.
#[derive(Default)]
struct Batch {
    rows: VecDeque<Checkpoint>,
    wanted: usize,
    looked_at: i64,
    bytes: usize,
    is_full: bool,
    /// The last one that was looked at.
    last: Option<Place>,
}

impl Batch {
    fn new(wanted: usize) -> Self {
        Batch {
            wanted,
            ..Batch::default()
        }
    }

    /// Takes a row, where it is wanted; false when it wants no more.
    fn add(&mut self, row: &Row<'_>) -> bool {
        let place = place(row);
        self.last = Some(place.clone());
        self.looked_at += 1;
        if row.bool(5) == Some(true) {
            let checkpoint = checkpoint(row, place);
            self.bytes += checkpoint.metadata.as_ref().map_or(0, Vec::len);
            self.rows.push_back(checkpoint);
        }
        self.is_full = self.bytes > BATCH_BYTES || self.rows.len() >= self.wanted;
        !self.is_full
    }
}

fn count(most: i64) -> usize {
    usize::try_from(most).unwrap_or(usize::MAX)
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
