-- wf_copy: a new execution with the whole history of another; wf_delete_many: many go at once.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'copies';
SET wfstate.snapshot_below = 0;
\pset null (null)
CREATE FUNCTION pg_temp.pad(n int) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('n', n, 'pad', repeat('x', 1000)) $$;
SELECT wf_declare_search('w', '{/n}');
SELECT wf_save_state('a', pg_temp.pad(1), status => 'pending', phase => 'p1', workflow => 'w', tags => '{"team": "blue"}', schema_version => 7, checkpoint => 'first', checkpoint_metadata => '{"m": 1}');
SELECT wf_patch_state('a', '{"n": 2}', status => 'running', phase => 'p2', note => 'second', step_id => 's');
SELECT wf_patch_state('a', jsonb_build_object('big', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 3000) AS i)));
SELECT wf_recover('a', 'first'), wf_patch_state('a', '{"n": 5}', base_version => 2, status => 'completed', checkpoint => 'last');
SELECT wf_copy('a', 'b'), wf_copy('a', 'c', tags => '{"team": "red"}');
SELECT execution_id, workflow, schema_version, status, phase, version, state -> 'n' AS n, tags, initiated_by = current_user AS by_me,
       completed_at IS NOT NULL AS completed, forked_from_execution_id FROM wf_load_many('{a,b,c}');
SELECT execution_id, valid, versions, snapshots FROM unnest('{a,b,c}'::text[]) AS execution_id, wf_verify(execution_id) ORDER BY execution_id;
SELECT (SELECT array_agg(v::text ORDER BY version) FROM wf_history('a') AS v) = (SELECT array_agg(v::text ORDER BY version) FROM wf_history('b') AS v) AS same_history,
       (SELECT array_agg(c::text ORDER BY name) FROM wf_checkpoints('a') AS c) = (SELECT array_agg(c::text ORDER BY name) FROM wf_checkpoints('b') AS c) AS same_names,
       (SELECT bool_and(wf_state_at('a', version) = wf_state_at('b', version)) FROM generate_series(1, 5) AS version) AS same_states,
       (SELECT o.created_at = n.created_at AND o.updated_at = n.updated_at AND o.completed_at = n.completed_at FROM wf_load('a') AS o, wf_load('b') AS n) AS same_times;
