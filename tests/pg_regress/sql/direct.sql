-- Which way a call takes, and that what stands in the way is a reason for the statement.
SET wfstate.tenant = 'direct';
\pset null (null)
CREATE FUNCTION pg_temp.ways() RETURNS TABLE (table_name text, is_direct bool, direct bigint, by_statement bigint)
    LANGUAGE plpgsql AS $$
BEGIN
    -- What came of the calls since the last time.
    CREATE TEMP TABLE IF NOT EXISTS before (name text PRIMARY KEY, direct bigint, stated bigint);
    RETURN QUERY SELECT w.table_name, w.is_direct, w.direct - coalesce(b.direct, 0), w.by_statement - coalesce(b.stated, 0)
                   FROM wf_direct_access() AS w LEFT JOIN before AS b ON b.name = w.table_name;
    DELETE FROM before;
    INSERT INTO before SELECT w.table_name, w.direct, w.by_statement FROM wf_direct_access() AS w;
END $$;
SET client_min_messages = warning;
SELECT wf_save_state('a', '{"n": 0}'), wf_save_state('b', '{"n": 0}', workflow => 'w', phase => 'p');
SELECT count(*) FROM pg_temp.ways();
-- Whoever asks, which everybody may, keeps no lock.
BEGIN;
SELECT count(*) FROM wf_direct_access();
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN ('wfstate.executions'::regclass, 'wfstate.routing_outcomes'::regclass);
ROLLBACK;

-- Saves of what is known, and loads.
SELECT wf_patch_state('a', '{"n": 1}'), wf_save_state('a', '{"n": 2}', note => 'two'), wf_load_state('a');
SELECT * FROM pg_temp.ways();
-- A save that changes more of the head than every save does takes the statement.
SELECT wf_save_state('b', '{"n": 1}', phase => 'q'), wf_save_state('b', '{"n": 2}', status => 'completed');
SELECT * FROM pg_temp.ways() WHERE table_name = 'executions';
-- The head that is not known.
SET wfstate.cache_size = 0;
SELECT wf_patch_state('a', '{"m": 1}'), wf_load_state('a'), wf_state_at('a', 2);
SELECT * FROM pg_temp.ways();
RESET wfstate.cache_size;
SELECT version, base_version, status, phase, step_id, note, saved_by, patch, snapshot FROM wfstate.state_versions WHERE execution_id = 'a' ORDER BY version;
SELECT * FROM wf_verify('a');

-- Within one transaction each save sees the one before, a savepoint takes back what it holds, and so does a rollback.
BEGIN;
SELECT wf_patch_state('a', '{"t": 1}');
SAVEPOINT s;
SELECT wf_patch_state('a', '{"t": 2}');
SELECT wf_load_state('a');
ROLLBACK TO s;
SELECT wf_load_state('a'), wf_patch_state('a', '{"t": 3}', expected_version => 5);
COMMIT;
SELECT wf_load_state('a');
BEGIN;
SELECT wf_patch_state('a', '{"t": 4}');
ROLLBACK;
SELECT wf_load_state('a'), wf_patch_state('a', '{"t": 5}');
-- A query sees what was there when it began, also where it saves itself.
SELECT wf_patch_state('a', '{"t": 6}') AS saved, wf_load_state('a')->'t' AS before;
DECLARE c CURSOR WITH HOLD FOR SELECT wf_load_state('a')->'t' AS held FROM generate_series(1, 1);
SELECT wf_patch_state('a', '{"t": 7}');
FETCH c;
CLOSE c;
SELECT * FROM pg_temp.ways() WHERE by_statement > 0;
-- A version that is there already is refused, and nothing of the save stays.
INSERT INTO wfstate.state_versions (version, base_version, keyframe_version, hash, saved_at, state_bytes, chain_bytes, patch, tenant, execution_id, status)
SELECT version + 1, version, keyframe_version, 0, now(), 0, 0, '{}', tenant, execution_id, status FROM wfstate.executions WHERE execution_id = 'a';
SELECT wf_patch_state('a', '{"t": 8}');
SELECT version, wf_load_state('a')->'t' AS t FROM wfstate.executions WHERE execution_id = 'a';
DELETE FROM wfstate.state_versions WHERE execution_id = 'a' AND hash = 0;

