-- wf_health: each check made to complain, and ok again; the views of metrics; rights, tenants, and every refusal.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'health';
-- Loads the library: within wf_health, the server may be in the middle of a parallel query.
SELECT wf_tenant();
\pset null (null)
CREATE FUNCTION public.health_found(wanted text, pending interval DEFAULT '5 minutes', overdue interval DEFAULT '1 minute', bytes bigint DEFAULT NULL)
    RETURNS TABLE (status text, value text, unit text, detail text, advice text) LANGUAGE sql AS $$
SELECT h.status, CASE WHEN h.unit IN ('seconds', 'bytes') THEN (h.value > 0)::text ELSE round(h.value::numeric, 2)::text END, h.unit,
       regexp_replace(h.detail, '\d\d\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC', '(time)', 'g'), h.advice
  FROM wf_health(pending_after => pending, overdue_after => overdue, max_bytes => bytes) AS h WHERE h.check_name = wanted $$;
-- What the server's statistics say depends on the tests before: these start anew.
SELECT count(pg_stat_reset_single_table_counters(oid)) > 0 AS reset FROM pg_class WHERE relnamespace = 'wfstate'::regnamespace AND relkind = 'r';
SELECT check_name, status, unit, advice FROM wf_health();
-- Arguments.
SELECT * FROM wf_health(pending_after => NULL);
\echo :SQLSTATE
SELECT * FROM wf_health(overdue_after => '-1 s');
\echo :SQLSTATE
SELECT * FROM wf_health(transaction_after => '1001 years');
\echo :SQLSTATE
SELECT * FROM wf_health(max_bytes => 0);
\echo :SQLSTATE
-- The library's version against SQL's.
SELECT replace(detail, extversion, 'X') AS detail FROM health_found('version'), pg_extension WHERE extname = 'wfstate';
BEGIN;
UPDATE pg_extension SET extversion = '0.0' WHERE extname = 'wfstate';
SELECT status, detail ~ 'extension 0\.0$' AS detail, advice FROM health_found('version');
ROLLBACK;
-- Pending: in a queue, then without one; claimed, then done.
SELECT created FROM wf_start('health', 'h1');
SELECT * FROM health_found('oldest_pending');
UPDATE wfstate.executions SET updated_at = updated_at - interval '6 minutes' WHERE tenant = 'health';
SELECT * FROM health_found('oldest_pending');
SELECT status FROM health_found('oldest_pending', pending => '1 hour');
UPDATE wfstate.executions SET updated_at = updated_at - interval '50 minutes' WHERE tenant = 'health';
SELECT status FROM health_found('oldest_pending');
SELECT workflow, ready, held, oldest_ready_seconds > 3300 AS old FROM wfstate.queue_metrics;
SELECT workflow, priority, execution_id FROM wfstate.queue_heads;
SELECT execution_id FROM wf_claim('worker', duration => '1 minute');
SELECT * FROM health_found('oldest_pending');
SELECT wf_save_state('by-hand', '{}', status => 'pending');
UPDATE wfstate.executions SET updated_at = updated_at - interval '6 minutes' WHERE execution_id = 'by-hand' AND tenant = 'health';
SELECT * FROM health_found('oldest_pending');
SELECT wf_complete('by-hand');
SELECT status, detail FROM health_found('oldest_pending');
-- A higher priority does not hide what waits below it.
SELECT created FROM wf_start('health', 'low');
UPDATE wfstate.executions SET updated_at = updated_at - interval '6 minutes' WHERE execution_id = 'low' AND tenant = 'health';
SELECT created FROM wf_start('health', 'high', priority => 9);
SELECT status, detail FROM health_found('oldest_pending');
SELECT wf_cancel('low'), wf_cancel('high');
-- Nor do limits hide what they hold back: pending, and what was claimed before.
SELECT wf_set_limits('narrow', max_per_key => 1);
SELECT s.created FROM generate_series(1, 3) AS n, LATERAL (SELECT created FROM wf_start('narrow', 'n' || n, concurrency_key => 'k') OFFSET 0) AS s;
SELECT execution_id FROM wf_claim('worker', '{narrow}', max_rows => 3);
SELECT execution_id, state FROM wf_leases() WHERE workflow = 'narrow' ORDER BY 1;
UPDATE wfstate.executions SET updated_at = updated_at - interval '6 minutes' WHERE execution_id = 'n2' AND tenant = 'health';
SELECT status, detail FROM health_found('oldest_pending');
UPDATE wfstate.executions SET status = 'running' WHERE execution_id = 'n2' AND tenant = 'health';
SELECT status, detail FROM health_found('oldest_pending');
UPDATE wfstate.leases SET claimed_at = now() WHERE execution_id = 'n2' AND tenant = 'health';
SELECT status FROM health_found('oldest_pending');
SELECT count(wf_delete('n' || n)) FROM generate_series(1, 3) AS n;
DELETE FROM wfstate.queues WHERE tenant = 'health' AND workflow = 'narrow';
-- A lease that has expired; a heartbeat puts it off.
SELECT * FROM health_found('expired_leases');
UPDATE wfstate.leases SET expires_at = expires_at - interval '3 minutes', check_at = check_at - interval '3 minutes' WHERE tenant = 'health';
SELECT * FROM health_found('expired_leases');
SELECT status FROM health_found('expired_leases', overdue => '10 minutes');
UPDATE wfstate.leases SET expires_at = expires_at - interval '10 minutes', check_at = check_at - interval '10 minutes' WHERE tenant = 'health';
SELECT status FROM health_found('expired_leases');
SELECT held, expired FROM wfstate.queue_metrics;
-- Only what a claim has not looked at since is late, not what was kept by heartbeats.
BEGIN;
UPDATE wfstate.leases SET expires_at = clock_timestamp() + interval '1 minute' WHERE tenant = 'health';
SELECT status, detail FROM health_found('expired_leases');
ROLLBACK;
-- (A session that has just looked does not look behind that again for some seconds: this is another.)
\c
\set SHOW_CONTEXT never
SET wfstate.tenant = 'health';
SELECT execution_id FROM wf_claim('another', duration => '1 hour');
SELECT status, detail FROM health_found('expired_leases');
-- A wait that is over and nobody claims; a start that is delayed is neither pending nor late before its time.
SELECT action FROM wf_sleep('h1', 'nap', '1 second', lease => (SELECT lease FROM wf_leases(execution_id => 'h1')));
UPDATE wfstate.leases SET check_at = check_at - interval '2 minutes' WHERE tenant = 'health';
SELECT * FROM health_found('overdue_waits');
SELECT workflow, waiting, overdue_seconds > 100 AS late FROM wfstate.queue_metrics;
UPDATE wfstate.leases SET check_at = check_at - interval '10 minutes' WHERE tenant = 'health';
SELECT status FROM health_found('overdue_waits');
\c
\set SHOW_CONTEXT never
SET wfstate.tenant = 'health';
SELECT execution_id FROM wf_claim('worker');
SELECT created FROM wf_start('health', 'later', start_at => now() + interval '1 day');
SELECT * FROM health_found('overdue_waits') UNION ALL SELECT * FROM health_found('oldest_pending');
SELECT held, "delayed", waiting, ready FROM wfstate.queue_metrics;
-- Circuits.
SELECT wf_circuit_save(a, 'forced_open') FROM unnest('{a,b,c,d}'::text[]) a;
SELECT * FROM health_found('open_circuits');
SELECT count(wf_circuit_save('x' || i, 'forced_open')) FROM generate_series(1, 6) i;
SELECT status, value FROM health_found('open_circuits');
SELECT state, circuits FROM wfstate.circuit_metrics ORDER BY state;
SELECT count(wf_circuit_reset(agent_key)) FROM wf_circuits();
SELECT status, value, detail FROM health_found('open_circuits');
-- A damaged version; quarantine; nothing to go back to.
SELECT wf_save_state('broken', '{"n": 1}'), wf_save_state('broken', '{"n": 2}');
UPDATE wfstate.state_versions SET snapshot_hash = 1 WHERE execution_id = 'broken' AND version = 2 AND tenant = 'health';
SELECT action FROM wf_repair('broken');
SELECT * FROM health_found('quarantine') UNION ALL SELECT * FROM health_found('repairs');
SELECT wf_release_quarantined('broken', 2);
SELECT status, value, detail FROM health_found('quarantine');
SELECT wf_save_state('lost', '{"n": 1}');
UPDATE wfstate.state_versions SET snapshot_hash = 1 WHERE execution_id = 'lost' AND tenant = 'health';
SELECT action FROM wf_repair('lost');
SELECT status, value, detail FROM health_found('repairs');
UPDATE wfstate.recoveries SET recovered_at = recovered_at - interval '8 days' WHERE tenant = 'health';
SELECT status, value, detail FROM health_found('repairs');
-- A migration that fails, and succeeds.
SELECT wf_save_state('shaped', '{"n": 1}', workflow => 'shaped', schema_version => 1), wf_add_migration('shaped', 1, 2, '[{"op": "remove", "path": "/m"}]');
SELECT failed FROM wf_migrate_states('shaped');
SELECT * FROM health_found('migration_failures');
SELECT wf_drop_migration('shaped', 1), wf_add_migration('shaped', 1, 2, '[{"op": "remove", "path": "/n"}]');
SELECT migrated FROM wf_migrate_states('shaped');
SELECT status, value, detail FROM health_found('migration_failures');
-- A chain that is long for the settings, until a save makes a keyframe.
SELECT wf_save_state('chain', jsonb_build_object('text', repeat('x', 2000)));
SET wfstate.keyframe_min = 1048576;
SET wfstate.snapshot_below = 0;
DO $$ BEGIN FOR i IN 1..40 LOOP PERFORM wf_patch_state('chain', jsonb_build_object('t' || i % 3, repeat(chr(97 + i % 26), 600))); END LOOP; END $$;
RESET wfstate.keyframe_min;
RESET wfstate.snapshot_below;
SELECT status, value::numeric > 2 AS long, unit, detail ~ '^execution chain: \d+ bytes of patches$' AS told, advice FROM health_found('longest_chain');
SET wfstate.keyframe_min = 0;
SET wfstate.keyframe_ratio = 0.1;
SELECT status FROM health_found('longest_chain');
RESET wfstate.keyframe_min;
RESET wfstate.keyframe_ratio;
SELECT wf_patch_state('chain', '{"last": 1}');
SELECT status, value::numeric < 1 AS short FROM health_found('longest_chain');
-- Statistics that nobody folds.
SET wfstate.fold_every = 0;
SELECT wf_record_routing('t', 'agent', true, 10, decided_at => now() - interval '3 days') IS NOT NULL, wf_record_routing('t', 'agent', false, 20) IS NOT NULL, wf_record_routing('t', 'agent', true, 30) IS NOT NULL;
SELECT * FROM health_found('unfolded_outcomes');
SELECT agent, tasks, failed_tasks, round(success_rate::numeric, 3) AS success_rate, p50_duration_ms FROM wfstate.agent_metrics;
SELECT count(*) > 0 FROM wf_maintain();
SELECT status, value, detail FROM health_found('unfolded_outcomes');
RESET wfstate.fold_every;
-- What is kept for longer than a policy says, until somebody runs the upkeep; what something else keeps is not told of.
SELECT * FROM health_found('retention');
SELECT wf_save_state('ended ' || i, '{}', status => 'completed'), wf_log('ended ' || i, 'info', 'x') > 0 AS logged FROM generate_series(1, 2) AS i;
SELECT wf_checkpoint('ended 1', 'kept');
UPDATE wfstate.executions SET created_at = created_at - interval '40 days', completed_at = completed_at - interval '40 days' WHERE tenant = 'health' AND execution_id ~ '^ended';
SELECT status, value FROM health_found('retention');
SELECT wf_set_retention('executions', '30 days'), wf_set_retention('logs', '30 days'), wf_set_retention('decisions', '1 year'), wf_set_retention('todo_lists', '1 day'), wf_set_retention('quarantine', '0');
SELECT * FROM health_found('retention');
SELECT wf_set_retention('executions', '38 days');
SELECT status FROM health_found('retention');
SELECT wf_set_retention('executions', '41 days');
SELECT status, value FROM health_found('retention');
SELECT wf_set_retention('executions', '30 days');
UPDATE wfstate.logs SET logged_at = logged_at - interval '40 days' WHERE tenant = 'health';
SELECT count(*) > 0 FROM wf_maintain();
SELECT status, value FROM health_found('retention');
SELECT wf_save_todo_list('alone', plan => '[]');
UPDATE wfstate.todo_lists SET updated_at = updated_at - interval '3 days' WHERE tenant = 'health';
SELECT status, detail FROM health_found('retention');
SELECT wf_save_todo_list('alone', 'ended 1');
SELECT status, detail FROM health_found('retention');
SELECT wf_delete('ended 1');
SELECT count(wf_set_retention(item, NULL)) FROM wf_retention() WHERE item <> 'versions';
-- The feed and the sessions: what they say when something runs, tests/recovery/monitoring.sh looks at.
SELECT wf_record_changes();
SELECT wf_save_state('fed', '{}');
SELECT status, detail FROM health_found('feed_lag');
BEGIN;
-- What this transaction has written is not to be waited for, but it is not given either.
SELECT wf_save_state('fed', '{}');
SELECT count(*) FROM wf_changes();
SELECT status, detail FROM health_found('feed_lag');
ROLLBACK;
SELECT wf_record_changes(false);
-- Dead rows, and autovacuum behind.
ALTER TABLE wfstate.routing_outcomes SET (autovacuum_enabled = off);
SELECT status, value, detail, advice FROM health_found('autovacuum');
BEGIN;
INSERT INTO wfstate.routing_outcomes SELECT now(), i, i, true, 'health', 'agent', NULL FROM generate_series(1, 100000) i;
SELECT status, value, left(detail, 21) AS detail FROM health_found('unfolded_outcomes');
ROLLBACK;
-- (What was rolled back is dead.)
SELECT pg_stat_force_next_flush();
SELECT status, value, unit, detail ~ '^table routing_outcomes: 10000\d dead rows$' AS told, advice FROM health_found('dead_rows');
ALTER TABLE wfstate.routing_outcomes RESET (autovacuum_enabled);
SELECT * FROM health_found('autovacuum');
VACUUM wfstate.routing_outcomes;
SELECT status, value, detail FROM health_found('dead_rows') UNION ALL SELECT status, value, detail FROM health_found('autovacuum');
SELECT dead_rows, vacuumed_seconds_ago < 60 AS vacuumed FROM wfstate.table_metrics WHERE table_name = 'routing_outcomes';
SELECT status FROM health_found('wraparound');
-- Updates that touch every index, since somebody has added one.
SELECT * FROM health_found('hot_updates');
CREATE INDEX circuits_added_idx ON wfstate.circuits (updated_at);
DO $$ BEGIN FOR i IN 1..1500 LOOP PERFORM wf_circuit_record('hot', i % 4 > 0); COMMIT; END LOOP; END $$;
SELECT pg_stat_force_next_flush();
SELECT status, value::numeric < 0.5 AS low, unit, detail, advice FROM health_found('hot_updates');
DROP INDEX wfstate.circuits_added_idx;
SELECT pg_stat_reset_single_table_counters('wfstate.circuits'::regclass);
DO $$ BEGIN FOR i IN 1..1500 LOOP PERFORM wf_circuit_record('hot', i % 4 > 0); COMMIT; END LOOP; END $$;
SELECT pg_stat_force_next_flush();
SELECT status, value::numeric > 0.5 AS high, detail ~ '^circuits [01]\.\d+$' AS told, advice FROM health_found('hot_updates');
-- The same of executions, which are judged only then.
CREATE INDEX executions_added_idx ON wfstate.executions (lower(workflow)) WHERE version > 0;
DO $$ BEGIN FOR i IN 1..1100 LOOP PERFORM wf_patch_state('fed', '{"i": 1}'); END LOOP; END $$;
SELECT pg_stat_force_next_flush();
SELECT status, regexp_replace(detail, '\d\.\d+', '…', 'g') AS detail FROM health_found('hot_updates');
DROP INDEX wfstate.executions_added_idx;
SELECT status, regexp_replace(detail, '\d\.\d+', '…', 'g') AS detail FROM health_found('hot_updates');
-- Sizes.
SELECT status, value > 0 AS value, unit, left(detail, 28) AS detail, advice FROM wf_health() WHERE check_name = 'disk';
SELECT b.share, h.status, h.advice FROM unnest('{1.5,1.2,1}'::numeric[]) AS b (share),
    LATERAL wf_health(max_bytes => (SELECT sum(pg_total_relation_size(oid)) * b.share FROM pg_class WHERE relnamespace = 'wfstate'::regnamespace AND relkind = 'r')::bigint) AS h WHERE h.check_name = 'disk';
