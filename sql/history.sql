-- Group: History
-- Older versions and differences; forgetting and verifying them; taking them elsewhere.

CREATE FUNCTION @extschema@.wf_state_at(
    execution_id text, version bigint DEFAULT NULL, at timestamptz DEFAULT NULL, upgrade bool DEFAULT false,
    checkpoint text DEFAULT NULL
) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_state_at_wrapper';
COMMENT ON FUNCTION @extschema@.wf_state_at IS
'Returns the state of an execution as of a version, as of a time (the version saved last at or before it), or as of a checkpoint. With none of them, the current state. It is in the shape in which it was saved; with upgrade, in the newest one, as migrations make it (wf_add_migration).
Errors: WF005 when the execution, the version or the checkpoint does not exist, the version was pruned, or no kept version is that old; 22023 when more than one is given, or version is not positive; WF008 when the log is damaged.';
INSERT INTO wfstate.access VALUES ('wf_state_at', 'reader');

CREATE FUNCTION @extschema@.wf_history(
    execution_id text, newest_first bool DEFAULT false, after bigint DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    version bigint, base_version bigint, kind text, status text, phase text, schema_version integer, step_id text,
    note text, saved_by text, saved_at timestamptz, changes jsonb, stored_bytes bigint,
    step_status text, step_attempt integer
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_history_wrapper';
COMMENT ON FUNCTION @extschema@.wf_history IS
'Lists the versions of an execution, oldest first unless newest_first. after is the version of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
schema_version is the version of the shape in which the state was saved. kind is snapshot (stored whole, without a patch), patch, unchanged, recovery, branch (a save with an older base_version) or fork. base_version is the version that this one was made from. changes is the RFC 6902 patch from the version before; NULL for the first version, a fork, and where the version before was pruned. stored_bytes is what the version occupies, compressed as stored. step_status and step_attempt are those of the step of wf_steps that bears this step_id, as it stands now.
Errors: WF005 when the execution does not exist; 22023 when max_rows is out of range; WF008 when the log is damaged.';
INSERT INTO wfstate.access VALUES ('wf_history', 'reader');

CREATE FUNCTION @extschema@.wf_diff(execution_id text, from_version bigint, to_version bigint DEFAULT NULL) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_diff_wrapper';
COMMENT ON FUNCTION @extschema@.wf_diff IS
'Returns what changed between two versions of an execution as an RFC 6902 JSON Patch: applied to the state at from_version, it gives the state at to_version (NULL: the head). from_version may be the greater one.
Errors: WF005 when the execution or a version does not exist; 22023 when a version is not positive; WF008 when the log is damaged.';
INSERT INTO wfstate.access VALUES ('wf_diff', 'reader');

CREATE FUNCTION @extschema@.wf_prune_history(
    execution_id text, keep_last integer DEFAULT NULL, older_than interval DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_prune_history_wrapper';
COMMENT ON FUNCTION @extschema@.wf_prune_history IS
'Removes old versions of an execution: those that are not among the last keep_last, and those saved longer ago than older_than. At least one must be given; with both, a version goes only when both allow it. The head, versions with a checkpoint and versions that a fork stands on are always kept. A kept version that loses its base is stored whole first, so that every kept version can still be loaded. Results of tasks (wf_record_task) go that were recorded before the versions that are kept for their number or age, unless their step is running or has failed, or bears the name of a checkpoint.
Returns the number of versions removed.
Errors: WF005 when the execution does not exist; 22023 when both are NULL, keep_last is not positive, or older_than is negative; WF008 when the log is damaged.';
INSERT INTO wfstate.access VALUES ('wf_prune_history', 'operator');

CREATE FUNCTION @extschema@.wf_verify(execution_id text) RETURNS TABLE (
    versions bigint, snapshots bigint, valid bool, bad_version bigint, problem text
)
    LANGUAGE c STABLE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_verify_wrapper';
COMMENT ON FUNCTION @extschema@.wf_verify IS
'Rebuilds every kept version of an execution, oldest first, and compares its content with its hash, its link with its base, and the head with the log; last, loads the head as a session does that has not seen it. Stops at the first version that is not sound.
Returns one row: the versions and snapshots looked at, whether all are sound, and if not the version and what is wrong with it.
Errors: WF005 when the execution does not exist.';
INSERT INTO wfstate.access VALUES ('wf_verify', 'reader');

CREATE FUNCTION @extschema@.wf_verify_all(after text DEFAULT NULL, max_rows integer DEFAULT 100) RETURNS TABLE (
    execution_id text, versions bigint, snapshots bigint, valid bool, bad_version bigint, problem text
)
    LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_verify_all_wrapper';
COMMENT ON FUNCTION @extschema@.wf_verify_all IS
'Does what wf_verify does for every execution of the session''s tenant, by id: a row for each, also for those that are sound. What is damaged in one does not keep it from the next. after is the execution_id of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100); fewer rows mean that there are no more.
Errors: 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_verify_all', 'reader');

CREATE FUNCTION @extschema@.wf_export(execution_id text) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_export_wrapper';
COMMENT ON FUNCTION @extschema@.wf_export IS
'Returns an execution with all its versions, checkpoints, results of tasks and tags as one JSON document for wf_import. It holds no tenant, and a fork stands on its own in it.
Errors: WF005 when the execution does not exist; WF008 when the log is damaged.';
INSERT INTO wfstate.access VALUES ('wf_export', 'reader');

CREATE FUNCTION @extschema@.wf_import(document jsonb, execution_id text DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_import_wrapper';
COMMENT ON FUNCTION @extschema@.wf_import IS
'Creates an execution in the session''s tenant from a document of wf_export, under its own id or under execution_id. Every version is rebuilt and hashed on the way; version numbers, times and authors are the document''s. The execution is no fork any more.
Returns the version of the head.
Errors: WF006 when the id is taken; 22023 when the document is not an export, in which case nothing is imported; 54000 when a state is over the limit.';
INSERT INTO wfstate.access VALUES ('wf_import', 'writer');
