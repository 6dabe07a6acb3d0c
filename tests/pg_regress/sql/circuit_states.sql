-- Circuits whose state is decided elsewhere: forced open, disabled, metrics only; reset; rolled back.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'circuit_states';
SELECT wf_circuit_configure('*', window_size => 4, half_open_permits => 2, open_wait => '1 day');
-- Forced open refuses until somebody says otherwise.
SELECT wf_circuit_save('f', 'forced_open', reason => 'maintenance');
SELECT * FROM wf_circuit_allow('f');
SELECT * FROM wf_circuit_record('f', true);
SELECT * FROM wf_circuits_recover();
SELECT agent_key, state, retry_after, attempt, opened_at IS NOT NULL AS since, reset_at FROM wf_circuits_open();
SELECT wf_circuit_save('f', 'forced_open');
SELECT wf_circuit_save('f', 'closed', reason => 'done');
SELECT * FROM wf_circuit_allow('f');
-- Disabled lets everything pass and records nothing.
SELECT wf_circuit_save('d', 'disabled');
SELECT DISTINCT allowed, state FROM generate_series(1, 10) n, wf_circuit_record('d', n < 0, 1e9);
SELECT * FROM wf_circuit_allow('d');
SELECT state, allows, calls FROM wf_circuits('disabled');
-- Metrics only records and never moves.
SELECT wf_circuit_save('m', 'metrics_only');
SELECT DISTINCT allowed, state FROM generate_series(1, 10) n, wf_circuit_record('m', n < 0, 1e9);
SELECT * FROM wf_circuit_allow('m');
SELECT state, allows, calls, failure_rate, slow_call_rate FROM wf_circuits('metrics_only');
-- Open, as another breaker says; the same again keeps the end, another end replaces it.
SELECT wf_circuit_save('o', 'open', '2999-01-01', 'upstream');
SELECT wf_circuit_save('o', 'open'), wf_circuit_save('o', 'open', '2999-01-01');
SELECT wf_circuit_save('o', 'open', '2998-01-01');
SELECT reset_at = '2998-01-01' AS replaced, attempt FROM wf_circuits_open();
SELECT allowed, state, retry_after > '900 years' AS waits FROM wf_circuit_allow('o');
-- Half-open; its outcomes decide.
SELECT wf_circuit_save('h', 'half_open');
SELECT * FROM wf_circuit_record('h', false);
SELECT allowed, state FROM wf_circuit_record('h', true);
-- Closed by hand keeps nothing of before.
SELECT wf_circuit_save('h', 'closed');
SELECT state, calls, attempt, opened_at FROM wf_circuits(after => 'f', max_rows => 1);
-- Saving what is so already keeps what was recorded.
SELECT state FROM wf_circuit_record('h', false);
SELECT wf_circuit_save('h', 'closed');
SELECT calls FROM wf_circuits(after => 'f', max_rows => 1);
-- A closed state for an agent without a row makes none.
SELECT wf_circuit_save('never', 'closed'), wf_circuit_reset('never');
SELECT count(*) FROM wfstate.circuits WHERE tenant = 'circuit_states' AND agent_key = 'never';
-- Reset: true where there was something to forget.
SELECT wf_circuit_reset('h'), wf_circuit_reset('h'), wf_circuit_reset('m'), wf_circuit_reset('o');
SELECT agent_key, state, calls FROM wf_circuits();
SELECT agent_key, transition_no AS no, from_state, to_state, reason FROM wf_circuit_transitions();
-- A transaction that rolls back takes its records, permits and transitions along.
SELECT wf_circuit_save('h', 'half_open');
BEGIN;
SELECT allowed FROM wf_circuit_allow('h');
SELECT allowed FROM wf_circuit_allow('h');
SELECT allowed FROM wf_circuit_allow('h');
ROLLBACK;
SELECT allowed FROM wf_circuit_allow('h');
BEGIN;
SAVEPOINT s;
SELECT state FROM wf_circuit_record('h', false);
SELECT state FROM wf_circuit_record('h', false);
ROLLBACK TO s;
SELECT state FROM wf_circuit_record('h', true);
COMMIT;
SELECT state FROM wf_circuit_record('h', true);
-- Every state moves to every other by hand, and says whether it did.
CREATE FUNCTION pg_temp.moved(agent text, from_state text, to_state text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM wf_circuit_save(agent, from_state);
    RETURN CASE WHEN wf_circuit_save(agent, to_state) THEN to_state ELSE '-' END;
END $$;
SELECT a.state AS from_state, string_agg(pg_temp.moved('x', a.state, b.state), ', ' ORDER BY b.n) AS to_states
  FROM unnest('{closed,open,half_open,disabled,metrics_only,forced_open}'::text[]) WITH ORDINALITY a (state, n),
       unnest('{closed,open,half_open,disabled,metrics_only,forced_open}'::text[]) WITH ORDINALITY b (state, n) GROUP BY a.n, a.state ORDER BY a.n;
DELETE FROM wfstate.circuits WHERE tenant = 'circuit_states';
DELETE FROM wfstate.circuit_policies WHERE tenant = 'circuit_states';
DELETE FROM wfstate.circuit_transitions WHERE tenant = 'circuit_states';
