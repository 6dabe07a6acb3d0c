//! What a batch does with heads and the log, each table and index opened once for all of its executions.
//! `None` is for the statement.

use crate::core::statuses;
use crate::pg::direct::{Changes, Command, Compared, Finder, Locked, Newest, Place};
use crate::pg::interrupts;
use crate::pg::roles;
use crate::pg::spi::{Connection, Param, Row};
use crate::store::Key;
use crate::store::log::batch_rows::{Found, NewRow};
use crate::store::log::direct::append::moved;
use crate::store::log::direct::read::COLUMNS;
use crate::store::log::direct::{HEADS, VERSIONS, head, head_of, is_let_through};
use crate::store::log::executions::Head;
use crate::store::log::segment::Segment;

/// Heads that a batch has looked for.
pub enum Looked {
    /// All that were to be there are, and are locked in the order of ids.
    Locked(Vec<Found>),
    /// Some are free to be taken; these positions are there.
    There(Vec<usize>),
}

/// Looks for the heads of a tenant's executions, which are in the order of ids. Where each of them is there that
/// `may_create` a new one, they are locked at once.
pub fn look(keys: &[Key<'_>], may_create: impl Fn(usize) -> bool) -> Option<Looked> {
    let command = begin(keys)?;
    let mut finder = command.finder(0, &tenant(keys), &[Compared::Equal]);
    let mut there = Vec::with_capacity(keys.len());
    let mut are_all = true;
    for (position, key) in keys.iter().enumerate() {
        interrupts::check();
        finder.look_up(&[Param::Text(Some(key.id))]);
        match finder.advance() {
            true => there.push((position, finder.place())),
            false => are_all = are_all && !may_create(position),
        }
    }
    if !are_all {
        return Some(Looked::There(
            there.into_iter().map(|(position, _)| position).collect(),
        ));
    }
    let mut found = Vec::with_capacity(there.len());
    for (position, place) in there {
        interrupts::check();
        found.extend(locked(&mut finder, keys.get(position)?, position, place)?);
    }
    Some(Looked::Locked(found))
}

/// Finds and locks the heads, in the order of ids.
pub fn lock(keys: &[Key<'_>]) -> Option<Vec<Found>> {
    let command = begin(keys)?;
    let mut finder = command.finder(0, &tenant(keys), &[Compared::Equal]);
    let mut found = Vec::with_capacity(keys.len());
    for (position, key) in keys.iter().enumerate() {
        interrupts::check();
        finder.look_up(&[Param::Text(Some(key.id))]);
        if finder.advance() {
            let place = finder.place();
            found.extend(locked(&mut finder, key, position, place)?);
        }
    }
    Some(found)
}

fn begin(keys: &[Key<'_>]) -> Option<Command> {
    keys.first()
        .is_some_and(|key| is_let_through(*key))
        .then(|| Command::begin(&[&HEADS]))?
}

fn tenant<'k>(keys: &[Key<'k>]) -> Param<'k> {
    Param::Text(keys.first().map(|key| key.tenant))
}

/// Locks a head that was found; it may be none of this key any more.
fn locked(
    finder: &mut Finder<'_>,
    key: &Key<'_>,
    position: usize,
    place: Place,
) -> Option<Option<Found>> {
    let is_of = |row: &Row<'_>| {
        row.is_text(head::TENANT, Some(key.tenant)) && row.is_text(head::EXECUTION_ID, Some(key.id))
    };
    let place = match finder.lock(place) {
        Locked::There(place) => place,
        Locked::Newer(place) if is_of(&finder.row()) => place,
        Locked::Newer(_) => return Some(None),
        Locked::Unknown => return None,
    };
    let head = head_of(&finder.row());
    Some(Some(Found {
        position,
        head,
        place: Some(place),
    }))
}

/// The segments of heads that are locked, as they are now.
pub struct Segments(Newest);

impl Segments {
    /// Of executions of this tenant.
    pub fn begin(key: Key<'_>) -> Option<Self> {
        is_let_through(key)
            .then(|| Newest::begin(&[&VERSIONS]))?
            .map(Segments)
    }

