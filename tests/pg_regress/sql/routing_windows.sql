-- routing_stats and rollup over moving frames that begin with, hold only, or run out of rows that are left out.
\set SHOW_CONTEXT never
\pset null (null)
CREATE TEMP TABLE tasks (agent text, i integer, success boolean, ms float8);
INSERT INTO tasks VALUES ('a', 1, NULL, 5), ('a', 2, true, 10), ('a', 3, NULL, NULL), ('a', 4, NULL, 7), ('a', 5, false, 40), ('a', 6, true, NULL),
    ('b', 1, NULL, NULL), ('b', 2, NULL, NULL), ('c', 1, true, 1), ('c', 2, NULL, 3), ('d', 1, NULL, 2), ('d', 2, NULL, 3), ('d', 3, true, 4);
SELECT i, total_tasks(s) AS total, measured_tasks(s) AS measured, min_duration_ms(s) AS min, max_duration_ms(s) AS max
  FROM (SELECT i, routing_stats(success, ms) OVER (ORDER BY i ROWS 1 PRECEDING) AS s FROM tasks WHERE agent = 'a') AS x;
-- A moving frame, by agent, against the plain aggregate of the same rows: NULL over no rows, and over such as are left out.
CREATE FUNCTION pg_temp.frames(before integer, after integer) RETURNS TABLE (frames bigint, nulls bigint, wrong bigint) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        SELECT count(*), count(*) FILTER (WHERE moving IS NULL), count(*) FILTER (WHERE moving IS DISTINCT FROM plain)
          FROM (SELECT w.moving, (SELECT routing_stats(t.success, t.ms)::text FROM tasks AS t WHERE t.agent = w.agent AND t.i BETWEEN w.i - %1$s AND w.i + %2$s) AS plain
                  FROM (SELECT agent, i, (routing_stats(success, ms) OVER (PARTITION BY agent ORDER BY i ROWS BETWEEN %3$s AND %4$s))::text AS moving FROM tasks) AS w) AS x$q$,
        before, after, CASE WHEN before < 0 THEN -before || ' FOLLOWING' ELSE before || ' PRECEDING' END,
        CASE WHEN after < 0 THEN -after || ' PRECEDING' ELSE after || ' FOLLOWING' END);
END $$;
SELECT b AS before, a AS after, f.* FROM (VALUES (0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (3, -1), (2, -2), (-1, 1), (-2, 3)) AS v (b, a), LATERAL pg_temp.frames(b, a) AS f;
-- With FILTER, which may leave a frame without any row.
SELECT agent, i, (routing_stats(success, ms) FILTER (WHERE ms > 4) OVER w)::text IS NOT DISTINCT FROM
       (SELECT (routing_stats(p.success, p.ms) FILTER (WHERE p.ms > 4))::text FROM tasks AS p WHERE p.agent = t.agent AND p.i BETWEEN t.i - 1 AND t.i) AS same,
       total_tasks(routing_stats(success, ms) FILTER (WHERE false) OVER w) AS none
  FROM tasks AS t WINDOW w AS (PARTITION BY agent ORDER BY i ROWS 1 PRECEDING) ORDER BY agent, i;
-- By distance instead of rows: gaps empty the frame.
SELECT n, total_tasks(routing_stats(ok, n) OVER (ORDER BY n RANGE BETWEEN 2 PRECEDING AND 1 PRECEDING)) AS before FROM (VALUES (1, NULL::boolean), (2, true), (9, NULL), (10, NULL), (11, false), (30, true)) AS v (n, ok);
-- The same for rollup. A frame that ran empty takes statistics of another relative error, as the plain aggregate does.
CREATE TEMP TABLE hours AS
SELECT i, CASE WHEN ok IS NULL THEN NULL ELSE routing_stats(ok, i, 0.01) END AS s FROM (VALUES (1, NULL::boolean), (2, NULL), (3, true), (4, false), (5, NULL), (6, NULL), (7, true)) AS v (i, ok) GROUP BY i, ok
UNION ALL SELECT 10, NULL UNION ALL SELECT 11, routing_stats(true, 5, 0.02) UNION ALL SELECT 12, NULL UNION ALL SELECT 13, NULL;
SELECT i, total_tasks(s) AS total, relative_error(s) AS error, s::text IS NOT DISTINCT FROM (SELECT rollup(h.s)::text FROM hours AS h WHERE h.i IN (r, b)) AS same
  FROM (SELECT i AS r, lag(i) OVER w AS b, i, rollup(s) OVER (ORDER BY i ROWS 1 PRECEDING) AS s FROM hours WINDOW w AS (ORDER BY i)) AS x ORDER BY i;
SELECT rollup(s) OVER (ORDER BY i ROWS 1 PRECEDING) FROM hours WHERE i IN (7, 11);
\echo :SQLSTATE
SELECT count(*) AS frames, count(s) AS not_null FROM (SELECT rollup(NULL::routing_stats) OVER (ORDER BY i ROWS 2 PRECEDING) AS s FROM hours) AS x;
-- A statement planned once, run with other values.
PREPARE moving(boolean, integer) AS
SELECT array_agg(total_tasks(s) ORDER BY n) FROM (SELECT n, routing_stats(CASE WHEN n > $2 THEN $1 END, n) OVER (ORDER BY n ROWS 1 PRECEDING) AS s FROM generate_series(1, 5) AS n) AS x;
SET plan_cache_mode = force_generic_plan;
EXECUTE moving(true, 2);
EXECUTE moving(NULL, 0);
EXECUTE moving(false, 0);
-- Below parallel workers, where only the scan may be theirs; and in many groups at once.
CREATE TABLE regress_windows AS SELECT n AS i, n % 7 AS agent, CASE WHEN n % 5 > 2 THEN n % 3 = 0 END AS success, n::float8 AS ms FROM generate_series(1, 3000) AS n;
ALTER TABLE regress_windows SET (parallel_workers = 2);
ANALYZE regress_windows;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(*), count(moving) AS not_null, count(*) FILTER (WHERE moving IS DISTINCT FROM
       (SELECT routing_stats(t.success, t.ms)::text FROM regress_windows AS t WHERE t.agent = w.agent AND t.i BETWEEN w.i - 14 AND w.i)) AS wrong
  FROM (SELECT agent, i, (routing_stats(success, ms) OVER (PARTITION BY agent ORDER BY i ROWS 2 PRECEDING))::text AS moving FROM regress_windows) AS w WHERE i <= 600;
RESET ALL;
DROP TABLE regress_windows;
