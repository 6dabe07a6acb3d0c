-- Saves that say what they stand on (base_version), what they are called (checkpoint), and whether they create.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'branches';
SET wfstate.snapshot_below = 0;
\pset null (null)
CREATE FUNCTION pg_temp.pad(n int) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('n', n, 'pad', repeat('x', 1000)) $$;
-- Named in the call that saves, also the first one.
SELECT wf_save_state('a', pg_temp.pad(1), checkpoint => 'c1', checkpoint_metadata => '{"step": 1}', status => 'pending', phase => 'p1');
SELECT wf_patch_state('a', '{"n": 2}', checkpoint => 'c2', status => 'running', phase => 'p2');
SELECT wf_patch_state('a', '[{"op": "replace", "path": "/n", "value": 3}]', checkpoint => 'c3', base_version => 2, expected_version => 2);
SELECT name, version, metadata, created_by = current_user AS by_me FROM wf_checkpoints('a');
-- Branches: one version each, on the state of the base, with the head's status and phase unless they are given.
SELECT wf_patch_state('a', '{"branch": true}', base_version => 1, expected_version => 3, checkpoint => 'b4', note => 'from 1');
SELECT wf_save_state('a', pg_temp.pad(2) || '{"whole": true}', base_version => 2, phase => 'p5', step_id => 's');
SELECT wf_patch_state('a', '{"on": "the head"}');
SELECT wf_patch_state('a', '[{"op": "test", "path": "/branch", "value": true}]', base_version => 4, status => 'completed');
SELECT version, base_version, kind, status, phase, step_id, note, changes, stored_bytes < 400 AS small FROM wf_history('a', after => 3);
SELECT version, wf_state_at('a', version) - 'pad' AS state FROM generate_series(1, 7) AS version;
SELECT version, status, phase, state - 'pad' AS state, completed_at IS NOT NULL AS completed FROM wf_load('a');
SELECT valid, versions FROM wf_verify('a');
-- As a session sees it that knows nothing of it.
SET wfstate.cache_size = 0;
SELECT version, wf_state_at('a', version) - 'pad' AS state FROM generate_series(4, 7) AS version;
SELECT wf_patch_state('a', '{"n": 8}', base_version => 7), wf_patch_state('a', '{"n": 9}', base_version => 3, checkpoint => 'b9');
SELECT wf_load_state('a') - 'pad' AS state;
RESET wfstate.cache_size;
SELECT wf_patch_state('a', '{"m": 10}', base_version => 9);
SELECT wf_load_state('a') - 'pad' AS state;
-- The optimistic lock is the head's, whatever the save stands on.
SELECT wf_patch_state('a', '{"n": 0}', base_version => 3, expected_version => 3);
SELECT wf_save_state('a', '{}', base_version => 3, expected_version => 0);
SELECT wf_patch_state('a', '{"n": 0}', base_version => 11);
SELECT wf_patch_state('a', '{"n": 0}', base_version => 0);
SELECT wf_patch_state('a', '{"n": 0}', base_version => 3, status => 'running');
SELECT wf_patch_state('a', '[{"op": "test", "path": "/n", "value": 1}]', base_version => 3);
SELECT count(*) FROM wf_history('a');
-- Repeated: answered with the version that has the name, whatever the head and expected_version are by now.
SELECT wf_save_state('a', pg_temp.pad(1), checkpoint => 'c1', checkpoint_metadata => '{"step": 1}', expected_version => 0);
SELECT wf_patch_state('a', '{"n": 2}', checkpoint => 'c2', expected_version => 1, status => 'running', phase => 'p2');
SELECT wf_patch_state('a', '[{"op": "replace", "path": "/n", "value": 3}]', checkpoint => 'c3', base_version => 2, expected_version => 2);
SELECT wf_patch_state('a', '{"branch": true}', base_version => 1, checkpoint => 'b4'), wf_patch_state('a', '{"branch": true}', checkpoint => 'b4');
SELECT version, status FROM wf_load('a');
-- Something else under the name is refused.
SELECT wf_save_state('a', pg_temp.pad(2), checkpoint => 'c1', checkpoint_metadata => '{"step": 1}');
SELECT wf_save_state('a', pg_temp.pad(1), checkpoint => 'c1');
SELECT wf_save_state('a', pg_temp.pad(1), checkpoint => 'c1', checkpoint_metadata => '{"step": 1.0}');
SELECT wf_patch_state('a', '{"n": 3}', checkpoint => 'c2');
SELECT wf_patch_state('a', '[{"op": "remove", "path": "/none"}]', checkpoint => 'c2');
SELECT wf_patch_state('a', '{"branch": true}', base_version => 2, checkpoint => 'b4');
SELECT version FROM wf_load('a');
-- Bad arguments.
SELECT wf_save_state('a', '1', checkpoint => '');
SELECT wf_save_state('a', '1', checkpoint => repeat('x', 256));
SELECT wf_save_state('a', '1', checkpoint_metadata => '{}');
SELECT wf_save_state('a', '1', checkpoint => 'x', checkpoint_metadata => '[]');
SELECT wf_patch_state('a', '1', checkpoint => 'x');
SELECT wf_save_state('a', '1', create_missing => NULL);
-- Creating, or not.
SELECT wf_save_state('none', '1', create_missing => false);
SELECT wf_save_state('none', '1', base_version => 1);
SELECT wf_patch_state('none', '{"a": 1}');
SELECT wf_patch_state('none', '{"a": 1}', create_missing => true, expected_version => 1);
SELECT wf_patch_state('none', '{"a": 1}', create_missing => true, base_version => 1);
SELECT wf_patch_state('none', '[{"op": "replace", "path": "/a", "value": 1}]', create_missing => true);
SELECT count(*) FROM wf_list();
SELECT wf_patch_state('m', '{"a": 1, "gone": null}', create_missing => true, checkpoint => 'first', tags => '{"t": 1}', expected_version => 0);
SELECT state, tags, status FROM wf_load('m');
SELECT wf_patch_state('m', '{"a": 1, "gone": null}', create_missing => true, checkpoint => 'first', expected_version => 0);
SELECT wf_patch_state('m', '{"a": 1}', create_missing => true, expected_version => 0);
SELECT wf_patch_state('m', '{"b": 2}', create_missing => true), wf_save_state('m', '{"c": 3}', create_missing => false);
SELECT wf_patch_state('j', '[{"op": "add", "path": "/list", "value": [1]}]', create_missing => true);
SELECT version, kind, wf_load_state('j') FROM wf_history('j');
-- Within one statement, transaction and savepoint.
BEGIN;
SELECT wf_patch_state('m', '{"d": 4}', base_version => 1, checkpoint => 'tx');
SAVEPOINT s;
SELECT wf_patch_state('m', '{"d": 5}', base_version => 1, checkpoint => 'tx2');
ROLLBACK TO s;
SELECT wf_patch_state('m', '{"d": 6}', base_version => 4, checkpoint => 'tx2');
SELECT wf_load_state('m');
ROLLBACK;
SELECT version, state FROM wf_load('m');
-- Many branches: loads stay short, since keyframes come between them; small states are kept whole.
SET wfstate.keyframe_min = '1kB';
SET wfstate.keyframe_ratio = 1;
SELECT count(wf_patch_state('a', jsonb_build_object('i', i), base_version => i)) FROM generate_series(1, 60) AS i;
SELECT valid, versions, snapshots > 1 AS has_keyframes FROM wf_verify('a');
SELECT wf_state_at('a', 60) - 'pad' AS at_60, wf_state_at('a', 70) - 'pad' AS head;
SET wfstate.snapshot_below = 4096;
SELECT wf_patch_state('a', '{"i": 61}', base_version => 1);
SELECT version, base_version, kind, changes FROM wf_history('a', after => 70);
SELECT wf_patch_state('a', '{"i": 62}', base_version => 71);
SELECT wf_load_state('a') - 'pad' AS state, valid FROM wf_verify('a');
SET wfstate.snapshot_below = 0;
-- What branches stand on can go: pruning makes roots of them. A document takes them along.
SELECT wf_import(wf_export('a'), 'copy');
SELECT valid, versions FROM wf_verify('copy');
SELECT bool_and(wf_state_at('a', version) = wf_state_at('copy', version)) AS same FROM generate_series(1, 72) AS version;
SELECT array_agg(version || ' ' || base_version) FROM wf_history('copy', after => 3, max_rows => 6);
SELECT wf_drop_checkpoint('a', 'c3'), wf_prune_history('a', keep_last => 2);
SELECT array_agg(version || ' ' || kind) FROM wf_history('a');
SELECT valid FROM wf_verify('a');
SELECT wf_state_at('a', 9) - 'pad' AS b9, wf_load_state('a') - 'pad' AS head;
-- Its base is gone: what a patch has made cannot be told any more, what a whole state was can.
SELECT wf_patch_state('a', '{"n": 9}', checkpoint => 'b9');
SELECT wf_save_state('a', wf_state_at('a', 9), checkpoint => 'b9');
SELECT wf_delete('a'), wf_delete('copy'), wf_delete('j'), wf_delete('m');
-- Definitions bind a branch as any save: its state under the rules of the phase that it is in.
SELECT wf_define('w', '{"schema_version": 2, "phases": {"draft": {"next": ["review"]}, "review": {"requires": ["/title"], "next": ["draft", "done"]}, "done": {}}, "initial_phase": "draft", "terminal_phases": ["done"], "cycles": true, "schema": {"properties": {"n": {"type": "integer"}}}, "search": ["/n"]}');
SELECT wf_save_state('d', '{"n": 1}', workflow => 'w', checkpoint => 'draft');
SELECT wf_patch_state('d', '{"title": "t"}', phase => 'review');
SELECT wf_patch_state('d', '{"n": 2}', base_version => 1);
SELECT wf_patch_state('d', '{"n": "two", "title": "u"}', base_version => 1);
SELECT wf_patch_state('d', '{"n": 2}', base_version => 1, phase => 'draft');
SELECT wf_patch_state('d', '{"n": 3}', base_version => 1, phase => 'nowhere');
SELECT version, phase, schema_version, state FROM wf_load('d');
SELECT execution_id FROM wf_find('{"n": 2}');
SELECT execution_id FROM wf_find('{"n": 1}');
-- The shape is the base's, and a patch applies to the newest shape, which is what becomes of it.
SELECT wf_add_migration('w', 2, 3, '[{"op": "add", "path": "/three", "value": true}]');
SELECT wf_patch_state('d', '{"n": 4}');
SELECT version, schema_version, state FROM wf_load('d');
SELECT wf_patch_state('d', '{"n": 5}', base_version => 1, checkpoint => 'migrated');
SELECT version, schema_version, state FROM wf_load('d');
SELECT wf_patch_state('d', '{"n": 5}', base_version => 1, checkpoint => 'migrated');
-- A step that is added later changes nothing of what was saved before: a repeat is answered with its version, in whatever shape that is.
SELECT wf_add_migration('w', 3, 4, '{"four": true}');
SELECT wf_patch_state('d', '{"n": 5}', base_version => 1, checkpoint => 'migrated');
SELECT wf_patch_state('d', '{"n": 6}', base_version => 1, checkpoint => 'migrated');
SELECT wf_save_state('unsaid', '{"a": 1}', workflow => 'unsaid'), wf_patch_state('unsaid', '{"b": 1}', checkpoint => 'c'), wf_patch_state('unsaid', '{"b": 1}', checkpoint => 'c');
SELECT wf_add_migration('unsaid', 1, 2, '{"m": 1}');
SELECT wf_patch_state('unsaid', '{"b": 1}', checkpoint => 'c'), wf_patch_state('unsaid', '{"b": 1}', base_version => 1, checkpoint => 'c');
SELECT wf_patch_state('unsaid', '{"c": 1}', checkpoint => 'd'), wf_patch_state('unsaid', '{"c": 1}', checkpoint => 'd');
SELECT name, version, state FROM wf_checkpoints('unsaid', with_state => true);
SELECT wf_delete('unsaid'), wf_drop_migration('unsaid', 1);
SELECT wf_save_state('d', '{"n": 6}', base_version => 1, schema_version => 9);
SELECT schema_version, state FROM wf_load('d');
SELECT wf_delete('d');
SELECT wf_drop_migration('w', 3);
SELECT wf_drop_migration('w', 2);
-- Leases fence it; a repeated save leaves the queue as it is.
SELECT version FROM wf_start('queue', 'job', state => '{"n": 1}');
SELECT lease FROM wf_claim('w1') \gset
SELECT wf_patch_state('job', '{"n": 2}', lease => :lease, checkpoint => 'one');
SELECT wf_patch_state('job', '{"n": 2}', lease => :lease + 1, checkpoint => 'one');
SELECT wf_patch_state('job', '{"n": 3}', status => 'completed', checkpoint => 'end', base_version => 1, lease => :lease);
SELECT wf_patch_state('job', '{"n": 3}', status => 'completed', checkpoint => 'end', base_version => 1);
SELECT version, status FROM wf_load('job');
SELECT wf_delete('job');
-- The feed tells of them.
SELECT wf_record_changes();
SELECT wf_patch_state('f', '{"n": 1}', create_missing => true, checkpoint => 'x'), wf_patch_state('f', '{"n": 2}', checkpoint => 'y'), wf_patch_state('f', '{"n": 3}', base_version => 1), wf_patch_state('f', '{"n": 4}', base_version => 1, status => 'failed'), wf_patch_state('f', '{"n": 2}', checkpoint => 'y');
SELECT execution_id, kind, version, status FROM wf_changes();
SELECT wf_record_changes(false), wf_delete('f');
SELECT count(*) FROM wf_list();