-- Finished and unfinished executions, by workflow and status.
SELECT wf_save_state('m' || i, '{}', workflow => 'metrics', status => CASE WHEN i % 2 = 0 THEN 'completed' ELSE 'running' END) FROM generate_series(1, 5) i;
SELECT tenant, workflow, status, executions FROM wfstate.execution_metrics WHERE workflow = 'metrics' ORDER BY status;
SELECT tenant, workflow, status, executions, mean_seconds <= max_seconds AS sound FROM wfstate.finished_metrics WHERE workflow = 'metrics' ORDER BY status;
UPDATE wfstate.executions SET completed_at = completed_at - interval '6 minutes' WHERE execution_id = 'm2' AND tenant = 'health';
SELECT executions FROM wfstate.finished_metrics WHERE workflow = 'metrics';
SELECT count(*) = (SELECT count(*) FROM wf_health()) AS all, count(*) FILTER (WHERE status <> 0) AS not_ok FROM wfstate.health_metrics;
-- Another tenant sees none of this; a reader sees what a reader may; a role without the tenant is refused.
SELECT wf_circuit_save('mine', 'forced_open');
CREATE ROLE regress_wf_watcher;
SELECT wf_grant_access('regress_wf_watcher', 'reader', '{health,health-2}');
SET ROLE regress_wf_watcher;
SELECT check_name, status, value IS NULL AS none, CASE WHEN value IS NULL OR check_name = 'open_circuits' THEN regexp_replace(detail, '\d\S+', '…', 'g') END AS detail FROM wf_health() WHERE status <> 'ok' OR value IS NULL;
SELECT tenant, check_name, status FROM wfstate.health_metrics WHERE status <> 0;
SELECT (SELECT count(*) FROM wfstate.execution_metrics) > 0 AS executions, (SELECT count(*) FROM wfstate.finished_metrics) > 0 AS finished, (SELECT count(*) FROM wfstate.queue_metrics) AS queues, (SELECT sum(circuits) FROM wfstate.circuit_metrics) > 0 AS circuits,
    (SELECT count(*) FROM wfstate.agent_metrics) AS agents, (SELECT count(*) FROM wfstate.table_metrics) > 20 AS tables;
