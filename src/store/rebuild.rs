//! A version's state from the log: the newest snapshot below it, and the patches since.

use crate::core::jsonb::Overlay;
use crate::core::{StateError, StateResult};
use crate::pg::spi::{Mode, Param, Statement, Type};
use crate::store::Key;
use crate::store::cache::{self, State};
use crate::store::executions::{self, Head, key_params};
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

/// The state of any version.
pub fn at(mode: Mode, key: Key<'_>, version: i64) -> StateResult<Vec<u8>> {
    rebuild(mode, key, version, None)
}

/// The state of the head, from the cache where its content is there.
pub fn head(mode: Mode, key: Key<'_>, head: &Head) -> StateResult<State> {
    if let Some(state) = cache::get_exact(key, head) {
        return Ok(state);
    }
    let state = Rc::new(rebuild(
        mode,
        key,
        head.version,
        Some(head.keyframe_version),
    )?);
    cache::put(key, head, Rc::clone(&state));
    Ok(state)
}

fn rebuild(mode: Mode, key: Key<'_>, version: i64, from: Option<i64>) -> StateResult<Vec<u8>> {
    let mut patches: Vec<Vec<u8>> = Vec::new();
    let mut source = key.id.to_owned();
    let (mut want, mut from) = (version, from);
    for segment in 0..MAX_SEGMENTS {
        let here = Key {
            tenant: key.tenant,
            id: &source,
        };
        match read(mode, here, want, from, &mut patches)? {
            End::Snapshot(snapshot) => return apply(key, version, &snapshot, &patches),
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
    newest_first: &[Vec<u8>],
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
