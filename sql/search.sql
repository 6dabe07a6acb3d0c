-- Group: Lists and searches

CREATE TABLE wfstate.search (
    tenant       wfstate.identifier NOT NULL,
    execution_id wfstate.identifier NOT NULL,
    workflow     wfstate.identifier,
    declaration  bigint NOT NULL,
    tags         jsonb,
    document     jsonb,
    CONSTRAINT search_pkey PRIMARY KEY (tenant, execution_id),
    CONSTRAINT search_tags_check CHECK (jsonb_typeof(tags) = 'object')
);
COMMENT ON TABLE wfstate.search IS 'What can be searched of an execution that has a workflow or tags: these, and the paths of its state that the workflow declares. Written only when those change, so that the head stays HOT.';
COMMENT ON COLUMN wfstate.search.tenant IS 'Whose execution.';
COMMENT ON COLUMN wfstate.search.execution_id IS 'Execution that is indexed.';
COMMENT ON COLUMN wfstate.search.workflow IS 'Workflow of the execution.';
COMMENT ON COLUMN wfstate.search.declaration IS 'Declaration of the workflow under which the document was cut; 0 where there was none. A row of another declaration than the current one is stale: every search of the workflow looks at its state.';
COMMENT ON COLUMN wfstate.search.tags IS 'Tags of the execution: a JSON object.';
COMMENT ON COLUMN wfstate.search.document IS 'The head''s state reduced to the declared paths; NULL where none are declared.';
CREATE INDEX search_document_idx ON wfstate.search USING gin (wfstate.scoped(tenant, document) jsonb_path_ops)
    WHERE document IS NOT NULL;
COMMENT ON INDEX wfstate.search_document_idx IS 'wf_find by containment on declared paths.';
CREATE INDEX search_declaration_idx ON wfstate.search (tenant, workflow, declaration) WHERE workflow IS NOT NULL;
COMMENT ON INDEX wfstate.search_declaration_idx IS 'Rows of a workflow that are not of its current declaration.';
CREATE INDEX search_tags_idx ON wfstate.search USING gin (wfstate.scoped(tenant, tags) jsonb_path_ops)
    WHERE tags IS NOT NULL;
COMMENT ON INDEX wfstate.search_tags_idx IS 'wf_list and wf_find by tags.';
COMMENT ON INDEX wfstate.search_pkey IS 'The tags of one execution.';
COMMENT ON CONSTRAINT search_pkey ON wfstate.search IS 'One row for each execution that has a workflow or tags.';
COMMENT ON CONSTRAINT search_tags_check ON wfstate.search IS 'Tags are an object.';

CREATE TABLE wfstate.search_paths (
    tenant      wfstate.identifier NOT NULL,
    workflow    wfstate.identifier NOT NULL,
    paths       text[] NOT NULL,
    declaration bigint NOT NULL,
    CONSTRAINT search_paths_pkey PRIMARY KEY (tenant, workflow),
    CONSTRAINT search_paths_paths_check CHECK (cardinality(paths) <= 64 AND array_position(paths, NULL) IS NULL
        AND octet_length(array_to_string(paths, '')) <= 65536)
);
COMMENT ON TABLE wfstate.search_paths IS 'Which paths of a workflow''s states wf_find can look up by index: JSON Pointers through objects.';
COMMENT ON COLUMN wfstate.search_paths.tenant IS 'Whose workflow.';
COMMENT ON COLUMN wfstate.search_paths.workflow IS 'Workflow that declares.';
COMMENT ON COLUMN wfstate.search_paths.paths IS 'JSON Pointers; none where the declaration was withdrawn.';
COMMENT ON COLUMN wfstate.search_paths.declaration IS 'Grows with each declaration of the workflow.';
COMMENT ON INDEX wfstate.search_paths_pkey IS 'The declaration of one workflow.';
COMMENT ON CONSTRAINT search_paths_pkey ON wfstate.search_paths IS 'One declaration for each workflow.';
COMMENT ON CONSTRAINT search_paths_paths_check ON wfstate.search_paths IS 'Few and short: every session keeps them.';
CREATE TRIGGER search_paths_invalidate AFTER INSERT OR UPDATE OR DELETE
    ON wfstate.search_paths FOR EACH ROW EXECUTE FUNCTION wfstate.invalidate();
CREATE TRIGGER search_paths_invalidate_all AFTER TRUNCATE
    ON wfstate.search_paths FOR EACH STATEMENT EXECUTE FUNCTION wfstate.invalidate();
