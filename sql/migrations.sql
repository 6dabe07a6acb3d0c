-- Group: Migration of state shapes
-- How states of an older shape become those of a newer one: when they are loaded, when they are saved, or all in batches.

CREATE TABLE wfstate.migrations (
    tenant       wfstate.identifier NOT NULL,
    workflow     wfstate.identifier NOT NULL,
    from_version integer NOT NULL,
    to_version   integer NOT NULL,
    unsaid_version integer NOT NULL,
    added_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    added_by     regrole NOT NULL DEFAULT quote_ident(CURRENT_USER)::regrole,
    patch        jsonb,
    function     text,
    CONSTRAINT migrations_pkey PRIMARY KEY (tenant, workflow, from_version),
    CONSTRAINT migrations_versions_check CHECK (from_version >= 0 AND to_version > from_version),
    CONSTRAINT migrations_way_check CHECK ((patch IS NULL) <> (function IS NULL))
);
COMMENT ON TABLE wfstate.migrations IS 'The steps by which states of a workflow come from one version of their shape to the next; together they are one chain. Written by functions only.';
COMMENT ON COLUMN wfstate.migrations.tenant IS 'Whose workflow.';
COMMENT ON COLUMN wfstate.migrations.workflow IS 'Workflow.';
COMMENT ON COLUMN wfstate.migrations.from_version IS 'Version of the shape that the step takes.';
COMMENT ON COLUMN wfstate.migrations.to_version IS 'Version of the shape that it gives.';
COMMENT ON COLUMN wfstate.migrations.unsaid_version IS 'Version that a state counts as which none was said of: where the first step of the workflow to be added began. The same for all its steps.';
COMMENT ON COLUMN wfstate.migrations.added_at IS 'When the step was added.';
COMMENT ON COLUMN wfstate.migrations.added_by IS 'Role that added it: the role, not its name, since a superuser runs its function as that.';
COMMENT ON COLUMN wfstate.migrations.patch IS 'Merge patch (an object) or JSON Patch (an array) that the step applies.';
COMMENT ON COLUMN wfstate.migrations.function IS 'Function that the step calls instead, with its schema and the type of its argument.';
COMMENT ON INDEX wfstate.migrations_pkey IS 'The steps of a workflow, in their order, from the version that a state has.';
COMMENT ON CONSTRAINT migrations_pkey ON wfstate.migrations IS 'From a version one step leads on.';
COMMENT ON CONSTRAINT migrations_versions_check ON wfstate.migrations IS 'Steps lead upwards.';
COMMENT ON CONSTRAINT migrations_way_check ON wfstate.migrations IS 'A step is a patch or a function.';
CREATE TRIGGER migrations_invalidate AFTER INSERT OR UPDATE OR DELETE
    ON wfstate.migrations FOR EACH ROW EXECUTE FUNCTION wfstate.invalidate();
CREATE TRIGGER migrations_invalidate_all AFTER TRUNCATE
    ON wfstate.migrations FOR EACH STATEMENT EXECUTE FUNCTION wfstate.invalidate();
ALTER TABLE wfstate.migrations ENABLE ALWAYS TRIGGER migrations_invalidate;
ALTER TABLE wfstate.migrations ENABLE ALWAYS TRIGGER migrations_invalidate_all;
COMMENT ON TRIGGER migrations_invalidate ON wfstate.migrations IS 'Makes every session read anew which workflows have migrations.';
COMMENT ON TRIGGER migrations_invalidate_all ON wfstate.migrations IS 'The same after TRUNCATE.';
INSERT INTO wfstate.access VALUES ('wfstate.migrations', 'nobody');

