-- Executions: started once, moved from status to status, with what comes of them; and every refusal.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'execution';
-- A start may be repeated: by its id, or by its key.
SELECT * FROM wf_start('order', 'o1', '{"total": 7.50}');
SELECT * FROM wf_start('order', 'o1', '{"total": 7.50}');
SELECT * FROM wf_start('order', 'o2', '{"total": 1}', 'key-1', tags => '{"a": 1}', note => 'first');
SELECT * FROM wf_start('order', 'elsewhere', '{"total": 1}', 'key-1');
SELECT execution_id = 'o2' AS same, version, created FROM wf_start('order', input => '{"total": 1}', idempotency_key => 'key-1');
SELECT version, created, execution_id ~ '^[0-9a-f-]{36}$' AS is_uuid FROM wf_start('order');
-- The key of another workflow, or another tenant, is another key.
SELECT * FROM wf_start('other', 'p1', idempotency_key => 'key-1');
-- Another input is told, with the scale of its numbers; so is an id that is somebody else's.
SELECT wf_start('order', 'o1', '{"total": 7.5}');
\echo :SQLSTATE
SELECT wf_start('order', 'o1');
\echo :SQLSTATE
SELECT wf_start('order', input => '{"total": 2}', idempotency_key => 'key-1');
\echo :SQLSTATE
SELECT wf_start('other', 'o1', '{"total": 7.50}');
\echo :SQLSTATE
SELECT wf_save_state('saved', '{}');
SELECT wf_start('order', 'saved');
\echo :SQLSTATE
-- A key is never dropped: an id that was started with another one, or with none, is told.
SELECT wf_start('order', 'o2', '{"total": 1}', 'key-9');
\echo :SQLSTATE
SELECT wf_start('order', 'o1', '{"total": 7.50}', 'key-9');
\echo :SQLSTATE
SELECT execution_id, created FROM wf_start('order', 'o2', '{"total": 1}');
-- What was rolled back was not started.
BEGIN;
SELECT created FROM wf_start('order', 'undone', idempotency_key => 'key-2');
ROLLBACK;
SELECT execution_id, created FROM wf_start('order', 'done', '1', idempotency_key => 'key-2');
-- What it was started with, and where it stands.
SELECT workflow, workflow_version, status, phase, version, input, result, error, idempotency_key, parent_execution_id, initiated_by = current_user AS by_me, created_at <= now() + '1 hour' AS at, started_at, completed_at FROM wf_execution('o2');
SELECT wf_load_state('o2'), version, status, note FROM wf_history('o2');
SELECT input, status FROM wf_execution('saved');
SELECT * FROM wf_execution('none');
\echo :SQLSTATE
-- The definition's first state and phase, and its rules.
SELECT wf_define('defined', '{"phases": {"draft": {"next": ["sent"]}, "sent": {}}, "initial_phase": "draft", "terminal_phases": ["sent"],
  "schema": {"type": "object", "required": ["n"]}, "initial_state": {"n": 0}, "statuses": {"pending": ["running", "cancelled"]}}');
