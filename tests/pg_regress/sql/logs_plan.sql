-- Which index each list of lines and measurements is read from, by a role that row-level security holds for, however
-- many others there are and wherever what is wanted lies; and that it is read no further than the page.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'logs_plan';
CREATE ROLE regress_wf_log_lister;
SELECT wf_grant_access('regress_wf_log_lister', 'writer', '{logs_plan}');
-- 100,000 lines and measurements: execution 'old' has the oldest fifth, which is all that is grave, too.
INSERT INTO wfstate.logs (tenant, execution_id, logged_at, level, message)
SELECT 'logs_plan', CASE WHEN i <= 20000 THEN 'old' ELSE 'e' || i % 100 END, timestamptz '2026-01-01Z' + i * interval '1 second', CASE WHEN i <= 20000 THEN 'error' ELSE 'info' END, 'line ' || i FROM generate_series(1, 100000) AS i;
INSERT INTO wfstate.metrics (tenant, execution_id, recorded_at, name, value)
SELECT 'logs_plan', CASE WHEN i <= 20000 THEN 'old' ELSE 'e' || i % 100 END, timestamptz '2026-01-01Z' + i * interval '1 second', CASE WHEN i <= 20000 THEN 'rare' ELSE 'usual ' || i % 10 END, i FROM generate_series(1, 100000) AS i;
INSERT INTO wfstate.executions (tenant, execution_id, workflow, status, version, hash, updated_at, state_bytes, chain_bytes, keyframe_version, created_at, started_at, completed_at)
SELECT 'logs_plan', 'e' || i, 'w' || i % 10, 'completed', 1, i, now(), 10, 0, 1, t, t, t FROM generate_series(1, 20000) AS i, LATERAL (SELECT timestamptz '2026-01-01Z' + i * interval '1 second' AS t) AS x;
-- The indexes that a query scans, how many entries it reads of them, and whether it reads a table from end to end.
CREATE FUNCTION pg_temp.reads(query text, most bigint, OUT indexes text, OUT few boolean, OUT sequential boolean) LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE counted ON COMMIT DROP AS SELECT c.oid, c.relname::text, c.relkind, pg_stat_get_xact_numscans(c.oid) AS scans, pg_stat_get_xact_tuples_returned(c.oid) AS entries
      FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE coalesce(i.indrelid, c.oid) IN ('wfstate.logs_default'::regclass, 'wfstate.metrics_default'::regclass, 'wfstate.executions'::regclass);
    SET LOCAL ROLE regress_wf_log_lister;
    EXECUTE query;
    RESET ROLE;
    SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FILTER (WHERE relkind = 'i' AND pg_stat_get_xact_numscans(c.oid) > c.scans),
           sum(pg_stat_get_xact_tuples_returned(c.oid) - c.entries) FILTER (WHERE relkind = 'i') <= most, bool_or(relkind = 'r' AND pg_stat_get_xact_numscans(c.oid) > c.scans)
      INTO indexes, few, sequential FROM counted c;
    DROP TABLE counted;
END $$;
CREATE FUNCTION pg_temp.all_reads() RETURNS TABLE (number bigint, query text, indexes text, few boolean, sequential boolean) LANGUAGE sql AS $$
SELECT n, q, r.* FROM unnest(ARRAY[
    'wf_logs(max_rows => 20)', 'wf_logs(newest_first => false, max_rows => 20)', 'wf_logs(since => ''2026-01-02Z'', newest_first => false, max_rows => 20)', 'wf_logs(until => ''2026-01-02Z'', max_rows => 20)',
    'wf_logs(after => ''l820540800000000:0'', max_rows => 20)', 'wf_logs(min_level => ''info'', max_rows => 20)',
    'wf_logs(min_level => ''warn'', max_rows => 20)', 'wf_logs(min_level => ''error'', newest_first => false, max_rows => 20)', 'wf_logs(min_level => ''fatal'', since => ''2026-01-02Z'')', 'wf_logs(min_level => ''warn'', after => ''l820540800000000:0'', max_rows => 20)',
    'wf_logs(''old'', max_rows => 20)', 'wf_logs(''old'', newest_first => false, max_rows => 20)', 'wf_logs(''e7'', max_rows => 20)', 'wf_logs(''e7'', ''warn'', since => ''2026-01-02 03:00Z'')', 'wf_logs(''old'', ''error'', max_rows => 20)', 'wf_logs(''none'')',
    'wf_metric_values(max_rows => 20)', 'wf_metric_values(newest_first => false, max_rows => 20)', 'wf_metric_values(''old'', max_rows => 20)', 'wf_metric_values(''old'', ''rare'', newest_first => false, max_rows => 20)',
    'wf_metric_values(name => ''rare'', max_rows => 20)', 'wf_metric_values(name => ''usual 3'', newest_first => false, max_rows => 20)', 'wf_metric_values(name => ''none'')', 'wf_metric_names()',
    'wf_metrics(''rare'', ''1 minute'', since => ''2026-01-01 05:20Z'')', 'wf_statistics(''w3'', since => ''2026-01-01 05:00Z'')', 'wf_statistics(since => ''2026-01-01 05:30Z'')'])
    WITH ORDINALITY a (q, n), LATERAL pg_temp.reads(format('SELECT * FROM %s', q), CASE WHEN n < 24 THEN 60 ELSE 2500 END) r ORDER BY n $$;
-- The planner knows nothing of the tenant yet: then it takes grave lines for so few that it fetches and sorts them,
-- and executions for so few that any index does.
SELECT query, indexes, few OR number IN (7, 8) AS few, sequential FROM pg_temp.all_reads() WHERE number < 26;
-- Now it knows all.
VACUUM ANALYZE wfstate.logs_default, wfstate.metrics_default, wfstate.executions;
ANALYZE wfstate.logs, wfstate.metrics;
CREATE TEMP TABLE known AS SELECT * FROM pg_temp.all_reads();
SELECT query, indexes, few, sequential FROM known;
-- What wf_delete takes is found by index.
SELECT * FROM pg_temp.reads('SELECT wf_delete(''e7'')', 2000);
SELECT count(*) FROM wf_logs('e7');
-- Looking for a text that no line has ends when it is told to.
SET statement_timeout = '5ms';
SELECT count(*) FROM wf_logs(text => 'nothing like it');
RESET statement_timeout;
DELETE FROM wfstate.logs WHERE tenant = 'logs_plan';
DELETE FROM wfstate.metrics WHERE tenant = 'logs_plan';
DELETE FROM wfstate.executions WHERE tenant = 'logs_plan';
SELECT wf_revoke_access('regress_wf_log_lister');
DROP ROLE regress_wf_log_lister;
