-- Metrics: measurements, batches, buckets, values, names, tenants, rights, deletion, and every refusal.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'metrics';
SET TIME ZONE 'UTC';
SELECT wf_save_state('run', '{}'), wf_save_state('other', '{}');
SELECT wf_record_metric('run', 'tokens', 100, 'n', '{"model": "small", "cached": true}', '2026-01-05 10:00Z') > 0 AS positive,
       wf_record_metric('run', 'tokens', 300, 'n', '{"model": "large"}', '2026-01-05 10:30Z') > 0 AS positive,
       wf_record_metric('other', 'tokens', 200, 'n', recorded_at => '2026-01-05 11:59:59.999999Z') > 0 AS positive,
       wf_record_metric(NULL, 'tokens', -50.5, 'n', recorded_at => '2026-01-07 00:00Z') > 0 AS positive,
       wf_record_metric('run', 'cost', 1e-9, 'USD', recorded_at => '2026-01-05 10:00Z') > 0 AS positive,
       wf_record_metric(NULL, 'load', 0, recorded_at => '2026-01-05 10:00Z') > 0 AS positive;
-- Summed up: all, by hour, by week (from Monday), of an execution, with labels, between times.
SELECT * FROM wf_metrics('tokens');
SELECT * FROM wf_metrics('tokens', '1 hour');
SELECT bucket_at, count, sum FROM wf_metrics('tokens', '7 days');
SELECT bucket_at, count, sum FROM wf_metrics('tokens', '1 day', since => '2026-01-05 10:30Z', until => '2026-01-07Z');
SELECT count, sum, unit FROM wf_metrics('tokens', execution_id => 'run');
SELECT count, sum FROM wf_metrics('tokens', labels => '{"model": "small"}');
SELECT count, sum FROM wf_metrics('tokens', labels => '{"model": "small"}', execution_id => 'other');
SELECT * FROM wf_metrics('cost');
SELECT * FROM wf_metrics('none');
SELECT bucket_at FROM wf_metrics('tokens', '1 hour', max_rows => 2);
SELECT bucket_at, count FROM wf_metrics('tokens', '1 hour', after => '2026-01-05 11:00Z');
SELECT bucket_at, count FROM wf_metrics('tokens', '1 hour', after => '2026-01-05 11:30Z', max_rows => 1);
SELECT count(*) FROM wf_metrics('tokens', after => now());
-- One unit, or none said.
SELECT wf_record_metric(NULL, 'mixed', 1, 'ms'), wf_record_metric(NULL, 'mixed', 2, 's'), wf_record_metric(NULL, 'half', 1, 'ms'), wf_record_metric(NULL, 'half', 2) \g /dev/null
SELECT m.unit FROM unnest('{tokens,mixed,half,load}'::text[]) n, wf_metrics(n) m;
-- Percentiles are the server's own, of values of any sign and size.
SELECT wf_record_metrics(NULL, array_fill('spread'::text, ARRAY[1000]), ARRAY(SELECT (n - 300) * 1.5e-7 FROM generate_series(1, 1000) n), recorded_at => array_fill(timestamptz '2026-02-01Z', ARRAY[1000]));
SELECT count, round(mean::numeric, 12) = round(sum::numeric / 1000, 12) AS mean, min = -299 * 1.5e-7 AS min, max = 700 * 1.5e-7 AS max, p50 = x[1] AS p50, p95 = x[2] AS p95, p99 = x[3] AS p99
  FROM wf_metrics('spread'), (SELECT percentile_cont('{0.5,0.95,0.99}'::float8[]) WITHIN GROUP (ORDER BY value) x FROM wfstate.metrics WHERE name = 'spread') y;