SET wfstate.tenant = 'health-2';
SELECT check_name, status FROM wf_health() WHERE status <> 'ok';
SELECT (SELECT count(*) FROM wfstate.execution_metrics) AS executions, (SELECT count(*) FROM wfstate.finished_metrics) AS finished, (SELECT count(*) FROM wfstate.queue_metrics) AS queues, (SELECT count(*) FROM wfstate.queue_heads) AS heads, (SELECT sum(circuits) FROM wfstate.circuit_metrics) AS circuits,
    (SELECT count(*) FROM wfstate.agent_metrics) AS agents, (SELECT count(*) FROM wfstate.table_metrics) > 20 AS tables;
SET wfstate.tenant = 'health-3';
SELECT * FROM wf_health();
\echo :SQLSTATE
SELECT * FROM wfstate.health_metrics;
\echo :SQLSTATE
SELECT count(*) FROM wfstate.execution_metrics;
DELETE FROM wfstate.health_metrics;
\echo :SQLSTATE
RESET ROLE;
-- A superuser, whom row-level security does not bind, is shown its tenant alone as well.
SET wfstate.tenant = 'health-2';
SELECT (SELECT count(*) FROM wfstate.execution_metrics) AS executions, (SELECT count(*) FROM wfstate.finished_metrics) AS finished, (SELECT count(*) FROM wfstate.queue_metrics) AS queues, (SELECT count(*) FROM wfstate.queue_heads) AS heads, (SELECT sum(circuits) FROM wfstate.circuit_metrics) AS circuits;
SELECT check_name, value FROM wf_health() WHERE check_name IN ('open_circuits', 'quarantine', 'oldest_pending', 'repairs', 'longest_chain') AND value <> 0;
-- Without rights, nothing.
CREATE ROLE regress_wf_stranger;
SET ROLE regress_wf_stranger;
SELECT * FROM wf_health();
\echo :SQLSTATE
SELECT * FROM wfstate.health_metrics;
\echo :SQLSTATE
RESET ROLE;
SET wfstate.tenant = 'health';
SELECT count(wf_delete(execution_id)) FROM wf_list(max_rows => 1000);
DELETE FROM wfstate.circuits WHERE tenant = 'health'; DELETE FROM wfstate.circuit_transitions WHERE tenant = 'health'; DELETE FROM wfstate.queues WHERE tenant = 'health';
DELETE FROM wfstate.feeds WHERE tenant = 'health'; DELETE FROM wfstate.changes WHERE tenant = 'health'; DELETE FROM wfstate.migrations WHERE tenant = 'health';
DELETE FROM wfstate.migration_runs WHERE tenant = 'health'; DELETE FROM wfstate.recoveries WHERE tenant = 'health'; DELETE FROM wfstate.routing_decisions WHERE tenant = 'health'; DELETE FROM wfstate.agent_statistics WHERE tenant = 'health';
SELECT wf_revoke_access('regress_wf_watcher');
DROP ROLE regress_wf_watcher, regress_wf_stranger;
DROP FUNCTION public.health_found;
