-- Group: Steps and compensation
-- What an execution does, step by step: each result is recorded once, and undone in reverse.

CREATE DOMAIN wfstate.step_status AS text COLLATE "C"
    CONSTRAINT step_status_check CHECK (VALUE IN
        ('running', 'completed', 'failed', 'compensated', 'compensation_failed'));
COMMENT ON DOMAIN wfstate.step_status IS 'Status of a step.';
COMMENT ON CONSTRAINT step_status_check ON DOMAIN wfstate.step_status IS 'The statuses that there are.';

CREATE TABLE wfstate.steps (
    position     bigint GENERATED ALWAYS AS IDENTITY,
    input_hash   bigint NOT NULL DEFAULT 0,
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at     timestamptz,
    retry_at     timestamptz,
    attempt      integer NOT NULL DEFAULT 1,
    earlier_attempts integer NOT NULL DEFAULT 0,
    tenant       wfstate.identifier NOT NULL,
    execution_id wfstate.identifier NOT NULL,
    step_id      wfstate.identifier NOT NULL,
    status       wfstate.step_status NOT NULL DEFAULT 'running',
    compensation wfstate.identifier,
    input        jsonb,
    output       jsonb,
    error        jsonb,
    CONSTRAINT steps_pkey PRIMARY KEY (tenant, execution_id, step_id)
);
COMMENT ON TABLE wfstate.steps IS 'The steps of executions: one row for each that was begun.';
COMMENT ON COLUMN wfstate.steps.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.steps.execution_id IS 'Execution.';
COMMENT ON COLUMN wfstate.steps.step_id IS 'Unique within the execution; a version that a step has saved bears it, too.';
COMMENT ON COLUMN wfstate.steps.position IS 'Grows with every step that is begun or completed: steps are compensated by it, the last completed first.';
COMMENT ON SEQUENCE wfstate.steps_position_seq IS 'The positions of steps.';
COMMENT ON COLUMN wfstate.steps.status IS 'running, completed, failed, compensated or compensation_failed.';
COMMENT ON COLUMN wfstate.steps.attempt IS 'How often it was begun.';
COMMENT ON COLUMN wfstate.steps.earlier_attempts IS 'How many of these were before it last was given new attempts (wf_retry).';
COMMENT ON COLUMN wfstate.steps.input IS 'What it was begun with.';
COMMENT ON COLUMN wfstate.steps.input_hash IS 'Hash of the input; 0 for none.';
COMMENT ON COLUMN wfstate.steps.output IS 'Its result, recorded once.';
COMMENT ON COLUMN wfstate.steps.error IS 'Why its last attempt failed, or its compensation.';
COMMENT ON COLUMN wfstate.steps.compensation IS 'What undoes it, as the workers call it.';
COMMENT ON COLUMN wfstate.steps.started_at IS 'When its last attempt began.';
COMMENT ON COLUMN wfstate.steps.ended_at IS 'When its last attempt or its compensation ended.';
COMMENT ON COLUMN wfstate.steps.retry_at IS 'When it may be begun again; NULL where it is not to be.';
COMMENT ON INDEX wfstate.steps_pkey IS 'All that is done to the steps of one execution.';
COMMENT ON CONSTRAINT steps_pkey ON wfstate.steps IS 'A step has one row, and so one result.';
INSERT INTO wfstate.access VALUES ('wfstate.steps', 'writer');

CREATE TABLE wfstate.step_failures (
    started_at   timestamptz NOT NULL,
    failed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    failure_no   bigint NOT NULL,
    attempt      integer NOT NULL,
    tenant       wfstate.identifier NOT NULL,
    execution_id wfstate.identifier NOT NULL,
    step_id      wfstate.identifier NOT NULL,
    error        jsonb,
    CONSTRAINT step_failures_pkey PRIMARY KEY (tenant, execution_id, step_id, failure_no)
);
COMMENT ON TABLE wfstate.step_failures IS 'The attempts at steps that have failed.';
COMMENT ON COLUMN wfstate.step_failures.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.step_failures.execution_id IS 'Execution.';
COMMENT ON COLUMN wfstate.step_failures.step_id IS 'Step.';
COMMENT ON COLUMN wfstate.step_failures.failure_no IS 'Counts from 1 within a step.';
COMMENT ON COLUMN wfstate.step_failures.attempt IS 'Which attempt.';
COMMENT ON COLUMN wfstate.step_failures.error IS 'What wf_step_fail was given.';
COMMENT ON COLUMN wfstate.step_failures.started_at IS 'When the attempt began.';
COMMENT ON COLUMN wfstate.step_failures.failed_at IS 'When it failed.';
COMMENT ON INDEX wfstate.step_failures_pkey IS 'wf_step_failures: of one step, in order.';
COMMENT ON CONSTRAINT step_failures_pkey ON wfstate.step_failures IS 'A failure is recorded once.';
INSERT INTO wfstate.access VALUES ('wfstate.step_failures', 'writer');

