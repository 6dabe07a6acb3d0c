//! A version on its way into the log: what it holds, what it is appended to, what is said about it.

use crate::core::hash;
use crate::store::log::executions::Head;
use crate::store::log::versions::{ROW_COST, bytes};

/// What is said about a version besides its content; `None` keeps what was said before.
#[derive(Debug, Clone, Copy, Default)]
pub struct Labels<'a> {
    /// Status.
    pub status: Option<&'a str>,
    /// Whether the status may follow a final one.
    pub reopens: bool,
    /// Phase.
    pub phase: Option<&'a str>,
    /// Workflow.
    pub workflow: Option<&'a str>,
    /// Version of the workflow's definition that the execution is bound to from now on.
    pub workflow_version: Option<i64>,
    /// Version of the state's shape.
    pub schema_version: Option<i64>,
    /// Step that saves; of this version only.
    pub step_id: Option<&'a str>,
    /// Free text; of this version only.
    pub note: Option<&'a str>,
}

impl Labels<'_> {
    /// With the version of the shape, where none is said.
    pub(in crate::store) fn of_shape(self, shape: Option<i32>) -> Self {
        Labels {
            schema_version: self.schema_version.or(shape.map(i64::from)),
            ..self
        }
    }

    /// The version of the definition, as a head has it.
    pub(in crate::store) fn workflow_version(&self) -> Option<i32> {
        self.workflow_version.and_then(|v| i32::try_from(v).ok())
    }

    /// The version of the shape, as a head has it.
    pub(in crate::store) fn schema_version(&self) -> Option<i32> {
        self.schema_version.and_then(|v| i32::try_from(v).ok())
    }

    /// What becomes of the head's workflow with its version, shape, phase and status, as `append` has it.
    pub(in crate::store) fn follow(&self, head: &mut Head) {
        let moves = self.workflow.is_some() && self.workflow != head.workflow.as_deref();
        if moves {
            head.workflow = self.workflow.map(str::to_owned);
            head.workflow_version = None;
        }
        head.workflow_version = self.workflow_version().or(head.workflow_version);
        head.schema_version = self.schema_version().or(head.schema_version);
        if let Some(phase) = self.phase {
            head.phase = Some(phase.to_owned());
        }
        if let Some(status) = self.status {
            status.clone_into(&mut head.status);
        }
    }

    pub(in crate::store) fn change_the_head(&self) -> bool {
        self.status.is_some()
            || self.phase.is_some()
            || self.workflow.is_some()
            || self.workflow_version.is_some()
            || self.schema_version.is_some()
    }
}

/// What a version stores. A patch counts towards the chain that a load applies; a snapshot ends it.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// The change from the version before.
    Patch(&'a [u8]),
    /// The whole state, where a patch would be no smaller.
    Snapshot(&'a [u8]),
    /// Both, where the chain of patches would grow too long.
    Keyframe(Keyframe<'a>),
}

/// A version that loads begin at, and that can be made a patch again.
#[derive(Debug, Clone, Copy)]
pub struct Keyframe<'a> {
    /// The change from the version before.
    pub patch: &'a [u8],
    /// The whole state.
    pub state: &'a [u8],
    /// Its hash.
    pub state_hash: i64,
    /// What the patches from the keyframe before cost, this one's included: the version keeps it for when it is a patch.
    pub chain_bytes: i64,
    /// The same from the keyframe that keeps its state.
    pub archive_bytes: i64,
}

impl<'a> Content<'a> {
    pub(in crate::store) fn patch(&self) -> Option<&'a [u8]> {
        match *self {
            Content::Patch(patch) => Some(patch),
            Content::Snapshot(_) => None,
            Content::Keyframe(keyframe) => Some(keyframe.patch),
        }
    }

    pub(in crate::store) fn snapshot(&self) -> Option<&'a [u8]> {
        match *self {
            Content::Snapshot(snapshot) => Some(snapshot),
            Content::Patch(_) => None,
            Content::Keyframe(keyframe) => Some(keyframe.state),
        }
    }

    /// Hash of the whole state, where it is stored; what a version stores hashes to `payload_hash`.
    pub(in crate::store) fn snapshot_hash(&self, payload_hash: i64) -> Option<i64> {
        match self {
            Content::Snapshot(_) => Some(payload_hash),
            Content::Patch(_) => None,
            Content::Keyframe(keyframe) => Some(keyframe.state_hash),
        }
    }

    /// What the chain costs that leads to the version, where the head's is as given.
    pub(in crate::store) fn chain_bytes(&self, of_head: i64) -> i64 {
        match self {
            Content::Keyframe(keyframe) => keyframe.chain_bytes,
            Content::Patch(_) | Content::Snapshot(_) => of_head,
        }
    }

    fn archive_bytes(&self) -> i64 {
        match self {
            Content::Keyframe(keyframe) => keyframe.archive_bytes,
            Content::Patch(_) | Content::Snapshot(_) => 0,
        }
    }

    pub(in crate::store) fn cost(&self) -> i64 {
        self.patch()
            .map_or(0, |patch| bytes(patch.len() + ROW_COST))
    }
}

/// The head that a version makes of the one that it is appended to. What the version says of the workflow is left
/// to the caller.
pub(in crate::store) fn head_after(
    before: &Head,
    content: &Content<'_>,
    payload_hash: i64,
    state_bytes: Option<usize>,
    at: i64,
) -> Head {
    let version = before.version + 1;
    let mut after = Head {
        version,
        hash: hash::chain(before.hash, payload_hash),
        state_bytes: state_bytes.map_or(before.state_bytes, bytes),
        chain_bytes: before.chain_bytes + content.cost(),
        updated_at: before.updated_at.max(at),
        ..before.clone()
    };
    if content.snapshot().is_some() {
        after.keyframe_version = version;
        after.chain_bytes = 0;
        after.archive_bytes = content.archive_bytes();
    }
    after
}

/// What a version is appended to.
#[derive(Clone, Copy)]
pub enum Onto<'a> {
    /// This head and no other; the statement checks that it still is.
    Known(&'a Head),
    /// Whatever the head is, or only this version.
    Head(Option<i64>),
}

/// A version to be appended.
pub struct Append<'a> {
    /// To what.
    pub onto: Onto<'a>,
    /// What to store.
    pub content: Content<'a>,
    /// Hash of what is stored.
    pub payload_hash: i64,
    /// Size of the new state, where it is known; else the head keeps the one known last.
    pub state_bytes: Option<usize>,
    /// What is said about it.
    pub labels: Labels<'a>,
}
