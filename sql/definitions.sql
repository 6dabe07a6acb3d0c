-- Group: Definitions
-- What keeps a state valid: phases, schemas and rules of a workflow, in numbered versions that never change.

CREATE TABLE wfstate.workflows (
    tenant   wfstate.identifier NOT NULL,
    workflow wfstate.identifier NOT NULL,
    newest   integer NOT NULL,
    active   integer,
    CONSTRAINT workflows_pkey PRIMARY KEY (tenant, workflow)
);
COMMENT ON TABLE wfstate.workflows IS 'Which workflows are defined, and by which version new executions go. Written by functions only; whoever defines or retires a version of a workflow locks its row.';
COMMENT ON COLUMN wfstate.workflows.tenant IS 'Whose workflow.';
COMMENT ON COLUMN wfstate.workflows.workflow IS 'Workflow that is defined.';
COMMENT ON COLUMN wfstate.workflows.newest IS 'Versions that it has, the number of the newest.';
COMMENT ON COLUMN wfstate.workflows.active IS 'The newest version that is not retired: the one of new executions. NULL where all are.';
COMMENT ON INDEX wfstate.workflows_pkey IS 'wf_define and wf_retire: the row of one workflow.';
COMMENT ON CONSTRAINT workflows_pkey ON wfstate.workflows IS 'One row for each workflow that is defined.';
CREATE TRIGGER workflows_invalidate AFTER INSERT OR UPDATE OR DELETE
    ON wfstate.workflows FOR EACH ROW EXECUTE FUNCTION wfstate.invalidate();
CREATE TRIGGER workflows_invalidate_all AFTER TRUNCATE
    ON wfstate.workflows FOR EACH STATEMENT EXECUTE FUNCTION wfstate.invalidate();
ALTER TABLE wfstate.workflows ENABLE ALWAYS TRIGGER workflows_invalidate;
ALTER TABLE wfstate.workflows ENABLE ALWAYS TRIGGER workflows_invalidate_all;
COMMENT ON TRIGGER workflows_invalidate ON wfstate.workflows IS 'Makes every session read the list anew.';
COMMENT ON TRIGGER workflows_invalidate_all ON wfstate.workflows IS 'The same after TRUNCATE.';
INSERT INTO wfstate.access VALUES ('wfstate.workflows', 'nobody');

CREATE TABLE wfstate.definitions (
    tenant     wfstate.identifier NOT NULL,
    workflow   wfstate.identifier NOT NULL,
    workflow_version integer NOT NULL,
    hash       bigint NOT NULL,
    defined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    retired_at timestamptz,
    defined_by text NOT NULL DEFAULT CURRENT_USER,
    retired_by text,
    keep_versions      integer,
    keep_for           interval,
    keep_completed_for interval,
    definition jsonb NOT NULL,
    CONSTRAINT definitions_pkey PRIMARY KEY (tenant, workflow, workflow_version),
    CONSTRAINT definitions_version_check CHECK (workflow_version > 0),
    CONSTRAINT definitions_retired_check CHECK ((retired_at IS NULL) = (retired_by IS NULL))
);
COMMENT ON TABLE wfstate.definitions IS 'The definitions of workflows, each version as it was defined. Written by functions only, which never change one but to retire it.';
COMMENT ON COLUMN wfstate.definitions.tenant IS 'Whose workflow.';
COMMENT ON COLUMN wfstate.definitions.workflow IS 'Workflow that is defined.';
COMMENT ON COLUMN wfstate.definitions.workflow_version IS 'Counts from 1 for each workflow.';
COMMENT ON COLUMN wfstate.definitions.hash IS 'Hash of the definition: what a session has compiled is used only as long as it is the same.';
COMMENT ON COLUMN wfstate.definitions.keep_versions IS 'Its retention: versions of an execution that are kept.';
COMMENT ON COLUMN wfstate.definitions.keep_for IS 'Its retention: how long versions are kept.';
COMMENT ON COLUMN wfstate.definitions.keep_completed_for IS 'Its retention: how long executions with a final status are kept.';
COMMENT ON COLUMN wfstate.definitions.definition IS 'The definition.';
COMMENT ON COLUMN wfstate.definitions.defined_by IS 'Role that defined the version.';
COMMENT ON COLUMN wfstate.definitions.defined_at IS 'When.';
COMMENT ON COLUMN wfstate.definitions.retired_by IS 'Role that retired the version.';
COMMENT ON COLUMN wfstate.definitions.retired_at IS 'Since when no new execution is bound to it; NULL while they are.';
COMMENT ON INDEX wfstate.definitions_pkey IS 'The definition that an execution is bound to; wf_definitions.';
CREATE INDEX definitions_completed_idx ON wfstate.definitions (tenant, workflow) WHERE keep_completed_for IS NOT NULL;
COMMENT ON INDEX wfstate.definitions_completed_idx IS 'wf_cleanup: the workflows that say how long ended executions are kept.';
CREATE INDEX definitions_history_idx ON wfstate.definitions (tenant, workflow)
    WHERE keep_versions IS NOT NULL OR keep_for IS NOT NULL;
