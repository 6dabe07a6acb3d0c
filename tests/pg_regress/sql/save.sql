-- wf_save_state: versions, expected versions, labels, statuses and their times.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'save';
\pset null (null)
SELECT wf_save_state('a', '{"n": 1}');
SELECT wf_save_state('a', '{"n": 2}');
-- The three forms of expected_version.
SELECT wf_save_state('a', '{"n": 3}', NULL);
SELECT wf_save_state('a', '{"n": 4}', 3);
SELECT wf_save_state('b', '{"n": 1}', 0);
SELECT wf_save_state('b', '{"n": 2}', 0);
\echo :SQLSTATE
SELECT wf_save_state('a', '{"n": 5}', 3);
\echo :SQLSTATE
SELECT wf_save_state('a', '{"n": 5}', 99);
\echo :SQLSTATE
SELECT wf_save_state('none', '{}', 1);
\echo :SQLSTATE
SELECT version, state FROM wf_load('a');
-- Any JSON value is a state.
SELECT wf_save_state('scalar', v) FROM unnest(ARRAY['null', 'true', '"text"', '1.50', '[]', '{}']::jsonb[]) AS v;
SELECT version, wf_state_at('scalar', version) FROM wf_history('scalar');
-- An equal state makes a version without a patch; an equal number of another scale is not equal.
SELECT wf_save_state('equal', '{"a": 1.0}'), wf_save_state('equal', '{"a": 1.0}'), wf_save_state('equal', '{"a": 1.00}');
SELECT version, kind, changes FROM wf_history('equal');
SELECT version, wf_state_at('equal', version)::text FROM wf_history('equal');
-- Labels belong to the version; those of the execution stay until they are changed.
SELECT wf_save_state('c', '{"s": 1}', status => 'pending', phase => 'draft', workflow => 'order',
    tags => '{"team": "blue"}', step_id => 'step-1', note => 'first', schema_version => 3);
SELECT wf_save_state('c', '{"s": 2}');
SELECT wf_save_state('c', '{"s": 3}', status => 'running', phase => 'review', step_id => 'step-3',
    tags => '{"team": "red", "n": 1}', schema_version => 4, workflow => 'order2');
SELECT version, status, phase, step_id, note, saved_by = current_user AS by_me FROM wf_history('c');
SELECT workflow, schema_version, status, phase, version, tags,
       initiated_by = current_user AS by_me, forked_from_execution_id, forked_from_version FROM wf_load('c');
-- Statuses and the times that they set.
SELECT wf_save_state('d', '{}', status => 'pending');
CREATE TEMP TABLE seen AS SELECT 0 AS n, l.* FROM wf_load('d') l;
DO $$
DECLARE s text; n int := 0;
BEGIN
    FOREACH s IN ARRAY '{pending,waiting,running,paused,running,completed,completed}'::text[] LOOP
        n := n + 1;
        PERFORM wf_save_state('d', '{}', status => s);
        INSERT INTO seen SELECT n, l.* FROM wf_load('d') l;
    END LOOP;
END $$;
SELECT n, version, status, started_at IS NOT NULL AS started, completed_at IS NOT NULL AS completed,
       started_at = lag(started_at) OVER w AS same_start, completed_at = lag(completed_at) OVER w AS same_end,
       created_at = first_value(created_at) OVER w AS same_birth, updated_at > lag(updated_at) OVER w AS later
  FROM seen WINDOW w AS (ORDER BY n) ORDER BY n;
