-- A load reads the segment of the head, not the log, also where the tables were never analysed.
SET wfstate.tenant = 'load_plan';
SET wfstate.keyframe_min = 2000;
SET wfstate.keyframe_ratio = 0;
SELECT wf_save_state('long', jsonb_build_object('pad', repeat('x', 1000)));
DO $$ BEGIN FOR i IN 1..400 LOOP PERFORM wf_patch_state('long', jsonb_build_object('n', i, 'text', repeat('y', 100))); END LOOP; END $$;
SET wfstate.cache_size = 0;
BEGIN;
SELECT coalesce(idx_tup_fetch, 0) AS before FROM pg_stat_xact_user_tables WHERE schemaname = 'wfstate' AND relname = 'state_versions' \gset
SELECT wf_load_state('long') ->> 'n' AS n;
SELECT coalesce(idx_tup_fetch, 0) - :before BETWEEN 1 AND 20 AS few_rows_read, coalesce(seq_scan, 0) AS seq_scans
  FROM pg_stat_xact_user_tables WHERE schemaname = 'wfstate' AND relname = 'state_versions';
COMMIT;
-- So does a load of an older version: the rows before its segment are not read either.
BEGIN;
SELECT coalesce(idx_tup_fetch, 0) AS before FROM pg_stat_xact_user_tables WHERE schemaname = 'wfstate' AND relname = 'state_versions' \gset
SELECT wf_state_at('long', 399) ->> 'n' AS n;
SELECT coalesce(idx_tup_fetch, 0) - :before BETWEEN 1 AND 60 AS few_rows_read, coalesce(seq_scan, 0) AS seq_scans
  FROM pg_stat_xact_user_tables WHERE schemaname = 'wfstate' AND relname = 'state_versions';
COMMIT;
SELECT wf_delete('long');
-- A session that plans while the table is empty, and never analysed, takes the primary key for one execution.
BEGIN;
TRUNCATE wfstate.executions, wfstate.state_versions;
CREATE TEMP TABLE scans AS SELECT indexrelid, pg_stat_get_xact_numscans(indexrelid) AS before FROM pg_index WHERE indrelid = 'wfstate.executions'::regclass;
DO $$ BEGIN
    FOR i IN 1..3 LOOP
        PERFORM wf_save_state('empty', to_jsonb(i)), wf_patch_state('empty', '{"a": 1}'), wf_checkpoint('empty', 'c' || i);
        PERFORM wf_load_state('empty'), wf_save_states('{empty}', '{1}'), wf_recover('empty'), (SELECT version FROM wf_load('empty'));
    END LOOP;
END $$;
SELECT indexrelid::regclass FROM scans WHERE pg_stat_get_xact_numscans(indexrelid) > before ORDER BY 1;
ROLLBACK;
