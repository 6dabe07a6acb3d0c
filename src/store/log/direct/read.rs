//! Reading a head, and the segment of the log that it is in, as the calling query sees them.
//! `None` is for the statement.

use crate::pg::direct::{Reading, Table};
use crate::pg::spi::Connection;
use crate::store::Key;
use crate::store::log::direct::{HEADS, VERSIONS, head_of, is_let_through};
use crate::store::log::executions::{Head, key_params};
use crate::store::log::segment::{Columns, Segment};

/// Where the log's table has what a segment is made of.
pub(super) const COLUMNS: Columns = Columns {
    version: 0,
    base: 1,
    patch: 9,
    snapshot: 10,
    hash: 3,
    snapshot_hash: 4,
};

fn begin(key: Key<'_>, tables: &[&'static Table]) -> Option<Reading> {
    is_let_through(key).then(|| Reading::begin(tables))?
}

/// The head, if there is one.
pub fn head(key: Key<'_>) -> Option<Option<Head>> {
    let reading = begin(key, &[&HEADS])?;
    let seen = reading.find(0, &key_params(key));
    Some(seen.map(|seen| head_of(&seen.row())))
}

/// The head, if there is one, with the rows of its segment.
pub fn head_and_segment(key: Key<'_>) -> Option<(Option<Head>, Segment, Connection)> {
    let reading = begin(key, &[&HEADS, &VERSIONS])?;
    let mut segment = Segment::default();
    let head = reading
        .find(0, &key_params(key))
        .map(|seen| head_of(&seen.row()));
    if let Some(head) = &head {
        segment.expect(head.chain_bytes);
        let bounds = [head.keyframe_version, head.version];
        reading.range(1, &key_params(key), bounds, |row| {
            segment.add(row, &COLUMNS)
        });
    }
    Some((head, segment, reading.end()))
}

/// The versions from `low` to `high`.
pub fn segment(key: Key<'_>, bounds: [i64; 2]) -> Option<(Segment, Connection)> {
    let reading = begin(key, &[&VERSIONS])?;
    let mut segment = Segment::default();
    reading.range(0, &key_params(key), bounds, |row| {
        segment.add(row, &COLUMNS)
    });
    Some((segment, reading.end()))
}
