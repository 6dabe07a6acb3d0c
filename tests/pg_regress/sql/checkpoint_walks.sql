-- How much wf_checkpoints reads: what is found by metadata is looked for once.
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
SELECT wf_delete('meta');