-- Routing.
SELECT count(wf_record_routing('t', 'agent', true, 10, task_type => 'k')), count(wf_record_routing('t', 'agent')) FROM generate_series(1, 3);
SELECT * FROM pg_temp.ways() WHERE table_name LIKE 'routing%';
SELECT agent, total_tasks, successful_tasks FROM wf_agent_statistics();
SELECT task_id, selected_agent, task_type, success, recorded_by = CURRENT_USER AS own FROM wf_routing_decisions() ORDER BY decided_at LIMIT 2;

BEGIN;
ALTER DOMAIN wfstate.identifier ADD CONSTRAINT mine CHECK (VALUE <> 'hidden');
SELECT wf_record_routing('t', 'hidden');
ROLLBACK;
SELECT * FROM pg_temp.ways() WHERE table_name LIKE 'routing%';

-- What is not plain: each time the statement runs, and what stands in the way works.
\set save 'SELECT wf_patch_state(''a'', ''{"x": 1}''); SELECT w.table_name, w.is_direct, w.direct, w.by_statement FROM pg_temp.ways() AS w WHERE w.table_name ~ ''exec|versions'';'
\set VERBOSITY terse
CREATE FUNCTION public.direct_seen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING '% of %', TG_OP, TG_TABLE_NAME; RETURN NEW; END $$;
CREATE TRIGGER seen BEFORE UPDATE ON wfstate.executions FOR EACH ROW EXECUTE FUNCTION public.direct_seen();
:save
DROP TRIGGER seen ON wfstate.executions;
CREATE TRIGGER seen AFTER INSERT ON wfstate.state_versions FOR EACH ROW EXECUTE FUNCTION public.direct_seen();
:save
DROP TRIGGER seen ON wfstate.state_versions;
DROP FUNCTION public.direct_seen();
CREATE RULE seen AS ON INSERT TO wfstate.state_versions DO ALSO NOTHING;
:save
DROP RULE seen ON wfstate.state_versions;
-- Without them, it is as before.
:save
BEGIN;
ALTER TABLE wfstate.state_versions ADD CHECK (version < 14);
:save
:save
ROLLBACK;
BEGIN;
UPDATE wfstate.state_versions SET step_id = 's' WHERE step_id IS NULL;
ALTER TABLE wfstate.state_versions ALTER COLUMN step_id SET NOT NULL;
:save
ROLLBACK;
BEGIN;
ALTER TABLE wfstate.state_versions ADD COLUMN mine int DEFAULT 7;
:save
SELECT mine FROM wfstate.state_versions WHERE execution_id = 'a' ORDER BY version DESC LIMIT 1;
ROLLBACK;
BEGIN;
CREATE INDEX mine ON wfstate.state_versions (tenant, saved_at);
:save
SET LOCAL enable_seqscan = off;
SELECT count(*) FROM wfstate.state_versions WHERE tenant = 'direct' AND saved_at > now() - interval '1 day';
CREATE INDEX more ON wfstate.state_versions (lower(note));
:save
ROLLBACK;
BEGIN;
ALTER TABLE wfstate.state_versions ALTER COLUMN saved_by SET DEFAULT 'me';
:save
SELECT saved_by FROM wfstate.state_versions WHERE execution_id = 'a' ORDER BY version DESC LIMIT 1;
ROLLBACK;
BEGIN;
CREATE POLICY mine ON wfstate.executions AS RESTRICTIVE USING (execution_id <> 'hidden');
:save
ROLLBACK;
BEGIN;
DROP POLICY executions_tenant ON wfstate.executions;
CREATE POLICY executions_tenant ON wfstate.executions USING (tenant = wfstate.current_tenant() AND execution_id <> 'hidden');
:save
ROLLBACK;
BEGIN;
ALTER TABLE wfstate.executions FORCE ROW LEVEL SECURITY;
:save
ROLLBACK;
BEGIN;
SET LOCAL client_min_messages = error;
ALTER TABLE wfstate.executions REPLICA IDENTITY NOTHING;
CREATE PUBLICATION direct FOR TABLE wfstate.executions;
SELECT wf_patch_state('a', '{"x": 2}');
ROLLBACK;
SET wfstate.direct_access = off;
:save
RESET wfstate.direct_access;
:save
\set VERBOSITY default
-- An index more on the heads is the server's to maintain.
CREATE INDEX mine ON wfstate.executions (updated_at);
SELECT wf_patch_state('a', '{"x": 3}'), wf_patch_state('a', '{"x": 4}');
SELECT * FROM pg_temp.ways() WHERE table_name = 'executions';
SET enable_seqscan = off;
SELECT count(*) FROM wfstate.executions WHERE updated_at > now() - interval '1 day' AND execution_id IN ('a', 'b');
RESET enable_seqscan;
DROP INDEX wfstate.mine;
SELECT count(*) FROM wf_verify('a');

