-- How long a tenant keeps what has ended, the upkeep that goes by it, for one tenant and for all, and every refusal.
\set SHOW_CONTEXT never
\pset null (null)
SET intervalstyle = 'postgres';
SET wfstate.tenant = 'keeping';
-- Nothing is removed until somebody says so.
SELECT wf_save_state('old ' || n, '{}', status => 'completed') FROM generate_series(1, 4) AS n \g /dev/null
UPDATE wfstate.executions SET created_at = created_at - interval '1 year', completed_at = completed_at - interval '1 year' WHERE tenant = 'keeping';
SELECT wf_checkpoint('old 4', 'tag');
SELECT * FROM wf_maintain();
SELECT item, older_than, checkpointed, set_by FROM wf_retention();
SELECT wf_set_retention('executions', '2 years'), wf_set_retention('circuits', '30 days'), wf_set_retention('waits', '0');
SELECT item, older_than, checkpointed, set_by IS NOT NULL AS said, set_at <= clock_timestamp() AS past FROM wf_retention() WHERE set_at IS NOT NULL;
SELECT task, processed FROM wf_maintain() WHERE task LIKE 'cleanup%';
SELECT wf_set_retention('executions', '1 month');
SELECT task, processed FROM wf_maintain(2) WHERE task LIKE 'cleanup%';
SELECT task, processed FROM wf_maintain() WHERE task = 'cleanup_executions';
SELECT execution_id FROM wf_list();
SELECT * FROM wf_cleanup();
SELECT item, removed FROM wf_cleanup(dry_run => true, checkpointed => true) WHERE removed > 0;
SELECT wf_set_retention('executions', '1 month', checkpointed => true);
-- Another age leaves it as it was said.
SELECT wf_set_retention('executions', '2 months');
SELECT older_than, checkpointed FROM wf_retention() WHERE item = 'executions';
SELECT task, processed FROM wf_maintain() WHERE task = 'cleanup_executions';
-- For ever again; those whose definition says how long may go with their checkpoints.
SELECT wf_define('w', '{"phases": {"a": {"next": ["b"]}, "b": {"checkpoint": true}}, "initial_phase": "a", "terminal_phases": ["b"], "retention": {"keep_completed_for": "1 day"}}');
SELECT wf_save_state('named', '{}', workflow => 'w'), wf_transition('named', 'b', status => 'completed');
UPDATE wfstate.executions SET created_at = created_at - interval '1 year', completed_at = completed_at - interval '1 year' WHERE tenant = 'keeping';
SELECT wf_set_retention('executions', NULL, false);
SELECT removed FROM wf_cleanup(items => '{executions}');
SELECT wf_set_retention('executions', NULL, true);
SELECT item, older_than, checkpointed FROM wf_retention() WHERE item = 'executions';
SELECT removed FROM wf_cleanup(items => '{executions}');
SELECT wf_set_retention('executions', NULL, false), wf_set_retention('circuits', NULL), wf_set_retention('waits', NULL);
SELECT count(*) FROM wf_retention() WHERE set_at IS NOT NULL;

-- Memories, and todo lists of no execution: only where somebody says so.
SELECT created FROM wf_remember(NULL, 'old', remembered_at => now() - interval '1 year');
SELECT created FROM wf_remember(NULL, 'new');
SELECT wf_save_session('with a list', '{}'), wf_save_todo_list('of it', 'with a list', '[]'), wf_save_todo_list('old', plan => '[]'), wf_save_todo_list('new', plan => '[]');
UPDATE wfstate.todo_lists SET updated_at = now() - interval '1 year' WHERE tenant = 'keeping' AND list_id <> 'new';
SELECT item FROM wf_cleanup('1 month') WHERE item IN ('memories', 'todo_lists');
SELECT item, removed, finished FROM wf_cleanup('1 month', items => '{todo_lists,memories}', dry_run => true);
SELECT wf_set_retention('memories', '1 month'), wf_set_retention('todo_lists', '2 years');
SELECT task, processed FROM wf_maintain() WHERE task ~ 'memories|lists';
SELECT lesson FROM wf_memories();
SELECT item, removed FROM wf_cleanup('1 month', items => '{todo_lists,memories}');
SELECT list_id FROM wf_todo_lists();
SELECT wf_set_retention('memories', NULL), wf_set_retention('todo_lists', NULL), wf_delete('with a list'), wf_drop_todo_list('new'), wf_forget(max_confidence => 1);

