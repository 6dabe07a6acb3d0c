-- The feed: every version, status, step and signal, in an order that a poller can follow; and every refusal.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'feed';
SELECT wf_save_state('before', '{}');
SELECT * FROM wf_changes();
SELECT wf_record_changes();
SELECT created FROM wf_start('order', 'a');
SELECT lease AS a FROM wf_claim('w') \gset
SELECT wf_save_state('a', '{"x": 1}', lease => :a), wf_patch_state('a', '{"y": 2}', lease => :a), wf_patch_state('a', '[{"op": "remove", "path": "/y"}]', status => 'running', lease => :a);
SELECT action FROM wf_step_begin('a', 's', lease => :a);
SELECT recorded FROM wf_step_complete('a', 's', '1', '{"z": 3}', lease => :a);
SELECT action FROM wf_step_begin('a', 't', compensation => 'undo');
SELECT action FROM wf_step_fail('a', 't', max_attempts => 2, initial_interval => '0 s');
SELECT action, attempt FROM wf_step_begin('a', 't');
SELECT recorded FROM wf_step_complete('a', 't');
SELECT created FROM wf_signal('a', 'sig', '{"secret": 1}');
SELECT action FROM wf_await_signal('a', 'sig', lease => :a);
SELECT wf_checkpoint('a', 'c', lease => :a), wf_recover('a', 'c', lease => :a), wf_fork('a', 'b');
SELECT version FROM wf_save_states('{b,n}', '{"{}","{}"}', statuses => '{failed,NULL}');
SELECT wf_set_status('a', 'compensating') > 0 AS undoing;
SELECT recorded FROM wf_step_compensated('a', 't');
SELECT wf_import(wf_export('n'), 'm');
SELECT wf_delete('m');
SELECT kind, execution_id, version, status, step_id, attempt, signal FROM wf_changes();
-- Page by page it is the same, and behind the last there is nothing.
CREATE TEMP TABLE seen AS SELECT * FROM wf_changes();
SELECT count(*) FROM seen;
SELECT count(*) FROM wf_changes((SELECT cursor FROM seen ORDER BY string_to_array(cursor, '.')::bigint[] DESC LIMIT 1));
SELECT bool_and(p.kind = s.kind AND p.cursor = s.cursor) AS same, count(*)
  FROM (SELECT *, row_number() OVER () AS n FROM seen) AS s
  JOIN LATERAL (SELECT * FROM wf_changes((SELECT b.cursor FROM (SELECT *, row_number() OVER () AS n FROM seen) AS b WHERE b.n = s.n - 1), 1)) AS p ON true;
-- What is rolled back never was; what is not committed is not there yet.
BEGIN;
SELECT wf_save_state('r', '{}');
ROLLBACK;
BEGIN;
SELECT wf_save_state('n', '{"n": 1}');
SELECT count(*) FROM wf_changes() WHERE execution_id IN ('n', 'r');
COMMIT;
SELECT count(*) FROM wf_changes() WHERE execution_id IN ('n', 'r');
-- Another tenant's is its own, and costs nothing where it is not wanted.
SET wfstate.tenant = 'other';
SELECT wf_save_state('n', '{}');
SELECT count(*) FROM wf_changes();
SET wfstate.tenant = 'feed';
-- A database that was restored: its transactions have ended, and the new ones come behind them.
UPDATE wfstate.feeds SET cluster = cluster + 1;
UPDATE wfstate.changes SET xid = '9000000000000000000' WHERE execution_id = 'n';
SELECT count(*) FROM wf_changes() WHERE execution_id = 'n';
SELECT wf_save_state('n', '{"n": 2}');
SELECT execution_id, version, split_part(cursor, '.', 1) AS era FROM wf_changes() WHERE execution_id = 'n';
-- No longer.
SELECT wf_record_changes(false);
SELECT wf_save_state('n', '{"n": 3}');
SELECT count(*) FROM wf_changes() WHERE execution_id = 'n';
SELECT wf_prune_changes('1 day');
SELECT wf_prune_changes('0 s') > 20 AS pruned;
SELECT count(*) FROM wf_changes();
-- Arguments.
SELECT wf_record_changes(NULL);
\echo :SQLSTATE
SELECT wf_changes('x');
\echo :SQLSTATE
SELECT wf_changes('1.2');
\echo :SQLSTATE
SELECT wf_changes('1.2.3.4');
\echo :SQLSTATE
SELECT wf_changes('-1.2.3');
\echo :SQLSTATE
SELECT wf_changes('1.99999999999999999999.3');
\echo :SQLSTATE
SELECT wf_changes(max_rows => 0);
\echo :SQLSTATE
SELECT wf_prune_changes(NULL);
\echo :SQLSTATE
SELECT wf_prune_changes('-1 s');
\echo :SQLSTATE
SELECT count(wf_delete(execution_id)) FROM wf_list(max_rows => 1000);
DELETE FROM wfstate.feeds WHERE tenant = 'feed';
DELETE FROM wfstate.queues WHERE tenant = 'feed';
