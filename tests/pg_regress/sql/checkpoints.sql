-- wf_checkpoint, wf_checkpoints, wf_drop_checkpoint.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'checkpoints';
\pset null (null)
SELECT wf_save_state('c', to_jsonb(i)) FROM generate_series(1, 5) i;
SELECT wf_checkpoint('c', 'head');
SELECT wf_checkpoint('c', 'b', 2, '{"why": "payment", "n": 1.0}');
SELECT wf_checkpoint('c', 'a', version => 2);
SELECT wf_checkpoint('c', 'first', 1, metadata => '{}');
SELECT wf_checkpoint('c', 'Z', 2), wf_checkpoint('c', 'zz', 4), wf_checkpoint('c', repeat('n', 255), 3);
SELECT left(name, 10) AS name, version, metadata, created_by = current_user AS by_me, created_at <= clock_timestamp() AS past FROM wf_checkpoints('c');
-- Pages of every size are parts of the whole, names at one version included.
SELECT size, count(*) AS rows, string_agg(left(name, 5), ' ' ORDER BY page) AS names FROM generate_series(1, 3) size, LATERAL (
    WITH RECURSIVE p AS (
        SELECT 1 AS page, c.* FROM (SELECT name, row_number() OVER () AS r FROM wf_checkpoints('c', max_rows => size)) c
        UNION ALL
        SELECT p.page + 1, n.* FROM p, LATERAL (SELECT name, row_number() OVER () AS r FROM wf_checkpoints('c', after => p.name, max_rows => size)) n
         WHERE p.r = size)
    SELECT name, page * 100 + r AS page FROM p) pages GROUP BY size ORDER BY size;
SELECT left(name, 5) FROM wf_checkpoints('c', after => 'head');
SELECT wf_checkpoint('c', 'a');
\echo :SQLSTATE
SELECT wf_checkpoint('c', 'a', 2);
\echo :SQLSTATE
SELECT wf_checkpoint('c', 'new', 6);
\echo :SQLSTATE
SELECT wf_checkpoint('c', 'new', 0);
\echo :SQLSTATE
SELECT wf_checkpoint('c', '');
\echo :SQLSTATE
SELECT wf_checkpoint('c', NULL);
\echo :SQLSTATE
SELECT wf_checkpoint('c', 'new', metadata => '[]');
\echo :SQLSTATE
SELECT wf_checkpoint('none', 'new');
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('none');
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('c', after => 'gone');
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('c', max_rows => -1);
\echo :SQLSTATE
SELECT count(*) FROM wf_checkpoints('c');
-- Dropping; a dropped name can be used again, for another version.
SELECT wf_drop_checkpoint('c', 'a'), wf_drop_checkpoint('c', 'a'), wf_drop_checkpoint('none', 'a');
SELECT wf_checkpoint('c', 'a', 5);
SELECT name, version FROM wf_checkpoints('c', after => 'head');
SELECT wf_drop_checkpoint('c', NULL);
\echo :SQLSTATE
SELECT wf_drop_checkpoint('c', '');
\echo :SQLSTATE
-- A checkpoint copies no state: its row stays small.
SELECT wf_save_state('big', jsonb_build_object('pad', repeat('x', 1000000)));
SELECT wf_checkpoint('big', 'cp');
SELECT pg_column_size(c.*) < 200 AS small FROM wfstate.checkpoints c WHERE tenant = 'checkpoints' AND execution_id = 'big';
-- They go with their execution.
SELECT wf_delete('c'), wf_delete('big');
SELECT count(*) FROM wfstate.checkpoints WHERE tenant = 'checkpoints';
