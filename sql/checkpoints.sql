-- Group: Checkpoints, recovery, forks

CREATE TABLE wfstate.checkpoints (
    tenant       wfstate.identifier NOT NULL,
    execution_id wfstate.identifier NOT NULL,
    name         wfstate.identifier NOT NULL,
    version      bigint NOT NULL,
    metadata     jsonb,
    created_by   text NOT NULL DEFAULT CURRENT_USER,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX checkpoints_version_idx ON wfstate.checkpoints (tenant, execution_id, version, name);
-- The tenant within each value, so that a search of one tenant touches no row of another's. With a list of what is
-- pending, which makes a checkpoint cheaper by a third, but a short one: every search reads through it.
CREATE INDEX checkpoints_metadata_idx ON wfstate.checkpoints USING gin (wfstate.scoped(tenant, metadata) jsonb_path_ops)
    WITH (gin_pending_list_limit = 512) WHERE metadata IS NOT NULL;
-- Last: of indexes that cost the same, as all do while the table is empty, the planner takes the newest.
ALTER TABLE wfstate.checkpoints ADD CONSTRAINT checkpoints_pkey PRIMARY KEY (tenant, execution_id, name);
COMMENT ON TABLE wfstate.checkpoints IS 'The tags: a name for a version. No state is copied; pruning keeps tagged versions.';
COMMENT ON COLUMN wfstate.checkpoints.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.checkpoints.execution_id IS 'Execution that is tagged.';
COMMENT ON COLUMN wfstate.checkpoints.name IS 'Unique within the execution, 1 to 255 bytes.';
COMMENT ON COLUMN wfstate.checkpoints.version IS 'Version that the name stands for.';
COMMENT ON COLUMN wfstate.checkpoints.metadata IS 'Whatever the caller keeps with the checkpoint: a JSON object of at most 64 kB.';
COMMENT ON COLUMN wfstate.checkpoints.created_by IS 'Role that made the checkpoint.';
COMMENT ON COLUMN wfstate.checkpoints.created_at IS 'When the checkpoint was made.';
COMMENT ON INDEX wfstate.checkpoints_pkey IS 'The version behind a name: wf_recover, wf_fork, wf_state_at; names by their beginning: wf_checkpoints, wf_drop_checkpoints.';
COMMENT ON INDEX wfstate.checkpoints_version_idx IS 'wf_checkpoints: by version; wf_prune_history: the tagged versions.';
COMMENT ON INDEX wfstate.checkpoints_metadata_idx IS 'wf_checkpoints by containment.';
COMMENT ON CONSTRAINT checkpoints_pkey ON wfstate.checkpoints IS 'A name stands for one version of its execution.';
INSERT INTO wfstate.access VALUES ('wfstate.checkpoints', 'writer');

CREATE FUNCTION @extschema@.wf_checkpoint(
    execution_id text, name text, version bigint DEFAULT NULL, metadata jsonb DEFAULT NULL, lease bigint DEFAULT NULL,
    replace bool DEFAULT false
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_checkpoint_wrapper';
COMMENT ON FUNCTION @extschema@.wf_checkpoint IS
'Gives a version of an execution a name, by default the head. No state is copied, and the version is kept from being pruned. metadata is a JSON object of at most 64 kB. Names are unique within an execution; with replace, a name that is taken is moved: it is then as one made now, with the metadata given, and its former version may be pruned. lease: the token of wf_claim, under which alone this is done.
Returns the version.
Errors: WF007 when the lease is not held; WF005 when the execution or the version does not exist; WF006 when the name is taken, unless replace; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_checkpoint', 'writer');

CREATE FUNCTION @extschema@.wf_checkpoints(
    execution_id text, prefix text DEFAULT NULL, before text DEFAULT NULL, containment jsonb DEFAULT NULL,
    with_state bool DEFAULT false, with_changes bool DEFAULT false, newest_first bool DEFAULT false,
    after text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    name text, version bigint, metadata jsonb, created_by text, created_at timestamptz, state jsonb, changes jsonb
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_checkpoints_wrapper';
COMMENT ON FUNCTION @extschema@.wf_checkpoints IS
'Lists the checkpoints of an execution by version and name, or the other way round with newest_first. prefix: those whose names begin so. before: those that come before this checkpoint by version and name, whatever the direction. containment: those whose metadata contain this object, as by the operator @>; it has at most 64 kB. after is the name of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
with_state: state is the state of each version as it was saved, which wf_state_at gives; else it is NULL. The states of a page are made one from the other while the log is walked once, where their versions stand on each other, and at most 16 MB of them are kept, or the one at hand; in a select list (SELECT wf_checkpoints(...) LIMIT 5) the walk ends with the last row that is wanted.
with_changes: the first row has the state, and each other one in changes the RFC 6902 patch that makes its state of the one of the row before it in this list; they are made in the same walk, and are what to take for a page of large states.
Errors: WF005 when the execution, or the checkpoint named by after or before, does not exist; 22023 for a bad argument, or max_rows out of range; 54000 over a limit; WF008 when the log is damaged.';
INSERT INTO wfstate.access VALUES ('wf_checkpoints', 'reader');

CREATE FUNCTION @extschema@.wf_drop_checkpoint(execution_id text, name text) RETURNS bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_drop_checkpoint_wrapper';
COMMENT ON FUNCTION @extschema@.wf_drop_checkpoint IS
'Removes a checkpoint. The version stays, but may be pruned from then on.
Returns true, or false when there is no such checkpoint.
Errors: 22023 when an argument is NULL or empty.';
INSERT INTO wfstate.access VALUES ('wf_drop_checkpoint', 'writer');

CREATE FUNCTION @extschema@.wf_drop_checkpoints(
    execution_id text, names text[] DEFAULT NULL, prefix text DEFAULT NULL, lease bigint DEFAULT NULL,
    max_rows integer DEFAULT 10000
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_drop_checkpoints_wrapper';
COMMENT ON FUNCTION @extschema@.wf_drop_checkpoints IS
'Removes checkpoints: those of up to 1000 names, or those whose names begin with prefix, the first max_rows of them by name (1 to 10000, by default 10000). One of both must be given. The versions stay, but may be pruned from then on. lease: the token of wf_claim, under which alone this is done.
Returns how many were removed; with prefix, fewer than max_rows means that none is left.
Errors: WF007 when the lease is not held; 22023 when neither or both are given, a name is NULL or empty, or max_rows is out of range; 54000 for too many or over-long names.';
INSERT INTO wfstate.access VALUES ('wf_drop_checkpoints', 'writer');

CREATE FUNCTION @extschema@.wf_recover(
    execution_id text, checkpoint text DEFAULT NULL, version bigint DEFAULT NULL,
    expected_version bigint DEFAULT NULL, note text DEFAULT NULL, lease bigint DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_recover_wrapper';
COMMENT ON FUNCTION @extschema@.wf_recover IS
'Makes an older state of an execution the current one, with the status and phase of that version. It is a new version that refers to the old one: nothing is copied, and nothing of the history is lost. Where the execution had ended otherwise, its result or error is forgotten; where it goes on, its failed steps get new attempts, and workers can claim it where wf_start has started it. Where steps were undone (wf_step_compensated), it does not go back to where it would go on, since they would count as done: wf_fork does. The target is a checkpoint, or a version; with neither, the checkpoint made last.
expected_version: NULL, whatever the head is; n, the head must be at version n. lease: the token of wf_claim, under which alone this is done.
Returns the new version.
Errors: WF007 when the lease is not held; WF001 when the head is not at expected_version; WF004 when steps were undone; WF003 when neither is given and there is no checkpoint; WF005 when the execution, checkpoint or version does not exist; 22023 when both are given, or for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_recover', 'writer');

CREATE FUNCTION @extschema@.wf_fork(
    execution_id text, new_execution_id text, version bigint DEFAULT NULL, checkpoint text DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_fork_wrapper';
COMMENT ON FUNCTION @extschema@.wf_fork IS
'Starts a new execution from a version or a checkpoint of another one, by default its head. It takes over state, status, phase, workflow, schema_version and tags; checkpoints and the older history stay with the source. Nothing is copied: its first version refers to the source''s version, which is kept from then on.
Returns the version of the new execution, 1.
Errors: WF005 when the execution, version or checkpoint does not exist; WF006 when new_execution_id is taken; 22023 when both version and checkpoint are given, or for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_fork', 'writer');

CREATE FUNCTION @extschema@.wf_copy(execution_id text, new_execution_id text, tags jsonb DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_copy_wrapper';
COMMENT ON FUNCTION @extschema@.wf_copy IS
'Copies an execution with its whole history, its checkpoints and the results of tasks (wf_record_task) to a new one, within the server. Versions, times, status, phase, workflow, schema_version and tags are those of the source, and from then on each goes its own way: the copy stands on nothing of the source. tags: other tags, as of wf_save_state. Steps, waits, signals, places in queues, logs and what a session holds stay with the source; the copy of one that waits or runs is in no queue. The source may be saved meanwhile; the copy is of one moment.
Returns the version of the new execution, which is that of the source.
Errors: WF005 when the execution does not exist; WF006 when new_execution_id is taken; WF002 when the state breaks a rule of the definition that the execution is bound to; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_copy', 'writer');
