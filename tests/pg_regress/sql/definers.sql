-- Whose code runs decides, not as whom: index expressions in maintenance commands, functions of others, in both directions.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET wfstate.tenant = 'red';
SELECT wf_save_state('secret', '{"k": "red"}', workflow => 'w', tags => '{"t": 1}'), wf_declare_search('w', '{/k}');
SET wfstate.tenant = 'blue';
SELECT wf_save_state('own', '{"k": "blue"}', workflow => 'w', tags => '{"t": 1}');
CREATE ROLE regress_wf_blue;
CREATE ROLE regress_wf_free;
SELECT wf_grant_access('regress_wf_blue', 'writer', '{blue}'), wf_grant_access('regress_wf_free', 'writer');
CREATE SCHEMA regress_definers;
GRANT ALL ON SCHEMA regress_definers TO PUBLIC;
-- What the role with one tenant tries: every way to another tenant's ids and contents, and what came of it. The
-- functions refuse, and the tables show nothing.
SET ROLE regress_wf_blue;
CREATE TABLE regress_definers.seen (how text, what text);
GRANT ALL ON regress_definers.seen TO PUBLIC;
CREATE FUNCTION regress_definers.look() RETURNS void LANGUAGE plpgsql AS $$
DECLARE how text; what text; old text := current_setting('wfstate.tenant');
BEGIN
    PERFORM set_config('wfstate.tenant', 'red', false);
    FOREACH how IN ARRAY ARRAY[
        'SELECT string_agg(execution_id, '' '') FROM wf_find(''{}'')', 'SELECT string_agg(execution_id, '' '') FROM wf_find(''{"k": "red"}'', ''w'')',
        'SELECT string_agg(execution_id, '' '') FROM wf_find(''{}'', tags => ''{"t": 1}'')', 'SELECT string_agg(execution_id, '' '') FROM wf_list(tags => ''{"t": 1}'')',
        'SELECT wf_load_state(''secret'')', 'SELECT coalesce(string_agg(execution_id, '' ''), ''nothing'') FROM wfstate.executions', 'SELECT coalesce(string_agg(execution_id, '' ''), ''nothing'') FROM wfstate.search',
        'SELECT c FROM wfstate.candidates_by_tags(''{"t": 1}'', NULL, 10) c', 'SELECT c FROM wfstate.candidates_by_document(''w'', ''{"k": "red"}'', NULL, 10) c'] LOOP
        BEGIN
            EXECUTE how INTO what;
        EXCEPTION WHEN OTHERS THEN
            what := CASE WHEN SQLSTATE IN ('42501', '42883') THEN 'refused' ELSE SQLERRM END;
        END;
        INSERT INTO regress_definers.seen VALUES (how, what);
    END LOOP;
    PERFORM set_config('wfstate.tenant', old, false);