COMMENT ON INDEX wfstate.definitions_history_idx IS 'wf_cleanup: the workflows that say how long histories are kept.';
COMMENT ON CONSTRAINT definitions_pkey ON wfstate.definitions IS 'A version of a workflow exists once.';
COMMENT ON CONSTRAINT definitions_version_check ON wfstate.definitions IS 'Versions count from 1.';
COMMENT ON CONSTRAINT definitions_retired_check ON wfstate.definitions IS 'Whoever retires does so at some time.';
CREATE TRIGGER definitions_invalidate AFTER INSERT OR UPDATE OR DELETE
    ON wfstate.definitions FOR EACH ROW EXECUTE FUNCTION wfstate.invalidate();
CREATE TRIGGER definitions_invalidate_all AFTER TRUNCATE
    ON wfstate.definitions FOR EACH STATEMENT EXECUTE FUNCTION wfstate.invalidate();
ALTER TABLE wfstate.definitions ENABLE ALWAYS TRIGGER definitions_invalidate;
ALTER TABLE wfstate.definitions ENABLE ALWAYS TRIGGER definitions_invalidate_all;
COMMENT ON TRIGGER definitions_invalidate ON wfstate.definitions IS 'Makes every session look whether what it has compiled is still there.';
COMMENT ON TRIGGER definitions_invalidate_all ON wfstate.definitions IS 'The same after TRUNCATE.';
INSERT INTO wfstate.access VALUES ('wfstate.definitions', 'nobody');

CREATE FUNCTION @extschema@.wf_define(workflow text, definition jsonb) RETURNS integer
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_define_wrapper';
COMMENT ON FUNCTION @extschema@.wf_define IS
'Defines a workflow: its phases, allowed status moves, the JSON Schema, sections, rules and ids of its states, its declared search paths, steps and retention. From then on a new execution of the workflow is bound to this version, and every save, patch, batch, fork, recovery, import and transition of it is checked in the same transaction. Executions that are there already keep the version that they are bound to, or none; wf_rebind moves them. A version never changes. Defining once more what the newest version says, while that is not retired, gives its number; anything else makes the next version, also what an older one said. Search paths, where the definition has any, are declared as by wf_declare_search. For operators.
Returns the version, from 1.
Errors: 22023 when the definition is not sound (DETAIL: the first finding and the count of the others; wf_validate_definition lists them), or for a bad argument; 54000 for more than 1 MB, more than 2000 workflows of a tenant, or more than 1000 versions of a workflow.';
INSERT INTO wfstate.access VALUES ('wf_define', 'operator');