CREATE TABLE wfstate.task_results (
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    part         integer NOT NULL,
    is_early     bool NOT NULL DEFAULT false,
    tenant       wfstate.identifier NOT NULL,
    execution_id wfstate.identifier NOT NULL,
    step_id      wfstate.identifier NOT NULL,
    task_id      wfstate.identifier NOT NULL,
    task_path    text COLLATE "C" NOT NULL DEFAULT '',
    name         wfstate.identifier,
    output       jsonb,
    CONSTRAINT task_results_pkey PRIMARY KEY (tenant, execution_id, step_id, task_id, part)
);
COMMENT ON TABLE wfstate.task_results IS 'What the tasks inside of steps have given, before the steps are completed: a row for each part of a result.';
COMMENT ON COLUMN wfstate.task_results.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.task_results.execution_id IS 'Execution, which may be saved later.';
COMMENT ON COLUMN wfstate.task_results.step_id IS 'Step that the task is part of: one of wf_step_begin, or the checkpoint that the step goes on from.';
COMMENT ON COLUMN wfstate.task_results.task_id IS 'Unique within the step.';
COMMENT ON COLUMN wfstate.task_results.task_path IS 'Where the task stands among those of the step: they are listed by it first.';
COMMENT ON COLUMN wfstate.task_results.part IS 'Which part of the task''s result.';
COMMENT ON COLUMN wfstate.task_results.name IS 'What the part is of, such as a channel.';
COMMENT ON COLUMN wfstate.task_results.output IS 'The part, recorded once unless it is replaced.';
COMMENT ON COLUMN wfstate.task_results.recorded_at IS 'When it was recorded.';
COMMENT ON COLUMN wfstate.task_results.is_early IS 'Whether the execution was missing when it was recorded.';
COMMENT ON INDEX wfstate.task_results_pkey IS 'wf_record_task and wf_task_results: what the tasks of a step have given.';
COMMENT ON CONSTRAINT task_results_pkey ON wfstate.task_results IS 'A part is recorded once.';
CREATE INDEX task_results_early_idx ON wfstate.task_results (tenant, recorded_at) WHERE is_early;
COMMENT ON INDEX wfstate.task_results_early_idx IS 'wf_cleanup: what was recorded for executions that never came.';
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_settings
                WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
        ALTER TABLE wfstate.task_results ALTER COLUMN output SET COMPRESSION lz4;
    END IF;
END
$$;
INSERT INTO wfstate.access VALUES ('wfstate.task_results', 'writer');

