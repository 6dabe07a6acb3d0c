//! One execution of a SQLite file: its rows become versions, are written, and are held against the file.

use crate::core::import_document::{Checkpoint, Execution, Export, Version};
use crate::core::jsonb::{self, Value};
use crate::core::{StateError, StateResult, checkpoints, hash, limits};
use crate::pg::document::Document;
use crate::pg::inputs;
use crate::pg::interrupts;
use crate::pg::settings;
use crate::pg::spi::{Mode, now};
use crate::store::Key;
use crate::store::definitions::bind;
use crate::store::log::cache;
use crate::store::log::checks;
use crate::store::log::rebuild;
use crate::store::sqlite::Row;
use crate::store::transfer::import;
use crate::store::transfer::sqlite::{Report, Request};
use crate::store::transfer::sqlite_times::{said_within, saved_at};

/// Bytes that the versions of an execution may take together.
const MAX_EXECUTION: usize = 256 << 20;

/// A version to be written: a snapshot, or the change from the one before.
struct Kept {
    content: Vec<u8>,
    is_patch: bool,
    hash: u64,
    saved_at: i64,
    step: Option<String>,
    waits: bool,
    table: String,
    source: Option<String>,
}

/// A name for a version, and what goes with it.
struct Mark {
    name: String,
    version: i64,
    metadata: Option<Vec<u8>>,
    at: i64,
}

/// The execution whose rows are being read.
#[derive(Default)]
pub(super) struct Run<'l> {
    /// Its id.
    pub id: String,
    state: Vec<u8>,
    /// Bytes of patches since the last snapshot.
    chain: usize,
    /// Bytes of all versions, which are in memory until the execution is written.
    size: usize,
    versions: Vec<Kept>,
    marks: Vec<Mark>,
    /// That it waits, with the state then: it has not found its place yet.
    marker: Option<(Row<'l>, Vec<u8>)>,
}

impl<'l> Run<'l> {
    /// None of whose rows has been read.
    pub fn of(id: String) -> Self {
        Run {
            id,
            ..Run::default()
        }
    }

    /// Takes a row with its state. What says that the execution waits is taken first; a flow that went on left it
    /// behind, so that it stands before what was saved after it.
    pub fn push(&mut self, row: Row<'l>, state: Vec<u8>) -> StateResult<()> {
        if row.waits {
            self.marker = Some((row, state));
            return Ok(());
        }
        let time = saved_at(&row.saved_at);
        let before = self
            .marker
            .take_if(|(marker, _)| saved_at(&marker.saved_at).is_some_and(|at| time > Some(at)));
        if let Some((marker, waiting)) = before {
            self.add(marker, waiting)?;
        }
        self.add(row, state)
    }

    /// Adds the next version.
    fn add(&mut self, row: Row<'l>, state: Vec<u8>) -> StateResult<()> {
        let bad = |error| StateError::bad_document("state", error);
        let hash = hash::hash(&state).map_err(bad)?;
        let before = self.versions.last().map(|version| version.saved_at);
        let said = saved_at(&row.saved_at).or_else(|| said_within(&row, &state));
        let saved_at = said.or(before).unwrap_or_else(now);
        let saved_at = before.map_or(saved_at, |before| before.max(saved_at));
        let patch = match before {
            Some(_) => {
                let patch = jsonb::diff(&self.state, &state).map_err(bad)?;
                // As far as a load would have to go back.
                let chain = self.chain + patch.len();
                (chain < state.len().max(settings::snapshot_below())).then_some(patch)
            }
            None => None,
        };
        self.chain = patch.as_ref().map_or(0, |patch| self.chain + patch.len());
        let content = patch.as_ref().map_or(state.len(), Vec::len);
        self.size = self.size.saturating_add(content + size_of::<Kept>());
        if self.size > MAX_EXECUTION {
            return Err(limits::too_large("execution", self.size, MAX_EXECUTION));
        }
        let version = self.versions.len() as i64 + 1;
        if let Some(name) = row.name {
            self.mark(name, version, row.metadata.as_deref(), saved_at);
        }
        self.versions.push(Kept {
            is_patch: patch.is_some(),
            content: patch.unwrap_or_else(|| state.clone()),
            hash,
            saved_at,
            step: row
                .step
                .filter(|step| limits::name("step", Some(step)).is_ok()),
            waits: row.waits,
            table: row.table.to_owned(),
            source: row.source,
        });
        self.state = state;
        Ok(())
    }

