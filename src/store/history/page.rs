//! What each version changed.

use crate::core::jsonb::{self, Kind};
use crate::core::{StateError, StateResult};
use crate::pg::damage::telling;
use crate::pg::document::Document;
use crate::pg::interrupts;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::log::cache;
use crate::store::log::executions::{self, key_params};
use crate::store::log::rebuild;
use crate::store::log::versions::UNCHANGED;
use std::collections::VecDeque;

/// A version as wf_history shows it.
pub struct Entry {
    /// Version.
    pub version: i64,
    /// Version that its patch applies to.
    pub base_version: Option<i64>,
    /// snapshot, patch, unchanged, recovery, branch or fork.
    pub kind: &'static str,
    /// Status as of the version.
    pub status: String,
    /// Phase as of the version.
    pub phase: Option<String>,
    /// Version of the shape of its state.
    pub schema_version: Option<i32>,
    /// Step that saved it.
    pub step_id: Option<String>,
    /// Status of that step now, where it was begun.
    pub step_status: Option<String>,
    /// Its attempt.
    pub step_attempt: Option<i32>,
    /// Free text.
    pub note: Option<String>,
    /// Role that saved it.
    pub saved_by: String,
    /// When.
    pub saved_at: Option<i64>,
    /// RFC 6902 from the version before; NULL where that is not kept.
    pub changes: Option<Document>,
    /// Bytes that its row takes, compressed as stored; the fixed columns counted as 112.
    pub stored_bytes: i64,
    patch: Option<Document>,
    snapshot: Option<Document>,
    /// Size of its state, or of one before it where that was not read.
    state_bytes: usize,
}

macro_rules! entry_columns {
    () => {
        "SELECT v.version, v.base_version, v.status, v.phase, v.step_id, v.note, v.saved_by, v.saved_at,
                (pg_catalog.octet_length(v.tenant) {+} pg_catalog.octet_length(v.execution_id)
                  {+} coalesce(pg_catalog.octet_length(v.note), 0) {+} 112
                  {+} coalesce(pg_catalog.pg_column_size(v.patch), 0)
                  {+} coalesce(pg_catalog.pg_column_size(v.snapshot), 0))::pg_catalog.int8,
                v.patch, v.snapshot, v.state_bytes, v.schema_version,
                CASE WHEN v.step_id IS NOT NULL THEN (SELECT s.status FROM wfstate.steps AS s
                      WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND s.step_id {=} v.step_id) END AS step_status,
                CASE WHEN v.step_id IS NOT NULL THEN (SELECT s.attempt FROM wfstate.steps AS s
                      WHERE s.tenant {=} $1 AND s.execution_id {=} $2 AND s.step_id {=} v.step_id) END AS step_attempt
           FROM wfstate.state_versions AS v
          WHERE v.tenant {=} $1 AND v.execution_id {=} $2"
    };
}

static OLDEST_FIRST: Statement = Statement::new(
    concat!(
        entry_columns!(),
        " AND v.version {>} coalesce($3, 0) ORDER BY v.version LIMIT $4"
    ),
    &[Type::Text, Type::Text, Type::Int8, Type::Int8],
);
static NEWEST_FIRST: Statement = Statement::new(
    concat!(
        entry_columns!(),
        " AND v.version {<} coalesce($3, 9223372036854775807) ORDER BY v.version DESC LIMIT $4"
    ),
    &[Type::Text, Type::Text, Type::Int8, Type::Int8],
);
static KEPT: Statement = Statement::new(
    "SELECT v.version FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {=} $3",
    &[Type::Text, Type::Text, Type::Int8],
);

fn entry(row: &Row<'_>) -> Entry {
    let mut entry = Entry {
        version: row.int8(0).unwrap_or_default(),
        base_version: row.int8(1),
        kind: "patch",
        status: row.text(2).unwrap_or_default(),
        phase: row.text(3),
        schema_version: row.int4(12),
        step_id: row.text(4),
        step_status: row.text(13),
        step_attempt: row.int4(14),
        note: row.text(5),
        saved_by: row.text(6).unwrap_or_default(),
        saved_at: row.micros(7),
        changes: None,
        stored_bytes: row.int8(8).unwrap_or_default(),
        patch: row.document(9),
        snapshot: None,
        state_bytes: row
            .int4(11)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or_default(),
    };
    if entry.patch.is_none() {
        entry.snapshot = row.document(10);
    }
    entry.kind = match (&entry.patch, entry.base_version) {
        (None, Some(base)) if entry.version > 1 && base != entry.version - 1 => "branch",
        (None, _) => "snapshot",
        (Some(_), Some(_)) if entry.version == 1 => "fork",
        (Some(patch), Some(base)) if base != entry.version - 1 => match **patch == UNCHANGED {
            true => "recovery",
            false => "branch",
        },
        (Some(patch), _) if **patch == UNCHANGED => "unchanged",
        _ => "patch",
    };
    entry
}

impl Entry {
    /// About what it and its changes may take.
    fn bytes(&self) -> usize {
        let size = |content: &Option<Document>| content.as_ref().map_or(0, |c| c.len());
        self.state_bytes
            .max(size(&self.patch) + size(&self.snapshot))
    }
}

