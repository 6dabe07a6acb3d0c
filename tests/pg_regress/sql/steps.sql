-- Steps: run once, recorded once, tried again, undone in reverse; and every refusal.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'steps';
SELECT created FROM wf_start('order', 'o1', '{"total": 7}');
-- Begun, completed, done.
SELECT * FROM wf_step_begin('o1', 'charge', '{"amount": 7.50}');
SELECT * FROM wf_step_complete('o1', 'charge', '{"id": "ch-1"}', '{"charged": true}');
SELECT * FROM wf_step_begin('o1', 'charge', '{"amount": 7.50}');
SELECT wf_load_state('o1'), version, step_id, changes FROM wf_history('o1');
-- The first result counts, and its change alone.
SELECT * FROM wf_step_complete('o1', 'charge', '{"id": "ch-2"}', '{"charged": "twice"}');
SELECT wf_load_state('o1');
-- Another input is told.
SELECT wf_step_begin('o1', 'charge', '{"amount": 7.5}');
\echo :SQLSTATE
SELECT wf_step_begin('o1', 'charge');
\echo :SQLSTATE
-- Neither output nor input; a null of JSON is one.
SELECT action, attempt FROM wf_step_begin('o1', 'bare');
SELECT * FROM wf_step_complete('o1', 'bare');
SELECT * FROM wf_step_begin('o1', 'bare');
SELECT action FROM wf_step_begin('o1', 'null', 'null');
SELECT * FROM wf_step_complete('o1', 'null', 'null');
SELECT * FROM wf_step_begin('o1', 'null', 'null');
-- Whoever ran it may have died: it is begun again, and the older attempt may be kept out.
SELECT attempt FROM wf_step_begin('o1', 'slow');
SELECT action, attempt FROM wf_step_begin('o1', 'slow');
SELECT wf_step_complete('o1', 'slow', '1', attempt => 1);
\echo :SQLSTATE
SELECT wf_step_fail('o1', 'slow', '1', attempt => 1);
\echo :SQLSTATE
SELECT * FROM wf_step_complete('o1', 'slow', '2', attempt => 2);
SELECT * FROM wf_step_complete('o1', 'slow', '1', attempt => 1);
-- What fails once has failed, unless more attempts are given.
SELECT action FROM wf_step_begin('o1', 'once');
SELECT * FROM wf_step_fail('o1', 'once', '{"message": "no"}');
SELECT * FROM wf_step_fail('o1', 'once', '{"message": "again"}', 5);
SELECT * FROM wf_step_begin('o1', 'once');
SELECT wf_step_complete('o1', 'once');
\echo :SQLSTATE
SELECT action FROM wf_step_begin('o1', 'often');
SELECT action, attempt, retry_at - clock_timestamp() BETWEEN interval '9 s' AND interval '11 s' AS wait FROM wf_step_fail('o1', 'often', '"a"', 3, '10 s');
SELECT action, attempt, error, retry_at > clock_timestamp() AS later FROM wf_step_begin('o1', 'often');
UPDATE wfstate.steps SET retry_at = clock_timestamp() - interval '1 s' WHERE step_id = 'often';
SELECT action, attempt, error FROM wf_step_begin('o1', 'often');
SELECT action, attempt, retry_at - clock_timestamp() BETWEEN interval '39 s' AND interval '44 s' AS wait FROM wf_step_fail('o1', 'often', '"b"', 3, '10 s', 4.0);
UPDATE wfstate.steps SET retry_at = clock_timestamp() WHERE step_id = 'often';
SELECT action, attempt FROM wf_step_begin('o1', 'often');
SELECT * FROM wf_step_fail('o1', 'often', '"c"', 3, '10 s');
SELECT failure_no, attempt, error, started_at <= failed_at AS ordered FROM wf_step_failures('o1', 'often');
SELECT failure_no FROM wf_step_failures('o1', 'often', after => 1, max_rows => 1);
SELECT action FROM wf_step_begin('o1', 'now');
SELECT action, retry_at <= clock_timestamp() AS at_once FROM wf_step_fail('o1', 'now', max_attempts => 2, initial_interval => '0 s');
SELECT action, attempt FROM wf_step_begin('o1', 'now');
SELECT retry_at - clock_timestamp() BETWEEN interval '4 s' AND interval '6 s' AS capped FROM wf_step_fail('o1', 'now', max_attempts => 20, initial_interval => '1 h', max_interval => '5 s');
-- The execution taken up again gives failed steps new attempts.
SELECT wf_fail('o1', '"steps"'), wf_retry('o1');
SELECT action, attempt FROM wf_step_begin('o1', 'once');
SELECT action, attempt FROM wf_step_begin('o1', 'often');
SELECT action FROM wf_step_begin('o1', 'charge', '{"amount": 7.50}');
-- Lists.
SELECT step_id, status, attempt, input, output, error FROM wf_steps('o1');
SELECT step_id FROM wf_steps('o1', 'running');
SELECT step_id FROM wf_steps('o1', after => (SELECT "position" FROM wf_steps('o1', max_rows => 1)), max_rows => 2);
SELECT count(*) FROM wf_steps('none'), wf_step_failures('none', 'x') AS f (a);
-- In one call.
SELECT created FROM wf_start('fan', 'f1');
SELECT step_id, action, attempt FROM wf_steps_begin('f1', '{c,a,b}', '{1,2,3}');
SELECT step_id, input FROM wf_steps('f1');
SELECT * FROM wf_steps_complete('f1', '{c,a}', '{10,20}', '{"n": 2}');
SELECT step_id, action, output FROM wf_steps_begin('f1', '{c,a,b}', '{1,2,3}');
SELECT * FROM wf_steps_complete('f1', '{a,c}', '{11,21}', '{"n": 3}');
SELECT * FROM wf_steps_complete('f1', '{a,b}', patch => '{"n": 4}');
SELECT wf_load_state('f1'), max(version) FROM wf_history('f1');
SELECT * FROM wf_steps_begin('f1', '{}');
-- All or none.
SELECT wf_steps_begin('f1', '{d,a}', '{1,9}');
\echo :SQLSTATE
SELECT wf_steps_complete('f1', '{b,unknown}');
\echo :SQLSTATE
SELECT action FROM wf_step_begin('f1', 'd');
SELECT wf_step_complete('f1', 'd', '1', '[{"op": "test", "path": "/n", "value": 0}]');
\echo :SQLSTATE
SELECT wf_step_complete('f1', 'd', '1', '{"n": 5}', 1);
\echo :SQLSTATE
SELECT status, output FROM wf_steps('f1') WHERE step_id = 'd';
SELECT * FROM wf_step_complete('f1', 'd', '1', '{"n": 5}', 3, note => 'last');
-- The result of one and the begin of the next, in one call.
SELECT created FROM wf_start('chain', 'c1');
SELECT action FROM wf_step_begin('c1', 'a');
SELECT * FROM wf_step_next('c1', 'a', 'b', '{"a": 1}', '{"n": 1}', '{"for": "b"}', 'undo-b');
SELECT step_id, status, attempt, input, output, compensation FROM wf_steps('c1');
SELECT wf_load_state('c1'), version, step_id FROM wf_history('c1', max_rows => 1);
-- Repeated, the first result counts, and the next is begun again, as by wf_step_begin.
SELECT * FROM wf_step_next('c1', 'a', 'b', '{"a": 2}', '{"n": 2}', '{"for": "b"}');
SELECT wf_step_next('c1', 'b', 'c', attempt => 1);
\echo :SQLSTATE
SELECT * FROM wf_step_next('c1', 'b', 'c', '2', attempt => 2);
SELECT * FROM wf_step_next('c1', 'b', 'a', next_input => NULL);
SELECT * FROM wf_step_next('c1', 'c', 'c', '3');
-- Another input of the next is told, and nothing is recorded.
SELECT action FROM wf_step_begin('c1', 'd');
SELECT wf_step_next('c1', 'd', 'b', '4', next_input => '{"for": "another"}');
\echo :SQLSTATE
SELECT status, output FROM wf_steps('c1') WHERE step_id = 'd';
-- Where nothing begins any more, the result is recorded all the same.
SELECT wf_pause('c1');
SELECT * FROM wf_step_next('c1', 'd', 'e', '4', '{"n": 4}');
SELECT next_action, next_output FROM wf_step_next('c1', 'd', 'b', next_input => '{"for": "b"}');
SELECT status, output FROM wf_steps('c1') WHERE step_id IN ('d', 'e');
SELECT wf_step_next('c1', 'none', 'e');
\echo :SQLSTATE
SELECT wf_step_next('none', 'a', 'b');
\echo :SQLSTATE
SELECT wf_step_next('c1', 'd', NULL);
\echo :SQLSTATE
SELECT wf_step_next('c1', 'd', '');
\echo :SQLSTATE
-- A definition's graph, tries and compensations.
SELECT wf_define('trip', '{"steps": {
  "flight": {"compensation": "cancel-flight", "retry": {"max_attempts": 2, "initial_interval": "5 seconds", "backoff_coefficient": 3}},
  "hotel": {"depends_on": ["flight"], "compensation": "cancel-hotel"},
  "car": {"depends_on": ["flight"]},
  "mail": {"depends_on": ["hotel", "car"]}}}');