SELECT * FROM wf_start('defined', 'd1');
SELECT workflow_version, status, phase FROM wf_execution('d1');
SELECT wf_load_state('d1');
SELECT * FROM wf_start('defined', 'd2', state => '{"n": 5}');
SELECT wf_start('defined', 'd3', state => '{}');
\echo :SQLSTATE
SELECT count(*) FROM wfstate.runs WHERE execution_id = 'd3';
SELECT wf_complete('d1');
\echo :SQLSTATE
-- Parents and children.
SELECT execution_id, created FROM wf_start('order', 'child-1', parent => 'o1'), pg_sleep(0);
SELECT execution_id, created FROM wf_start('order', 'child-2', parent => 'o1');
SELECT wf_start('order', 'child-3', parent => 'none');
\echo :SQLSTATE
SELECT execution_id FROM wf_list(parent => 'o1', sort => 'execution_id', descending => false);
-- From status to status; the same again is no version.
SELECT wf_set_status('o1', 'running'), wf_set_status('o1', 'running');
SELECT status, started_at IS NOT NULL AS started FROM wf_execution('o1');
SELECT wf_set_status('o1', 'waiting', 2, 'for a friend'), wf_set_status('o1', 'running', 3);
SELECT version, status, kind, changes, note FROM wf_history('o1');
SELECT wf_pause('o1'), wf_pause('o1');
SELECT wf_resume('o1');
SELECT status FROM wf_execution('o1');
SELECT wf_resume('o1');
\echo :SQLSTATE
SELECT wf_complete('o1', '{"ok": true}', '{"total": 8}');
SELECT wf_load_state('o1'), status, result, error, completed_at IS NOT NULL AS completed FROM wf_execution('o1');
-- Ended in the same way it stays as it is; otherwise it is told.
SELECT wf_complete('o1', '{"ok": true}', '{"total": 9}');
SELECT wf_load_state('o1');
SELECT wf_complete('o1', '{"ok": false}');
\echo :SQLSTATE
SELECT wf_fail('o1');
\echo :SQLSTATE
SELECT wf_cancel('o1');
\echo :SQLSTATE
SELECT wf_retry('o1');
\echo :SQLSTATE
SELECT wf_pause('o1');
\echo :SQLSTATE
SELECT wf_set_status('o1', 'compensating');
\echo :SQLSTATE
-- A failed one is taken up again, with the state that had not failed.
SELECT wf_set_status('o2', 'running'), wf_patch_state('o2', '{"step": 1}');
SELECT wf_fail('o2', '{"message": "no money"}'), wf_fail('o2', '{"message": "no money"}');
SELECT execution_id, status FROM wf_list(has_error => true);
SELECT wf_fail('o2', '{"message": "other"}');
\echo :SQLSTATE
SELECT wf_retry('o2');
SELECT wf_load_state('o2'), status, error, completed_at FROM wf_execution('o2');
SELECT wf_save_state('o2', '{"broken": true}', status => 'failed');
SELECT wf_retry('o2', note => 'once more');
SELECT wf_load_state('o2'), status FROM wf_execution('o2');
SELECT version, status, kind, note FROM wf_history('o2', newest_first => false) WHERE version > 4;
SELECT valid FROM wf_verify('o2');
-- One that began as failed has no better state.
SELECT wf_save_state('born', '{"n": 1}', status => 'failed'), wf_retry('born');
SELECT wf_load_state('born'), status FROM wf_execution('born');
-- Undoing: while it runs, after it has failed, after it was cancelled; compensated is final.
SELECT wf_cancel('born'), wf_cancel('born');
SELECT wf_set_status('born', 'compensating'), wf_set_status('born', 'compensated');
SELECT status, completed_at IS NOT NULL AS completed FROM wf_execution('born');
SELECT wf_save_state('born', '{}', status => 'running');
\echo :SQLSTATE
SELECT wf_set_status('born', 'failed');
\echo :SQLSTATE
SELECT wf_set_status('saved', 'compensating'), wf_fail('saved', '"could not undo"');
SELECT wf_set_status('saved', 'compensating');
SELECT wf_complete('saved');
\echo :SQLSTATE
-- The moves that there are, by wf_set_status and by a save.
DO $$
DECLARE statuses text[] := '{pending,running,waiting,paused,compensating,completed,failed,cancelled,compensated}'; a text; b text; id text; by_save bool; set bool; moves text;
BEGIN
    FOREACH a IN ARRAY statuses LOOP
        moves := '';
        FOREACH b IN ARRAY statuses LOOP
            FOR how IN 1..2 LOOP
                id := format('%s %s %s', a, b, how);
                PERFORM wf_save_state(id, '{}', status => a);
                BEGIN
                    IF how = 1 THEN PERFORM wf_set_status(id, b); ELSE PERFORM wf_save_state(id, '{}', status => b); END IF;
                    ASSERT (SELECT status = b AND (completed_at IS NOT NULL) = (b IN ('completed', 'failed', 'cancelled', 'compensated')) FROM wf_load(id));
                    set := true;
                EXCEPTION WHEN SQLSTATE 'WF004' THEN
                    set := false;
                END;
                IF how = 1 THEN by_save := set; ELSIF by_save <> set THEN moves := moves || ' (' || b || ')'; ELSIF set AND a <> b THEN moves := moves || ' ' || b; END IF;
            END LOOP;
        END LOOP;
        RAISE NOTICE '%:%', a, moves;
    END LOOP;
