-- Todo lists: whole plans with versions, changes of single items; and every refusal.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'todo_lists';
SELECT wf_save_session('s', '{}', 'ann');
SELECT wf_save_todo_list('a', 's', '[{"id": "one", "task": "shop", "n": 1.50}, {"id": 2, "task": "cook"}, "just text"]', expected_version => 0);
SELECT list_id, execution_id, plan, status, version, created_at IS NOT NULL AND updated_at IS NOT NULL AS times FROM wf_todo_list('a');
-- Items by id, a text or a number; merged, so that null removes.
SELECT wf_update_todo('a', 'one', '{"done": true, "n": null, "deep": {"x": 1}}'), wf_update_todo('a', '2', '{"done": false}', 2);
SELECT plan, version FROM wf_todo_list('a');
SELECT wf_update_todo('a', 'one', '{"deep": {"y": 2}}', expected_version => 2);
\echo :SQLSTATE
-- Where an item has an id, positions are none.
SELECT wf_update_todo('a', '0', '{}');
\echo :SQLSTATE
SELECT wf_update_todo('a', 'two', '{}');
\echo :SQLSTATE
SELECT wf_update_todo('none', '0', '{}');
\echo :SQLSTATE
-- A plan that is an object has its items in items; without ids they go by position.
SELECT wf_save_todo_list('b', plan => '{"goal": "eat", "items": ["shop", {"task": "cook"}]}', status => 'draft');
SELECT wf_update_todo('b', '1', '{"done": false}'), wf_update_todo('b', 1, '{"done": true}');
-- What is no object has no members to change.
SELECT wf_update_todo('b', '0', '{"done": true}');
\echo :SQLSTATE
SELECT plan, status, version, execution_id FROM wf_todo_list('b');
SELECT wf_update_todo('b', '2', '{}');
\echo :SQLSTATE
SELECT wf_update_todo('b', '-1', '{}');
\echo :SQLSTATE
-- A plan is a list.
SELECT wf_save_todo_list('c', plan => '{"goal": "none"}');
\echo :SQLSTATE
SELECT wf_save_todo_list('c', plan => '{"items": {"x": 1}}');
\echo :SQLSTATE
-- The item as a text, a number, a parameter without a type, or one of a type.
SELECT wf_update_todo('a', 2, '{"by": 1}'), wf_update_todo('a', 2::bigint, '{"by": 2}'), wf_update_todo('a', item => 2::numeric, changes => '{"by": 3}');
PREPARE untyped AS SELECT wf_update_todo($1, $2, $3);
EXECUTE untyped('a', 'one', '{"by": 4}');
PREPARE typed (int) AS SELECT wf_update_todo('a', $1, '{"by": 5}');
EXECUTE typed(2);
SELECT wf_update_todo('a', 3, '{}');
\echo :SQLSTATE
SELECT plan FROM wf_todo_list('a');
-- Items more and fewer.
SELECT wf_add_todo('a', '{"id": 3, "task": "eat"}', expected_version => 8), wf_add_todo('a', '{"id": "first"}', 0), wf_add_todo('a', '"last"', 5);
SELECT jsonb_path_query_array(plan, '$[*] ? (@.id != null || @.type() == "string")'), version FROM wf_todo_list('a');
SELECT wf_add_todo('a', '{"id": "3"}');
\echo :SQLSTATE
SELECT wf_add_todo('a', '{}', 7);
\echo :SQLSTATE
SELECT wf_add_todo('a', '{}', -1);
\echo :SQLSTATE
SELECT wf_add_todo('a', '{}', expected_version => 1);
\echo :SQLSTATE
SELECT wf_add_todo('none', '{}');
\echo :SQLSTATE
SELECT wf_add_todo('a', NULL);
\echo :SQLSTATE
SELECT wf_add_todo('a', to_jsonb(repeat('x', 1050000)));
\echo :SQLSTATE
SELECT wf_remove_todo('a', 3), wf_remove_todo('a', 'first', expected_version => 12);
SELECT wf_remove_todo('a', 'first');
\echo :SQLSTATE
SELECT wf_remove_todo('a', 2, 1);
\echo :SQLSTATE
SELECT wf_remove_todo('a', NULL);
\echo :SQLSTATE
SELECT wf_save_todo_list('c', plan => '{"items": ["x", "y"]}'), wf_remove_todo('c', 0), wf_add_todo('c', '"z"');
SELECT plan FROM wf_todo_list('c');
-- A list without a new plan keeps its own; a new one has none to keep.
SELECT wf_save_todo_list('c', status => 'done'), wf_save_todo_list('c', 's', status => 'more', expected_version => 4);
SELECT execution_id, plan, status, version FROM wf_todo_list('c');
SELECT wf_save_todo_list('c', status => 'done', expected_version => 4);
\echo :SQLSTATE
SELECT wf_save_todo_list('c', status => 'done', expected_version => 0);
\echo :SQLSTATE
SELECT wf_save_todo_list('none', status => 'done', expected_version => 1);
\echo :SQLSTATE
SELECT wf_save_todo_list('none', '[{"task": "in the wrong place"}]');
\echo :SQLSTATE
-- Saves: the last write wins, or the version must be as expected; what is NULL is kept.
SELECT wf_save_todo_list('b', 's', '[]', expected_version => 3), wf_save_todo_list('b', plan => '[1]');
SELECT execution_id, plan, status, version FROM wf_todo_list('b');
SELECT wf_save_todo_list('b', status => 'done', plan => '[1, 2]', expected_version => 4);
\echo :SQLSTATE
SELECT wf_save_todo_list('b', status => 'done', plan => '[1, 2]', expected_version => 5);
SELECT wf_save_todo_list('b', plan => '[]', expected_version => 0);
\echo :SQLSTATE
SELECT wf_save_todo_list('none', plan => '[]', expected_version => 1);
\echo :SQLSTATE
SELECT wf_save_todo_list('none', 'no execution', '[]');
\echo :SQLSTATE
SELECT wf_save_todo_list('none');
\echo :SQLSTATE
SELECT wf_save_todo_list('none', plan => '"text"');
\echo :SQLSTATE
SELECT wf_save_todo_list('', plan => '[]');
\echo :SQLSTATE
SELECT wf_save_todo_list('none', plan => '[]', status => '');
\echo :SQLSTATE
SELECT wf_save_todo_list('none', plan => '[]', expected_version => -1);
\echo :SQLSTATE
SELECT wf_save_todo_list('none', plan => (SELECT jsonb_agg(repeat('x', 1000)) FROM generate_series(1, 1100)));
\echo :SQLSTATE
SELECT wf_save_todo_list('none', plan => (repeat('[', 1001) || repeat(']', 1001))::jsonb);
\echo :SQLSTATE
SELECT wf_update_todo('a', NULL, '{}');
\echo :SQLSTATE
SELECT wf_update_todo('a', 'one', NULL);
\echo :SQLSTATE
SELECT wf_update_todo('a', 'one', '[]');
\echo :SQLSTATE
SELECT wf_update_todo(NULL, 'one', '{}');
\echo :SQLSTATE
-- A change must not make the plan larger than a save may.
SELECT wf_save_todo_list('large', plan => (SELECT '[{}]' || jsonb_agg(repeat('x', 1000)) FROM generate_series(1, 1030)));
SELECT wf_update_todo('large', '0', jsonb_build_object('text', repeat('y', 30000)));
\echo :SQLSTATE
SELECT wf_update_todo('large', '0', '{"text": "z"}');
SELECT wf_add_todo('large', to_jsonb(repeat('y', 30000)));
\echo :SQLSTATE
SELECT plan -> 0 AS first, jsonb_array_length(plan), version FROM wf_todo_list('large');
SELECT wf_drop_todo_list('large');
-- Lists, in the order of ids.
SELECT string_agg(list_id, ' ') FROM wf_todo_lists();
SELECT list_id, status, version FROM wf_todo_lists('s');
SELECT list_id FROM wf_todo_lists(status => 'active');
SELECT list_id FROM wf_todo_lists('s', 'done');
SELECT list_id FROM wf_todo_lists(after => 'a', max_rows => 1);
SELECT list_id FROM wf_todo_lists('nowhere');
SELECT * FROM wf_todo_lists(max_rows => 10001);
\echo :SQLSTATE
SELECT * FROM wf_todo_lists(execution_id => '');
\echo :SQLSTATE
SELECT * FROM wf_todo_list('none');
\echo :SQLSTATE
SELECT * FROM wf_todo_list(NULL);
\echo :SQLSTATE
-- Rights, and other tenants.
CREATE ROLE regress_wf_todo_reader;
SELECT wf_grant_access('regress_wf_todo_reader', 'reader');
SET ROLE regress_wf_todo_reader;
SELECT list_id FROM wf_todo_lists('s');
SELECT wf_update_todo('a', 'one', '{}');
SELECT wf_add_todo('a', '{}');
SELECT wf_remove_todo('a', 'one');
SELECT wf_save_todo_list('a', plan => '[]');
SELECT wf_drop_todo_list('a');
RESET ROLE;
SET wfstate.tenant = 'todo_lists2';
SELECT count(*) FROM wf_todo_lists();
SELECT * FROM wf_todo_list('a');
\echo :SQLSTATE
SELECT wf_drop_todo_list('a');
SELECT wf_save_todo_list('a', 's', '[]');
\echo :SQLSTATE
SELECT wf_save_todo_list('a', plan => '["mine"]'), wf_drop_todo_list('a', 1);
SET wfstate.tenant = 'todo_lists';
-- Ids may be numbers of any length; a position is written as positions are.
SELECT wf_save_todo_list('long', plan => '[{"id": 12345678901234567890}, {"id": 9223372036854775808.0}]'), wf_update_todo('long', '12345678901234567890', '{"done": true}'), wf_update_todo('long', '9223372036854775808', '{"done": true}');
SELECT plan FROM wf_todo_lists() WHERE list_id = 'long';
SELECT wf_save_todo_list('places', plan => '["a", "b", "c"]');
SELECT wf_update_todo('places', '+1', '{"done": true}');
\echo :SQLSTATE
SELECT wf_update_todo('places', '02', '{"done": true}');
\echo :SQLSTATE
SELECT wf_drop_todo_list('long'), wf_drop_todo_list('places');
-- Dropping.
SELECT wf_drop_todo_list('a', 2);
\echo :SQLSTATE
SELECT wf_drop_todo_list('a', 13), wf_drop_todo_list('a'), wf_drop_todo_list('a', 3);
SELECT wf_drop_todo_list(NULL);
\echo :SQLSTATE
SELECT wf_delete('s'), wf_drop_todo_list('c');
SELECT count(*) FROM wf_todo_lists();
DROP OWNED BY regress_wf_todo_reader;
DROP ROLE regress_wf_todo_reader;
