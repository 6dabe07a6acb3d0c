-- Every bad input: its SQLSTATE, message, DETAIL and HINT; and at the end, that nothing was changed.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'errors';
CREATE ROLE regress_wf_bound;
CREATE ROLE regress_wf_plain;
SELECT wf_grant_access('regress_wf_bound', 'writer'), wf_grant_tenant('regress_wf_bound', 'errors');
SELECT wf_save_state('e', jsonb_build_object('list', '[1, 2]'::jsonb, 'secret', 'never shown', 'pad', repeat('x', 1000)), tags => '{"t": 1}');
SELECT wf_patch_state('e', '{"n": 2}');
SELECT wf_checkpoint('e', 'cp', 1), wf_fork('e', 'fork');
SELECT wf_save_state('bare', '{}'), wf_save_state('done', '{}', status => 'completed');
CREATE TEMP VIEW everything AS
    SELECT 'head' AS kind, e::text AS content FROM wfstate.executions e UNION ALL SELECT 'version', v::text FROM wfstate.state_versions v UNION ALL SELECT 'checkpoint', c::text FROM wfstate.checkpoints c
    UNION ALL SELECT 'search', s::text FROM wfstate.search s UNION ALL SELECT 'path', p::text FROM wfstate.search_paths p UNION ALL SELECT 'binding', r::text FROM wfstate.tenant_roles r;
CREATE TEMP TABLE before AS SELECT * FROM everything;

-- Ids and names: null, empty, over-long.
SELECT wf_save_state(NULL, '{}');
\echo :SQLSTATE
SELECT wf_save_state('', '{}');
\echo :SQLSTATE
SELECT wf_save_state(repeat('x', 256), '{}');
\echo :SQLSTATE
SELECT wf_save_state(repeat('é', 128), '{}');
\echo :SQLSTATE
SELECT wf_load_state(NULL);
\echo :SQLSTATE
SELECT wf_load_state(repeat('x', 256));
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', phase => '');
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', phase => repeat('x', 256));
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', workflow => '');
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', step_id => repeat('x', 256));
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', note => repeat('x', 8193));
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', status => 'done');
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', status => '');
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', status => repeat('long ', 100));
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', tags => '["t"]');
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', tags => jsonb_build_object('t', repeat('x', 20000)));
\echo :SQLSTATE
SELECT wf_checkpoint('e', NULL);
\echo :SQLSTATE
SELECT wf_checkpoint('e', '');
\echo :SQLSTATE
SELECT wf_checkpoint('e', repeat('x', 256));
\echo :SQLSTATE
SELECT wf_checkpoint('e', 'm', metadata => '1');
\echo :SQLSTATE
SELECT wf_checkpoint('e', 'm', metadata => jsonb_build_object('t', repeat('x', 65536)));
\echo :SQLSTATE
SELECT wf_fork('e', '');
\echo :SQLSTATE
SELECT * FROM wf_save_states('{e,NULL}', ARRAY['1', '2']::jsonb[]);
\echo :SQLSTATE
SELECT * FROM wf_save_states('{e,e}', ARRAY['1', '2']::jsonb[]);
\echo :SQLSTATE
SELECT * FROM wf_save_states('{e,f}', ARRAY['1']::jsonb[]);
\echo :SQLSTATE
SELECT * FROM wf_save_states((SELECT array_agg('b' || i) FROM generate_series(1, 1001) i), (SELECT array_agg('1'::jsonb) FROM generate_series(1, 1001) i));
\echo :SQLSTATE
SELECT * FROM wf_save_states('{e,bare}', ARRAY['1', NULL]::jsonb[]);
\echo :SQLSTATE

-- A status that is final.
SELECT wf_save_state('done', '{}', status => 'running');
\echo :SQLSTATE
SELECT wf_patch_state('done', '{"n": 1}', status => 'cancelled');
\echo :SQLSTATE
SELECT wf_patch_state('done', '[]', 1, status => 'paused');
\echo :SQLSTATE
SELECT wf_save_state('done', '{}', 7, status => 'running');
\echo :SQLSTATE
-- What is quoted of an argument is short and on one line.
SELECT wf_save_state('e', '1', status => E'do\nne' || repeat('!', 100));
\echo :SQLSTATE
SELECT * FROM wf_list(sort => 'status');
\echo :SQLSTATE
SELECT * FROM wf_list(after => 'e');
\echo :SQLSTATE