CREATE TABLE wfstate.migration_runs (
    tenant           wfstate.identifier NOT NULL,
    workflow         wfstate.identifier NOT NULL,
    after_created_at timestamptz,
    after_id         text,
    migrated         bigint NOT NULL DEFAULT 0,
    failed           bigint NOT NULL DEFAULT 0,
    started_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT migration_runs_pkey PRIMARY KEY (tenant, workflow),
    CONSTRAINT migration_runs_after_check CHECK ((after_created_at IS NULL) = (after_id IS NULL))
);
COMMENT ON TABLE wfstate.migration_runs IS 'How far wf_migrate_states has come with each workflow; whoever goes on locks the row.';
COMMENT ON COLUMN wfstate.migration_runs.tenant IS 'Whose workflow.';
COMMENT ON COLUMN wfstate.migration_runs.workflow IS 'Workflow.';
COMMENT ON COLUMN wfstate.migration_runs.after_created_at IS 'When the execution was created that was looked at last; NULL at the beginning.';
COMMENT ON COLUMN wfstate.migration_runs.after_id IS 'Its id.';
COMMENT ON COLUMN wfstate.migration_runs.migrated IS 'Executions that this run has migrated.';
COMMENT ON COLUMN wfstate.migration_runs.failed IS 'Executions that it could not migrate.';
COMMENT ON COLUMN wfstate.migration_runs.started_at IS 'When the run began.';
COMMENT ON COLUMN wfstate.migration_runs.updated_at IS 'When it went on last.';
COMMENT ON INDEX wfstate.migration_runs_pkey IS 'wf_migrate_states: the run of a workflow.';
COMMENT ON CONSTRAINT migration_runs_pkey ON wfstate.migration_runs IS 'A workflow has one run at a time.';
COMMENT ON CONSTRAINT migration_runs_after_check ON wfstate.migration_runs IS 'A place in the list has both its parts.';
INSERT INTO wfstate.access VALUES ('wfstate.migration_runs', 'nobody');

CREATE TABLE wfstate.migration_failures (
    tenant       wfstate.identifier NOT NULL,
    execution_id wfstate.identifier NOT NULL,
    workflow     wfstate.identifier NOT NULL,
    version      bigint NOT NULL,
    from_version integer NOT NULL,
    failed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    sqlstate     text NOT NULL,
    message      text NOT NULL,
    CONSTRAINT migration_failures_pkey PRIMARY KEY (tenant, execution_id)
);
COMMENT ON TABLE wfstate.migration_failures IS 'Executions that wf_migrate_states could not migrate, and why.';
COMMENT ON COLUMN wfstate.migration_failures.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.migration_failures.execution_id IS 'Execution.';
COMMENT ON COLUMN wfstate.migration_failures.workflow IS 'Workflow that it had.';
COMMENT ON COLUMN wfstate.migration_failures.version IS 'Version that was its head.';
COMMENT ON COLUMN wfstate.migration_failures.from_version IS 'Version of the shape of its state.';
COMMENT ON COLUMN wfstate.migration_failures.failed_at IS 'When.';
COMMENT ON COLUMN wfstate.migration_failures.sqlstate IS 'SQLSTATE of the error.';
COMMENT ON COLUMN wfstate.migration_failures.message IS 'Its message; of an error of somebody else''s function nothing but that it failed, since it may have parts of the state in it.';
COMMENT ON INDEX wfstate.migration_failures_pkey IS 'wf_migration_failures; the failure of one execution.';
COMMENT ON CONSTRAINT migration_failures_pkey ON wfstate.migration_failures IS 'An execution has its last failure here.';
CREATE INDEX migration_failures_failed_idx ON wfstate.migration_failures (tenant, failed_at);
COMMENT ON INDEX wfstate.migration_failures_failed_idx IS 'wf_cleanup: by age.';
INSERT INTO wfstate.access VALUES ('wfstate.migration_failures', 'nobody');

CREATE FUNCTION @extschema@.wf_add_migration(
    workflow text, from_version integer, to_version integer, patch jsonb DEFAULT NULL, function text DEFAULT NULL
) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_add_migration_wrapper';
COMMENT ON FUNCTION @extschema@.wf_add_migration IS
'Adds a step by which states of a workflow come from one version of their shape (schema_version) to the next. The step is a patch, a merge patch (object) or a JSON Patch (array), or the name of a function that takes a jsonb and returns one. Steps are one chain: a new one begins where it ends, or ends where it begins. An execution whose schema_version is NULL counts as one of the version that the first step to be added begins at, whatever is added and dropped later.
From then on a load gives the newest shape, without writing; so does a patch, which is applied to it and stores the result; and a full save that names no schema_version is taken to be of the newest shape. Versions in the history stay as they were saved. wf_migrate_states migrates what nobody loads and saves.
The function must be IMMUTABLE or STABLE, and PARALLEL SAFE, since loads are. It is called with the rights of whoever loads, where that is a superuser with those of the role that added the step, and with search_path pg_catalog, pg_temp. Nothing but its result stays: what it sets or writes is rolled back, advisory locks of a session aside, and neither role nor tenant can be changed in it. For operators.
Errors: WF006 when a step begins at from_version already; 22023 when the step does not join the chain, neither or both of patch and function are given, the patch is malformed, the function does not take and return a jsonb, is temporary, VOLATILE or not PARALLEL SAFE, or for a bad argument; WF005 when there is no such function; 42501 when the caller may not execute it; 54000 for a patch of more than 64 kB, more than 1000 steps of a workflow, or more than 2000 workflows.';
INSERT INTO wfstate.access VALUES ('wf_add_migration', 'operator');

