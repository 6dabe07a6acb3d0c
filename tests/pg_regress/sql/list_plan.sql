-- Which index each filter and order of wf_list is read from, by a role that row-level security holds for; and that
-- ordinary saves touch none of them.
SET wfstate.tenant = 'list_plan';
CREATE ROLE regress_wf_lister;
SELECT wf_grant_access('regress_wf_lister', 'reader');
-- 4,000 executions: a hundredth failed, a hundredth of another workflow, a tenth incomplete.
INSERT INTO wfstate.executions (tenant, execution_id, workflow, status, version, hash, updated_at, state_bytes, chain_bytes, keyframe_version, created_at, completed_at)
SELECT 'list_plan', 'e' || i, CASE WHEN i % 100 = 1 THEN 'rare' ELSE 'usual' END, s.status, 1, i, t.at, 10, 0, 1, t.at, CASE WHEN s.status IN ('completed', 'failed') THEN t.at END
  FROM generate_series(1, 4000) i, LATERAL (SELECT timestamptz '2026-01-01Z' + (i * 7919 % 4001) * interval '1 second' AS at) t,
       LATERAL (SELECT CASE WHEN i % 100 = 0 THEN 'failed' WHEN i % 10 = 5 THEN 'running' ELSE 'completed' END AS status) s;
ANALYZE wfstate.executions;
-- The indexes of executions that a query scans, and how many of their entries it reads; whether it reads the table.
CREATE FUNCTION pg_temp.reads(query text, OUT indexes text, OUT few boolean, OUT sequential boolean) LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE counted ON COMMIT DROP AS SELECT c.oid, c.relname::text, c.relkind, pg_stat_get_xact_numscans(c.oid) AS scans, pg_stat_get_xact_tuples_returned(c.oid) AS entries
      FROM pg_class c WHERE c.oid = 'wfstate.executions'::regclass OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'wfstate.executions'::regclass);
    SET LOCAL ROLE regress_wf_lister;
    EXECUTE query;
    RESET ROLE;
    SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FILTER (WHERE relkind = 'i' AND pg_stat_get_xact_numscans(c.oid) > c.scans),
           sum(pg_stat_get_xact_tuples_returned(c.oid) - c.entries) <= 60, bool_or(relkind = 'r' AND pg_stat_get_xact_numscans(c.oid) > c.scans)
      INTO indexes, few, sequential FROM counted c;
    DROP TABLE counted;
END $$;
SELECT arguments, r.* FROM unnest(ARRAY['', 'descending => false', 'after => ''1767225600000000:e1'', descending => false', 'created_since => ''2026-01-01 00:30Z'', descending => false',
    'created_before => ''2026-01-01 00:30Z''', 'sort => ''execution_id''', 'sort => ''execution_id'', descending => false, after => ''e2''',
    'workflow => ''rare''', 'workflow => ''rare'', descending => false', 'workflow => ''none''', 'status => ''failed''', 'status => ''failed'', descending => false',
    'status => ''cancelled''', 'status => ''running''', 'status => ''failed'', created_since => ''2026-01-01 00:30Z''', 'incomplete => true', 'incomplete => true, descending => false', 'incomplete => false'])
    WITH ORDINALITY a (arguments, n), LATERAL pg_temp.reads(format('SELECT * FROM wf_list(%s)', concat_ws(', ', nullif(arguments, ''), 'max_rows => 20'))) r ORDER BY n;
-- In the order of updated_at no index stands, since every save would have to touch it: all are read and sorted.
SELECT * FROM pg_temp.reads('SELECT * FROM wf_list(sort => ''updated_at'', max_rows => 20)');
-- A save that keeps the status is HOT, whatever else it changes; one that changes it is not.
SELECT wf_save_state('saved', '{"n": 0}', workflow => 'usual', status => 'running');
VACUUM wfstate.executions;
BEGIN;
SELECT pg_stat_get_xact_tuples_updated('wfstate.executions'::regclass) AS updated, pg_stat_get_xact_tuples_hot_updated('wfstate.executions'::regclass) AS hot \gset
DO $$ BEGIN FOR i IN 1..3 LOOP PERFORM wf_save_state('saved', jsonb_build_object('n', i)); PERFORM wf_patch_state('saved', jsonb_build_object('m', i)); PERFORM wf_patch_state('saved', '{}', status => 'running', phase => 'p' || i); END LOOP; END $$;
SELECT pg_stat_get_xact_tuples_updated('wfstate.executions'::regclass) - :updated AS updated, pg_stat_get_xact_tuples_hot_updated('wfstate.executions'::regclass) - :hot AS hot;
SELECT wf_save_state('saved', '{"n": 6}', status => 'failed');
SELECT pg_stat_get_xact_tuples_updated('wfstate.executions'::regclass) - :updated AS updated, pg_stat_get_xact_tuples_hot_updated('wfstate.executions'::regclass) - :hot AS hot;
COMMIT;
SELECT wf_delete('saved');
DELETE FROM wfstate.executions WHERE tenant = 'list_plan';
DROP OWNED BY regress_wf_lister;
DROP ROLE regress_wf_lister;