-- Saving without a status keeps it, and the time of completion.
SELECT wf_save_state('d', '{"after": "end"}');
SELECT status, completed_at = (SELECT completed_at FROM seen WHERE n = 7) AS same_end FROM wf_load('d');
-- A final status stays, whoever saves and whatever they know; an older version brings its own back.
SELECT wf_patch_state('d', '{"by": "merge"}', status => 'completed');
SELECT wf_patch_state('d', '[{"op": "add", "path": "/by", "value": "patch"}]');
DO $$
DECLARE final text; next text; refused text[] := '{}'; id text;
BEGIN
    FOREACH final IN ARRAY '{completed,failed,cancelled}'::text[] LOOP
        id := 'final-' || final;
        PERFORM wf_save_state(id, '{"n": 1}');
        PERFORM wf_save_state(id, '{"n": 2}', status => final);
        FOREACH next IN ARRAY '{pending,running,waiting,paused,completed,failed,cancelled}'::text[] LOOP
            FOR how IN 1..4 LOOP
                BEGIN
                    CASE how WHEN 1 THEN PERFORM wf_save_state(id, '{"n": 3}', status => next);
                             WHEN 2 THEN PERFORM wf_save_state(id, '{"n": 3}', (SELECT version FROM wf_load(id)), status => next);
                             WHEN 3 THEN PERFORM wf_patch_state(id, '{"n": 3}', status => next);
                             WHEN 4 THEN PERFORM wf_patch_state(id, '[{"op": "replace", "path": "/n", "value": 3}]', status => next); END CASE;
                    ASSERT next = final, final || ' -> ' || next;
                EXCEPTION WHEN SQLSTATE 'WF004' THEN
                    refused := refused || (final || ' -> ' || next);
                END;
            END LOOP;
        END LOOP;
        ASSERT (SELECT status = final AND version = 6 FROM wf_load(id));
        ASSERT (SELECT valid FROM wf_verify(id));
        PERFORM wf_recover(id, version => 1);
        ASSERT (SELECT status = 'running' AND completed_at IS NULL FROM wf_load(id));
    END LOOP;
    RAISE NOTICE '% refusals of %', cardinality(refused), (SELECT count(DISTINCT r) FROM unnest(refused) r);
END $$;
-- Times of versions never go back, and the head's is the last one's.
SELECT bool_and(saved_at > before) AS rising FROM (SELECT saved_at, lag(saved_at) OVER (ORDER BY version) AS before FROM wf_history('d')) h WHERE before IS NOT NULL;
SELECT (SELECT max(saved_at) FROM wf_history('d')) = updated_at AS head_is_last FROM wf_load('d');
-- Ids of any characters; keys of 255 bytes.
CREATE TEMP TABLE odd (id text);
INSERT INTO odd VALUES (' '), ('a b'), (E'tab\tnewline\n'), ('ключ'), (repeat('é', 127)), (repeat('x', 255)), ('%'), (''''), ('"');
SELECT count(wf_save_state(id, to_jsonb(id))) FROM odd;
SELECT count(*) FROM odd WHERE wf_load_state(id) = to_jsonb(id) AND EXISTS (SELECT FROM wf_list() l WHERE l.execution_id = id);
-- NULLs where none may be.
SELECT wf_save_state(NULL, '{}');
\echo :SQLSTATE
SELECT wf_save_state('a', NULL);
\echo :SQLSTATE
-- Nothing of what was refused is there.
SELECT execution_id, version FROM wf_list(sort => 'execution_id', descending => false) WHERE execution_id IN ('a', 'b', 'none');
-- The narrow head: a save without new labels is a HOT update.
SELECT wf_save_state('hot', '{}');
BEGIN;
SELECT n_tup_upd AS updated, n_tup_hot_upd AS hot FROM pg_stat_xact_user_tables WHERE schemaname = 'wfstate' AND relname = 'executions' \gset
DO $$ BEGIN FOR i IN 1..20 LOOP PERFORM wf_save_state('hot', jsonb_build_object('i', i), status => 'running', phase => 'p' || i % 2); END LOOP; END $$;
SELECT n_tup_upd - :updated AS updated, n_tup_hot_upd - :hot >= 18 AS hot FROM pg_stat_xact_user_tables WHERE schemaname = 'wfstate' AND relname = 'executions';
COMMIT;
SELECT bool_and(wf_delete(execution_id)) FROM wf_list();
