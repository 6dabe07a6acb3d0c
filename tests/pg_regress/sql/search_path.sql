-- No search_path decides what the functions call: operators, functions, types and tables of the same names come first in it.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'search_path';
SET wfstate.notify_circuits = on;
SELECT nspname AS api FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'wfstate' \gset
CREATE ROLE regress_wf_victim;
CREATE ROLE regress_wf_ward;
SELECT :"api".wf_grant_access('regress_wf_victim', 'admin');
CREATE SCHEMA regress_hostile;
GRANT USAGE ON SCHEMA regress_hostile TO PUBLIC;
-- One function for each pair of types, wrong or raising; on every operator that the engine uses.
DO $$
DECLARE t text; op text; body text; n int := 0;
BEGIN
    FOREACH t IN ARRAY '{text,int4,int8,jsonb,bool,timestamptz,oid,name,float8,numeric,interval}'::text[] LOOP
        n := n + 1;
        EXECUTE format('CREATE FUNCTION regress_hostile.trap%s(pg_catalog.%s, pg_catalog.%s) RETURNS pg_catalog.bool LANGUAGE plpgsql AS $f$ BEGIN RAISE ''trapped by an operator on %s''; END $f$', n, t, t, t);
        FOREACH op IN ARRAY '{=,<>,<,>,<=,>=}'::text[] LOOP
            EXECUTE format('CREATE OPERATOR regress_hostile.%s (FUNCTION = regress_hostile.trap%s, LEFTARG = pg_catalog.%s, RIGHTARG = pg_catalog.%s)', op, n, t, t);
        END LOOP;
        EXECUTE format('CREATE FUNCTION regress_hostile.same%s(pg_catalog.%s, pg_catalog.%s) RETURNS pg_catalog.%s LANGUAGE plpgsql AS $f$ BEGIN RAISE ''trapped by arithmetic on %s''; END $f$', n, t, t, t, t);
        FOREACH op IN ARRAY '{+,-,*,/,||,%,&,|}'::text[] LOOP
            EXECUTE format('CREATE OPERATOR regress_hostile.%s (FUNCTION = regress_hostile.same%s, LEFTARG = pg_catalog.%s, RIGHTARG = pg_catalog.%s)', op, n, t, t);
        END LOOP;
    END LOOP;
    CREATE FUNCTION regress_hostile.trap(pg_catalog.jsonb, pg_catalog.jsonb) RETURNS pg_catalog.bool LANGUAGE plpgsql AS $f$ BEGIN RAISE 'trapped by containment'; END $f$;
    CREATE OPERATOR regress_hostile.@> (FUNCTION = regress_hostile.trap, LEFTARG = pg_catalog.jsonb, RIGHTARG = pg_catalog.jsonb);
    CREATE FUNCTION regress_hostile.trap(pg_catalog.jsonb, pg_catalog.text) RETURNS pg_catalog.text LANGUAGE plpgsql AS $f$ BEGIN RAISE 'trapped by a look-up'; END $f$;
    CREATE OPERATOR regress_hostile.->> (FUNCTION = regress_hostile.trap, LEFTARG = pg_catalog.jsonb, RIGHTARG = pg_catalog.text);
    CREATE FUNCTION regress_hostile.trap(pg_catalog.jsonb, pg_catalog._text) RETURNS pg_catalog.jsonb LANGUAGE plpgsql AS $f$ BEGIN RAISE 'trapped by a removal'; END $f$;
    CREATE OPERATOR regress_hostile.- (FUNCTION = regress_hostile.trap, LEFTARG = pg_catalog.jsonb, RIGHTARG = pg_catalog._text);
    FOREACH body IN ARRAY ARRAY['now() RETURNS pg_catalog.timestamptz', 'clock_timestamp() RETURNS pg_catalog.timestamptz', 'jsonb_build_object(VARIADIC "any" DEFAULT NULL) RETURNS pg_catalog.jsonb',
        'to_jsonb(pg_catalog.anyelement) RETURNS pg_catalog.jsonb', 'octet_length(pg_catalog.text) RETURNS pg_catalog.int4', 'unnest(pg_catalog.anyarray) RETURNS pg_catalog.text', 'jsonb_strip_nulls(pg_catalog.jsonb) RETURNS pg_catalog.jsonb',
        'jsonb_typeof(pg_catalog.jsonb) RETURNS pg_catalog.text', 'pg_column_size(pg_catalog.anyelement) RETURNS pg_catalog.int4', 'count(pg_catalog.anyelement) RETURNS pg_catalog.int8', 'wf_tenant() RETURNS pg_catalog.text', 'max(pg_catalog.timestamptz) RETURNS pg_catalog.timestamptz', 'merge_stats(pg_catalog.anyelement) RETURNS pg_catalog.int4', 'stats_with_task(pg_catalog.anyelement, pg_catalog.bool, pg_catalog.float8) RETURNS pg_catalog.int4', 'current_tenant() RETURNS pg_catalog.text', 'statement_timestamp() RETURNS pg_catalog.timestamptz', 'pg_notify(pg_catalog.text, pg_catalog.text) RETURNS pg_catalog.void', 'chain_hash(pg_catalog.int8, pg_catalog.int8) RETURNS pg_catalog.int8', 'pg_get_userbyid(pg_catalog.oid) RETURNS pg_catalog.name', 'pg_get_userbyid(pg_catalog.regrole) RETURNS pg_catalog.name'] LOOP
        IF body LIKE '%VARIADIC%' THEN CONTINUE; END IF;
        EXECUTE 'CREATE FUNCTION regress_hostile.' || body || ' LANGUAGE plpgsql AS $f$ BEGIN RAISE ''trapped by a function''; END $f$';
    END LOOP;
    -- Types and tables of the same names.
    FOREACH t IN ARRAY '{text,jsonb,timestamptz,oid,regrole,name,regclass,regtype,regprocedure,regconfig,interval,bytea,float4,float8,json,tsvector,tsquery}'::text[] LOOP
        EXECUTE format('CREATE DOMAIN regress_hostile.%I AS pg_catalog.%I CHECK (pg_catalog.pg_typeof(VALUE) IS NULL)', t, t);
    END LOOP;
    FOREACH t IN ARRAY '{executions,task_results,sessions,todo_lists,thoughts,memories,runs,steps,leases,queues,waits,signals,changes,feeds,definitions,routing_decisions,agent_statistics,routing_retention,state_versions,checkpoints,search,search_paths,tenant_roles,circuits,circuit_policies,circuit_transitions,pg_proc,pg_depend,pg_extension,pg_class,pg_settings}'::text[] LOOP
        EXECUTE format('CREATE TABLE regress_hostile.%I (nothing pg_catalog.int4)', t);
    END LOOP;
