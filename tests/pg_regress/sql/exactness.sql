-- What comes back equals what was saved and prints the same, wherever keyframes fall.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'exactness';
CREATE TEMP TABLE doc (version bigint GENERATED ALWAYS AS IDENTITY, state jsonb NOT NULL);
INSERT INTO doc (state) VALUES
    ('{"a": 1.0}'), ('{"a": 1.00}'), ('{"a": 1}'), ('{"a": 100}'), ('{"a": 1E2}'), ('{"a": 1e400}'),
    ('{"a": 0.1e-300}'), ('{"a": -0}'), ('{"a": 0}'), ('{"a": 0.000}'), ('{"a": -0.00}'), ('{"a": 123456789012345678901234567890.123456789000}'),
    ('{"a": -9223372036854775808, "b": 9223372036854775807, "c": 18446744073709551616}'),
    ('{"": 1, " ": 2, "/": 3, "~": 4, "~1": 5, "~0": 6, "a/b": {"m~n": 7, "": {"": 8}}, "\"": 9, "\\": 10}'),
    ('{"ключ": "значение", "🔑": "🗝", "é": "e\u0301", "\t": "\n", "b": "\u001f\u007f"}'),
    ('[]'), ('{}'), ('[[]]'), ('[{}]'), ('{"a": {}}'), ('{"a": []}'), ('null'), ('true'), ('"text"'), ('1.50'), ('""'), ('{"a": null}'), ('[null]'),
    ('[1, 1.0, "1", true, null, [1], {"1": 1}]'), ('[1.0, 1, "1", true, null, [1.0], {"1": 1.00}]'),
    ('{"b": 1, "aa": 2, "a": 3, "ccc": 4}'), ('{"dup": 1, "dup": 2}');
-- deep, wide, long; then a document that grows, shrinks and shuffles
INSERT INTO doc (state) SELECT (repeat('[', 1000) || repeat(']', 1000))::jsonb;
INSERT INTO doc (state) SELECT (repeat('{"k": ', 999) || '[1.0]' || repeat('}', 999))::jsonb;
INSERT INTO doc (state) SELECT (repeat('{"k": ', 999) || '[1.00]' || repeat('}', 999))::jsonb;
INSERT INTO doc (state) SELECT jsonb_object_agg('key' || i, i * 1.10) FROM generate_series(1, 2000) i;
INSERT INTO doc (state) SELECT jsonb_object_agg('key' || i, i * 1.1) FROM generate_series(1, 2000) i WHERE i % 7 <> 0;
INSERT INTO doc (state) SELECT jsonb_build_object('long', repeat('0123456789', 10000), 'n', 1);
INSERT INTO doc (state) SELECT jsonb_build_object('long', repeat('0123456789', 10000) || 'x', 'n', 1.0);
INSERT INTO doc (state) SELECT jsonb_build_object('m', (SELECT coalesce(jsonb_agg(jsonb_build_object('i', i, 'v', md5(i::text))), '[]') FROM generate_series(1, n) i)) FROM generate_series(0, 40) n;
INSERT INTO doc (state) SELECT jsonb_build_object('m', (SELECT coalesce(jsonb_agg(jsonb_build_object('i', i, 'v', md5(i::text)) ORDER BY (i * 31) % 37), '[]') FROM generate_series(1, 40) i WHERE i % n <> 0)) FROM generate_series(2, 12) n;
SELECT count(*) AS documents FROM doc;

