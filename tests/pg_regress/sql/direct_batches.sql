-- Batches below the executor: which way they take, that they are all or nothing, and what stands in the way.
SET wfstate.tenant = 'direct batches';
\pset null (null)
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.ways() RETURNS TABLE (table_name text, direct bigint, by_statement bigint)
    LANGUAGE plpgsql AS $$
BEGIN
    -- What came of the calls since the last time.
    CREATE TEMP TABLE IF NOT EXISTS before (name text PRIMARY KEY, direct bigint, stated bigint);
    RETURN QUERY SELECT w.table_name, w.direct - coalesce(b.direct, 0), w.by_statement - coalesce(b.stated, 0)
                   FROM wf_direct_access() AS w LEFT JOIN before AS b ON b.name = w.table_name WHERE w.table_name ~ 'exec|versions';
    DELETE FROM before;
    INSERT INTO before SELECT w.table_name, w.direct, w.by_statement FROM wf_direct_access() AS w;
END $$;
CREATE FUNCTION pg_temp.batch(ids text[], n int) RETURNS text LANGUAGE sql AS $$
    SELECT count(*) || ' to ' || min(s.version) || '-' || max(s.version)
      FROM wf_save_states(ids, (SELECT array_agg(jsonb_build_object('id', id, 'n', n, 'pad', repeat('x', 600))) FROM unnest(ids) id)) AS s $$;
CREATE FUNCTION pg_temp.ids(count int) RETURNS text[] LANGUAGE sql AS $$ SELECT array_agg('e' || to_char(i, 'FM000')) FROM generate_series(1, count) i $$;
SELECT count(*) FROM pg_temp.ways();

-- New heads are for the statement, which takes ids that are free; all else is not. More than go to the log at once.
SELECT pg_temp.batch(pg_temp.ids(300), 0);
SELECT * FROM pg_temp.ways();
-- Changed, equal, some of them new, and known to the session.
SELECT pg_temp.batch(pg_temp.ids(300), 1);
SELECT * FROM pg_temp.ways();
SELECT pg_temp.batch(pg_temp.ids(300), 1);
SELECT pg_temp.batch(pg_temp.ids(303), 2);
SELECT * FROM pg_temp.ways();
SELECT pg_temp.batch('{e001,e002}', 3), pg_temp.batch('{e001,e002}', 4);
SELECT * FROM pg_temp.ways();
SELECT version, base_version, keyframe_version, status, phase, step_id, note, saved_by = CURRENT_USER AS own, patch, snapshot IS NULL AS patched FROM wfstate.state_versions WHERE execution_id = 'e001' ORDER BY version;
SELECT count(*), count(*) FILTER (WHERE valid) AS sound, sum(versions) AS versions FROM unnest(pg_temp.ids(303)) id, wf_verify(id);
SELECT count(*) AS right FROM unnest(pg_temp.ids(303)) id WHERE wf_load_state(id)->>'id' = id AND (wf_load_state(id)->>'n')::int = CASE WHEN id < 'e003' THEN 4 ELSE 2 END;
-- Every entry is in its index.
SET enable_seqscan = off;
SELECT count(*) FROM wfstate.executions WHERE tenant = 'direct batches' AND status = 'running';
SELECT count(*) FROM wfstate.executions WHERE tenant = 'direct batches' AND execution_id >= 'e';
SELECT count(*) FROM wfstate.state_versions WHERE tenant = 'direct batches' AND execution_id >= 'e';
RESET enable_seqscan;
SELECT count(*) FROM pg_temp.ways();

-- What is said of executions changes heads in place, too, and their entries in indexes.
SELECT * FROM wf_save_states('{e001,e002,e003}', '{1,2,3}'::jsonb[], workflows => '{w,NULL,NULL}', statuses => '{completed,waiting,NULL}', phases => '{NULL,p,NULL}');
SELECT * FROM wf_save_states('{e002,e003}', '{4,5}'::jsonb[], statuses => '{running,failed}');
SELECT * FROM pg_temp.ways();
SELECT execution_id, workflow, status, phase, started_at IS NOT NULL AS started, completed_at = updated_at AS just_completed FROM wfstate.executions WHERE execution_id IN ('e001', 'e002', 'e003') ORDER BY 1;
SELECT version, status, phase FROM wfstate.state_versions WHERE execution_id = 'e002' ORDER BY version DESC LIMIT 2;
SET enable_seqscan = off;
SELECT execution_id FROM wf_list(status => 'failed');
SELECT execution_id FROM wf_list(status => 'completed', workflow => 'w');
RESET enable_seqscan;
SELECT count(*) FROM pg_temp.ways();