END $$;
SELECT count(wf_delete(execution_id)) FROM wf_list(max_rows => 1000) WHERE execution_id LIKE '% %';
-- Batches know the moves, too.
SELECT * FROM wf_save_states('{d2,o2}', ARRAY['{"n": 6}', '{}']::jsonb[], statuses => '{running,compensated}');
\echo :SQLSTATE
-- Lists.
SELECT execution_id, status FROM wf_incomplete() WHERE execution_id IN ('o2', 'child-1', 'child-2', 'd1', 'd2', 'done', 'p1');
SELECT execution_id FROM wf_incomplete('defined', max_rows => 1);
SELECT execution_id FROM wf_incomplete('defined', after => (SELECT cursor FROM wf_incomplete('defined', max_rows => 1)));
SELECT wf_incomplete(max_rows => 0);
\echo :SQLSTATE
SELECT count(*) > 0 AS mine FROM wf_list(initiated_by => current_user);
SELECT count(*) FROM wf_list(initiated_by => 'nobody');
SELECT execution_id FROM wf_list(workflow => 'order', has_error => false, sort => 'execution_id', descending => false) WHERE execution_id IN ('o1', 'o2', 'saved');
SELECT count(*) FROM wf_list(updated_before => '2001-01-01'), wf_list(updated_since => now() + '1 day') AS l (a);
SELECT count(*) > 0 AS all FROM wf_list(updated_since => '2001-01-01', updated_before => now() + '1 day');
-- Deleting takes it all, and leaves the children.
SELECT wf_delete('o1'), wf_delete('o2');
SELECT parent_execution_id FROM wf_execution('child-1');
SELECT execution_id, created FROM wf_start('order', 'o1', '{"total": 0}');
SELECT count(*) FROM wf_list(parent => 'o1');
SELECT created FROM wf_start('order', 'o9', idempotency_key => 'key-1');
-- Arguments.
SELECT wf_start(NULL);
\echo :SQLSTATE
SELECT wf_start('');
\echo :SQLSTATE
SELECT wf_start('order', repeat('x', 256));
\echo :SQLSTATE
SELECT wf_start('order', idempotency_key => '');
\echo :SQLSTATE
SELECT wf_start('order', tags => '[]');
\echo :SQLSTATE
SET wfstate.max_state_size = '1kB';
SELECT wf_start('order', input => to_jsonb(repeat('x', 2000)));
\echo :SQLSTATE
SELECT wf_start('order', state => to_jsonb(repeat('x', 2000)));
\echo :SQLSTATE
SELECT wf_complete('child-1', to_jsonb(repeat('x', 2000)));
\echo :SQLSTATE
RESET wfstate.max_state_size;
SELECT wf_set_status('child-1', NULL);
\echo :SQLSTATE
SELECT wf_set_status('child-1', 'lost');
\echo :SQLSTATE
SELECT wf_set_status(NULL, 'running');
\echo :SQLSTATE
SELECT wf_set_status('none', 'running');
\echo :SQLSTATE
SELECT wf_set_status('child-1', 'running', 7);
\echo :SQLSTATE
SELECT wf_set_status('child-1', 'running', 0);
\echo :SQLSTATE
SELECT wf_complete('child-1', patch => '1');
\echo :SQLSTATE
SELECT wf_complete('child-1', patch => '[{"op": "test", "path": "/a", "value": 1}]');
\echo :SQLSTATE
SELECT wf_fail('none');
\echo :SQLSTATE
SELECT wf_cancel('child-1', note => repeat('x', 9000));
\echo :SQLSTATE
SELECT wf_resume('none');
\echo :SQLSTATE
SELECT wf_retry('child-1', -1);
\echo :SQLSTATE
-- Another tenant sees and touches nothing.
SET wfstate.tenant = 'execution-other';
SELECT count(*) FROM wf_incomplete();
SELECT created FROM wf_start('order', 'child-1', idempotency_key => 'key-1');
SELECT wf_cancel('child-2');
\echo :SQLSTATE
SELECT count(*) FROM wf_list(parent => 'o1');
