//! Heads and the log below the executor: what the hottest statements do, where the tables are plain.

pub mod append;
pub(super) mod batch;
pub mod read;

use crate::pg::direct::{Appended, Column, Table};
use crate::pg::invalidation::Cached;
use crate::pg::rows::Row;
use crate::pg::spi::Type;
use crate::store::Key;
use crate::store::log::executions::Head;
use crate::store::tenants::tenant;

/// Columns of `wfstate.executions`.
mod head {
    pub const VERSION: usize = 0;
    pub const HASH: usize = 1;
    pub const UPDATED_AT: usize = 2;
    pub const STATE_BYTES: usize = 3;
    pub const CHAIN_BYTES: usize = 4;
    pub const KEYFRAME_VERSION: usize = 5;
    pub const ARCHIVE_BYTES: usize = 6;
    pub const STARTED_AT: usize = 8;
    pub const COMPLETED_AT: usize = 9;
    pub const SCHEMA_VERSION: usize = 11;
    pub const WORKFLOW_VERSION: usize = 12;
    pub const TENANT: usize = 14;
    pub const EXECUTION_ID: usize = 15;
    pub const WORKFLOW: usize = 16;
    pub const STATUS: usize = 17;
    pub const PHASE: usize = 18;
}

const HEAD_COLUMNS: &[Column] = &[
    (c"version", Type::Int8, true),
    (c"hash", Type::Int8, true),
    (c"updated_at", Type::Timestamptz, true),
    (c"state_bytes", Type::Int4, true),
    (c"chain_bytes", Type::Int4, true),
    (c"keyframe_version", Type::Int8, true),
    (c"archive_bytes", Type::Int8, true),
    (c"created_at", Type::Timestamptz, true),
    (c"started_at", Type::Timestamptz, false),
    (c"completed_at", Type::Timestamptz, false),
    (c"forked_from_version", Type::Int8, false),
    (c"schema_version", Type::Int4, false),
    (c"workflow_version", Type::Int4, false),
    (c"is_session", Type::Bool, false),
    (c"tenant", Type::Text, true),
    (c"execution_id", Type::Text, true),
    (c"workflow", Type::Text, false),
    (c"status", Type::Text, true),
    (c"phase", Type::Text, false),
    (c"initiated_by", Type::Text, true),
    (c"forked_from_execution_id", Type::Text, false),
];
pub(in crate::store) static HEADS: Table = Table::updated(
    Cached::Executions,
    HEAD_COLUMNS,
    head::TENANT,
    &[head::TENANT, head::EXECUTION_ID],
);

const VERSION_COLUMNS: &[Column] = &[
    (c"version", Type::Int8, true),
    (c"base_version", Type::Int8, false),
    (c"keyframe_version", Type::Int8, true),
    (c"hash", Type::Int8, true),
    (c"snapshot_hash", Type::Int8, false),
    (c"saved_at", Type::Timestamptz, true),
    (c"state_bytes", Type::Int4, true),
    (c"chain_bytes", Type::Int4, true),
    (c"schema_version", Type::Int4, false),
    (c"patch", Type::Jsonb, false),
    (c"snapshot", Type::Jsonb, false),
    (c"tenant", Type::Text, true),
    (c"execution_id", Type::Text, true),
    (c"status", Type::Text, true),
    (c"phase", Type::Text, false),
    (c"step_id", Type::Text, false),
    (c"note", Type::Text, false),
    (c"saved_by", Type::Text, true),
];
/// Tenant, execution and version are the key. What domains ask holds, since those columns are the head's.
pub(in crate::store) static VERSIONS: Table = Table::appended(
    Cached::StateVersions,
    VERSION_COLUMNS,
    11,
    &[11, 12, 0],
    Appended {
        defaults: &[(17, c"CURRENT_USER")],
        asks_domains: false,
    },
);

/// Whether the policy lets the rows of this tenant through: it compares with what this session may use now.
fn is_let_through(key: Key<'_>) -> bool {
    tenant::current().is_ok_and(|current| current == key.tenant)
}

/// The head that a row of `wfstate.executions` is.
fn head_of(row: &Row<'_>) -> Head {
    let int = |column| row.int8(column).unwrap_or_default();
    let int4 = |column| row.int4(column).map_or(0, i64::from);
    Head {
        version: int(head::VERSION),
        keyframe_version: int(head::KEYFRAME_VERSION),
        hash: int(head::HASH),
        state_bytes: int4(head::STATE_BYTES),
        chain_bytes: int4(head::CHAIN_BYTES),
        archive_bytes: int(head::ARCHIVE_BYTES),
        updated_at: row.micros(head::UPDATED_AT).unwrap_or_default(),
        workflow: row.text(head::WORKFLOW),
        workflow_version: row.int4(head::WORKFLOW_VERSION),
        schema_version: row.int4(head::SCHEMA_VERSION),
        phase: row.text(head::PHASE),
        status: row.text(head::STATUS).unwrap_or_default(),
    }
}