-- States: null, over the limit, too deep, not jsonb at all.
SELECT wf_save_state('e', NULL);
\echo :SQLSTATE
SET wfstate.max_state_size = '1kB';
SELECT wf_save_state('e', to_jsonb(repeat('never shown', 100)));
\echo :SQLSTATE
SELECT wf_patch_state('e', '{"n": 3}');
\echo :SQLSTATE
SELECT wf_patch_state('bare', jsonb_build_object('big', repeat('x', 2000)));
\echo :SQLSTATE
RESET wfstate.max_state_size;
SELECT wf_save_state('e', (repeat('[', 1001) || repeat(']', 1001))::jsonb);
\echo :SQLSTATE
SET max_stack_depth = '7MB';
SELECT wf_save_state('e', (repeat('[', 10000) || repeat(']', 10000))::jsonb);
\echo :SQLSTATE
SELECT wf_save_state('e', (repeat('{"k":', 10000) || '1' || repeat('}', 10000))::jsonb);
\echo :SQLSTATE
SELECT wf_patch_state('e', (repeat('{"k":', 10000) || '1' || repeat('}', 10000))::jsonb);
\echo :SQLSTATE
SELECT wf_import(jsonb_build_object('format', (repeat('[', 9000) || repeat(']', 9000))::jsonb));
\echo :SQLSTATE
RESET max_stack_depth;
SELECT wf_patch_state('bare', jsonb_build_array(jsonb_build_object('op', 'add', 'path', '/k', 'value', (repeat('[', 997) || repeat(']', 997))::jsonb), jsonb_build_object('op', 'add', 'path', '/k' || repeat('/0', 996) || '/-', 'value', '[[[[]]]]'::jsonb)));
\echo :SQLSTATE
SELECT wf_save_state('e', '{"k": "\u0000"}');
\echo :SQLSTATE
SELECT wf_save_state('e', '{"\u0000": 1}');
\echo :SQLSTATE
SELECT wf_save_state('e', '{"k": "\ud800"}');
\echo :SQLSTATE
SELECT wf_save_state('e', '{"k": NaN}');
\echo :SQLSTATE
SELECT wf_save_state('e', '');
\echo :SQLSTATE

-- Patches that don't apply; what they would have met stays out of the message.
SELECT wf_patch_state('e', NULL);
\echo :SQLSTATE
SELECT wf_patch_state('e', '7');
\echo :SQLSTATE
SELECT wf_patch_state('e', 'null');
\echo :SQLSTATE
SELECT wf_patch_state('e', '[7]');
\echo :SQLSTATE
SELECT wf_patch_state('e', '[{"op": "add", "path": "/x", "value": 1}, {"op": "remove", "path": "/none"}]');
\echo :SQLSTATE
SELECT wf_patch_state('e', '[{"op": "replace", "path": "/list/7", "value": 1}]');
\echo :SQLSTATE
SELECT wf_patch_state('e', '[{"op": "test", "path": "/secret", "value": "guess"}]');
\echo :SQLSTATE
SELECT wf_patch_state('e', '[{"op": "invent", "path": "/x"}]');
\echo :SQLSTATE
SELECT wf_patch_state('e', '[{"op": "add", "path": "/x"}]');
\echo :SQLSTATE
SELECT wf_patch_state('e', '[{"op": "add", "path": "x", "value": 1}]');
\echo :SQLSTATE
SELECT wf_patch_state('e', '[{"op": "remove", "path": ""}]');
\echo :SQLSTATE
SELECT wf_patch_state('e', '[{"op": "move", "from": "/list", "path": "/list/0"}]');
\echo :SQLSTATE
SELECT wf_patch_state('none', '{}');
\echo :SQLSTATE

