-- The type routing_stats: what its aggregate collects, what can be asked of it, and what is let in.
\set SHOW_CONTEXT never
\pset null (null)
CREATE TEMP TABLE tasks AS
SELECT n, 'agent-' || n % 3 AS agent, n % 7 <> 0 AS success,
       CASE n % 5 WHEN 0 THEN 20 + n % 11 ELSE exp(3 + 2 * sin(n * 12.9898)) END AS ms
  FROM generate_series(1, 5000) AS n;
CREATE TEMP VIEW stats AS SELECT agent, routing_stats(success, ms) AS s FROM tasks GROUP BY agent;
-- Exact: what the server's own aggregates say.
SELECT agent, total_tasks(s), successful_tasks(s), failed_tasks(s), measured_tasks(s), round(success_rate(s)::numeric, 6) AS rate FROM stats ORDER BY agent;
SELECT agent, total_tasks(s) = n AND successful_tasks(s) = ok AND success_rate(s) = ok / n::float8 AS counts, abs(mean_duration_ms(s) - mean) < 1e-9 AS mean, abs(stddev_duration_ms(s) - dev) < 1e-9 AS stddev,
       min_duration_ms(s) = low AS min, max_duration_ms(s) = high AS max, abs(total_duration_ms(s) - total) < 1e-6 AS total
  FROM stats JOIN (SELECT agent, count(*) AS n, count(*) FILTER (WHERE success) AS ok, avg(ms) AS mean, stddev(ms) AS dev, min(ms) AS low, max(ms) AS high, sum(ms) AS total FROM tasks GROUP BY agent) AS native USING (agent) ORDER BY agent;
-- Within 1 %: percentiles, for every hundredth; exact at both ends.
SELECT count(*), count(*) FILTER (WHERE abs(approx_percentile(q / 100.0, s) - exact) > exact * 0.01) AS beyond_bound
  FROM stats JOIN (SELECT agent, q, percentile_disc(q / 100.0) WITHIN GROUP (ORDER BY ms) AS exact FROM tasks, generate_series(0, 100) AS q GROUP BY agent, q) AS native USING (agent);
