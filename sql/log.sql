-- Group: The log
-- The tables of heads and versions.

-- What every save changes stands together and first: the WAL of an update spans from the first byte that
-- differs to the last.
CREATE TABLE wfstate.executions (
    version                  bigint NOT NULL,
    hash                     bigint NOT NULL,
    updated_at               timestamptz NOT NULL,
    state_bytes              integer NOT NULL,
    chain_bytes              integer NOT NULL,
    keyframe_version         bigint NOT NULL,
    archive_bytes            bigint NOT NULL DEFAULT 0,
    created_at               timestamptz NOT NULL,
    started_at               timestamptz,
    completed_at             timestamptz,
    forked_from_version      bigint,
    schema_version           integer,
    workflow_version         integer,
    is_session               bool,
    tenant                   wfstate.identifier NOT NULL,
    execution_id             wfstate.identifier NOT NULL,
    workflow                 wfstate.identifier,
    status                   wfstate.status NOT NULL,
    phase                    text,
    initiated_by             text NOT NULL DEFAULT CURRENT_USER,
    forked_from_execution_id wfstate.identifier
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE wfstate.executions IS 'The head: one narrow row per execution. Every save updates it in place (HOT), so no index may cover a column that an ordinary save changes.';
COMMENT ON COLUMN wfstate.executions.tenant IS 'Whose execution: the setting wfstate.tenant when it was created.';
COMMENT ON COLUMN wfstate.executions.execution_id IS 'The caller''s name for the execution, 1 to 255 bytes, unique within the tenant.';
COMMENT ON COLUMN wfstate.executions.workflow IS 'Name of the workflow that the execution runs.';
COMMENT ON COLUMN wfstate.executions.schema_version IS 'Version of the shape of the state, as the caller counts it.';
COMMENT ON COLUMN wfstate.executions.workflow_version IS 'Version of its workflow''s definition that the execution is bound to; NULL where none was defined when it started.';
COMMENT ON COLUMN wfstate.executions.is_session IS 'true for a session (wf_save_session), else NULL: so that sessions have an index by status.';
COMMENT ON COLUMN wfstate.executions.status IS 'pending, running, waiting, paused, compensating, completed, failed, cancelled or compensated; the last four are final and set completed_at.';
COMMENT ON COLUMN wfstate.executions.phase IS 'Where in its workflow the execution stands.';
COMMENT ON COLUMN wfstate.executions.version IS 'Newest version in wfstate.state_versions: the optimistic lock.';
COMMENT ON COLUMN wfstate.executions.keyframe_version IS 'Where the log segment of the head begins: its keyframe, or the recovery or fork that jumped.';
COMMENT ON COLUMN wfstate.executions.hash IS 'Chained hash of the head; identifies its content.';
COMMENT ON COLUMN wfstate.executions.state_bytes IS 'Size of the head''s state in bytes when it was last known: merge patches are saved without reading the state.';
COMMENT ON COLUMN wfstate.executions.chain_bytes IS 'Bytes of patches between the newest keyframe and the head: what a load applies.';
COMMENT ON COLUMN wfstate.executions.archive_bytes IS 'Bytes of patches between the last kept older keyframe and the newest one.';
COMMENT ON COLUMN wfstate.executions.initiated_by IS 'Role that created the execution.';
COMMENT ON COLUMN wfstate.executions.created_at IS 'When the first version was saved.';
COMMENT ON COLUMN wfstate.executions.started_at IS 'When the status first became running.';
COMMENT ON COLUMN wfstate.executions.updated_at IS 'When the newest version was saved.';
COMMENT ON COLUMN wfstate.executions.completed_at IS 'When the status became final; NULL while incomplete.';
COMMENT ON COLUMN wfstate.executions.forked_from_execution_id IS 'Execution that this one was forked from.';
COMMENT ON COLUMN wfstate.executions.forked_from_version IS 'Version that this execution was forked from.';

CREATE INDEX executions_created_idx ON wfstate.executions (tenant, created_at, execution_id);
COMMENT ON INDEX wfstate.executions_created_idx IS 'wf_list sorted by created_at.';
CREATE INDEX executions_workflow_idx ON wfstate.executions (tenant, workflow, created_at, execution_id)
    WHERE workflow IS NOT NULL;
COMMENT ON INDEX wfstate.executions_workflow_idx IS 'wf_list(workflow => ...) sorted by created_at.';
CREATE INDEX executions_status_idx ON wfstate.executions (tenant, status, created_at, execution_id);
COMMENT ON INDEX wfstate.executions_status_idx IS 'wf_list(status => ...) sorted by created_at. A save that changes the status touches every index of the table, any other save none.';
CREATE INDEX executions_session_idx ON wfstate.executions (tenant, status, created_at, execution_id) WHERE is_session;
COMMENT ON INDEX wfstate.executions_session_idx IS 'wf_sessions(status => ...).';
CREATE INDEX executions_incomplete_idx ON wfstate.executions (tenant, created_at, execution_id)
    WHERE completed_at IS NULL;
COMMENT ON INDEX wfstate.executions_incomplete_idx IS 'wf_list(incomplete => true): what still runs, sorted by created_at.';
CREATE INDEX executions_completed_idx ON wfstate.executions (tenant, created_at, execution_id)
    WHERE completed_at IS NOT NULL;
COMMENT ON INDEX wfstate.executions_completed_idx IS 'wf_list(incomplete => false): what has a final status, sorted by created_at.';
CREATE INDEX executions_finished_idx ON wfstate.executions (tenant, completed_at) WHERE completed_at IS NOT NULL;
COMMENT ON INDEX wfstate.executions_finished_idx IS 'wfstate.finished_metrics: what came to a final status lately.';
CREATE INDEX executions_forked_idx ON wfstate.executions (tenant, forked_from_execution_id)
    WHERE forked_from_execution_id IS NOT NULL;
-- Last: of indexes that cost the same, as all do while the table is empty, the planner takes the newest, and a session
-- keeps that plan. Others end with execution_id, too.
ALTER TABLE wfstate.executions ADD CONSTRAINT executions_pkey PRIMARY KEY (tenant, execution_id);
COMMENT ON INDEX wfstate.executions_forked_idx IS 'wf_prune_history and wf_delete: the forks that stand on an execution''s versions.';

-- No table has a foreign key to executions: its check would cost every save a second look-up and a row lock
-- in the WAL, and every move of the head a trigger. The functions lock the head first, and wf_delete removes
-- what belongs to it.
CREATE TABLE wfstate.state_versions (
    version          bigint NOT NULL,
    base_version     bigint,
    keyframe_version bigint NOT NULL,
    hash             bigint NOT NULL,
    snapshot_hash    bigint,
    saved_at         timestamptz NOT NULL,
    state_bytes      integer NOT NULL,
    chain_bytes      integer NOT NULL,
    schema_version   integer,
    patch            jsonb,
    snapshot         jsonb,
    tenant           wfstate.identifier NOT NULL,
    execution_id     wfstate.identifier NOT NULL,
    status           wfstate.status NOT NULL,
    phase            text,
    step_id          text,
    note             text,
    saved_by         text NOT NULL DEFAULT CURRENT_USER,
    CONSTRAINT state_versions_pkey PRIMARY KEY (tenant, execution_id, version)
);
COMMENT ON TABLE wfstate.state_versions IS 'The log: one append-only row per version, holding what changed (patch), the whole state (snapshot), or both (a keyframe).';
COMMENT ON COLUMN wfstate.state_versions.version IS 'Gapless from 1 within an execution, as long as nothing was pruned.';
COMMENT ON COLUMN wfstate.state_versions.base_version IS 'Version that the patch applies to: the one before; after a recovery the recovered one, of a branch the one that it was saved onto; of a fork''s first row, the source''s version. NULL for a root.';
COMMENT ON COLUMN wfstate.state_versions.keyframe_version IS 'Lower bound of the index range that rebuilds this version.';
COMMENT ON COLUMN wfstate.state_versions.hash IS 'wfstate.chain_hash(hash of the base, hash of the patch, or of the snapshot where there is no patch).';
COMMENT ON COLUMN wfstate.state_versions.snapshot_hash IS 'Hash of the snapshot.';
COMMENT ON COLUMN wfstate.state_versions.saved_at IS 'Never earlier than the version before.';
COMMENT ON COLUMN wfstate.state_versions.state_bytes IS 'Size of the state in bytes when it was last known.';
COMMENT ON COLUMN wfstate.state_versions.chain_bytes IS 'Bytes of patches from the keyframe to here when it was saved.';
COMMENT ON COLUMN wfstate.state_versions.schema_version IS 'Version of the shape of the state as of this version.';
COMMENT ON COLUMN wfstate.state_versions.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.state_versions.execution_id IS 'Execution that the version belongs to.';
COMMENT ON COLUMN wfstate.state_versions.status IS 'Status of the execution as of this version.';
COMMENT ON COLUMN wfstate.state_versions.phase IS 'Phase of the execution as of this version.';
COMMENT ON COLUMN wfstate.state_versions.step_id IS 'Step that saved the version, as the caller names it.';
COMMENT ON COLUMN wfstate.state_versions.note IS 'Free text of the caller, at most 8 kB.';
COMMENT ON COLUMN wfstate.state_versions.saved_by IS 'Role that saved the version.';
COMMENT ON COLUMN wfstate.state_versions.patch IS 'What changed: an array is an RFC 6902 JSON Patch, an object an RFC 7386 merge patch as it came.';
COMMENT ON COLUMN wfstate.state_versions.snapshot IS 'The whole state.';
COMMENT ON INDEX wfstate.state_versions_pkey IS 'Every load: the range from a keyframe to a version.';
COMMENT ON INDEX wfstate.executions_pkey IS 'Every save and load: the head of one execution.';
COMMENT ON CONSTRAINT executions_pkey ON wfstate.executions IS 'An execution''s id is unique within its tenant.';
COMMENT ON CONSTRAINT state_versions_pkey ON wfstate.state_versions IS 'A version exists once: of two writers that append the same one, the second fails.';

-- lz4 where the server has it: it compresses a keyframe about ten times as fast as pglz.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_settings
                WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
        ALTER TABLE wfstate.state_versions ALTER COLUMN patch SET COMPRESSION lz4;
        ALTER TABLE wfstate.state_versions ALTER COLUMN snapshot SET COMPRESSION lz4;
    END IF;
END
$$;
INSERT INTO wfstate.access VALUES ('wfstate.executions', 'writer');
INSERT INTO wfstate.access VALUES ('wfstate.state_versions', 'writer');

-- Called by the statements that append.
CREATE FUNCTION wfstate.chain_hash(base bigint, payload bigint) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'chain_hash_wrapper';
COMMENT ON FUNCTION wfstate.chain_hash IS 'Links the hash of a version''s content to the hash of its base.';
INSERT INTO wfstate.access VALUES ('chain_hash', 'writer');

-- The indexes for containment hold the tenant within each value: so that a search of one tenant touches no row of
-- another's, which the statistics of the table would give away.
CREATE FUNCTION wfstate.scoped(tenant text, document jsonb) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'scoped_wrapper';
COMMENT ON FUNCTION wfstate.scoped IS 'The document as the only member of an object, under its tenant: what the indexes for containment hold.';
INSERT INTO wfstate.access VALUES ('scoped', 'writer');
