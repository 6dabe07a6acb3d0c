//! A version's state from the log: the newest snapshot below it, and the patches since.

use crate::core::jsonb::Overlay;
use crate::core::{Code, StateError, StateResult};
use crate::pg::spi::{Mode, Param, Row, Rows, Statement, Type};
use crate::store::Key;
use crate::store::cache::{self, State};
use crate::store::executions::{self, Head, head_columns, key_params};
use crate::store::versions::UNCHANGED;
use std::rc::Rc;

/// One index range: from where the version's segment begins to the version.
static SEGMENT: Statement = Statement::new(
    "SELECT v.version, v.base_version, v.patch, v.snapshot
       FROM wfstate.state_versions AS v
      WHERE v.tenant {=} wfstate.current_tenant() AND v.execution_id {=} $2 AND v.version {<=} $3
        AND v.version {>=} coalesce($4, (SELECT k.keyframe_version FROM wfstate.state_versions AS k
             WHERE k.tenant {=} wfstate.current_tenant() AND k.execution_id {=} $2 AND k.version {=} $3))
      ORDER BY v.version DESC",
    &[Type::Text, Type::Text, Type::Int8, Type::Int8],
);

/// Segments that a rebuild follows before it takes the log for a circle.
const MAX_SEGMENTS: usize = 10_000;

/// What reading one segment came to.
enum End {
    /// The snapshot that the patches apply to.
    Snapshot(Vec<u8>),
    /// The segment began with a jump to another version.
    Jump(i64),
    /// The segment began with a fork of another execution's version.
    Fork(i64),
    /// The version is not in the log.
    Missing,
}

/// The head and its segment at once, for a session that does not know the execution. LATERAL and OFFSET 0 keep
/// the range in the index: without statistics the planner would read the whole log and filter it.
static HEAD_AND_SEGMENT: Statement = Statement::new(
    concat!(
        "SELECT v.version, v.base_version, v.patch, v.snapshot, ",
        head_columns!(),
        "
       FROM wfstate.executions AS e
      CROSS JOIN LATERAL (
             SELECT l.version, l.base_version, l.patch, l.snapshot FROM wfstate.state_versions AS l
              WHERE l.tenant {=} wfstate.current_tenant() AND l.execution_id {=} $2
                AND l.version {>=} e.keyframe_version AND l.version {<=} e.version OFFSET 0) AS v
      WHERE e.tenant {=} wfstate.current_tenant() AND e.execution_id {=} $2"
    ),
    &[Type::Text, Type::Text],
);
/// Where the columns of the head begin there: behind the segment's, which are read of every row.
const HEAD_COLUMN: usize = 4;

/// The state of any version.
pub fn at(mode: Mode, key: Key<'_>, version: i64) -> StateResult<Vec<u8>> {
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
    let rows = HEAD_AND_SEGMENT.rows(Mode::Read, &key_params(key));
    let Some(first) = rows.iter().next() else {
        drop(rows);
        return executions::read(key)?
            .map(|current| Ok((current.clone(), head(Mode::Read, key, &current)?)))
            .transpose();
    };
    let current = executions::head_from(&first, HEAD_COLUMN);
    let state = straight(key, current.version, &rows)?;
    drop(rows);
    match state {
        Some(state) => {
            let state = Rc::new(state);
            cache::put(key, &current, Rc::clone(&state));
            Ok(Some((current, state)))
        }
        None => {
            let state = head(Mode::Read, key, &current)?;
            Ok(Some((current, state)))
        }
    }
}

/// The state of the head, from the cache where its content is there.
pub fn head(mode: Mode, key: Key<'_>, head: &Head) -> StateResult<State> {
    if let Some(state) = cache::get_exact(key, head) {
        return Ok(state);
    }
    let state = rebuild(mode, key, head.version, Some(head.keyframe_version));
    // The caller asked for no version: that the head's is not there is damage.
    let state = Rc::new(state.map_err(|error| match error.code {
        Code::NotFound => {
            let why = format!(
                "version {} of execution \"{}\" is missing",
                head.version, key.id
            );
            StateError::corrupt(key.id, head.version, why)
        }
        _ => error,
    })?);
    cache::put(key, head, Rc::clone(&state));
    Ok(state)
}