END $$;
CREATE FUNCTION regress_definers.expression(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM regress_definers.look(); RETURN $1; END $$;
CREATE FUNCTION regress_definers.definer() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ SELECT regress_definers.look() $$;
CREATE TABLE regress_definers.bait (k text);
CREATE INDEX ON regress_definers.bait (regress_definers.expression(k));
INSERT INTO regress_definers.bait SELECT 'x' FROM generate_series(1, 3);
RESET ROLE;
SELECT count(*) > 0 AS tried, count(*) FILTER (WHERE what NOT IN ('refused', 'nothing') OR what IS NULL) AS seen FROM regress_definers.seen;
TRUNCATE regress_definers.seen;
-- A superuser's maintenance runs it, as autovacuum does.
ANALYZE regress_definers.bait;
SELECT how, what FROM regress_definers.seen WHERE what NOT IN ('refused', 'nothing') OR what IS NULL ORDER BY how COLLATE "C";
SELECT count(*) > 0 AS tried FROM regress_definers.seen;
TRUNCATE regress_definers.seen;
REINDEX TABLE regress_definers.bait;
SELECT how, what FROM regress_definers.seen WHERE what NOT IN ('refused', 'nothing') OR what IS NULL ORDER BY how COLLATE "C";
SELECT count(*) > 0 AS tried FROM regress_definers.seen;
TRUNCATE regress_definers.seen;
-- A role with all tenants calls its function.
SET ROLE regress_wf_free;
SELECT regress_definers.definer();
RESET ROLE;
SELECT how, what FROM regress_definers.seen WHERE what NOT IN ('refused', 'nothing') OR what IS NULL ORDER BY how COLLATE "C";
SELECT count(*) > 0 AS tried FROM regress_definers.seen;
TRUNCATE regress_definers.seen;
-- It calls functions of a role with all tenants.
ALTER FUNCTION regress_definers.definer() OWNER TO regress_wf_free;
SET ROLE regress_wf_blue;
SELECT regress_definers.definer();
RESET ROLE;
SELECT how, what FROM regress_definers.seen WHERE what NOT IN ('refused', 'nothing') OR what IS NULL ORDER BY how COLLATE "C";
SELECT count(*) > 0 AS tried FROM regress_definers.seen;
TRUNCATE regress_definers.seen;
-- And has maintenance call them.
SET ROLE regress_wf_blue;
CREATE FUNCTION regress_definers.through(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM regress_definers.definer(); RETURN $1; END $$;
CREATE TABLE regress_definers.lure (k text);
CREATE INDEX ON regress_definers.lure (regress_definers.through(k));
INSERT INTO regress_definers.lure SELECT 'x' FROM generate_series(1, 3);
RESET ROLE;
TRUNCATE regress_definers.seen;
ANALYZE regress_definers.lure;
SELECT how, what FROM regress_definers.seen WHERE what NOT IN ('refused', 'nothing') OR what IS NULL ORDER BY how COLLATE "C";
SELECT count(*) > 0 AS tried FROM regress_definers.seen;
-- What a maintenance command may do: a view of its owner's own tenant.
SET ROLE regress_wf_blue;
CREATE MATERIALIZED VIEW regress_definers.mine AS SELECT execution_id FROM wf_find('{}', tags => '{"t": 1}');
RESET ROLE;
REFRESH MATERIALIZED VIEW regress_definers.mine;
SELECT * FROM regress_definers.mine;
SET wfstate.tenant = 'red';
REFRESH MATERIALIZED VIEW regress_definers.mine;
\echo :SQLSTATE
-- Searches work for whoever may: in the own tenant, through a function of somebody who may.
SET wfstate.tenant = 'blue';
CREATE FUNCTION regress_definers.finds() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS $$ SELECT execution_id FROM wf_find('{"k": "blue"}', 'w') $$;
ALTER FUNCTION regress_definers.finds() OWNER TO regress_wf_free;
SET ROLE regress_wf_blue;
SELECT regress_definers.finds();
RESET ROLE;
-- With policies of others on the table: what they hide is not found.
CREATE POLICY executions_hidden ON wfstate.executions AS RESTRICTIVE USING (execution_id <> 'own');
SET ROLE regress_wf_blue;
SELECT execution_id FROM wf_find('{}', tags => '{"t": 1}');
SELECT regress_definers.finds();
RESET ROLE;
DROP POLICY executions_hidden ON wfstate.executions;
-- After an error in a search the caller is the caller.
SET ROLE regress_wf_blue;
DO $$ BEGIN PERFORM wf_find('{}', tags => '{"t": 1}', max_rows => 0); EXCEPTION WHEN OTHERS THEN RAISE WARNING '% as %', SQLSTATE, current_user; END $$;
BEGIN;
SET LOCAL statement_timeout = '1ms';
DO $$ BEGIN FOR i IN 1..100000 LOOP PERFORM wf_find('{}', tags => '{"t": 1}'); END LOOP; EXCEPTION WHEN query_canceled THEN RAISE WARNING '% as %', SQLSTATE, current_user; END $$;
SET LOCAL statement_timeout = 0;
SELECT current_user;
COMMIT;
RESET ROLE;
DROP SCHEMA regress_definers CASCADE;
SELECT wf_delete('own');
SET wfstate.tenant = 'red';
SELECT wf_delete('secret'), wf_declare_search('w', '{}');
SELECT wf_revoke_access('regress_wf_blue'), wf_revoke_access('regress_wf_free');
DROP ROLE regress_wf_blue, regress_wf_free;