-- A large state goes to TOAST and comes back, on either side of a patch.
SELECT * FROM wf_save_states('{t1,t2}', ARRAY[jsonb_build_object('l', (SELECT array_agg(md5(i::text)) FROM generate_series(1, 3000) i)), '{}']);
SELECT * FROM wf_save_states('{t1,t2}', ARRAY[jsonb_build_object('l', (SELECT array_agg(md5((i / 2900)::text)) FROM generate_series(1, 3000) i)), jsonb_build_object('l', (SELECT array_agg(md5(i::text)) FROM generate_series(1, 3000) i))]);
SET wfstate.cache_size = 0;
SELECT * FROM wf_save_states('{t1,t2}', ARRAY[jsonb_build_object('l', (SELECT array_agg(md5((i / 2900)::text)) FROM generate_series(1, 3001) i)), jsonb_build_object('l', (SELECT array_agg(md5(i::text)) FROM generate_series(1, 3001) i))]);
RESET wfstate.cache_size;
SELECT id, jsonb_array_length(wf_load_state(id)->'l'), v.valid, h.version, h.kind FROM unnest('{t1,t2}'::text[]) id, wf_verify(id) v, wf_history(id) h ORDER BY id, h.version;
SELECT * FROM pg_temp.ways();
SELECT count(*) FILTER (WHERE wf_delete(id)) FROM unnest('{t1,t2}'::text[]) id;

-- Within one transaction each batch sees what was there before it; a savepoint takes back what it holds.
BEGIN;
SELECT pg_temp.batch('{e010,e011}', 10), wf_patch_state('e010', '{"n": 11}');
SAVEPOINT s;
SELECT pg_temp.batch('{e010,e011}', 12);
ROLLBACK TO s;
SELECT wf_load_state('e010')->'n' AS n, wf_load_state('e011')->'n' AS m;
SELECT pg_temp.batch('{e010,e011}', 13);
DECLARE c CURSOR FOR SELECT wf_load_state('e010')->'n' AS held;
SELECT pg_temp.batch('{e010,e011}', 14);
FETCH c;
COMMIT;
SELECT wf_load_state('e010')->'n' AS n, wf_load_state('e011')->'n' AS m, (SELECT valid FROM wf_verify('e010')), (SELECT valid FROM wf_verify('e011'));
-- Statistics are those of statements.
SELECT count(*) FROM pg_temp.ways();
CREATE FUNCTION pg_temp.counts() RETURNS bigint[] LANGUAGE sql AS $$
    SELECT array_agg(n ORDER BY c, i) FROM unnest('{wfstate.executions,wfstate.state_versions}'::regclass[]) c,
           unnest(ARRAY[pg_stat_get_xact_tuples_inserted(c), pg_stat_get_xact_tuples_updated(c)]) WITH ORDINALITY AS t (n, i) $$;
CREATE FUNCTION pg_temp.counted() RETURNS text LANGUAGE plpgsql AS $$
DECLARE before bigint[] := pg_temp.counts(); after bigint[];
BEGIN
    PERFORM pg_temp.batch('{e020,e021,e022}', 20);
    after := pg_temp.counts();
    RETURN format('heads: %s inserted, %s updated; log: %s inserted, %s updated', after[1] - before[1], after[2] - before[2], after[3] - before[3], after[4] - before[4]);
END $$;
BEGIN;
SELECT pg_temp.counted();
ROLLBACK;
BEGIN;
SET LOCAL wfstate.direct_access = off;
SELECT pg_temp.counted();
ROLLBACK;
SELECT * FROM pg_temp.ways();

-- All or nothing: what is refused in the middle leaves nothing.
CREATE FUNCTION pg_temp.heads() RETURNS TABLE (id text, version bigint, n jsonb) LANGUAGE sql AS $$
    SELECT execution_id, version, state->'n' FROM wf_load_many('{e030,e031,e032}') $$;
SELECT * FROM wf_save_states('{e030,e031,e032}', '{1,2,3}'::jsonb[], '{NULL,7,NULL}');
SELECT * FROM wf_save_states('{e030,e031,e032}', '{1,2,3}'::jsonb[], statuses => '{NULL,odd,NULL}');
SELECT * FROM wf_save_states('{e030,gone,e032}', '{1,2,3}'::jsonb[], '{NULL,1,NULL}');
INSERT INTO wfstate.state_versions (version, base_version, keyframe_version, hash, saved_at, state_bytes, chain_bytes, patch, tenant, execution_id, status)
SELECT version + 1, version, keyframe_version, 0, now(), 0, 0, '{}', tenant, execution_id, status FROM wfstate.executions WHERE execution_id = 'e031';
SELECT pg_temp.batch('{e030,e031,e032}', 31);
DELETE FROM wfstate.state_versions WHERE execution_id = 'e031' AND hash = 0;
BEGIN;
ALTER DOMAIN wfstate.status ADD CONSTRAINT mine CHECK (VALUE <> 'paused');
SAVEPOINT s;
SELECT * FROM wf_save_states('{e030,e031,e032}', '{1,2,3}'::jsonb[], statuses => '{NULL,paused,NULL}');
ROLLBACK TO s;
SELECT pg_temp.batch('{e030,e031,e032}', 32);
ROLLBACK;
SELECT * FROM pg_temp.heads();
SELECT pg_temp.batch('{e030,e031,e032}', 33);
SELECT * FROM pg_temp.heads();
SELECT * FROM pg_temp.ways();
-- Another tenant's executions of the same ids are others.
SET wfstate.tenant = 'direct others';
SELECT pg_temp.batch('{e030,e031}', 34), pg_temp.batch('{e030,e031}', 35);
SELECT * FROM wf_save_states('{e030,e032}', '{1,2}'::jsonb[], '{2,2}');
SELECT * FROM pg_temp.heads();
SELECT count(*) FILTER (WHERE wf_delete(execution_id)) FROM wf_list();
SET wfstate.tenant = 'direct batches';
SELECT * FROM pg_temp.heads();
SELECT count(*) FROM pg_temp.ways();