/// Versions that are read in one go: so many, or up to the one that makes them larger than that.
const BATCH: (i64, usize) = (100, 8 << 20);

/// A page that goes on when its next version is asked for.
struct Page {
    tenant: String,
    id: String,
    after: Option<i64>,
    left: i64,
    newest_first: bool,
    ready: VecDeque<Entry>,
    /// The state of a version, so that the next one's need not be rebuilt.
    known: Option<(i64, Document)>,
}

/// A page of the history, with what each version changed.
pub fn page(
    key: Key<'_>,
    after: Option<i64>,
    max_rows: i64,
    newest_first: bool,
) -> StateResult<impl Iterator<Item = StateResult<Entry>> + use<>> {
    executions::read_existing(key)?;
    Ok(Page {
        tenant: key.tenant.to_owned(),
        id: key.id.to_owned(),
        after,
        left: max_rows,
        newest_first,
        ready: VecDeque::new(),
        known: None,
    })
}

impl Iterator for Page {
    type Item = StateResult<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty()
            && self.left > 0
            && let Err(error) = self.read()
        {
            return Some(Err(error));
        }
        self.ready.pop_front().map(Ok)
    }
}

impl Page {
    fn read(&mut self) -> StateResult<()> {
        let key = Key {
            tenant: &self.tenant,
            id: &self.id,
        };
        let [tenant, id] = key_params(key);
        let (most, most_bytes) = BATCH;
        let wanted = Param::Int8(Some(most.min(self.left)));
        let params = [tenant, id, Param::Int8(self.after), wanted];
        let statement = if self.newest_first {
            &NEWEST_FIRST
        } else {
            &OLDEST_FIRST
        };
        let (mut entries, mut bytes) = (Vec::new(), 0);
        telling(
            |why| StateError::corrupt_history(key.id, why),
            || {
                statement.receive_while(Mode::Read, &params, |row| {
                    let entry = entry(row);
                    bytes += entry.bytes();
                    entries.push(entry);
                    Ok(bytes < most_bytes)
                });
                Ok(())
            },
        )?;
        self.left = match entries.last() {
            Some(last) => {
                self.after = Some(last.version);
                self.left - i64::try_from(entries.len()).unwrap_or(i64::MAX)
            }
            None => 0,
        };
        if self.newest_first {
            entries.reverse();
        }
        for entry in &mut entries {
            interrupts::check();
            fill(key, entry, &mut self.known)?;
        }
        if self.newest_first {
            entries.reverse();
            self.known = None;
        }
        self.ready.extend(entries);
        Ok(())
    }
}

/// Fills in the changes of a version; of consecutive ones, keeps the last state so that it need not be rebuilt.
fn fill(key: Key<'_>, entry: &mut Entry, known: &mut Option<(i64, Document)>) -> StateResult<()> {
    let before = known
        .take()
        .filter(|(version, _)| *version == entry.version - 1);
    if let Some(patch) = &entry.patch
        && matches!(entry.kind, "patch" | "unchanged")
        && jsonb::kind(patch) == Ok(Kind::JsonPatch)
    {
        if let Some((_, state)) = before {
            *known = Some((entry.version, apply(key, entry.version, &state, patch)?));
        }
        entry.changes = entry.patch.take();
        return Ok(());
    }
    let before = match before {
        Some((_, state)) => Some(state),
        _ if entry.kind != "fork" && kept(key, entry.version - 1)? => {
            Some(rebuild::at(Mode::Read, key, entry.version - 1)?)
        }
        _ => None,
    };
    let state = match (entry.snapshot.take(), &entry.patch, &before) {
        (Some(snapshot), _, _) => snapshot,
        (None, Some(patch), Some(before)) if entry.kind == "patch" => {
            apply(key, entry.version, before, patch)?
        }
        _ => rebuild::at(Mode::Read, key, entry.version)?,
    };
    if let Some(before) = before {
        let changes = jsonb::diff(&before, &state).and_then(Document::from_payload);
        entry.changes =
            Some(changes.map_err(|e| StateError::not_rebuilt(key.id, entry.version, e))?);
    }
    entry.patch = None;
    *known = Some((entry.version, state));
    Ok(())
}

fn apply(key: Key<'_>, version: i64, state: &[u8], patch: &[u8]) -> StateResult<Document> {
    cache::patched(state, &[patch], None, jsonb::MAX_SIZE)
        .map_err(|e| StateError::not_rebuilt(key.id, version, e))
}

/// Whether a version is in the log.
pub fn kept(key: Key<'_>, version: i64) -> StateResult<bool> {
    let [tenant, id] = key_params(key);
    Ok(KEPT.run(Mode::Read, &[tenant, id, Param::Int8(Some(version))])? > 0)
}

/// RFC 6902 from one version to another, by default the head.
pub fn diff(key: Key<'_>, from: i64, to: Option<i64>) -> StateResult<Document> {
    let head = executions::read_existing(key)?;
    let to = to.unwrap_or(head.version);
    let old = rebuild::at(Mode::Read, key, from)?;
    let new = rebuild::at(Mode::Read, key, to)?;
    jsonb::diff(&old, &new)
        .and_then(Document::from_payload)
        .map_err(|e| StateError::not_rebuilt(key.id, to, e))
}