-- Byte for byte, which =, blind to the scale of numbers, is not.
CREATE FUNCTION pg_temp.identical(a jsonb, b jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT record_image_eq(ROW(a), ROW(b)) AND a::text = b::text $$;
SELECT pg_temp.identical('{"a": 1.0}', '{"a": 1.0}') AS same, pg_temp.identical('{"a": 1.0}', '{"a": 1.00}') AS other_scale, '{"a": 1.0}'::jsonb = '{"a": 1.00}'::jsonb AS equal;
-- Saves every document in turn under these settings and counts the versions that come back otherwise.
CREATE FUNCTION pg_temp.wrong(id text) RETURNS TABLE (loads bigint, versions bigint, cold bigint, uncached bigint) LANGUAGE plpgsql AS $$
DECLARE d record; bad bigint := 0;
BEGIN
    FOR d IN SELECT * FROM doc ORDER BY version LOOP
        PERFORM wf_save_state(id, d.state, d.version - 1);
        IF NOT pg_temp.identical(wf_load_state(id), d.state) THEN bad := bad + 1; END IF;
    END LOOP;
    loads := bad;
    SELECT count(*) FILTER (WHERE NOT pg_temp.identical(wf_state_at(id, d2.version), d2.state))
      INTO versions FROM doc d2;
    -- other sizes of the cache must make no difference
    SET LOCAL wfstate.cache_size = 0;
    PERFORM wf_load_state(id); -- the last time from the cache
    SELECT count(*) FILTER (WHERE NOT pg_temp.identical(wf_load_state(id), d2.state)) INTO cold FROM doc d2 WHERE d2.version = (SELECT max(d3.version) FROM doc d3);
    SELECT count(*) FILTER (WHERE NOT pg_temp.identical(wf_state_at(id, d2.version), d2.state)) INTO uncached FROM doc d2;
    RETURN NEXT;
END $$;
SELECT * FROM pg_temp.wrong('defaults');
SET wfstate.snapshot_below = 0;
SELECT * FROM pg_temp.wrong('patches');
-- Keyframes every few versions, each kept.
SET wfstate.keyframe_min = 0;
SET wfstate.keyframe_ratio = 0.2;
SET wfstate.archive_ratio = 0;
SELECT * FROM pg_temp.wrong('keyframes');
-- Keyframes every few versions, superseded ones demoted.
SET wfstate.archive_ratio = 10;
SELECT * FROM pg_temp.wrong('demoted');
SET wfstate.archive_ratio = 1;
SELECT * FROM pg_temp.wrong('some demoted');
-- A keyframe with every patch.
SET wfstate.keyframe_ratio = 0;
SELECT * FROM pg_temp.wrong('always');
SET wfstate.cache_size = 0;
SELECT * FROM pg_temp.wrong('always, no cache');
-- Patches never, snapshots always.
SET wfstate.snapshot_below = '1MB';
SELECT * FROM pg_temp.wrong('snapshots');
RESET ALL;
SET wfstate.tenant = 'exactness';
-- So that the above says something: each run had the rows that it is about.
SELECT execution_id, count(*) FILTER (WHERE patch IS NOT NULL AND snapshot IS NULL) > 0 AS patches,
       count(*) FILTER (WHERE patch IS NULL) > 1 AS snapshots, count(*) FILTER (WHERE patch IS NOT NULL AND snapshot IS NOT NULL) > 0 AS keyframes,
       count(*) FILTER (WHERE patch IS NOT NULL AND snapshot IS NOT NULL) > 5 AS many_keyframes,
       max(chain_bytes) = 0 AS no_chains, count(*) = (SELECT count(*) FROM doc) AS complete
  FROM wfstate.state_versions WHERE tenant = 'exactness' GROUP BY execution_id ORDER BY execution_id;
SELECT execution_id, versions = (SELECT count(*) FROM doc) AS complete, valid, problem FROM wf_list(sort => 'execution_id', descending => false), wf_verify(execution_id);

-- Growth by appending: few rows with whole states, each load bounded, superseded keyframes demoted.
DO $$ BEGIN FOR i IN 1..200 LOOP
    PERFORM wf_patch_state('agent', jsonb_build_array(jsonb_build_object('op', 'add', 'path', '/turns/-', 'value', md5(i::text) || md5((-i)::text))))
       FROM (SELECT CASE WHEN i = 1 THEN wf_save_state('agent', '{"turns": []}') END) s;
END LOOP; END $$;
SELECT jsonb_array_length(wf_load_state('agent') -> 'turns') AS turns;
SELECT count(*) AS versions, count(*) FILTER (WHERE patch IS NULL) BETWEEN 1 AND 20 AS small_ones_whole, count(*) FILTER (WHERE patch IS NOT NULL AND snapshot IS NOT NULL) BETWEEN 1 AND 3 AS few_keyframes
  FROM wfstate.state_versions WHERE tenant = 'exactness' AND execution_id = 'agent';
SELECT count(*) AS wrong FROM generate_series(1, 201) v
 WHERE wf_state_at('agent', v)::text <> jsonb_build_object('turns', (SELECT coalesce(jsonb_agg(md5(i::text) || md5((-i)::text)), '[]') FROM generate_series(1, v - 1) i))::text;
SELECT chain_bytes <= greatest(7168, 1.5 * state_bytes) AS bounded FROM wfstate.executions WHERE tenant = 'exactness' AND execution_id = 'agent';

-- Merge patches that nobody reads: the bound on the size of the state keeps above it, and is made exact by a keyframe.
SELECT wf_save_state('merge', jsonb_build_object('pad', (SELECT jsonb_agg(md5(i::text)) FROM generate_series(1, 300) i)));
DO $$ BEGIN FOR i IN 1..300 LOOP PERFORM wf_patch_state('merge', jsonb_build_object('k' || i % 5, i * 1.0, 'gone', CASE i % 2 WHEN 0 THEN NULL ELSE i END)); END LOOP; END $$;
SELECT wf_load_state('merge') - 'pad';
SELECT count(*) FILTER (WHERE pg_column_size(wf_state_at('merge', version)) > state_bytes + chain_bytes + 8) AS bound_too_low,
       count(*) FILTER (WHERE snapshot IS NOT NULL) > 1 AS keyframes FROM wfstate.state_versions WHERE tenant = 'exactness' AND execution_id = 'merge';
SELECT versions, valid FROM wf_verify('merge');
-- The server's own jsonb and the engine's agree on what equals and contains.
SELECT count(*) FROM doc WHERE wf_state_at('patches', version) <> state OR NOT wf_state_at('patches', version) @> state
    OR jsonb_hash_extended(wf_state_at('patches', version), 1) <> jsonb_hash_extended(state, 1);
SELECT bool_and(wf_delete(execution_id)) FROM wf_list();
-- Tags, too: another scale is another text. What is the same does not touch the row.
SELECT wf_save_state('scaled', '1', tags => '{"n": 1, "m": [2.50]}');
SELECT xmin AS first FROM wfstate.search WHERE execution_id = 'scaled' \gset
SELECT wf_save_state('scaled', '2', tags => '{"n": 1, "m": [2.50]}');
SELECT wf_save_state('scaled', '3');
SELECT tags, xmin = :'first'::xid AS untouched FROM wfstate.search WHERE execution_id = 'scaled';
SELECT wf_save_state('scaled', '4', tags => '{"n": 1.0, "m": [2.5]}');
SELECT tags, xmin = :'first'::xid AS untouched FROM wfstate.search WHERE execution_id = 'scaled';
SELECT wf_patch_state('scaled', '[]', tags => '{"n": 1.00, "m": [2.5]}');
SELECT count(*) FROM wf_save_states('{scaled}', ARRAY['5'::jsonb], tags => ARRAY['{"n": 1.000, "m": [2.5]}'::jsonb]);
SELECT tags FROM wf_list() WHERE execution_id = 'scaled';
SELECT wf_delete('scaled');
