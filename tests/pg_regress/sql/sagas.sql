-- Undoing that is taken up, repeated, gone back from and late: what was undone never counts as done.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'sagas';
-- An execution of which steps were undone does not go on from before the undoing.
SELECT created FROM wf_start('order', 'o1', '{}', tags => '{}');
SELECT action FROM wf_step_begin('o1', 'reserve', compensation => 'unreserve');
SELECT recorded FROM wf_step_complete('o1', 'reserve', '1', '{"reserved": true}');
SELECT wf_checkpoint('o1', 'reserved'), wf_set_status('o1', 'compensating');
SELECT * FROM wf_step_compensated('o1', 'reserve');
SELECT wf_recover('o1', version => 1);
\echo :SQLSTATE
SELECT wf_recover('o1');
\echo :SQLSTATE
SELECT status, version FROM wf_execution('o1');
SELECT wf_save_state('o1', '{}', status => 'running');
\echo :SQLSTATE
SELECT wf_set_status('o1', 'pending');
\echo :SQLSTATE
-- It may go back among what leads no further; and a fork, which has no steps, begins anew.
SELECT wf_recover('o1', version => 3), wf_set_status('o1', 'compensated');
SELECT wf_fork('o1', 'o1-again', version => 1);
SELECT action FROM wf_step_begin('o1-again', 'reserve', compensation => 'unreserve');
-- Nor where a step could not be undone.
SELECT created FROM wf_start('order', 'o2');
SELECT action FROM wf_step_begin('o2', 'reserve', compensation => 'unreserve');
SELECT recorded FROM wf_step_complete('o2', 'reserve', '1');
SELECT wf_set_status('o2', 'compensating'), wf_step_compensation_failed('o2', 'reserve', '"gone"');
SELECT wf_recover('o2', version => 1);
\echo :SQLSTATE
-- A repair that goes back to before the undoing leaves it failed, from where the undoing is taken up again.
SELECT created FROM wf_start('order', 'o3', state => '{"n": 1}');
SELECT action FROM wf_step_begin('o3', 'reserve', compensation => 'unreserve'), wf_step_begin('o3', 'pay', compensation => 'refund') AS s (x);
SELECT step_id FROM wf_steps_complete('o3', '{reserve,pay}');
SELECT wf_set_status('o3', 'compensating');
SELECT remaining FROM wf_step_compensated('o3', 'pay');
SELECT wf_save_state('o3', jsonb_build_object('n', 2, 'long', repeat('x', 3000)));
UPDATE wfstate.state_versions SET patch = '[{"op": "replace", "path": "/no", "value": 1}]' WHERE execution_id = 'o3' AND version > 1;
UPDATE wfstate.state_versions SET snapshot_hash = 1 WHERE execution_id = 'o3' AND snapshot_hash IS NOT NULL AND version > 1;
SELECT action, target_version FROM wf_repair('o3');
SELECT status FROM wf_execution('o3');
SELECT wf_step_begin('o3', 'new');
\echo :SQLSTATE
SELECT wf_set_status('o3', 'compensating') > 0 AS again, step_id FROM wf_compensations('o3');
-- A step that is recorded after the end is still to be undone: the undoing is taken up again.
SELECT created FROM wf_start('order', 'o4');
SELECT action FROM wf_step_begin('o4', 'a', compensation => 'undo-a'), wf_step_begin('o4', 'b', compensation => 'undo-b') AS s (x);
SELECT recorded FROM wf_step_complete('o4', 'a');
SELECT wf_set_status('o4', 'compensating');
SELECT * FROM wf_step_compensated('o4', 'a');
SELECT wf_set_status('o4', 'compensating');
\echo :SQLSTATE
SELECT recorded FROM wf_step_complete('o4', 'b');
SELECT step_id FROM wf_compensations('o4');
SELECT wf_step_compensated('o4', 'b');
\echo :SQLSTATE
SELECT wf_save_state('o4', '{}', status => 'compensating');
\echo :SQLSTATE
SELECT wf_set_status('o4', 'compensating');
SELECT execution_id, status FROM wf_claim('w', '{order}', max_rows => 10) WHERE execution_id = 'o4';
SELECT * FROM wf_step_compensated('o4', 'b');
SELECT version, status FROM wf_history('o4', newest_first => false);
-- Nothing to undo: whoever undoes says so.
SELECT created FROM wf_start('bare', 'o5');
SELECT lease AS o5 FROM wf_claim('w', '{bare}') \gset
SELECT wf_set_status('o5', 'compensating', lease => :o5);
SELECT count(*) FROM wf_compensations('o5');
SELECT wf_set_status('o5', 'compensated', lease => :o5);
-- Ready steps are those that begin would run: none of an execution that has ended, is paused or compensates.
SELECT wf_define('trip', '{"steps": {"a": {"compensation": "undo-a"}, "b": {"depends_on": ["a"]}}}');
SELECT created FROM wf_start('trip', 't1');
SELECT step_id FROM wf_ready_steps('t1');
SELECT wf_pause('t1');
SELECT count(*) FROM wf_ready_steps('t1');
SELECT wf_resume('t1');
SELECT count(*) FROM wf_ready_steps('t1');
SELECT wf_cancel('t1');
SELECT count(*) FROM wf_ready_steps('t1');
SELECT wf_set_status('t1', 'compensating');
SELECT count(*) FROM wf_ready_steps('t1');
-- Whatever ends a lease may be repeated under it until it is answered; and by nobody else's.
SELECT created FROM wf_start('again', 'r1');
SELECT lease AS r1 FROM wf_claim('w', '{again}') \gset
SELECT action FROM wf_step_begin('r1', 'a', compensation => 'undo', lease => :r1);
SELECT recorded FROM wf_step_complete('r1', 'a', lease => :r1);
SELECT wf_set_status('r1', 'compensating', lease => :r1);
SELECT wf_step_compensation_failed('r1', 'a', '"stuck"', lease => :r1);
SELECT wf_step_compensation_failed('r1', 'a', '"stuck"', lease => :r1);
SELECT wf_step_compensation_failed('r1', 'a', '"stuck"');
SELECT wf_step_compensation_failed('r1', 'a', '"other"');
\echo :SQLSTATE
SELECT wf_step_compensation_failed('r1', 'a', '"other"', lease => :r1);
\echo :SQLSTATE
SELECT wf_set_status('r1', 'compensating');
SELECT lease AS r2 FROM wf_claim('w', '{again}') \gset
SELECT wf_step_compensation_failed('r1', 'a', '"stuck"', lease => :r1);
\echo :SQLSTATE
SELECT * FROM wf_step_compensated('r1', 'a', lease => :r2);
SELECT * FROM wf_step_compensated('r1', 'a', lease => :r2);
SELECT wf_step_compensated('r1', 'none', lease => :r2);
\echo :SQLSTATE
SELECT created FROM wf_start('again', 'r3');
SELECT lease AS r3 FROM wf_claim('w', '{again}') \gset
SELECT wf_pause('r3', lease => :r3) = wf_pause('r3', lease => :r3) AS same;
SELECT wf_set_status('r3', 'paused', lease => :r3);
SELECT wf_set_status('r3', 'running', lease => :r3);
\echo :SQLSTATE
SELECT wf_resume('r3');
SELECT lease AS r4 FROM wf_claim('w', '{again}') \gset
SELECT wf_pause('r3', lease => :r3);
\echo :SQLSTATE
SELECT wf_set_status('r3', 'completed', lease => :r4);
SELECT wf_set_status('r3', 'completed', lease => :r4);
SELECT wf_set_status('r3', 'failed', lease => :r4);
\echo :SQLSTATE
-- What undoes steps that are begun in one call.
SELECT created FROM wf_start('fan', 'f1');
SELECT step_id, action FROM wf_steps_begin('f1', '{c,a,b}', compensations => '{undo-c,NULL,undo-b}');
SELECT step_id FROM wf_steps_complete('f1', '{a,b,c}');
SELECT step_id, compensation FROM wf_compensations('f1');
SELECT wf_steps_begin('f1', '{d,e}', compensations => '{undo}');
\echo :SQLSTATE
SELECT wf_steps_begin('f1', '{d}', compensations => '{""}');
\echo :SQLSTATE
SELECT execution_id, state FROM wf_leases(execution_id => 'f1');
SELECT count(*) FROM wf_leases(execution_id => 'none');
SELECT count(*) FROM wf_leases('other', execution_id => 'f1');
-- What undoes a step may be said at a later begin, too.
SELECT created FROM wf_start('order', 'o6');
SELECT action FROM wf_step_begin('o6', 'a');
SELECT action FROM wf_step_begin('o6', 'a', compensation => 'undo-a');
SELECT action FROM wf_step_begin('o6', 'a');
SELECT recorded FROM wf_step_complete('o6', 'a');
SELECT step_id, compensation FROM wf_compensations('o6');
-- What goes back from where it waits is offered, and undoing is, whatever it waits for.
SELECT created FROM wf_start('back', 'b1');
SELECT lease AS b1 FROM wf_claim('w', '{back}') \gset
SELECT action FROM wf_await_signal('b1', 'never', lease => :b1);
SELECT state FROM wf_leases('back');
SELECT wf_recover('b1', version => 3), state FROM wf_leases('back');
SELECT wf_recover('b1', version => 1), state FROM wf_leases('back');
SELECT state FROM wf_leases('back');
SELECT lease AS b1 FROM wf_claim('w', '{back}') \gset
SELECT action FROM wf_sleep('b1', 'nap', '1 day', lease => :b1);
DELETE FROM wfstate.state_versions WHERE execution_id = 'b1' AND version = (SELECT max(version) FROM wfstate.state_versions WHERE execution_id = 'b1');
SELECT action FROM wf_repair('b1');
SELECT status <> 'waiting' AS goes_on, state FROM wf_execution('b1'), wf_leases('back');
SELECT lease AS b1 FROM wf_claim('w', '{back}') \gset
SELECT wf_release('b1', :b1, '1 hour') > 0 AS released;
SELECT state FROM wf_leases('back');
SELECT wf_set_status('b1', 'compensating') > 0 AS undoes;
SELECT state FROM wf_leases('back');
-- A pause is left for what was before it, also where it was gone back to from behind an end.
SELECT created FROM wf_start('order', 'p1');
SELECT wf_set_status('p1', 'running'), wf_pause('p1'), wf_fail('p1', '"E"'), wf_recover('p1', version => 3);
SELECT status, error FROM wf_execution('p1');
SELECT wf_resume('p1');
SELECT status FROM wf_execution('p1');
SELECT wf_pause('p1'), wf_set_status('p1', 'compensating'), wf_recover('p1', version => 3), wf_resume('p1');
SELECT status FROM wf_execution('p1');
-- What a step changes after the execution has failed is kept by a retry; what it failed with is not.
SELECT created FROM wf_start('order', 'l1', state => '{"n": 0}');
SELECT action FROM wf_step_begin('l1', 'reserve');
SELECT wf_fail('l1', '"x"');
SELECT recorded, version FROM wf_step_complete('l1', 'reserve', '4711', '{"reserved": true}');
SELECT wf_retry('l1'), wf_load_state('l1');
SELECT action FROM wf_step_begin('l1', 'reserve');
SELECT wf_save_state('l1', '{"broken": true}', status => 'failed'), wf_retry('l1');
SELECT wf_load_state('l1');
-- A result and an error stay with the end that they came with.
SELECT created FROM wf_start('order', 'e1');
SELECT wf_fail('e1', '"E"'), wf_retry('e1'), wf_complete('e1', '"R"'), wf_recover('e1', version => 2);
SELECT status, result, error FROM wf_execution('e1');
SELECT wf_recover('e1', version => 4), wf_complete('e1');
SELECT status, result, error FROM wf_execution('e1');
SELECT created FROM wf_start('order', 'e2');
SELECT wf_complete('e2', '"R"');
DELETE FROM wfstate.state_versions WHERE execution_id = 'e2' AND version = 2;
SELECT action FROM wf_repair('e2');
SELECT status, result FROM wf_execution('e2');
-- An end may be repeated with the version that it expected.
SELECT created FROM wf_start('order', 'e3');
SELECT wf_complete('e3', '1', expected_version => 1), wf_complete('e3', '1', expected_version => 1);
SELECT wf_complete('e3', '2', expected_version => 1);
\echo :SQLSTATE
-- Attempts are told apart across a retry, which gives as many as before.
SELECT created FROM wf_start('order', 'a1');
SELECT action, attempt FROM wf_step_begin('a1', 's');
SELECT action, attempt FROM wf_step_fail('a1', 's', max_attempts => 1);
SELECT wf_fail('a1'), wf_retry('a1');
SELECT action, attempt FROM wf_step_fail('a1', 's', max_attempts => 1);
SELECT action, attempt FROM wf_step_begin('a1', 's');
SELECT wf_step_complete('a1', 's', '1', attempt => 1);
\echo :SQLSTATE
SELECT action, attempt, retry_at - clock_timestamp() BETWEEN interval '9 s' AND interval '11 s' AS first_wait FROM wf_step_fail('a1', 's', max_attempts => 2, initial_interval => '10 s', attempt => 2);
UPDATE wfstate.steps SET retry_at = clock_timestamp() WHERE execution_id = 'a1';
SELECT action, attempt FROM wf_step_begin('a1', 's');
SELECT action, attempt FROM wf_step_fail('a1', 's', max_attempts => 2);
-- Counts that somebody has written past the functions do not overflow.
UPDATE wfstate.steps SET status = 'running', attempt = -2147483648, earlier_attempts = 2147483647 WHERE execution_id = 'a1';
SELECT action FROM wf_step_fail('a1', 's', max_attempts => 2, initial_interval => '1 day');
UPDATE wfstate.steps SET status = 'failed', attempt = 3, earlier_attempts = 0, retry_at = NULL WHERE execution_id = 'a1';
-- So does going back from an end.
SELECT wf_fail('a1', '"no"'), wf_recover('a1', version => 1);
SELECT action, attempt FROM wf_step_begin('a1', 's');
-- The expected version holds without a patch, too.
SELECT wf_step_complete('a1', 's', '1', expected_version => 77);
\echo :SQLSTATE
SELECT wf_step_complete('a1', 's', '1', expected_version => 0);
\echo :SQLSTATE
SELECT wf_steps_complete('a1', '{s}', expected_version => 77);
\echo :SQLSTATE
SELECT wf_step_next('a1', 's', 't', expected_version => 77);
\echo :SQLSTATE
SELECT recorded FROM wf_step_complete('a1', 's', '1', expected_version => (SELECT version FROM wf_execution('a1')));
-- What failed while it was undone is undone further, not taken up again.
SELECT created FROM wf_start('order', 'u1');
SELECT action FROM wf_step_begin('u1', 'a', compensation => 'undo-a');
SELECT recorded FROM wf_step_complete('u1', 'a');
SELECT wf_set_status('u1', 'compensating'), wf_fail('u1', '"no way"');
SELECT wf_retry('u1');
\echo :SQLSTATE
SELECT wf_prune_history('u1', 1);
SELECT wf_retry('u1');
\echo :SQLSTATE
SELECT wf_set_status('u1', 'compensating');
SELECT wf_patch_state('u1', '{"note": "undoing"}');
DELETE FROM wfstate.state_versions WHERE execution_id = 'u1' AND version > 3;
SELECT action FROM wf_repair('u1');
SELECT status FROM wf_execution('u1');
-- To go back from it is a decision: failed steps have new attempts, and what fails then may be taken up again.
SELECT created FROM wf_start('order', 'u5');
SELECT action FROM wf_step_begin('u5', 'a', compensation => 'undo-a'), wf_step_begin('u5', 'b') AS b (x);
SELECT recorded FROM wf_step_complete('u5', 'a');
SELECT action FROM wf_step_fail('u5', 'b');
SELECT wf_set_status('u5', 'compensating'), wf_recover('u5', version => 1);
SELECT action, attempt FROM wf_step_begin('u5', 'b');
SELECT wf_fail('u5'), wf_retry('u5');
-- A retry keeps what was saved after the failure, also where that was pruned.
SELECT created FROM wf_start('order', 'u2', state => '{"n": 0}');
SELECT action FROM wf_step_begin('u2', 'a');
SELECT wf_checkpoint('u2', 'kept'), wf_fail('u2');
SELECT recorded FROM wf_step_complete('u2', 'a', '1', '{"a": 1}');
SELECT wf_prune_history('u2', 1);
SELECT wf_retry('u2'), wf_load_state('u2');
-- A repair that lets an ended one go on gives failed steps new attempts.
SELECT created FROM wf_start('order', 'u3');
SELECT action FROM wf_step_begin('u3', 's'), wf_step_fail('u3', 's', '1') AS f (x, y, z);
SELECT wf_fail('u3', '"F"');
DELETE FROM wfstate.state_versions WHERE execution_id = 'u3' AND version = 2;
SELECT action FROM wf_repair('u3');
SELECT action, attempt FROM wf_step_begin('u3', 's');
-- A worker that has lost its lease is not told that its patch was applied, nor that its version was there.
SELECT created FROM wf_start('stale', 'u4');
SELECT lease AS u4 FROM wf_claim('w1', '{stale}') \gset
SELECT wf_complete('u4', patch => '{"by": 1}', lease => :u4);
SELECT wf_complete('u4', patch => '{"by": 1}', lease => :u4);
\echo :SQLSTATE
SELECT wf_complete('u4', expected_version => 77, lease => :u4);
\echo :SQLSTATE
SELECT wf_complete('u4', expected_version => 9223372036854775807, lease => :u4);
\echo :SQLSTATE
SELECT wf_complete('u4', expected_version => 2, lease => :u4);
SELECT wf_cancel('u4', expected_version => 0, lease => -5);
\echo :SQLSTATE
-- The answers of one call are bounded.
SELECT created FROM wf_start('large', 'big');
SELECT count(*) FROM wf_steps_begin('big', '{a,b}');
SELECT count(*) FROM generate_series(1, 2) AS n, wf_step_complete('big', chr(96 + n), to_jsonb(repeat('x', 40 * 1024 * 1024)));
SELECT count(*) FROM wf_steps_begin('big', '{a,b,c}');
\echo :SQLSTATE
SELECT count(*) FROM wf_steps_complete('big', '{a,b}');
\echo :SQLSTATE
SELECT step_id, action FROM wf_steps_begin('big', '{a,c}');
SELECT count(wf_delete(execution_id)) > 0 AS deleted FROM wf_list(max_rows => 1000);
