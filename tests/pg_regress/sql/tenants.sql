-- Tenants: what a setting separates, and what a binding forbids.
\set SHOW_CONTEXT never
\pset null (null)
CREATE ROLE regress_wf_app;
CREATE ROLE regress_wf_group;
CREATE ROLE regress_wf_member IN ROLE regress_wf_group;
CREATE ROLE regress_wf_free;
SELECT wf_grant_access(r, 'writer') FROM unnest('{regress_wf_app,regress_wf_group,regress_wf_member,regress_wf_free}'::text[]) r;
-- The same id in two tenants is two executions.
SET ROLE regress_wf_free;
SET wfstate.tenant = 'blue';
SELECT wf_save_state('x', '"blue"', workflow => 'w', tags => '{"t": 1}'), wf_checkpoint('x', 'cp');
SET wfstate.tenant = 'red';
SELECT wf_save_state('x', '"red"', 0, workflow => 'w', tags => '{"t": 1}');
SELECT wf_load_state('x'), (SELECT count(*) FROM wf_checkpoints('x')) AS checkpoints;
SELECT execution_id, state FROM wf_find('"red"', 'w', '{"t": 1}');
SELECT count(*) FROM wf_find('"blue"');
SELECT execution_id, state FROM wf_find('"red"', tags => '{"t": 1}');
SELECT count(*) FROM wf_find('"blue"', tags => '{"t": 1}');
SELECT execution_id, version FROM wf_list(tags => '{"t": 1}');
-- Row-level security says the same to whoever reads the tables.
SELECT DISTINCT tenant FROM wfstate.executions;
SELECT DISTINCT tenant FROM wfstate.state_versions;
SELECT count(*) FROM wfstate.checkpoints;
SELECT DISTINCT tenant FROM wfstate.search;
UPDATE wfstate.executions SET status = 'failed' WHERE tenant = 'blue';
DELETE FROM wfstate.state_versions WHERE tenant = 'blue';
UPDATE wfstate.executions SET tenant = 'blue';
\echo :SQLSTATE
INSERT INTO wfstate.checkpoints (tenant, execution_id, name, version) VALUES ('blue', 'x', 'smuggled', 1);
\echo :SQLSTATE
SET wfstate.tenant = 'green';
SELECT wf_load_state('x');
\echo :SQLSTATE
SELECT wf_delete('x');
SET wfstate.tenant = 'blue';
SELECT wf_load_state('x'), status FROM wf_load('x');
RESET ROLE;
-- Binding.
SELECT wf_grant_tenant('regress_wf_app', 'blue');
SELECT wf_grant_tenant('regress_wf_app', 'blue');
SELECT wf_grant_tenant(role => 'regress_wf_group', tenant => 'red');
SELECT role, tenant, granted_by = current_user AS by_me, granted_at <= clock_timestamp() AS past FROM wf_tenants();
SELECT role, tenant FROM wf_tenants('regress_wf_group');
SELECT role, tenant FROM wf_tenants('regress_wf_free');
SET ROLE regress_wf_app;
SELECT wf_tenant(), wf_load_state('x');
SET wfstate.tenant = 'red';
SELECT wf_tenant();
\echo :SQLSTATE
SELECT wf_load_state('x');
\echo :SQLSTATE
SELECT wf_save_state('x', '1');
\echo :SQLSTATE
SELECT * FROM wf_list();
\echo :SQLSTATE
SELECT count(*) FROM wfstate.executions;
\echo :SQLSTATE
SELECT count(*) FROM wfstate.state_versions WHERE tenant = 'blue';
\echo :SQLSTATE
SELECT * FROM wfstate.candidates_by_tags('{}', NULL, 10);
\echo :SQLSTATE
SELECT set_config('wfstate.tenant', 'red', true), wf_load_state('x');
\echo :SQLSTATE
-- Others are not bound; a member of a bound group is.
SET ROLE regress_wf_free;
SELECT wf_load_state('x');
SET ROLE regress_wf_member;
SELECT wf_load_state('x');
SET wfstate.tenant = 'blue';
SELECT wf_load_state('x');
\echo :SQLSTATE
-- Several tenants.
RESET ROLE;
SELECT wf_grant_tenant('regress_wf_member', 'blue');
SET ROLE regress_wf_member;
SELECT wf_load_state('x');
SET wfstate.tenant = 'red';
SELECT wf_load_state('x');
SET wfstate.tenant = 'other''s';
SELECT wf_load_state('x');
\echo :SQLSTATE
RESET ROLE;
-- Leaving the group and the binding takes effect at once.
REVOKE regress_wf_group FROM regress_wf_member;
SET wfstate.tenant = 'red';
SET ROLE regress_wf_member;
SELECT wf_load_state('x');
\echo :SQLSTATE
RESET ROLE;
SELECT wf_revoke_tenant('regress_wf_member', 'blue'), wf_revoke_tenant('regress_wf_member', 'blue');
SET ROLE regress_wf_member;
SELECT wf_load_state('x');
RESET ROLE;
-- Neither a function that runs as its owner nor SET ROLE lifts a binding.
CREATE FUNCTION public.regress_wf_definer() RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS $$ SELECT wf_load_state('x') $$;
ALTER FUNCTION public.regress_wf_definer() OWNER TO regress_wf_free;
SET wfstate.tenant = 'red';
SELECT public.regress_wf_definer();
SET ROLE regress_wf_app;
SELECT public.regress_wf_definer();
\echo :SQLSTATE
RESET ROLE;
GRANT regress_wf_free TO regress_wf_app;
SET SESSION AUTHORIZATION regress_wf_app;
SET wfstate.tenant = 'red';
SELECT wf_load_state('x');
\echo :SQLSTATE
SET ROLE regress_wf_free;
SELECT wf_load_state('x');
\echo :SQLSTATE
SELECT count(*) FROM wfstate.executions;
\echo :SQLSTATE
SET wfstate.tenant = 'blue';
SELECT wf_load_state('x');
RESET SESSION AUTHORIZATION;
REVOKE regress_wf_free FROM regress_wf_app;
-- A bound owner's function binds whoever calls it.
ALTER FUNCTION public.regress_wf_definer() OWNER TO regress_wf_app;
SET ROLE regress_wf_free;
SELECT public.regress_wf_definer();
SET wfstate.tenant = 'red';
SELECT public.regress_wf_definer();
\echo :SQLSTATE
RESET ROLE;
-- Statements that were prepared before, plans that were kept, verdicts that were remembered.
SET wfstate.tenant = 'blue';
SET ROLE regress_wf_free;
PREPARE loads AS SELECT wf_load_state('x');
PREPARE reads AS SELECT count(*) FROM wfstate.executions;
EXECUTE loads; EXECUTE reads;
RESET ROLE;
SELECT wf_grant_tenant('regress_wf_free', 'red');
SET ROLE regress_wf_free;
EXECUTE loads;
\echo :SQLSTATE
EXECUTE reads;
\echo :SQLSTATE
SET wfstate.tenant = 'red';
EXECUTE loads; EXECUTE reads;
RESET ROLE;
-- A binding that is rolled back never was.
BEGIN; SELECT wf_revoke_tenant('regress_wf_free', 'red'); SET LOCAL wfstate.tenant = 'blue'; SET LOCAL ROLE regress_wf_free; SELECT wf_load_state('x'); ROLLBACK;
SET wfstate.tenant = 'blue';
SET ROLE regress_wf_free;
SELECT wf_load_state('x');
\echo :SQLSTATE
RESET ROLE;
-- An administrator may be bound as well: to the rows of a tenant, not to the bindings.
SELECT wf_grant_tenant(NULL, 'x');
\echo :SQLSTATE
SELECT wf_grant_tenant('regress_wf_app', NULL);
\echo :SQLSTATE
SELECT wf_grant_tenant('regress_wf_app', '');
\echo :SQLSTATE
SELECT wf_grant_tenant('regress_wf_nobody', 'x');
\echo :SQLSTATE
SELECT wf_revoke_tenant('regress_wf_nobody', 'x');
\echo :SQLSTATE
SELECT * FROM wf_tenants('regress_wf_nobody');
\echo :SQLSTATE
SELECT wf_grant_tenant('regress_wf_app', repeat('t', 256));
\echo :SQLSTATE
-- Clean up.
SELECT wf_revoke_tenant(role, tenant) FROM wf_tenants();
SET wfstate.tenant = 'blue';
SELECT wf_delete('x');
SET wfstate.tenant = 'red';
SELECT wf_delete('x');
DROP FUNCTION public.regress_wf_definer();
DEALLOCATE ALL;
DROP OWNED BY regress_wf_app, regress_wf_group, regress_wf_member, regress_wf_free;
DROP ROLE regress_wf_app, regress_wf_group, regress_wf_member, regress_wf_free;
