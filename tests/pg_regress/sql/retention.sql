-- Removing what has ended: what goes with an execution, what is left alone and why, and what goes by its own age.
\set SHOW_CONTEXT never
\pset null (null)
SET intervalstyle = 'postgres';
SET wfstate.tenant = 'retention_other';
SELECT wf_save_state('old', '{}', status => 'completed');
SET wfstate.tenant = 'retention';
-- Ages: everything of an execution as long ago as this says.
CREATE FUNCTION pg_temp.aged(id text, age interval) RETURNS void LANGUAGE sql AS $$
    UPDATE wfstate.executions SET created_at = created_at - age, updated_at = updated_at - age,
           started_at = started_at - age, completed_at = completed_at - age
     WHERE tenant = wf_tenant() AND execution_id = id;
    UPDATE wfstate.state_versions SET saved_at = saved_at - age WHERE tenant = wf_tenant() AND execution_id = id;
$$;
-- Rows of an execution, by table; the audit trail of routing is not part of it.
CREATE FUNCTION pg_temp.left_of(id text) RETURNS TABLE (of_table text, rows bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR of_table IN SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'execution_id'
                     WHERE c.relnamespace = 'wfstate'::regnamespace AND c.relkind IN ('r', 'p')
                       AND NOT c.relispartition AND c.relname NOT IN ('changes', 'routing_decisions') ORDER BY 1 LOOP
        EXECUTE format('SELECT count(*) FROM wfstate.%I WHERE tenant = $1 AND execution_id = $2', of_table) INTO rows USING wf_tenant(), id;
        CONTINUE WHEN rows = 0;
        RETURN NEXT;
    END LOOP;
END $$;
-- One that has everything.
SELECT wf_record_changes(), wf_declare_search('order', '{/a}'), wf_add_migration('order', 1, 2, '{"b": 2}') \g /dev/null
CREATE FUNCTION pg_temp.made(id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM wf_start('order', id, '{"n": 1}', 'key of ' || id);
    PERFORM wf_step_begin(id, 's'), wf_step_begin(id, 't');
    PERFORM wf_step_fail(id, 's', '"broken"');
    PERFORM wf_signal(id, 'go', '1', 'once');
    PERFORM wf_await_signal(id, 'go');
    PERFORM wf_await_signal(id, 'never', '1 hour');
    PERFORM wf_save_state(id, '{"a": 1}', tags => '{"t": 1}', schema_version => 2);
    PERFORM wf_save_state(id, '{"a": 2}');
    UPDATE wfstate.state_versions SET snapshot_hash = 1
     WHERE tenant = wf_tenant() AND execution_id = id AND version = (SELECT version FROM wf_load(id));
    PERFORM wf_repair(id);
    INSERT INTO wfstate.migration_failures VALUES (wf_tenant(), id, 'order', 1, 1, now(), 'WF002', 'a reason');
    PERFORM wf_save_session(id, '{"a": 2}', 'ann'), wf_save_todo_list(id, id, '[]'), wf_record_thought(id, thought => 'hm');
    PERFORM wf_log(id, 'info', 'a line'), wf_record_metric(id, 'tokens', 1);
    PERFORM wf_complete(id, '{"done": true}');
END $$;
SELECT pg_temp.made('full'), pg_temp.made('twin') \g /dev/null
SELECT pg_temp.aged('full', '2 days');
SELECT * FROM pg_temp.left_of('full');
SELECT wf_checkpoint('full', 'tag') > 0 AND wf_checkpoint('twin', 'tag') > 0 AS tagged;
-- Too young, and tagged.
SELECT * FROM wf_cleanup('3 days', items => '{executions}', checkpointed => true);
SELECT * FROM wf_cleanup('1 day', items => '{executions}');
-- A dry run writes nothing, also where it may not.
BEGIN READ ONLY;
SELECT * FROM wf_cleanup('1 day', true, items => '{executions}', checkpointed => true);
SAVEPOINT a;
SELECT * FROM wf_cleanup('1 day', items => '{executions}', checkpointed => true);
\echo :SQLSTATE
ROLLBACK;
SELECT * FROM wf_cleanup('1 day', items => '{executions}', checkpointed => true);
SELECT * FROM wf_cleanup('1 day', items => '{executions}', checkpointed => true);
SELECT * FROM pg_temp.left_of('full');
SELECT kind, execution_id FROM wfstate.changes WHERE tenant = 'retention' ORDER BY position DESC LIMIT 1;
SELECT count(*) FROM wfstate.cleanup_progress WHERE tenant = 'retention';
-- Its id and its key are free.
SELECT created FROM wf_start('order', 'full', '{"n": 2}', 'key of full');
SELECT wf_set_status('full', 'cancelled') > 0 AS ended;
SELECT wf_load_state('full');
-- wf_delete takes the same.
SELECT count(*) FROM pg_temp.left_of('twin');
SELECT wf_delete('twin'), wf_delete('full');
SELECT * FROM pg_temp.left_of('twin');

-- What is left alone. No final status, however old.
SELECT wf_save_state('running', '{}', status => 'running'), wf_save_state('pending', '{}'), wf_save_state('paused', '{}', status => 'paused') \g /dev/null
SELECT pg_temp.aged(id, '1 year') FROM unnest('{running,pending,paused}'::text[]) AS id \g /dev/null
SELECT * FROM wf_cleanup('1 day', items => '{executions}');
-- What a fork stands on, until the fork stands on its own, or is gone.
SELECT wf_save_state('source', '{"n": 1}'), wf_save_state('source', '{"n": 2}', status => 'failed'), wf_fork('source', 'fork', 1) \g /dev/null
SELECT pg_temp.aged('source', '1 year');
SELECT * FROM wf_cleanup('1 day', items => '{executions}');
SELECT wf_save_state('fork', '{"n": 3}'), wf_save_state('source 2', '{}', status => 'failed'), wf_fork('source 2', 'fork 2') \g /dev/null
SELECT wf_prune_history('fork', keep_last => 1) > 0 AS on_its_own;
SELECT pg_temp.aged('source 2', '1 year'), pg_temp.aged('fork 2', '1 year');
SELECT * FROM wf_cleanup('1 day', items => '{executions}', batch_size => 2);
SELECT * FROM wf_cleanup('1 day', items => '{executions}', batch_size => 2);
SELECT * FROM wf_cleanup('1 day', items => '{executions}', batch_size => 2);
SELECT execution_id, version FROM wf_list(after => NULL) ORDER BY 1;
SELECT valid FROM wf_verify('fork');
-- The parent of a child that goes on, and the child of a parent that does: it may ask for it again.
SELECT created FROM wf_start('order', 'parent');
SELECT created FROM wf_start('order', 'child', parent => 'parent');
SELECT created FROM wf_start('order', 'done child', parent => 'parent');
SELECT wf_set_status('parent', 'cancelled') > 0 AS ended;
SELECT created FROM wf_start('order', 'live parent');
SELECT created FROM wf_start('order', 'asked for', parent => 'live parent');
SELECT wf_set_status('asked for', 'cancelled') > 0 AND wf_set_status('done child', 'cancelled') > 0 AS ended;
SELECT pg_temp.aged(execution_id, '1 year') FROM wf_list(workflow => 'order') \g /dev/null
SELECT * FROM wf_cleanup('1 day', items => '{executions}');
SELECT * FROM wf_cleanup('1 day', items => '{executions}');
SELECT execution_id FROM wf_list(workflow => 'order') ORDER BY 1;
SELECT wf_set_status('child', 'cancelled') > 0 AS ended;
SELECT * FROM wf_cleanup('1 day', items => '{executions}');
-- The child is young, and has no parent now.
SELECT execution_id, parent FROM wf_list(workflow => 'order'), LATERAL (SELECT parent_execution_id AS parent FROM wfstate.runs AS r WHERE r.tenant = 'retention' AND r.execution_id = wf_list.execution_id) AS r ORDER BY 1;
SELECT wf_set_status('live parent', 'cancelled') > 0 AS ended;
SELECT * FROM wf_cleanup('1 day', items => '{executions}');
SELECT execution_id FROM wf_list(workflow => 'order') ORDER BY 1;
SELECT count(*) FROM (SELECT wf_delete(execution_id) FROM wf_list()) AS d;
-- What a worker holds although its status is final; once the lease is over it leaves its queue.
SELECT created FROM wf_start('order', 'held'), wf_claim('w') \g /dev/null
UPDATE wfstate.executions SET status = 'completed', completed_at = now() WHERE tenant = 'retention' AND execution_id = 'held';
SELECT pg_temp.aged('held', '1 year');
SELECT * FROM wf_cleanup('1 day', items => '{executions}');
UPDATE wfstate.leases SET expires_at = now() - interval '1 minute' WHERE tenant = 'retention';
SELECT * FROM wf_cleanup('1 day', items => '{executions}');
SELECT * FROM pg_temp.left_of('held');

-- In batches that go on where the last one ended, past what stays.
SELECT wf_save_state('many ' || n, '{}', status => 'completed', tags => '{"m": 1}') FROM generate_series(10, 99) AS n \g /dev/null
SELECT wf_checkpoint('many ' || n, 'tag') FROM generate_series(10, 49) AS n \g /dev/null
SELECT pg_temp.aged(execution_id, '1 year') FROM wf_list(max_rows => 1000) \g /dev/null
SELECT * FROM wf_cleanup('1 day', true, 1000, '{executions}');
SELECT * FROM wf_cleanup('1 day', true, 20, '{executions}');
SELECT * FROM wf_cleanup('1 day', batch_size => 3, items => '{executions}');
SELECT * FROM wf_cleanup('1 day', batch_size => 3, items => '{executions}');
SELECT item, after_workflow, after_key, removed FROM wfstate.cleanup_progress WHERE tenant = 'retention';
SELECT * FROM wf_cleanup('1 day', batch_size => 45, items => '{executions}');
SELECT * FROM wf_cleanup('1 day', batch_size => 45, items => '{executions}');
SELECT * FROM wf_cleanup('1 day', batch_size => 45, items => '{executions}');
SELECT count(*), count(*) FILTER (WHERE execution_id < 'many 50') FROM wf_list(max_rows => 1000);
-- Another question begins anew.
SELECT * FROM wf_cleanup('1 day', batch_size => 10, items => '{executions}', checkpointed => true);
SELECT * FROM wf_cleanup('2 days', batch_size => 10, items => '{executions}', checkpointed => true);
SELECT min(execution_id) FROM wf_list(max_rows => 1000);
SELECT count(*) FROM (SELECT wf_delete(execution_id) FROM wf_list(max_rows => 1000)) AS d;

-- What stays for the sake of another may go in the next pass: a dry run does not say that it is finished then.
SELECT wf_save_state('source', '{}', status => 'completed'), wf_fork('source', 'branch', 1), wf_save_state('branch', '{}', status => 'completed'), wf_save_state('named', '{}', status => 'completed'), wf_checkpoint('named', 'n') \g /dev/null
SELECT * FROM wf_cleanup('0 days', dry_run => true, items => '{executions}');
SELECT * FROM wf_cleanup('0 days', items => '{executions}');
SELECT * FROM wf_cleanup('0 days', dry_run => true, items => '{executions}');
SELECT * FROM wf_cleanup('0 days', items => '{executions}');
SELECT * FROM wf_cleanup('0 days', items => '{executions}');
SELECT execution_id FROM wf_list();
SELECT wf_delete('named');

-- A definition says how long: longer or shorter than the tenant.
SELECT wf_define('long', '{"retention": {"keep_completed_for": "2 years"}}'), wf_define('short', '{"retention": {"keep_completed_for": "1 hour", "keep_versions": 2.0}}');
SELECT wf_save_state(w || ' ' || age, '{}', workflow => w, status => 'completed'), pg_temp.aged(w || ' ' || age, age::interval)
  FROM unnest('{long,short,none}'::text[]) AS w, unnest('{3 years,1 year,2 days,2 hours,1 minute}'::text[]) AS age \g /dev/null
SELECT * FROM wf_cleanup(dry_run => true);
SELECT * FROM wf_cleanup('1 day', dry_run => true, items => '{executions}');
SELECT * FROM wf_cleanup(items => '{executions}');
SELECT execution_id FROM wf_list() ORDER BY execution_id;
SELECT * FROM wf_cleanup('1 day', items => '{executions}');
SELECT execution_id FROM wf_list() ORDER BY execution_id;
-- As of a time.
SELECT wf_save_state('dated', '{}', status => 'completed'), pg_temp.aged('dated', '13 months') \g /dev/null
SELECT * FROM wf_cleanup('1 year', items => '{executions}', as_of => now() - interval '2 months');
SELECT * FROM wf_cleanup('1 year', items => '{executions}', as_of => now() - interval '2 days');
SELECT count(*) FROM (SELECT wf_delete(execution_id) FROM wf_list()) AS d;
-- Histories go by definitions, of executions that go on as well; what has a name or bears a fork stays.
SELECT wf_define('aged', '{"retention": {"keep_for": "1 day"}}'), wf_define('both', '{"retention": {"keep_for": "1 day", "keep_versions": 3}}');
SELECT wf_save_state(w, jsonb_build_object('n', n), workflow => w) FROM unnest('{short,aged,both,none}'::text[]) AS w, generate_series(1, 6) AS n \g /dev/null
SELECT wf_checkpoint('short', 'second', 2), wf_fork('short', 'of short', 3);
SELECT wf_cleanup('0 seconds', dry_run => true, items => '{versions}');
SELECT wf_cleanup(items => '{versions}', batch_size => 1);
SELECT wf_cleanup(items => '{versions}', batch_size => 1);
SELECT pg_temp.aged(w, '1 week') FROM unnest('{aged,both}'::text[]) AS w \g /dev/null
SELECT wf_cleanup(dry_run => true, items => '{versions}');
SELECT wf_cleanup(items => '{versions}');
SELECT wf_cleanup(items => '{versions}');
SELECT e.execution_id, array_agg(h.version ORDER BY h.version) AS versions, (SELECT valid FROM wf_verify(e.execution_id)) AS valid FROM wf_list() AS e, wf_history(e.execution_id) AS h GROUP BY 1 ORDER BY 1;
-- One whose history cannot be rebuilt keeps no other from being pruned.
SET wfstate.snapshot_below = 0;
SET wfstate.keyframe_min = 100000;
SELECT wf_save_state(id, jsonb_build_object('n', n, 'text', repeat('x', 300)), workflow => 'short') FROM unnest('{broken,sound}'::text[]) AS id, generate_series(1, 6) AS n \g /dev/null
UPDATE wfstate.state_versions SET hash = 1, patch = '[{"op": "remove", "path": "/absent"}]' WHERE tenant = 'retention' AND execution_id = 'broken' AND version = 3;
SELECT wf_cleanup(items => '{versions}');
SELECT count(*) FROM wf_history('sound');
RESET wfstate.snapshot_below;
RESET wfstate.keyframe_min;
SELECT count(*) FROM (SELECT wf_delete(execution_id) FROM wf_list()) AS d;

-- Circuits: only closed ones, with their transitions.
SELECT wf_circuit_save(state, state) FROM unnest('{closed,open,half_open,forced_open,disabled,metrics_only}'::text[]) AS state \g /dev/null
SELECT wf_circuit_record(agent, true) FROM unnest('{used,unused}'::text[]) AS agent \g /dev/null
SELECT wf_circuit_save('unused', 'forced_open'), wf_circuit_reset('unused') \g /dev/null
UPDATE wfstate.circuits SET updated_at = updated_at - interval '1 year' WHERE tenant = 'retention' AND agent_key <> 'used';
SELECT * FROM wf_cleanup('1 day', true, items => '{circuits}');
SELECT * FROM wf_cleanup('1 day', items => '{circuits}', batch_size => 1);
SELECT * FROM wf_cleanup('1 day', items => '{circuits}');
SELECT * FROM wf_cleanup('1 day', items => '{circuits}');
SELECT agent_key, state FROM wfstate.circuits WHERE tenant = 'retention' ORDER BY 1;
SELECT count(*) FROM wfstate.circuit_transitions WHERE tenant = 'retention' AND agent_key IN ('closed', 'unused');
SELECT wf_circuit_save('unused', 'forced_open') IS NOT NULL AS numbered_anew;
-- Decisions and statistics.
SELECT wf_record_routing('t', 'a', true, 1, decided_at => now() - interval '1 year'), wf_record_routing('t', 'a', true, 1) \g /dev/null
SELECT * FROM wf_cleanup('1 day', true, items => '{decisions,statistics}');
SELECT * FROM wf_cleanup('1 day', items => '{decisions,statistics}');
SELECT count(*) FROM wf_routing_decisions();
SELECT total_tasks FROM wf_agent_statistics('a');
-- Changes.
UPDATE wfstate.changes SET changed_at = changed_at - interval '1 year' WHERE tenant = 'retention';
SELECT created FROM wf_start('order', 'waiting');
SELECT removed > 100 AS many, finished FROM wf_cleanup('1 day', true, items => '{changes}');
SELECT removed, finished FROM wf_cleanup('1 day', items => '{changes}', batch_size => 10);
SELECT removed > 100 AS many, finished FROM wf_cleanup('1 day', items => '{changes}');
SELECT kind, execution_id FROM wf_changes();
-- Signals that were taken, and waits that have ended, of executions that go on.
SELECT wf_signal('waiting', s) FROM unnest('{first,second}'::text[]) AS s \g /dev/null
SELECT action FROM wf_await_signal('waiting', 'first');
SELECT action FROM wf_await_signal('waiting', 'third');
UPDATE wfstate.signals SET sent_at = sent_at - interval '1 year', taken_at = taken_at - interval '1 year' WHERE tenant = 'retention';
UPDATE wfstate.waits SET begun_at = begun_at - interval '1 year', ended_at = ended_at - interval '1 year' WHERE tenant = 'retention';
-- Waits only where they are named: the execution that asks again has its answer.
SELECT item, removed FROM wf_cleanup('1 day') WHERE item IN ('signals', 'waits');
SELECT name FROM wf_signals('waiting');
SELECT action FROM wf_await_signal('waiting', 'first');
SELECT item, removed FROM wf_cleanup('1 day', items => '{waits}');
SELECT wait_id, outcome FROM wf_waits('waiting');
-- What repairs have set aside, and what could not be migrated.
SELECT wf_save_state('broken', '{"n": 1}'), wf_save_state('broken', '{"n": 2}') \g /dev/null
UPDATE wfstate.state_versions SET snapshot_hash = 1 WHERE tenant = 'retention' AND execution_id = 'broken' AND version = 2;
SELECT action FROM wf_repair('broken');
INSERT INTO wfstate.migration_failures VALUES ('retention', 'broken', 'order', 1, 1, now() - interval '1 year', 'WF002', 'a reason'), ('retention', 'waiting', 'order', 1, 1, now(), 'WF002', 'a reason');
SELECT wf_log(NULL, 'info', at::text, logged_at => at) > 0, wf_record_metric(NULL, 'm', 1, recorded_at => at) > 0 FROM unnest(ARRAY[now(), now() - interval '2 days']) AS at;
SELECT * FROM wf_cleanup('1 day', items => '{quarantine,recoveries,migration_failures,logs,metrics}');
UPDATE wfstate.quarantine SET quarantined_at = now() - interval '1 year' WHERE tenant = 'retention';
UPDATE wfstate.recoveries SET recovered_at = now() - interval '1 year' WHERE tenant = 'retention';
SELECT * FROM wf_cleanup('1 day', items => '{quarantine,recoveries,migration_failures,logs,metrics}');
SELECT (SELECT count(*) FROM wf_logs(text => '20')), (SELECT count(*) FROM wfstate.logs WHERE tenant = 'retention' AND execution_id IS NULL);
SELECT execution_id FROM wfstate.migration_failures WHERE tenant = 'retention';
-- The other tenant has kept what it had.
SET wfstate.tenant = 'retention_other';
SELECT execution_id FROM wf_list();
SELECT count(*) FROM (SELECT wf_delete(execution_id) FROM wf_list()) AS d;
SET wfstate.tenant = 'retention';
SELECT count(*) FROM (SELECT wf_delete(execution_id) FROM wf_list()) AS d;
SELECT wf_drop_migration('order', 1), wf_declare_search('order', '{}');
DELETE FROM wfstate.circuits WHERE tenant = 'retention';
DELETE FROM wfstate.circuit_transitions WHERE tenant = 'retention';
DELETE FROM wfstate.routing_decisions WHERE tenant = 'retention';
DELETE FROM wfstate.routing_outcomes WHERE tenant = 'retention';
DELETE FROM wfstate.agent_statistics WHERE tenant = 'retention';
DELETE FROM wfstate.routing_retention WHERE tenant = 'retention';
DELETE FROM wfstate.changes WHERE tenant = 'retention';
DELETE FROM wfstate.feeds WHERE tenant = 'retention';
DELETE FROM wfstate.definitions WHERE tenant = 'retention';
DELETE FROM wfstate.workflows WHERE tenant = 'retention';
DELETE FROM wfstate.queues WHERE tenant = 'retention';
DELETE FROM wfstate.search_paths WHERE tenant = 'retention';
DELETE FROM wfstate.cleanup_progress WHERE tenant = 'retention';