SELECT array_agg(execution_id ORDER BY execution_id) FROM wf_find('{"n": 5}', 'w');
SELECT array_agg(execution_id) FROM wf_find('{}', tags => '{"team": "red"}');
-- Each goes its own way, and what stands on one stays when the other is pruned or goes.
SELECT wf_patch_state('b', '{"own": "b"}'), wf_fork('b', 'fork', version => 2), wf_recover('b', 'first');
SELECT wf_prune_history('a', keep_last => 1), wf_delete('a');
SET wfstate.cache_size = 0;
SELECT execution_id, version, state - 'pad' - 'big' AS state, (SELECT valid FROM wf_verify(execution_id)) AS valid FROM wf_load_many('{a,b,c,fork}');
RESET wfstate.cache_size;
-- A copy of a fork stands on what the fork stands on, which is kept for it as well.
SELECT wf_copy('fork', 'fork2'), wf_delete('fork');
SELECT execution_id, base_version, (SELECT valid FROM wf_verify(execution_id)) AS valid FROM wf_load('fork2'), wf_history('fork2');
SELECT wf_prune_history('b', keep_last => 1);
SELECT array_agg(version) FROM wf_history('b');
SELECT wf_delete('b');
SELECT execution_id, base_version, (SELECT valid FROM wf_verify(execution_id)) AS valid FROM wf_load('fork2'), wf_history('fork2');
-- Pruned histories are copied as they are.
SELECT wf_patch_state('c', '{"n": 6}', base_version => 3), wf_prune_history('c', keep_last => 2), wf_copy('c', 'd');
SELECT array_agg(version || ' ' || kind) FROM wf_history('d');
SELECT valid, versions FROM wf_verify('d');
-- What belongs to an execution besides stays with it.
SELECT version FROM wf_start('w', 'job', state => '{"n": 1}', idempotency_key => 'k');
SELECT action FROM wf_step_begin('job', 's');
SELECT wf_copy('job', 'job2');
SELECT count(*) FROM wf_steps('job2');
SELECT execution_id FROM wf_claim('w1', max_rows => 10);
SELECT execution_id FROM wf_start('w', idempotency_key => 'k');
SELECT wf_save_session('s1', '{"n": 1}'), wf_copy('s1', 's2');
SELECT execution_id FROM wf_sessions();
-- Refusals.
SELECT wf_copy('never', 'new');
SELECT wf_copy('c', 'd');
SELECT wf_copy('c', 'c');
SELECT wf_copy('c', NULL);
SELECT wf_copy('c', '');
SELECT wf_copy('c', repeat('x', 256));
SELECT wf_copy('c', 'new', '[]');
SELECT wf_copy('c', 'new', jsonb_build_object('t', repeat('x', 17000)));
-- Rules that came since: the head must satisfy those that bind it.
SELECT wf_define('ruled', '{"schema": {"required": ["a"]}}');
SELECT wf_save_state('r', '{"a": 1}', workflow => 'ruled'), wf_copy('r', 'r2');
SELECT workflow_version FROM wf_load('r2');
SELECT wf_save_state('r', '{"b": 1}', workflow => 'other');
UPDATE wfstate.executions SET workflow = 'ruled', workflow_version = 1 WHERE tenant = 'copies' AND execution_id = 'r';
SELECT wf_copy('r', 'r3');
\echo :SQLSTATE
SELECT count(*) FROM wf_list() WHERE execution_id = 'r3';
-- Another tenant's are not there.
SET wfstate.tenant = 'copies2';
SELECT wf_copy('c', 'new');
SELECT wf_delete_many('{c,d}');
SET wfstate.tenant = 'copies';
-- Many go at once, each once; forks that stay get what they stand on, and those that go are not asked.
SELECT wf_save_state(id, pg_temp.pad(1)), wf_checkpoint(id, 'cp') FROM unnest('{x,y,z}'::text[]) AS id;
SELECT wf_fork('x', 'xf'), wf_fork('y', 'yf'), wf_fork('x', 'y2');
SELECT wf_delete_many('{z,x,never,yf,x,y}');
SELECT array_agg(execution_id ORDER BY execution_id) FROM wf_list();
SELECT execution_id, base_version, kind, valid FROM unnest('{xf,y2}'::text[]) AS execution_id, wf_history(execution_id), wf_verify(execution_id);
SELECT wf_delete_many('{}'), wf_delete_many('{never}'), wf_delete_many('{z}');
SELECT wf_delete_many(NULL);
SELECT wf_delete_many('{a,NULL}');
SELECT wf_delete_many('{a,""}');
SELECT wf_delete_many((SELECT array_agg(i::text) FROM generate_series(1, 1001) AS i));
-- In a queue, as a child, and what was cached: as wf_delete.
SELECT version FROM wf_start('w', 'parent');
SELECT version FROM wf_start('w', 'child', parent => 'parent');
SELECT action FROM wf_step_begin('child', 's');
SELECT wf_log('child', 'info', 'line') > 0 AS logged;
BEGIN;
SELECT wf_delete_many('{child,job,xf}');
SELECT wf_save_state('xf', '"other"');
ROLLBACK;
SELECT version, state -> 'n' AS n FROM wf_load('xf');
SELECT wf_record_changes();
SELECT wf_delete_many('{child,job,job2,s1,s2}');
SELECT kind, execution_id FROM wf_changes();
SELECT wf_record_changes(false);
SELECT relation, count(*) FROM (SELECT 'leases' AS relation, tenant, execution_id FROM wfstate.leases UNION ALL SELECT 'steps', tenant, execution_id FROM wfstate.steps UNION ALL SELECT 'logs', tenant, execution_id FROM wfstate.logs
    UNION ALL SELECT 'runs', tenant, execution_id FROM wfstate.runs) AS t WHERE tenant = 'copies' GROUP BY relation ORDER BY relation;
SELECT wf_delete_many(ARRAY(SELECT execution_id FROM wf_list())), wf_declare_search('w', '{}');
SELECT count(*) FROM wfstate.state_versions WHERE tenant = 'copies';