-- Where a row was last is only where it is looked for first.
SELECT wf_save_state('p', '{"n": 1}');
SELECT wf_patch_state('p', '{"n": 2}'), wf_load_state('p');
BEGIN;
SELECT wf_patch_state('p', '{"n": 3}'), wf_load_state('p');
SAVEPOINT s;
SELECT wf_patch_state('p', '{"n": 4}'), wf_load_state('p');
ROLLBACK TO s;
SELECT wf_load_state('p'), wf_patch_state('p', '{"n": 5}'), wf_load_state('p');
ROLLBACK;
SELECT version, state FROM wf_load('p');
VACUUM FULL wfstate.executions;
SELECT version, state FROM wf_load('p');
SELECT wf_patch_state('p', '{"n": 6}');
CLUSTER wfstate.executions USING executions_pkey;
SELECT wf_patch_state('p', '{"n": 7}'), wf_load_state('p');
SELECT wf_delete('p');
SELECT wf_load_state('p');
SELECT wf_patch_state('p', '{"n": 8}');
SELECT wf_save_state('q', '{"q": 1}');
SELECT wf_save_state('p', '{"p": 1}');
SELECT wf_load_state('p'), wf_load_state('q'), wf_patch_state('p', '{"p": 2}'), wf_patch_state('q', '{"q": 2}');
SET wfstate.tenant = 'direct_other';
SELECT wf_load_state('p');
SELECT wf_save_state('p', '{"other": 1}');
SELECT wf_patch_state('p', '{"other": 2}'), wf_load_state('p');
SET wfstate.tenant = 'direct';
SELECT wf_patch_state('p', '{"p": 3}'), wf_load_state('p');
-- The page is given back to the system, and the row is another one's then.
CREATE TEMP TABLE many AS SELECT format('m%s', n) AS id FROM generate_series(1, 500) AS n;
SELECT count(wf_save_state(id, '{}')) FROM many;
SELECT wf_patch_state('m500', '{"m": 1}');
SELECT wf_delete_many(array_agg(id)) FROM many WHERE id <> 'm1';
VACUUM wfstate.executions;
SELECT wf_load_state('m500');
SELECT wf_load_state('m1'), wf_patch_state('m1', '{"m": 1}');
SELECT count(wf_save_state(id, '{"again": 1}')) FROM many WHERE id <> 'm1';
SELECT count(*) FROM many WHERE wf_load_state(id) <> CASE id WHEN 'm1' THEN '{"m": 1}' ELSE '{"again": 1}' END::jsonb;
-- As many updates as there are pages: they stay in place, since whoever looks at a page prunes it.
SELECT count(wf_patch_state('p', jsonb_build_object('p', n))) FROM generate_series(1, 300) AS n;
SELECT pg_stat_force_next_flush();
CREATE TEMP TABLE updates AS SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relid = 'wfstate.executions'::regclass;
DO $do$ BEGIN FOR n IN 1..300 LOOP PERFORM wf_patch_state('q', jsonb_build_object('q', n)); COMMIT; END LOOP; END $do$;
SELECT version, state FROM wf_load('q');
SELECT pg_stat_force_next_flush();
SELECT t.n_tup_upd - b.n_tup_upd >= 300 AS updated, t.n_tup_hot_upd - b.n_tup_hot_upd >= 270 AS are_hot
  FROM pg_stat_user_tables AS t CROSS JOIN updates AS b WHERE t.relid = 'wfstate.executions'::regclass;