-- Leases that have expired and circuits that have waited are seen to.
SELECT created FROM wf_start('job', 'worked on');
SELECT execution_id FROM wf_claim('w');
UPDATE wfstate.leases SET expires_at = now() - interval '1 minute', check_at = now() - interval '1 minute' WHERE tenant = 'keeping';
SELECT wf_circuit_save('agent', 'open', reset_at => clock_timestamp() - interval '1 second');
SELECT * FROM wf_maintain() WHERE processed > 0;
SELECT state FROM wf_leases();
SELECT agent_key, state FROM wf_circuits_open();

-- All tenants, in turn: a call goes on behind the last one.
DELETE FROM wfstate.cleanup_progress;
INSERT INTO wfstate.cleanup_progress (tenant, item, pass, after_key) VALUES ('*', 'maintain', 'maintain', 'turn');
SELECT count(*) FROM (SELECT wf_delete(execution_id) FROM wf_list()) AS d;
DELETE FROM wfstate.circuits WHERE tenant = 'keeping';
DELETE FROM wfstate.circuit_transitions WHERE tenant = 'keeping';
SELECT set_config('wfstate.tenant', 'turn ' || t, false), wf_save_state('e' || n, '{}', status => 'completed'), wf_set_retention('executions', '1 month') FROM generate_series(1, 3) AS t, generate_series(1, 3) AS n \g /dev/null
UPDATE wfstate.executions SET created_at = created_at - interval '1 year', completed_at = completed_at - interval '1 year' WHERE tenant LIKE 'turn %';
SET wfstate.tenant = 'keeping';
SELECT task, processed FROM wf_maintain(3, true) WHERE task IN ('cleanup_executions', 'tenants');
SELECT tenant, count(*) FROM wfstate.executions WHERE tenant LIKE 'turn %' GROUP BY 1 ORDER BY 1;
SELECT after_key FROM wfstate.cleanup_progress WHERE tenant = '*';
SELECT task, processed FROM wf_maintain(3, true) WHERE task IN ('cleanup_executions', 'tenants');
SELECT after_key FROM wfstate.cleanup_progress WHERE tenant = '*';
-- One of them cannot be served: a trigger of somebody's refuses.
CREATE FUNCTION pg_temp.refused() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
SELECT set_config('wfstate.tenant', 'turn 2', false), wf_save_state('late', '{}', status => 'completed');
SET wfstate.tenant = 'keeping';
UPDATE wfstate.executions SET created_at = created_at - interval '1 year', completed_at = completed_at - interval '1 year' WHERE execution_id = 'late';
CREATE TRIGGER refusing BEFORE DELETE ON wfstate.executions FOR EACH ROW WHEN (OLD.execution_id = 'late') EXECUTE FUNCTION pg_temp.refused();
SELECT task, processed FROM wf_maintain(all_tenants => true) WHERE task IN ('cleanup_executions', 'failed');
SELECT tenant, execution_id FROM wfstate.executions WHERE tenant LIKE 'turn %';
DROP TRIGGER refusing ON wfstate.executions;
SELECT task, processed FROM wf_maintain(all_tenants => true) WHERE task IN ('cleanup_executions', 'failed');
SHOW wfstate.tenant;
SELECT count(*) FROM wfstate.executions WHERE tenant LIKE 'turn %';
SELECT task, processed FROM wf_maintain(all_tenants => true) WHERE processed > 0 AND task <> 'tenants';

