-- Tables of wfstate. The API functions go to the schema that CREATE EXTENSION names; everything they
-- stand on lives in schema wfstate, created without IF NOT EXISTS so that a squatted schema fails the
-- installation instead of being trusted.
DO $$
BEGIN
    IF pg_catalog.current_setting('server_encoding') <> 'UTF8' THEN
        RAISE feature_not_supported USING MESSAGE = 'wfstate needs a database with encoding UTF8',
            DETAIL = pg_catalog.format('The encoding of this database is %s.',
                                       pg_catalog.current_setting('server_encoding')),
            HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0 makes one.';
    END IF;
END
$$;

CREATE SCHEMA wfstate;

-- Domains instead of table constraints: a session parses a domain's check once, a table's at every statement,
-- which took a fifth of the time of a save.
CREATE DOMAIN wfstate.identifier AS text COLLATE "C"
    CONSTRAINT identifier_check CHECK (octet_length(VALUE) BETWEEN 1 AND 255);
COMMENT ON DOMAIN wfstate.identifier IS 'A name of 1 to 255 bytes. Collates "C": its order never depends on the operating system''s locale data, and is cheap.';
COMMENT ON CONSTRAINT identifier_check ON DOMAIN wfstate.identifier IS 'Neither empty nor too long for an index.';
CREATE DOMAIN wfstate.status AS text COLLATE "C"
    CONSTRAINT status_check CHECK (VALUE IN
        ('pending', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled'));
COMMENT ON DOMAIN wfstate.status IS 'Status of an execution; completed, failed and cancelled are final.';
COMMENT ON CONSTRAINT status_check ON DOMAIN wfstate.status IS 'The statuses that there are.';

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
    wake_at                  timestamptz,
    forked_from_version      bigint,
    workflow_version         integer,
    schema_version           integer,
    tenant                   wfstate.identifier NOT NULL,
    execution_id             wfstate.identifier NOT NULL,
    workflow                 wfstate.identifier,
    status                   wfstate.status NOT NULL,
    phase                    text,
    initiated_by             text NOT NULL DEFAULT CURRENT_USER,
    forked_from_execution_id wfstate.identifier,
    error                    jsonb,
    CONSTRAINT executions_pkey PRIMARY KEY (tenant, execution_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE wfstate.executions IS 'The head: one narrow row per execution. Every save updates it in place (HOT), so no index may cover a column that an ordinary save changes.';
COMMENT ON COLUMN wfstate.executions.tenant IS 'Whose execution: the setting wfstate.tenant when it was created.';
COMMENT ON COLUMN wfstate.executions.execution_id IS 'The caller''s name for the execution, 1 to 255 bytes, unique within the tenant.';
COMMENT ON COLUMN wfstate.executions.workflow IS 'Name of the workflow that the execution runs.';
COMMENT ON COLUMN wfstate.executions.workflow_version IS 'Version of the workflow''s definition.';
COMMENT ON COLUMN wfstate.executions.schema_version IS 'Version of the shape of the state, as the caller counts it.';
COMMENT ON COLUMN wfstate.executions.status IS 'pending, running, waiting, paused, completed, failed or cancelled; the last three are final and set completed_at.';
COMMENT ON COLUMN wfstate.executions.phase IS 'Where in its workflow the execution stands.';
COMMENT ON COLUMN wfstate.executions.version IS 'Newest version in wfstate.state_versions: the optimistic lock.';
COMMENT ON COLUMN wfstate.executions.keyframe_version IS 'Where the log segment of the head begins: its keyframe, or the recovery or fork that jumped.';
COMMENT ON COLUMN wfstate.executions.hash IS 'Chained hash of the head; identifies its content.';
COMMENT ON COLUMN wfstate.executions.state_bytes IS 'Size of the head''s state in bytes when it was last known: merge patches are saved without reading the state.';
COMMENT ON COLUMN wfstate.executions.chain_bytes IS 'Bytes of patches between the newest keyframe and the head: what a load applies.';
COMMENT ON COLUMN wfstate.executions.archive_bytes IS 'Bytes of patches between the last kept older keyframe and the newest one.';
COMMENT ON COLUMN wfstate.executions.initiated_by IS 'Role that created the execution.';
COMMENT ON COLUMN wfstate.executions.error IS 'What made the execution fail.';
COMMENT ON COLUMN wfstate.executions.created_at IS 'When the first version was saved.';
COMMENT ON COLUMN wfstate.executions.started_at IS 'When the status first became running.';
COMMENT ON COLUMN wfstate.executions.updated_at IS 'When the newest version was saved.';
COMMENT ON COLUMN wfstate.executions.completed_at IS 'When the status became final; NULL while incomplete.';
COMMENT ON COLUMN wfstate.executions.wake_at IS 'When a sleeping execution is due.';
COMMENT ON COLUMN wfstate.executions.forked_from_execution_id IS 'Execution that this one was forked from.';
COMMENT ON COLUMN wfstate.executions.forked_from_version IS 'Version that this execution was forked from.';

CREATE INDEX executions_created_idx ON wfstate.executions (tenant, created_at, execution_id);
COMMENT ON INDEX wfstate.executions_created_idx IS 'wf_list sorted by created_at.';
CREATE INDEX executions_workflow_idx ON wfstate.executions (tenant, workflow, created_at, execution_id);
COMMENT ON INDEX wfstate.executions_workflow_idx IS 'wf_list(workflow => ...) sorted by created_at.';
CREATE INDEX executions_incomplete_idx ON wfstate.executions (tenant, created_at, execution_id)
    WHERE completed_at IS NULL;
COMMENT ON INDEX wfstate.executions_incomplete_idx IS 'wf_list(incomplete => true): what still runs, oldest first.';
CREATE INDEX executions_completed_idx ON wfstate.executions (tenant, completed_at, execution_id)
    WHERE completed_at IS NOT NULL;
COMMENT ON INDEX wfstate.executions_completed_idx IS 'Retention: executions that completed before a given time.';
CREATE INDEX executions_forked_idx ON wfstate.executions (tenant, forked_from_execution_id)
    WHERE forked_from_execution_id IS NOT NULL;
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
COMMENT ON COLUMN wfstate.state_versions.base_version IS 'Version that the patch applies to: the one before; after a recovery the recovered one; of a fork''s first row, the source''s version. NULL for a root.';
COMMENT ON COLUMN wfstate.state_versions.keyframe_version IS 'Lower bound of the index range that rebuilds this version.';
COMMENT ON COLUMN wfstate.state_versions.hash IS 'wfstate.chain_hash(hash of the base, hash of the patch, or of the snapshot where there is no patch).';
COMMENT ON COLUMN wfstate.state_versions.snapshot_hash IS 'Hash of the snapshot.';
COMMENT ON COLUMN wfstate.state_versions.saved_at IS 'Never earlier than the version before.';
COMMENT ON COLUMN wfstate.state_versions.state_bytes IS 'Size of the state in bytes when it was last known.';
COMMENT ON COLUMN wfstate.state_versions.chain_bytes IS 'Bytes of patches from the keyframe to here when it was saved.';
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

CREATE TABLE wfstate.checkpoints (
    tenant       wfstate.identifier NOT NULL,
    execution_id wfstate.identifier NOT NULL,
    name         wfstate.identifier NOT NULL,
    version      bigint NOT NULL,
    metadata     jsonb,
    created_by   text NOT NULL DEFAULT CURRENT_USER,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT checkpoints_pkey PRIMARY KEY (tenant, execution_id, name)
);
COMMENT ON TABLE wfstate.checkpoints IS 'The tags: a name for a version. No state is copied; pruning keeps tagged versions.';
COMMENT ON COLUMN wfstate.checkpoints.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.checkpoints.execution_id IS 'Execution that is tagged.';
COMMENT ON COLUMN wfstate.checkpoints.name IS 'Unique within the execution, 1 to 255 bytes.';
COMMENT ON COLUMN wfstate.checkpoints.version IS 'Version that the name stands for.';
COMMENT ON COLUMN wfstate.checkpoints.metadata IS 'Whatever the caller keeps with the checkpoint.';
COMMENT ON COLUMN wfstate.checkpoints.created_by IS 'Role that made the checkpoint.';
COMMENT ON COLUMN wfstate.checkpoints.created_at IS 'When the checkpoint was made.';
COMMENT ON INDEX wfstate.checkpoints_pkey IS 'wf_recover and wf_fork: the version behind a name; wf_prune_history: the tagged versions.';
COMMENT ON CONSTRAINT checkpoints_pkey ON wfstate.checkpoints IS 'A name stands for one version of its execution.';

CREATE TABLE wfstate.search (
    tenant       wfstate.identifier NOT NULL,
    execution_id wfstate.identifier NOT NULL,
    workflow     wfstate.identifier,
    tags         jsonb,
    document     jsonb,
    CONSTRAINT search_pkey PRIMARY KEY (tenant, execution_id),
    CONSTRAINT search_tags_check CHECK (jsonb_typeof(tags) = 'object')
);
COMMENT ON TABLE wfstate.search IS 'What can be searched of an execution: its tags and the paths of its state that its workflow declares. Written only when those change, so that the head stays HOT.';
COMMENT ON COLUMN wfstate.search.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.search.execution_id IS 'Execution that is indexed.';
COMMENT ON COLUMN wfstate.search.workflow IS 'Workflow whose declaration cut the document.';
COMMENT ON COLUMN wfstate.search.tags IS 'Tags of the execution: a JSON object.';
COMMENT ON COLUMN wfstate.search.document IS 'The head''s state reduced to the declared paths; NULL where none are declared.';
CREATE INDEX search_document_idx ON wfstate.search USING gin (document jsonb_path_ops)
    WHERE document IS NOT NULL;
COMMENT ON INDEX wfstate.search_document_idx IS 'wf_find by containment on declared paths.';
CREATE INDEX search_tags_idx ON wfstate.search USING gin (tags jsonb_path_ops) WHERE tags IS NOT NULL;
COMMENT ON INDEX wfstate.search_tags_idx IS 'wf_list and wf_find by tags.';
COMMENT ON INDEX wfstate.search_pkey IS 'The tags of one execution.';
COMMENT ON CONSTRAINT search_pkey ON wfstate.search IS 'One row for each execution that has anything to search.';
COMMENT ON CONSTRAINT search_tags_check ON wfstate.search IS 'Tags are an object.';

CREATE TABLE wfstate.search_paths (
    tenant   wfstate.identifier NOT NULL,
    workflow wfstate.identifier NOT NULL,
    paths    text[] NOT NULL,
    CONSTRAINT search_paths_pkey PRIMARY KEY (tenant, workflow)
);
COMMENT ON TABLE wfstate.search_paths IS 'Which paths of a workflow''s states wf_find can look up by index: JSON Pointers through objects.';
COMMENT ON COLUMN wfstate.search_paths.tenant IS 'Whose workflow.';
COMMENT ON COLUMN wfstate.search_paths.workflow IS 'Workflow that declares.';
COMMENT ON COLUMN wfstate.search_paths.paths IS 'JSON Pointers.';
COMMENT ON INDEX wfstate.search_paths_pkey IS 'The declaration of one workflow.';
COMMENT ON CONSTRAINT search_paths_pkey ON wfstate.search_paths IS 'One declaration for each workflow.';

CREATE TABLE wfstate.tenant_roles (
    role       regrole NOT NULL,
    tenant     wfstate.identifier NOT NULL,
    granted_by text NOT NULL DEFAULT CURRENT_USER,
    granted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT tenant_roles_pkey PRIMARY KEY (role, tenant)
);
COMMENT ON TABLE wfstate.tenant_roles IS 'Roles bound to tenants: a role with a row here, or that is a member of one, is refused every other tenant.';
COMMENT ON COLUMN wfstate.tenant_roles.role IS 'The bound role.';
COMMENT ON COLUMN wfstate.tenant_roles.tenant IS 'A tenant that it may use.';
COMMENT ON COLUMN wfstate.tenant_roles.granted_by IS 'Role that called wf_grant_tenant.';
COMMENT ON COLUMN wfstate.tenant_roles.granted_at IS 'When.';
COMMENT ON INDEX wfstate.tenant_roles_pkey IS 'The tenants of one role.';
COMMENT ON CONSTRAINT tenant_roles_pkey ON wfstate.tenant_roles IS 'A role is bound to a tenant once.';

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

SELECT pg_catalog.pg_extension_config_dump('wfstate.executions', '');
SELECT pg_catalog.pg_extension_config_dump('wfstate.state_versions', '');
SELECT pg_catalog.pg_extension_config_dump('wfstate.checkpoints', '');
SELECT pg_catalog.pg_extension_config_dump('wfstate.search', '');
SELECT pg_catalog.pg_extension_config_dump('wfstate.search_paths', '');
SELECT pg_catalog.pg_extension_config_dump('wfstate.tenant_roles', '');
