-- What \df+ and docs/reference.md say about each function: what it does, what it takes, what it returns,
-- and with which SQLSTATE it refuses. docs/reference.md is generated from here by tests/reference.sh.

COMMENT ON FUNCTION wf_save_state IS
'Saves the whole state of an execution as a new version, and creates the execution when it is missing. Only the difference from the version before is stored. Saving an equal state makes a version, too, marked unchanged.
expected_version: NULL, the last write wins; 0, the execution must not exist; n, the head must be at version n.
status: pending, running, waiting, paused, completed, failed or cancelled; NULL keeps the former, and a new execution starts as running. phase, workflow, schema_version and tags: NULL keeps the former. tags is a JSON object of at most 16 kB and replaces the former one. step_id and note describe this version only.
Returns the new version.
Errors: WF001 when the head is not at expected_version; WF005 when expected_version is positive and the execution does not exist; WF006 when expected_version is 0 and it exists; 22023 for a bad argument; 54000 over a limit.';

COMMENT ON FUNCTION wf_patch_state IS
'Changes the state of an existing execution by a patch and saves the result as a new version, so that a client sends only what changed. An object is an RFC 7386 merge patch: members are merged in, and null removes one. An array is an RFC 6902 JSON Patch: add, remove, replace, move, copy, test. A merge patch that touches no declared search path is stored without reading the state.
The other arguments are those of wf_save_state.
Returns the new version.
Errors: WF001 when the head is not at expected_version; WF005 when the execution does not exist; WF006 when expected_version is 0; 22023 when the patch is malformed, does not apply or its test fails, in which case nothing is changed; 54000 when the patch or the resulting state is over a limit.';

COMMENT ON FUNCTION wf_save_states IS
'Saves the states of up to 1000 executions in one call, all or none. The arrays are parallel: states[i] is saved to execution_ids[i], with expected_versions[i] meaning what expected_version means to wf_save_state. The executions are locked in the order of their ids, whatever the order given, so that two batches do not deadlock.
Returns execution_id and new version of each, in the order given.
Errors: those of wf_save_state, for the first execution that is refused; 22023 when the arrays differ in length or an execution is given twice; 54000 for more than 1000.';

COMMENT ON FUNCTION wf_load_state IS
'Returns the current state of an execution, equal to what was saved down to the scale of numbers.
Errors: WF005 when the execution does not exist; WF008 when the log is damaged.';

COMMENT ON FUNCTION wf_load IS
'Returns an execution with its current state: one row with workflow, status, phase, version, state, tags, times and the source of a fork. version is what a later save passes as expected_version.
Errors: WF005 when the execution does not exist; WF008 when the log is damaged.';

COMMENT ON FUNCTION wf_load_many IS
'Returns the rows of wf_load for up to 1000 executions, in the order given. Executions that do not exist are left out.
Errors: 22023 when an id is NULL or empty; 54000 for more than 1000; WF008 when a log is damaged.';

COMMENT ON FUNCTION wf_state_at IS
'Returns the state of an execution as of a version, or as of a time (the version saved last at or before it). With neither, the current state.
Errors: WF005 when the execution or the version does not exist, was pruned, or no kept version is that old; 22023 when both are given, or version is not positive; WF008 when the log is damaged.';

COMMENT ON FUNCTION wf_history IS
'Lists the versions of an execution, oldest first unless newest_first. after is the version of the last row of the page before, max_rows the size of the page (1 to 10000).
kind is snapshot (stored whole, without a patch), patch, unchanged, recovery or fork. base_version is the version that this one was made from. changes is the RFC 6902 patch from the version before; NULL for the first version, a fork, and where the version before was pruned. stored_bytes is what the version occupies, compressed as stored.
Errors: WF005 when the execution does not exist; 22023 when max_rows is out of range; WF008 when the log is damaged.';

COMMENT ON FUNCTION wf_diff IS
'Returns what changed between two versions of an execution as an RFC 6902 JSON Patch: applied to the state at from_version, it gives the state at to_version (NULL: the head). from_version may be the greater one.
Errors: WF005 when the execution or a version does not exist; 22023 when a version is not positive; WF008 when the log is damaged.';

COMMENT ON FUNCTION wf_delete IS
'Deletes an execution with all its versions, checkpoints and tags. Forks of it are kept: they get a copy of the state that they stand on.
Returns true, or false when the execution does not exist.
Errors: WF001 when the head is not at expected_version; 22023 for a negative expected_version.';

COMMENT ON FUNCTION wf_list IS
'Lists executions, without their states, that satisfy every filter given. tags: those whose tags contain this object. incomplete: true for those without, false for those with a final status (completed, failed, cancelled). created_since is inclusive, created_before exclusive. sort: created_at, updated_at or execution_id; descending: greatest first.
after is the column cursor of the last row of the page before, with the same sort; max_rows is the size of the page (1 to 10000).
Errors: 22023 for an unknown status or sort, a cursor of another sort, or max_rows out of range; 54000 for over-long names.';

COMMENT ON FUNCTION wf_find IS
'Lists executions whose current state contains a document, as by the operator @>, with their states and in order of execution_id. workflow and tags narrow the search. Paths declared by wf_declare_search for the workflow are looked up by index, and tags too; what the index proposes is checked against the real state, so the answer is always right. Without either, every execution of the tenant or workflow is looked at.
after is the execution_id of the last row of the page before, max_rows the size of the page (1 to 10000).
Errors: 22023 for a bad argument; 54000 over a limit; WF008 when a log is damaged.';

