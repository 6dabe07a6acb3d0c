-- wf_define, wf_definitions, wf_definition, wf_retire, and which version an execution is bound to.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'definitions';
SELECT count(*) FROM wf_definitions();
-- A workflow without a definition binds nothing.
SELECT wf_save_state('early', '{"n": 1}', workflow => 'order');
SELECT workflow, workflow_version, phase FROM wf_load('early');
-- The same definition gives the same number, whatever the order of its members; another one the next.
SELECT wf_define('order', '{"schema": {"required": ["total"]}, "schema_version": 3}');
SELECT wf_define('order', '{"schema_version": 3, "schema": {"required": ["total"]}}');
SELECT wf_define('order', '{"schema": {"required": ["total", "currency"]}}');
SELECT wf_define('order', '{"schema": {"required": ["total"]}, "schema_version": 3}') AS newest_is_what_was_defined_last;
SELECT wf_define('other', '{}');
SELECT workflow, version, active, defined_by = current_user AS own, defined_at <= clock_timestamp() AS past, retired_by, retired_at, cursor FROM wf_definitions();
SELECT version, active FROM wf_definitions('order', after => '1:order', max_rows => 1);
SELECT workflow, version FROM wf_definitions(after => '3:order');
SELECT wf_definition('order'), wf_definition('order', 2), wf_definition('order', version => 1);
-- A new execution gets the newest version and its schema_version; one from before stays free, also when it says its workflow again.
SELECT wf_save_state('new', '{"total": 1}', workflow => 'order');
SELECT wf_save_state('own', '{"total": 1}', workflow => 'order', schema_version => 1);
SELECT wf_save_state('early', '{"n": 2}', workflow => 'order');
SELECT wf_patch_state('early', '{"n": 3}');
SELECT execution_id, workflow_version, schema_version, version FROM wf_load_many('{early,new,own}');
SELECT execution_id, workflow_version FROM wf_list(sort => 'execution_id', descending => false);
SELECT wf_define('order', '{"schema": {"required": ["total", "currency"]}}');
SELECT wf_save_state('new', '{"total": 2}', workflow => 'order');
SELECT workflow_version FROM wf_load('new');
-- wf_rebind validates first; the new version says what happened.
SELECT wf_rebind('new');
\echo :SQLSTATE
SELECT wf_patch_state('new', '{"currency": "EUR"}');
SELECT wf_rebind('new', expected_version => 2);
\echo :SQLSTATE
SELECT wf_rebind('new', expected_version => 3), wf_rebind('new');
SELECT workflow_version, schema_version, version, state FROM wf_load('new');
SELECT version, kind, note FROM wf_history('new');
SELECT wf_patch_state('new', '{"currency": null}');
\echo :SQLSTATE
SELECT wf_rebind('new', 1), wf_patch_state('new', '{"currency": null}');
SELECT wf_rebind('early');
\echo :SQLSTATE
SELECT wf_rebind('early', 4);
\echo :SQLSTATE
SELECT wf_save_state('early', '{"total": 0}'), wf_rebind('early', 1);
SELECT wf_save_state('early', '{}');
\echo :SQLSTATE
-- Retiring: nothing new is bound to it, what is goes on.
SELECT wf_retire('order', 4), wf_retire('order', 4);
SELECT version, active, retired_by = current_user AS own, retired_at <= clock_timestamp() AS past FROM wf_definitions('order');
SELECT wf_save_state('after', '{"total": 1}', workflow => 'order');
SELECT workflow_version FROM wf_load('after');
SELECT wf_rebind('after', 4);
\echo :SQLSTATE
SELECT wf_retire('order', 1), wf_retire('order', 2), wf_retire('order', 3);
SELECT wf_save_state('none', '{"total": 1}', workflow => 'order');
\echo :SQLSTATE
SELECT * FROM wf_save_states('{none}', ARRAY['{"total": 1}']::jsonb[], workflows => '{order}');
\echo :SQLSTATE
SELECT wf_rebind('after');
\echo :SQLSTATE
SELECT wf_save_state('after', '{"total": 2}', workflow => 'order');
SELECT wf_define('order', '{"schema": {"required": ["total", "currency"]}}') AS retired_is_not_taken_again;
-- Search paths are declared.
SELECT wf_define('found', '{"search": ["/customer/id"]}');
SELECT paths FROM wfstate.search_paths WHERE workflow = 'found';
-- Another workflow: bound to its definition and validated whole; one without a definition frees.
SELECT wf_save_state('moves', '{"n": 1}', workflow => 'free');
SELECT wf_save_state('moves', '{"n": 2}', workflow => 'order');
\echo :SQLSTATE
SELECT wf_save_state('moves', '{"total": 2, "currency": "EUR"}', workflow => 'order');
SELECT workflow, workflow_version FROM wf_load('moves');
SELECT wf_save_state('moves', '{"n": 3}', workflow => 'free');
SELECT workflow, workflow_version FROM wf_load('moves');
-- Rollback: a number is used again, in the session that has compiled what is gone, too.
BEGIN;
SELECT wf_define('back', '{"schema": {"required": ["a"]}}');
SELECT wf_save_state('back', '{"a": 1}', workflow => 'back');
SELECT wf_is_valid('back');
ROLLBACK;
SELECT wf_define('back', '{"schema": {"required": ["b"]}}');
SELECT wf_save_state('back', '{"a": 1}', workflow => 'back');
\echo :SQLSTATE
SELECT wf_save_state('back', '{"b": 1}', workflow => 'back');
BEGIN;
SAVEPOINT s;
SELECT wf_define('back', '{"schema": {"required": ["c"]}}'), wf_rebind('back');
\echo :SQLSTATE
ROLLBACK TO s;
SELECT wf_define('back', '{}'), wf_rebind('back', 2), wf_save_state('back', '{}');
SELECT wf_is_valid('back'), wf_definition('back');
ROLLBACK;
SELECT wf_save_state('back', '{}');
\echo :SQLSTATE
SELECT workflow_version, state FROM wf_load('back');
BEGIN;
SELECT wf_define('back', '{"schema": {"type": "object", "properties": {"b": true}}}'), wf_rebind('back', 2);
ROLLBACK;
SELECT wf_patch_state('back', '{"c": 1}');
BEGIN;
SELECT wf_define('back', '{"schema": {"type": "object", "properties": {"b": true}}}'), wf_rebind('back', 2);
ROLLBACK;
SELECT * FROM wf_save_states('{back}', ARRAY['{"b": 2, "c": 2}']::jsonb[]);
-- Another tenant knows nothing of it, and counts for itself.
SET wfstate.tenant = 'definitions_2';
SELECT count(*) FROM wf_definitions();
SELECT wf_definition('order');
\echo :SQLSTATE
SELECT wf_save_state('new', '{}', workflow => 'order'), wf_define('order', '{"schema": {"required": ["here"]}}');
SELECT wf_save_state('newer', '{}', workflow => 'order');
\echo :SQLSTATE
SELECT wf_save_state('newer', '{"here": 1}', workflow => 'order');
SET wfstate.tenant = 'definitions';
SELECT wf_is_valid_state('order', '{"here": 1}'), wf_is_valid_state('order', '{"total": 1, "currency": 1}');
-- The cache: found again, bounded, off.
SELECT cache, entries > 0 AS holds, bytes > 0 AS bytes, max_bytes, hits > 0 AS hits, misses > 0 AS misses FROM wf_cache_stats();
SELECT hits FROM wf_cache_stats() WHERE cache = 'definitions' \gset
SELECT wf_save_state('back', '{"b": 2}');
SELECT hits - :hits AS found FROM wf_cache_stats() WHERE cache = 'definitions';
SET wfstate.definition_cache_size = 0;
SELECT misses FROM wf_cache_stats() WHERE cache = 'definitions' \gset
SELECT wf_save_state('new', '{}');
\echo :SQLSTATE
SELECT misses - :misses AS compiled, max_bytes FROM wf_cache_stats() WHERE cache = 'definitions';
RESET wfstate.definition_cache_size;
-- The extension made anew: the numbers begin again, and nothing of before is used.
BEGIN;
SET LOCAL client_min_messages = error;
DROP EXTENSION wfstate CASCADE;
CREATE EXTENSION wfstate;
SELECT wf_define('back', '{"schema": {"required": ["anew"]}}');
SELECT wf_save_state('back', '{"b": 1}', workflow => 'back');
\echo :SQLSTATE
ROLLBACK;
SELECT wf_patch_state('back', '{"b": 3}');
-- Rights: everybody validates, readers read, operators define.
CREATE ROLE regress_wf_definitions_reader;
CREATE ROLE regress_wf_definitions_writer;
CREATE ROLE regress_wf_definitions_operator;
CREATE ROLE regress_wf_definitions_nobody;
SELECT wf_grant_access('regress_wf_definitions_reader', 'reader', '{definitions}'), wf_grant_access('regress_wf_definitions_writer', 'writer', '{definitions}'), wf_grant_access('regress_wf_definitions_operator', 'operator', '{definitions}');
SET ROLE regress_wf_definitions_nobody;
SELECT count(*) FROM wf_validate_definition('{}');
SELECT wf_definition('order');
\echo :SQLSTATE
SET ROLE regress_wf_definitions_reader;
SELECT wf_definition('other'), (SELECT count(*) FROM wf_definitions()) AS listed, wf_is_valid('back'), wf_is_valid_state('other', '1'), (SELECT count(*) FROM wf_violations('back')) AS violations;
SELECT wf_define('x', '{}');
\echo :SQLSTATE
SELECT wf_rebind('back');
\echo :SQLSTATE
SELECT wf_transition('back', 'x');
\echo :SQLSTATE
SET ROLE regress_wf_definitions_writer;
SELECT wf_save_state('writer', '{}', workflow => 'order');
\echo :SQLSTATE
SELECT wf_define('x', '{}');
\echo :SQLSTATE
SELECT wf_retire('other', 1);
\echo :SQLSTATE
INSERT INTO wfstate.definitions (tenant, workflow, workflow_version, hash, definition) VALUES ('definitions', 'x', 1, 1, '{}');
\echo :SQLSTATE
UPDATE wfstate.workflows SET active = NULL;
\echo :SQLSTATE
SET ROLE regress_wf_definitions_operator;
SELECT wf_define('operator', '{}'), wf_retire('operator', 1);
SELECT defined_by, retired_by FROM wf_definitions('operator');
UPDATE wfstate.definitions SET definition = '{}';
\echo :SQLSTATE
SET wfstate.tenant = 'definitions_2';
SELECT wf_define('order', '{}');
\echo :SQLSTATE
RESET ROLE;
SET wfstate.tenant = 'definitions';
-- Bad arguments.
SELECT wf_define(NULL, '{}');
\echo :SQLSTATE
SELECT wf_define('', '{}');
\echo :SQLSTATE
SELECT wf_define(repeat('x', 256), '{}');
\echo :SQLSTATE
SELECT wf_define('x', NULL);
\echo :SQLSTATE
SELECT wf_define('x', '[]');
\echo :SQLSTATE
SELECT wf_define('x', '{"phases": {"a": {}}, "phasen": {}}');
\echo :SQLSTATE
SELECT wf_define('x', jsonb_build_object('description', repeat('x', 1048577)));
\echo :SQLSTATE
SELECT count(*) FROM wf_definitions('x');
SELECT wf_definition('x');
\echo :SQLSTATE
SELECT wf_definition('order', 99);
\echo :SQLSTATE
SELECT wf_definition('order', 0);
\echo :SQLSTATE
SELECT wf_retire('order', 99);
\echo :SQLSTATE
SELECT wf_retire('order', NULL);
\echo :SQLSTATE
SELECT wf_retire('x', 1);
\echo :SQLSTATE
SELECT * FROM wf_definitions(after => 'x');
\echo :SQLSTATE
SELECT * FROM wf_definitions(max_rows => 0);
\echo :SQLSTATE
SELECT wf_rebind('missing');
\echo :SQLSTATE
SELECT wf_rebind('back', 99);
\echo :SQLSTATE
SELECT wf_rebind('back', 0);
\echo :SQLSTATE
SELECT wf_save_state('plain', '{}'), wf_rebind('plain');
\echo :SQLSTATE
SELECT wf_save_state('free', '{}', workflow => 'free'), wf_rebind('free');
\echo :SQLSTATE
-- Limits: versions of a workflow, workflows of a tenant.
SET wfstate.tenant = 'definitions_3';
INSERT INTO wfstate.workflows VALUES ('definitions_3', 'versions', 1000, NULL);
SELECT wf_define('versions', '{}');
\echo :SQLSTATE
INSERT INTO wfstate.workflows SELECT 'definitions_3', 'w' || n, 1, NULL FROM generate_series(2, 2000) AS n;
SELECT wf_define('one more', '{}');
\echo :SQLSTATE
DELETE FROM wfstate.workflows WHERE workflow = 'w2000';
SELECT wf_define('one more', '{}');
-- A definition that somebody has deleted.
DELETE FROM wfstate.definitions WHERE workflow = 'one more';
SELECT wf_save_state('lost', '{}', workflow => 'one more');
\echo :SQLSTATE
DELETE FROM wfstate.workflows WHERE tenant = 'definitions_3';
DROP OWNED BY regress_wf_definitions_reader, regress_wf_definitions_writer, regress_wf_definitions_operator;
DROP ROLE regress_wf_definitions_reader, regress_wf_definitions_writer, regress_wf_definitions_operator, regress_wf_definitions_nobody;
