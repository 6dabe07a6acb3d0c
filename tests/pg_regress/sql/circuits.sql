-- Circuit breakers: closed, open, half-open; windows, rates, permits, waits, and what is written.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'circuits';
-- Nobody has heard of the agent: its circuit is closed, and asking writes nothing.
SELECT * FROM wf_circuit_allow('a');
SELECT count(*) FROM wfstate.circuits WHERE tenant = 'circuits';
-- The defaults.
SET intervalstyle = 'postgres';
SELECT * FROM wf_circuit_policy('a') \gx
-- A window of 4 calls, of which 2 failures open it.
SELECT wf_circuit_configure('a', window_size => 4, minimum_calls => 3, open_wait => '1 day', half_open_permits => 2);
SELECT * FROM wf_circuit_record('a', true, 12.5);
SELECT * FROM wf_circuit_record('a', false, 0);
-- Below the minimum.
SELECT state, allows, calls, failures, failure_rate, minimum_calls, window_size FROM wf_circuits();
SELECT * FROM wf_circuit_record('a', true);
-- The call that opens it, as the recorder, the next caller and the list see it.
SELECT allowed, state, retry_after > '23:59' AND retry_after <= '1 day' AS waits FROM wf_circuit_record('a', false);
SELECT allowed, state, retry_after > '23:59' AND retry_after <= '1 day' AS waits FROM wf_circuit_allow('a');
SELECT agent_key, state, allows, retry_after > '23:59' AS waits, calls, failure_rate, slow_call_rate, attempt, reset_at - opened_at AS wait, transitions FROM wf_circuits();
SELECT agent_key, state, retry_after > '23:59' AS waits, attempt, reset_at > opened_at AS later FROM wf_circuits_open();
-- A record while open changes nothing.
SELECT xmin AS before FROM wfstate.circuits WHERE tenant = 'circuits' \gset
SELECT allowed, state FROM wf_circuit_record('a', true);
SELECT allowed, state FROM wf_circuit_allow('a');
SELECT xmin = :'before'::xid AS unwritten FROM wfstate.circuits WHERE tenant = 'circuits';
SELECT * FROM wf_circuits_recover();
-- The wait is over: two permits and no third.
SELECT wf_circuit_save('a', 'open', reset_at => clock_timestamp() - interval '1 second');
SELECT agent_key, state, retry_after FROM wf_circuits_open();
SELECT allowed, state, retry_after FROM wf_circuit_record('a', true);
SELECT * FROM wf_circuit_allow('a');
SELECT state, allows, permits_taken, half_open_permits, calls FROM wf_circuits();
SELECT * FROM wf_circuit_allow('a');
SELECT * FROM wf_circuit_allow('a');
-- One failure of two: open again, the second time in a row.
SELECT * FROM wf_circuit_record('a', true);
SELECT allowed, state FROM wf_circuit_record('a', false);
SELECT state, attempt FROM wf_circuits();
-- Recovered without a call; two successes close it, and all is forgotten.
SELECT wf_circuit_save('a', 'open', reset_at => '2020-01-01');
SELECT * FROM wf_circuits_recover();
SELECT * FROM wf_circuits_recover();
SELECT state, permits_taken FROM wf_circuits();
SELECT * FROM wf_circuit_allow('a');
SELECT * FROM wf_circuit_record('a', true);
SELECT * FROM wf_circuit_record('a', true);
SELECT state, calls, failure_rate, attempt, opened_at, reset_at FROM wf_circuits();
SELECT transition_no AS no, from_state, to_state, reason, calls, failure_rate, slow_call_rate, changed_by = current_user AS mine, changed_at <= clock_timestamp() AS past FROM wf_circuit_transitions('a');

-- Closed and healthy costs no write: once the window is full of fast successes, nothing changes.
SELECT count(*) FROM generate_series(1, 4) n, wf_circuit_record('a', n > 0, 5);
SELECT xmin AS before FROM wfstate.circuits WHERE tenant = 'circuits' \gset
BEGIN;
SELECT count(*) FROM generate_series(1, 50) n, wf_circuit_allow(left('a', n));
SELECT count(*) FROM generate_series(1, 50) n, wf_circuit_record('a', n > 0, 5);
SELECT pg_current_xact_id_if_assigned() AS no_transaction_id;
COMMIT;
SELECT xmin = :'before'::xid AS unwritten FROM wfstate.circuits WHERE tenant = 'circuits';
-- A record is not lost on the ones before it in the same statement, and each row is a record, also where its
-- arguments are those of another one: four successes push the failure out of a window of four.
SELECT count(*) FROM (VALUES (1, false), (2, true), (3, true), (4, true), (5, true)) v (n, success), LATERAL wf_circuit_record('a', v.success);
SELECT calls, failures FROM wf_circuits();

