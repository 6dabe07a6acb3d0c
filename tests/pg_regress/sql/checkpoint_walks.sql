-- How much wf_checkpoints reads: what is found by metadata is looked for once, and states of the newest first are made once each, no more of them than the rows that are asked for want.
SET wfstate.tenant = 'checkpoint_walks';
SET wfstate.cache_size = 0;
-- Entries of tables and indexes that a query has read.
CREATE FUNCTION pg_temp.reads(query text, tables text, OUT rows bigint, OUT reads bigint) LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE counted ON COMMIT DROP AS SELECT c.oid, pg_stat_get_xact_tuples_returned(c.oid) AS before FROM pg_class c WHERE c.relnamespace = 'wfstate'::regnamespace AND c.relname LIKE tables;
    EXECUTE format('SELECT count(*) FROM %s', query) INTO rows;
    SELECT sum(pg_stat_get_xact_tuples_returned(c.oid) - c.before) INTO reads FROM counted c;
    DROP TABLE counted;
END $$;
-- Metadata that are rare among the first and then more than a batch holds: 1,000 of 60 kB.
SELECT wf_save_state('meta', '{"a": 1}');
INSERT INTO wfstate.checkpoints (tenant, execution_id, name, version, metadata)
SELECT 'checkpoint_walks', 'meta', 'a' || lpad(i::text, 5, '0'), 1, '{"k": "o"}' FROM generate_series(1, 1001) i
UNION ALL SELECT 'checkpoint_walks', 'meta', 'b' || lpad(i::text, 5, '0'), 1, jsonb_build_object('k', 'r', 'pad', repeat('x', 60000)) FROM generate_series(1, 1000) i;
SELECT rows, reads <= 4500 AS few, CASE WHEN reads > 4500 THEN reads END AS too_many FROM pg_temp.reads('wf_checkpoints(''meta'', containment => ''{"k": "r"}'', max_rows => 10000)', 'checkpoints%');
SELECT rows, reads <= 3500 AS few, CASE WHEN reads > 3500 THEN reads END AS too_many FROM pg_temp.reads('wf_checkpoints(''meta'', prefix => ''b'', newest_first => true, after => ''b01000'', max_rows => 10000)', 'checkpoints%');
SELECT count(*), min(name), max(name), count(DISTINCT name) FROM wf_checkpoints('meta', containment => '{"k": "r"}', max_rows => 700);
-- Small states, which a search has found.
SELECT wf_save_state('small', '{"n": 0}');
DO $$ BEGIN FOR i IN 1..1500 LOOP PERFORM wf_patch_state('small', jsonb_build_object('n', i, 'text', repeat('y', 100)), checkpoint => 'c' || lpad(i::text, 5, '0')); END LOOP; END $$;
INSERT INTO wfstate.checkpoints (tenant, execution_id, name, version) SELECT 'checkpoint_walks', 'small', 'z' || i, 1501 FROM generate_series(1, 1000) i;
SELECT rows, reads <= 5500 AS few, CASE WHEN reads > 5500 THEN reads END AS too_many FROM pg_temp.reads('wf_checkpoints(''small'', prefix => ''c'', with_state => true, newest_first => true, max_rows => 1500)', 'state_versions%');
SELECT rows, reads <= 150 AS few, CASE WHEN reads > 150 THEN reads END AS too_many FROM pg_temp.reads('(SELECT wf_checkpoints(''small'', prefix => ''c'', with_state => true, newest_first => true, max_rows => 1500) LIMIT 1 OFFSET 0) AS first', 'state_versions%');
-- States of 1 MB, of which 16 are kept, below a small head.
SELECT wf_save_state('large', jsonb_build_object('pad', repeat('x', 1000000)));
DO $$ BEGIN FOR i IN 1..64 LOOP PERFORM wf_patch_state('large', jsonb_build_object('n', i), checkpoint => 'p/' || lpad(i::text, 5, '0')); END LOOP; END $$;
SELECT wf_save_state('large', '{"n": 0}');
SELECT rows, reads <= 100 AS few, CASE WHEN reads > 100 THEN reads END AS too_many FROM pg_temp.reads('(SELECT wf_checkpoints(''large'', with_state => true, newest_first => true) LIMIT 1 OFFSET 0) AS first', 'state_versions%');
-- What cursors keep is shared among them: the second makes the states that it gives.
BEGIN;
DECLARE one CURSOR FOR SELECT wf_checkpoints('large', with_state => true, newest_first => true);
DECLARE two CURSOR FOR SELECT wf_checkpoints('large', with_state => true, newest_first => true);
MOVE 1 IN one;
SELECT pg_stat_get_xact_tuples_returned('wfstate.state_versions_pkey'::regclass) AS before \gset
MOVE 1 IN two;
SELECT pg_stat_get_xact_tuples_returned('wfstate.state_versions_pkey'::regclass) - :before <= 70 AS few;
CLOSE one;
CLOSE two;
COMMIT;
SELECT wf_delete_many('{meta,small,large}');
