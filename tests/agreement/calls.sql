-- Every function that gives rows, once: its rows are made, and every column is read, in FROM and in a select list.
SELECT wf_save_state('order', '{"a": 1}', workflow => 'w', tags => '{"t": 1}'), wf_checkpoint('order', 'c'),
       wf_record_routing('task', 'agent', true, 5), wf_grant_tenant('postgres', 'default'),
       wf_circuit_save('agent', 'forced_open'), wf_define('w', '{"schema": false}'), wf_save_state('shaped', '[]', workflow => 'shaped'),
       wf_add_migration('shaped', 1, 2, '[{"op": "remove", "path": "/a"}]') \g /dev/null
CREATE TEMP TABLE called (function text, call text, problem text);
INSERT INTO called (function, call)
SELECT substring(call FROM '^(wf_\w+)'), call FROM unnest(ARRAY[
    'wf_load(''order'')', 'wf_load_many(ARRAY[''order''])', 'wf_save_states(ARRAY[''order''], ARRAY[''{}''::jsonb])',
    'wf_checkpoints(''order'')', 'wf_history(''order'')', 'wf_verify(''order'')', 'wf_list()', 'wf_find(''{}'')',
    'wf_tenants()', 'wf_routing_decisions()', 'wf_agent_statistics()', 'wf_top_agents()',
    'wf_underperforming_agents(threshold => 1.0, min_tasks => 0)', 'wf_prune_routing(''1 day'')', 'wf_maintain()',
    'wf_circuits()', 'wf_circuits_open()', 'wf_circuit_transitions()', 'wf_circuit_policy(''agent'')',
    'wf_circuit_allow(''agent'')', 'wf_circuit_record(''agent'', true)', 'wf_circuits_recover()',
    'wf_definitions()', 'wf_validate_definition(''{"a": 1}'')', 'wf_state_violations(''w'', ''{}'')',
    'wf_violations(''order'')', 'wf_definition_violations(''{"schema": false}'', ''{}'')', 'wf_cache_stats()',
    'wf_migrations(''shaped'')', 'wf_migration_status(''shaped'')', 'wf_migrate_states(''shaped'')', 'wf_migration_failures(''shaped'')']) AS call;
DO $$
DECLARE
    item record; found bigint;
BEGIN
    FOR item IN SELECT * FROM called LOOP
        BEGIN
            EXECUTE format('SELECT count(r::text) FROM %s AS r', item.call) INTO found;
            -- None of these has rows of this small database.
            IF found = 0 AND item.function NOT IN ('wf_circuits_recover', 'wf_underperforming_agents', 'wf_violations') THEN
                RAISE 'no rows';
            END IF;
            EXECUTE format('SELECT count(r.row::text) FROM (SELECT %s AS row) AS r', item.call) INTO found;
        EXCEPTION WHEN OTHERS THEN
            UPDATE called SET problem = sqlerrm WHERE call = item.call;
        END;
    END LOOP;
END $$;
