-- Signals, timers and children: an execution waits without a session, and goes on; and every refusal.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'waits';
SELECT created FROM wf_start('order', 'a');
-- A signal that came before.
SELECT created FROM wf_signal('a', 'paid', '{"amount": 7.50}', 'p-1');
SELECT created FROM wf_signal('a', 'paid', '{"amount": 7.50}', 'p-1');
SELECT created FROM wf_signal('a', 'paid', '{"amount": 8}');
SELECT wf_signal('a', 'paid', '{"amount": 9}', 'p-1');
\echo :SQLSTATE
SELECT lease AS a FROM wf_claim('w1') \gset
SELECT * FROM wf_await_signal('a', 'paid', lease => :a);
SELECT * FROM wf_await_signal('a', 'paid', lease => :a);
SELECT * FROM wf_await_signal('a', 'paid', wait_id => 'paid-2', lease => :a);
SELECT name, payload, idempotency_key, taken_by, taken_at IS NOT NULL AS taken FROM wf_signals('a');
-- One that comes later: the lease ends, and the execution waits.
SELECT * FROM wf_await_signal('a', 'shipped', lease => :a);
SELECT wf_patch_state('a', '{}', lease => :a);
\echo :SQLSTATE
SELECT status FROM wf_execution('a');
SELECT execution_id, state, due_at FROM wf_leases();
SELECT count(*) FROM wf_claim('w1');
SELECT created FROM wf_signal('a', 'other');
SELECT count(*) FROM wf_claim('w1');
SELECT created FROM wf_signal('a', 'shipped', '"by air"');
SELECT execution_id, status, claims, lease AS a FROM wf_claim('w2') \gset
\echo :execution_id :status :claims
SELECT * FROM wf_await_signal('a', 'shipped', lease => :a);
SELECT version, status, note FROM wf_history('a');
SELECT wait_id, kind, name, outcome, payload, wake_at FROM wf_waits('a');
SELECT wait_id FROM wf_waits('a', after => 'paid', max_rows => 1);
SELECT name FROM wf_signals('a', taken => false);
SELECT name FROM wf_signals('a', 'paid', after => (SELECT "position" FROM wf_signals('a', max_rows => 1)));
-- A timeout is an answer; a signal that is late belongs to the next wait.
SELECT action, payload, wake_at - clock_timestamp() BETWEEN interval '59 min' AND interval '1 h' AS due FROM wf_await_signal('a', 'returned', '1 h', lease => :a);
UPDATE wfstate.waits SET wake_at = clock_timestamp() WHERE wait_id = 'returned';
UPDATE wfstate.leases SET check_at = clock_timestamp() WHERE execution_id = 'a';
SELECT lease AS a FROM wf_claim('w1') \gset
SELECT action, payload FROM wf_await_signal('a', 'returned', '1 h', lease => :a);
SELECT created FROM wf_signal('a', 'returned', '1');
SELECT action, payload FROM wf_await_signal('a', 'returned', '1 h', lease => :a);
SELECT action, payload FROM wf_await_signal('a', 'returned', '1 h', 'returned-2', lease => :a);
-- Between both, the signal counts that was there when it was asked for.
SELECT action FROM wf_await_signal('a', 'late', '1 h', lease => :a);
UPDATE wfstate.waits SET wake_at = clock_timestamp() WHERE wait_id = 'late';
SELECT created FROM wf_signal('a', 'late', '2');
SELECT lease AS a FROM wf_claim('w1') \gset
SELECT action, payload FROM wf_await_signal('a', 'late', '1 h', lease => :a);
-- Not at all.
SELECT action, payload FROM wf_await_signal('a', 'now', '0 s', lease => :a);
-- Two at once: the first of them wakes it.
SELECT action FROM wf_await_signal('a', 'x', '2 h', lease => :a);
SELECT action FROM wf_await_signal('a', 'y', '1 h');
SELECT state, due_at - clock_timestamp() BETWEEN interval '59 min' AND interval '1 h' AS due FROM wf_leases();
SELECT created FROM wf_signal('a', 'y');
SELECT lease AS a FROM wf_claim('w1') \gset
SELECT action FROM wf_await_signal('a', 'x', '2 h', lease => :a);
SELECT created FROM wf_signal('a', 'x');
SELECT lease AS a FROM wf_claim('w1') \gset
SELECT action FROM wf_await_signal('a', 'x', '2 h', lease => :a);
SELECT action FROM wf_await_signal('a', 'y', '1 h', lease => :a);
-- Sleep.
SELECT action, wake_at - clock_timestamp() BETWEEN interval '59 min' AND interval '1 h' AS due FROM wf_sleep('a', 'nap', '1 h', lease => :a);
SELECT state, due_at IS NOT NULL AS due FROM wf_leases();
SELECT count(*) FROM wf_claim('w1');
UPDATE wfstate.waits SET wake_at = clock_timestamp() WHERE wait_id = 'nap';
UPDATE wfstate.leases SET check_at = clock_timestamp() WHERE execution_id = 'a';
SELECT lease AS a FROM wf_claim('w1') \gset
SELECT action FROM wf_sleep('a', 'nap', '1 h', lease => :a);
SELECT action FROM wf_sleep('a', 'nap', '1 h', lease => :a);
SELECT action, wake_at FROM wf_sleep('a', 'past', until => '2020-01-01 00:00:00+00', lease => :a);
-- Children.
SELECT action, children, completed, incomplete FROM wf_await_children('a', lease => :a);
SELECT created FROM wf_start('part', 'a1', parent => 'a');
SELECT created FROM wf_start('part', 'a2', parent => 'a');
SELECT action, children, completed, incomplete FROM wf_await_children('a', wait_id => 'parts', lease => :a);
SELECT wf_complete('a1') > 0 AS completed;
SELECT execution_id FROM wf_claim('w1', '{order}');
SELECT wf_save_state('a2', '{}', status => 'failed') > 0 AS failed;
SELECT execution_id, lease AS a FROM wf_claim('w1', '{order}') \gset
\echo :execution_id
SELECT action, children, completed, incomplete FROM wf_await_children('a', wait_id => 'parts', lease => :a);
SELECT created FROM wf_start('part', 'a3', parent => 'a');
SELECT action, incomplete FROM wf_await_children('a', '1 h', 'more', lease => :a);
SELECT wf_delete('a3');
SELECT lease AS a FROM wf_claim('w1', '{order}') \gset
SELECT action, children, incomplete FROM wf_await_children('a', '1 h', 'more', lease => :a);
-- Paused meanwhile: it goes on when it is resumed.
SELECT action FROM wf_await_signal('a', 'z', lease => :a);
SELECT wf_pause('a') > 0 AS paused;
SELECT wf_await_signal('a', 'z2');
\echo :SQLSTATE
SELECT created FROM wf_signal('a', 'z', '3');
SELECT count(*) FROM wf_claim('w1');
SELECT wf_resume('a') > 0 AS resumed;
SELECT status, lease AS a FROM wf_claim('w1') \gset
\echo :status
SELECT action, payload FROM wf_await_signal('a', 'z', lease => :a);
-- Rolled back, nothing was taken.
SELECT created FROM wf_signal('a', 'again', '4');
BEGIN;
SELECT action, payload FROM wf_await_signal('a', 'again', lease => :a);
ROLLBACK;
SELECT action, payload FROM wf_await_signal('a', 'again', lease => :a);
-- The same wait for something else.
SELECT wf_sleep('a', 'again', '1 s', lease => :a);
\echo :SQLSTATE
SELECT wf_await_signal('a', 'first', wait_id => 'again', lease => :a);
\echo :SQLSTATE
SELECT wf_await_signal('a', 'again', lease => 1);
\echo :SQLSTATE
SELECT wf_complete('a', lease => :a) > 0 AS completed;
SELECT wf_signal('a', 'paid');
\echo :SQLSTATE
SELECT wf_await_signal('a', 'new');
\echo :SQLSTATE
SELECT action, payload FROM wf_await_signal('a', 'again');
SELECT created FROM wf_signal('a', 'paid', '{"amount": 7.50}', 'p-1');
-- Without a workflow nobody claims it; the wait goes on all the same.
SELECT wf_save_state('free', '{}') AS saved;
SELECT action FROM wf_await_signal('free', 's');
SELECT created FROM wf_signal('free', 's', 'null');
SELECT action, payload FROM wf_await_signal('free', 's');
-- Arguments.
SELECT wf_signal('none', 's');
\echo :SQLSTATE
SELECT wf_signal('free', NULL);
\echo :SQLSTATE
SELECT wf_signal('free', '');
\echo :SQLSTATE
SELECT wf_signal('free', 's', idempotency_key => repeat('k', 256));
\echo :SQLSTATE
SELECT wf_await_signal('none', 's');
\echo :SQLSTATE
SELECT wf_await_signal('free', 's', '-1 s');
\echo :SQLSTATE
SELECT wf_sleep('free', NULL, '1 s');
\echo :SQLSTATE
SELECT wf_sleep('free', 'nap');
\echo :SQLSTATE
SELECT wf_sleep('free', 'nap', '1 s', now());
\echo :SQLSTATE
SELECT wf_await_children('free', wait_id => NULL);
\echo :SQLSTATE
SELECT wf_signals('free', max_rows => 0);
\echo :SQLSTATE
SELECT wf_waits('free', max_rows => 0);
\echo :SQLSTATE
-- A parent remembers one child that has not ended: whichever ends, is taken up again, is deleted, or ended while the
-- parent did not wait, the last end wakes it.
SELECT created FROM wf_start('kin', 'p');
SELECT count(*) FROM generate_series(1, 6) AS n, wf_start('kid', 'k' || n, parent => 'p');
SELECT action, incomplete FROM wf_await_children('p');
SELECT wf_complete('k3'), wf_complete('k5');
SELECT blocked_by FROM wfstate.waits WHERE execution_id = 'p';
SELECT wf_complete('k1');
SELECT blocked_by, state FROM wfstate.waits JOIN wfstate.leases USING (tenant, execution_id) WHERE execution_id = 'p';
SELECT wf_delete('k2');
SELECT wf_fail('k4');
SELECT blocked_by, state FROM wfstate.waits JOIN wfstate.leases USING (tenant, execution_id) WHERE execution_id = 'p';
SELECT wf_retry('k4');
SELECT wf_cancel('k6');
SELECT blocked_by, state FROM wfstate.waits JOIN wfstate.leases USING (tenant, execution_id) WHERE execution_id = 'p';
SELECT wf_set_status('p', 'running') > 0 AS looks_elsewhere, wf_complete('k4');
SELECT created FROM wf_start('kid', 'k7', parent => 'p');
SELECT action, all_children, incomplete FROM wf_await_children('p') AS c (action, all_children, completed, incomplete, wake_at);
SELECT wf_complete('k7');
SELECT state FROM wf_leases('kin');
SELECT action FROM wf_await_children('p');
-- The last end wakes it also where one ended while it was paused, and it waits for something else besides.
SELECT created FROM wf_start('kin', 'q');
SELECT count(*) FROM unnest('{A,B,C}'::text[]) AS n, wf_start('kid', n, parent => 'q');
SELECT action FROM wf_await_children('q');
SELECT wf_complete('A'), wf_pause('q');
SELECT wf_complete('B'), wf_resume('q');
SELECT action FROM wf_sleep('q', 'besides', '1 hour');
SELECT wf_complete('C');
SELECT state FROM wf_leases(execution_id => 'q');
-- Signals of others do not matter, however many.
SELECT count(*) FROM generate_series(1, 50) AS n, wf_signal('p', 'many', to_jsonb(n));
SELECT action FROM wf_await_signal('p', 'none'), wf_await_signal('p', 'neither') AS a (b);
SELECT state FROM wf_leases('kin');
SELECT action FROM wf_await_signal('p', 'other');
SELECT created FROM wf_signal('p', 'neither');
SELECT state FROM wf_leases('kin');
SELECT count(wf_delete(execution_id)) FROM wf_list(max_rows => 1000);
SELECT count(*) FROM wfstate.signals WHERE tenant = 'waits';
SELECT count(*) FROM wfstate.waits WHERE tenant = 'waits';
SELECT count(*) FROM wfstate.leases WHERE tenant = 'waits';
DELETE FROM wfstate.queues WHERE tenant = 'waits';