-- Unknown executions, versions, checkpoints.
SELECT wf_load_state('none');
\echo :SQLSTATE
SELECT * FROM wf_load('none');
\echo :SQLSTATE
SELECT wf_state_at('none');
\echo :SQLSTATE
SELECT wf_state_at('e', 99);
\echo :SQLSTATE
SELECT wf_state_at('e', -1);
\echo :SQLSTATE
SELECT wf_state_at('e', at => '1999-01-01');
\echo :SQLSTATE
SELECT wf_state_at('e', 1, now());
\echo :SQLSTATE
SELECT * FROM wf_history('none');
\echo :SQLSTATE
SELECT wf_diff('e', 1, 99);
\echo :SQLSTATE
SELECT wf_diff('e', NULL);
\echo :SQLSTATE
SELECT wf_export('none');
\echo :SQLSTATE
SELECT * FROM wf_verify('none');
\echo :SQLSTATE
SELECT wf_prune_history('none', 1);
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('none');
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('e', after => 'none');
\echo :SQLSTATE
SELECT wf_checkpoint('none', 'cp');
\echo :SQLSTATE
SELECT wf_checkpoint('e', 'new', 99);
\echo :SQLSTATE
SELECT wf_recover('none');
\echo :SQLSTATE
SELECT wf_recover('e', 'none');
\echo :SQLSTATE
SELECT wf_recover('e', version => 99);
\echo :SQLSTATE
SELECT wf_recover('e', 'cp', 1);
\echo :SQLSTATE
SELECT wf_recover('bare');
\echo :SQLSTATE
SELECT wf_fork('none', 'new');
\echo :SQLSTATE
SELECT wf_fork('e', 'new', 99);
\echo :SQLSTATE
SELECT wf_fork('e', 'new', checkpoint => 'none');
\echo :SQLSTATE
SELECT wf_fork('e', 'new', 1, 'cp');
\echo :SQLSTATE

-- Names that are taken.
SELECT wf_save_state('e', '{}', expected_version => 0);
\echo :SQLSTATE
SELECT wf_patch_state('e', '{}', expected_version => 0);
\echo :SQLSTATE
SELECT wf_checkpoint('e', 'cp');
\echo :SQLSTATE
SELECT wf_fork('e', 'fork');
\echo :SQLSTATE
SELECT wf_import(wf_export('e'));
\echo :SQLSTATE

-- Wrong expected versions.
SELECT wf_save_state('e', '{}', 1);
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', 99);
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', -1);
\echo :SQLSTATE
SELECT wf_save_state('none', '{}', 1);
\echo :SQLSTATE
SELECT wf_patch_state('e', '{"n": 3}', 1);
\echo :SQLSTATE
SELECT wf_patch_state('e', '[]', 1);
\echo :SQLSTATE
SELECT * FROM wf_save_states('{bare,e}', ARRAY['1', '2']::jsonb[], '{1,1}');
\echo :SQLSTATE
SELECT wf_recover('e', 'cp', expected_version => 1);
\echo :SQLSTATE
SELECT wf_delete('e', 1);
\echo :SQLSTATE

-- Limits and pages.
SELECT * FROM wf_history('e', max_rows => -1);
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('e', max_rows => 0);
\echo :SQLSTATE
SELECT * FROM wf_list(max_rows => 10001);
\echo :SQLSTATE
SELECT * FROM wf_list(max_rows => NULL);
\echo :SQLSTATE
SELECT * FROM wf_find('{}', max_rows => -5);
\echo :SQLSTATE
SELECT * FROM wf_find(NULL);
\echo :SQLSTATE
SELECT * FROM wf_list(sort => 'price');
\echo :SQLSTATE
SELECT * FROM wf_list(after => 'not a cursor');
\echo :SQLSTATE
SELECT * FROM wf_load_many((SELECT array_agg('b' || i) FROM generate_series(1, 1001) i));
\echo :SQLSTATE
SELECT wf_prune_history('e');
\echo :SQLSTATE
SELECT wf_prune_history('e', 0);
\echo :SQLSTATE
SELECT wf_prune_history('e', older_than => '-1 s');
\echo :SQLSTATE
SELECT wf_declare_search('w', '{no pointer}');
\echo :SQLSTATE
SELECT wf_declare_search('w', NULL);
\echo :SQLSTATE
SELECT wf_declare_search('w', (SELECT array_agg('/p' || i) FROM generate_series(1, 65) i));
\echo :SQLSTATE
SELECT wf_import('{"format": "other"}');
\echo :SQLSTATE
SELECT wf_import('[]');
\echo :SQLSTATE

