-- wf_save_states and wf_load_many.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'batches';
\pset null (null)
SELECT * FROM wf_save_states('{c,a,b}', ARRAY['{"n":"c"}', '{"n":"a"}', '{"n":"b"}']::jsonb[]);
SELECT * FROM wf_save_states(execution_ids => '{b,a,d}', states => ARRAY['{"n":2}', '{"n":2}', '{"n":1}']::jsonb[], expected_versions => '{1,NULL,0}');
SELECT execution_id, version, state FROM wf_load_many('{d,zzz,c,a,d}');
SELECT * FROM wf_load_many('{}');
SELECT * FROM wf_save_states('{}', '{}');
-- All or nothing.
SELECT * FROM wf_save_states('{a,b,e}', ARRAY['1', '2', '3']::jsonb[], '{NULL,1,NULL}');
\echo :SQLSTATE
SELECT * FROM wf_save_states('{a,d}', ARRAY['1', '2']::jsonb[], '{NULL,0}');
\echo :SQLSTATE
SELECT * FROM wf_save_states('{a,d}', ARRAY['1', NULL]::jsonb[]);
\echo :SQLSTATE
SELECT * FROM wf_save_states('{a,d}', ARRAY['1', '2']::jsonb[], '{NULL,-1}');
\echo :SQLSTATE
SELECT execution_id, version FROM wf_list(sort => 'execution_id', descending => false);
-- Shapes that don't fit.
SELECT * FROM wf_save_states('{a,b}', ARRAY['1']::jsonb[]);
\echo :SQLSTATE
SELECT * FROM wf_save_states('{a,b}', ARRAY['1','2']::jsonb[], '{1}');
\echo :SQLSTATE
SELECT * FROM wf_save_states('{a,b,a}', ARRAY['1','2','3']::jsonb[]);
\echo :SQLSTATE
SELECT * FROM wf_save_states('{a,NULL}', ARRAY['1','2']::jsonb[]);
\echo :SQLSTATE
SELECT * FROM wf_save_states('{a,""}', ARRAY['1','2']::jsonb[]);
\echo :SQLSTATE
SELECT * FROM wf_save_states(NULL, ARRAY['1']::jsonb[]);
\echo :SQLSTATE
SELECT * FROM wf_save_states('{a}', NULL);
\echo :SQLSTATE
SELECT * FROM wf_load_many(NULL);
\echo :SQLSTATE
SELECT * FROM wf_load_many('{a,NULL}');
\echo :SQLSTATE
-- A thousand is the most.
SELECT count(*), min(version), max(version) FROM wf_save_states((SELECT array_agg('n' || i) FROM generate_series(1, 1000) i), (SELECT array_agg(to_jsonb(i)) FROM generate_series(1, 1000) i));
SELECT count(*), count(*) FILTER (WHERE state = to_jsonb(substr(execution_id, 2)::int)) AS right FROM wf_load_many((SELECT array_agg('n' || i) FROM generate_series(1, 1000) i));
SELECT count(*) FROM wf_save_states((SELECT array_agg('n' || i) FROM generate_series(1, 1001) i), (SELECT array_agg(to_jsonb(i)) FROM generate_series(1, 1001) i));
\echo :SQLSTATE
SELECT count(*) FROM wf_load_many((SELECT array_agg('n' || i) FROM generate_series(1, 1001) i));
\echo :SQLSTATE
SELECT count(*) FILTER (WHERE wf_delete(execution_id)) FROM wf_list(max_rows => 10000);
-- What is said of each execution.
SELECT * FROM wf_save_states('{l1,l2,l3}', ARRAY['{"n":1}', '{"n":2}', '{"n":3}']::jsonb[], workflows => '{order,NULL,order}', statuses => '{pending,NULL,completed}', phases => '{p1,p2,NULL}', tags => ARRAY['{"t": 1}', NULL, '{"t": 3}']::jsonb[]);
SELECT * FROM wf_save_states('{l3,l2,l1}', ARRAY['{"n":6}', '{"n":5}', '{"n":4}']::jsonb[], workflows => '{NULL,late,NULL}', statuses => '{NULL,failed,running}', tags => ARRAY[NULL, '{"t": 2}', NULL]::jsonb[]);
SELECT execution_id, workflow, status, phase, version, state, tags, started_at IS NOT NULL AS started, completed_at IS NOT NULL AS completed FROM wf_load_many('{l1,l2,l3}');
SELECT execution_id, h.version, h.status, h.phase, h.kind FROM unnest('{l1,l2,l3}'::text[]) execution_id, wf_history(execution_id) h ORDER BY 1, 2;
-- The first execution by id that is refused is named, whatever else is wrong with later ones.
SELECT wf_save_states('{l3,l2}', ARRAY['1', '2']::jsonb[], statuses => '{running,running}');
\echo :SQLSTATE
SELECT wf_save_states('{l3,l1}', ARRAY['1', '2']::jsonb[], '{NULL,0}', statuses => '{odd,NULL}');
\echo :SQLSTATE
SELECT wf_save_states('{l3,l1}', ARRAY['1', '2']::jsonb[], '{7,NULL}', statuses => '{NULL,odd}');
\echo :SQLSTATE
SELECT wf_save_states('{new1,new2}', ARRAY['1', '2']::jsonb[], '{NULL,7}');
\echo :SQLSTATE
SELECT wf_save_states('{l1,l2}', ARRAY['1', '2']::jsonb[], phases => '{NULL}');
\echo :SQLSTATE
SELECT wf_save_states('{l1,l2}', ARRAY['1', '2']::jsonb[], tags => ARRAY['[]', '{}']::jsonb[]);
\echo :SQLSTATE
SELECT wf_save_states('{l1,l2}', ARRAY['1', '2']::jsonb[], workflows => ARRAY['', NULL]);
\echo :SQLSTATE
SET wfstate.max_state_size = '1kB';
SELECT wf_save_states('{l1,l2}', ARRAY['1', to_jsonb(repeat('x', 2000))]);
\echo :SQLSTATE
RESET wfstate.max_state_size;
SELECT wf_save_states(array_agg('big' || i), array_agg(to_jsonb(repeat('x', 1024 * 1024)))) FROM generate_series(1, 65) i;
\echo :SQLSTATE
SELECT execution_id, version, status FROM wf_load_many('{l1,l2,l3,new1,new2,big1}');
-- A batch does what the calls one by one would do: random courses, forks and recoveries between, in two tenants.
SELECT setseed(0.25), wf_declare_search('seen', '{/a}');
SET wfstate.tenant = 'batches single';
SELECT wf_declare_search('seen', '{/a}');
CREATE FUNCTION pg_temp.rows_of(of text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT (to_jsonb(e) - '{tenant,created_at,started_at,updated_at,completed_at}'::text[] || jsonb_build_object('s', started_at IS NULL, 'c', completed_at IS NULL))::text FROM wfstate.executions e WHERE tenant = of AND execution_id LIKE 'r%'
    UNION ALL SELECT (to_jsonb(v) - '{tenant,saved_at}'::text[])::text FROM wfstate.state_versions v WHERE tenant = of AND execution_id LIKE 'r%'
    UNION ALL SELECT (to_jsonb(s) - '{tenant}'::text[])::text FROM wfstate.search s WHERE tenant = of AND execution_id LIKE 'r%' $$;
DO $$
DECLARE ids text[]; states jsonb[]; workflows text[]; statuses text[]; phases text[]; tags jsonb[]; n int; versions bigint[];
BEGIN
    PERFORM set_config('wfstate.keyframe_min', '300', true), set_config('wfstate.keyframe_ratio', '0.2', true), set_config('wfstate.archive_ratio', '0.5', true);
    FOR round IN 1..60 LOOP
        PERFORM set_config('wfstate.cache_size', CASE WHEN random() < 0.5 THEN '0' ELSE '1MB' END, true);
        SELECT array_agg(id), array_agg(CASE WHEN r < 0.1 THEN '{"a": 1}' WHEN r < 0.5 THEN jsonb_build_object('a', round % 3, 'n', round, 'pad', repeat('x', 700)) ELSE jsonb_build_object('a', round % 2, 'pad', repeat(chr(97 + (r * 9)::int), 900), 'list', to_jsonb(ARRAY[round, round + 1])) END),
               array_agg((ARRAY['seen', 'other', NULL, NULL, NULL])[1 + r * 5]), array_agg((ARRAY['running', 'pending', NULL, NULL])[1 + q * 4]), array_agg((ARRAY['p', NULL])[1 + q * 2]),
               array_agg((ARRAY['{"t": 1}', '{"t": 2}', NULL, NULL]::jsonb[])[1 + q * 4])
          INTO ids, states, workflows, statuses, phases, tags
          FROM (SELECT 'r' || i AS id, random() AS r, random() AS q FROM generate_series(1, 12) i WHERE random() < 0.6 ORDER BY random()) x;
        CONTINUE WHEN ids IS NULL;
        PERFORM set_config('wfstate.tenant', 'batches', true);
        SELECT array_agg(s.version) INTO versions FROM wf_save_states(ids, states, NULL, workflows, statuses, phases, tags) s;
        IF round % 9 = 0 THEN PERFORM wf_recover(ids[1], version => 1), wf_fork(ids[1], 'r' || 100 + round); END IF;
        PERFORM set_config('wfstate.tenant', 'batches single', true);
        FOR i IN 1..cardinality(ids) LOOP
            n := wf_save_state(ids[i], states[i], status => statuses[i], phase => phases[i], workflow => workflows[i], tags => tags[i]);
            ASSERT n = versions[i], format('round %s: %s', round, ids[i]);
        END LOOP;
        IF round % 9 = 0 THEN PERFORM wf_recover(ids[1], version => 1), wf_fork(ids[1], 'r' || 100 + round); END IF;
    END LOOP;
END $$;
SELECT count(*) > 300 AS many, count(*) FILTER (WHERE r LIKE '%snapshot_hash%' AND r NOT LIKE '%"patch": null%' AND r NOT LIKE '%"snapshot": null%') > 10 AS keyframes FROM pg_temp.rows_of('batches') r;
(SELECT 'batch', * FROM pg_temp.rows_of('batches') EXCEPT ALL SELECT 'batch', * FROM pg_temp.rows_of('batches single'))
UNION ALL (SELECT 'single', * FROM pg_temp.rows_of('batches single') EXCEPT ALL SELECT 'single', * FROM pg_temp.rows_of('batches'));
SELECT count(*) AS sound FROM wf_list(max_rows => 1000) l, wf_verify(l.execution_id) v WHERE v.valid;
SELECT count(*) FILTER (WHERE wf_delete(execution_id)), wf_declare_search('seen', '{}') FROM wf_list(max_rows => 10000);
SET wfstate.tenant = 'batches';
SELECT count(*) - count(*) FILTER (WHERE v.valid) AS unsound FROM wf_list(max_rows => 1000) l, wf_verify(l.execution_id) v;
SELECT bool_and(e.updated_at = (SELECT max(saved_at) FROM wfstate.state_versions v WHERE v.tenant = e.tenant AND v.execution_id = e.execution_id)) AS head_is_last FROM wfstate.executions e WHERE tenant = 'batches';
SELECT count(*) > 0 FROM wf_list(max_rows => 10000) WHERE wf_delete(execution_id);
SELECT wf_declare_search('seen', '{}');