    /// A checkpoint, where its name is one; its metadata where they are an object that may be kept.
    fn mark(&mut self, name: String, version: i64, metadata: Option<&str>, at: i64) {
        if limits::name("name", Some(&name)).is_err() {
            return;
        }
        let metadata = metadata.and_then(|text| inputs::jsonb(text).ok());
        let metadata = metadata.filter(|m| checkpoints::metadata("metadata", Some(m)).is_ok());
        self.marks.retain(|mark| mark.name != name);
        self.marks.push(Mark {
            name,
            version,
            metadata,
            at,
        });
    }

    /// Writes the execution, and tells what became of its rows.
    pub fn write(
        mut self,
        tenant: &str,
        request: &Request<'_>,
        report: &mut impl FnMut(Report),
    ) -> StateResult<()> {
        if let Some((marker, waiting)) = self.marker.take() {
            self.add(marker, waiting)?;
        }
        // The file says nothing of it: as of what is saved now.
        let (shape, phase) = match request.workflow {
            Some(workflow) => bind::unsaid(tenant, workflow)?,
            None => (None, None),
        };
        let (shape, phase) = (shape.map(i64::from), phase.as_deref());
        let versions = self.exported(shape, phase)?;
        let (first, last) = match self.versions.first().zip(self.versions.last()) {
            Some(ends) => ends,
            None => return Ok(()),
        };
        let status = if last.waits { "waiting" } else { "running" };
        let checkpoints = self.marks.iter().map(|mark| Checkpoint {
            name: &mark.name,
            version: mark.version,
            metadata: mark.metadata.clone(),
            created_by: None,
            created_at: mark.at,
        });
        let export = Export {
            task_results: Vec::new(),
            execution: Execution {
                execution_id: &self.id,
                workflow: request.workflow,
                workflow_version: None,
                schema_version: shape,
                status,
                phase,
                initiated_by: None,
                created_at: first.saved_at,
                started_at: Some(first.saved_at),
                updated_at: last.saved_at,
                completed_at: None,
            },
            versions,
            checkpoints: checkpoints.collect(),
            tags: None,
        };
        import::write(tenant, &export, None)?;
        self.verify(tenant)?;
        for (at, version) in self.versions.into_iter().enumerate() {
            report(Report {
                table: version.table,
                source: version.source,
                execution_id: Some(self.id.clone()),
                version: Some(at as i64 + 1),
                reason: None,
            });
        }
        Ok(())
    }

    fn exported<'s>(
        &'s self,
        shape: Option<i64>,
        phase: Option<&'s str>,
    ) -> StateResult<Vec<Version<'s>>> {
        let bad = |error| StateError::bad_document("state", error);
        let versions = self.versions.iter().enumerate().map(|(at, kept)| {
            let content: Value<'_> = jsonb::root(&kept.content).map_err(bad)?;
            let version = at as i64 + 1;
            Ok(Version {
                version,
                base: (at > 0).then_some(version - 1),
                snapshot: (!kept.is_patch).then_some(content),
                patch: kept.is_patch.then_some(content),
                schema_version: shape,
                status: if kept.waits { "waiting" } else { "running" },
                phase,
                step_id: kept.step.as_deref(),
                note: None,
                saved_by: None,
                saved_at: kept.saved_at,
            })
        });
        versions.collect()
    }

    /// Whether what is written leads to each state of the file, and the log gives it back: read where a snapshot ends
    /// what is behind it, so that every row is read once.
    fn verify(&self, tenant: &str) -> StateResult<()> {
        let key = Key {
            tenant,
            id: &self.id,
        };
        let bad = |error| StateError::bad_document("state", error);
        let mut state: Option<Document> = None;
        let mut following = self.versions.iter().skip(1);
        for (at, kept) in self.versions.iter().enumerate() {
            interrupts::check();
            let version = at as i64 + 1;
            let next = match &state {
                Some(before) if kept.is_patch => {
                    cache::patched(before, &[&kept.content], None, checks::applied_limit())
                }
                _ => Document::copy(&kept.content),
            };
            let next = next.map_err(bad)?;
            let ends = following.next().is_none_or(|next| !next.is_patch);
            let stored = if ends {
                Some(rebuild::at(Mode::Write, key, version)?)
            } else {
                None
            };
            let differs = stored.is_some_and(|stored| *stored != *next);
            if differs || hash::hash(&next).map_err(bad)? != kept.hash {
                let why = String::from("it is not what the file has");
                return Err(StateError::corrupt(&self.id, version, why));
            }
            state = Some(next);
        }
        Ok(())
    }
}
