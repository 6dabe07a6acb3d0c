-- The shape of a state is what it was stored in, whichever way it came there: bound anew, moved, saved again, exported, repaired, imported; and a state is looked for and held against rules as a load gives it.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'migration-shapes';
\set move '[{"op": "move", "from": "/cents", "path": "/total"}]'
-- Bound anew, it keeps its shape, whatever the definition says of new executions.
SELECT wf_save_state('rebound', '{"cents": 1}', workflow => 'rebind');
SELECT wf_add_migration('rebind', 1, 2, :'move');
SELECT wf_define('rebind', '{"schema_version": 1, "schema": {"type": "object"}}');
SELECT wf_rebind('rebound');
SELECT schema_version, state FROM wf_load('rebound');
-- Moved to another workflow by a save, by a session that knows the head and by one that does not.
SELECT wf_add_migration('moved', 1, 2, :'move');
SELECT wf_save_state('known', '{"q": 5}'), wf_save_state('unknown', '{"q": 5}'), wf_save_state('batch', '{"q": 5}');
SELECT wf_save_state('known', '{"total": 5}', workflow => 'moved');
SET wfstate.cache_size = 0;
SELECT wf_save_state('unknown', '{"total": 5}', workflow => 'moved');
SELECT count(*) FROM wf_save_states('{batch}', ARRAY['{"total": 5}']::jsonb[], workflows => '{moved}');
RESET wfstate.cache_size;
SELECT execution_id, schema_version, state FROM wf_load_many('{known,unknown,batch}');
-- An export has the shape of each version.
SELECT wf_save_state('sent', '{"cents": 1}', workflow => 'export');
SELECT wf_add_migration('export', 1, 2, :'move');
SELECT wf_patch_state('sent', '{"k": 1}');
SELECT wf_import(wf_export('sent'), 'got');
SELECT wf_state_at('sent', 1, upgrade => true), wf_state_at('got', 1, upgrade => true);
SELECT wf_recover('got', version => 1);
SELECT schema_version, state FROM wf_load('got');
SELECT wf_recover('sent', version => 1), wf_import(wf_export('sent'), 'again');
SELECT wf_state_at('again', 2, upgrade => true);
-- One made before says it of the execution alone.
SELECT wf_import(jsonb_set(wf_export('sent'), '{versions}', (SELECT jsonb_agg(v - 'schema_version') FROM jsonb_array_elements(wf_export('sent') -> 'versions') AS v)), 'older');
SELECT version, schema_version FROM wf_history('older');
SELECT wf_import(jsonb_set(wf_export('sent'), '{versions,0,schema_version}', '"x"'), 'wrong');
\echo :SQLSTATE
-- The initial state that a repair goes back to is of the shape of new executions.
SELECT wf_add_migration('repair', 1, 2, :'move');
SELECT wf_define('repair', '{"schema": {"type": "object", "anyOf": [{"required": ["total"]}, {"required": ["cents"]}]}, "schema_version": 2, "initial_state": {"total": 0}}');
SELECT wf_save_state('broken', '{"cents": 1}', workflow => 'repair', schema_version => 1);
UPDATE wfstate.state_versions SET snapshot = '{}' WHERE execution_id = 'broken';
SET wfstate.cache_size = 0;
SELECT action FROM wf_repair('broken');
SELECT schema_version, state FROM wf_load('broken');
RESET wfstate.cache_size;
-- A search looks at what loads give.
SELECT wf_save_state('found', '{"cents": 1}', workflow => 'find');
SELECT wf_declare_search('find', '{/cents,/total}');
SELECT wf_add_migration('find', 1, 2, :'move');
SELECT execution_id FROM wf_find('{"cents": 1}', workflow => 'find');
SELECT execution_id, state FROM wf_find('{"total": 1}', workflow => 'find');
SELECT execution_id FROM wf_find('{"total": 1}') WHERE execution_id = 'found';
-- One that cannot be migrated is in the way only of those who look for what it has.
SELECT wf_save_state('stuck', '{"other": 1}', workflow => 'find', schema_version => 1);
SELECT execution_id FROM wf_find('{"total": 1}', workflow => 'find');
SELECT execution_id FROM wf_find('{"other": 1}', workflow => 'find');
\echo :SQLSTATE
-- Rules are of what a load gives: recovering, forking, importing, repairing, and asking by version.
SELECT wf_save_state('ruled', '{"cents": 1}', workflow => 'rules');
SELECT wf_add_migration('rules', 1, 2, :'move');
SELECT wf_define('rules', '{"schema": {"type": "object", "required": ["total"]}}');
SELECT wf_rebind('ruled');
SELECT wf_is_valid('ruled'), wf_is_valid('ruled', 1), wf_is_valid('ruled', 2);
SELECT wf_fork('ruled', 'ruled-fork', version => 1);
SELECT wf_import(wf_export('ruled'), 'ruled-import');
SELECT wf_recover('ruled', version => 1);
UPDATE wfstate.state_versions SET snapshot = '{}' WHERE execution_id = 'ruled' AND version = 2;
UPDATE wfstate.state_versions SET hash = 1 WHERE execution_id = 'ruled' AND version = 3;
SET wfstate.cache_size = 0;
SELECT action, target_version FROM wf_repair('ruled');
RESET wfstate.cache_size;
SELECT wf_define('old-rules', '{"schema": {"type": "object", "required": ["cents"]}}');
SELECT wf_save_state('old', '{"cents": 1}', workflow => 'old-rules');
SELECT wf_add_migration('old-rules', 1, 2, :'move');
SELECT wf_is_valid('old'), wf_is_valid('old', 1);
SELECT wf_fork('old', 'old-fork');
\echo :SQLSTATE
SELECT wf_recover('old', version => 1);
\echo :SQLSTATE
-- A phase is entered, and so must have what it requires, also with the workflow.
SELECT wf_define('phases', '{"phases": {"a": {"next": ["b"]}, "b": {"requires": ["/k"]}}, "initial_phase": "a", "terminal_phases": ["b"]}');
SELECT wf_save_state('entering', '{}');
SELECT wf_save_state('entering', '{}', workflow => 'phases', phase => 'b');
\echo :SQLSTATE
SELECT wf_save_state('entering', '{"k": 1}', workflow => 'phases', phase => 'b');
SELECT wf_define('first', '{"phases": {"a": {"requires": ["/k"]}}, "initial_phase": "a", "terminal_phases": ["a"]}');
SELECT wf_save_state('first', '{}', workflow => 'first', phase => 'a');
\echo :SQLSTATE
SELECT wf_rebind('entering');
-- One that is bound without a phase, as by an import, gets it when it is bound again, and once.
SELECT wf_save_state('source', '{"k": 1}');
SELECT wf_import(jsonb_set(wf_export('source'), '{execution,workflow}', '"first"'), 'phaseless');
SELECT workflow_version, phase FROM wf_load('phaseless');
SELECT wf_rebind('phaseless'), wf_rebind('phaseless');
SELECT workflow_version, phase, version FROM wf_load('phaseless');
-- A head beyond all versions is damage of its own.
SELECT wf_save_state('far', '{"n": 1}');
UPDATE wfstate.executions SET version = 9223372036854775807 WHERE execution_id = 'far';
SELECT action, version, target_version, lost_count FROM wf_repair('far');
SELECT valid FROM wf_verify('far');
SELECT count(wf_delete(execution_id)) > 0 AS deleted FROM wf_list(max_rows => 1000);