-- Slow calls: longer than the duration, whether they fail or not; NULL is not slow.
SELECT wf_circuit_configure('slow', slow_call_rate => 0.5, slow_call_duration => '2 seconds', minimum_calls => 4, failure_rate => 1);
SELECT state FROM (VALUES (1, true, 2000::float8), (2, true, NULL), (3, true, 2000.001)) v (n, success, ms), LATERAL wf_circuit_record('slow', v.success, v.ms);
SELECT calls, failures, slow_calls, slow_call_rate FROM wf_circuits(after => 'a');
SELECT state FROM wf_circuit_record('slow', false, 9999999);
SELECT reason, calls, failure_rate, slow_call_rate FROM wf_circuit_transitions('slow');

-- Time windows: a minimum beyond the count, and outcomes that are still there.
SELECT wf_circuit_configure('time', window_kind => 'time', window_size => 1000, minimum_calls => 300);
SELECT DISTINCT state FROM generate_series(1, 299) n, wf_circuit_record('time', n < 0);
SELECT calls, failure_rate, window_kind, window_size FROM wf_circuits(after => 'slow');
SELECT state FROM wf_circuit_record('time', true);

-- The wait of each opening in a row.
SELECT wf_circuit_configure('wait', open_wait => '1 hour', open_wait_multiplier => 3, open_wait_max => '10 hours', window_size => 1, half_open_permits => 1);
SELECT state FROM wf_circuit_record('wait', false);
CREATE PROCEDURE pg_temp.fail_again() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM wf_circuit_save('wait', 'open', reset_at => '2020-01-01');
    PERFORM wf_circuit_allow('wait');
    PERFORM wf_circuit_record('wait', false);
END $$;
SELECT attempt, reset_at - opened_at AS wait FROM wf_circuits(after => 'time');
CALL pg_temp.fail_again();
SELECT attempt, reset_at - opened_at AS wait FROM wf_circuits(after => 'time');
CALL pg_temp.fail_again();
SELECT attempt, reset_at - opened_at AS wait FROM wf_circuits(after => 'time');
CALL pg_temp.fail_again();
SELECT attempt, reset_at - opened_at AS wait FROM wf_circuits(after => 'time');

-- Trial calls that nobody hears of open the circuit again, as of when that was due.
SELECT wf_circuit_configure('dead', half_open_permits => 1, half_open_max_wait => '10 milliseconds', open_wait => '1 day');
SELECT wf_circuit_save('dead', 'half_open');
SELECT * FROM wf_circuit_allow('dead');
SELECT pg_sleep(0.02);
SELECT state, allows FROM wf_circuits(after => 'a', max_rows => 1);
SELECT agent_key FROM wf_circuits('open', after => 'a', max_rows => 1);
SELECT state FROM wfstate.circuits WHERE tenant = 'circuits' AND agent_key = 'dead';
SELECT allowed, state FROM wf_circuit_allow('dead');
SELECT t.reason, t.changed_at = c.opened_at AS as_of_then, c.updated_at > t.changed_at AS written_later FROM wf_circuit_transitions('dead') t, wf_circuits(after => 'a', max_rows => 1) c ORDER BY transition_no DESC LIMIT 1;

-- Policies: own options, those of *, defaults.
SELECT wf_circuit_configure('*', failure_rate => 0.25, minimum_calls => 7);
SELECT wf_circuit_configure('own', failure_rate => 0.75);
SELECT failure_rate, minimum_calls, window_size FROM wf_circuit_policy('own');
SELECT failure_rate, minimum_calls, window_size FROM wf_circuit_policy('other');
SELECT wf_circuit_configure('own', window_size => 10);
SELECT failure_rate, minimum_calls, window_size FROM wf_circuit_policy('own');
SELECT wf_circuit_configure('own', minimum_calls => 2, replace => true);
SELECT failure_rate, minimum_calls, window_size FROM wf_circuit_policy('own');
SELECT wf_circuit_configure('own', replace => true), wf_circuit_configure('*', replace => true);
SELECT count(*) FROM wfstate.circuit_policies WHERE tenant = 'circuits' AND agent_key IN ('own', '*');
-- Every option, by position; months and years are what intervals make of them.
SELECT wf_circuit_configure('every', 1, 0.001, '1 microsecond', 'time', 10000, 1000000, '1 month', 1000, '1 year', 10000, '0');
SELECT * FROM wf_circuit_policy('every') \gx
-- Another size keeps the newest outcomes; another kind begins anew.
SELECT wf_circuit_configure('fit', window_size => 5, minimum_calls => 5, failure_rate => 1);
SELECT count(*) FROM (VALUES (1, true), (2, true), (3, false), (4, true), (5, false)) v (n, success), LATERAL wf_circuit_record('fit', v.success);
SELECT wf_circuit_configure('fit', window_size => 3);
SELECT state FROM wf_circuit_record('fit', true);
SELECT calls, failures, window_size FROM wf_circuits(after => 'dead', max_rows => 1);
SELECT wf_circuit_configure('fit', window_kind => 'time');
SELECT state FROM wf_circuit_record('fit', false);
SELECT calls, failures, window_kind FROM wf_circuits(after => 'dead', max_rows => 1);

