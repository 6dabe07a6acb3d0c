//! `wf_verify`: rebuilds every version and holds it against its hashes.

use crate::core::{Code, Error, StateError, StateResult, hash, jsonb};
use crate::pg::damage::attempt;
use crate::pg::document::Document;
use crate::pg::interrupts;
use crate::pg::spi::{Mode, Param, Row, Statement, Type};
use crate::store::Key;
use crate::store::log::cache;
use crate::store::log::executions::{self, Head, key_params};
use crate::store::log::rebuild;
use std::collections::HashMap;

static BATCH: Statement = Statement::new(
    "SELECT v.version, v.base_version, v.hash, v.snapshot_hash, v.patch, v.snapshot, v.keyframe_version
       FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {>} $3 ORDER BY v.version LIMIT $4",
    &[Type::Text, Type::Text, Type::Int8, Type::Int8],
);
static NEXT: Statement = Statement::new(
    "SELECT v.version FROM wfstate.state_versions AS v
      WHERE v.tenant {=} $1 AND v.execution_id {=} $2 AND v.version {>} $3 ORDER BY v.version LIMIT 1",
    &[Type::Text, Type::Text, Type::Int8],
);
static SOURCE_HASH: Statement = Statement::new(
    "SELECT v.hash FROM wfstate.executions AS e JOIN wfstate.state_versions AS v
         ON v.tenant {=} $1 AND v.execution_id {=} e.forked_from_execution_id AND v.version {=} $3
      WHERE e.tenant {=} $1 AND e.execution_id {=} $2",
    &[Type::Text, Type::Text, Type::Int8],
);

/// What was found.
#[derive(Default)]
pub struct Report {
    /// Versions looked at.
    pub versions: i64,
    /// Those that hold the whole state.
    pub snapshots: i64,
    /// The first one that is not sound.
    pub bad_version: Option<i64>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

struct Link {
    version: i64,
    base: Option<i64>,
    keyframe_version: i64,
    hash: i64,
    snapshot_hash: Option<i64>,
    patch: Option<Document>,
    snapshot: Option<Document>,
}

impl Link {
    fn of(row: &Row<'_>) -> Self {
        Link {
            version: row.int8(0).unwrap_or_default(),
            base: row.int8(1),
            hash: row.int8(2).unwrap_or_default(),
            snapshot_hash: row.int8(3),
            patch: row.document(4),
            snapshot: row.document(5),
            keyframe_version: row.int8(6).unwrap_or_default(),
        }
    }

    fn content_bytes(&self) -> usize {
        let size = |content: &Option<Document>| content.as_ref().map_or(0, |c| c.len());
        size(&self.patch) + size(&self.snapshot)
    }
}

/// Versions are read up to the one that makes a batch larger than that.
const BATCH_BYTES: usize = 1 << 20;

/// Checks every version of an execution, oldest first, up to the first that is not sound.
pub fn verify(key: Key<'_>) -> StateResult<Report> {
    let head = executions::read_existing(key)?;
    let mut report = Report::default();
    let mut walk = Walk {
        key,
        is_fork: executions::source(Mode::Read, key)?.is_some(),
        hashes: HashMap::new(),
        last: None,
    };
    let mut after = 0;
    loop {
        let links = match read(key, after, 100)? {
            Ok(links) => Ok(links),
            Err(_) => read(key, after, 1)?,
        };
        let links = match links {
            Ok(links) => links,
            Err(problem) => {
                report.versions += 1;
                report.bad_version = next(key, after)?;
                report.problem = Some(problem);
                return Ok(report);
            }
        };
        let Some(last) = links.last() else { break };
        after = last.version;
        for link in links {
            interrupts::check();
            report.versions += 1;
            report.snapshots += i64::from(link.snapshot.is_some());
            let version = link.version;
            if let Err(problem) = walk.check(link)? {
                report.bad_version = Some(version);
                report.problem = Some(problem);
                return Ok(report);
            }
        }
    }
    if let Err(problem) = walk.head_loads(&head)? {
        report.bad_version = Some(head.version);
        report.problem = Some(problem);
    }
    Ok(report)
}

/// Versions after one; what the server says where it cannot read them.
fn read(key: Key<'_>, after: i64, most: i64) -> StateResult<Result<Vec<Link>, String>> {
    let [tenant, id] = key_params(key);
    let params = [
        tenant,
        id,
        Param::Int8(Some(after)),
        Param::Int8(Some(most)),
    ];
    attempt(|| {
        let (mut links, mut bytes) = (Vec::new(), 0);
        BATCH.receive_while(Mode::Read, &params, |row| {
            let link = Link::of(row);
            bytes += link.content_bytes();
            links.push(link);
            Ok(bytes < BATCH_BYTES)
        });
        Ok(links)
    })
}

fn next(key: Key<'_>, after: i64) -> StateResult<Option<i64>> {
    let [tenant, id] = key_params(key);
    let params = [tenant, id, Param::Int8(Some(after))];
    Ok(NEXT
        .one(Mode::Read, &params, |row| Ok(row.int8(0)))?
        .flatten())
}

struct Walk<'a> {
    key: Key<'a>,
    is_fork: bool,
    hashes: HashMap<i64, i64>,
    last: Option<(i64, Document)>,
}