-- A tenant that row-level security hides: as if it were not there.
SET wfstate.tenant = 'elsewhere';
SELECT wf_load_state('e');
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', 2);
\echo :SQLSTATE
SELECT wf_recover('e', 'cp');
\echo :SQLSTATE
SET wfstate.tenant = '';
SELECT wf_load_state('e');
\echo :SQLSTATE
SELECT set_config('wfstate.tenant', repeat('t', 256), false) IS NULL AS refused;
SELECT wf_load_state('e');
\echo :SQLSTATE
-- A bound role that sets another tenant, or reads the tables directly.
SET ROLE regress_wf_bound;
SET wfstate.tenant = 'elsewhere';
SELECT wf_load_state('e');
\echo :SQLSTATE
SELECT wf_save_state('e', '{}');
\echo :SQLSTATE
SELECT wf_tenant();
\echo :SQLSTATE
SELECT count(*) FROM wfstate.executions;
\echo :SQLSTATE
SELECT snapshot FROM wfstate.state_versions WHERE tenant = 'errors';
\echo :SQLSTATE
INSERT INTO wfstate.search_paths VALUES ('elsewhere', 'w', '{}');
\echo :SQLSTATE
SELECT * FROM wfstate.tenant_roles;
\echo :SQLSTATE
DELETE FROM wfstate.tenant_roles;
\echo :SQLSTATE
SELECT wf_revoke_tenant('regress_wf_bound', 'errors');
\echo :SQLSTATE
-- A role without any right.
SET ROLE regress_wf_plain;
SELECT wf_load_state('e');
\echo :SQLSTATE
SELECT * FROM wfstate.executions;
\echo :SQLSTATE
RESET ROLE;
SELECT wf_grant_tenant('regress_wf_none', 'x');
\echo :SQLSTATE
SELECT wf_grant_access('regress_wf_plain', 'owner');
\echo :SQLSTATE
SET wfstate.nonsense = 1;
\echo :SQLSTATE
-- Arguments of other types or names are the server's to refuse.
SELECT wf_save_state('e', 'not json');
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', expected => 1);
\echo :SQLSTATE
SELECT wf_save_state('e', '{}', 'one');
\echo :SQLSTATE
-- Damage: a version that cannot be rebuilt.
SET wfstate.tenant = 'errors';
SET wfstate.cache_size = 0;
SELECT wf_load_state('e') IS NOT NULL AS loaded;
BEGIN;
DELETE FROM wfstate.state_versions WHERE tenant = 'errors' AND execution_id = 'e' AND version = 1;
SELECT wf_load_state('e');
\echo :SQLSTATE
ROLLBACK;

-- Nothing was changed: every row is as it was, and there is none more.
SELECT count(*) AS gone_or_changed FROM (SELECT * FROM before EXCEPT ALL SELECT * FROM everything) d;
SELECT count(*) AS new FROM (SELECT * FROM everything EXCEPT ALL SELECT * FROM before) d;
SELECT count(*) > 8 AS rows_compared FROM before;
SET wfstate.tenant = 'errors';
SELECT wf_load_state('e') - 'pad', (SELECT version FROM wf_load('e')) AS version, (SELECT valid FROM wf_verify('e')) AS valid;
SELECT wf_revoke_tenant('regress_wf_bound', 'errors');
SELECT bool_and(wf_delete(execution_id)) FROM wf_list();
DROP OWNED BY regress_wf_bound, regress_wf_plain;
DROP ROLE regress_wf_bound, regress_wf_plain;
-- Workflows with declarations, and with migrations, are bounded, since every session keeps a copy.
SET wfstate.tenant = 'declared';
INSERT INTO wfstate.search_paths (tenant, workflow, paths, declaration) SELECT 'declared', 'w' || n, '{/a}', n FROM generate_series(1, 2000) AS n;
SELECT wf_declare_search('w2001', '{/a}');
\echo :SQLSTATE
SELECT wf_declare_search('w2000', '{/b}');
DELETE FROM wfstate.search_paths WHERE tenant = 'declared';
INSERT INTO wfstate.migrations (tenant, workflow, from_version, to_version, unsaid_version, patch) SELECT 'declared', 'w' || n, 1, 2, 1, '{}' FROM generate_series(1, 2000) AS n;
SELECT wf_add_migration('w2001', 1, 2, '{}');
\echo :SQLSTATE
SELECT wf_add_migration('w2000', 2, 3, '{}');
DELETE FROM wfstate.migrations WHERE tenant = 'declared';
