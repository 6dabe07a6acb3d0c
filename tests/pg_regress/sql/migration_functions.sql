-- The function of a migration leaves nothing but its result: neither settings nor roles, tenants, objects or rows.
\set SHOW_CONTEXT never
\pset null (null)
CREATE ROLE regress_wf_fn_operator;
CREATE ROLE regress_wf_fn_reader;
CREATE ROLE regress_wf_fn_member NOINHERIT;
SELECT wf_grant_access('regress_wf_fn_operator', 'operator', '{migration-functions}'), wf_grant_access('regress_wf_fn_reader', 'reader', '{migration-functions}'), wf_grant_access('regress_wf_fn_member', 'reader', '{*}');
GRANT regress_wf_fn_operator TO regress_wf_fn_member;
CREATE SCHEMA regress_wf_fn AUTHORIZATION regress_wf_fn_operator;
GRANT USAGE ON SCHEMA regress_wf_fn TO PUBLIC;
SET wfstate.tenant = 'migration-others';
SELECT wf_save_state('victim', '{"balance": 1}', workflow => 'set tenant');
SET wfstate.tenant = 'migration-functions';
SET ROLE regress_wf_fn_operator;
CREATE TABLE regress_wf_fn.log (at timestamptz);
-- What a STABLE function may not do itself another does for it.
CREATE FUNCTION regress_wf_fn.do(command text) RETURNS void LANGUAGE plpgsql PARALLEL SAFE AS $$ BEGIN EXECUTE command; END $$;
CREATE FUNCTION regress_wf_fn.add(workflow text, command text) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    EXECUTE format('CREATE FUNCTION regress_wf_fn.%I(state jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN PERFORM regress_wf_fn.do(%L); RETURN state || jsonb_build_object(''by'', current_user); END $$', workflow, command);
    PERFORM wf_save_state('victim', '{"balance": 1}', workflow => workflow), wf_save_state(workflow, '{}', workflow => workflow, schema_version => 1);
    PERFORM wf_add_migration(workflow, 1, 2, function => format('regress_wf_fn.%I', workflow));
END $body$;
SELECT regress_wf_fn.add('set path', 'SET search_path = regress_wf_fn, pg_catalog'), regress_wf_fn.add('set other', 'SET standard_conforming_strings = off'),
       regress_wf_fn.add('set tenant', $$SELECT set_config('wfstate.tenant', 'migration-others', false)$$), regress_wf_fn.add('set role', 'SET ROLE NONE'),
       regress_wf_fn.add('other role', 'SET ROLE regress_wf_fn_operator'),
       regress_wf_fn.add('domain', 'CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (pg_catalog.length(VALUE) > 1000)'),
       regress_wf_fn.add('function', 'CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE sql AS ''SELECT 1::text'''),
       regress_wf_fn.add('cursor', 'DECLARE regress_wf_cursor CURSOR FOR SELECT 1'), regress_wf_fn.add('insert', 'INSERT INTO regress_wf_fn.log VALUES (now())');
