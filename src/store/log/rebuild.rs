//! A version's state from the log: the newest snapshot below it, and the patches since.

use crate::core::{Code, StateError, StateResult, jsonb};
use crate::pg::damage::telling;
use crate::pg::document::Document;
use crate::pg::interrupts;
use crate::pg::moment;
use crate::pg::spi::{Connection, Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::log::cache::{self, State};
use crate::store::log::direct::read as direct;
use crate::store::log::executions::{self, Head, head_columns, key_params};
use crate::store::log::segment::{Chain, End, STATED, Segment, apply};
use std::collections::HashSet;
use std::rc::Rc;

/// One index range: from where the version's segment begins, which is known, to the version.
static SEGMENT: Statement = Statement::new(
    "SELECT v.version, v.base_version, v.patch, v.snapshot, v.hash, v.snapshot_hash
       FROM wfstate.state_versions AS v
      WHERE v.tenant {=} wfstate.current_tenant() AND v.execution_id {=} $2
        AND v.version {<=} $3 AND v.version {>=} $4
      ORDER BY v.version",
    &[Type::Text, Type::Text, Type::Int8, Type::Int8],
);

/// The same where the version itself must be asked where its segment begins. As with HEAD_AND_SEGMENT, LATERAL
/// keeps both ends of the range in the index: with a sub-select for the lower one, it would be a filter over
/// all that was ever saved before.
static SEGMENT_OF: Statement = Statement::new(
    "SELECT v.version, v.base_version, v.patch, v.snapshot, v.hash, v.snapshot_hash
       FROM wfstate.state_versions AS k
      CROSS JOIN LATERAL (
             SELECT l.version, l.base_version, l.patch, l.snapshot, l.hash, l.snapshot_hash FROM wfstate.state_versions AS l
              WHERE l.tenant {=} wfstate.current_tenant() AND l.execution_id {=} $2
                AND l.version {>=} k.keyframe_version AND l.version {<=} $3 OFFSET 0) AS v
      WHERE k.tenant {=} wfstate.current_tenant() AND k.execution_id {=} $2 AND k.version {=} $3",
    &[Type::Text, Type::Text, Type::Int8],
);

/// Segments that a rebuild follows at most, and bytes of patches that it gathers on the way. A log that the
/// functions have written stays far below both (a jump counts towards the next keyframe); one that was written by
/// hand may not.
const MAX_SEGMENTS: usize = 1_000_000;
const MAX_GATHERED: usize = 2 * jsonb::MAX_SIZE;

/// The head and its segment at once, for a session that does not know the execution. LATERAL and OFFSET 0 keep
/// the range in the index: without statistics the planner would read the whole log and filter it.
static HEAD_AND_SEGMENT: Statement = Statement::new(
    concat!(
        "SELECT v.version, v.base_version, v.patch, v.snapshot, v.hash, v.snapshot_hash, ",
        head_columns!(),
        "
       FROM wfstate.executions AS e
      CROSS JOIN LATERAL (
             SELECT l.version, l.base_version, l.patch, l.snapshot, l.hash, l.snapshot_hash FROM wfstate.state_versions AS l
              WHERE l.tenant {=} wfstate.current_tenant() AND l.execution_id {=} $2
                AND l.version {>=} e.keyframe_version AND l.version {<=} e.version OFFSET 0) AS v
      WHERE e.tenant {=} wfstate.current_tenant() AND e.execution_id {=} $2"
    ),
    &[Type::Text, Type::Text],
);
/// Where the columns of the head begin there: behind the segment's, which are read of every row.
const HEAD_COLUMN: usize = 6;

/// The state of any version.
pub fn at(mode: Mode, key: Key<'_>, version: i64) -> StateResult<Document> {
    rebuild(mode, key, version, None)
}

/// The head with its state, as the calling query sees it; `None` when there is no such execution.
pub fn load(key: Key<'_>) -> StateResult<Option<(Head, State)>> {
    if cache::get_head(key).is_some() {
        let Some(current) = executions::read(key)? else {
            return Ok(None);
        };
        let state = head(Mode::Read, key, &current)?;
        return Ok(Some((current, state)));
    }
    let told = |why: &str| StateError::corrupt_head(key.id, why);
    if let Some(loaded) = telling(told, || unknown(key))? {
        cache::missed();
        return Ok(Some(loaded));
    }
    executions::read(key)?
        .map(|current| Ok((current.clone(), head(Mode::Read, key, &current)?)))
        .transpose()
}

/// The head with its state, where both come of one query.
fn unknown(key: Key<'_>) -> StateResult<Option<(Head, State)>> {
    let found = direct::head_and_segment(key).unwrap_or_else(|| head_and_segment(key));
    let (current, segment, connection) = found;
    let straight = match &current {
        Some(current) => segment.straight(key, current.version, &connection, Some(current))?,
        None => None,
    };
    drop(connection);
    if let (Some(current), Some(state)) = (current, straight) {
        let state = Rc::new(state);
        cache::put(key, &current, Rc::clone(&state));
        return Ok(Some((current, state)));
    }
    Ok(None)
}

fn head_and_segment(key: Key<'_>) -> (Option<Head>, Segment, Connection) {
    let (mut current, mut segment) = (None, Segment::default());
    let connection = HEAD_AND_SEGMENT.receive(Mode::Read, &key_params(key), |row| {
        if current.is_none() {
            let head = executions::head_from(row, HEAD_COLUMN);
            segment.expect(head.chain_bytes);
            current = Some(head);
        }
        segment.add(row, &STATED);
        Ok(())
    });
    (current, segment, connection)
}

/// The state of the head, from the cache where its content is there.
pub fn head(mode: Mode, key: Key<'_>, head: &Head) -> StateResult<State> {
    if let Some(state) = cache::get_exact(key, head) {
        return Ok(state);
    }
    let state = Rc::new(from_log(mode, key, head)?);
    cache::put(key, head, Rc::clone(&state));
    Ok(state)
}

/// The state of the head as a session makes it that does not know it.
pub fn from_log(mode: Mode, key: Key<'_>, head: &Head) -> StateResult<Document> {
    // The caller asked for no version: that the head's is not there is damage.
    rebuild(mode, key, head.version, Some(head)).map_err(|error| match error.code {
        Code::NotFound => {
            let why = format!(
                "version {} of execution \"{}\" is missing",
                head.version, key.id
            );
            StateError::corrupt(key.id, head.version, why)
        }
        _ => error,
    })
}

fn rebuild(mode: Mode, key: Key<'_>, version: i64, head: Option<&Head>) -> StateResult<Document> {
    let told = |why: &str| StateError::corrupt(key.id, version, why);
    telling(told, || {
        let from = head.map(|head| head.keyframe_version);
        let (segment, connection) = read(mode, key, version, from);
        if let Some(state) = segment.straight(key, version, &connection, head)? {
            return Ok(state);
        }
        drop(connection);
        // Who writes has locked this execution, and not those that it was forked from: one of them may be pruned or
        // deleted between two segments. At every moment, what there is of them is whole.
        moment::as_of_one(mode, || follow(key, version, head))
    })
}

/// The rows of the segment that a version is in.
fn read(mode: Mode, key: Key<'_>, version: i64, from: Option<i64>) -> (Segment, Connection) {
    if let (Mode::Read, Some(from)) = (mode, from)
        && let Some(found) = direct::segment(key, [from, version])
    {
        return found;
    }
    let mut segment = Segment::default();
    let [tenant, id] = key_params(key);
    let version = Param::Int8(Some(version));
    let mut add = |row: &Row<'_>| {
        segment.add(row, &STATED);
        Ok(())
    };
    let connection = match from {
        Some(from) => {
            let params = [tenant, id, version, Param::Int8(Some(from))];
            SEGMENT.receive(mode, &params, &mut add)
        }
        None => SEGMENT_OF.receive(mode, &[tenant, id, version], &mut add),
    };
    (segment, connection)
}

