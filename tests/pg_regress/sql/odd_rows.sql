-- What one writer or one administrator of the schema can write must not blind, mislead or slow down who looks.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'odd rows';
SET timezone = 'UTC';
-- Overloads beside the extension's functions are not called by it.
CREATE FUNCTION public.wf_circuits_open(max_rows integer) RETURNS TABLE (agent_key text) LANGUAGE sql AS 'SELECT ''forged''::text';
CREATE FUNCTION public.wf_maintain(all_tenants bool, max_rows integer) RETURNS TABLE (task text) LANGUAGE sql AS 'SELECT ''forged''::text';
SELECT status, detail FROM wf_health() WHERE check_name = 'open_circuits';
SELECT wfstate.cron_command(7) AS command \gset
:command \g /dev/null
\echo :ROW_COUNT
DROP FUNCTION public.wf_circuits_open(integer);
DROP FUNCTION public.wf_maintain(bool, integer);
-- Names that would write to a terminal are shown by their numbers.
SELECT wf_save_state(E'a\u001b]0;title\u0007\nb\u202e', '{}', workflow => E'w\r\u009b', status => 'pending') \g /dev/null
UPDATE wfstate.executions SET created_at = '2020-01-01Z', updated_at = '2020-01-01Z' WHERE tenant = 'odd rows';
SELECT wf_circuit_save(E'k\u001b[2J', 'open') \g /dev/null
SELECT check_name, detail FROM wf_health() WHERE check_name IN ('oldest_pending', 'open_circuits');
SELECT wf_save_state(E's\u001b[1m', '{}'), wf_step_begin(E's\u001b[1m', E's\u001b[1m') \g /dev/null
SELECT kind, name FROM wf_timeline(E's\u001b[1m') WHERE kind IN ('execution', 'step');
-- Rows with times that nothing can be subtracted from.
INSERT INTO wfstate.leases (expires_at, check_at, lane, state, tenant, execution_id, workflow)
SELECT t, t, 0, s, 'odd rows', 'none' || s || t, 'w' FROM unnest('{-infinity,4713-01-01 BC,1999-01-01}'::timestamptz[]) AS t, unnest('{held,waiting}'::text[]) AS s;
UPDATE wfstate.executions SET created_at = '-infinity', updated_at = 'infinity' WHERE tenant = 'odd rows';
SELECT check_name, status, value > 1e9 AS long_ago FROM wf_health() WHERE check_name IN ('expired_leases', 'overdue_waits', 'oldest_pending', 'disk');
UPDATE wfstate.executions SET updated_at = '-infinity' WHERE tenant = 'odd rows';
SELECT check_name, status, value > 1e9 AS long_ago FROM wf_health() WHERE check_name IN ('expired_leases', 'overdue_waits', 'oldest_pending', 'disk');
DELETE FROM wfstate.leases WHERE tenant = 'odd rows';
\set VERBOSITY terse
INSERT INTO wfstate.retention (tenant, item, older_than) VALUES ('odd rows', 'logs', '178000000 years');
\echo :SQLSTATE
INSERT INTO wfstate.retention (tenant, item, older_than) VALUES ('odd rows', 'logs', '-1 day');
\echo :SQLSTATE
\set VERBOSITY default
SELECT wf_set_retention('logs', '1000 years'), wf_set_retention('metrics', '372000 days'), wf_set_retention('changes', '0');
SELECT count(*) > 0 AS maintained FROM wf_maintain();
DELETE FROM wfstate.retention WHERE tenant = 'odd rows';
-- A measurement from the beginning of time.
SELECT wf_record_metric(NULL, 'm', n, recorded_at => t) > 0 AS recorded FROM (VALUES (1, timestamptz '4713-02-01 BC'), (2, '2026-01-05 10:00Z'), (3, '2026-01-06Z')) AS v (n, t);
SELECT bucket_at < '4000-01-01 BC' AS begins, count, sum FROM wf_metrics('m', '1000 days');
SELECT bucket_at, count, sum FROM wf_metrics('m', '1 day', since => '2000-01-01');
DELETE FROM wfstate.metrics WHERE tenant = 'odd rows';
-- What looks at some of many rows reads them by key: no table from end to end for each of them.
SELECT count(wf_save_state('e' || n, '{}', workflow => 'w')) FROM generate_series(1, 50) AS n;
SELECT count(*) FROM wf_steps_begin('e1', ARRAY(SELECT 's' || n FROM generate_series(1, 1000) AS n));
SELECT count(*) FROM wf_steps_complete('e1', ARRAY(SELECT 's' || n FROM generate_series(1, 1000) AS n));
SELECT count(*) FROM generate_series(1, 50) AS n, LATERAL wf_start('w' || n, 'q' || n);
INSERT INTO wfstate.waits (tenant, execution_id, wait_id, kind, asked_version) SELECT 'odd rows', 'e1', 'w' || n, 'sleep', 1 FROM generate_series(1, 1000) AS n;
ANALYZE wfstate.executions, wfstate.steps, wfstate.waits, wfstate.leases;
BEGIN;
SELECT length(wf_report(since => now() - interval '1 hour')) > 0 AS reported, count(*) AS checks FROM wf_health();
SELECT relname, pg_stat_get_xact_numscans(oid) AS scans FROM pg_class WHERE oid IN ('wfstate.steps'::regclass, 'wfstate.waits'::regclass) ORDER BY 1;
COMMIT;
DELETE FROM wfstate.circuits WHERE tenant = 'odd rows'; DELETE FROM wfstate.circuit_transitions WHERE tenant = 'odd rows';
UPDATE wfstate.executions SET created_at = now() WHERE tenant = 'odd rows';
SELECT count(wf_delete(execution_id)) FROM wf_list(max_rows => 1000);
DELETE FROM wfstate.queues WHERE tenant = 'odd rows'; DELETE FROM wfstate.cleanup_progress WHERE tenant = 'odd rows';