impl Walk<'_> {
    /// Whether the head is the newest version, and a load, which begins where the head's row says, makes the same of it.
    fn head_loads(&self, head: &Head) -> StateResult<Result<(), String>> {
        let refused = |why: &str| Ok(Err(String::from(why)));
        if self.hashes.get(&head.version) != Some(&head.hash) {
            return refused("the head does not match its version in the log");
        }
        let newest = match &self.last {
            Some((version, state)) if *version == head.version => state,
            _ => return refused("the log has versions after the head"),
        };
        if !usize::try_from(head.state_bytes).is_ok_and(|size| size <= jsonb::MAX_SIZE) {
            return refused("the head gives its state a size that no state can have");
        }
        if head.keyframe_version > head.version {
            return refused("a load of the head begins after it");
        }
        match sorted_out(|| rebuild::from_log(Mode::Read, self.key, head))? {
            Ok(loaded) if *loaded == **newest => Ok(Ok(())),
            Ok(_) => refused("loading the head gives another state than its version"),
            Err(problem) => Ok(Err(problem)),
        }
    }

    fn check(&mut self, mut link: Link) -> StateResult<Result<(), String>> {
        let Some(base_hash) = self.base_hash(&link)? else {
            return Ok(Err(format!(
                "its base, version {}, is missing",
                link.base.unwrap_or_default()
            )));
        };
        if let Err(problem) = hashes_match(&link, base_hash, self.is_fork) {
            return Ok(Err(problem));
        }
        if link.keyframe_version > link.version {
            return Ok(Err(String::from("a load of it begins after it")));
        }
        let state = match (&link.patch, link.snapshot.take()) {
            (None, Some(snapshot)) => Ok(snapshot),
            (Some(patch), snapshot) => self.rebuilt(&link, patch, snapshot.as_deref())?,
            (None, None) => Err(String::from("it has neither patch nor snapshot")),
        };
        Ok(state.map(|state| {
            self.hashes.insert(link.version, link.hash);
            self.last = Some((link.version, state));
        }))
    }

    /// 0 for a root; `None` when the base is gone.
    fn base_hash(&self, link: &Link) -> StateResult<Option<i64>> {
        match link.base {
            None => Ok(Some(0)),
            Some(base) if link.version == 1 => {
                let [tenant, id] = key_params(self.key);
                let params = [tenant, id, Param::Int8(Some(base))];
                Ok(SOURCE_HASH
                    .one(Mode::Read, &params, |row| Ok(row.int8(0)))?
                    .flatten())
            }
            Some(base) => Ok(self.hashes.get(&base).copied()),
        }
    }

    fn rebuilt(
        &self,
        link: &Link,
        patch: &[u8],
        snapshot: Option<&[u8]>,
    ) -> StateResult<Result<Document, String>> {
        let state = match &self.last {
            Some((version, state)) if Some(*version) == link.base && link.version > 1 => {
                match cache::patched(state, &[patch], None, jsonb::MAX_SIZE) {
                    Err(Error::OutOfMemory) => return Err(StateError::out_of_memory("state")),
                    applied => applied.map_err(|e| e.to_string()),
                }
            }
            _ => sorted_out(|| rebuild::at(Mode::Read, self.key, link.version))?,
        };
        Ok(state.and_then(|state| match snapshot {
            Some(snapshot) if *snapshot != *state => Err(String::from(
                "its snapshot is not what its patch makes of its base",
            )),
            _ => Ok(state),
        }))
    }
}

/// Damage is a finding; that memory is short is not.
pub(in crate::store) fn sorted_out(
    rebuild: impl FnOnce() -> StateResult<Document>,
) -> StateResult<Result<Document, String>> {
    match attempt(rebuild) {
        Err(error) if error.code == Code::OutOfMemory => Err(error),
        Err(error) => Ok(Err(error.detail.unwrap_or(error.message))),
        Ok(rebuilt) => Ok(rebuilt),
    }
}

/// The stored hashes against those of the stored content. A pruned root, or a fork whose source is gone, keeps the hash that its descendants
/// chain to, which nothing is left to check against; its snapshot has a hash of its own.
fn hashes_match(link: &Link, base_hash: i64, is_fork: bool) -> Result<(), String> {
    let hashed = |hash: Result<u64, Error>| hash.map(u64::cast_signed).map_err(|e| e.to_string());
    if let (Some(snapshot), Some(stored)) = (&link.snapshot, link.snapshot_hash)
        && hashed(hash::hash(snapshot))? != stored
    {
        return Err(String::from("its snapshot does not match its hash"));
    }
    let payload = match (&link.patch, link.snapshot_hash) {
        (Some(patch), _) => hashed(hash::patch_hash(patch))?,
        (None, Some(snapshot_hash)) => snapshot_hash,
        (None, None) => return Err(String::from("it has no hash")),
    };
    let pruned_root = link.base.is_none() && link.version > 1;
    let orphaned_fork = link.base.is_none() && link.version == 1 && is_fork;
    if hash::chain(base_hash, payload) != link.hash && !pruned_root && !orphaned_fork {
        return Err(String::from("it does not match its hash"));
    }
    Ok(())
}
