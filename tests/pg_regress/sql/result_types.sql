-- What a function returns and what a statement reads is held against the types that are declared, so that a mistake
-- is an error and never wrong memory.
SET wfstate.tenant = 'result_types';
\set VERBOSITY verbose
SELECT wf_save_state('a', '{"n": 1}', tags => '{"t": 1}');

-- A function that declares other columns than its row has: another type, more, fewer, none.
BEGIN;
CREATE FUNCTION pg_temp.loads(execution_id text) RETURNS TABLE (
    execution_id text, workflow text, workflow_version integer, schema_version integer, status text, phase text,
    version text, state jsonb,
    tags jsonb, initiated_by text, created_at timestamptz, started_at timestamptz, updated_at timestamptz,
    completed_at timestamptz, forked_from_execution_id text, forked_from_version bigint
) LANGUAGE c AS '$libdir/wfstate', 'wf_load_wrapper';
SELECT * FROM pg_temp.loads('a');
ROLLBACK;
BEGIN;
CREATE FUNCTION pg_temp.maintains(max_rows integer, all_tenants bool) RETURNS TABLE (task text, processed bigint, more text)
    LANGUAGE c AS '$libdir/wfstate', 'wf_maintain_wrapper';
SELECT * FROM pg_temp.maintains(10, false);
ROLLBACK;
BEGIN;
CREATE FUNCTION pg_temp.finds(containment jsonb, workflow text, tags jsonb, after text, max_rows integer)
    RETURNS TABLE (execution_id text, state jsonb) LANGUAGE c AS '$libdir/wfstate', 'wf_find_wrapper';
SELECT * FROM pg_temp.finds('{}', NULL, NULL, NULL, 10);
ROLLBACK;
BEGIN;
CREATE FUNCTION pg_temp.loads(execution_id text) RETURNS text LANGUAGE c AS '$libdir/wfstate', 'wf_load_wrapper';
SELECT pg_temp.loads('a');
ROLLBACK;

-- A table that somebody has altered.
CREATE ROLE regress_wf_reader;
SELECT wf_grant_access('regress_wf_reader', 'reader');
BEGIN;
ALTER TABLE wfstate.executions ALTER COLUMN schema_version TYPE text;
SELECT version FROM wf_load('a');
ROLLBACK;
BEGIN;
ALTER TABLE wfstate.executions ALTER COLUMN hash TYPE double precision;
SELECT wf_load_state('a');
ROLLBACK;
BEGIN;
DROP POLICY tenant_roles_admin ON wfstate.tenant_roles;
ALTER TABLE wfstate.tenant_roles ALTER COLUMN tenant TYPE bytea USING tenant::bytea;
SET LOCAL ROLE regress_wf_reader;
SELECT wf_tenant();
ROLLBACK;
-- Its columns are found by name.
BEGIN;
ALTER TABLE wfstate.search_paths DROP COLUMN paths, ADD COLUMN paths text[] NOT NULL DEFAULT '{/n}';
SELECT wf_patch_state('a', '{"n": 2}');
ROLLBACK;
BEGIN;
ALTER TABLE wfstate.tenant_roles DROP COLUMN granted_by, ADD COLUMN more int;
SET LOCAL ROLE regress_wf_reader;
SELECT wf_tenant();
ROLLBACK;

\set VERBOSITY default
SELECT wf_revoke_access('regress_wf_reader');
DROP ROLE regress_wf_reader;
SELECT version, state, tags FROM wf_load('a');
SELECT wf_delete('a');