-- What is not plain: the statement runs, and what stands in the way works.
\set batch 'SELECT pg_temp.batch(''{e040,e041}'', 40); SELECT * FROM pg_temp.ways();'
\set VERBOSITY terse
:batch
CREATE FUNCTION public.batch_seen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING '% of %', TG_OP, TG_TABLE_NAME; RETURN NEW; END $$;
CREATE TRIGGER seen AFTER UPDATE ON wfstate.executions FOR EACH ROW EXECUTE FUNCTION public.batch_seen();
:batch
DROP TRIGGER seen ON wfstate.executions;
CREATE TRIGGER seen BEFORE INSERT ON wfstate.state_versions FOR EACH ROW EXECUTE FUNCTION public.batch_seen();
:batch
DROP TRIGGER seen ON wfstate.state_versions;
DROP FUNCTION public.batch_seen();
BEGIN;
CREATE INDEX mine ON wfstate.state_versions (lower(note));
:batch
ROLLBACK;
BEGIN;
CREATE UNIQUE INDEX mine ON wfstate.state_versions (tenant, execution_id, version) WHERE note IS NOT NULL;
:batch
ROLLBACK;
BEGIN;
CREATE INDEX mine ON wfstate.executions (lower(execution_id));
:batch
SET LOCAL enable_seqscan = off;
SELECT execution_id, version FROM wfstate.executions WHERE lower(execution_id) = 'e040' AND tenant = 'direct batches';
ROLLBACK;
BEGIN;
SET LOCAL client_min_messages = error;
ALTER TABLE wfstate.executions REPLICA IDENTITY NOTHING;
CREATE PUBLICATION direct_batches FOR TABLE wfstate.executions;
SELECT pg_temp.batch('{e040,e041}', 41);
ROLLBACK;
BEGIN READ ONLY;
SELECT pg_temp.batch('{e040,e041}', 41);
ROLLBACK;
SET wfstate.direct_access = off;
:batch
RESET wfstate.direct_access;
:batch
\set VERBOSITY default
\set SHOW_CONTEXT never
-- Rights: those of the table, or the statement says what is missing.
CREATE ROLE direct_batcher;
SELECT wf_grant_access('direct_batcher', 'writer', '{"direct batches"}');
SET ROLE direct_batcher;
SELECT * FROM wf_save_states('{e050,e051}', '{1,2}'::jsonb[]);
RESET ROLE;
SELECT * FROM pg_temp.ways();
SELECT saved_by FROM wfstate.state_versions WHERE execution_id = 'e051' ORDER BY version DESC LIMIT 1;
REVOKE INSERT ON wfstate.state_versions FROM direct_batcher;
SET ROLE direct_batcher;
SELECT * FROM wf_save_states('{e050,e051}', '{3,4}'::jsonb[]);
SET wfstate.tenant = 'direct others';
SELECT * FROM wf_save_states('{e050,e051}', '{3,4}'::jsonb[]);
SET wfstate.tenant = 'direct batches';
RESET ROLE;
REVOKE UPDATE ON wfstate.executions FROM direct_batcher;
SET ROLE direct_batcher;
SELECT * FROM wf_save_states('{e050,e051}', '{3,4}'::jsonb[]);
RESET ROLE;
SELECT wf_revoke_access('direct_batcher');
DROP ROLE direct_batcher;
SELECT execution_id, version, state FROM wf_load_many('{e050,e051}');

-- Changes are recorded, of each execution.
SELECT wf_record_changes();
SELECT pg_temp.batch('{e060,e061}', 60), count(*) FROM wf_save_states('{e062,e063}', '{1,2}'::jsonb[], statuses => '{paused,NULL}');
SELECT execution_id, kind, version, status FROM wf_changes();
SELECT wf_record_changes(false);
SELECT count(*) = count(*) FILTER (WHERE v.valid) AS sound FROM wf_list(max_rows => 10000) l, wf_verify(l.execution_id) v;
SELECT count(*) FILTER (WHERE wf_delete(execution_id)) FROM wf_list(max_rows => 10000);
