-- Tenants: what a setting separates, and which of them a role may use.
\set SHOW_CONTEXT never
\pset null (null)
CREATE ROLE regress_wf_app;
CREATE ROLE regress_wf_group;
CREATE ROLE regress_wf_member IN ROLE regress_wf_group;
CREATE ROLE regress_wf_free;
SELECT wf_grant_access(r, 'writer', '{}') FROM unnest('{regress_wf_app,regress_wf_group,regress_wf_member}'::text[]) r;
SELECT wf_grant_access('regress_wf_free', 'writer');
SELECT role, tenant FROM wf_tenants();
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
-- Nothing granted: nothing seen.
SET ROLE regress_wf_app;
SELECT wf_tenant();
\echo :SQLSTATE
SELECT wf_save_state('x', '1');
\echo :SQLSTATE
SELECT count(*) FROM wfstate.executions;
\echo :SQLSTATE
RESET ROLE;
-- Granting.
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
SELECT set_config('wfstate.tenant', 'red', true), wf_load_state('x');
\echo :SQLSTATE
-- Who has all tenants is not touched by it; a member of a group has the group's.
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
-- Leaving the group and losing the grant take effect at once.
REVOKE regress_wf_group FROM regress_wf_member;
SET wfstate.tenant = 'red';
SET ROLE regress_wf_member;
SELECT wf_load_state('x');
\echo :SQLSTATE
RESET ROLE;
SELECT wf_revoke_tenant('regress_wf_member', 'blue'), wf_revoke_tenant('regress_wf_member', 'blue');
SET ROLE regress_wf_member;
SELECT wf_load_state('x');
\echo :SQLSTATE
RESET ROLE;
-- Neither a function that runs as its owner nor SET ROLE opens another tenant.
CREATE FUNCTION public.regress_wf_definer() RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS $$ SELECT wf_load_state('x') $$;
ALTER FUNCTION public.regress_wf_definer() OWNER TO regress_wf_free;
SET wfstate.tenant = 'red';
SELECT public.regress_wf_definer();
SET ROLE regress_wf_app;
SELECT public.regress_wf_definer();
\echo :SQLSTATE
RESET ROLE;
-- Only being a member of a role that may.
SET SESSION AUTHORIZATION regress_wf_app;
SELECT wf_load_state('x');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
GRANT regress_wf_free TO regress_wf_app;
SET SESSION AUTHORIZATION regress_wf_app;
SELECT wf_load_state('x');
SET ROLE regress_wf_free;
SELECT wf_load_state('x'), (SELECT count(*) FROM wfstate.executions) AS rows;
RESET SESSION AUTHORIZATION;
REVOKE regress_wf_free FROM regress_wf_app;
SET SESSION AUTHORIZATION regress_wf_app;
SELECT wf_load_state('x');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
-- Where the owner of a function may not, nobody may.
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
-- A grant that is rolled back never was.
BEGIN; SELECT wf_grant_tenant('regress_wf_free', '*'); SET LOCAL wfstate.tenant = 'blue'; SET LOCAL ROLE regress_wf_free; SELECT wf_load_state('x'); ROLLBACK;
SET wfstate.tenant = 'blue';
SET ROLE regress_wf_free;
SELECT wf_load_state('x');
\echo :SQLSTATE
RESET ROLE;
-- Also in a session that applies changes of another server.
SET session_replication_role = replica;
SELECT wf_grant_tenant('regress_wf_free', 'blue');
RESET session_replication_role;
SET ROLE regress_wf_free;
SELECT wf_load_state('x');
RESET ROLE;
SET session_replication_role = replica;
DELETE FROM wfstate.tenant_roles WHERE role = 'regress_wf_free'::regrole AND tenant = 'blue';
RESET session_replication_role;
SET ROLE regress_wf_free;
SELECT wf_load_state('x');
\echo :SQLSTATE
RESET ROLE;
-- Named tenants and all of them take each other's place.
SELECT wf_grant_tenant('regress_wf_free', '*'), wf_grant_tenant('regress_wf_free', '*');
SELECT role, tenant FROM wf_tenants('regress_wf_free');
SELECT wf_grant_tenant('regress_wf_free', 'red');
SELECT role, tenant FROM wf_tenants('regress_wf_free');
SELECT wf_grant_access('regress_wf_free', 'reader', '{red,green}'), wf_grant_access('regress_wf_free', 'reader'), wf_grant_access('regress_wf_free', 'reader', '{}');
SELECT role, tenant FROM wf_tenants('regress_wf_free');
SELECT wf_grant_access('regress_wf_free', 'reader', '{blue,*}');
SELECT role, tenant FROM wf_tenants('regress_wf_free');
SELECT wf_grant_access('regress_wf_free', 'reader', '{blue,NULL}');
\echo :SQLSTATE
SELECT wf_grant_access('regress_wf_free', 'reader', '{""}');
\echo :SQLSTATE
-- * is not a tenant.
SET wfstate.tenant = '*';
SELECT wf_tenant();
\echo :SQLSTATE
SET wfstate.tenant = 'blue';
-- With a group's tenants nothing is granted on the way.
GRANT regress_wf_group TO regress_wf_member;
SELECT wf_grant_access('regress_wf_member', 'reader');
SELECT role, tenant FROM wf_tenants('regress_wf_member');
REVOKE regress_wf_group FROM regress_wf_member;
-- A DETAIL names ten at most.
SELECT wf_grant_access('regress_wf_member', 'reader', (SELECT array_agg('t' || i) FROM generate_series(1, 12) i));
SET ROLE regress_wf_member;
SELECT wf_tenant();
RESET ROLE;
-- Only who may use every tenant changes anybody's: not an admin of one.
CREATE ROLE regress_wf_bound_admin;
SELECT wf_grant_access('regress_wf_bound_admin', 'admin', '{blue}');
SET ROLE regress_wf_bound_admin;
SELECT wf_grant_tenant('regress_wf_bound_admin', '*');
\echo :SQLSTATE
SELECT wf_grant_tenant('regress_wf_member', 'blue');
\echo :SQLSTATE
SELECT wf_revoke_tenant('regress_wf_member', 't1');
\echo :SQLSTATE
SELECT wf_revoke_tenant('regress_wf_bound_admin', 'blue');
\echo :SQLSTATE
SELECT wf_grant_access('regress_wf_member', 'reader', '{blue}');
\echo :SQLSTATE
SELECT wf_revoke_access('regress_wf_member');
\echo :SQLSTATE
INSERT INTO wfstate.tenant_roles VALUES ('regress_wf_bound_admin', '*');
\echo :SQLSTATE
DELETE FROM wfstate.tenant_roles;
\echo :SQLSTATE
-- It sees the grants of its own tenants only, in the table as in the list; all to those who have all.
SELECT role, tenant FROM wfstate.tenant_roles ORDER BY role::text COLLATE "C", tenant;
SELECT (SELECT array_agg(t.tenant ORDER BY 1) FROM wf_tenants() AS t) = (SELECT array_agg(r.tenant::text ORDER BY 1) FROM wfstate.tenant_roles AS r) AS same,
       wfstate.may_use('blue'), wfstate.may_use('red'), wfstate.may_use('*');