COMMENT ON FUNCTION wf_declare_search IS
'Declares which paths of a workflow''s states wf_find looks up by index, in place of the former declaration: up to 64 JSON Pointers through objects, such as {/customer/id,/total}. Existing executions of the workflow are indexed at once; saves of the tenant''s and every other tenant''s executions wait until the transaction ends. An empty array withdraws the declaration.
Returns the number of executions indexed. For admins.
Errors: 22023 when a path is not a JSON Pointer or is empty; 54000 for too many or over-long paths.';

COMMENT ON FUNCTION wf_prune_history IS
'Removes old versions of an execution: those that are not among the last keep_last, and those saved longer ago than older_than. At least one must be given; with both, a version goes only when both allow it. The head, versions with a checkpoint and versions that a fork stands on are always kept. A kept version that loses its base is stored whole first, so that every kept version can still be loaded.
Returns the number of versions removed.
Errors: WF005 when the execution does not exist; 22023 when both are NULL, keep_last is not positive, or older_than is negative; WF008 when the log is damaged.';

COMMENT ON FUNCTION wf_export IS
'Returns an execution with all its versions, checkpoints and tags as one JSON document for wf_import. It holds no tenant, and a fork stands on its own in it.
Errors: WF005 when the execution does not exist; WF008 when the log is damaged.';

COMMENT ON FUNCTION wf_import IS
'Creates an execution in the session''s tenant from a document of wf_export, under its own id or under execution_id. Every version is rebuilt and hashed on the way; version numbers, times and authors are the document''s. The execution is no fork any more.
Returns the version of the head.
Errors: WF006 when the id is taken; 22023 when the document is not an export, in which case nothing is imported; 54000 when a state is over the limit.';

COMMENT ON FUNCTION wf_checkpoint IS
'Gives a version of an execution a name, by default the head. No state is copied, and the version is kept from being pruned. metadata is a JSON object of at most 16 kB. Names are unique within an execution.
Returns the version.
Errors: WF005 when the execution or the version does not exist; WF006 when the name is taken; 22023 for a bad argument; 54000 over a limit.';

COMMENT ON FUNCTION wf_checkpoints IS
'Lists the checkpoints of an execution by version and name. after is the name of the last row of the page before, max_rows the size of the page (1 to 10000).
Errors: WF005 when the execution, or the checkpoint named by after, does not exist; 22023 when max_rows is out of range.';

COMMENT ON FUNCTION wf_recover IS
'Makes an older state of an execution the current one, with the status and phase of that version. It is a new version that refers to the old one: nothing is copied, and nothing of the history is lost. The target is a checkpoint, or a version; with neither, the checkpoint made last.
expected_version: NULL, whatever the head is; n, the head must be at version n.
Returns the new version.
Errors: WF001 when the head is not at expected_version; WF003 when neither is given and there is no checkpoint; WF005 when the execution, checkpoint or version does not exist; 22023 when both are given, or for a bad argument.';

COMMENT ON FUNCTION wf_fork IS
'Starts a new execution from a version or a checkpoint of another one, by default its head. It takes over state, status, phase, workflow, schema_version and tags; checkpoints and the older history stay with the source. Nothing is copied: its first version refers to the source''s version, which is kept from then on.
Returns the version of the new execution, 1.
Errors: WF005 when the execution, version or checkpoint does not exist; WF006 when new_execution_id is taken; 22023 when both version and checkpoint are given, or for a bad argument.';

COMMENT ON FUNCTION wf_drop_checkpoint IS
'Removes a checkpoint. The version stays, but may be pruned from then on.
Returns true, or false when there is no such checkpoint.
Errors: 22023 when an argument is NULL or empty.';

COMMENT ON FUNCTION wf_verify IS
'Rebuilds every kept version of an execution, oldest first, and compares its content with its hash, its link with its base, and the head with the log. Stops at the first version that is not sound.
Returns one row: the versions and snapshots looked at, whether all are sound, and if not the version and what is wrong with it.
Errors: WF005 when the execution does not exist.';

COMMENT ON FUNCTION wf_tenant IS
'Returns the tenant of the session, the setting wfstate.tenant, after checking that the calling role may use it. Row-level security compares every row with it.
Errors: 42501 when the role, or a role that it is a member of, is bound to other tenants; 22023 when the setting is empty; 54000 when it is longer than 255 bytes.';

COMMENT ON FUNCTION wf_grant_tenant IS
'Binds a role to a tenant. A role that is bound, or is a member of one that is, may use only the tenants that it is bound to, whatever wfstate.tenant says. A role may be bound to several. Binding twice is no error. For admins.
Errors: 22023 when the role does not exist or an argument is NULL or empty; 54000 when the tenant is longer than 255 bytes.';

COMMENT ON FUNCTION wf_revoke_tenant IS
'Takes a role''s binding to a tenant away. A role whose last binding goes may use every tenant again. For admins.
Returns true, or false when there was no such binding.
Errors: 22023 when the role does not exist or an argument is NULL or empty.';

COMMENT ON FUNCTION wf_tenants IS
'Lists which roles are bound to which tenants, of one role or of all. For admins.
Errors: 22023 when the role does not exist.';

COMMENT ON FUNCTION wf_grant_access IS
'Gives a role the rights on tables and functions that it needs. reader: everything that only reads. writer: also saving, checkpoints, recovery, forks, pruning, import and deletion. admin: also tenants, search declarations and this function. Each includes the one before. For admins; CREATE EXTENSION makes the installing role one.
Errors: 22023 when the role or the access does not exist; 42501 when the caller may not grant it.';