/// Along jumps and forks, from segment to segment.
fn follow(key: Key<'_>, version: i64, head: Option<&Head>) -> StateResult<Document> {
    let mut chain = Chain::of(head);
    let mut newest_first: Vec<Document> = Vec::new();
    let mut gathered = 0;
    let mut visited = HashSet::new();
    let mut source = key.id.to_owned();
    let (mut want, mut from) = (version, head.map(|head| head.keyframe_version));
    for number in 0..MAX_SEGMENTS {
        interrupts::check();
        if !visited.insert((source.clone(), want)) {
            let why = "its versions form a circle";
            return Err(StateError::corrupt(key.id, version, why));
        }
        let here = Key {
            tenant: key.tenant,
            id: &source,
        };
        let (segment, connection) = read(Mode::Read, here, want, from);
        let way = segment.walk(want, &mut chain);
        let way = way.map_err(|e| StateError::not_rebuilt(key.id, version, e))?;
        for patch in way.patches {
            gathered += patch.len();
            if gathered > MAX_GATHERED {
                let why = "more patches lead to it than any state could need";
                return Err(StateError::corrupt(key.id, version, why));
            }
            let copy = Document::copy(patch);
            newest_first.push(copy.map_err(|e| StateError::not_rebuilt(key.id, version, e))?);
        }
        match way.end {
            End::Snapshot(link) => {
                let patches: Vec<&[u8]> = newest_first.iter().map(|patch| &**patch).collect();
                let snapshot = link.payload(key, &connection)?;
                return apply(key, version, snapshot, patches, None);
            }
            End::Jump(base) => want = base,
            End::Fork(base) => {
                drop(connection);
                want = base;
                source = executions::source(Mode::Read, here)?.ok_or_else(|| {
                    StateError::corrupt(key.id, version, "the source of the fork is unknown")
                })?;
            }
            End::Missing if number == 0 => {
                return Err(StateError::version_not_found(key.id, version));
            }
            End::Missing => {
                let why = format!("version {want} of execution \"{source}\" is missing");
                return Err(StateError::corrupt(key.id, version, why));
            }
        }
        from = None;
    }
    let why = "it refers back too often";
    Err(StateError::corrupt(key.id, version, why))
}
