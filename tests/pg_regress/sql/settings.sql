-- The settings: ranges, units, defaults, the reserved prefix.
\set SHOW_CONTEXT never
SELECT wf_tenant();
SELECT name, setting, unit, vartype, context, min_val, max_val, boot_val FROM pg_settings WHERE name LIKE 'wfstate.%' ORDER BY name COLLATE "C";
SELECT name FROM pg_settings WHERE name LIKE 'wfstate.%' AND (coalesce(short_desc, '') = '' OR coalesce(extra_desc, '') = '');
SET wfstate.nonsense = 1;
\echo :SQLSTATE
SET wfstate.max_state_size = 0;
\echo :SQLSTATE
SET wfstate.max_state_size = '1GB';
\echo :SQLSTATE
SET wfstate.keyframe_ratio = -1;
\echo :SQLSTATE
SET wfstate.archive_ratio = -0.1;
\echo :SQLSTATE
-- One session's setting is what everybody's loads pay for: no more than ten times the state.
SET wfstate.keyframe_ratio = 10.1;
\echo :SQLSTATE
SET wfstate.archive_ratio = 10.1;
\echo :SQLSTATE
SET wfstate.keyframe_ratio = 10;
SET wfstate.archive_ratio = 10;
RESET wfstate.keyframe_ratio;
RESET wfstate.archive_ratio;
SET wfstate.keyframe_min = '2MB';
\echo :SQLSTATE
SET wfstate.keyframe_min = -1;
\echo :SQLSTATE
SET wfstate.snapshot_below = '2MB';
\echo :SQLSTATE
SET wfstate.cache_size = -1;
\echo :SQLSTATE
SET wfstate.cache_size = 'much';
\echo :SQLSTATE
SET wfstate.notify_circuits = 'perhaps';
\echo :SQLSTATE
-- What others pay for is not for everybody to switch on.
CREATE ROLE regress_wf_plain;
SET ROLE regress_wf_plain;
SET wfstate.notify_circuits = on;
\echo :SQLSTATE
RESET ROLE;
DROP ROLE regress_wf_plain;
-- The limit on a state: saves, patches of either kind, batches, merges that grow bit by bit.
SET wfstate.tenant = 'settings';
SET wfstate.max_state_size = '4kB';
SELECT wf_save_state('s', to_jsonb(repeat('x', 4000)));
SELECT wf_save_state('s', to_jsonb(repeat('x', 5000)));
\echo :SQLSTATE
SELECT wf_save_state('s', jsonb_build_object('a', repeat('x', 3000)));
SELECT wf_patch_state('s', jsonb_build_object('b', repeat('x', 2000)));
\echo :SQLSTATE
SELECT wf_patch_state('s', jsonb_build_array(jsonb_build_object('op', 'add', 'path', '/b', 'value', repeat('x', 2000))));
\echo :SQLSTATE
SELECT wf_patch_state('s', '[{"op":"copy","from":"/a","path":"/b"}]');
\echo :SQLSTATE
SELECT wf_patch_state('s', jsonb_build_object('b', repeat('x', 5000)));
\echo :SQLSTATE
SELECT * FROM wf_save_states('{s,t}', ARRAY[to_jsonb(1), to_jsonb(repeat('x', 5000))]);
\echo :SQLSTATE
-- What replaces as much as it brings is within the limit, again and again.
SELECT max(wf_patch_state('s', jsonb_build_object('a', repeat(chr(97 + i), 3000)))) FROM generate_series(1, 20) i;
SELECT version, length(state ->> 'a') FROM wf_load('s');
-- A state saved under a higher limit can still be loaded, and be made smaller.
SET wfstate.max_state_size = '64kB';
SELECT wf_save_state('s', jsonb_build_object('a', repeat('x', 30000), 'b', 1));
SET wfstate.max_state_size = '4kB';
SELECT length(wf_load_state('s') ->> 'a');
SELECT wf_patch_state('s', '{"b": 2}');
\echo :SQLSTATE
SELECT wf_patch_state('s', '{"a": null}');
SELECT wf_load_state('s');
SELECT wf_import(wf_export('s'), 's2');
\echo :SQLSTATE
RESET wfstate.max_state_size;
-- Tenants as the setting has them.
SET wfstate.tenant = '';
SELECT wf_tenant();
\echo :SQLSTATE
SELECT set_config('wfstate.tenant', repeat('t', 256), false) IS NOT NULL AS set;
SELECT wf_load_state('s');
\echo :SQLSTATE
SELECT set_config('wfstate.tenant', repeat('t', 255), false) IS NOT NULL AS set;
SELECT wf_tenant() = repeat('t', 255) AS same;
BEGIN; SET LOCAL wfstate.tenant = 'local'; SELECT wf_tenant(); COMMIT;
SELECT wf_tenant() = repeat('t', 255) AS same;
SET wfstate.tenant = 'ключ ''"';
SELECT wf_tenant();
SELECT wf_save_state('q', '1'), wf_delete('q');
SET wfstate.tenant = 'settings';
-- A smaller cache, no cache, a cache again.
SELECT count(wf_save_state('c' || i, to_jsonb(i))) FROM generate_series(1, 70) i;
SET wfstate.cache_size = 1;
SELECT count(*) FROM generate_series(1, 70) i WHERE wf_load_state('c' || i) = to_jsonb(i);
SET wfstate.cache_size = 0;
SELECT count(*) FROM generate_series(1, 70) i WHERE wf_load_state('c' || i) = to_jsonb(i);
RESET wfstate.cache_size;
SELECT count(*) FROM generate_series(1, 70) i WHERE wf_load_state('c' || i) = to_jsonb(i);
SELECT bool_and(wf_delete(execution_id)) FROM wf_list();
RESET wfstate.tenant;
SELECT wf_tenant();