-- A level counts in every tenant of a role and of its members: whoever has not all tenants changes nobody's.
SELECT wf_grant_access('regress_wf_member', 'writer', '{}');
\echo :SQLSTATE
RESET ROLE;
CREATE ROLE regress_wf_none;
SET ROLE regress_wf_bound_admin;
SELECT wf_grant_access('regress_wf_none', 'reader');
\echo :SQLSTATE
GRANT EXECUTE ON FUNCTION wf_save_state TO regress_wf_none;
GRANT SELECT (paths) ON wfstate.search_paths TO regress_wf_none;
RESET ROLE;
SELECT has_function_privilege('regress_wf_none', p.oid, 'EXECUTE') FROM pg_proc p WHERE proname = 'wf_save_state';
SELECT wf_grant_access('regress_wf_none', 'reader', '{}');
SET ROLE regress_wf_bound_admin;
-- Nor by way of a function of somebody who may.
RESET ROLE;
CREATE ROLE regress_wf_full_admin;
SELECT wf_grant_access('regress_wf_full_admin', 'admin');
CREATE FUNCTION public.regress_wf_grants() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ SELECT wf_grant_tenant('regress_wf_bound_admin', '*') $$;
ALTER FUNCTION public.regress_wf_grants() OWNER TO regress_wf_full_admin;
SET ROLE regress_wf_bound_admin;
SELECT public.regress_wf_grants();
\echo :SQLSTATE
RESET ROLE;
-- An admin with all tenants may.
SET SESSION AUTHORIZATION regress_wf_full_admin;
SELECT wf_grant_tenant('regress_wf_none', 'green');
SELECT role, tenant, granted_by FROM wf_tenants('regress_wf_none');
SELECT wf_revoke_tenant('regress_wf_none', 'green');
RESET SESSION AUTHORIZATION;
-- It is the caller again after an error in between.
BEGIN;
SET LOCAL ROLE regress_wf_full_admin;
DO $$ BEGIN PERFORM wf_grant_access('regress_wf_none', 'reader', ARRAY[repeat('t', 300)]); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '% as %', SQLSTATE, current_user; END $$;
SELECT current_user;
COMMIT;
-- A superuser may use every tenant, whatever is granted to it.
SELECT wf_grant_tenant(current_user::text, 'green'), wf_tenant(), (SELECT count(*) FROM wf_find('"blue"')) AS found;
SELECT wf_revoke_tenant(current_user::text, 'green');
ALTER ROLE regress_wf_none SUPERUSER;
SET ROLE regress_wf_none;
SELECT wf_load_state('x');
RESET ROLE;
ALTER ROLE regress_wf_none NOSUPERUSER;
SET ROLE regress_wf_none;
SELECT wf_load_state('x');
\echo :SQLSTATE
RESET ROLE;
-- A role of the same name as one that is gone starts with nothing; what the gone one had is not shown, and goes.
-- (What another admin has granted, DROP OWNED leaves.)
SELECT wf_grant_tenant('regress_wf_none', 'blue'), wf_revoke_access('regress_wf_none'), wf_grant_tenant('regress_wf_none', 'blue');
DROP ROLE regress_wf_none;
SELECT count(*) FROM wf_tenants() WHERE role ~ 'none|^[0-9]';
SELECT count(*) FROM wfstate.tenant_roles WHERE role::oid NOT IN (SELECT oid FROM pg_roles);
CREATE ROLE regress_wf_none;
SET ROLE regress_wf_none;
SELECT wf_tenant();
\echo :SQLSTATE
RESET ROLE;
SELECT processed FROM wf_maintain() WHERE task = 'forget_roles';
SELECT wf_grant_access('regress_wf_none', 'reader', '{}');
SELECT count(*) FROM wfstate.tenant_roles WHERE role::oid NOT IN (SELECT oid FROM pg_roles);
-- Dropping a group leaves its members with nothing, not with everything.
CREATE ROLE regress_wf_team;
SELECT wf_grant_tenant('regress_wf_team', 'blue');
GRANT regress_wf_team TO regress_wf_none;
SET ROLE regress_wf_none;
SELECT wf_load_state('x');
RESET ROLE;
DROP ROLE regress_wf_team;
SET ROLE regress_wf_none;
SELECT wf_load_state('x');
\echo :SQLSTATE
RESET ROLE;
SELECT wf_revoke_tenant('regress_wf_none', 'none');
SELECT count(*) FROM wfstate.tenant_roles WHERE role::oid NOT IN (SELECT oid FROM pg_roles);
-- Arguments.
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
-- What somebody has put among the declarations of one tenant keeps no other from saving.
INSERT INTO wfstate.search_paths VALUES ('red', 'w', ARRAY[NULL, '/a'], 1);
\echo :SQLSTATE
SET wfstate.tenant = 'blue';
SELECT wf_save_state('other', '{}', workflow => 'w');
SELECT wf_delete('other');
DELETE FROM wfstate.search_paths;
-- Clean up.
SELECT wf_revoke_tenant(role, tenant) FROM wf_tenants();
SET wfstate.tenant = 'blue';
SELECT wf_delete('x');
SET wfstate.tenant = 'red';
SELECT wf_delete('x');
DROP FUNCTION public.regress_wf_definer(), public.regress_wf_grants();
DEALLOCATE ALL;
SELECT wf_revoke_access('regress_wf_member');
DROP OWNED BY regress_wf_app, regress_wf_group, regress_wf_member, regress_wf_free, regress_wf_none, regress_wf_bound_admin, regress_wf_full_admin;
DROP ROLE regress_wf_app, regress_wf_group, regress_wf_member, regress_wf_free, regress_wf_none, regress_wf_bound_admin, regress_wf_full_admin;
