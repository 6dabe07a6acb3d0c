-- Migration of state shapes: chains, loads, saves, patches, definitions, batches, rights, and every error.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'migrations';
CREATE SCHEMA regress_wf_shapes;
CREATE FUNCTION regress_wf_shapes.split_name(state jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT (state - 'name') || jsonb_build_object('first', split_part(state ->> 'name', ' ', 1), 'last', split_part(state ->> 'name', ' ', 2)) $$;
SELECT wf_save_state('old', '{"name": "Ada Lovelace", "cents": 750}', workflow => 'order');
SELECT wf_save_state('said', '{"name": "Ann Other", "cents": 1}', workflow => 'order', schema_version => 1);
SELECT wf_save_state('ahead', '{"x": 1}', workflow => 'order', schema_version => 9);
SELECT wf_save_state('other', '{"name": "A B"}', workflow => 'other'), wf_save_state('none', '{"name": "A B"}');
-- A chain of a merge patch, a function and a JSON Patch, added from the middle to both ends.
SELECT wf_add_migration('order', 2, 3, function => 'regress_wf_shapes.split_name');
SELECT wf_load_state('old'), wf_load_state('said');
SELECT wf_add_migration('order', 1, 2, '{"currency": "EUR"}');
SELECT wf_add_migration('order', 3, 5, '[{"op": "move", "from": "/cents", "path": "/total_cents"}]');
SELECT from_version, to_version, patch, function, added_by = current_user AS by_me, added_at <= now() + '1 hour' AS at FROM wf_migrations('order');
-- A load gives the newest shape and writes nothing.
SELECT wf_load_state('old');
SELECT execution_id, schema_version, version, state FROM wf_load_many('{old,said,ahead,other,none}');
SELECT schema_version, state FROM wf_load('said');
SELECT execution_id, schema_version, state FROM wf_find('{"name": "Ada Lovelace"}');
SELECT execution_id, schema_version, version FROM wf_list(workflow => 'order', sort => 'execution_id', descending => false);
SELECT wf_state_at('old'), wf_state_at('old', upgrade => true), wf_state_at('old', 1), wf_state_at('old', 1, upgrade => true);
SELECT wf_state_at('old', at => clock_timestamp(), upgrade => true);
SELECT wf_state_at('old', upgrade => NULL);
\echo :SQLSTATE
-- A patch is applied to the newest shape; the log has what led there from the stored one.
SELECT wf_patch_state('old', '{"first": "Augusta Ada"}', expected_version => 1);
SELECT version, kind, schema_version, changes FROM wf_history('old');
SELECT wf_state_at('old', 1), wf_state_at('old', 2), wf_state_at('old', 1, upgrade => true);
SELECT wf_patch_state('said', '[{"op": "test", "path": "/last", "value": "Other"}, {"op": "add", "path": "/n", "value": 1}]');
SELECT schema_version, state FROM wf_load('said');
SELECT wf_patch_state('said', '{"n": 2}');
SELECT version, kind, schema_version FROM wf_history('said');
-- A whole state is of the newest shape, unless it says which it is of; so is a new execution.
SELECT wf_save_state('new', '{"first": "N", "last": "E", "total_cents": 1, "currency": "EUR"}', workflow => 'order');
SELECT wf_save_state('stale', '{"name": "S T", "cents": 2}', workflow => 'order', schema_version => 2);
SELECT execution_id, schema_version, state FROM wf_load_many('{new,stale}');
SELECT wf_save_state('stale', '{"name": "S U", "cents": 3}', schema_version => 2);
SELECT schema_version, state FROM wf_load('stale');
SELECT wf_save_state('stale', '{"first": "S", "last": "V", "total_cents": 4, "currency": "EUR"}');
SELECT version, schema_version, wf_state_at('stale', version, upgrade => true) FROM wf_history('stale');
SELECT wf_save_state('ahead', '{"x": 2}'), wf_patch_state('ahead', '{"y": 1}');
SELECT schema_version, state FROM wf_load('ahead');
SELECT * FROM wf_save_states('{b1,b2,stale}', ARRAY['{"first": "B"}', '{"first": "C"}', '{"first": "D"}']::jsonb[], workflows => '{order,other,order}');
SELECT execution_id, schema_version FROM wf_load_many('{b1,b2,stale}');
-- Back to an old version, and a fork of one: in the shape of then, which loads bring up.
SELECT wf_checkpoint('old', 'first', 1), wf_recover('old', 'first'), wf_fork('old', 'fork', 1);
SELECT execution_id, schema_version, state FROM wf_load_many('{old,fork}');
SELECT execution_id, schema_version FROM wf_list(workflow => 'order', sort => 'execution_id', descending => false);
SELECT wf_patch_state('fork', '{}');
SELECT version, schema_version, wf_state_at('fork', version) FROM wf_history('fork');
-- A transaction that is rolled back takes its steps with it.
BEGIN;
SELECT wf_add_migration('order', 5, 6, '{"gone": true}'), wf_load_state('new');
ROLLBACK;
SELECT wf_load_state('new');
-- Definitions hold in the newest shape.
SELECT wf_save_state('ruled', '{"n": "1"}', workflow => 'rules', schema_version => 1);
SELECT wf_define('rules', '{"schema": {"type": "object", "properties": {"n": {"type": "integer"}}}, "schema_version": 2}');
SELECT wf_rebind('ruled');
\echo :SQLSTATE
SELECT wf_add_migration('rules', 1, 2, '[{"op": "replace", "path": "/n", "value": 1}]');
SELECT wf_rebind('ruled');
SELECT workflow_version, schema_version, state FROM wf_load('ruled');
SELECT version, schema_version, changes FROM wf_history('ruled');
SELECT wf_add_migration('rules', 2, 3, '{"n": "two"}');
SELECT wf_is_valid('ruled'), wf_is_valid('ruled', 2);
SELECT wf_patch_state('ruled', '{"m": 1}');
\echo :SQLSTATE
SELECT wf_patch_state('ruled', '{"n": 3}');
SELECT schema_version, state FROM wf_load('ruled');
-- In batches: what is migrated, what fails and why, where it has come to.
SELECT wf_save_state('many-' || i, CASE WHEN i = 3 THEN '[1]' ELSE jsonb_build_object('n', i) END, workflow => 'many') FROM generate_series(1, 5) AS i;
SELECT wf_migrate_states('many');
\echo :SQLSTATE
SELECT wf_add_migration('many', 0, 1, '[{"op": "replace", "path": "/n", "value": 0}]');
SELECT * FROM wf_migration_status('many');
SELECT migrated, failed, skipped, finished FROM wf_migrate_states('many', dry_run => true);
SELECT * FROM wf_migration_status('many');
SELECT count(*) FROM wf_migration_failures('many');
SELECT migrated, failed, skipped, finished, cursor LIKE '%:many-2' AS at FROM wf_migrate_states('many', 2);
SELECT migrated, failed, skipped, finished, cursor LIKE '%:many-4' AS at FROM wf_migrate_states('many', 2);
SELECT migrated, failed, skipped, finished, cursor LIKE '%:many-5' AS at FROM wf_migrate_states('many', 2);
SELECT * FROM wf_migration_status('many');
SELECT execution_id, version, from_version, sqlstate, message FROM wf_migration_failures('many');
SELECT version, kind, schema_version, note FROM wf_history('many-1');
SELECT wf_save_state('many-1', '{}', 1);
\echo :SQLSTATE
-- The next call begins anew: with what has failed.
SELECT wf_load_state('many-3');
\echo :SQLSTATE
SELECT execution_id FROM wf_load_many('{many-2,many-3}');
\echo :SQLSTATE
SELECT wf_patch_state('many-3', '{"n": 1}');
\echo :SQLSTATE
SELECT wf_state_at('many-3');
SELECT wf_save_state('many-3', '{"n": 1}', schema_version => 0);
SELECT count(*) FROM wf_migration_failures('many');
SELECT migrated, failed, finished FROM wf_migrate_states('many');
SELECT * FROM wf_migration_status('many');
SELECT migrated, failed, finished, cursor FROM wf_migrate_states('many');
SELECT count(*) FROM wfstate.migration_failures;
-- Of somebody else's function no word is kept.
CREATE FUNCTION regress_wf_shapes.failing(state jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN IF state ? 'bad' THEN RAISE 'no way for %', state USING ERRCODE = '55000'; END IF; RETURN NULL; END $$;
SELECT wf_save_state('bad', '{"bad": "secret"}', workflow => 'failing'), wf_save_state('null', '{}', workflow => 'failing');
SELECT wf_add_migration('failing', 1, 2, function => 'regress_wf_shapes.failing(jsonb)');
SELECT wf_load_state('bad');
\echo :SQLSTATE
SELECT wf_load_state('null');
\echo :SQLSTATE
SELECT migrated, failed, finished FROM wf_migrate_states('failing');
SELECT execution_id, sqlstate, message FROM wf_migration_failures('failing');
SELECT execution_id FROM wf_migration_failures('failing', after => 'bad'), wf_migration_failures('failing', max_rows => 1) AS f (a);
-- What is deleted has not failed.
SELECT wf_delete('null'), count(*) FROM wfstate.migration_failures WHERE execution_id = 'null';
SELECT count(*) FROM wfstate.migration_failures WHERE execution_id = 'null';
-- The function sees no search_path but its own, and what it calls may come back here.
CREATE FUNCTION regress_wf_shapes.path(state jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN jsonb_build_object('path', current_setting('search_path'), 'of', regress_wf_shapes.load('new')); END $$;
CREATE FUNCTION regress_wf_shapes.load(id text) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE SET search_path = public AS $$ SELECT wf_load_state(id) $$;
SELECT wf_save_state('path', '{}', workflow => 'path');
SELECT wf_add_migration('path', 1, 2, function => 'regress_wf_shapes.path');
SELECT wf_load_state('path');
SHOW search_path;
-- Dropping: the ends alone, and not what a head needs.
SELECT wf_save_state('needs', '{"name": "A B", "cents": 1}', workflow => 'order', schema_version => 1);
SELECT wf_drop_migration('order', 2);
\echo :SQLSTATE
SELECT wf_drop_migration('order', 3);
\echo :SQLSTATE
SELECT wf_drop_migration('order', 1);
\echo :SQLSTATE
SELECT migrated, failed, finished FROM wf_migrate_states('order');
SELECT wf_drop_migration('order', 1), wf_drop_migration('order', 1);
SELECT wf_drop_migration('order', 2);
SELECT from_version, to_version FROM wf_migrations('order');
SELECT wf_add_migration('dropped', 1, 2, '{}'), wf_add_migration('dropped', 2, 3, '{}');
SELECT wf_drop_migration('dropped', 2), wf_drop_migration('dropped', 1);
SELECT count(*) FROM wf_migrations('dropped');
-- What a state counts as of which no version was said does not move: with a step that goes, or one in front.
SELECT wf_save_state('unsaid', '{"a": 1}', workflow => 'unsaid');
SELECT wf_add_migration('unsaid', 1, 2, '[{"op": "move", "from": "/a", "path": "/b"}]'), wf_add_migration('unsaid', 2, 3, '{"three": true}');
SELECT wf_add_migration('unsaid', 0, 1, '{"zero": true}');
SELECT wf_load_state('unsaid');
SELECT migrated, finished FROM wf_migrate_states('unsaid');
SELECT wf_drop_migration('unsaid', 0), wf_drop_migration('unsaid', 1);
SELECT wf_fork('unsaid', 'unsaid-fork', 1);
SELECT schema_version, state, wf_state_at('unsaid', 1, upgrade => true) FROM wf_load('unsaid-fork');
SELECT * FROM wf_migration_status('unsaid');
-- Another tenant has its own.
SET wfstate.tenant = 'migrations_2';
SELECT wf_save_state('old', '{"name": "Ada Lovelace"}', workflow => 'order'), wf_load_state('old');
SELECT count(*) FROM wf_migrations('order');
SELECT * FROM wf_migration_status('many');
SET wfstate.tenant = 'migrations';
-- Errors.
SELECT wf_add_migration('e', 1, 2, '{}');
SELECT wf_add_migration('e', 1, 2, '{}');
\echo :SQLSTATE
SELECT wf_add_migration('e', 1, 3, '{}');
\echo :SQLSTATE
SELECT wf_add_migration('e', 3, 4, '{}');
\echo :SQLSTATE
SELECT wf_add_migration('e', 0, 2, '{}');
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 2, '{}');
\echo :SQLSTATE
SELECT wf_add_migration('e', -1, 1, '{}');
\echo :SQLSTATE
SELECT wf_add_migration('e', NULL, 1, '{}');
\echo :SQLSTATE
SELECT wf_add_migration('e', 1, NULL, '{}');
\echo :SQLSTATE
SELECT wf_add_migration(NULL, 1, 2, '{}');
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 3);
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 3, '{}', 'f');
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 3, '1');
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 3, '[{"op": "copy"}]');
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 3, jsonb_build_object('a', repeat('x', 70000)));
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 3, function => 'regress_wf_shapes.absent');
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 3, function => '');
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 3, function => 'regress_wf_shapes.load(text)');
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 3, function => 'jsonb_set(jsonb, text[], jsonb, boolean)');
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 3, function => 'jsonb_typeof');
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 3, function => 'jsonb_agg');
\echo :SQLSTATE
CREATE FUNCTION regress_wf_shapes.volatile(state jsonb) RETURNS jsonb LANGUAGE sql VOLATILE PARALLEL SAFE AS 'SELECT state';
CREATE FUNCTION regress_wf_shapes.text(state jsonb) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT state::text';
CREATE FUNCTION regress_wf_shapes.rows(state jsonb) RETURNS SETOF jsonb LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT state';
CREATE FUNCTION regress_wf_shapes.unsafe(state jsonb) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT state';
SELECT wf_add_migration('e', 2, 3, function => 'regress_wf_shapes.unsafe');
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 3, function => 'regress_wf_shapes.volatile');
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 3, function => 'regress_wf_shapes.text');
\echo :SQLSTATE
SELECT wf_add_migration('e', 2, 3, function => 'regress_wf_shapes.rows');
\echo :SQLSTATE
CREATE FUNCTION regress_wf_shapes."a b"(state jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT state';
SELECT wf_add_migration('e', 2, 3, function => 'regress_wf_shapes."a b"'), from_version, function FROM wf_migrations('e') WHERE from_version = 1;
SELECT function FROM wf_migrations('e');
SELECT wf_save_state('quoted', '{"q": 1}', workflow => 'e', schema_version => 2);
SELECT wf_load_state('quoted');
SELECT wf_add_migration('many', n, n + 1, '{}') IS NULL AS full FROM generate_series(1, 999) AS n OFFSET 998;
SELECT wf_add_migration('many', 1000, 1001, '{}');
\echo :SQLSTATE
SELECT wf_drop_migration(NULL, 1);
\echo :SQLSTATE
SELECT wf_drop_migration('e', NULL);
\echo :SQLSTATE
SELECT * FROM wf_migrations(NULL);
\echo :SQLSTATE
SELECT * FROM wf_migration_status(NULL);
\echo :SQLSTATE
SELECT * FROM wf_migration_failures(NULL);
\echo :SQLSTATE
SELECT * FROM wf_migration_failures('e', max_rows => 0);
\echo :SQLSTATE
SELECT * FROM wf_migrate_states('e', 0);
\echo :SQLSTATE
SELECT * FROM wf_migrate_states('e', 10001);
\echo :SQLSTATE
SELECT * FROM wf_migrate_states('e', NULL);
\echo :SQLSTATE
SELECT * FROM wf_migrate_states('e', dry_run => NULL);
\echo :SQLSTATE
SELECT * FROM wf_migrate_states('e', resume_after => 'x');
\echo :SQLSTATE
SELECT * FROM wf_migrate_states(NULL);
\echo :SQLSTATE
-- Rights: readers and writers load through steps that operators add; a function needs EXECUTE, and a superuser does not
-- run another's with rights of its own.
CREATE ROLE regress_wf_shapes_operator;
CREATE ROLE regress_wf_shapes_reader;
SELECT wf_grant_access('regress_wf_shapes_operator', 'operator', '{migrations}'), wf_grant_access('regress_wf_shapes_reader', 'reader', '{migrations}');
GRANT ALL ON SCHEMA regress_wf_shapes TO regress_wf_shapes_operator;
GRANT USAGE ON SCHEMA regress_wf_shapes TO regress_wf_shapes_reader;
SET ROLE regress_wf_shapes_operator;
CREATE FUNCTION regress_wf_shapes.who(state jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    $$ BEGIN RETURN jsonb_build_object('who', current_user, 'super', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)); END $$;
REVOKE ALL ON FUNCTION regress_wf_shapes.who FROM PUBLIC;
SELECT wf_save_state('who', '{}', workflow => 'who');
SELECT wf_add_migration('who', 1, 2, function => 'regress_wf_shapes.who');
SELECT wf_load_state('who');
SELECT wf_add_migration('who', 2, 3, function => 'regress_wf_shapes.path');
SELECT wf_drop_migration('who', 2);
SET ROLE regress_wf_shapes_reader;
SELECT wf_load_state('who');
\echo :SQLSTATE
SELECT wf_add_migration('who', 2, 3, '{}');
\echo :SQLSTATE
SELECT wf_drop_migration('who', 1);
\echo :SQLSTATE
SELECT * FROM wf_migrate_states('who');
\echo :SQLSTATE
SELECT count(*) FROM wf_migration_failures('who');
INSERT INTO wfstate.migrations VALUES ('migrations', 'who', 2, 3);
\echo :SQLSTATE
RESET ROLE;
GRANT EXECUTE ON FUNCTION regress_wf_shapes.who TO regress_wf_shapes_reader;
SET ROLE regress_wf_shapes_reader;
SELECT wf_load_state('who');
SELECT from_version FROM wf_migrations('who');
RESET ROLE;
SELECT wf_load_state('who');
SELECT current_user = session_user AS back;
DROP FUNCTION regress_wf_shapes.who;
SELECT wf_load_state('who');
\echo :SQLSTATE
SELECT l.execution_id, v.problem FROM wf_list(max_rows => 1000) AS l, wf_verify(l.execution_id) AS v WHERE NOT v.valid;
DROP OWNED BY regress_wf_shapes_operator, regress_wf_shapes_reader CASCADE;
SELECT wf_revoke_access('regress_wf_shapes_operator'), wf_revoke_access('regress_wf_shapes_reader');
DROP ROLE regress_wf_shapes_operator, regress_wf_shapes_reader;
DROP SCHEMA regress_wf_shapes CASCADE;
