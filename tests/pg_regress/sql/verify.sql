-- wf_verify finds damage of every kind; what cannot be rebuilt says so.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'verify';
SET wfstate.snapshot_below = 0;
SET wfstate.cache_size = 0;
SET wfstate.keyframe_min = 1000;
SET wfstate.keyframe_ratio = 0;
\pset null (null)
CREATE FUNCTION pg_temp.make(id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM wf_save_state(id, jsonb_build_object('n', 0, 'list', '[]'::jsonb, 'pad', repeat('x', 600)));
    FOR i IN 1..19 LOOP PERFORM wf_patch_state(id, jsonb_build_array(jsonb_build_object('op', 'add', 'path', '/list/-', 'value', i))); END LOOP;
    PERFORM wf_recover(id, version => 5);
    PERFORM wf_patch_state(id, '{"after": true}');
END $$;
SELECT count(pg_temp.make('v' || i)) FROM generate_series(1, 14) i;
SELECT versions, snapshots > 1 AS keyframes, valid, bad_version, problem FROM wf_verify('v1');
SELECT (SELECT count(*) FROM wfstate.state_versions WHERE tenant = 'verify' AND execution_id = 'v1' AND snapshot IS NOT NULL) = snapshots AS counted FROM wf_verify('v1');
SELECT max(version) AS keyframe FROM wfstate.state_versions WHERE tenant = 'verify' AND execution_id = 'v1' AND patch IS NOT NULL AND snapshot IS NOT NULL \gset
-- A patch altered; one that no longer applies; one emptied.
UPDATE wfstate.state_versions SET patch = '[{"op":"add","path":"/list/-","value":99}]' WHERE tenant = 'verify' AND execution_id = 'v1' AND version = 4;
UPDATE wfstate.state_versions SET patch = '[{"op":"remove","path":"/zzz"}]' WHERE tenant = 'verify' AND execution_id = 'v2' AND version = 4;
UPDATE wfstate.state_versions SET patch = '[]' WHERE tenant = 'verify' AND execution_id = 'v3' AND version = 4;
-- A snapshot altered: the first one, a keyframe's, with and without its hash.
UPDATE wfstate.state_versions SET snapshot = snapshot || '{"n": 1}' WHERE tenant = 'verify' AND execution_id = 'v4' AND version = 1;
UPDATE wfstate.state_versions SET snapshot = snapshot || '{"n": 1}' WHERE tenant = 'verify' AND execution_id = 'v5' AND version = :keyframe;
UPDATE wfstate.state_versions v SET snapshot = o.snapshot, snapshot_hash = o.snapshot_hash FROM wfstate.state_versions o WHERE v.tenant = 'verify' AND v.execution_id = 'v6' AND v.version = :keyframe AND o.tenant = 'verify' AND o.execution_id = 'v6' AND o.version = 1;
-- A row removed: in the middle, the first one, the head's.
DELETE FROM wfstate.state_versions WHERE tenant = 'verify' AND execution_id = 'v7' AND version = 4;
DELETE FROM wfstate.state_versions WHERE tenant = 'verify' AND execution_id = 'v8' AND version = 1;
DELETE FROM wfstate.state_versions WHERE tenant = 'verify' AND execution_id = 'v9' AND version = 22;
-- The head's hash, a version's hash, a base.
UPDATE wfstate.executions SET hash = hash + 1 WHERE tenant = 'verify' AND execution_id = 'v10';
UPDATE wfstate.state_versions SET hash = hash + 1 WHERE tenant = 'verify' AND execution_id = 'v11' AND version = 7;
UPDATE wfstate.state_versions SET base_version = 6 WHERE tenant = 'verify' AND execution_id = 'v12' AND version = 21;
-- A first version's own hash; a head that points nowhere.
UPDATE wfstate.state_versions SET hash = hash + 1 WHERE tenant = 'verify' AND execution_id = 'v13' AND version = 1;
UPDATE wfstate.executions SET version = 30 WHERE tenant = 'verify' AND execution_id = 'v14';
SELECT execution_id, v.versions, v.valid, v.bad_version, v.problem FROM wf_list(), wf_verify(execution_id) v ORDER BY substr(execution_id, 2)::int;
-- The head's hash of a one-version execution, and that version's along with it.
SELECT wf_save_state('single', '1');
UPDATE wfstate.executions SET hash = hash + 1 WHERE tenant = 'verify' AND execution_id = 'single';
UPDATE wfstate.state_versions SET hash = hash + 1 WHERE tenant = 'verify' AND execution_id = 'single';
SELECT valid, bad_version FROM wf_verify('single');
-- What cannot be rebuilt is refused by everything that needs it; what can, is not.
SELECT wf_state_at('v2', 3) ->> 'list';
SELECT wf_state_at('v2', 4);
\echo :SQLSTATE
SELECT wf_state_at('v7', 5);
\echo :SQLSTATE
SELECT wf_load_state('v9');
\echo :SQLSTATE
SELECT * FROM wf_load('v9');
\echo :SQLSTATE
SELECT wf_load_state('v14');
\echo :SQLSTATE
SELECT wf_load_state('v7');
\echo :SQLSTATE
SELECT count(*) FROM wf_history('v7');
\echo :SQLSTATE
SELECT wf_diff('v2', 3, 5);
\echo :SQLSTATE
SELECT wf_patch_state('v7', '[]');
\echo :SQLSTATE
SELECT wf_export('v9') IS NOT NULL AS exported;
\echo :SQLSTATE
-- A circle ends.
UPDATE wfstate.state_versions SET snapshot = NULL, snapshot_hash = NULL, patch = '[]', base_version = 3, keyframe_version = 1 WHERE tenant = 'verify' AND execution_id = 'v8' AND version = 2;
UPDATE wfstate.state_versions SET base_version = 2, keyframe_version = 2 WHERE tenant = 'verify' AND execution_id = 'v8' AND version = 3;
SELECT wf_state_at('v8', 3);
\echo :SQLSTATE
SELECT valid FROM wf_verify('v8');
-- Recovery to a sound version heals the head.
SELECT wf_recover('v7', version => 3);
SELECT wf_load_state('v7') -> 'list' AS list;
-- A fork whose source was damaged.
SELECT wf_fork('v1', 'f', 10);
SELECT valid FROM wf_verify('f');
DELETE FROM wfstate.state_versions WHERE tenant = 'verify' AND execution_id = 'v1';
SELECT valid, bad_version, problem FROM wf_verify('f');
SELECT wf_load_state('f');
\echo :SQLSTATE
SELECT * FROM wf_verify('none');
\echo :SQLSTATE
DELETE FROM wfstate.state_versions WHERE tenant = 'verify';
DELETE FROM wfstate.executions WHERE tenant = 'verify';

-- A log that was written by hand may refer to itself: the load says so instead of gathering patches without end.
SELECT wf_save_state('circle', '{"a": 1}'), wf_patch_state('circle', '{"a": 2}'), wf_patch_state('circle', '{"a": 3}');
UPDATE wfstate.state_versions SET snapshot = NULL, snapshot_hash = NULL, keyframe_version = version, patch = '{"a": 2}',
       base_version = CASE version WHEN 3 THEN 2 ELSE 3 END WHERE execution_id = 'circle' AND version > 1;
UPDATE wfstate.executions SET keyframe_version = 3 WHERE execution_id = 'circle';
SET wfstate.cache_size = 0;
SELECT wf_load_state('circle');
\echo :SQLSTATE
SELECT wf_state_at('circle', 2);
\echo :SQLSTATE
RESET wfstate.cache_size;
SELECT wf_delete('circle');

-- The head's row says where to read and how much room to make: what a load could not use is found, too.
SELECT count(pg_temp.make('h' || i)) FROM generate_series(1, 5) i;
UPDATE wfstate.executions SET keyframe_version = version + 1 WHERE tenant = 'verify' AND execution_id = 'h1';
UPDATE wfstate.executions SET state_bytes = 2147483647 WHERE tenant = 'verify' AND execution_id = 'h2';
UPDATE wfstate.executions SET state_bytes = -1 WHERE tenant = 'verify' AND execution_id = 'h3';
UPDATE wfstate.state_versions SET keyframe_version = 10 WHERE tenant = 'verify' AND execution_id = 'h4' AND version = 9;
UPDATE wfstate.executions e SET version = 21, hash = v.hash FROM wfstate.state_versions v WHERE e.tenant = 'verify' AND e.execution_id = 'h5' AND v.tenant = 'verify' AND v.execution_id = 'h5' AND v.version = 21;
SELECT wf_load_state('h1');
\echo :SQLSTATE
SELECT wf_state_at('h4', 9);
\echo :SQLSTATE
SELECT wf_patch_state('h5', '{}');
\echo :SQLSTATE
SELECT execution_id, v.versions, v.valid, v.bad_version, v.problem FROM wf_list(), wf_verify(execution_id) v WHERE execution_id LIKE 'h_' ORDER BY execution_id;
-- A head that merely says a wrong, possible size loads, and is sound.
UPDATE wfstate.executions SET state_bytes = 1, keyframe_version = 1 WHERE tenant = 'verify' AND execution_id = 'h3';
SELECT wf_load_state('h3') -> 'after' AS after, valid FROM wf_verify('h3');
DELETE FROM wfstate.state_versions WHERE tenant = 'verify';
DELETE FROM wfstate.executions WHERE tenant = 'verify';