DROP TABLE updates;
SELECT wf_delete_many(array_agg(id)) FROM many;
SELECT wf_delete_many('{p,q}');
SET wfstate.tenant = 'direct_other';
SELECT wf_delete('p');
SET wfstate.tenant = 'direct';

-- Rights: those of the table, or the statement says what is missing.
CREATE ROLE direct_writer;
SELECT wf_grant_access('direct_writer', 'writer', '{direct}');
SET ROLE direct_writer;
SELECT wf_patch_state('a', '{"y": 1}'), wf_load_state('a')->'y';
RESET ROLE;
SELECT * FROM pg_temp.ways() WHERE by_statement > 0;
SELECT saved_by FROM wfstate.state_versions WHERE execution_id = 'a' ORDER BY version DESC LIMIT 1;
REVOKE UPDATE ON wfstate.executions FROM direct_writer;
SET ROLE direct_writer;
SELECT wf_patch_state('a', '{"y": 2}');
SELECT wf_load_state('a')->'y';
SET wfstate.tenant = 'another';
SELECT wf_patch_state('a', '{"y": 2}');
SELECT wf_load_state('a');
SET wfstate.tenant = 'direct';
RESET ROLE;
REVOKE SELECT ON wfstate.executions FROM direct_writer;
GRANT SELECT (tenant, execution_id, version) ON wfstate.executions TO direct_writer;
SET ROLE direct_writer;
SELECT wf_load_state('a');
RESET ROLE;
-- The schema's own right is asked, as the parser asks it.
GRANT SELECT ON wfstate.executions TO direct_writer;
REVOKE USAGE ON SCHEMA wfstate FROM direct_writer;
SET ROLE direct_writer;
SELECT wf_load_state('a');
SELECT wf_save_state('a', '{"y": 5}');
RESET ROLE;
GRANT USAGE ON SCHEMA wfstate TO direct_writer;
GRANT UPDATE ON wfstate.executions TO direct_writer;
SET ROLE direct_writer;
SELECT wf_load_state('a')->'y';
RESET ROLE;
-- What another role has read is nobody's who may not read the log, nor what a policy hides from it.
REVOKE SELECT ON wfstate.state_versions FROM direct_writer;
SELECT wf_load_state('a')->'y';
SET ROLE direct_writer;
SELECT wf_load_state('a');
SELECT wf_patch_state('a', '[{"op": "test", "path": "/y", "value": 1}]');
RESET ROLE;
GRANT SELECT ON wfstate.state_versions TO direct_writer;
CREATE POLICY mine ON wfstate.state_versions AS RESTRICTIVE TO direct_writer USING (version > 100);
SELECT wf_load_state('a')->'y';
SET ROLE direct_writer;
SELECT wf_load_state('a');
RESET ROLE;
DROP POLICY mine ON wfstate.state_versions;
SET ROLE direct_writer;
SELECT wf_load_state('a')->'y';
RESET ROLE;
-- A function in the place of the policy's is asked.
BEGIN;
CREATE OR REPLACE FUNCTION wfstate.current_tenant() RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'nobody'::text $$;
SET LOCAL ROLE direct_writer;
SELECT wf_load_state('a');
ROLLBACK;
SELECT wf_revoke_access('direct_writer');
REVOKE ALL (tenant, execution_id, version) ON wfstate.executions FROM direct_writer;
DROP ROLE direct_writer;
SET row_security = off;
SELECT wf_patch_state('a', '{"y": 3}');
RESET row_security;
\set VERBOSITY terse
BEGIN READ ONLY;
SELECT wf_patch_state('a', '{"y": 4}');
ROLLBACK;
SELECT wf_delete('a'), wf_delete('b');
SELECT * FROM wf_prune_routing(older_than => '0');