ALTER TABLE wfstate.search_paths ENABLE ALWAYS TRIGGER search_paths_invalidate;
ALTER TABLE wfstate.search_paths ENABLE ALWAYS TRIGGER search_paths_invalidate_all;
COMMENT ON TRIGGER search_paths_invalidate ON wfstate.search_paths IS 'Makes every session read the declarations again.';
COMMENT ON TRIGGER search_paths_invalidate_all ON wfstate.search_paths IS 'The same after TRUNCATE.';
INSERT INTO wfstate.access VALUES ('wfstate.search', 'writer');
INSERT INTO wfstate.access VALUES ('wfstate.search_paths', 'nobody');

CREATE FUNCTION @extschema@.wf_list(
    workflow text DEFAULT NULL, status text DEFAULT NULL, phase text DEFAULT NULL, tags jsonb DEFAULT NULL,
    incomplete bool DEFAULT NULL, created_since timestamptz DEFAULT NULL, created_before timestamptz DEFAULT NULL,
    updated_since timestamptz DEFAULT NULL, updated_before timestamptz DEFAULT NULL, initiated_by text DEFAULT NULL,
    parent text DEFAULT NULL, has_error bool DEFAULT NULL,
    sort text DEFAULT 'created_at', descending bool DEFAULT true, after text DEFAULT NULL,
    max_rows integer DEFAULT 100
) RETURNS TABLE (
    execution_id text, workflow text, workflow_version integer, schema_version integer, status text, phase text,
    version bigint, tags jsonb, initiated_by text, created_at timestamptz, started_at timestamptz,
    updated_at timestamptz, completed_at timestamptz, cursor text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_list_wrapper';
COMMENT ON FUNCTION @extschema@.wf_list IS
'Lists executions, without their states, that satisfy every filter given. tags: those whose tags contain this object. incomplete: true for those without, false for those with a final status (completed, failed, cancelled, compensated). created_since and updated_since are inclusive, created_before and updated_before exclusive. initiated_by: the role that created it. parent: those started for this execution (wf_start). has_error: true for those with an error (wf_fail), false for those without. sort: created_at, updated_at (reads all that satisfy the filters) or execution_id; descending: greatest first.
after is the column cursor of the last row of the page before, with the same sort; max_rows is the size of the page (1 to 10000, by default 100).
Errors: 22023 for an unknown status or sort, a cursor of another sort, or max_rows out of range; 54000 for over-long names.';
INSERT INTO wfstate.access VALUES ('wf_list', 'reader');

CREATE FUNCTION @extschema@.wf_find(
    containment jsonb, workflow text DEFAULT NULL, tags jsonb DEFAULT NULL, after text DEFAULT NULL,
    max_rows integer DEFAULT 100
) RETURNS SETOF wfstate.loaded_execution
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_find_wrapper';
COMMENT ON FUNCTION @extschema@.wf_find IS
'Lists executions whose current state contains a document, as by the operator @>, with their states and in order of execution_id. workflow and tags narrow the search. Paths declared by wf_declare_search for the workflow are looked up by index, and tags too; what the index proposes is checked against the real state, so the answer is always right. Without either, every execution of the tenant or workflow is looked at. States are rebuilt one by one; in a select list (SELECT wf_find(...) LIMIT 1) the search ends with the last row that is wanted.
after is the execution_id of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
Errors: 22023 for a bad argument; 54000 over a limit; WF008 when a log is damaged.';
INSERT INTO wfstate.access VALUES ('wf_find', 'reader');

CREATE FUNCTION @extschema@.wf_declare_search(workflow text, paths text[], max_rows integer DEFAULT 10000) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_declare_search_wrapper';
COMMENT ON FUNCTION @extschema@.wf_declare_search IS
'Declares which paths of a workflow''s states wf_find looks up by index, in place of the former declaration: up to 64 JSON Pointers through objects, such as {/customer/id,/total}. An empty array withdraws the declaration. Up to max_rows (1 to 10000, by default 10000) existing executions of the workflow are brought in line at once, and locked against saves until the transaction ends; no other is, and those that somebody is saving are left out. wf_find finds what is left all the same, by looking at the state. Saving an execution, wf_maintain or declaring the same again brings the rest in line. For operators.
Returns the number of executions brought in line; fewer than max_rows means that none is left but those that were being saved.
Errors: 22023 when a path is not a JSON Pointer or is empty, or max_rows is out of range; 54000 for too many or over-long paths, and for more than 2000 workflows of a tenant that declare any.';
INSERT INTO wfstate.access VALUES ('wf_declare_search', 'operator');