/// The state from the rows of one segment, without copying any of them; `None` when the segment does not
/// lead straight from a snapshot to the version.
fn straight(key: Key<'_>, version: i64, rows: &Rows) -> StateResult<Option<Vec<u8>>> {
    let mut links: Vec<Row<'_>> = rows.iter().collect();
    links.sort_by_key(|row| std::cmp::Reverse(row.int8(0)));
    let mut patches: Vec<&[u8]> = Vec::with_capacity(links.len());
    let mut want = version;
    for row in &links {
        if row.int8(0) != Some(want) {
            return Ok(None);
        }
        if let Some(snapshot) = row.payload(3) {
            return apply(key, version, snapshot, &patches).map(Some);
        }
        patches.extend(row.payload(2).filter(|patch| *patch != UNCHANGED));
        match row.int8(1) {
            Some(base) if want > 1 => want = base,
            _ => return Ok(None),
        }
    }
    Ok(None)
}

fn rebuild(mode: Mode, key: Key<'_>, version: i64, from: Option<i64>) -> StateResult<Vec<u8>> {
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Int8(Some(version)), Param::Int8(from)];
    let rows = SEGMENT.rows(mode, &params);
    if let Some(state) = straight(key, version, &rows)? {
        return Ok(state);
    }
    drop(rows);
    follow(mode, key, version, from)
}

/// Along jumps and forks, from segment to segment.
fn follow(mode: Mode, key: Key<'_>, version: i64, from: Option<i64>) -> StateResult<Vec<u8>> {
    let mut patches: Vec<Vec<u8>> = Vec::new();
    let mut source = key.id.to_owned();
    let (mut want, mut from) = (version, from);
    for segment in 0..MAX_SEGMENTS {
        let here = Key {
            tenant: key.tenant,
            id: &source,
        };
        match read(mode, here, want, from, &mut patches)? {
            End::Snapshot(snapshot) => {
                let patches: Vec<&[u8]> = patches.iter().map(Vec::as_slice).collect();
                return apply(key, version, &snapshot, &patches);
            }
            End::Jump(base) => want = base,
            End::Fork(base) => {
                want = base;
                source = executions::source(mode, here)?.ok_or_else(|| {
                    StateError::corrupt(key.id, version, "the source of the fork is unknown")
                })?;
            }
            End::Missing if segment == 0 => {
                return Err(StateError::version_not_found(key.id, version));
            }
            End::Missing => {
                let why = format!("version {want} of execution \"{source}\" is missing");
                return Err(StateError::corrupt(key.id, version, why));
            }
        }
        from = None;
    }
    Err(StateError::corrupt(
        key.id,
        version,
        "its versions form a circle",
    ))
}

/// Walks one segment downwards, adding patches newest first. Versions that the walk jumps over are skipped.
fn read(
    mode: Mode,
    key: Key<'_>,
    version: i64,
    from: Option<i64>,
    patches: &mut Vec<Vec<u8>>,
) -> StateResult<End> {
    let (mut want, mut end) = (Some(version), End::Missing);
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Int8(Some(version)), Param::Int8(from)];
    SEGMENT.each(mode, &params, |row| {
        let at = row.int8(0);
        if want.is_none() || at != want {
            return Ok(());
        }
        if let Some(snapshot) = row.jsonb(3) {
            end = End::Snapshot(snapshot);
            want = None;
            return Ok(());
        }
        if let Some(patch) = row.jsonb(2)
            && patch != UNCHANGED
        {
            patches.push(patch);
        }
        match (at, row.int8(1)) {
            (Some(1), Some(base)) => {
                end = End::Fork(base);
                want = None;
            }
            (_, Some(base)) => {
                end = End::Jump(base);
                want = Some(base);
            }
            (_, None) => {
                end = End::Missing;
                want = None;
            }
        }
        Ok(())
    })?;
    Ok(end)
}

fn apply(
    key: Key<'_>,
    version: i64,
    snapshot: &[u8],
    newest_first: &[&[u8]],
) -> StateResult<Vec<u8>> {
    if newest_first.is_empty() {
        return Ok(snapshot.to_vec());
    }
    let rebuilt = Overlay::new(snapshot).and_then(|mut overlay| {
        for patch in newest_first.iter().rev() {
            overlay.apply(patch)?;
        }
        overlay.finish()
    });
    rebuilt.map_err(|error| StateError::corrupt(key.id, version, error))
}
