-- One long execution that dominates the statistics: a call for one of the others reads that one's rows alone.
SET wfstate.tenant = 'skewed_plan';
SELECT wf_save_state('big', '{"n": 1}'), wf_checkpoint('big', 'c');
INSERT INTO wfstate.state_versions (tenant, execution_id, version, keyframe_version, hash, snapshot_hash, saved_at, state_bytes, chain_bytes, snapshot, status)
SELECT v.tenant, v.execution_id, i, i, v.hash, v.snapshot_hash, v.saved_at, v.state_bytes, 0, v.snapshot, v.status FROM wfstate.state_versions v, generate_series(2, 5000) i WHERE v.tenant = 'skewed_plan';
UPDATE wfstate.executions SET version = 5000, keyframe_version = 5000 WHERE tenant = 'skewed_plan';
INSERT INTO wfstate.checkpoints (tenant, execution_id, name, version) SELECT 'skewed_plan', 'big', 'n' || i, 1 FROM generate_series(1, 5000) i;
INSERT INTO wfstate.task_results (tenant, execution_id, step_id, task_id, part, output) SELECT 'skewed_plan', 'big', 'c', 't', i, '1' FROM generate_series(1, 5000) i;
INSERT INTO wfstate.steps (tenant, execution_id, step_id) SELECT 'skewed_plan', 'big', 's' || i FROM generate_series(1, 5000) i;
INSERT INTO wfstate.thoughts (tenant, execution_id, step_id, thought, recorded_at) SELECT 'skewed_plan', 'big', 's', 't', now() FROM generate_series(1, 5000) i;
INSERT INTO wfstate.signals (tenant, execution_id, name) SELECT 'skewed_plan', 'big', 's' FROM generate_series(1, 5000) i;
SELECT sum(wf_record_logs(array_fill('big'::text, '{1000}'), array_fill('info'::text, '{1000}'), array_fill('m'::text, '{1000}'))) FROM generate_series(1, 5);
SELECT sum(wf_record_metrics(array_fill('big'::text, '{1000}'), array_fill('m'::text, '{1000}'), array_fill(1.0::float8, '{1000}'))) FROM generate_series(1, 5);
ANALYZE;
SELECT count(wf_save_state('s' || i, '{"n": 1}')), count(wf_checkpoint('s' || i, 'c')), count(wf_record_task('s' || i, 'c', 't', '{1}')) FROM generate_series(1, 200) i;
-- Entries of tables and indexes that are read.
CREATE FUNCTION pg_temp.reads(query text, OUT few boolean, OUT too_many text) LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE counted ON COMMIT DROP AS SELECT c.oid, c.relname, pg_stat_get_xact_tuples_returned(c.oid) AS before
      FROM pg_class c WHERE c.relnamespace = 'wfstate'::regnamespace AND c.relname ~ '^(state_versions|checkpoints|task_results|steps|thoughts|signals|logs|metrics)';
    EXECUTE query;
    SELECT sum(r.n) <= 1000, string_agg(c.relname || ' ' || r.n, ', ' ORDER BY r.n DESC) FILTER (WHERE r.n > 500) INTO few, too_many
      FROM counted c, LATERAL (SELECT pg_stat_get_xact_tuples_returned(c.oid) - before AS n) r;
    DROP TABLE counted;
END $$;
CREATE TEMP TABLE calls AS SELECT * FROM unnest(ARRAY['SELECT * FROM wf_task_results(''s1'', ''{c}'')', 'SELECT wf_prune_history(''s2'', 1)', 'SELECT wf_copy(''s3'', ''copy'')', 'SELECT wf_recover(''s4'')',
    'SELECT wf_drop_task_results(''s5'')', 'SELECT wf_drop_task_results(''s6'', ''{c}'')', 'SELECT wf_drop_checkpoints(''s7'', ''{c}'')', 'SELECT wf_drop_checkpoints(''s8'', prefix => ''c'')',
    'SELECT * FROM wf_checkpoints(''s9'')', 'SELECT * FROM wf_history(''s9'')', 'SELECT wf_export(''s9'')', 'SELECT wf_fork(''s10'', ''fork'')', 'SELECT wf_state_at(''s9'', checkpoint => ''c'')', 'SELECT * FROM wf_verify(''s9'')',
    'SELECT * FROM wf_logs(''s9'')', 'SELECT * FROM wf_thoughts(''s9'')', 'SELECT * FROM wf_steps(''s9'')', 'SELECT * FROM wf_signals(''s9'')', 'SELECT wf_delete(''s10'')', 'SELECT wf_delete(''s11'')', 'SELECT wf_delete(''none'')',
    'SELECT wf_delete_many(ARRAY(SELECT ''s'' || i FROM generate_series(12, 61) i))', 'SELECT wf_repair(''s62'')']) WITH ORDINALITY AS l (query, n);
SELECT c.query, r.* FROM calls c, LATERAL pg_temp.reads(c.query) r ORDER BY c.n;
SELECT count(*), wf_delete_many(array_agg(execution_id)) FROM wf_list(max_rows => 1000);
VACUUM (ANALYZE) wfstate.state_versions, wfstate.checkpoints, wfstate.task_results, wfstate.steps, wfstate.thoughts, wfstate.signals, wfstate.logs, wfstate.metrics;
