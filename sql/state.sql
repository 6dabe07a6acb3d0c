-- Group: Saving and loading

CREATE FUNCTION @extschema@.wf_save_state(
    execution_id text, state jsonb, expected_version bigint DEFAULT NULL, status text DEFAULT NULL,
    phase text DEFAULT NULL, workflow text DEFAULT NULL, tags jsonb DEFAULT NULL, step_id text DEFAULT NULL,
    note text DEFAULT NULL, schema_version integer DEFAULT NULL, lease bigint DEFAULT NULL,
    base_version bigint DEFAULT NULL, checkpoint text DEFAULT NULL, checkpoint_metadata jsonb DEFAULT NULL,
    create_missing bool DEFAULT true
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_save_state_wrapper';
COMMENT ON FUNCTION @extschema@.wf_save_state IS
'Saves the whole state of an execution as a new version, and creates the execution when it is missing. Only the difference from the version before is stored. Saving an equal state makes a version, too, marked unchanged.
expected_version: NULL, the last write wins; 0, the execution must not exist; n, the head must be at version n.
status: pending, running, waiting, paused, compensating, completed, failed, cancelled or compensated; NULL keeps the former, and a new execution starts as running. The last four are final: no save changes them, but one that keeps them is accepted. after compensating only compensated or failed comes; a paused execution is resumed before it completes. phase, workflow, schema_version and tags: NULL keeps the former; where the workflow has migrations (wf_add_migration), a whole state without schema_version is taken to be of the newest shape, and a patch applies to that. tags is a JSON object of at most 16 kB and replaces the former one. step_id and note describe this version only. lease: the token of wf_claim, under which alone this is done.
base_version: what the new version stands on, NULL for the head. With an older version it is a branch, in one new version, as after wf_recover to there: the state is stored as the difference from that one, in its shape unless another is said. Status and phase are the head''s unless they are given, and expected_version is compared with the head all the same. checkpoint: the name of the new version, as of wf_checkpoint, with checkpoint_metadata. A call may be repeated with the same checkpoint, state and metadata: nothing is saved, and the version that has the name is returned, whatever expected_version is. create_missing: false refuses to create an execution.
Returns the new version.
Errors: WF007 when the lease is not held; WF001 when the head is not at expected_version; WF005 when base_version does not exist, or expected_version is positive, base_version is given or create_missing is false and the execution does not exist; WF006 when expected_version is 0 and it exists, or checkpoint is the name of another state or has other metadata; WF004 when the status may not follow the one that it has; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_save_state', 'writer');

CREATE FUNCTION @extschema@.wf_patch_state(
    execution_id text, patch jsonb, expected_version bigint DEFAULT NULL, status text DEFAULT NULL,
    phase text DEFAULT NULL, tags jsonb DEFAULT NULL, step_id text DEFAULT NULL, note text DEFAULT NULL,
    lease bigint DEFAULT NULL, base_version bigint DEFAULT NULL, checkpoint text DEFAULT NULL,
    checkpoint_metadata jsonb DEFAULT NULL, create_missing bool DEFAULT false
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_patch_state_wrapper';
COMMENT ON FUNCTION @extschema@.wf_patch_state IS
'Changes the state of an existing execution by a patch and saves the result as a new version, so that a client sends only what changed. An object is an RFC 7386 merge patch: members are merged in, and null removes one. An array is an RFC 6902 JSON Patch: add, remove, replace, move, copy, test. A merge patch that touches no declared search path is stored without reading the state.
The other arguments are those of wf_save_state. lease: the token of wf_claim, under which alone this is done. With base_version, the patch is applied to the state at that version. create_missing: true creates an execution that is missing, with what the patch makes of an empty object. With checkpoint, the call may be repeated: the state that the patch makes of base_version, or else of the version that the named one stands on, must be that of the named one.
Returns the new version.
Errors: WF007 when the lease is not held; WF001 when the head is not at expected_version, or a test of the patch fails; WF005 when the execution or base_version does not exist; WF006 when expected_version is 0 and the execution exists, or checkpoint is the name of another state or has other metadata; WF004 when the status may not follow the one that it has; 22023 when the patch is malformed or does not apply; 54000 when the patch or the resulting state is over a limit.';
INSERT INTO wfstate.access VALUES ('wf_patch_state', 'writer');

CREATE FUNCTION @extschema@.wf_save_states(
    execution_ids text[], states jsonb[], expected_versions bigint[] DEFAULT NULL, workflows text[] DEFAULT NULL,
    statuses text[] DEFAULT NULL, phases text[] DEFAULT NULL, tags jsonb[] DEFAULT NULL, leases bigint[] DEFAULT NULL
) RETURNS TABLE (
    execution_id text, version bigint
)
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_save_states_wrapper';
COMMENT ON FUNCTION @extschema@.wf_save_states IS
'Saves the states of up to 1000 executions in one call, all or none. The arrays are parallel: states[i] is saved to execution_ids[i], with expected_versions[i], workflows[i], statuses[i], phases[i] and tags[i] meaning what expected_version, workflow, status, phase and tags mean to wf_save_state; an array that is left out is one of NULLs. Executions are made, and then locked, in the order of their ids, whatever the order given, so that two batches do not deadlock. The states may have 64 MB together, or as much as wfstate.max_state_size lets one have. leases[i]: the token of wf_claim, under which alone this is done.
Returns execution_id and new version of each, in the order given.
Errors: those of wf_save_state, for the first execution that is refused, by id; 22023 when the arrays differ in length or an execution is given twice; 54000 for more than 1000, or for states that are too large together.';
INSERT INTO wfstate.access VALUES ('wf_save_states', 'writer');

CREATE FUNCTION @extschema@.wf_load_state(execution_id text) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_load_state_wrapper';
COMMENT ON FUNCTION @extschema@.wf_load_state IS
'Returns the current state of an execution, equal to what was saved down to the scale of numbers; where the workflow has migrations, in the newest shape.
Errors: WF005 when the execution does not exist; WF008 when the log is damaged.';
INSERT INTO wfstate.access VALUES ('wf_load_state', 'reader');

CREATE TYPE wfstate.loaded_execution AS (
    execution_id             text,
    workflow                 text,
    workflow_version         integer,
    schema_version           integer,
    status                   text,
    phase                    text,
    version                  bigint,
    state                    jsonb,
    tags                     jsonb,
    initiated_by             text,
    created_at               timestamptz,
    started_at               timestamptz,
    updated_at               timestamptz,
    completed_at             timestamptz,
    forked_from_execution_id text,
    forked_from_version      bigint
);
COMMENT ON TYPE wfstate.loaded_execution IS 'An execution with its current state: a row of wf_load, wf_load_many and wf_find.';
COMMENT ON COLUMN wfstate.loaded_execution.execution_id IS 'Execution.';
COMMENT ON COLUMN wfstate.loaded_execution.workflow IS 'Workflow that it belongs to.';
COMMENT ON COLUMN wfstate.loaded_execution.workflow_version IS 'Version of the workflow''s definition that it is bound to; NULL where it is bound to none.';
COMMENT ON COLUMN wfstate.loaded_execution.schema_version IS 'Version of the shape of the state.';
COMMENT ON COLUMN wfstate.loaded_execution.status IS 'pending, running, waiting, paused, compensating, completed, failed, cancelled or compensated.';
COMMENT ON COLUMN wfstate.loaded_execution.phase IS 'Phase that it is in.';
COMMENT ON COLUMN wfstate.loaded_execution.version IS 'Newest version: what a later save passes as expected_version.';
COMMENT ON COLUMN wfstate.loaded_execution.state IS 'State at that version.';
COMMENT ON COLUMN wfstate.loaded_execution.tags IS 'Tags: a JSON object.';
COMMENT ON COLUMN wfstate.loaded_execution.initiated_by IS 'Role that created it.';
COMMENT ON COLUMN wfstate.loaded_execution.created_at IS 'First save.';
COMMENT ON COLUMN wfstate.loaded_execution.started_at IS 'When it was first running.';
COMMENT ON COLUMN wfstate.loaded_execution.updated_at IS 'Newest save.';
COMMENT ON COLUMN wfstate.loaded_execution.completed_at IS 'When its status became final.';
COMMENT ON COLUMN wfstate.loaded_execution.forked_from_execution_id IS 'Execution that it was forked from.';
COMMENT ON COLUMN wfstate.loaded_execution.forked_from_version IS 'Version of that execution.';

CREATE FUNCTION @extschema@.wf_load(execution_id text) RETURNS wfstate.loaded_execution
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_load_wrapper';
COMMENT ON FUNCTION @extschema@.wf_load IS
'Returns an execution with its current state: one row with workflow, status, phase, version, state, tags, times and the source of a fork. version is what a later save passes as expected_version.
Errors: WF005 when the execution does not exist; WF008 when the log is damaged.';
INSERT INTO wfstate.access VALUES ('wf_load', 'reader');

CREATE FUNCTION @extschema@.wf_load_many(execution_ids text[])
    RETURNS SETOF wfstate.loaded_execution
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_load_many_wrapper';
COMMENT ON FUNCTION @extschema@.wf_load_many IS
'Returns the rows of wf_load for up to 1000 executions, in the order given; one row for each, also where it is given twice. Executions that do not exist are left out.
Errors: 22023 when an id is NULL or empty; 54000 for more than 1000; WF008 when a log is damaged.';
INSERT INTO wfstate.access VALUES ('wf_load_many', 'reader');

CREATE FUNCTION @extschema@.wf_delete(execution_id text, expected_version bigint DEFAULT NULL) RETURNS bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_delete_wrapper';
COMMENT ON FUNCTION @extschema@.wf_delete IS
'Deletes an execution with all its versions, checkpoints and tags, and all else that belongs to it: steps and results of their tasks (also where these were recorded and the execution never came), signals, waits, its place in a queue, input and result, user and mission as a session, todo lists, thoughts, logs, metrics, and what was set aside of it in quarantine or could not be migrated. Memories, routing decisions and circuits belong to no execution and stay; so do its children. Forks of it are kept: they get a copy of the state that they stand on.
Returns true, or false when the execution does not exist.
Errors: WF001 when the head is not at expected_version; 22023 for a negative expected_version; 2BP01 when a policy or a lacking right keeps a fork from getting its copy, 42501 when one keeps the execution.';
INSERT INTO wfstate.access VALUES ('wf_delete', 'writer');

CREATE FUNCTION @extschema@.wf_delete_many(execution_ids text[]) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_delete_many_wrapper';
COMMENT ON FUNCTION @extschema@.wf_delete_many IS
'wf_delete for up to 1000 executions in one call, all or none. They are locked in the order of their ids, whatever the order given, so that two calls do not deadlock. One that is given twice counts once; those that do not exist are passed over.
Returns how many were deleted.
Errors: 22023 when an id is NULL or empty; 54000 for more than 1000, or an id that is too long; 2BP01 and 42501 as wf_delete.';
INSERT INTO wfstate.access VALUES ('wf_delete_many', 'writer');
