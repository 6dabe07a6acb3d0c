-- Thoughts: one by one and in batches; and every refusal.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'thoughts';
SELECT wf_save_session('s', '{}', 'ann'), wf_save_state('t', '{}');
SELECT wf_record_thought('s', 'plan', 'I should look at the file', 'open a.py', 'File not found', '{"cost": 0.50}', '2026-01-01 10:00Z') > 0 AS recorded;
SELECT wf_record_thought('s', thought => 'hm') > 0 AS recorded;
CREATE TEMP TABLE recorded AS SELECT * FROM wf_record_thoughts('s', ARRAY['plan', NULL, 'do'], ARRAY['a', 'b', NULL], observations => ARRAY[NULL, 'o', 'p'],
    data => ARRAY[NULL, '1', '"x"']::jsonb[], recorded_at => ARRAY['2026-01-02Z', NULL, '2026-01-01Z']::timestamptz[]);
SELECT count(*), bool_and(r.recorded_at = t.recorded_at) AS same_times FROM recorded AS r JOIN wf_thoughts('s') AS t USING (position);
SELECT step_id, thought, action, observation, data, CASE WHEN recorded_at < '2026-02-01' THEN recorded_at AT TIME ZONE 'UTC' END AS given FROM wf_thoughts('s');
SELECT thought, observation FROM wf_thoughts('s', 'plan');
SELECT thought, observation FROM wf_thoughts('s', newest_first => true, max_rows => 2);
SELECT t.thought FROM wf_thoughts('s', newest_first => true, max_rows => 2) AS f, LATERAL wf_thoughts('s', newest_first => true, after => f.position, max_rows => 1) AS t;
SELECT count(*) FROM wf_thoughts('t');
SELECT count(*) FROM wf_record_thoughts('s', thoughts => '{}');
SELECT count(*) FROM wf_record_thoughts('t', thoughts => (SELECT array_agg(n::text) FROM generate_series(1, 1000) AS n));
SELECT bool_and(thought = n::text) AS in_order FROM (SELECT thought, row_number() OVER () AS n FROM wf_thoughts('t', max_rows => 1000)) AS t;
-- Refusals.
SELECT wf_record_thought('none', thought => 'x');
\echo :SQLSTATE
SELECT wf_record_thought('s', 'plan');
\echo :SQLSTATE
SELECT wf_record_thought('s', '', 'x');
\echo :SQLSTATE
SELECT wf_record_thought(NULL, thought => 'x');
\echo :SQLSTATE
SELECT wf_record_thought('s', thought => 'x', recorded_at => 'infinity');
\echo :SQLSTATE
SELECT * FROM wf_record_thoughts('s', thoughts => '{x,y}', recorded_at => '{2026-01-01Z,-infinity}');
\echo :SQLSTATE
SELECT wf_record_thought('s', thought => repeat('x', 1048577));
\echo :SQLSTATE
SELECT wf_record_thought('s', observation => repeat('x', 1048577));
\echo :SQLSTATE
SELECT wf_record_thought('s', data => to_jsonb(repeat('x', 1048577)));
\echo :SQLSTATE
SELECT * FROM wf_record_thoughts('s', thoughts => '{a,NULL}');
\echo :SQLSTATE
SELECT * FROM wf_record_thoughts('s', thoughts => '{a,b}', step_ids => '{x,""}');
\echo :SQLSTATE
SELECT * FROM wf_record_thoughts('s', thoughts => ARRAY['a', repeat('x', 1048577)]);
\echo :SQLSTATE
SELECT * FROM wf_record_thoughts('s', thoughts => '{a,b}', actions => '{c}');
\echo :SQLSTATE
SELECT * FROM wf_record_thoughts('s');
\echo :SQLSTATE
SELECT * FROM wf_record_thoughts('none', thoughts => '{a}');
\echo :SQLSTATE
SELECT * FROM wf_record_thoughts('s', thoughts => array_fill('x'::text, ARRAY[1001]));
\echo :SQLSTATE
SELECT * FROM wf_record_thoughts('s', thoughts => array_fill(repeat('x', 1048576), ARRAY[65]));
\echo :SQLSTATE
SELECT * FROM wf_thoughts('none');
\echo :SQLSTATE
SELECT * FROM wf_thoughts('s', max_rows => 0);
\echo :SQLSTATE
SELECT * FROM wf_thoughts('s', newest_first => NULL);
\echo :SQLSTATE
SELECT * FROM wf_thoughts(NULL);
\echo :SQLSTATE
SELECT count(*) FROM wf_thoughts('s');
-- Rights, and other tenants.
CREATE ROLE regress_wf_thinker;
SELECT wf_grant_access('regress_wf_thinker', 'reader');
SET ROLE regress_wf_thinker;
SELECT count(*) FROM wf_thoughts('s');
SELECT wf_record_thought('s', thought => 'x');
SELECT wf_record_thoughts('s', thoughts => '{x}');
RESET ROLE;
-- Whoever writes adds, and changes nothing.
SELECT wf_grant_access('regress_wf_thinker', 'writer');
SET ROLE regress_wf_thinker;
SELECT wf_record_thought('s', thought => 'y') > 0 AS recorded;
UPDATE wfstate.thoughts SET thought = 'z';
UPDATE wfstate.logs SET message = 'z';
UPDATE wfstate.metrics SET value = 0;
RESET ROLE;
SET wfstate.tenant = 'thoughts2';
SELECT * FROM wf_thoughts('s');
\echo :SQLSTATE
SELECT wf_record_thought('s', thought => 'x');
\echo :SQLSTATE
SELECT wf_save_state('s', '{}');
SELECT count(*) FROM wf_thoughts('s');
SELECT wf_delete('s');
SET wfstate.tenant = 'thoughts';
SELECT wf_delete('s');
SELECT count(*) FROM wf_thoughts('t');
SELECT wf_delete('t');
SELECT count(*) FROM wfstate.thoughts WHERE tenant LIKE 'thoughts%';
DROP OWNED BY regress_wf_thinker;
DROP ROLE regress_wf_thinker;