CREATE FUNCTION @extschema@.wf_step_begin(
    execution_id text, step_id text, input jsonb DEFAULT NULL, compensation text DEFAULT NULL,
    lease bigint DEFAULT NULL
) RETURNS TABLE (
    action text, attempt integer, output jsonb, error jsonb, retry_at timestamptz, blocked_by text[]
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_step_begin_wrapper';
COMMENT ON FUNCTION @extschema@.wf_step_begin IS
'Asks whether a step is to be run, in one call, and notes that it is. Returns one row whose action is one of these. run: run it, as this attempt, and tell how it went by wf_step_complete or wf_step_fail. done: it was completed before, with this output, and is not to be run again; also where it was compensated. wait: its last attempt failed, and the next may begin at retry_at. blocked: steps that it depends on, by the definition that the execution is bound to, are not completed: those of blocked_by. failed: its last attempt failed with this error, and there is no other; wf_retry gives it new ones.
A step that is running may be begun again, since whoever ran it may have died: of several that complete it, the first is recorded. input is kept with the step; begun again, it must be the same, number scales included. compensation names what undoes it, for wf_compensations; NULL takes the definition''s, or that of an earlier begin. lease: the token of wf_claim, under which alone this is done.
Errors: WF007 when the lease is not held; WF006 when the step was begun with another input; WF004 when the execution is paused, compensating or in a final status; WF005 when the execution does not exist; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_step_begin', 'writer');

CREATE FUNCTION @extschema@.wf_steps_begin(
    execution_id text, step_ids text[], inputs jsonb[] DEFAULT NULL, compensations text[] DEFAULT NULL,
    lease bigint DEFAULT NULL
) RETURNS TABLE (
    step_id text, action text, attempt integer, output jsonb, error jsonb, retry_at timestamptz, blocked_by text[]
)
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_steps_begin_wrapper';
COMMENT ON FUNCTION @extschema@.wf_steps_begin IS
'wf_step_begin for up to 1000 steps of an execution in one call, all or none: inputs[i] and compensations[i] are those of step_ids[i]. They are begun in the order of their ids, so that two calls do not deadlock. lease: the token of wf_claim, under which alone this is done.
Returns the row of each, in the order given.
Errors: those of wf_step_begin; 22023 when the arrays differ in length or a step is given twice; 54000 for more than 1000, or answers of more than 64 MB.';
INSERT INTO wfstate.access VALUES ('wf_steps_begin', 'writer');

CREATE FUNCTION @extschema@.wf_step_complete(
    execution_id text, step_id text, output jsonb DEFAULT NULL, patch jsonb DEFAULT NULL,
    expected_version bigint DEFAULT NULL, attempt integer DEFAULT NULL, note text DEFAULT NULL,
    lease bigint DEFAULT NULL
) RETURNS TABLE (
    recorded bool, output jsonb, version bigint
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_step_complete_wrapper';
COMMENT ON FUNCTION @extschema@.wf_step_complete IS
'Records the result of a step, once, and with it the change that it makes to the state: patch is that of wf_patch_state, and makes a version with this step_id. Both or none. A step that is completed stays as it is: the call may be repeated, and of several the first counts. attempt: only as this attempt of wf_step_begin. The result is recorded whatever the status of the execution, since the step was run: where it has a compensation and the execution was compensated already, wf_compensations has it, and wf_set_status to compensating takes the undoing up again. The call may be repeated with an equal error. lease: the token of wf_claim, under which alone this is done.
Returns one row: whether this call has recorded the result; the output that is recorded; the version, where a patch was saved.
Errors: WF007 when the lease is not held; WF005 when the step was not begun; WF004 when it has failed and was not begun again; WF001 when it is at another attempt, or the head is not at expected_version; WF002 when the new state breaks a rule; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_step_complete', 'writer');

CREATE FUNCTION @extschema@.wf_step_next(
    execution_id text, step_id text, next_step_id text, output jsonb DEFAULT NULL, patch jsonb DEFAULT NULL,
    next_input jsonb DEFAULT NULL, next_compensation text DEFAULT NULL, expected_version bigint DEFAULT NULL,
    attempt integer DEFAULT NULL, note text DEFAULT NULL, lease bigint DEFAULT NULL
) RETURNS TABLE (
    recorded bool, output jsonb, version bigint, next_action text, next_attempt integer, next_output jsonb,
    next_error jsonb, next_retry_at timestamptz, next_blocked_by text[]
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_step_next_wrapper';
COMMENT ON FUNCTION @extschema@.wf_step_next IS
'Records the result of a step and begins the next one, in one call and one commit: wf_step_complete, then wf_step_begin of next_step_id with next_input and next_compensation. So a workflow of n steps takes n + 1 commits instead of 2 n. lease: the token of wf_claim, under which alone this is done.
Returns one row: recorded, output and version as wf_step_complete; the rest as wf_step_begin of the next step, with one action more. stop: the execution is paused, compensating or in a final status, so that nothing of it begins; the result is recorded all the same.
Errors: those of wf_step_complete; WF006 when the next step was begun with another input, with which the result is not recorded either.';
INSERT INTO wfstate.access VALUES ('wf_step_next', 'writer');

CREATE FUNCTION @extschema@.wf_steps_complete(
    execution_id text, step_ids text[], outputs jsonb[] DEFAULT NULL, patch jsonb DEFAULT NULL,
    expected_version bigint DEFAULT NULL, note text DEFAULT NULL, lease bigint DEFAULT NULL
) RETURNS TABLE (
    step_id text, recorded bool, output jsonb
)
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_steps_complete_wrapper';
COMMENT ON FUNCTION @extschema@.wf_steps_complete IS
'wf_step_complete for up to 1000 steps of an execution in one call, all or none: outputs[i] is that of step_ids[i], and the patch changes the state once; it is left out where no result is recorded by this call. lease: the token of wf_claim, under which alone this is done.
Returns a row for each, in the order given.
Errors: those of wf_step_complete; 22023 when the arrays differ in length or a step is given twice; 54000 for more than 1000, or answers of more than 64 MB.';
INSERT INTO wfstate.access VALUES ('wf_steps_complete', 'writer');

CREATE FUNCTION @extschema@.wf_step_fail(
    execution_id text, step_id text, error jsonb DEFAULT NULL, max_attempts integer DEFAULT NULL,
    initial_interval interval DEFAULT NULL, backoff_coefficient double precision DEFAULT NULL,
    max_interval interval DEFAULT NULL, attempt integer DEFAULT NULL, lease bigint DEFAULT NULL
) RETURNS TABLE (
    action text, attempt integer, retry_at timestamptz
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_step_fail_wrapper';
COMMENT ON FUNCTION @extschema@.wf_step_fail IS
'Notes that an attempt at a step has failed, keeps the error (wf_step_failures), and decides whether there is another. max_attempts, initial_interval, backoff_coefficient and max_interval: what is given, else the retry of the step in the definition that the execution is bound to, else 1 attempt where nothing of it is said and no end of attempts where something is, 1 second, 2, and 100 times the initial interval. An attempt is a begin, also one whose worker died. The wait after attempt n is initial_interval times backoff_coefficient to the power of n - 1, at most max_interval, and up to a tenth longer by chance. attempt: only as this attempt of wf_step_begin. One that was noted as failed already stays as it is. lease: the token of wf_claim, under which alone this is done.
Returns one row: wait, with the time from which wf_step_begin answers run, or failed; the attempt that failed.
Errors: WF007 when the lease is not held; WF005 when the step was not begun; WF004 when it is completed or compensated; WF001 when it is at another attempt; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_step_fail', 'writer');

CREATE FUNCTION @extschema@.wf_steps(
    execution_id text, status text DEFAULT NULL, after bigint DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    step_id text, status text, attempt integer, input jsonb, output jsonb, error jsonb, compensation text,
    started_at timestamptz, ended_at timestamptz, retry_at timestamptz, "position" bigint
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_steps_wrapper';
COMMENT ON FUNCTION @extschema@.wf_steps IS
'Lists the steps of an execution that were begun, in the order in which they were completed or, where they are not, begun. status: running, completed, failed, compensated or compensation_failed. after is the position of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
Errors: 22023 for an unknown status, or max_rows out of range.';
INSERT INTO wfstate.access VALUES ('wf_steps', 'reader');

CREATE FUNCTION @extschema@.wf_step_failures(
    execution_id text, step_id text, after bigint DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    failure_no bigint, attempt integer, error jsonb, started_at timestamptz, failed_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_step_failures_wrapper';
COMMENT ON FUNCTION @extschema@.wf_step_failures IS
'Lists the attempts at a step that have failed, the oldest first. after is the failure_no of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
Errors: 22023 when max_rows is out of range.';
INSERT INTO wfstate.access VALUES ('wf_step_failures', 'reader');

CREATE FUNCTION @extschema@.wf_record_task(
    execution_id text, step_id text, task_id text, outputs jsonb[], names text[] DEFAULT NULL,
    parts integer[] DEFAULT NULL, task_path text DEFAULT '', replace bool DEFAULT false, lease bigint DEFAULT NULL
) RETURNS integer
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_record_task_wrapper';
COMMENT ON FUNCTION @extschema@.wf_record_task IS
'Records what a task inside of a step has given, before the step is completed or saved as a version, so that of a step that is run again only the other tasks are. step_id: the step, whether or not wf_step_begin has begun it; where a framework makes a checkpoint between two steps, the name of the checkpoint that the step goes on from, which may be made later, as may the execution. Saves and other tasks go on meanwhile: nothing waits but a deletion.
outputs: up to 1000 parts of the result, each as large as a state may be; 64 MB together, or as much as wfstate.max_state_size lets one have. One may be NULL: the part was given, and nothing is in it. names[i]: what outputs[i] is of, such as a channel. parts[i]: its number, any integer, by default counted from 0. task_path (at most 8 kB) is what the tasks of a step are ordered by. Each part is recorded once: one that is there stays as it is, unless replace. It goes with its execution, with wf_drop_task_results, and with wf_prune_history. lease: the token of wf_claim, under which alone this is done.
Returns how many parts this call has recorded.
Errors: WF007 when the lease is not held; 22023 when the arrays differ in length, a part is given twice, or for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_record_task', 'writer');

CREATE FUNCTION @extschema@.wf_task_results(execution_id text, step_ids text[]) RETURNS TABLE (
    step_id text, task_path text, task_id text, part integer, name text, output jsonb, recorded_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_task_results_wrapper';
COMMENT ON FUNCTION @extschema@.wf_task_results IS
'Lists what the tasks of up to 1000 steps of an execution have given (wf_record_task): in the order of step_ids, each once, and within a step by task_path, task_id and part.
Errors: 22023 when a step_id is NULL or empty; 54000 for more than 1000.';
INSERT INTO wfstate.access VALUES ('wf_task_results', 'reader');

CREATE FUNCTION @extschema@.wf_drop_task_results(execution_id text, step_ids text[] DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_drop_task_results_wrapper';
COMMENT ON FUNCTION @extschema@.wf_drop_task_results IS
'Removes what the tasks of up to 1000 steps of an execution have given, NULL for all of its steps.
Returns how many parts were removed.
Errors: 22023 when a step_id is NULL or empty; 54000 for more than 1000.';
INSERT INTO wfstate.access VALUES ('wf_drop_task_results', 'writer');

CREATE FUNCTION @extschema@.wf_ready_steps(execution_id text) RETURNS TABLE (
    step_id text, attempt integer
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_ready_steps_wrapper';
COMMENT ON FUNCTION @extschema@.wf_ready_steps IS
'Lists the steps of the definition that an execution is bound to which may be begun now, by name: the execution is pending, running or waiting, they are neither completed nor running, all that they depend on is completed, and a failed one has an attempt left whose time has come. attempt is the one that comes next. Nothing where no definition binds it.
Errors: WF005 when the execution does not exist.';
INSERT INTO wfstate.access VALUES ('wf_ready_steps', 'reader');

CREATE FUNCTION @extschema@.wf_compensations(
    execution_id text, after bigint DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    step_id text, compensation text, status text, input jsonb, output jsonb, error jsonb, "position" bigint
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_compensations_wrapper';
COMMENT ON FUNCTION @extschema@.wf_compensations IS
'Lists what is still to be undone of an execution, the last completed first: its completed steps with a compensation, and those whose compensation has failed (status compensation_failed). After a crash the list goes on where it was. Where an execution compensates and nothing is listed, there was nothing to undo: wf_set_status to compensated ends it. after is the position of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
Errors: 22023 when max_rows is out of range.';
INSERT INTO wfstate.access VALUES ('wf_compensations', 'reader');

CREATE FUNCTION @extschema@.wf_step_compensated(
    execution_id text, step_id text, lease bigint DEFAULT NULL
) RETURNS TABLE (
    recorded bool, remaining bigint, status text
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_step_compensated_wrapper';
COMMENT ON FUNCTION @extschema@.wf_step_compensated IS
'Notes that a step was undone. With the last of wf_compensations the execution, which must be compensating (wf_set_status), becomes compensated. One that was undone already stays as it is, so that the call may be repeated, also under a lease that has ended with the execution. lease: the token of wf_claim, under which alone this is done.
Returns one row: whether this call has noted it, how many steps are still to be undone, and the status of the execution.
Errors: WF007 when the lease is not held; WF004 when the execution is not compensating, or the step is not completed or has no compensation; WF005 when the execution does not exist or the step was not begun.';
INSERT INTO wfstate.access VALUES ('wf_step_compensated', 'writer');

CREATE FUNCTION @extschema@.wf_step_compensation_failed(
    execution_id text, step_id text, error jsonb DEFAULT NULL, lease bigint DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_step_compensation_failed_wrapper';
COMMENT ON FUNCTION @extschema@.wf_step_compensation_failed IS
'Notes that a step could not be undone: the execution, which must be compensating, becomes failed, with this error. wf_set_status to compensating takes the undoing up again. lease: the token of wf_claim, under which alone this is done.
Returns the newest version.
Errors: WF007 when the lease is not held; WF004 when the execution is not compensating, or the step is not completed or has no compensation; WF005 when the execution does not exist or the step was not begun; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_step_compensation_failed', 'writer');
