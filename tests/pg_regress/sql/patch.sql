-- wf_patch_state: merge patches (RFC 7386) and JSON Patches (RFC 6902).
\set SHOW_CONTEXT never
SET wfstate.tenant = 'patch';
\pset null (null)
-- The examples of RFC 7386, appendix A, whose patch is an object; small states and states stored as patches.
CREATE TEMP TABLE merge_case (n serial, original jsonb, patch jsonb, result jsonb);
INSERT INTO merge_case (original, patch, result) VALUES
    ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
    ('{"a":"b"}', '{"a":null}', '{}'),
    ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
    ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
    ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
    ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
    ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
    ('[1,2]', '{"a":"b","c":null}', '{"a":"b"}'),
    ('{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
    -- and some more
    ('"text"', '{}', '{}'),
    ('null', '{"a":{"b":null}}', '{"a":{}}'),
    ('{"a":1}', '{}', '{"a":1}'),
    ('{"a":1}', '{"a":[null,{"b":null}]}', '{"a":[null,{"b":null}]}'),
    ('{"":1}', '{"":null,"/":{"~":1.0}}', '{"/":{"~":1.0}}'),
    ('{"a":{"b":1}}', '{"a":{}}', '{"a":{"b":1}}'),
    ('{"a":1}', '{"a":{}}', '{"a":{}}');
SELECT count(wf_save_state('m' || n, original)) AS saved FROM merge_case;
SELECT count(wf_patch_state('m' || n, patch)) AS patched FROM merge_case;
SELECT n, original, patch, wf_load_state('m' || n) AS got FROM merge_case WHERE wf_load_state('m' || n)::text <> result::text;
SELECT count(*) AS right_small, bool_and(wf_load_state('m' || n)::text = result::text AND wf_state_at('m' || n, 1)::text = original::text) FROM merge_case;
SET wfstate.snapshot_below = 0;
SET wfstate.cache_size = 0;
SELECT count(wf_save_state('u' || n, original)) AS saved FROM merge_case;
SELECT count(wf_patch_state('u' || n, patch)) AS patched FROM merge_case;
SELECT count(*) AS right_uncached FROM merge_case WHERE wf_load_state('u' || n)::text = result::text;
-- In a row, so that merges meet merges.
SELECT wf_save_state('row', '{"keep": 0}');
SELECT count(wf_patch_state('row', patch)) FROM merge_case;
SELECT wf_load_state('row');
RESET wfstate.cache_size;
SELECT wf_load_state('row');
RESET wfstate.snapshot_below;
SELECT version, kind, changes FROM wf_history('m7');
-- JSON Patch: each of the six operations.
CREATE FUNCTION pg_temp.patched(document jsonb, patch jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    PERFORM wf_delete('p');
    PERFORM wf_save_state('p', document);
    PERFORM wf_patch_state('p', patch);
    RETURN wf_load_state('p');
EXCEPTION WHEN OTHERS THEN
    DECLARE detail text; BEGIN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
        RETURN to_jsonb(SQLSTATE || ': ' || SQLERRM || ': ' || detail);
    END;
END $$;
CREATE TEMP TABLE json_case (n serial, document jsonb, patch jsonb);
INSERT INTO json_case (document, patch) VALUES
    ('{"a":1}', '[{"op":"add","path":"/b","value":2}]'),
    ('{"a":1}', '[{"op":"add","path":"/a","value":2}]'),
    ('[1,2]', '[{"op":"add","path":"/1","value":9}]'),
    ('[1,2]', '[{"op":"add","path":"/2","value":9}]'),
    ('[1,2]', '[{"op":"add","path":"/-","value":9}]'),
    ('{"a":1}', '[{"op":"add","path":"","value":[0]}]'),
    ('{"a":1}', '[{"op":"add","path":"/","value":2}]'),
    ('{"a":1,"b":2}', '[{"op":"remove","path":"/a"}]'),
    ('[1,2,3]', '[{"op":"remove","path":"/1"}]'),
    ('{"a":1}', '[{"op":"replace","path":"/a","value":null}]'),
    ('[1,2,3]', '[{"op":"replace","path":"/2","value":{"x":1.0}}]'),
    ('{"a":1}', '[{"op":"replace","path":"","value":1.00}]'),
    ('{"a":{"x":1},"b":{}}', '[{"op":"move","from":"/a/x","path":"/b/y"}]'),
    ('[1,2,3,4]', '[{"op":"move","from":"/0","path":"/3"}]'),
    ('{"a":1}', '[{"op":"move","from":"/a","path":"/a"}]'),
    ('{"a":{"b":1}}', '[{"op":"move","from":"/a/b","path":"/a"}]'),
    ('{"a":[1]}', '[{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/b/-","value":2}]'),
    ('{"a":[1]}', '[{"op":"copy","from":"","path":"/b"}]'),
    ('{"a":[1,{"b":2.0}]}', '[{"op":"test","path":"/a/1","value":{"b":2}},{"op":"add","path":"/ok","value":true}]'),
    ('{"m~n/o":{"":1}}', '[{"op":"replace","path":"/m~0n~1o/","value":2}]'),
    ('{"a":1}', '[]'),
    ('{"a":1}', '[{"op":"add","path":"/b","value":1,"extra":"is ignored"}]'),
    -- every refusal
    ('{"a":1}', '[{"op":"remove","path":"/b"}]'),
    ('{"a":1}', '[{"op":"replace","path":"/b","value":1}]'),
    ('{"a":1}', '[{"op":"add","path":"/b/c","value":1}]'),
    ('{"a":1}', '[{"op":"add","path":"/a/c","value":1}]'),
    ('[1]', '[{"op":"add","path":"/2","value":1}]'),
    ('[1]', '[{"op":"remove","path":"/1"}]'),
    ('[1]', '[{"op":"replace","path":"/-","value":1}]'),
    ('[1]', '[{"op":"remove","path":"/-"}]'),
    ('[1]', '[{"op":"add","path":"/01","value":1}]'),
    ('[1]', '[{"op":"add","path":"/x","value":1}]'),
    ('[1]', '[{"op":"add","path":"/-1","value":1}]'),
    ('[1]', '[{"op":"add","path":"/99999999999999999999","value":1}]'),
    ('{"a":1}', '[{"op":"test","path":"/a","value":"1"}]'),
    ('{"a":1}', '[{"op":"test","path":"/b","value":1}]'),
    ('{"a":1}', '[{"op":"remove","path":""}]'),
    ('{"a":{"b":1}}', '[{"op":"move","from":"/a","path":"/a/b/c"}]'),
    ('{"a":1}', '[{"op":"move","from":"/x","path":"/a"}]'),
    ('{"a":1}', '[{"op":"copy","from":"/x","path":"/a"}]'),
    ('{"a":1}', '[{"op":"invent","path":"/a"}]'),
    ('{"a":1}', '[{"path":"/a"}]'),
    ('{"a":1}', '[{"op":"add","value":1}]'),
    ('{"a":1}', '[{"op":"add","path":"/a"}]'),
    ('{"a":1}', '[{"op":"move","path":"/a"}]'),
    ('{"a":1}', '[{"op":"add","path":7,"value":1}]'),
    ('{"a":1}', '[{"op":"add","path":"a","value":1}]'),
    ('{"a":1}', '[{"op":"add","path":"/a~2","value":1}]'),
    ('{"a":1}', '[{"op":"add","path":"/a~","value":1}]'),
    ('{"a":1}', '["add"]'),
    ('{"a":1}', '[{"op":"add","path":"/b","value":1},{"op":"remove","path":"/zzz"}]'),
    ('{"a":1}', '7'),
    ('{"a":1}', 'null'),
    ('{"a":1}', '"[]"');
SELECT n, document, patch, pg_temp.patched(document, patch) AS result FROM json_case ORDER BY n;
-- The same where nothing is cached and where the states are not small.
SET wfstate.cache_size = 0;
SELECT count(*) AS differ_uncached FROM json_case j, LATERAL pg_temp.patched(document, patch) AS a
 WHERE a IS DISTINCT FROM (SELECT pg_temp.patched(document, patch) FROM json_case k WHERE k.n = j.n);
RESET wfstate.cache_size;
-- All or nothing: what fails changes nothing.
SELECT wf_save_state('atom', '{"a": [1, 2, 3]}');
SELECT wf_patch_state('atom', '[{"op":"remove","path":"/a/0"},{"op":"remove","path":"/a/0"},{"op":"test","path":"/a/0","value":0}]');
\echo :SQLSTATE
SELECT wf_patch_state('atom', '[{"op":"add","path":"/b/-","value":1}]');
SELECT wf_patch_state('atom', '[{"op":"add","path":"/a/0/-","value":1}]');
SELECT wf_patch_state('atom', '[{"op":"copy","from":"/b","path":"/a/-"}]');
\echo :SQLSTATE
SELECT version, state FROM wf_load('atom');
-- test is not stored: it changes nothing; expected versions and labels as with a save.
SELECT wf_save_state('big', jsonb_build_object('pad', repeat('x', 2000), 'n', 1), workflow => 'w');
SELECT wf_patch_state('big', '[{"op":"test","path":"/n","value":1},{"op":"replace","path":"/n","value":2}]', 1, status => 'waiting', phase => 'p2', tags => '{"t": 1}', step_id => 's', note => 'n');
SELECT wf_patch_state('big', '[{"op":"test","path":"/n","value":2}]', 2);
SELECT wf_patch_state('big', '{"n": 3}', 1);
\echo :SQLSTATE
SELECT wf_patch_state('big', '[{"op":"replace","path":"/n","value":3}]', 1);
\echo :SQLSTATE
SELECT wf_patch_state('big', '{"n": 3}', 0);
\echo :SQLSTATE
SELECT wf_patch_state('big', '[]', 0);
\echo :SQLSTATE
SELECT wf_patch_state('nobody', '{"n": 3}');
\echo :SQLSTATE
SELECT wf_patch_state('nobody', '[]', 0);
\echo :SQLSTATE
SELECT version, kind, status, phase, step_id, note, changes FROM wf_history('big') WHERE version > 1;
SELECT status, phase, workflow, tags, state - 'pad' AS state FROM wf_load('big');
-- A JSON Patch as it came is what the log shows.
SELECT wf_patch_state('big', '[{"op":"copy","from":"/n","path":"/m"},{"op":"move","from":"/m","path":"/k"}]');
SELECT changes FROM wf_history('big', after => 3);
SELECT wf_patch_state(NULL, '{}');
\echo :SQLSTATE
SELECT wf_patch_state('big', NULL);
\echo :SQLSTATE
SELECT execution_id FROM wf_list() WHERE NOT (SELECT valid FROM wf_verify(execution_id));
SELECT bool_and(wf_delete(execution_id)) FROM wf_list();
