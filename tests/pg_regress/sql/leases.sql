-- Leases: claimed by priority and age, held alone, fenced, limited, set aside; and every refusal.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'leases';
SELECT count(*) FROM wf_claim('w1');
-- Higher priorities first, then the older; what was started before goes before what was not.
SELECT created FROM wf_start('order', 'a', '{"n": 1}');
SELECT created FROM wf_start('order', 'b');
SELECT created FROM wf_start('order', 'c', priority => 5);
SELECT execution_id, workflow, state, priority, worker, lease FROM wf_leases();
SELECT execution_id, lease > 0 AS lease, expires_at - clock_timestamp() BETWEEN interval '28 s' AND interval '30 s' AS expires, workflow, workflow_version, status, phase, version, input, claims FROM wf_claim('w1');
SELECT execution_id, input FROM wf_claim('w1', max_rows => 5);
SELECT count(*) FROM wf_claim('w1');
SELECT version, status, note FROM wf_history('a');
SELECT execution_id, state, worker, lease IS NOT NULL AS held, claims FROM wf_leases(worker => 'w1');
-- Each write under its lease.
SELECT lease AS a FROM wf_leases() WHERE execution_id = 'a' \gset
SELECT lease AS b FROM wf_leases() WHERE execution_id = 'b' \gset
SELECT wf_save_state('a', '{"x": 1}', lease => :a), wf_patch_state('a', '{"y": 2}', lease => :a), wf_transition('a', 'p', lease => :a);
SELECT action FROM wf_step_begin('a', 's', lease => :a);
SELECT recorded, version FROM wf_step_complete('a', 's', '1', '{"z": 3}', lease => :a);
SELECT step_id, action FROM wf_steps_begin('a', '{t,u}', lease => :a);
SELECT step_id, recorded FROM wf_steps_complete('a', '{t}', lease => :a);
SELECT action FROM wf_step_fail('a', 'u', lease => :a);
SELECT wf_checkpoint('a', 'point', lease => :a), wf_recover('a', 'point', lease => :a), wf_set_status('a', 'running', lease => :a);
SELECT execution_id, version FROM wf_save_states('{a,b}', ARRAY['{"x": 2}', '{"x": 3}']::jsonb[], leases => ARRAY[:a, :b]);
-- Another execution's token.
SELECT version AS before FROM wf_execution('a') \gset
SELECT wf_save_state('a', '{"x": 1}', lease => :b);
\echo :SQLSTATE
SELECT wf_patch_state('a', '{"x": 1}', lease => :b);
\echo :SQLSTATE
SELECT wf_transition('a', 'q', lease => :b);
\echo :SQLSTATE
SELECT wf_save_states('{a,b}', ARRAY['{"x": 2}', '{"x": 3}']::jsonb[], leases => ARRAY[:b, :a]);
\echo :SQLSTATE
SELECT wf_checkpoint('a', 'other', lease => :b);
\echo :SQLSTATE
SELECT wf_recover('a', 'point', lease => :b);
\echo :SQLSTATE
SELECT wf_step_begin('a', 'v', lease => :b);
\echo :SQLSTATE
SELECT wf_steps_begin('a', '{v}', lease => :b);
\echo :SQLSTATE
SELECT wf_step_complete('a', 'u', lease => :b);
\echo :SQLSTATE
SELECT wf_steps_complete('a', '{u}', lease => :b);
\echo :SQLSTATE
SELECT wf_step_fail('a', 'u', lease => :b);
\echo :SQLSTATE
SELECT wf_step_compensated('a', 's', lease => :b);
\echo :SQLSTATE
SELECT wf_step_compensation_failed('a', 's', lease => :b);
\echo :SQLSTATE
SELECT wf_set_status('a', 'waiting', lease => :b);
\echo :SQLSTATE
SELECT wf_pause('a', lease => :b);
\echo :SQLSTATE
SELECT wf_complete('a', lease => :b);
\echo :SQLSTATE
SELECT wf_fail('a', lease => :b);
\echo :SQLSTATE
SELECT wf_cancel('a', lease => :b);
\echo :SQLSTATE
SELECT wf_release('a', :b);
\echo :SQLSTATE
SELECT version = :before AS unchanged, status FROM wf_execution('a');
SELECT step_id, status FROM wf_steps('a');
-- Heartbeats.
SELECT execution_id, held, expires_at - clock_timestamp() BETWEEN interval '58 s' AND interval '60 s' AS expires FROM wf_heartbeat('{b,a}', ARRAY[:b, :a], '1 min');
SELECT execution_id, held, expires_at FROM wf_heartbeat('{a,b,none}', ARRAY[:b, 0, 1]);
SELECT * FROM wf_heartbeat('{}', '{}');
-- After expiry: nobody writes under it, and it cannot be had back.
UPDATE wfstate.leases SET expires_at = clock_timestamp() - interval '1 s', check_at = clock_timestamp() - interval '1 s' WHERE execution_id = 'a';
SELECT wf_patch_state('a', '{"late": true}', lease => :a);
\echo :SQLSTATE
SELECT wf_step_complete('a', 'u', lease => :a);
\echo :SQLSTATE
SELECT held FROM wf_heartbeat('{a}', ARRAY[:a]);
-- Claimed by another: what was begun goes on there.
SELECT execution_id, lease > :a AS newer, status, version = :before AS unchanged, claims FROM wf_claim('w2');
SELECT wf_patch_state('a', '{"late": true}', lease => :a);
\echo :SQLSTATE
SELECT lease AS a FROM wf_leases() WHERE execution_id = 'a' \gset
SELECT wf_patch_state('a', '{"late": false}', lease => :a) = :before + 1 AS saved;
-- A heartbeat has put it off: the claim looks again later.
UPDATE wfstate.leases SET check_at = clock_timestamp() - interval '1 s' WHERE execution_id = 'a';
SELECT count(*) FROM wf_claim('w3');
SELECT check_at = expires_at AS later FROM wfstate.leases WHERE execution_id = 'a';
-- A shorter lease ends sooner.
SELECT held FROM wf_heartbeat('{a}', ARRAY[:a], '1 s');
SELECT check_at <= clock_timestamp() + interval '1 s' AS sooner FROM wfstate.leases WHERE execution_id = 'a';
SELECT held FROM wf_heartbeat('{a}', ARRAY[:a], '1 h');
-- Given back, at once or for later.
SELECT wf_release('b', :b, note => 'enough'), status FROM wf_execution('b');
SELECT status FROM wf_execution('b');
SELECT wf_release('b', :b);
\echo :SQLSTATE
SELECT execution_id, claims, lease AS b FROM wf_claim('w2') \gset
\echo :execution_id :claims
SELECT wf_release('b', :b, '1 hour');
SELECT count(*) FROM wf_claim('w2');
SELECT state, due_at > clock_timestamp() + interval '59 min' AS later FROM wf_leases() WHERE execution_id = 'b';
UPDATE wfstate.leases SET check_at = clock_timestamp() WHERE execution_id = 'b';
SELECT execution_id FROM wf_claim('w2');
-- After the end nothing is held.
SELECT wf_complete('a', '"done"', lease => :a) > 0 AS completed;
SELECT wf_patch_state('a', '{"late": true}', lease => :a);
\echo :SQLSTATE
SELECT wf_step_begin('a', 'new', lease => :a);
\echo :SQLSTATE
SELECT wf_complete('a', '"done"', lease => :a) > 0 AS repeated;
SELECT wf_complete('a', '"else"', lease => :a);
\echo :SQLSTATE
SELECT count(*) FROM wfstate.leases WHERE execution_id = 'a';
SELECT lease AS b FROM wf_leases() WHERE execution_id = 'b' \gset
SELECT wf_save_state('b', '{}', status => 'completed', lease => :b) > 0 AS completed;
SELECT wf_save_state('b', '{}', lease => :b);
\echo :SQLSTATE
SELECT count(*) FROM wfstate.leases WHERE execution_id = 'b';
SELECT version > 0 AS saved FROM wf_save_states('{c}', '{"{}"}', statuses => '{failed}');
SELECT count(*) FROM wf_leases();
-- Taken up again, paused, resumed, undone.
SELECT wf_retry('c') > 0 AS retried;
SELECT execution_id, priority, state FROM wf_leases();
SELECT wf_pause('c') > 0 AS paused;
SELECT state FROM wf_leases();
SELECT count(*) FROM wf_claim('w1');
SELECT wf_resume('c') > 0 AS resumed;
SELECT execution_id, status, lease AS c FROM wf_claim('w1') \gset
\echo :execution_id :status
SELECT wf_pause('c') > 0 AS paused;
SELECT wf_patch_state('c', '{}', lease => :c);
\echo :SQLSTATE
SELECT wf_resume('c') > 0 AS resumed, status FROM wf_execution('c');
SELECT status FROM wf_execution('c');
SELECT execution_id, status, lease AS c FROM wf_claim('w1') \gset
SELECT action FROM wf_step_begin('c', 'do', compensation => 'undo', lease => :c);
SELECT recorded FROM wf_step_complete('c', 'do', lease => :c);
SELECT wf_set_status('c', 'compensating', lease => :c) > 0 AS undoing;
UPDATE wfstate.leases SET expires_at = clock_timestamp(), check_at = clock_timestamp() WHERE execution_id = 'c';
SELECT execution_id, status, lease AS c FROM wf_claim('w2') \gset
\echo :execution_id :status
SELECT * FROM wf_step_compensated('c', 'do', lease => :c);
SELECT count(*) FROM wf_leases();
SELECT created FROM wf_start('order', 'd');
SELECT action FROM wf_step_begin('d', 'do', compensation => 'undo');
SELECT recorded FROM wf_step_complete('d', 'do');
SELECT wf_cancel('d') > 0 AS cancelled, wf_set_status('d', 'compensating') > 0 AS undoing;
SELECT execution_id, status FROM wf_claim('w1');
SELECT wf_step_compensation_failed('d', 'do') > 0 AS failed;
SELECT count(*) FROM wf_leases();
-- A save may say what a status function says.
SELECT created FROM wf_start('order', 'e');
SELECT wf_save_state('e', '{}', status => 'paused') > 0 AS saved;
SELECT count(*) FROM wf_claim('w1');
SELECT wf_save_state('e', '{}', status => 'pending') > 0 AS saved;
SELECT execution_id FROM wf_claim('w1');
SELECT wf_delete('e');
SELECT count(*) FROM wf_leases();
-- What was saved without wf_start is offered by its status.
SELECT wf_save_state('f', '{}', status => 'waiting', workflow => 'saved') > 0 AS saved;
SELECT count(*) FROM wf_claim('w1');
SELECT wf_set_status('f', 'pending') > 0 AS offered;
SELECT execution_id FROM wf_claim('w1');
SELECT wf_complete('f') > 0 AS completed;
-- Another workflow.
SELECT created FROM wf_start('order', 'g');
SELECT wf_save_state('g', '{}', workflow => 'other') > 0 AS moved;
SELECT count(*) FROM wf_claim('w1', '{order}');
SELECT execution_id, workflow FROM wf_claim('w1', '{nothing,other}');
SELECT wf_complete('g') > 0 AS completed;
-- Not before its time.
SELECT created FROM wf_start('order', 'h', start_at => clock_timestamp() + interval '1 h');
SELECT created FROM wf_start('order', 'i', start_at => clock_timestamp() - interval '1 h');
SELECT execution_id, state, due_at IS NOT NULL AS due FROM wf_leases();
SELECT execution_id FROM wf_claim('w1', max_rows => 10);
UPDATE wfstate.leases SET check_at = clock_timestamp() WHERE execution_id = 'h';
SELECT execution_id, status FROM wf_claim('w1');
SELECT wf_complete('h') > 0, wf_complete('i') > 0;
-- Several workflows of one priority: by age.
SELECT count(*) FROM generate_series(1, 6) AS n, wf_start(CASE WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END, 'n' || n);
SELECT execution_id FROM wf_claim('w1', max_rows => 4);
SELECT execution_id FROM wf_claim('w1', '{even}', max_rows => 4);
SELECT execution_id FROM wf_claim('w1', max_rows => 4);
SELECT count(wf_complete('n' || n)) FROM generate_series(1, 6) AS n;
-- Rolled back, it is there again.
SELECT created FROM wf_start('order', 'j');
BEGIN;
SELECT execution_id FROM wf_claim('w1');
SELECT count(*) FROM wf_claim('w1');
ROLLBACK;
SELECT execution_id FROM wf_claim('w1');
SELECT wf_complete('j') > 0;
-- Claimed again and again without progress: set aside, and told.
SELECT wf_set_limits('poison', max_claims => 2);
SELECT created FROM wf_start('poison', 'p');
SELECT claims FROM wf_claim('w1');
UPDATE wfstate.leases SET expires_at = clock_timestamp(), check_at = clock_timestamp() WHERE execution_id = 'p';
SELECT claims, lease AS p FROM wf_claim('w2') \gset
\echo :claims
SELECT action FROM wf_step_begin('p', 's');
SELECT recorded FROM wf_step_complete('p', 's');
UPDATE wfstate.leases SET expires_at = clock_timestamp(), check_at = clock_timestamp() WHERE execution_id = 'p';
SELECT claims FROM wf_claim('w2');
UPDATE wfstate.leases SET expires_at = clock_timestamp(), check_at = clock_timestamp() WHERE execution_id = 'p';
SELECT claims FROM wf_claim('w2');
UPDATE wfstate.leases SET expires_at = clock_timestamp(), check_at = clock_timestamp() WHERE execution_id = 'p';
SELECT count(*) FROM wf_claim('w2');
SELECT status, error FROM wf_execution('p');
SELECT execution_id FROM wf_list(workflow => 'poison', has_error => true);
-- Limits, of a workflow and of a key.
SELECT wf_set_limits('few', 2);
SELECT count(*) FROM generate_series(1, 4) AS n, wf_start('few', 'f' || n);
SELECT execution_id FROM wf_claim('w1', max_rows => 10);
SELECT count(*) FROM wf_claim('w1', max_rows => 10);
SELECT * FROM wf_limits('few');
SELECT wf_complete('f1') > 0;
SELECT execution_id FROM wf_claim('w1', max_rows => 10);
SELECT wf_set_limits('few');
SELECT execution_id FROM wf_claim('w1', max_rows => 10);
SELECT count(wf_complete('f' || n)) FROM generate_series(2, 4) AS n;
SELECT wf_set_limits('keyed', max_per_key => 1);
SELECT count(*) FROM generate_series(1, 4) AS n, wf_start('keyed', 'k' || n, concurrency_key => CASE WHEN n < 4 THEN 'hot' ELSE 'cold' END);
SELECT execution_id FROM wf_claim('w1', max_rows => 10);
SELECT execution_id, state, concurrency_key FROM wf_leases('keyed');
SELECT count(*) FROM wf_claim('w1', max_rows => 10);
SELECT wf_complete('k1') > 0;
SELECT execution_id FROM wf_claim('w1', max_rows => 10);
SELECT wf_pause('k2') > 0 AS paused;
SELECT execution_id FROM wf_claim('w1', max_rows => 10);
SELECT wf_resume('k2') > 0 AS resumed;
SELECT count(*) FROM wf_claim('w1', max_rows => 10);
SELECT execution_id, state FROM wf_leases('keyed');
SELECT wf_set_limits('keyed', max_per_key => 2);
SELECT execution_id FROM wf_claim('w1', max_rows => 10);
SELECT workflow, max_running, max_per_key, max_claims, running FROM wf_limits();
SELECT count(wf_complete('k' || n)) FROM generate_series(2, 4) AS n;
-- Another tenant sees nothing of it.
SELECT created FROM wf_start('order', 'mine');
SET wfstate.tenant = 'others';
SELECT count(*) FROM wf_claim('w1');
SELECT count(*) FROM wf_leases();
SELECT count(*) FROM wf_limits();
SET wfstate.tenant = 'leases';
SELECT execution_id FROM wf_claim('w1');
SELECT wf_complete('mine') > 0;
-- Arguments.
SELECT wf_claim(NULL);
\echo :SQLSTATE
SELECT wf_claim('');
\echo :SQLSTATE
SELECT wf_claim(repeat('x', 256));
\echo :SQLSTATE
SELECT wf_claim('w', '{NULL}');
\echo :SQLSTATE
SELECT wf_claim('w', array_fill('x'::text, '{1001}'));
\echo :SQLSTATE
SELECT wf_claim('w', duration => '0 s');
\echo :SQLSTATE
SELECT wf_claim('w', duration => '25 hours');
\echo :SQLSTATE
SELECT wf_claim('w', max_rows => 0);
\echo :SQLSTATE
SELECT wf_claim('w', max_rows => 10001);
\echo :SQLSTATE
SELECT wf_heartbeat('{a}', '{1,2}');
\echo :SQLSTATE
SELECT wf_heartbeat('{a}', '{NULL}');
\echo :SQLSTATE
SELECT wf_heartbeat('{a}', '{1}', '-1 s');
\echo :SQLSTATE
SELECT wf_release('a', NULL);
\echo :SQLSTATE
SELECT wf_release('a', 1, '-1 s');
\echo :SQLSTATE
SELECT wf_leases(state => 'lost');
\echo :SQLSTATE
SELECT wf_leases(max_rows => 0);
\echo :SQLSTATE
SELECT wf_set_limits('', 1);
\echo :SQLSTATE
SELECT wf_set_limits('x', 0);
\echo :SQLSTATE
SELECT wf_start('order', priority => 10);
\echo :SQLSTATE
SELECT wf_start('order', concurrency_key => '');
\echo :SQLSTATE
SELECT wf_save_states('{a}', '{"{}"}', leases => '{1,2}');
\echo :SQLSTATE
SELECT count(wf_delete(execution_id)) FROM wf_list(max_rows => 1000);
SELECT count(*) FROM wfstate.leases WHERE tenant = 'leases';
DELETE FROM wfstate.queues WHERE tenant = 'leases';
