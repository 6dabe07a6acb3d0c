-- A state that breaks its workflow's rules is refused, whatever brings it; what it breaks can be listed.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'validation';
SELECT wf_define('w', '{"schema": {"type": "object", "required": ["id", "total"]}, "rules": [{"name": "paid", "path": "exists($.paid)", "message": "must be paid"}]}');
SELECT wf_save_state('v', '{"id": 1, "total": 7, "paid": true}', workflow => 'w');
-- WF002 names the first, counts the others, and shows no value; nothing is saved.
SELECT wf_save_state('v', '{"secret": "never shown"}');
\echo :SQLSTATE
SELECT wf_save_state('v', '{"id": "never shown", "total": 1}');
\echo :SQLSTATE
SELECT wf_save_state('x', '{"secret": "never shown"}', workflow => 'w');
\echo :SQLSTATE
SELECT wf_patch_state('v', '{"total": null}');
\echo :SQLSTATE
SELECT wf_patch_state('v', '[{"op": "remove", "path": "/total"}]');
\echo :SQLSTATE
SELECT * FROM wf_save_states('{a,v,x}', ARRAY['{}', '{"id": 1}', '{}']::jsonb[], workflows => '{NULL,NULL,w}');
\echo :SQLSTATE
SELECT * FROM wf_save_states('{v,x}', ARRAY['{"id": 1, "total": 2, "paid": 1}', '{"id": 1}']::jsonb[], workflows => '{NULL,w}');
\echo :SQLSTATE
SELECT * FROM wf_save_states('{u,v}', ARRAY['{"id": 1}', '{}']::jsonb[], expected_versions => '{NULL,9}', workflows => '{w,NULL}');
\echo :SQLSTATE
SELECT * FROM wf_save_states('{v,x}', ARRAY['{}', '{"id": 1}']::jsonb[], expected_versions => '{9,NULL}', workflows => '{NULL,w}');
\echo :SQLSTATE
SELECT * FROM wf_save_states('{v,y}', ARRAY['{"id": 1, "total": 8, "paid": 1}', '{"id": 1, "total": 1, "paid": 1}']::jsonb[], workflows => '{NULL,w}');
SELECT execution_id, version, workflow_version FROM wf_list(sort => 'execution_id', descending => false);
-- Large states go by patches and from the session's copy, or without.
SELECT wf_save_state('big', jsonb_build_object('id', 1, 'total', 1, 'paid', 1, 'pad', repeat('x', 20000)), workflow => 'w');
SELECT wf_patch_state('big', '{"n": 1}'), wf_patch_state('big', '{"n": 2, "total": 2}');
SELECT wf_patch_state('big', '{"n": 3, "total": null}');
\echo :SQLSTATE
SELECT wf_save_state('big', wf_load_state('big') - 'paid');
\echo :SQLSTATE
SELECT wf_save_state('big', wf_load_state('big') || '{"n": 4}');
SET wfstate.cache_size = 0;
SELECT wf_patch_state('big', '{"n": 5}'), wf_patch_state('big', '{"n": 6, "total": 3}'), wf_save_state('big', wf_load_state('big') || '{"n": 7}');
SELECT wf_patch_state('big', '{"n": 8, "total": null}');
\echo :SQLSTATE
SELECT wf_save_state('big', wf_load_state('big') - 'paid');
\echo :SQLSTATE
RESET wfstate.cache_size;
SELECT version, state - 'pad' AS state FROM wf_load('big');
-- A recovery to, and a fork of, a state from before the rules.
SELECT wf_save_state('old', '{"n": 1}', workflow => 'late'), wf_checkpoint('old', 'before');
SELECT wf_define('late', '{"schema": {"required": ["id"]}}'), wf_save_state('old', '{"id": 1}'), wf_rebind('old');
SELECT wf_recover('old');
\echo :SQLSTATE
SELECT wf_recover('old', version => 1);
\echo :SQLSTATE
SELECT wf_fork('old', 'forked', version => 1);
\echo :SQLSTATE
SELECT wf_fork('old', 'forked'), wf_recover('old', version => 2);
SELECT workflow_version FROM wf_load('forked');
-- Three forms of one check, at the head, at a version, of any state.
SELECT wf_is_valid('old'), wf_is_valid('old', 1), wf_is_valid('old', version => 2), wf_is_valid('v');
SELECT * FROM wf_violations('old');
SELECT * FROM wf_violations('old', 1);
SELECT wf_is_valid_state('w', '{}'), wf_is_valid_state('w', '{"id": 1, "total": 2, "paid": 3}', 1);
SELECT * FROM wf_state_violations('w', '{"secret": "never shown"}');
SELECT count(*) FROM wf_state_violations('w', '{}', max_rows => 2);
SELECT * FROM wf_definition_violations('{"schema": {"required": ["a"]}}', '{}');
SELECT count(*) FROM wf_definition_violations('{"schema": {"required": ["a"]}}', '{"a": 1}');
SELECT wf_save_state('none', '{}');
SELECT wf_is_valid('none'), (SELECT count(*) FROM wf_violations('none')) AS violations;
-- Import: to the version that the document names, else the newest; refused where the state breaks it.
SELECT wf_export('old') AS exported \gset
SELECT wf_import(:'exported', 'copy');
SELECT workflow_version FROM wf_load('copy');
SELECT wf_define('late', '{"schema": {"required": ["id", "more"]}}');
SELECT wf_import(:'exported', 'copy2');
SELECT workflow_version FROM wf_load('copy2');
SELECT wf_import(jsonb_set(:'exported', '{execution,workflow_version}', '9'), 'copy3');
\echo :SQLSTATE
SELECT wf_import(jsonb_set(:'exported', '{execution,workflow_version}', '"x"'), 'copy3');
\echo :SQLSTATE
SELECT wf_import(jsonb_set(:'exported', '{execution,workflow}', '"undefined"'), 'copy4');
SELECT workflow, workflow_version FROM wf_load('copy4');
-- Bad arguments.
SELECT wf_is_valid('missing');
\echo :SQLSTATE
SELECT wf_is_valid('v', 99);
\echo :SQLSTATE
SELECT wf_is_valid('v', 0);
\echo :SQLSTATE
SELECT * FROM wf_violations('v', max_rows => 0);
\echo :SQLSTATE
SELECT wf_is_valid_state('undefined', '{}');
\echo :SQLSTATE
SELECT wf_is_valid_state('w', '{}', 9);
\echo :SQLSTATE
SELECT wf_is_valid_state('w', NULL);
\echo :SQLSTATE
SELECT wf_is_valid_state(NULL, '{}');
\echo :SQLSTATE
SELECT * FROM wf_state_violations('w', '{}', max_rows => 10001);
\echo :SQLSTATE
SELECT * FROM wf_definition_violations('[]', '{}');
\echo :SQLSTATE
SELECT * FROM wf_definition_violations(NULL, '{}');
\echo :SQLSTATE
SELECT * FROM wf_definition_violations('{}', NULL);
\echo :SQLSTATE
SELECT * FROM wf_definition_violations('{"phases": {"a": {}}, "initial_phase": "a", "terminal_phases": ["a"]}', '{}', phase => 'b');
\echo :SQLSTATE
SELECT * FROM wf_validate_definition(NULL);
\echo :SQLSTATE
SELECT path, rule FROM wf_validate_definition('{"nonsense": 1}');
-- What would take more stack than there is, is refused, and the session goes on.
SELECT format('{"type": "object", "properties": {"n": %s{"$ref": "#"}%s}}', repeat('{"anyOf": [', 40), repeat(']}', 40)) AS deep \gset
SELECT count(*) FROM wf_definition_violations(jsonb_build_object('schema', :'deep'::jsonb), (repeat('{"n": ', 990) || '1' || repeat('}', 990))::jsonb);
\echo :SQLSTATE
SELECT count(*) FROM wf_definition_violations(jsonb_build_object('schema', :'deep'::jsonb), (repeat('{"n": ', 50) || '1' || repeat('}', 50))::jsonb);
-- A compiled rule lasts, whatever is compiled after it.
SELECT wf_define('lasting', '{"rules": [{"name": "r", "path": "$.a <= $.b", "message": "m"}]}');
SELECT wf_save_state('lasting-' || i, jsonb_build_object('a', i, 'b', i), workflow => 'lasting') FROM generate_series(1, 3) AS i;
SELECT count(wf_define('lasting-' || i, jsonb_build_object('rules', jsonb_build_array(
           jsonb_build_object('name', 'r', 'path', format('$.x%s > 1', i), 'message', 'm'))))) FROM generate_series(1, 20) AS i;
SELECT wf_is_valid_state('lasting', '{"a": 1, "b": 1}'), wf_is_valid_state('lasting', '{"a": 2, "b": 1}');
SELECT execution_id, problem FROM wf_list(max_rows => 1000) AS l, wf_verify(l.execution_id) AS v WHERE NOT v.valid;