    /// Looks up one after the other.
    pub fn finder(&self, key: Key<'_>) -> Finder<'_> {
        let rest = [Compared::Equal, Compared::AtLeast, Compared::AtMost];
        self.0.finder(0, &Param::Text(Some(key.tenant)), &rest)
    }

    /// What the rows have in TOAST can be fetched as long as it is open.
    pub fn connection(&self) -> &Connection {
        self.0.connection()
    }
}

/// The segment of a head.
pub fn segment(finder: &mut Finder<'_>, id: &str, head: &Head) -> Segment {
    let mut segment = Segment::default();
    segment.expect(head.chain_bytes);
    finder.look_up(&[
        Param::Text(Some(id)),
        Param::Int8(Some(head.keyframe_version)),
        Param::Int8(Some(head.version)),
    ]);
    // No look behind the last one.
    let mut is_last = false;
    while !is_last && finder.advance() {
        interrupts::check();
        let row = finder.row();
        is_last = row.int8(COLUMNS.version) == Some(head.version);
        segment.add(&row, &COLUMNS);
    }
    segment
}

/// Moves heads that `look` or `lock` has locked, and appends their versions. False where one is not what it was then;
/// others may have been moved before.
pub fn move_and_log(key: Key<'_>, rows: &[NewRow<'_>], at: i64) -> Option<bool> {
    let are_placed = rows.iter().all(|row| row.place.is_some());
    let command = (are_placed && is_let_through(key))
        .then(|| Command::begin(&[&HEADS, &VERSIONS]))
        .flatten()?;
    let mut updates = command.updates(0);
    for row in rows {
        interrupts::check();
        let is_moved = row
            .place
            .is_some_and(|place| updates.update(place, |before| changes(before, row, at)));
        if !is_moved {
            return Some(false);
        }
    }
    drop(updates);
    insert(&command, 1, key, rows, at);
    Some(true)
}

/// Appends versions.
pub fn log(key: Key<'_>, rows: &[NewRow<'_>], at: i64) -> Option<()> {
    let command = is_let_through(key)
        .then(|| Command::begin(&[&VERSIONS]))
        .flatten()?;
    insert(&command, 0, key, rows, at);
    Some(())
}

/// What becomes of a head, as the statement has it.
fn changes<'r>(before: &Row<'_>, row: &'r NewRow<'_>, at: i64) -> Option<Changes<'r>> {
    let after = &row.head;
    if before.int8(head::VERSION) != Some(after.version - 1) {
        return None;
    }
    let mut changes = Changes::from(moved(after));
    let mut text = |column, value: Option<&'r str>| {
        if !before.is_text(column, value) {
            changes.push((column, Param::Text(value)));
        }
    };
    text(head::STATUS, Some(&after.status));
    text(head::PHASE, after.phase.as_deref());
    text(head::WORKFLOW, after.workflow.as_deref());
    let mut number = |column, value: Option<i32>| {
        if before.int4(column) != value {
            changes.push((column, Param::Int4(value.map(i64::from))));
        }
    };
    number(head::WORKFLOW_VERSION, after.workflow_version);
    number(head::SCHEMA_VERSION, after.schema_version);
    let is_final = statuses::is_final(&after.status);
    let begins = after.status == "running" && before.micros(head::STARTED_AT).is_none();
    let ends = is_final && before.micros(head::COMPLETED_AT).is_none();
    for (column, is_set) in [(head::STARTED_AT, begins), (head::COMPLETED_AT, ends)] {
        if is_set {
            changes.push((column, Param::Timestamptz(Some(at))));
        }
    }
    Some(changes)
}

fn insert(command: &Command, table: usize, key: Key<'_>, rows: &[NewRow<'_>], at: i64) {
    let author = roles::current_name();
    let versions = rows.iter().map(|row| version(row, key.tenant, &author, at));
    command.insert_all(table, versions);
}

fn version<'r>(row: &'r NewRow<'_>, tenant: &'r str, author: &'r str, at: i64) -> [Param<'r>; 18] {
    let head = &row.head;
    [
        Param::Int8(Some(head.version)),
        Param::Int8(Some(head.version - 1).filter(|base| *base > 0)),
        Param::Int8(Some(head.keyframe_version)),
        Param::Int8(Some(head.hash)),
        Param::Int8(row.snapshot.map(|_| row.payload_hash)),
        Param::Timestamptz(Some(at)),
        Param::Int4(Some(head.state_bytes)),
        Param::Int4(Some(head.chain_bytes)),
        Param::Int4(head.schema_version.map(i64::from)),
        Param::Jsonb(row.patch),
        Param::Jsonb(row.snapshot),
        Param::Text(Some(tenant)),
        Param::Text(Some(row.id)),
        Param::Text(Some(&head.status)),
        Param::Text(head.phase.as_deref()),
        Param::Text(None),
        Param::Text(None),
        Param::Text(Some(author)),
    ]
}