CREATE FUNCTION @extschema@.wf_migrations(workflow text) RETURNS TABLE (
    from_version integer, to_version integer, patch jsonb, function text, added_by text, added_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_migrations_wrapper';
COMMENT ON FUNCTION @extschema@.wf_migrations IS
'Lists the steps of a workflow''s migrations in their order.
Errors: 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_migrations', 'reader');

CREATE FUNCTION @extschema@.wf_drop_migration(workflow text, from_version integer) RETURNS bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_drop_migration_wrapper';
COMMENT ON FUNCTION @extschema@.wf_drop_migration IS
'Drops the first or the last step of a workflow''s migrations. The first goes only when no execution''s head needs it any more, the last only when no head is stored in the shape that it gives. Versions in the history are not asked: one that needs the step is loaded as it was saved. Waits for open transactions of the tenant that have saved executions of workflows with migrations, and those that come after it wait for it. For operators.
Returns true, or false when no step begins at from_version.
Errors: 2BP01 when it is neither the first nor the last, or executions need it; 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_drop_migration', 'operator');

CREATE FUNCTION @extschema@.wf_migrate_states(
    workflow text, batch_size integer DEFAULT 1000, dry_run bool DEFAULT false, resume_after text DEFAULT NULL
) RETURNS TABLE (
    migrated bigint, failed bigint, skipped bigint, finished bool, cursor text
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_migrate_states_wrapper';
COMMENT ON FUNCTION @extschema@.wf_migrate_states IS
'Migrates the states of a workflow that are stored in an older shape: one bounded batch a call, in the order in which the executions were created. The next call goes on where the last one ended, until finished; a call after that begins anew. Each migrated state is a new version of its execution, so that a save that expects the version before is refused (WF001); it is checked against the definition that binds the execution, and read back from the log and compared. Executions that fail stay as they are and are told by wf_migration_failures. Those that another session is saving just now are skipped.
batch_size is how many executions a call migrates at most (1 to 10000). dry_run: everything is tried and nothing is stored, from the beginning or from resume_after on. resume_after is the column cursor of the call before: where to begin instead of where the last call ended.
Returns one row: executions migrated, failed and skipped by this call, whether it has come to the end, and where it has come to. For operators.
Errors: WF005 when the workflow has no migrations; 22023 when batch_size is out of range, resume_after is no cursor, or for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_migrate_states', 'operator');

CREATE FUNCTION @extschema@.wf_migration_status(workflow text) RETURNS TABLE (
    schema_version integer, executions bigint, pending bool, failed bigint
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_migration_status_wrapper';
COMMENT ON FUNCTION @extschema@.wf_migration_status IS
'Tells how many executions of a workflow are stored in each version of their shape (NULL: none was said), whether those are still to be migrated, and how many of them wf_migrate_states has failed to migrate. Reads the heads of all executions of the workflow.
Errors: 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_migration_status', 'reader');

CREATE FUNCTION @extschema@.wf_migration_failures(
    workflow text, after text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    execution_id text, version bigint, from_version integer, sqlstate text, message text, failed_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_migration_failures_wrapper';
COMMENT ON FUNCTION @extschema@.wf_migration_failures IS
'Lists the executions of a workflow that wf_migrate_states could not migrate and that are still at the version that it met, by id. after is the execution_id of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
Errors: 22023 when max_rows is out of range, or for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_migration_failures', 'reader');
