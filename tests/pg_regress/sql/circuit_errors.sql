-- Every refusal of the circuit breakers: code, message, DETAIL, HINT; and nothing is changed by any.
\set SHOW_CONTEXT never
\set VERBOSITY default
SET wfstate.tenant = 'circuit_errors';
CREATE TEMP VIEW everything AS SELECT c::text FROM wfstate.circuits c UNION ALL SELECT p::text FROM wfstate.circuit_policies p UNION ALL SELECT t::text FROM wfstate.circuit_transitions t;
SELECT wf_circuit_configure('a', window_size => 2), wf_circuit_save('a', 'half_open'), (SELECT allowed FROM wf_circuit_record('a', false));
CREATE TEMP TABLE before AS SELECT * FROM everything;
-- Keys.
SELECT * FROM wf_circuit_allow(NULL);
\echo :SQLSTATE
SELECT * FROM wf_circuit_allow('');
\echo :SQLSTATE
SELECT * FROM wf_circuit_allow(repeat('a', 256));
\echo :SQLSTATE
SELECT * FROM wf_circuit_record(NULL, true);
\echo :SQLSTATE
SELECT * FROM wf_circuit_record('', true);
\echo :SQLSTATE
SELECT wf_circuit_configure('');
\echo :SQLSTATE
SELECT * FROM wf_circuit_policy(NULL);
\echo :SQLSTATE
SELECT wf_circuit_save('', 'open');
\echo :SQLSTATE
SELECT wf_circuit_reset(NULL);
\echo :SQLSTATE
-- Records.
SELECT * FROM wf_circuit_record('a', NULL);
\echo :SQLSTATE
SELECT * FROM wf_circuit_record('a', true, -1);
\echo :SQLSTATE
SELECT * FROM wf_circuit_record('a', true, 'NaN');
\echo :SQLSTATE
SELECT * FROM wf_circuit_record('a', true, 'Infinity');
\echo :SQLSTATE
-- Options.
SELECT wf_circuit_configure('a', failure_rate => 0);
\echo :SQLSTATE
SELECT wf_circuit_configure('a', failure_rate => 50);
\echo :SQLSTATE
SELECT wf_circuit_configure('a', slow_call_rate => 'NaN');
\echo :SQLSTATE
SELECT wf_circuit_configure('a', slow_call_duration => '0');
\echo :SQLSTATE
SELECT wf_circuit_configure('a', slow_call_duration => '-1 month');
\echo :SQLSTATE
SELECT wf_circuit_configure('a', window_kind => 'calls');
\echo :SQLSTATE
SELECT wf_circuit_configure('a', window_size => 0);
\echo :SQLSTATE
SELECT wf_circuit_configure('a', window_size => 10001);
\echo :SQLSTATE
SELECT wf_circuit_configure('a', minimum_calls => 0);
\echo :SQLSTATE
SELECT wf_circuit_configure('a', minimum_calls => 1000001);
\echo :SQLSTATE
SELECT wf_circuit_configure('a', open_wait => '0');
\echo :SQLSTATE
SELECT wf_circuit_configure('a', open_wait => '178000000 years');
\echo :SQLSTATE
SELECT wf_circuit_configure('a', open_wait_multiplier => 0.5);
\echo :SQLSTATE
SELECT wf_circuit_configure('a', open_wait_max => '366 days');
\echo :SQLSTATE
SELECT wf_circuit_configure('a', half_open_permits => 0);
\echo :SQLSTATE
SELECT wf_circuit_configure('a', half_open_max_wait => '-1 second');
\echo :SQLSTATE
-- One bad option: none is set, and none forgotten.
SELECT wf_circuit_configure('a', window_size => 3, half_open_permits => -1, replace => true);
\echo :SQLSTATE
-- States.
SELECT wf_circuit_save('a', NULL);
\echo :SQLSTATE
SELECT wf_circuit_save('a', 'OPEN');
\echo :SQLSTATE
SELECT wf_circuit_save('a', 'closed', reset_at => '2999-01-01');
\echo :SQLSTATE
SELECT wf_circuit_save('a', 'open', reset_at => 'infinity');
\echo :SQLSTATE
SELECT wf_circuit_save('a', 'open', reason => '');
\echo :SQLSTATE
SELECT wf_circuit_save('a', 'open', reason => repeat('r', 256));
\echo :SQLSTATE
-- Lists.
SELECT * FROM wf_circuits('broken');
\echo :SQLSTATE
SELECT * FROM wf_circuits(after => '');
\echo :SQLSTATE
SELECT * FROM wf_circuits(max_rows => 0);
\echo :SQLSTATE
SELECT * FROM wf_circuits_open(max_rows => 10001);
\echo :SQLSTATE
SELECT * FROM wf_circuits_open(max_rows => NULL);
\echo :SQLSTATE
SELECT * FROM wf_circuits_recover(max_rows => -1);
\echo :SQLSTATE
SELECT * FROM wf_circuit_transitions('');
\echo :SQLSTATE
SELECT * FROM wf_circuit_transitions(after => 'a');
\echo :SQLSTATE
SELECT * FROM wf_circuit_transitions(after => 'x:a');
\echo :SQLSTATE
SELECT * FROM wf_circuit_transitions('b', after => '1:a');
\echo :SQLSTATE
SELECT * FROM wf_circuit_transitions(max_rows => 0);
\echo :SQLSTATE
-- The tables refuse what the functions would.
INSERT INTO wfstate.circuit_policies (tenant, agent_key, failure_rate, configured_at) VALUES ('circuit_errors', 'b', 2, '2020-01-01');
\echo :SQLSTATE
INSERT INTO wfstate.circuits (tenant, agent_key, state, outcomes, attempt, permits_taken, transitions, updated_at) VALUES ('circuit_errors', 'b', 'ajar', '', 0, 0, 0, now());
\echo :SQLSTATE
-- Another tenant's circuit, and no tenant at all.
CREATE ROLE regress_wf_circuit;
SELECT wf_grant_access('regress_wf_circuit', 'writer'), wf_grant_tenant('regress_wf_circuit', 'blue');
SET ROLE regress_wf_circuit;
SELECT * FROM wf_circuit_allow('a');
\echo :SQLSTATE
SELECT * FROM wf_circuit_record('a', false);
\echo :SQLSTATE
SELECT count(*) FROM wfstate.circuits;
\echo :SQLSTATE
SET wfstate.tenant = 'blue';
SELECT count(*) FROM wfstate.circuits;
SELECT wf_circuit_configure('a', window_size => 3);
\echo :SQLSTATE
INSERT INTO wfstate.circuit_transitions (tenant, agent_key, transition_no, from_state, to_state, reason, calls, changed_at) VALUES ('circuit_errors', 'a', 99, 'open', 'closed', 'x', 0, now());
\echo :SQLSTATE
RESET ROLE;
SET wfstate.tenant = 'circuit_errors';
-- What cannot write refuses; what need not write answers.
BEGIN READ ONLY;
SELECT * FROM wf_circuit_allow('unheard of');
SELECT count(*) FROM wf_circuits();
SELECT * FROM wf_circuit_record('unheard of', true);
\echo :SQLSTATE
ROLLBACK;
-- Nothing was changed.
SELECT count(*) AS gone_or_changed FROM (SELECT * FROM before EXCEPT ALL SELECT * FROM everything) d;
SELECT count(*) AS new FROM (SELECT * FROM everything EXCEPT ALL SELECT * FROM before) d;
SELECT count(*) > 2 AS rows_compared FROM before;
SELECT wf_revoke_tenant('regress_wf_circuit', 'blue');
DROP OWNED BY regress_wf_circuit;
DROP ROLE regress_wf_circuit;
DELETE FROM wfstate.circuits WHERE tenant = 'circuit_errors';
DELETE FROM wfstate.circuit_policies WHERE tenant = 'circuit_errors';
DELETE FROM wfstate.circuit_transitions WHERE tenant = 'circuit_errors';
