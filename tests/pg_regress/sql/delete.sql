-- wf_delete: everything of an execution goes, and nothing else.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'delete';
SELECT wf_declare_search('w', '{/n}');
SELECT wf_save_state(id, '{"n": 1}', workflow => 'w', tags => '{"t": 1}'), wf_save_state(id, '{"n": 2}'), wf_checkpoint(id, 'cp', 1) FROM unnest('{a,b}'::text[]) id;
SELECT wf_delete('a', 1);
\echo :SQLSTATE
SELECT wf_delete('a', 0);
\echo :SQLSTATE
SELECT wf_delete('a', -1);
\echo :SQLSTATE
SELECT wf_delete('a', expected_version => 2);
SELECT wf_delete('a'), wf_delete('a', 2), wf_delete('never');
SELECT wf_load_state('a');
\echo :SQLSTATE
SELECT wf_state_at('a', 1);
\echo :SQLSTATE
SELECT relation, count(*), min(execution_id) FROM (SELECT 'executions' AS relation, tenant, execution_id FROM wfstate.executions UNION ALL SELECT 'state_versions', tenant, execution_id FROM wfstate.state_versions
    UNION ALL SELECT 'checkpoints', tenant, execution_id FROM wfstate.checkpoints UNION ALL SELECT 'search', tenant, execution_id FROM wfstate.search) t WHERE tenant = 'delete' GROUP BY relation ORDER BY relation;
SELECT execution_id FROM wf_find('{"n": 1}', 'w') UNION ALL SELECT execution_id FROM wf_find('{"n": 2}', 'w');
-- The same id begins again at 1, with none of what was.
SELECT wf_save_state('a', '{"n": 9}', 0);
SELECT wf_load_state('a');
SELECT version, tags, workflow FROM wf_load('a');
SELECT count(*) FROM wf_checkpoints('a');
-- A deletion that is rolled back leaves it as it was, also in this session's memory.
BEGIN;
SELECT wf_delete('b');
SELECT wf_save_state('b', '"other"');
ROLLBACK;
SELECT version, state, tags FROM wf_load('b');
SELECT wf_save_state('b', '{"n": 3}', 2);
SELECT wf_delete(NULL);
\echo :SQLSTATE
SELECT wf_delete('');
\echo :SQLSTATE
SELECT wf_delete('a'), wf_delete('b'), wf_declare_search('w', '{}');