-- Pages.
SELECT agent_key FROM wf_circuits(max_rows => 2);
SELECT agent_key FROM wf_circuits(after => 'dead', max_rows => 2);
SELECT agent_key, state FROM wf_circuits('open');
SELECT agent_key, state FROM wf_circuits(state => 'closed');
SELECT agent_key FROM wf_circuits_open(max_rows => 2);
SELECT agent_key FROM wf_circuits_open(after => 'slow');
SELECT agent_key, transition_no, cursor FROM wf_circuit_transitions(max_rows => 8);
SELECT agent_key, transition_no FROM wf_circuit_transitions(after => '6:a', max_rows => 3);
SELECT agent_key, transition_no FROM wf_circuit_transitions('a', after => '6:a');
-- Recovery in batches.
SELECT count(wf_circuit_save(agent_key, 'open', '2020-01-01')) FROM unnest('{r1,r2,r3}'::text[]) agent_key;
SELECT * FROM wf_circuits_recover(2);
SELECT * FROM wf_circuits_recover(2);

-- The log of a circuit that flaps keeps the last 1000.
SELECT count(wf_circuit_save('flap', CASE WHEN n % 2 = 0 THEN 'closed' ELSE 'forced_open' END)) FROM generate_series(1, 1100) n;
SELECT count(*), min(transition_no), max(transition_no) FROM wfstate.circuit_transitions WHERE tenant = 'circuits' AND agent_key = 'flap';
SELECT transitions FROM wf_circuits(after => 'fit', max_rows => 1);

-- Everything is the tenant's own.
SET wfstate.tenant = 'circuits2';
SELECT * FROM wf_circuit_allow('a');
SELECT count(*) FROM wf_circuits();
SELECT count(*) FROM wf_circuit_transitions();
SELECT minimum_calls FROM wf_circuit_policy('a');
SELECT * FROM wf_circuits_recover();
SET wfstate.tenant = 'circuits';
-- A window that cannot be read counts as empty, and is replaced.
UPDATE wfstate.circuits SET outcomes = '\xdead' WHERE tenant = 'circuits' AND agent_key = 'a';
SELECT calls FROM wf_circuits(max_rows => 1);
SELECT * FROM wf_circuit_record('a', true);
SELECT calls FROM wf_circuits(max_rows => 1);

-- Records are HOT: the row's indexes are not touched while the state stays.
SELECT pg_stat_force_next_flush();
SELECT pg_stat_reset_single_table_counters('wfstate.circuits'::regclass);
DO $$ BEGIN FOR i IN 1..300 LOOP PERFORM wf_circuit_record('hot', i % 3 > 0); COMMIT; END LOOP; END $$;
SELECT pg_stat_force_next_flush();
SELECT n_tup_upd AS updates, n_tup_hot_upd > 0.9 * n_tup_upd AS hot FROM pg_stat_user_tables WHERE relname = 'circuits';
-- The open ones are found by index.
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT agent_key FROM wfstate.circuits c WHERE c.tenant = 'circuits' AND c.state OPERATOR(pg_catalog.=) ANY (ARRAY['open', 'half_open', 'forced_open']) ORDER BY agent_key;
EXPLAIN (COSTS OFF) SELECT agent_key FROM wfstate.circuits c WHERE c.tenant = 'circuits' AND c.state OPERATOR(pg_catalog.=) 'open' ORDER BY agent_key;
RESET enable_seqscan;
DELETE FROM wfstate.circuits WHERE tenant LIKE 'circuits%';
DELETE FROM wfstate.circuit_policies WHERE tenant LIKE 'circuits%';
DELETE FROM wfstate.circuit_transitions WHERE tenant LIKE 'circuits%';
