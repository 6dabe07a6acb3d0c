//! Appending a version that changes nothing of its head but what every version changes.

use crate::pg::direct::Command;
use crate::pg::roles;
use crate::pg::spi::{Param, now};
use crate::store::Key;
use crate::store::log::direct::{HEADS, VERSIONS, head, head_of, is_let_through};
use crate::store::log::executions::{Head, key_params};
use crate::store::log::new_version::{Append, Onto, head_after};

/// What came of it.
pub enum Outcome {
    Appended(Head),
    /// The head is another one.
    Refused,
    /// The statement has to find out.
    Unknown,
}

/// Moves the head and appends a version. A head that is not known must be bound to no definition, as to the statement.
pub fn append(key: Key<'_>, append: &Append<'_>) -> Outcome {
    let command = is_let_through(key)
        .then(|| Command::begin(&[&HEADS, &VERSIONS]))
        .flatten();
    let Some(command) = command else {
        return Outcome::Unknown;
    };
    let Some(seen) = command.find(0, &key_params(key)) else {
        return Outcome::Refused;
    };
    let before = head_of(&seen.row());
    if !fits(&before, append.onto) {
        return Outcome::Refused;
    }
    let (payload_hash, state_bytes) = (append.payload_hash, append.state_bytes);
    let after = head_after(&before, &append.content, payload_hash, state_bytes, now());
    if command.update(seen, &moved(&after)).is_none() {
        return Outcome::Unknown;
    }
    insert(&command, key, append, &after);
    Outcome::Appended(after)
}

fn insert(command: &Command, key: Key<'_>, append: &Append<'_>, after: &Head) {
    let content = &append.content;
    let author = roles::current_name();
    let version = [
        Param::Int8(Some(after.version)),
        Param::Int8(Some(after.version - 1)),
        Param::Int8(Some(after.keyframe_version)),
        Param::Int8(Some(after.hash)),
        Param::Int8(content.snapshot_hash(append.payload_hash)),
        Param::Timestamptz(Some(after.updated_at)),
        Param::Int4(Some(after.state_bytes)),
        Param::Int4(Some(content.chain_bytes(after.chain_bytes))),
        Param::Int4(after.schema_version.map(i64::from)),
        Param::Jsonb(content.patch()),
        Param::Jsonb(content.snapshot()),
        Param::Text(Some(key.tenant)),
        Param::Text(Some(key.id)),
        Param::Text(Some(&after.status)),
        Param::Text(after.phase.as_deref()),
        Param::Text(append.labels.step_id),
        Param::Text(append.labels.note),
        Param::Text(Some(&author)),
    ];
    command.insert(1, &version);
}

/// Whether the head is the one that the version is made for. The phase counts where a definition binds it.
fn fits(found: &Head, onto: Onto<'_>) -> bool {
    match onto {
        Onto::Known(known) => {
            found.version == known.version
                && found.hash == known.hash
                && found.workflow == known.workflow
                && found.workflow_version == known.workflow_version
                && found.schema_version == known.schema_version
                && (known.workflow_version.is_none() || found.phase == known.phase)
        }
        Onto::Head(expected) => {
            found.workflow_version.is_none()
                && expected.is_none_or(|expected| expected == found.version)
        }
    }
}

/// What a version changes of its head.
fn moved(after: &Head) -> [(usize, Param<'static>); 7] {
    [
        (head::VERSION, Param::Int8(Some(after.version))),
        (head::HASH, Param::Int8(Some(after.hash))),
        (head::UPDATED_AT, Param::Timestamptz(Some(after.updated_at))),
        (head::STATE_BYTES, Param::Int4(Some(after.state_bytes))),
        (head::CHAIN_BYTES, Param::Int4(Some(after.chain_bytes))),
        (
            head::KEYFRAME_VERSION,
            Param::Int8(Some(after.keyframe_version)),
        ),
        (head::ARCHIVE_BYTES, Param::Int8(Some(after.archive_bytes))),
    ]
}