CREATE FUNCTION @extschema@.wf_validate_definition(definition jsonb) RETURNS TABLE (
    path text, rule text, message text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_validate_definition_wrapper';
COMMENT ON FUNCTION @extschema@.wf_validate_definition IS
'Lists what is wrong with a definition: path is the place in it as a JSON Pointer, rule what it breaks, message how. No row means that wf_define takes it. Reads no table.
Errors: 22023 when it is NULL; 54000 for more than 1 MB.';
INSERT INTO wfstate.access VALUES ('wf_validate_definition', 'everybody');

CREATE FUNCTION @extschema@.wf_definitions(
    workflow text DEFAULT NULL, after text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    workflow text, version integer, active bool, defined_by text, defined_at timestamptz, retired_by text,
    retired_at timestamptz, cursor text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_definitions_wrapper';
COMMENT ON FUNCTION @extschema@.wf_definitions IS
'Lists the versions of definitions, of one workflow or of all, by workflow and version. active: the version that new executions are bound to, the newest that is not retired.
after is the column cursor of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
Errors: 22023 when after is no cursor of this list, or max_rows is out of range; 54000 for over-long names.';
INSERT INTO wfstate.access VALUES ('wf_definitions', 'reader');

CREATE FUNCTION @extschema@.wf_definition(workflow text, version integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_definition_wrapper';
COMMENT ON FUNCTION @extschema@.wf_definition IS
'Returns a version of a workflow''s definition as it was defined, by default the newest, retired or not.
Errors: WF005 when the workflow has no definition, or not this version; 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_definition', 'reader');

CREATE FUNCTION @extschema@.wf_retire(workflow text, version integer) RETURNS bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_retire_wrapper';
COMMENT ON FUNCTION @extschema@.wf_retire IS
'Retires a version of a workflow''s definition: no new execution is bound to it, those that are go on under it. New ones get the newest version that is left; where none is, they are refused (WF005) until another version is defined. For operators.
Returns true, or false when it was retired before.
Errors: WF005 when there is no such version; 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_retire', 'operator');

CREATE FUNCTION @extschema@.wf_rebind(
    execution_id text, version integer DEFAULT NULL, expected_version bigint DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_rebind_wrapper';
COMMENT ON FUNCTION @extschema@.wf_rebind IS
'Binds an execution to another version of its workflow''s definition, by default the newest that is not retired. Its state and phase are validated against that version first; an execution without a phase gets the initial one. It is a new version of the execution with an unchanged state; binding it to the version that it is bound to makes none.
expected_version: NULL, whatever the head is; n, the head must be at version n.
Returns the version of the execution.
Errors: WF001 when the head is not at expected_version; WF002 when the state breaks a rule of that version; WF004 when the phase is none of its phases; WF005 when the execution does not exist, has no workflow, or there is no such version or it is retired; 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_rebind', 'writer');

CREATE FUNCTION @extschema@.wf_transition(
    execution_id text, phase text, patch jsonb DEFAULT NULL, expected_version bigint DEFAULT NULL,
    status text DEFAULT NULL, step_id text DEFAULT NULL, note text DEFAULT NULL, lease bigint DEFAULT NULL
) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_transition_wrapper';
COMMENT ON FUNCTION @extschema@.wf_transition IS
'Moves an execution to another phase, and its state by a patch, in one version. The definition that it is bound to must allow the move: the phase that it is in names this one in its next, itself only where it is named there, and what the phase requires is in the new state. Of two sessions that make the same move one succeeds. Where the definition says checkpoint of the phase, the version gets a checkpoint named after both, such as review@7. An execution that is bound to no definition may go to any phase.
patch is a merge patch (object) or a JSON Patch (array); NULL leaves the state as it is. The other arguments are those of wf_save_state. lease: the token of wf_claim, under which alone this is done.
Returns the new version.
Errors: WF007 when the lease is not held; WF001 when the head is not at expected_version; WF002 when the new state breaks a rule, or lacks what the phase requires; WF004 when the move of phase or status is not allowed (HINT: the allowed ones); WF005 when the execution does not exist; WF006 when the name of the checkpoint is taken; 22023 when the patch is malformed or does not apply, or for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_transition', 'writer');

CREATE FUNCTION @extschema@.wf_is_valid(execution_id text, version bigint DEFAULT NULL) RETURNS bool
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_is_valid_wrapper';
COMMENT ON FUNCTION @extschema@.wf_is_valid IS
'Tells whether the state of an execution satisfies the definition that the execution is bound to, at its head or at a version, in the phase of then. True where it is bound to none. wf_violations gives the reasons.
Errors: WF005 when the execution or the version does not exist; 22023 when version is not positive; WF008 when the log is damaged.';
INSERT INTO wfstate.access VALUES ('wf_is_valid', 'reader');

CREATE FUNCTION @extschema@.wf_violations(
    execution_id text, version bigint DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    path text, rule text, message text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_violations_wrapper';
COMMENT ON FUNCTION @extschema@.wf_violations IS
'Lists what the state of an execution breaks of the definition that the execution is bound to, at its head or at a version, in the phase of then: path is the place in the state as a JSON Pointer, rule what it breaks, message how, without values of the state. No row means that it is valid, or bound to no definition. max_rows is how many are listed (1 to 10000, by default 100).
Errors: WF005 when the execution or the version does not exist; 22023 when version or max_rows is out of range; WF008 when the log is damaged.';
INSERT INTO wfstate.access VALUES ('wf_violations', 'reader');

CREATE FUNCTION @extschema@.wf_is_valid_state(
    workflow text, state jsonb, definition_version integer DEFAULT NULL, phase text DEFAULT NULL
) RETURNS bool
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_is_valid_state_wrapper';
COMMENT ON FUNCTION @extschema@.wf_is_valid_state IS
'Tells whether any state satisfies a version of a workflow''s definition, by default the newest that is not retired, or else the newest; with a phase, also the rules that hold in it alone.
Errors: WF005 when the workflow has no definition, or not this version; WF004 when the phase is none of its phases; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_is_valid_state', 'reader');

CREATE FUNCTION @extschema@.wf_state_violations(
    workflow text, state jsonb, definition_version integer DEFAULT NULL, phase text DEFAULT NULL,
    max_rows integer DEFAULT 100
) RETURNS TABLE (
    path text, rule text, message text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_state_violations_wrapper';
COMMENT ON FUNCTION @extschema@.wf_state_violations IS
'Lists what any state breaks of a version of a workflow''s definition, as wf_violations does for one that is stored. Arguments and errors are those of wf_is_valid_state; max_rows is how many are listed (1 to 10000, by default 100).
Errors: those of wf_is_valid_state; 22023 when max_rows is out of range.';
INSERT INTO wfstate.access VALUES ('wf_state_violations', 'reader');

CREATE FUNCTION @extschema@.wf_definition_violations(
    definition jsonb, state jsonb, phase text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS TABLE (
    path text, rule text, message text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_definition_violations_wrapper';
COMMENT ON FUNCTION @extschema@.wf_definition_violations IS
'Lists what a state breaks of a definition that is given, not stored: to try one out before wf_define, or in tests. It is compiled at each call. Reads no table.
Errors: 22023 when the definition is not sound, max_rows is out of range (1 to 10000, by default 100), or for a bad argument; WF004 when the phase is none of its phases; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_definition_violations', 'everybody');