END $$;
SET ROLE regress_wf_victim;
SET search_path = regress_hostile, pg_catalog;
-- The traps are set.
SELECT 1 = 1;
SELECT :"api".wf_save_state('a', '{"n": 1, "pad": "0123456789"}', NULL, 'running', 'p', 'w', '{"t": 1}', 's', 'n', 1);
SELECT :"api".wf_save_state('a', '{"n": 2}', 1, tags => '{"t": 2}');
SELECT :"api".wf_patch_state('a', '{"n": 3}', 2);
SELECT :"api".wf_patch_state('a', '[{"op": "add", "path": "/m", "value": [1]}]');
SELECT execution_id, version FROM :"api".wf_save_states('{b,c}', ARRAY['1', '2']::pg_catalog.jsonb[]);
SELECT :"api".wf_load_state('a');
SELECT execution_id, version, status, tags FROM :"api".wf_load('a');
SELECT execution_id, state FROM :"api".wf_load_many('{b,a}');
SELECT :"api".wf_state_at('a', 2), :"api".wf_state_at('a', at => 'infinity');
SELECT version, kind, changes FROM :"api".wf_history('a');
SELECT version FROM :"api".wf_history('a', true, 2, 1);
SELECT :"api".wf_diff('a', 1, 2);
SELECT execution_id FROM :"api".wf_list('w', 'running', 'p', '{"t": 2}', true, '2000-01-01', '3000-01-01');
SELECT execution_id FROM :"api".wf_list(sort => 'execution_id');
SELECT execution_id FROM :"api".wf_list(sort => 'updated_at', descending => false);
SELECT :"api".wf_declare_search('w', '{/n}');
SELECT execution_id FROM :"api".wf_find('{"n": 3}', 'w', '{"t": 2}');
SELECT execution_id FROM :"api".wf_find('{"n": 3}');
SELECT execution_id FROM :"api".wf_find('{}', tags => '{"t": 2}');
SELECT :"api".wf_patch_state('a', '{"n": 4}', tags => '{"t": 3}');
SELECT execution_id, tags FROM :"api".wf_find('{"n": 4}', 'w'), LATERAL (SELECT version AS loaded FROM :"api".wf_load('a')) t;
SELECT :"api".wf_checkpoint('a', 'cp', 2, '{"m": 1}');
SELECT name, version FROM :"api".wf_checkpoints('a');
SELECT name FROM :"api".wf_checkpoints('a', after => 'cp');
SELECT :"api".wf_recover('a');
SELECT :"api".wf_recover('a', version => 4);
SELECT :"api".wf_fork('a', 'f', 3);
SELECT :"api".wf_export('a') IS NOT NULL;
SELECT :"api".wf_import(:"api".wf_export('a'), 'i');
SELECT versions, valid FROM :"api".wf_verify('a');
SELECT versions, valid FROM :"api".wf_verify('i');
SELECT :"api".wf_prune_history('a', 2, '0 days');
SELECT :"api".wf_drop_checkpoint('a', 'cp');
SELECT :"api".wf_record_routing('t', 'ag', NULL, task_type => 'k', candidates => '[1]', execution_id => 'a', step_id => 's') AS decision \gset
SELECT :"api".wf_record_routing('t', 'ag', true, 5, error => 'none', decided_at => '2026-01-01') IS NOT NULL;
SELECT :"api".wf_record_routing('t', 'ag', true, 6, error => 'none', decided_at => '2026-01-01') IS NOT NULL;
SELECT :"api".wf_complete_routing(:'decision', false, 7);
SELECT task_id, success FROM :"api".wf_routing_decisions('t', 'a', 'ag', 'k', false, false, '2020-01-01', 'infinity');
SELECT agent, total_tasks FROM :"api".wf_agent_statistics('ag', '2020-01-01', 'infinity', 'k');
SELECT agent, total_tasks FROM :"api".wf_top_agents(), LATERAL (SELECT :"api".success_rate(stats)) r;
SELECT agent FROM :"api".wf_underperforming_agents(1, 1);
SELECT task FROM :"api".wf_maintain();
SELECT :"api".wf_recalculate_statistics('2020-01-01');
SELECT decisions FROM :"api".wf_prune_routing('0 days', '100 years');
SELECT :"api".routing_stats(true, 1)::pg_catalog.jsonb;
SELECT :"api".rollup(s) FROM (SELECT :"api".routing_stats(true, n) AS s FROM pg_catalog.generate_series(1, 2) AS n) x;
SELECT :"api".wf_circuit_configure('g', 0.5, 0.5, '1 second', 'count', 1, 1, '1 hour', 2, '2 hours', 1, '1 hour');
SELECT :"api".wf_circuit_configure('g', window_kind => 'time');
SELECT failure_rate, window_kind FROM :"api".wf_circuit_policy('g');
SELECT * FROM :"api".wf_circuit_allow('g');
SELECT allowed, state FROM :"api".wf_circuit_record('g', false, 1.5);
SELECT agent_key, state FROM :"api".wf_circuits_open();
SELECT agent_key, state, calls FROM :"api".wf_circuits('open', 'a');
SELECT :"api".wf_circuit_save('g', 'open', '2020-01-01', 'why');
SELECT * FROM :"api".wf_circuits_recover();
SELECT * FROM :"api".wf_circuit_allow('g');
SELECT * FROM :"api".wf_circuit_record('g', true);
SELECT agent_key, transition_no, to_state, cursor FROM :"api".wf_circuit_transitions();
SELECT transition_no FROM :"api".wf_circuit_transitions('g', '2:g');
SELECT :"api".wf_circuit_reset('g');
SELECT :"api".wf_circuit_configure('g', replace => true);
DELETE FROM wfstate.circuits; DELETE FROM wfstate.circuit_transitions;
SELECT :"api".wf_tenant();
SELECT :"api".wf_grant_tenant('regress_wf_ward', 'search_path');
SELECT role, tenant FROM :"api".wf_tenants('regress_wf_ward');
SELECT role, tenant FROM :"api".wf_tenants();
SELECT tenant, execution_id FROM wfstate.executions ORDER BY execution_id;
SELECT :"api".wf_revoke_tenant('regress_wf_ward', 'search_path');
SELECT :"api".wf_grant_access('regress_wf_ward', 'reader', '{search_path,other}');
SELECT :"api".wf_revoke_access('regress_wf_ward');
SELECT :"api".wf_declare_search('w', '{}');
-- Definitions, execution, leases, waits, the feed.
SELECT :"api".wf_define('flow', '{"schema": {"type": "object"}, "steps": {"one": {"compensation": "undo"}, "two": {"depends_on": ["one"]}}}');
SELECT :"api".wf_record_changes();
SELECT :"api".wf_set_limits('flow', 10, 1, 5);
SELECT created FROM :"api".wf_start('flow', 'x1', '{"n": 1}', 'key', priority => 3, concurrency_key => 'k', start_at => '2020-01-01', tags => '{"t": 1}');
SELECT created FROM :"api".wf_start('flow', 'x1', '{"n": 1}', 'key');
SELECT created FROM :"api".wf_start('flow', 'x2', parent => 'x1', concurrency_key => 'k');
SELECT execution_id, status, input, claims, lease AS x1 FROM :"api".wf_claim('w', '{flow}', max_rows => 5) \gset
\echo :execution_id :status
SELECT execution_id, state, priority FROM :"api".wf_leases('flow');
SELECT workflow, running FROM :"api".wf_limits('flow');
SELECT held FROM :"api".wf_heartbeat('{x1}', ARRAY[:x1]::pg_catalog.int8[]);
SELECT action FROM :"api".wf_step_begin('x1', 'one', '1', lease => :x1);
SELECT recorded, version FROM :"api".wf_step_complete('x1', 'one', '2', '{"a": 1}', lease => :x1);
SELECT step_id, action FROM :"api".wf_steps_begin('x1', '{two,three}', lease => :x1);
SELECT action FROM :"api".wf_step_fail('x1', 'three', '"e"', 3, '1 hour', lease => :x1);
SELECT step_id, recorded FROM :"api".wf_steps_complete('x1', '{two}', lease => :x1);
SELECT step_id, status FROM :"api".wf_steps('x1');
SELECT attempt FROM :"api".wf_step_failures('x1', 'three');
SELECT :"api".wf_record_task('x1', 'three', 't', ARRAY['1', '2']::pg_catalog.jsonb[]), :"api".wf_record_task('x1', 'three', 't', ARRAY['3']::pg_catalog.jsonb[], replace => true), :"api".wf_record_task('x1', 'three', 't', ARRAY['4', '5']::pg_catalog.jsonb[], replace => true);
SELECT task_id, part, output FROM :"api".wf_task_results('x1', '{three}');
SELECT :"api".wf_record_task('x3', 's', 't', ARRAY['1']::pg_catalog.jsonb[]), :"api".wf_delete('x3'), :"api".wf_record_task('x3', 's', 't', ARRAY['1']::pg_catalog.jsonb[]), :"api".wf_drop_task_results('x3', '{s}'), :"api".wf_drop_task_results('x3');
SELECT item, removed FROM :"api".wf_cleanup('1 day', items => '{task_results}');
-- Branches, names, copies, many at once.
SELECT :"api".wf_patch_state('b1', '{"n": 1}', create_missing => true, checkpoint => 'one'), :"api".wf_patch_state('b1', '{"n": 2}', checkpoint => 'two'), :"api".wf_patch_state('b1', '{"m": 3}', base_version => 1, status => 'waiting'), :"api".wf_patch_state('b1', '{"n": 2}', checkpoint => 'two');
SELECT :"api".wf_record_task('b1', 's', 't', ARRAY['1']::pg_catalog.jsonb[]), :"api".wf_copy('b1', 'b2'), :"api".wf_fork('b1', 'b3'), :"api".wf_copy('b3', 'b4'), :"api".wf_prune_history('b1', 1), :"api".wf_delete_many('{b1,b2,b3,b5}');
SELECT valid FROM :"api".wf_verify('b4');
SELECT :"api".wf_delete_many('{b4}');
SELECT step_id FROM :"api".wf_ready_steps('x1');
SELECT created FROM :"api".wf_signal('x1', 's', '1', 'once');
SELECT created FROM :"api".wf_signal('x1', 's', '1', 'once');
SELECT action, payload FROM :"api".wf_await_signal('x1', 's', '1 hour', lease => :x1);
SELECT action FROM :"api".wf_await_children('x1', '1 hour', lease => :x1);
SELECT action FROM :"api".wf_sleep('x1', 'nap', until => '2020-01-01');
SELECT name, taken_by FROM :"api".wf_signals('x1');
SELECT wait_id, outcome FROM :"api".wf_waits('x1');
SELECT execution_id, lease AS x2 FROM :"api".wf_claim('w', max_rows => 5) \gset
SELECT :"api".wf_release('x2', :x2, '1 hour');
SELECT :"api".wf_pause('x2'), :"api".wf_resume('x2');
SELECT :"api".wf_complete('x2', '1', '{"done": true}');
SELECT :"api".wf_complete('x2', '1');
SELECT execution_id FROM :"api".wf_claim('w', '{flow}');
SELECT :"api".wf_fail('x1', '"e"'), :"api".wf_fail('x1', '"e"');
SELECT :"api".wf_set_status('x1', 'compensating');
SELECT step_id, compensation FROM :"api".wf_compensations('x1');
SELECT recorded, status FROM :"api".wf_step_compensated('x1', 'one');
SELECT status, result, error FROM :"api".wf_execution('x1');
SELECT execution_id, status FROM :"api".wf_list(parent => 'x1');
SELECT execution_id FROM :"api".wf_incomplete();
SELECT count(*) FROM :"api".wf_changes();
SELECT :"api".wf_prune_changes('0 s');
SELECT :"api".wf_record_changes(false);
SELECT :"api".wf_delete('x1'), :"api".wf_delete('x2');
-- Sessions, todo lists, thoughts, memories.
SELECT :"api".wf_save_session('s1', '{"user_id": "ann", "n": 1}', mission => 'm'), :"api".wf_save_session('s1', '{}', 'bob', status => 'waiting');
SELECT user_id, mission, status, version FROM :"api".wf_session('s1');
SELECT execution_id FROM :"api".wf_sessions('bob', 'waiting', '2020-01-01', 'infinity', '9000000000000000:z') UNION ALL SELECT execution_id FROM :"api".wf_sessions(status => 'waiting');
SELECT :"api".wf_save_todo_list('l', 's1', '[{"id": "a"}]'), :"api".wf_save_todo_list('l', 's1', '[{"id": "a"}]', 'b', 1), :"api".wf_update_todo('l', 'a', '{"b": 1}', 2);
SELECT plan, version FROM :"api".wf_todo_list('l') UNION ALL SELECT plan, version FROM :"api".wf_todo_lists('s1', 'b', 'a');
SELECT :"api".wf_save_todo_list('l2', plan => '[]', expected_version => 0), :"api".wf_drop_todo_list('l2', 1);
SELECT :"api".wf_record_thought('s1', 'one', 't', 'a', 'o', '{}', '2026-01-01') IS NOT NULL;
SELECT pg_catalog.count(*) FROM :"api".wf_record_thoughts('s1', '{one,two}', actions => '{a,b}', recorded_at => '{2026-01-01,NULL}');
SELECT step_id FROM :"api".wf_thoughts('s1', 'one', true, 9000000000000000000);
SELECT confidence, times FROM :"api".wf_remember('c', 'A lesson', 't', 0.5, '{"a": 1}', config => 'simple', remembered_at => '2026-01-01');
SELECT confidence, times FROM :"api".wf_remember('c', 'a LESSON', 't', 0.5, '{"a": 1}', config => 'simple', remembered_at => '2026-01-01');
SELECT lesson FROM :"api".wf_recall('a lesson', 't', 0.1, max_rows => 5, config => 'pg_catalog.simple') UNION ALL SELECT lesson FROM :"api".wf_recall('lesson', 't', tags => '{"a": 1}', config => 'simple') UNION ALL SELECT lesson FROM :"api".wf_recall();
SELECT lesson FROM :"api".wf_recall(embedding => '{1}');
SELECT config FROM :"api".wf_memories(0);
SELECT :"api".wf_forget(max_confidence => 0.9, tool_name => 't', older_than => '1 day');
SELECT :"api".wf_delete('s1');
-- The limits of the tables hold.
INSERT INTO wfstate.checkpoints (tenant, execution_id, name, version) VALUES ('search_path', 'a', '', 1);
SELECT :"api".wf_delete('a'), :"api".wf_delete('b'), :"api".wf_delete('c'), :"api".wf_delete('f'), :"api".wf_delete('i'), :"api".wf_delete('never');
-- An empty search_path serves as well.
SET search_path = '';
SELECT :"api".wf_save_state('e', '{"n": 1}', tags => '{"t": 1}');
SELECT :"api".wf_import(:"api".wf_export('e'), 'e2');
SELECT execution_id FROM :"api".wf_find('{"n": 1}', tags => '{"t": 1}');
SELECT :"api".wf_delete('e'), :"api".wf_delete('e2');
RESET ROLE;
DELETE FROM wfstate.queues; DELETE FROM wfstate.feeds;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA regress_hostile CASCADE;
DROP OWNED BY regress_wf_victim;
DROP ROLE regress_wf_victim, regress_wf_ward;
