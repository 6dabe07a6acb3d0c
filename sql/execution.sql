-- Group: Execution
-- Starting executions, moving them from status to status, and what is asked for and comes of them.

CREATE TABLE wfstate.runs (
    input_hash          bigint NOT NULL DEFAULT 0,
    priority            smallint NOT NULL DEFAULT 0,
    undoing             boolean NOT NULL DEFAULT false,
    tenant              wfstate.identifier NOT NULL,
    execution_id        wfstate.identifier NOT NULL,
    workflow            wfstate.identifier,
    idempotency_key     wfstate.identifier,
    parent_execution_id wfstate.identifier,
    concurrency_key     wfstate.identifier,
    input               jsonb,
    result              jsonb,
    error               jsonb,
    CONSTRAINT runs_pkey PRIMARY KEY (tenant, execution_id)
);
COMMENT ON TABLE wfstate.runs IS 'What an execution was started with, and what came of it: one row for each that was started by wf_start, has a result or an error, or was to be undone.';
COMMENT ON COLUMN wfstate.runs.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.runs.execution_id IS 'Execution.';
COMMENT ON COLUMN wfstate.runs.workflow IS 'Workflow that wf_start has started; NULL where it was not called.';
COMMENT ON COLUMN wfstate.runs.idempotency_key IS 'Unique within the workflow: whoever starts with it again gets this execution.';
COMMENT ON COLUMN wfstate.runs.parent_execution_id IS 'Execution that has started this one.';
COMMENT ON COLUMN wfstate.runs.priority IS 'From 0 to 9: higher ones are claimed first.';
COMMENT ON COLUMN wfstate.runs.undoing IS 'Whether its undoing was begun: as long as steps are left to be undone it is not taken up again, whatever history has kept.';
COMMENT ON COLUMN wfstate.runs.concurrency_key IS 'Of those with the same key, no more run at a time than the workflow allows.';
COMMENT ON COLUMN wfstate.runs.input IS 'What it was started with.';
COMMENT ON COLUMN wfstate.runs.input_hash IS 'Hash of the input; 0 for none.';
COMMENT ON COLUMN wfstate.runs.result IS 'What wf_complete was given.';
COMMENT ON COLUMN wfstate.runs.error IS 'What wf_fail was given.';
COMMENT ON INDEX wfstate.runs_pkey IS 'wf_execution, and every change of status: of one execution.';
COMMENT ON CONSTRAINT runs_pkey ON wfstate.runs IS 'An execution is started once.';
CREATE UNIQUE INDEX runs_idempotency_idx ON wfstate.runs (tenant, workflow, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
COMMENT ON INDEX wfstate.runs_idempotency_idx IS 'wf_start: whether a key was used before.';
CREATE INDEX runs_parent_idx ON wfstate.runs (tenant, parent_execution_id, execution_id)
    WHERE parent_execution_id IS NOT NULL;
COMMENT ON INDEX wfstate.runs_parent_idx IS 'wf_list(parent => ...), and wf_delete of a parent.';
CREATE INDEX runs_error_idx ON wfstate.runs (tenant, execution_id) WHERE error IS NOT NULL;
COMMENT ON INDEX wfstate.runs_error_idx IS 'wf_list(has_error => ...).';
INSERT INTO wfstate.access VALUES ('wfstate.runs', 'writer');

CREATE FUNCTION @extschema@.wf_start(
    workflow text, execution_id text DEFAULT NULL, input jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL,
    parent text DEFAULT NULL, priority integer DEFAULT 0, start_at timestamptz DEFAULT NULL,
    concurrency_key text DEFAULT NULL, state jsonb DEFAULT NULL, tags jsonb DEFAULT NULL, note text DEFAULT NULL
) RETURNS TABLE (
    execution_id text, version bigint, created bool
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_start_wrapper';
COMMENT ON FUNCTION @extschema@.wf_start IS
'Starts an execution of a workflow, as pending, unless it is there: a start may be repeated until it is answered. idempotency_key: the same key of a workflow is the same execution, however often and by how many it is started. execution_id: the same id of a workflow is the same execution, too, unless it was started with another key or with none; NULL makes a new id, a UUID.
input is kept beside the state, unchanged, for wf_execution. state is the first state; NULL takes the initial state of the workflow''s definition, or {}. Where the workflow is defined, the execution is bound to the newest version of the definition that is not retired, and starts in its initial phase. parent: an execution that it belongs to. Workers get it by wf_claim: higher priorities (0 to 9) first, not before start_at, and of those with the same concurrency_key no more at a time than wf_set_limits allows. tags and note as for wf_save_state.
Returns one row: the id, the newest version, and whether this call has created it.
Errors: WF006 when the key or the id was used with another input, or the id with another key, by another workflow or by a save; WF005 when parent does not exist, or all versions of the definition are retired; WF002 when the state breaks a rule of the definition; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_start', 'writer');

CREATE FUNCTION @extschema@.wf_execution(execution_id text) RETURNS TABLE (
    workflow text, workflow_version integer, status text, phase text, version bigint, input jsonb, result jsonb,
    error jsonb, idempotency_key text, parent_execution_id text, initiated_by text, created_at timestamptz,
    started_at timestamptz, updated_at timestamptz, completed_at timestamptz, priority integer, concurrency_key text,
    wake_at timestamptz
)
    LANGUAGE c STABLE ROWS 1 PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_execution_wrapper';
COMMENT ON FUNCTION @extschema@.wf_execution IS
'Returns what an execution was started with, where it stands, and what came of it, without its state: one row. input, idempotency_key, parent_execution_id, priority and concurrency_key are those of wf_start; result is that of wf_complete, error that of wf_fail. wake_at: until when it waits, where it does and that is set.
Errors: WF005 when the execution does not exist.';
INSERT INTO wfstate.access VALUES ('wf_execution', 'reader');

CREATE FUNCTION @extschema@.wf_set_status(
    execution_id text, status text, expected_version bigint DEFAULT NULL, note text DEFAULT NULL,
    lease bigint DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_set_status_wrapper';
COMMENT ON FUNCTION @extschema@.wf_set_status IS
'Moves an execution to another status, as a version whose state is unchanged. To the status that it has, nothing is done. What may follow: pending, running and waiting: each other, paused, compensating, completed, failed, cancelled; paused: pending, running, waiting, compensating, failed, cancelled; compensating: compensated, failed; failed and cancelled: compensating; compensated: compensating, where a step was recorded after it. What is paused or has ended holds no lease any more; otherwise the lease stays, and wf_release gives it back. A call that has ended its lease may be repeated, and so answers a worker that has lost its lease to one that has made the same call. A definition may allow fewer (statuses). lease: the token of wf_claim, under which alone this is done.
Returns the newest version.
Errors: WF007 when the lease is not held; WF004 when the status may not follow the one that it has; WF001 when the head is not at expected_version; WF005 when the execution does not exist; 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_set_status', 'writer');

CREATE FUNCTION @extschema@.wf_complete(
    execution_id text, result jsonb DEFAULT NULL, patch jsonb DEFAULT NULL, expected_version bigint DEFAULT NULL,
    note text DEFAULT NULL, lease bigint DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_complete_wrapper';
COMMENT ON FUNCTION @extschema@.wf_complete IS
'Completes an execution: its status becomes completed, its result is kept, and its state changes by the patch, all in one version. patch is that of wf_patch_state. Its steps are not asked: some may be running or have failed. One that is completed with an equal result stays as it is, so that the call may be repeated; a patch is not applied again, and under a lease that is not held any more such a call is refused. lease: the token of wf_claim, under which alone this is done.
Returns the newest version.
Errors: WF007 when the lease is not held; WF004 when it is paused or compensating, or has another final status, or was completed with another result; WF001 when the head is not at expected_version; WF002 when the new state breaks a rule; WF005 when the execution does not exist; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_complete', 'writer');

CREATE FUNCTION @extschema@.wf_fail(
    execution_id text, error jsonb DEFAULT NULL, expected_version bigint DEFAULT NULL, note text DEFAULT NULL,
    lease bigint DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_fail_wrapper';
COMMENT ON FUNCTION @extschema@.wf_fail IS
'Ends an execution as failed and keeps the error. One that has failed with an equal error stays as it is. wf_retry takes it up again. lease: the token of wf_claim, under which alone this is done.
Returns the newest version.
Errors: WF007 when the lease is not held; WF004 when it has another final status, or failed with another error; WF001 when the head is not at expected_version; WF005 when the execution does not exist; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_fail', 'writer');

CREATE FUNCTION @extschema@.wf_cancel(
    execution_id text, expected_version bigint DEFAULT NULL, note text DEFAULT NULL, lease bigint DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_cancel_wrapper';
COMMENT ON FUNCTION @extschema@.wf_cancel IS
'Cancels an execution that is not final and does not compensate. One that is cancelled stays as it is. lease: the token of wf_claim, under which alone this is done.
Returns the newest version.
Errors: WF007 when the lease is not held; WF004 when it has another final status, or compensates; WF001 when the head is not at expected_version; WF005 when the execution does not exist.';
INSERT INTO wfstate.access VALUES ('wf_cancel', 'writer');

CREATE FUNCTION @extschema@.wf_pause(
    execution_id text, expected_version bigint DEFAULT NULL, note text DEFAULT NULL, lease bigint DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_pause_wrapper';
COMMENT ON FUNCTION @extschema@.wf_pause IS
'Pauses an execution that is pending, running or waiting: until wf_resume it cannot be completed. One that is paused stays as it is, also where the call is repeated under the lease, which has ended with it. lease: the token of wf_claim, under which alone this is done.
Returns the newest version.
Errors: WF007 when the lease is not held; WF004 when its status is another; WF001 when the head is not at expected_version; WF005 when the execution does not exist.';
INSERT INTO wfstate.access VALUES ('wf_pause', 'writer');

CREATE FUNCTION @extschema@.wf_resume(
    execution_id text, expected_version bigint DEFAULT NULL, note text DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_resume_wrapper';
COMMENT ON FUNCTION @extschema@.wf_resume IS
'Gives a paused execution the status back that it had before, or pending where that is not kept.
Returns the newest version.
Errors: WF004 when it is not paused; WF001 when the head is not at expected_version; WF005 when the execution does not exist.';
INSERT INTO wfstate.access VALUES ('wf_resume', 'writer');

CREATE FUNCTION @extschema@.wf_retry(
    execution_id text, expected_version bigint DEFAULT NULL, note text DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_retry_wrapper';
COMMENT ON FUNCTION @extschema@.wf_retry IS
'Takes a failed execution up again, as pending, with the state and phase of the newest version that had not failed; what was saved since it failed, by a step that was recorded late or by hand, is kept, unless the save that failed it has changed the state. Failed steps get new attempts; waits keep their answers. Its error is forgotten; history keeps the versions.
Returns the newest version.
Errors: WF004 when it has not failed, failed while steps of it were being undone, or they were undone; WF002 when that state breaks a rule of the definition that binds it now; WF001 when the head is not at expected_version; WF005 when the execution does not exist.';
INSERT INTO wfstate.access VALUES ('wf_retry', 'writer');

CREATE FUNCTION @extschema@.wf_incomplete(
    workflow text DEFAULT NULL, after text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    execution_id text, workflow text, workflow_version integer, schema_version integer, status text, phase text,
    version bigint, tags jsonb, initiated_by text, created_at timestamptz, started_at timestamptz,
    updated_at timestamptz, cursor text
)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT l.execution_id, l.workflow, l.workflow_version, l.schema_version, l.status, l.phase, l.version, l.tags,
           l.initiated_by, l.created_at, l.started_at, l.updated_at, l.cursor
      FROM @extschema@.wf_list(workflow => wf_incomplete.workflow, incomplete => true, sort => 'created_at'::text,
                               descending => false, after => wf_incomplete.after,
                               max_rows => wf_incomplete.max_rows) AS l;
END;
COMMENT ON FUNCTION @extschema@.wf_incomplete IS
'Lists executions without a final status, the oldest first: what is to be taken up again when a service starts. after is the column cursor of the last row of the page before; max_rows is the size of the page (1 to 10000, by default 100).
Errors: 22023 for a bad cursor, or max_rows out of range.';
INSERT INTO wfstate.access VALUES ('wf_incomplete', 'reader');