SELECT created FROM wf_start('trip', 't1');
SELECT * FROM wf_ready_steps('t1');
SELECT * FROM wf_step_begin('t1', 'mail');
SELECT action FROM wf_step_begin('t1', 'flight');
SELECT * FROM wf_ready_steps('t1');
SELECT action, retry_at - clock_timestamp() BETWEEN interval '4 s' AND interval '6 s' AS wait FROM wf_step_fail('t1', 'flight', '"full"');
SELECT * FROM wf_ready_steps('t1');
UPDATE wfstate.steps SET retry_at = clock_timestamp() WHERE execution_id = 't1';
SELECT * FROM wf_ready_steps('t1');
SELECT action FROM wf_step_begin('t1', 'flight');
SELECT recorded FROM wf_step_complete('t1', 'flight', '"LH 1"', '{"flight": "LH 1"}');
SELECT * FROM wf_ready_steps('t1');
SELECT next_action, next_blocked_by FROM wf_step_next('t1', 'flight', 'mail');
SELECT step_id, action FROM wf_steps_begin('t1', '{car,hotel,other}');
SELECT step_id, recorded FROM wf_steps_complete('t1', '{car,hotel,other}', '{1,2,3}');
SELECT * FROM wf_ready_steps('t1');
SELECT action FROM wf_step_begin('t1', 'mail');
SELECT * FROM wf_step_fail('t1', 'mail', '"down"');
-- Undone in reverse; a crash in the middle goes on where it was.
SELECT wf_step_compensated('t1', 'hotel');
\echo :SQLSTATE
SELECT wf_set_status('t1', 'compensating');
SELECT step_id, compensation, status, output FROM wf_compensations('t1');
SELECT wf_step_begin('t1', 'extra');
\echo :SQLSTATE
SELECT * FROM wf_step_compensated('t1', 'hotel');
SELECT * FROM wf_step_compensated('t1', 'hotel');
SELECT wf_step_compensated('t1', 'car');
\echo :SQLSTATE
SELECT wf_step_compensated('t1', 'mail');
\echo :SQLSTATE
SELECT wf_step_compensated('t1', 'none');
\echo :SQLSTATE
SELECT step_id, compensation, status FROM wf_compensations('t1');
SELECT wf_step_compensation_failed('t1', 'flight', '{"message": "too late"}');
SELECT status, error FROM wf_execution('t1');
SELECT wf_step_compensated('t1', 'flight');
\echo :SQLSTATE
-- What is partly undone is not taken up again: the undone steps would count as done.
SELECT wf_retry('t1');
\echo :SQLSTATE
SELECT wf_set_status('t1', 'compensating');
SELECT step_id, compensation, status, error FROM wf_compensations('t1');
SELECT * FROM wf_step_compensated('t1', 'flight');
SELECT step_id, status FROM wf_steps('t1');
SELECT version, status FROM wf_history('t1', newest_first => false) WHERE version > 2;
SELECT action, output FROM wf_step_begin('t1', 'flight');
SELECT wf_step_begin('t1', 'new');
\echo :SQLSTATE
-- Without a definition the step itself says what undoes it.
SELECT created FROM wf_start('order', 'o2');
SELECT action FROM wf_step_begin('o2', 'a', compensation => 'undo-a'), wf_step_begin('o2', 'b', compensation => 'undo-b') AS b (x);
SELECT recorded FROM wf_step_complete('o2', 'b', '1');
SELECT recorded FROM wf_step_complete('o2', 'a', '2');
SELECT step_id, compensation FROM wf_compensations('o2');
SELECT step_id FROM wf_compensations('o2', max_rows => 1);
SELECT step_id FROM wf_compensations('o2', after => (SELECT "position" FROM wf_compensations('o2', max_rows => 1)));
-- A paused execution begins no step; what was begun is recorded all the same.
SELECT action FROM wf_step_begin('o2', 'c');
SELECT wf_pause('o2');
SELECT wf_step_begin('o2', 'd');
\echo :SQLSTATE
SELECT recorded FROM wf_step_complete('o2', 'c', '3');
SELECT action FROM wf_step_begin('o2', 'c');
SELECT wf_resume('o2'), wf_cancel('o2');
SELECT wf_step_begin('o2', 'd');
\echo :SQLSTATE
-- Savepoints and rollbacks.
SELECT created FROM wf_start('order', 'o3');
BEGIN;
SELECT action FROM wf_step_begin('o3', 'a');
SAVEPOINT s;
SELECT recorded FROM wf_step_complete('o3', 'a', '1', '{"a": 1}');
ROLLBACK TO s;
SELECT action, attempt FROM wf_step_begin('o3', 'a');
SELECT recorded, version FROM wf_step_complete('o3', 'a', '2', '{"a": 2}');
COMMIT;
SELECT wf_load_state('o3'), output FROM wf_steps('o3');
-- Gone with the execution.
SELECT wf_delete('o1');
SELECT count(*) FROM wfstate.steps WHERE execution_id = 'o1';
SELECT count(*) FROM wfstate.step_failures WHERE execution_id = 'o1';
SELECT created FROM wf_start('order', 'o1', '{"total": 7}');
SELECT action, attempt FROM wf_step_begin('o1', 'charge', '{"amount": 7.50}');
-- Arguments.
SELECT wf_step_begin('none', 'a');
\echo :SQLSTATE
SELECT wf_step_begin('o1', NULL);
\echo :SQLSTATE
SELECT wf_step_begin('o1', '');
\echo :SQLSTATE
SELECT wf_step_begin('o1', repeat('x', 256));
\echo :SQLSTATE
SELECT wf_step_begin(NULL, 'a');
\echo :SQLSTATE
SELECT wf_step_begin('o1', 'a', compensation => '');
\echo :SQLSTATE
SELECT wf_step_complete('o1', 'none');
\echo :SQLSTATE
SELECT wf_step_complete('none', 'a');
\echo :SQLSTATE
SELECT wf_step_complete('none', 'a', patch => '{}');
\echo :SQLSTATE
SELECT wf_step_complete('o1', 'charge', patch => '1');
\echo :SQLSTATE
SELECT wf_step_fail('o1', 'none');
\echo :SQLSTATE
SELECT wf_step_fail('o1', 'charge', max_attempts => 0);
\echo :SQLSTATE
SELECT wf_step_fail('o1', 'charge', initial_interval => '-1 s');
\echo :SQLSTATE
SELECT wf_step_fail('o1', 'charge', max_interval => '-1 day');
\echo :SQLSTATE
SELECT wf_step_fail('o1', 'charge', backoff_coefficient => 0.5);
\echo :SQLSTATE
SELECT wf_step_fail('o1', 'charge', backoff_coefficient => 'NaN');
\echo :SQLSTATE
SELECT retry_at > clock_timestamp() AS late FROM wf_step_fail('o1', 'charge', max_attempts => 2, initial_interval => '1000 years', max_interval => '1000 years');
SELECT wf_steps('o1', 'lost');
\echo :SQLSTATE
SELECT wf_steps('o1', max_rows => 0);
\echo :SQLSTATE
SELECT wf_step_failures('o1', 'charge', max_rows => 10001);
\echo :SQLSTATE
SELECT wf_compensations('o1', max_rows => NULL);
\echo :SQLSTATE
SELECT wf_ready_steps('none');
\echo :SQLSTATE
SELECT wf_steps_begin('o1', NULL);
\echo :SQLSTATE
SELECT wf_steps_begin('o1', '{a,NULL}');
\echo :SQLSTATE
SELECT wf_steps_begin('o1', '{a,a}');
\echo :SQLSTATE
SELECT wf_steps_begin('o1', '{a,b}', '{1}');
\echo :SQLSTATE
SELECT wf_steps_complete('o1', '{a}', '{1,2}');
\echo :SQLSTATE
SELECT wf_steps_begin('o1', array_agg('s' || n)) FROM generate_series(1, 1001) AS n;
\echo :SQLSTATE
SELECT wf_step_compensated('o1', 'charge');
\echo :SQLSTATE
SELECT wf_step_compensation_failed('none', 'charge');
\echo :SQLSTATE
SET wfstate.max_state_size = '1kB';
SELECT wf_step_begin('o1', 'big', to_jsonb(repeat('x', 2000)));
\echo :SQLSTATE
SELECT wf_step_complete('o1', 'charge', to_jsonb(repeat('x', 2000)));
\echo :SQLSTATE
SELECT wf_step_fail('o1', 'charge', to_jsonb(repeat('x', 2000)));
\echo :SQLSTATE
RESET wfstate.max_state_size;
-- Another tenant has steps of its own.
SET wfstate.tenant = 'steps-other';
SELECT count(*) FROM wf_steps('o1');
SELECT wf_step_begin('o1', 'charge');
\echo :SQLSTATE
