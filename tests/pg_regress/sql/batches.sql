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
