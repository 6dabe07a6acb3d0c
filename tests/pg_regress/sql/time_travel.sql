-- wf_state_at: by version and by time.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'time_travel';
SET wfstate.snapshot_below = 0;
DO $$ BEGIN FOR i IN 1..8 LOOP PERFORM wf_save_state('t', jsonb_build_object('n', i, 'pad', repeat('x', 600))); END LOOP; END $$;
UPDATE wfstate.state_versions SET saved_at = timestamptz '2024-01-01 00:00:00Z' + (version - 1) * interval '1 hour' WHERE tenant = 'time_travel';
-- Two versions at the same time: the later one counts.
UPDATE wfstate.state_versions SET saved_at = timestamptz '2024-01-01 03:00:00Z' WHERE tenant = 'time_travel' AND version = 5;
SELECT wf_state_at('t') -> 'n' AS head, wf_state_at('t', 3) -> 'n' AS three, wf_state_at('t', version => 8) -> 'n' AS eight;
SELECT at, wf_state_at('t', at => at) -> 'n' AS n FROM (VALUES (timestamptz '2024-01-01 00:00:00Z'), ('2024-01-01 00:59:59.999999Z'), ('2024-01-01 01:00Z'),
    ('2024-01-01 02:59:59.999999Z'), ('2024-01-01 03:00Z'), ('2024-01-01 04:59Z'), ('2024-01-01 06:59:59Z'), ('2024-01-01 07:00Z'), ('2030-01-01'), ('infinity')) AS t (at);
SELECT wf_state_at('t', at => timestamptz '2023-12-31 23:59:59.999999Z');
\echo :SQLSTATE
SELECT wf_state_at('t', at => '-infinity');
\echo :SQLSTATE
SELECT wf_state_at('t', 9);
\echo :SQLSTATE
SELECT wf_state_at('t', 0);
\echo :SQLSTATE
SELECT wf_state_at('t', -1);
\echo :SQLSTATE
SELECT wf_state_at('t', 1, '2024-01-01');
\echo :SQLSTATE
SELECT wf_state_at('none');
\echo :SQLSTATE
SELECT wf_state_at('none', 1);
\echo :SQLSTATE
SELECT wf_state_at('none', at => '2024-01-01');
\echo :SQLSTATE
-- Gaps after pruning: every time still finds the newest kept version as of then.
SELECT wf_checkpoint('t', 'two', 2), wf_checkpoint('t', 'six', 6);
SELECT wf_prune_history('t', keep_last => 1);
SELECT h, wf_state_at('t', at => timestamptz '2024-01-01 00:30:00Z' + h * interval '1 hour') -> 'n' AS n FROM generate_series(1, 8) h;
SELECT wf_state_at('t', at => timestamptz '2024-01-01 00:30:00Z');
\echo :SQLSTATE
SELECT wf_state_at('t', 1);
\echo :SQLSTATE
SELECT wf_state_at('t', 7);
\echo :SQLSTATE
-- All reads of one statement agree, though the time moves on.
SELECT wf_state_at('t', at => now()) = wf_load_state('t') AS now_is_head;
SELECT wf_delete('t');