-- Refused.
SELECT wf_set_retention(NULL, '1 day');
\echo :SQLSTATE
SELECT wf_schedule_maintenance(max_rows => 0);
\echo :SQLSTATE
SELECT wf_schedule_maintenance(NULL);
\echo :SQLSTATE
SELECT wf_schedule_maintenance(max_rows => NULL);
\echo :SQLSTATE
SELECT wf_set_retention('everything', '1 day');
\echo :SQLSTATE
SELECT wf_set_retention('versions', '1 day');
\echo :SQLSTATE
SELECT wf_set_retention('circuits', '-1 day');
\echo :SQLSTATE
SELECT wf_set_retention('circuits', '1001 years');
\echo :SQLSTATE
SELECT wf_set_retention('circuits', '1 day', true);
\echo :SQLSTATE
SELECT * FROM wf_cleanup('-1 day');
\echo :SQLSTATE
SELECT * FROM wf_cleanup('1 day', NULL);
\echo :SQLSTATE
SELECT * FROM wf_cleanup('1 day', batch_size => 0);
SELECT * FROM wf_list(max_rows => 10001);
SELECT * FROM wf_recall(max_rows => 10001);
\echo :SQLSTATE
SELECT * FROM wf_cleanup('1 day', batch_size => 10001);
\echo :SQLSTATE
SELECT * FROM wf_cleanup('1 day', items => '{executions,everything}');
\echo :SQLSTATE
SELECT * FROM wf_cleanup('1 day', items => '{NULL}');
\echo :SQLSTATE
SELECT * FROM wf_cleanup('1 day', items => array_fill('executions'::text, '{1001}'));
\echo :SQLSTATE
SELECT * FROM wf_cleanup('1 day', as_of => now() + interval '1 hour');
\echo :SQLSTATE
SELECT * FROM wf_cleanup('1 day', as_of => 'infinity');
\echo :SQLSTATE
SELECT removed FROM wf_cleanup('1 day', as_of => '-infinity') WHERE removed > 0;
SELECT * FROM wf_cleanup(items => '{}');
SELECT * FROM wf_cleanup(items => '{circuits,waits}');
SELECT * FROM wf_maintain(0);
\echo :SQLSTATE
SELECT * FROM wf_maintain(10, NULL);
\echo :SQLSTATE
SELECT wf_define('bad', '{"retention": {"keep_for": "-1 day"}}');
\echo :SQLSTATE
SELECT wf_define('bad', '{"retention": {"keep_completed_for": "1001 years"}}');
\echo :SQLSTATE
-- pg_cron is not there; a schema of its name with the same functions is none of the extension's.
SELECT wf_schedule_maintenance();
\echo :SQLSTATE
SELECT wf_unschedule_maintenance();
\echo :SQLSTATE
CREATE SCHEMA cron;
CREATE FUNCTION cron.schedule(job_name text, schedule text, command text) RETURNS bigint LANGUAGE sql AS 'SELECT 666';
SELECT wf_schedule_maintenance();
\echo :SQLSTATE
DROP SCHEMA cron CASCADE;
SELECT wf_schedule_maintenance(NULL);
\echo :SQLSTATE
SELECT wf_schedule_maintenance(max_rows => NULL);
\echo :SQLSTATE
SELECT wf_schedule_maintenance(max_rows => 0);
\echo :SQLSTATE

-- Rights: readers see, operators do; all tenants are for those who may use all of them.
CREATE ROLE regress_wf_retention_reader;
CREATE ROLE regress_wf_retention_writer;
CREATE ROLE regress_wf_retention_operator;
CREATE ROLE regress_wf_retention_bound;
SELECT wf_grant_access('regress_wf_retention_reader', 'reader'), wf_grant_access('regress_wf_retention_writer', 'writer'),
       wf_grant_access('regress_wf_retention_operator', 'operator'), wf_grant_access('regress_wf_retention_bound', 'operator', '{keeping}');
SET ROLE regress_wf_retention_reader;
SELECT count(*) > 5 AS seen FROM wf_retention();
SELECT wf_set_retention('circuits', '1 day');
\echo :SQLSTATE
SET ROLE regress_wf_retention_writer;
SELECT * FROM wf_cleanup('1 day');
\echo :SQLSTATE
SELECT * FROM wf_maintain();
\echo :SQLSTATE
SELECT wf_schedule_maintenance();
\echo :SQLSTATE
SELECT wf_save_state('of a writer', '{}', status => 'completed');
SET ROLE regress_wf_retention_bound;
SELECT wf_set_retention('circuits', '1 day'), wf_set_retention('circuits', NULL);
SELECT item, removed FROM wf_cleanup('0', items => '{executions}');
SELECT * FROM wf_maintain() WHERE processed > 0;
SELECT * FROM wf_maintain(all_tenants => true);
\echo :SQLSTATE
SELECT wf_schedule_maintenance();
\echo :SQLSTATE
SET wfstate.tenant = 'turn 1';
SELECT * FROM wf_cleanup('1 day');
\echo :SQLSTATE
SET wfstate.tenant = 'keeping';
SET ROLE regress_wf_retention_operator;
SELECT task FROM wf_maintain(all_tenants => true) WHERE task = 'tenants';
RESET ROLE;
DROP OWNED BY regress_wf_retention_reader, regress_wf_retention_writer, regress_wf_retention_operator, regress_wf_retention_bound;
DROP ROLE regress_wf_retention_reader, regress_wf_retention_writer, regress_wf_retention_operator, regress_wf_retention_bound;
SELECT task FROM wf_maintain() WHERE task = 'forget_roles';
DELETE FROM wfstate.executions WHERE tenant IN ('keeping', 'turn 1', 'turn 2', 'turn 3');
DELETE FROM wfstate.state_versions WHERE tenant IN ('keeping', 'turn 1', 'turn 2', 'turn 3');
DELETE FROM wfstate.search WHERE tenant IN ('keeping', 'turn 1', 'turn 2', 'turn 3');
DELETE FROM wfstate.retention;
DELETE FROM wfstate.cleanup_progress;
DELETE FROM wfstate.definitions WHERE tenant = 'keeping';
DELETE FROM wfstate.workflows WHERE tenant = 'keeping';
DELETE FROM wfstate.queues WHERE tenant = 'keeping';
