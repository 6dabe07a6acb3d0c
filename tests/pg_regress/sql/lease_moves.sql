-- What the queue makes of whatever happens to an execution: nothing that goes on is lost, and nothing stops the claims of others.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'lease_moves';
CREATE FUNCTION pg_temp.expire(id text) RETURNS void LANGUAGE sql AS $$UPDATE wfstate.leases SET expires_at = clock_timestamp(), check_at = clock_timestamp() WHERE execution_id = id$$;
CREATE FUNCTION pg_temp.lease(id text) RETURNS bigint LANGUAGE sql AS $$SELECT ticket FROM wfstate.leases WHERE execution_id = id AND tenant = 'lease_moves'$$;
-- A definition that lets it neither run nor fail: it is claimed as it is, and set aside idle.
SELECT wf_define('strict', '{"statuses": {"pending": ["waiting", "completed"]}}');
SELECT wf_set_limits('strict', max_claims => 1);
SELECT created FROM wf_start('strict', 'strict');
SELECT created FROM wf_start('order', 'usual');
SELECT execution_id, status, version FROM wf_claim('w', max_rows => 10);
SELECT pg_temp.expire('strict');
SELECT count(*) FROM wf_claim('w', max_rows => 10);
SELECT status, error FROM wf_execution('strict');
SELECT state FROM wf_leases('strict');
SELECT wf_complete('strict') > 0 AS completed;
-- One with a schema and rules runs, and its rules hold.
SELECT wf_define('ruled', '{"schema": {"type": "object", "required": ["n"]}, "rules": [{"name": "few", "path": "$.n < 9", "message": "n is too large"}], "phases": {"a": {"next": ["b"]}, "b": {}}, "initial_phase": "a", "terminal_phases": ["b"], "initial_state": {"n": 1}}');
SELECT created FROM wf_start('ruled', 'ruled');
SELECT execution_id, status, phase FROM wf_claim('w', '{ruled}');
SELECT wf_patch_state('ruled', '{"n": 9}', lease => pg_temp.lease('ruled'));
SELECT wf_complete('ruled') > 0 AS completed;
-- A state that cannot be migrated or read is claimed like any other.
CREATE FUNCTION public.regress_wf_breaks(state jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$BEGIN RAISE EXCEPTION 'broken'; END$$;
SELECT created FROM wf_start('shaped', 'shaped');
SELECT wf_add_migration('shaped', 0, 1, function => 'public.regress_wf_breaks');
SELECT created FROM wf_start('order', 'damaged', state => '{"n": 1}');
UPDATE wfstate.state_versions SET snapshot_hash = 1 WHERE execution_id = 'damaged';
SELECT execution_id, status FROM wf_claim('w', max_rows => 10);
-- Repaired: what goes on is held or offered, what has failed is in no queue, and its parent goes on.
SELECT created FROM wf_start('order', 'parent');
SELECT created FROM wf_start('order', 'child', parent => 'parent');
SELECT action FROM wf_await_children('parent');
UPDATE wfstate.state_versions SET snapshot_hash = 1, hash = 1 WHERE execution_id = 'child';
SELECT action FROM wf_repair('child');
SELECT execution_id, state FROM wf_leases('order');
SELECT execution_id FROM wf_claim('w');
SELECT created FROM wf_start('order', 'ended', state => '{"n": 1}');
SELECT wf_complete('ended') > 0 AS completed;
UPDATE wfstate.state_versions SET hash = 1 WHERE execution_id = 'ended' AND version = 2;
SELECT action FROM wf_repair('ended');
SELECT status FROM wf_execution('ended');
SELECT state FROM wf_leases('order') WHERE execution_id = 'ended';
-- Statuses that others give.
SELECT wf_pause('ended') > 0, wf_set_status('ended', 'running') > 0;
SELECT execution_id, status FROM wf_claim('w');
SELECT wf_pause('ended') > 0, wf_patch_state('ended', '{}', status => 'compensating') > 0;
SELECT execution_id, status FROM wf_claim('w');
SELECT wf_set_status('ended', 'failed') > 0, wf_retry('ended') > 0;
SELECT action FROM wf_await_signal('ended', 's');
SELECT wf_save_state('ended', '{}', status => 'compensating') > 0;
SELECT execution_id, status FROM wf_claim('w');
SELECT wf_set_status('ended', 'failed') > 0;
SELECT created FROM wf_start('order', 'back');
SELECT execution_id FROM wf_claim('w');
SELECT wf_complete('back') > 0, wf_recover('back', version => 2) > 0;
SELECT execution_id, status FROM wf_claim('w');
-- What had come of it is forgotten, where it goes on.
SELECT wf_complete('back', '"result"') > 0, wf_recover('back', version => 2) > 0;
SELECT status, result FROM wf_execution('back');
SELECT wf_fail('back', '"error"') > 0, wf_recover('back', version => 2) > 0;
SELECT count(*) FROM wf_list(workflow => 'order', has_error => true) WHERE execution_id = 'back';
SELECT wf_recover('back', version => 3) > 0;
SELECT count(*) FROM wf_leases('order') WHERE execution_id = 'back';
-- Forks and imports wait until they are offered.
SELECT created FROM wf_start('order', 'origin');
SELECT wf_fork('origin', 'fork'), wf_import(wf_export('origin'), 'import');
SELECT execution_id FROM wf_claim('w', max_rows => 10);
SELECT wf_set_status('fork', 'pending'), wf_set_status('import', 'pending');
SELECT execution_id FROM wf_claim('w', max_rows => 10);
-- A time not to be claimed before holds, whatever else happens.
SELECT created FROM wf_start('order', 'later', start_at => clock_timestamp() + interval '1 hour');
SELECT wf_set_status('later', 'pending') > 0, wf_patch_state('later', '{}', status => 'pending') > 0;
SELECT wf_pause('later') > 0, wf_resume('later') > 0;
SELECT count(*) FROM wf_claim('w');
SELECT state, due_at > clock_timestamp() + interval '59 min' AS later FROM wf_leases('order') WHERE execution_id = 'later';
SELECT wake_at > clock_timestamp() + interval '59 min' AS later FROM wf_execution('later');
SELECT action FROM wf_await_signal('later', 's');
SELECT created FROM wf_signal('later', 's');
SELECT execution_id FROM wf_claim('w');
SELECT wf_release('later', pg_temp.lease('later'), '1 hour') > 0;
SELECT created FROM wf_signal('later', 's');
SELECT count(*) FROM wf_claim('w');
SELECT wf_cancel('later') > 0;
-- Repeated after a lost answer.
SELECT created FROM wf_start('order', 'again');
SELECT lease AS again FROM wf_claim('w') \gset
SELECT wf_complete('again', '1', lease => :again), wf_complete('again', '1', lease => :again);
SELECT wf_complete('again', '2', lease => :again);
\echo :SQLSTATE
SELECT wf_fail('again', '1', lease => :again);
\echo :SQLSTATE
-- A wait that nobody asks for any more wakes nobody.
SELECT created FROM wf_start('order', 'turns');
SELECT execution_id FROM wf_claim('w');
SELECT action FROM wf_await_signal('turns', 'a', '0.01 s', lease => pg_temp.lease('turns'));
SELECT pg_sleep(0.05);
SELECT execution_id FROM wf_claim('w');
SELECT action FROM wf_await_signal('turns', 'b', '1 hour', lease => pg_temp.lease('turns'));
SELECT count(*) FROM wf_claim('w');
SELECT created FROM wf_signal('turns', 'a');
SELECT execution_id FROM wf_claim('w');
SELECT action FROM wf_await_signal('turns', 'b', '1 hour', lease => pg_temp.lease('turns'));
SELECT count(*) FROM wf_claim('w');
-- Of several that are asked for one after the other, the first that comes wakes it, whenever it came.
SELECT created FROM wf_signal('turns', 'b');
SELECT execution_id FROM wf_claim('w');
SELECT action FROM wf_await_signal('turns', 'x', lease => pg_temp.lease('turns'));
SELECT created FROM wf_signal('turns', 'x');
SELECT action FROM wf_await_signal('turns', 'y');
SELECT execution_id FROM wf_claim('w');
-- Ended waits are progress.
SELECT wf_set_limits('few claims', max_claims => 1);
SELECT created FROM wf_start('few claims', 'signalled');
SELECT count(*) FROM generate_series(1, 2) AS n, wf_signal('signalled', 's' || n);
SELECT claims FROM wf_claim('w');
SELECT action FROM wf_await_signal('signalled', 's1');
SELECT pg_temp.expire('signalled');
SELECT claims FROM wf_claim('w');
SELECT action FROM wf_await_signal('signalled', 's2');
SELECT pg_temp.expire('signalled');
SELECT claims FROM wf_claim('w');
-- What is due of another workflow does not hide it.
INSERT INTO wfstate.leases (tenant, execution_id, workflow, lane, state, check_at) SELECT 'lease_moves', 'crowd-' || n, 'crowd', 0, 'delayed', clock_timestamp() FROM generate_series(1, 500) AS n;
SELECT created FROM wf_start('alone', 'alone', start_at => clock_timestamp() + interval '0.01 s');
SELECT pg_sleep(0.05);
SELECT execution_id FROM wf_claim('w', '{alone}');
-- Parked, and nobody told it that there is room: an idle claim does.
SELECT wf_set_limits('keyed', max_per_key => 1);
SELECT count(*) FROM generate_series(1, 2) AS n, wf_start('keyed', 'k' || n, concurrency_key => 'x');
SELECT execution_id FROM wf_claim('w', '{keyed}', max_rows => 2);
DELETE FROM wfstate.leases WHERE execution_id = 'k1';
SELECT execution_id FROM wf_claim('w', '{keyed}');
-- A writer starts, claims, and ends executions of limited workflows, and sets no limits, by no way.
CREATE ROLE regress_wf_worker;
SELECT wf_grant_access('regress_wf_worker', 'writer', '{lease_moves}');
SET ROLE regress_wf_worker;
SELECT created FROM wf_start('keyed', 'k3', concurrency_key => 'y');
SELECT created FROM wf_start('of a writer', 'w1');
SELECT execution_id FROM wf_claim('w', '{keyed,"of a writer"}', max_rows => 5);
SELECT wf_complete('k3') > 0 AS completed, wf_complete('w1') > 0;
SELECT wf_set_limits('keyed', max_per_key => 100);
\echo :SQLSTATE
UPDATE wfstate.queues SET max_per_key = 100;
\echo :SQLSTATE
RESET ROLE;
SELECT max_per_key FROM wf_limits('keyed');
SELECT wf_revoke_access('regress_wf_worker');
DROP ROLE regress_wf_worker;
-- The queues are written by the functions alone: what an operator adds past them, every session would read.
CREATE ROLE regress_lease_operator;
SELECT wf_grant_access('regress_lease_operator', 'operator');
SELECT wf_grant_tenant('regress_lease_operator', 'lease_moves');
SET ROLE regress_lease_operator;
INSERT INTO wfstate.queues (tenant, workflow, lanes) VALUES ('lease_moves', 'junk', 1);
\echo :SQLSTATE
UPDATE wfstate.queues SET lanes = lanes;
\echo :SQLSTATE
SELECT wf_set_limits('limited', max_running => 3);
SELECT workflow, max_running FROM wf_limits('limited');
SELECT created FROM wf_start('limited', 'held twice');
SELECT * FROM wf_heartbeat('{held twice,held twice}', '{1,2}');
\echo :SQLSTATE
-- Waits end before time does.
SELECT wf_sleep('held twice', 'long', '178000000 years');
\echo :SQLSTATE
SELECT action FROM wf_await_signal('held twice', 'go', '1001 years');
\echo :SQLSTATE
-- A head that says nothing that can be, and a key that a policy hides: an error, and no endless search.
UPDATE wfstate.executions SET workflow = NULL, workflow_version = 3 WHERE execution_id = 'held twice';
SELECT action FROM wf_step_begin('held twice', 'a');
\echo :SQLSTATE
RESET ROLE;
SELECT created FROM wf_start('limited', 'hidden', idempotency_key => 'hidden');
CREATE POLICY hides ON wfstate.runs AS RESTRICTIVE FOR SELECT TO regress_lease_operator USING (idempotency_key IS NULL OR idempotency_key <> 'hidden');
SET ROLE regress_lease_operator;
SELECT created FROM wf_start('limited', 'another', idempotency_key => 'hidden');
\echo :SQLSTATE
RESET ROLE;
DROP POLICY hides ON wfstate.runs;
SELECT wf_revoke_access('regress_lease_operator');
SELECT wf_revoke_tenant('regress_lease_operator', 'lease_moves');
DROP ROLE regress_lease_operator;
-- No more workflows than all sessions can keep, and a claim parks no more than it should.
INSERT INTO wfstate.queues (tenant, workflow, lanes) SELECT 'lease_moves', 'one of many ' || n, 3 FROM generate_series(1, 2000) AS n;
SELECT wf_start('one too many');
\echo :SQLSTATE
SELECT wf_set_limits('one too many');
\echo :SQLSTATE
SELECT created FROM wf_start('keyed', 'k4', concurrency_key => 'z');
DELETE FROM wfstate.queues WHERE workflow ~ '^one of many';
SELECT count(*) FROM generate_series(1, 1500) AS n, wf_start('keyed', 'p' || n, concurrency_key => 'z');
SELECT created FROM wf_start('keyed', 'free', concurrency_key => 'free');
SELECT execution_id FROM wf_claim('w', '{keyed}');
SELECT execution_id FROM wf_claim('w', '{keyed}');
SELECT execution_id FROM wf_claim('w', '{keyed}');
SELECT state, count(*) FROM wf_leases('keyed', max_rows => 10000) GROUP BY state ORDER BY state;
DELETE FROM wfstate.leases WHERE tenant = 'lease_moves';
SELECT count(wf_delete(execution_id)) > 0 AS deleted FROM wf_list(max_rows => 10000);
SELECT wf_drop_migration('shaped', 0) AS dropped;
DROP FUNCTION public.regress_wf_breaks;
DELETE FROM wfstate.queues WHERE tenant = 'lease_moves';
DELETE FROM wfstate.definitions WHERE tenant = 'lease_moves';
DELETE FROM wfstate.workflows WHERE tenant = 'lease_moves';
DELETE FROM wfstate.recoveries WHERE tenant = 'lease_moves';
DELETE FROM wfstate.quarantine WHERE tenant = 'lease_moves';
-- A claim that is rolled back hides neither what it took, nor what had become due.
SET wfstate.tenant = 'rolled';
SELECT count(*) FROM wf_start('order', 'lo'), wf_start('order', 'hi', priority => 9) AS a, wf_start('order', 'hi2', priority => 9) AS b;
BEGIN;
SELECT execution_id FROM wf_claim('w', '{order}');
ROLLBACK;
SELECT a.execution_id, b.execution_id, c.execution_id FROM wf_claim('w', '{order}', '1 microsecond') AS a, wf_claim('w', '{order}', '1 microsecond') AS b, wf_claim('w', '{order}', '1 microsecond') AS c;
BEGIN;
SELECT count(*) FROM wf_claim('w', '{order}', max_rows => 3);
SAVEPOINT s;
ROLLBACK;
SELECT count(*) FROM wf_claim('w', '{order}', '1 microsecond', 3);
BEGIN;
SAVEPOINT s;
SELECT count(*) FROM wf_claim('w', '{order}', max_rows => 3);
ROLLBACK TO s;
SELECT count(*) FROM wf_claim('w', '{order}', max_rows => 3);
COMMIT;
SELECT count(wf_delete(execution_id)) FROM wf_list();
-- Across many workflows: the higher priority first, then the older, each once.
SELECT count(*) FROM generate_series(1, 3) AS round, generate_series(1, 70) AS n,
       wf_start(format('many-%s', n), format('x-%s-%s', round, n), priority => CASE WHEN n = 70 AND round > 1 THEN 5 ELSE 0 END);
CREATE TEMP TABLE in_turn AS SELECT ordinality AS turn, execution_id FROM wf_claim('w', max_rows => 150) WITH ORDINALITY;
INSERT INTO in_turn SELECT 150 + ordinality, execution_id FROM wf_claim('w', max_rows => 1000) WITH ORDINALITY;
SELECT count(*), count(DISTINCT execution_id), array_agg(execution_id ORDER BY turn) = array_agg(execution_id ORDER BY l.priority DESC, e.created_at) AS in_order
  FROM in_turn JOIN wf_leases(max_rows => 1000) AS l USING (execution_id) JOIN wf_list(max_rows => 1000) AS e USING (execution_id);
SELECT (array_agg(execution_id ORDER BY turn))[1:3] FROM in_turn;
DROP TABLE in_turn;
SELECT count(wf_delete(execution_id)) FROM wf_list(max_rows => 1000);