SELECT agent, approx_percentile(0, s) = min_duration_ms(s) AS low, approx_percentile(1, s) = max_duration_ms(s) AS high FROM stats ORDER BY agent;
SELECT approx_percentile(q, (SELECT routing_stats(true, n) FROM generate_series(1, 1000) AS n)) AS ms FROM unnest('{0.5,0.95,0.99}'::float8[]) AS q;
SELECT approx_percentile_rank(ms, (SELECT routing_stats(true, n) FROM generate_series(1, 1000) AS n)) AS rank FROM unnest('{0,1,500,999,1000,Infinity}'::float8[]) AS ms;
-- Finer and coarser ones.
SELECT e, relative_error(s), abs(approx_percentile(0.5, s) - 500) <= 500 * e AS within FROM unnest('{0.001,0.0123,0.1}'::float8[]) AS e, LATERAL (SELECT routing_stats(true, n, e) AS s FROM generate_series(1, 1000) AS n) AS x;
-- No row, a row without an outcome, a row without a duration, and what is no duration.
SELECT routing_stats(true, 1) FROM tasks WHERE false;
SELECT routing_stats(success, ms) FROM (VALUES (NULL::boolean, 1::float8), (NULL, NULL)) AS v (success, ms);
SELECT routing_stats(success, ms) FROM (VALUES (NULL::boolean, 1::float8), (true, NULL), (false, 'NaN'), (true, 'Infinity'), (true, '-Infinity'), (false, -0.001), (true, 1e13)) AS v (success, ms);
SELECT total_tasks(s), measured_tasks(s), mean_duration_ms(s), stddev_duration_ms(s), min_duration_ms(s), max_duration_ms(s), approx_percentile(0.5, s), approx_percentile_rank(1, s), total_duration_ms(s) FROM (SELECT routing_stats(true, NULL) AS s) AS x;
SELECT measured_tasks(s), approx_percentile(0.5, s), min_duration_ms(s), max_duration_ms(s), stddev_duration_ms(s) FROM (SELECT routing_stats(true, ms) AS s FROM unnest('{0,-0,1e-9}'::float8[]) AS ms) AS x;
SELECT total_tasks(NULL), success_rate(NULL), approx_percentile(0.5, NULL), NULL::routing_stats + s FROM stats LIMIT 1;
SELECT total_tasks(routing_stats(success, ms) FILTER (WHERE n < 100)), total_tasks(routing_stats(DISTINCT success, ms)) < 5000 AS distinct, total_tasks(routing_stats(success, ms ORDER BY ms)) FROM tasks;
-- Merging gives what collecting at once gives, in any order.
CREATE TEMP VIEW whole AS SELECT routing_stats(success, ms)::text AS whole FROM tasks;
SELECT rollup(s)::text = whole AS rollup, rollup(s ORDER BY agent DESC)::text = whole AS backwards FROM stats, whole GROUP BY whole;
SELECT (a.s + (b.s + c.s))::text = whole AS plus, (c.s + a.s + b.s)::text = whole AS otherwise FROM stats a, stats b, stats c, whole WHERE (a.agent, b.agent, c.agent) = ('agent-0', 'agent-1', 'agent-2');
SELECT rollup(s) FROM stats WHERE false;
SELECT rollup(s) FROM unnest(ARRAY[NULL, NULL]::routing_stats[]) AS s;
SELECT routing_stats(success, ms ORDER BY random())::text = whole AS shuffled FROM tasks, whole GROUP BY whole;
-- Two-step: stored, merged, asked later.
CREATE TEMP TABLE daily AS SELECT n / 1000 AS day, routing_stats(success, ms) AS s FROM tasks GROUP BY day;
SELECT day, total_tasks(s), round(approx_percentile(0.95, s)::numeric, 3) AS p95 FROM daily ORDER BY day;
SELECT rollup(s)::text = whole AS same FROM daily, whole GROUP BY whole;
-- Parallel workers, and a hash table that does not fit its memory.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CREATE TABLE regress_tasks AS SELECT * FROM tasks;
ALTER TABLE regress_tasks SET (parallel_workers = 2);
ANALYZE regress_tasks;
EXPLAIN (COSTS OFF) SELECT routing_stats(success, ms) FROM regress_tasks;
SELECT routing_stats(success, ms)::text = whole AS parallel FROM regress_tasks, whole GROUP BY whole;
SELECT routing_stats(success, ms)::text = (SELECT whole FROM whole) AS parallel FROM regress_tasks;
EXPLAIN (COSTS OFF) SELECT rollup(s) FROM (SELECT agent, routing_stats(success, ms, 0.02) AS s FROM regress_tasks GROUP BY agent) AS x;
SELECT rollup(s)::text = (SELECT routing_stats(success, ms, 0.02)::text FROM tasks) AS parallel FROM (SELECT agent, routing_stats(success, ms, 0.02) AS s FROM regress_tasks GROUP BY agent) AS x;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '64kB';
SET enable_sort = off;
SELECT rollup(s)::text = (SELECT whole FROM whole) AS spilled, count(*) FROM (SELECT n % 2500 AS part, routing_stats(success, ms) AS s FROM regress_tasks GROUP BY part) AS x;
RESET ALL;
DROP TABLE regress_tasks;
-- Over windows: a moving frame gives what collecting the frame anew gives.
SELECT count(*), count(*) FILTER (WHERE moving IS DISTINCT FROM (SELECT routing_stats(t.success, t.ms)::text FROM tasks t WHERE t.n BETWEEN w.n - 20 AND w.n + 3)) AS wrong
  FROM (SELECT n, routing_stats(success, ms) OVER (ORDER BY n ROWS BETWEEN 20 PRECEDING AND 3 FOLLOWING)::text AS moving FROM tasks) AS w WHERE n < 800;
SELECT count(*), count(*) FILTER (WHERE moving IS DISTINCT FROM (SELECT rollup(d.s)::text FROM daily d WHERE d.day BETWEEN w.day - 1 AND w.day + 1)) AS wrong
  FROM (SELECT day, rollup(s) OVER (ORDER BY day ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)::text AS moving FROM daily) AS w;