-- The greatest values can be summed up.
SELECT wf_record_metrics(NULL, '{huge,huge,huge}', '{1e100,-1e100,1e100}');
SELECT sum, min, max, p50 FROM wf_metrics('huge');
-- Values as recorded, in pages; names, with the newest value.
SELECT recorded_at, name, value, unit, labels, execution_id FROM wf_metric_values(until => '2026-02-01Z');
SELECT name, value FROM wf_metric_values('run');
SELECT name, value FROM wf_metric_values('run', 'tokens', newest_first => false);
SELECT value FROM wf_metric_values(name => 'tokens', since => '2026-01-05 10:30Z', until => '2026-01-07Z');
SELECT value FROM wf_metric_values(labels => '{"model": "large"}');
SELECT value FROM wf_metric_values(name => 'tokens', newest_first => false, max_rows => 2);
SELECT cursor AS last FROM wf_metric_values(name => 'tokens', newest_first => false, max_rows => 2) OFFSET 1 \gset
SELECT value FROM wf_metric_values(name => 'tokens', newest_first => false, after => :'last');
SELECT cursor AS last FROM wf_metric_values('run', max_rows => 1) \gset
SELECT name, value FROM wf_metric_values('run', after => :'last');
SELECT cursor AS last FROM wf_metric_values(until => '2026-02-01Z', max_rows => 1) \gset
SELECT name, value FROM wf_metric_values(until => '2026-02-01Z', after => :'last', max_rows => 2);
SELECT name, value, unit FROM wf_metric_names();
SELECT name FROM wf_metric_names(after => 'half', max_rows => 2);
SELECT count(*) FROM wf_metric_names(after => 'zz');
-- Batches.
SELECT wf_record_metrics(ARRAY['run', NULL, 'other'], ARRAY['a', 'a', 'b'], ARRAY[1, 2.5, -3], ARRAY['u', NULL, 'u'], ARRAY['{"x": 1}', NULL, '{}']::jsonb[], ARRAY['2026-03-01Z', '2026-03-02Z', '2026-03-03Z']::timestamptz[]);
SELECT recorded_at, name, value, unit, labels, execution_id FROM wf_metric_values(since => '2026-03-01Z', until => '2026-03-04Z', newest_first => false);
SELECT wf_record_metrics(NULL, '{}', '{}');
-- Another tenant.
SET wfstate.tenant = 'metrics-2';
SELECT count(*) FROM wf_metrics('tokens');
SELECT count(*) FROM wf_metric_values();
SELECT count(*) FROM wf_metric_names();
SELECT wf_record_metric('run', 'tokens', 1);
\echo :SQLSTATE
SET wfstate.tenant = 'metrics';
-- Refusals.
SELECT wf_record_metric('missing', 'tokens', 1);
\echo :SQLSTATE
SELECT wf_record_metric('', 'tokens', 1);
SELECT wf_record_metric('run', NULL, 1);
SELECT wf_record_metric('run', '', 1);
SELECT wf_record_metric('run', repeat('x', 256), 1);
SELECT wf_record_metric('run', 'tokens', NULL);
SELECT wf_record_metric('run', 'tokens', 'NaN');
\echo :SQLSTATE
SELECT wf_record_metric('run', 'tokens', '-Infinity');
SELECT wf_record_metric('run', 'tokens', 1.1e100);
SELECT wf_record_metric('run', 'tokens', 1, '');
SELECT wf_record_metric('run', 'tokens', 1, labels => '[]');
SELECT wf_record_metric('run', 'tokens', 1, labels => jsonb_build_object('x', repeat('x', 17000)));
SELECT wf_record_metric('run', 'tokens', 1, recorded_at => '-infinity');
SELECT wf_record_metrics(NULL, NULL, '{1}');
SELECT wf_record_metrics(NULL, '{refused}', NULL);
SELECT wf_record_metrics(NULL, '{refused,refused}', '{1}');
SELECT wf_record_metrics('{run}', '{refused,refused}', '{1,2}');
SELECT wf_record_metrics(NULL, '{refused,refused}', '{1,NaN}');
SELECT wf_record_metrics(NULL, '{refused,refused}', '{1,NULL}');
SELECT wf_record_metrics('{run,absent}', '{refused,refused}', '{1,2}');
\echo :SQLSTATE
SELECT wf_record_metrics(NULL, array_fill('x'::text, ARRAY[1001]), array_fill(1::float8, ARRAY[1001]));
\echo :SQLSTATE
SELECT count(*) FROM wf_metrics('refused');
SELECT wf_metrics(NULL);
SELECT wf_metrics('tokens', '1 month');
\echo :SQLSTATE
SELECT wf_metrics('tokens', '0');
SELECT wf_metrics('tokens', '-1 day');
SELECT wf_metrics('tokens', '400000 days');
SELECT wf_metrics('tokens', labels => '1');
SELECT wf_metrics('tokens', max_rows => 0);
SELECT wf_metric_values('');
SELECT wf_metric_values(name => '');
SELECT wf_metric_values(after => 'x');
SELECT wf_metric_values(max_rows => 0);
SELECT wf_metric_names(after => '');
SELECT wf_metric_names(max_rows => 0);
-- Rights.
CREATE ROLE regress_wf_metric_reader;
SELECT wf_grant_access('regress_wf_metric_reader', 'reader', '{metrics}');
SET ROLE regress_wf_metric_reader;
SELECT count FROM wf_metrics('tokens', labels => '{"model": "large"}');
SELECT count(*) FROM wf_metric_values('run');
SELECT count(*) FROM wf_metric_names();
SELECT wf_record_metric('run', 'tokens', 1);
\echo :SQLSTATE
SELECT count(*) FROM wfstate.metrics_default;
RESET ROLE;
-- Deletion takes the measurements of the execution along.
SELECT wf_delete('run');
SELECT count(*) FROM wf_metric_values('run');
SELECT count, sum FROM wf_metrics('tokens');
SELECT wf_delete('other');
DELETE FROM wfstate.metrics WHERE tenant = 'metrics';
SELECT wf_revoke_access('regress_wf_metric_reader');
DROP ROLE regress_wf_metric_reader;
