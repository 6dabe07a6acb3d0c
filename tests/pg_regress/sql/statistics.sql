-- wf_statistics: executions by workflow and bucket, counts by status, success, durations, throughput.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'statistics';
SET TIME ZONE 'UTC';
-- Executions with times of their own: durations of 1, 2, ... seconds.
INSERT INTO wfstate.executions (tenant, execution_id, workflow, status, version, hash, updated_at, state_bytes, chain_bytes, keyframe_version, created_at, started_at, completed_at)
SELECT 'statistics', 'e' || n, w, s, 1, n, at, 10, 0, 1, at, CASE WHEN s <> 'pending' THEN at END, CASE WHEN s IN ('completed', 'failed', 'cancelled', 'compensated') THEN at + n * interval '1 second' END
  FROM (VALUES (1, 'pay', 'completed', timestamptz '2026-01-05 10:00Z'), (2, 'pay', 'completed', '2026-01-05 10:10Z'), (3, 'pay', 'failed', '2026-01-05 10:20Z'), (4, 'pay', 'compensated', '2026-01-05 11:00Z'),
               (5, 'pay', 'cancelled', '2026-01-05 11:10Z'), (6, 'pay', 'running', '2026-01-05 11:20Z'), (7, 'pay', 'waiting', '2026-01-05 11:30Z'), (8, 'pay', 'paused', '2026-01-05 11:40Z'),
               (9, 'pay', 'compensating', '2026-01-05 11:50Z'), (10, 'pay', 'pending', '2026-01-06 00:10Z'), (11, 'pay', 'pending', '2026-01-06 00:00Z'), (12, 'ship', 'completed', '2026-01-05 10:00Z'), (13, NULL, 'running', '2026-01-05 10:00Z')) AS v (n, w, s, at);
\x on
SELECT workflow, bucket_at, executions, pending, running, waiting, paused, compensating, completed, failed, cancelled, compensated, in_flight, success_rate, mean_duration_ms, round(p50_duration_ms) BETWEEN 1980 AND 2020 AS p50, oldest_pending_at, total_tasks(stats) AS tasks FROM wf_statistics('pay');
\x off
SELECT workflow, executions, completed, in_flight, success_rate, mean_duration_ms FROM wf_statistics();
SELECT workflow, bucket_at, executions, completed, failed, success_rate, ended_per_hour FROM wf_statistics(bucket => '1 hour');
SELECT bucket_at, executions, oldest_pending_at FROM wf_statistics('pay', bucket => '1 day');
-- Since: those that were created then or later, also in their bucket's ended_per_hour.
SELECT bucket_at, executions, ended_per_hour FROM wf_statistics('pay', '2026-01-05 10:10Z', '1 hour', max_rows => 1);
SELECT count(*) FROM wf_statistics('pay', now());
SELECT count(*) FROM wf_statistics('none');
-- Without a bucket, the hours run until now.
SELECT abs(ended_per_hour - 4 / (extract(epoch FROM now() - '2026-01-05 10:10Z') / 3600)) < 1e-6 AS per_hour FROM wf_statistics('pay', '2026-01-05 10:10Z');
-- Percentiles are those of routing_stats; merged, the buckets are the whole.
SELECT (SELECT rollup(stats)::text FROM wf_statistics('pay', bucket => '10 minutes')) = stats::text AS whole, approx_percentile(0.5, stats) = p50_duration_ms AS p50, approx_percentile(0.95, stats) = p95_duration_ms AS p95, approx_percentile(0.99, stats) = p99_duration_ms AS p99 FROM wf_statistics('pay');
-- Pages.
CREATE FUNCTION pg_temp.pages(size integer, bucket interval) RETURNS TABLE (pages bigint, rows bigint, same bool) LANGUAGE plpgsql AS $$
DECLARE last text; page text[]; found text[] := '{}'; n bigint := 0;
BEGIN
    LOOP
        SELECT array_agg(concat_ws('/', s.workflow, s.bucket_at, s.executions)), (array_agg(s.cursor))[count(*)] INTO page, last FROM wf_statistics(bucket => pages.bucket, after => last, max_rows => size) s;
        EXIT WHEN page IS NULL;
        n := n + 1; found := found || page;
    END LOOP;
    RETURN QUERY SELECT n, cardinality(found)::bigint, found = ARRAY(SELECT concat_ws('/', s.workflow, s.bucket_at, s.executions) FROM wf_statistics(bucket => pages.bucket) s);
END $$;
SELECT p.* FROM (VALUES (1, NULL::interval), (2, '10 minutes'), (5, '1 day')) AS v (size, bucket), pg_temp.pages(size, bucket) AS p;
-- Executions as they are run: started, ended.
SELECT created FROM wf_start('live', 'l1');
SELECT status FROM wf_claim('w', '{live}') \g /dev/null
SELECT wf_complete('l1') > 0 AS completed;
SELECT executions, completed, success_rate, mean_duration_ms >= 0 AS measured FROM wf_statistics('live');
-- Another tenant; a reader.
SET wfstate.tenant = 'statistics-2';
SELECT count(*) FROM wf_statistics();
SET wfstate.tenant = 'statistics';
CREATE ROLE regress_wf_statistics;
SET ROLE regress_wf_statistics;
SELECT wf_statistics();
\echo :SQLSTATE
RESET ROLE;
SELECT wf_grant_access('regress_wf_statistics', 'reader', '{statistics}');
SET ROLE regress_wf_statistics;
SELECT executions FROM wf_statistics('ship');
RESET ROLE;
-- Refusals.
SELECT wf_statistics('');
SELECT wf_statistics(bucket => '1 year');
\echo :SQLSTATE
SELECT wf_statistics(bucket => '0');
SELECT wf_statistics(after => 'x');
SELECT wf_statistics(after => 'x:y');
SELECT wf_statistics(max_rows => 0);
SELECT wf_delete(execution_id) AS deleted, count(*) FROM wf_list(workflow => 'live') GROUP BY 1;
DELETE FROM wfstate.executions WHERE tenant = 'statistics';
SELECT wf_revoke_access('regress_wf_statistics');
DROP ROLE regress_wf_statistics;