-- Frames that are empty, that skip rows, that start anew with each agent; rows without outcomes or durations.
SELECT n, total_tasks(routing_stats(success, ms) OVER (ORDER BY n ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING)) AS ahead, total_tasks(routing_stats(success, ms) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW)) AS others FROM tasks WHERE n <= 5 ORDER BY n;
SELECT agent, n, min_duration_ms(s) = min(ms) OVER w AS min, max_duration_ms(s) = max(ms) OVER w AS max FROM (SELECT *, routing_stats(success, ms) OVER (PARTITION BY agent ORDER BY n ROWS 1 PRECEDING) AS s FROM tasks WHERE n <= 9) AS x WINDOW w AS (PARTITION BY agent ORDER BY n ROWS 1 PRECEDING) ORDER BY agent, n;
SELECT n, total_tasks(s), measured_tasks(s), min_duration_ms(s), max_duration_ms(s) FROM (SELECT n, routing_stats(success, ms) OVER (ORDER BY n ROWS 1 PRECEDING) AS s FROM (VALUES (1, true, 5::float8), (2, NULL, 9), (3, NULL, 1), (4, false, NULL), (5, true, 'NaN'), (6, true, 2)) AS v (n, success, ms)) AS x;
-- For dashboards.
SELECT jsonb_pretty(routing_stats(success, ms)::jsonb) FROM (VALUES (true, 10::float8), (true, 10), (false, 40), (true, NULL)) AS v (success, ms);
SELECT (routing_stats(true, NULL)::jsonb ->> 'p95_duration_ms') IS NULL AS unknown;
-- The text and the binary form come back; the text is the value, not an approximation.
SELECT routing_stats(success, ms) AS text FROM (VALUES (true, 10::float8), (false, 40.5)) AS v (success, ms);
SELECT wfstate.routing_stats_send(routing_stats(success, ms)) AS bytes FROM (VALUES (true, 10::float8), (false, 40.5)) AS v (success, ms);
SELECT bool_and(s::text::routing_stats::text = s::text) AS same, bool_and(wfstate.routing_stats_send(s::text::routing_stats) = wfstate.routing_stats_send(s)) AS same_bytes FROM stats;
-- What no statistics have: the text, then what can be asked.
SELECT ''::routing_stats;
\echo :SQLSTATE
SELECT '{}'::routing_stats;
\echo :SQLSTATE
SELECT 'null'::routing_stats;
\echo :SQLSTATE
SELECT '{"version":1,"relative_error":0.01,"total":1,"succeeded":2,"measured":0}'::routing_stats;
\echo :SQLSTATE
SELECT '{"version":9,"relative_error":0.01,"total":1,"succeeded":1,"measured":0}'::routing_stats;
\echo :SQLSTATE
SELECT '{"version":1,"relative_error":0.5,"total":1,"succeeded":1,"measured":0}'::routing_stats;
\echo :SQLSTATE
SELECT '{"version":1,"relative_error":0.01,"total":1,"succeeded":1,"measured":1,"min":10.0,"max":10.0,"sum":"b","squares":"1","buckets":[[817,1]]}'::routing_stats;
\echo :SQLSTATE
SELECT approx_percentile(1.1, s) FROM stats;
\echo :SQLSTATE
SELECT approx_percentile(-0.1, s) FROM stats;
\echo :SQLSTATE
SELECT approx_percentile('NaN', s) FROM stats;
\echo :SQLSTATE
SELECT approx_percentile_rank('NaN', s) FROM stats;
\echo :SQLSTATE
SELECT routing_stats(true, 1, 0.5);
\echo :SQLSTATE
SELECT routing_stats(true, 1, 0.00001);
\echo :SQLSTATE
SELECT routing_stats(true, 1, NULL);
\echo :SQLSTATE
SELECT routing_stats(true, 1, 'NaN');
\echo :SQLSTATE
SELECT routing_stats(true, 1, n / 100.0) FROM generate_series(1, 2) AS n;
\echo :SQLSTATE
SELECT routing_stats(true, 1) + routing_stats(true, 1, 0.02);
\echo :SQLSTATE
SELECT rollup(s) FROM (SELECT routing_stats(true, 1) AS s UNION ALL SELECT routing_stats(true, 1, 0.02)) AS x;
\echo :SQLSTATE
SELECT routing_stats(success, ms) < routing_stats(success, ms) FROM tasks;
\echo :SQLSTATE
-- A text longer than any of theirs is refused before anything is made of it.
SELECT ('{"version":1,"buckets":[' || repeat('[0,1],', 1000000) || '[0,1]]}')::routing_stats;
\echo :SQLSTATE