RESET ROLE;
-- A superuser's session is as it was before.
SELECT wf_load_state('set path');
SHOW search_path;
SELECT wf_load_state('set other');
SHOW standard_conforming_strings;
SELECT wf_load_state('set role');
\echo :SQLSTATE
SELECT wf_load_state('other role');
\echo :SQLSTATE
SELECT wf_load_state('domain');
SELECT 'short'::text;
SELECT wf_load_state('function');
SELECT lower('ABC');
BEGIN;
SELECT wf_load_state('cursor');
SELECT count(*) FROM pg_cursors WHERE name = 'regress_wf_cursor';
COMMIT;
SELECT wf_load_state('insert');
SELECT migrated FROM wf_migrate_states('insert', dry_run => true);
SELECT migrated FROM wf_migrate_states('insert');
SELECT count(*) FROM regress_wf_fn.log;
SELECT current_user = session_user AS back;
-- The tenant stays, in the call and after it.
SELECT wf_patch_state('set tenant', '{"b": 2}');
\echo :SQLSTATE
SHOW wfstate.tenant;
SELECT migrated, failed FROM wf_migrate_states('set tenant');
SELECT tenant, execution_id, version FROM wfstate.executions WHERE execution_id IN ('victim', 'set tenant') ORDER BY 1, 2;
-- Of whoever may use all tenants a function gets at no other than the call's.
SET ROLE regress_wf_fn_operator;
CREATE FUNCTION regress_wf_fn.steals(state jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN PERFORM regress_wf_fn.do($c$ SELECT set_config('wfstate.tenant', 'migration-others', true) $c$); RETURN public.wf_load_state('victim'); END $$;
SELECT wf_save_state('steals', '{}', workflow => 'steals', schema_version => 1), wf_add_migration('steals', 1, 2, function => 'regress_wf_fn.steals');
SET ROLE regress_wf_fn_member;
SELECT wf_load_state('steals');
\echo :SQLSTATE
SELECT wf_tenant();
RESET ROLE;
-- Nor can a function take a role back that its caller has laid down, or that the caller is a member of.
SET ROLE regress_wf_fn_reader;
SELECT wf_load_state('set role');
\echo :SQLSTATE
SELECT wf_load_state('set path');
SHOW search_path;
SET ROLE regress_wf_fn_member;
SELECT wf_load_state('other role');
\echo :SQLSTATE
RESET ROLE;
-- An error leaves everything as it was, and the session of use.
CREATE FUNCTION regress_wf_fn.fails(state jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN PERFORM regress_wf_fn.do('SET search_path = regress_wf_fn'); RAISE 'no'; END $$;
SELECT wf_save_state('fails', '{}', workflow => 'fails', schema_version => 1), wf_add_migration('fails', 1, 2, function => 'regress_wf_fn.fails');
SELECT wf_load_state('fails');
SHOW search_path;
SELECT current_user = session_user AS back;
BEGIN;
SAVEPOINT s;
SELECT wf_load_state('fails');
ROLLBACK TO s;
SELECT wf_load_state('insert');
COMMIT;
-- A temporary function is somebody else's tomorrow.
CREATE FUNCTION pg_temp.t(state jsonb) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT state';
DO $$
DECLARE told text;
BEGIN
    PERFORM wf_add_migration('temporary', 1, 2, function => 'pg_temp.t');
EXCEPTION WHEN invalid_parameter_value THEN
    GET STACKED DIAGNOSTICS told = PG_EXCEPTION_DETAIL;
    RAISE NOTICE '%', told;
END $$;
-- What the extension does as the owner calls nothing of the caller's.
SET ROLE regress_wf_fn_operator;
CREATE FUNCTION regress_wf_fn.largest(int, int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'called as %', current_user; END $$;
CREATE AGGREGATE regress_wf_fn.max(int) (SFUNC = regress_wf_fn.largest, STYPE = int);
SELECT wf_define('retired', '{}'), wf_define('retired', '{"rules": []}');
SET search_path = regress_wf_fn, public, pg_catalog;
SELECT wf_retire('retired', 1);
RESET search_path;
RESET ROLE;
DROP OWNED BY regress_wf_fn_operator, regress_wf_fn_reader, regress_wf_fn_member CASCADE;
SELECT wf_revoke_access('regress_wf_fn_operator'), wf_revoke_access('regress_wf_fn_reader'), wf_revoke_access('regress_wf_fn_member');
DROP ROLE regress_wf_fn_operator, regress_wf_fn_reader, regress_wf_fn_member;
-- The role that chose a function runs it for a superuser, under whatever name it has by then; not another one that has
-- its name.
SET wfstate.tenant = 'renamed';
CREATE ROLE regress_wf_chose;
SELECT wf_grant_access('regress_wf_chose', 'operator', '{renamed}');
CREATE SCHEMA regress_chosen;
GRANT ALL ON SCHEMA regress_chosen TO regress_wf_chose;
SET ROLE regress_wf_chose;
CREATE FUNCTION regress_chosen.who(jsonb) RETURNS jsonb STABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT pg_catalog.jsonb_build_object('as', current_user) $$;
SELECT wf_save_state('chosen', '{}', workflow => 'chosen');
SELECT wf_add_migration('chosen', 1, 2, function => 'regress_chosen.who(jsonb)');
RESET ROLE;
SELECT wf_load_state('chosen');
ALTER ROLE regress_wf_chose RENAME TO regress_wf_renamed;
CREATE ROLE regress_wf_chose;
SELECT wf_load_state('chosen'), added_by FROM wf_migrations('chosen');
SELECT wf_delete('chosen'), wf_drop_migration('chosen', 1);
SELECT wf_revoke_access('regress_wf_renamed');
DROP SCHEMA regress_chosen CASCADE;
DROP ROLE regress_wf_chose, regress_wf_renamed;
