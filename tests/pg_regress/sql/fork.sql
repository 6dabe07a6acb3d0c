-- wf_fork: a new execution from a version of another, which may go its own way or go away.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'fork';
SET wfstate.snapshot_below = 0;
\pset null (null)
CREATE FUNCTION pg_temp.pad(n int) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('n', n, 'pad', repeat('x', 1000)) $$;
SELECT wf_save_state('a', pg_temp.pad(1), status => 'pending', phase => 'p1', workflow => 'w', tags => '{"team": "blue"}', schema_version => 7);
SELECT wf_patch_state('a', '{"n": 2}', status => 'running', phase => 'p2');
SELECT wf_patch_state('a', '{"n": 3}', status => 'completed', phase => 'p3');
SELECT wf_checkpoint('a', 'cp', 2);
SELECT wf_fork('a', 'head');
SELECT wf_fork('a', 'at1', version => 1);
SELECT wf_fork('a', 'at2', checkpoint => 'cp');
SELECT execution_id, workflow, schema_version, status, phase, version, state -> 'n' AS n, tags, initiated_by = current_user AS by_me,
       started_at IS NOT NULL AS started, completed_at IS NOT NULL AS completed, forked_from_execution_id, forked_from_version FROM wf_load_many('{head,at1,at2}');
SELECT count(*) FROM wf_checkpoints('at2');
SELECT version, base_version, kind, status, phase, changes, stored_bytes < 300 AS small FROM wf_history('at2');
-- Forks of forks, each with work of its own; the source goes on too.
SELECT wf_patch_state('at2', '{"own": "at2"}'), wf_fork('at2', 'at2.2'), wf_fork('at2', 'at2.1', 1);
SELECT wf_patch_state('at2.2', '{"own": "at2.2"}'), wf_patch_state('at2.1', '{"own": "at2.1"}'), wf_fork('at2.2', 'at2.2.2');
SELECT wf_save_state('a', pg_temp.pad(4));
SET wfstate.cache_size = 0;
SELECT execution_id, version, state - 'pad' AS state, forked_from_execution_id AS source, forked_from_version AS at, (SELECT valid FROM wf_verify(execution_id)) AS valid
  FROM wf_load_many('{a,head,at1,at2,at2.1,at2.2,at2.2.2}');
-- Going back before one's own first version is not possible; to it, it is.
SELECT wf_recover('at2.2.2', version => 1);
SELECT wf_load_state('at2.2.2') - 'pad';
-- The source pruned: the versions that forks stand on stay.
SELECT wf_prune_history('a', keep_last => 1);
SELECT array_agg(version) FROM wf_history('a');
SELECT wf_prune_history('at2', keep_last => 1);
SELECT array_agg(version) FROM wf_history('at2');
SELECT execution_id, version, state - 'pad' AS state, (SELECT valid FROM wf_verify(execution_id)) AS valid FROM wf_load_many('{a,head,at1,at2,at2.1,at2.2,at2.2.2}');
-- A fork whose own first version was pruned stands on its own.
SELECT wf_patch_state('head', '{"own": "head"}'), wf_prune_history('head', 1);
SELECT version, base_version, kind FROM wf_history('head');
-- The sources deleted, from the middle and from the root: nothing is lost.
SELECT wf_delete('at2'), wf_delete('a');
SELECT execution_id, version, state - 'pad' AS state, forked_from_execution_id AS source, (SELECT valid FROM wf_verify(execution_id)) AS valid FROM wf_load_many('{a,head,at1,at2,at2.1,at2.2,at2.2.2}');
SELECT version, base_version, kind FROM wf_history('at2.2');
-- Another execution under the deleted source's id has nothing to do with them.
SELECT wf_save_state('a', '"another"', 0), wf_save_state('a', '"another 2"'), wf_save_state('at2', '"another"', 0);
SELECT wf_prune_history('a', 1);
SELECT wf_delete('a'), wf_delete('at2');
SELECT execution_id, version, state - 'pad' AS state, (SELECT valid FROM wf_verify(execution_id)) AS valid FROM wf_load_many('{head,at1,at2.1,at2.2,at2.2.2}');
RESET wfstate.cache_size;
-- A fork is found by what it holds.
SELECT wf_declare_search('w', '{/own}');
SELECT wf_fork('at2.2', 'found', 2);
SELECT execution_id FROM wf_find('{"own": "at2.2"}', 'w');
SELECT execution_id FROM wf_find('{}', tags => '{"team": "blue"}');
SELECT wf_declare_search('w', '{}');
-- Refusals.
SELECT wf_fork('head', 'at1');
\echo :SQLSTATE
SELECT wf_fork('head', 'head');
\echo :SQLSTATE
SELECT wf_fork('head', 'new', version => 99);
\echo :SQLSTATE
SELECT wf_fork('head', 'new', version => 1);
\echo :SQLSTATE
SELECT wf_fork('head', 'new', checkpoint => 'none');
\echo :SQLSTATE
SELECT wf_fork('head', 'new', 2, 'none');
\echo :SQLSTATE
SELECT wf_fork('none', 'new');
\echo :SQLSTATE
SELECT wf_fork('head', '');
\echo :SQLSTATE
SELECT wf_fork('head', NULL);
\echo :SQLSTATE
SELECT wf_fork('head', 'new', -1);
\echo :SQLSTATE
SELECT count(*) FROM wf_list() WHERE execution_id = 'new';
SELECT bool_and(wf_delete(execution_id)) FROM wf_list();
