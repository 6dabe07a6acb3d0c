-- A large result is not copied: it shares its bytes with the session's cache. It must outlive the cache's entry,
-- and nobody may change it for others.
SET wfstate.tenant = 'shared_result';
CREATE FUNCTION pg_temp.state(mark text) RETURNS jsonb LANGUAGE sql
    RETURN (SELECT jsonb_build_object('mark', mark, 'pad', jsonb_agg(md5(mark || i))) FROM generate_series(1, 600) i);
SELECT pg_column_size(pg_temp.state('a')) > 20000 AS large;
SELECT wf_save_state('s', pg_temp.state('a')), wf_save_state('other', pg_temp.state('z'));

-- Held by a variable while its entry is replaced, evicted, and its buffer would be used again.
DO $$
DECLARE
    held jsonb[];
    one jsonb;
    two jsonb;
BEGIN
    one := wf_load_state('s');
    two := wf_load_state('s');
    FOR i IN 1..50 LOOP
        PERFORM wf_save_state('s', pg_temp.state('b' || i));
        PERFORM wf_save_state('other', pg_temp.state('y' || i));
        held := held || wf_load_state('s');
    END LOOP;
    SET LOCAL wfstate.cache_size = 0;
    PERFORM wf_load_state('s'), wf_load_state('other') FROM generate_series(1, 20);
    ASSERT one = pg_temp.state('a') AND two = one, 'a result changed';
    FOR i IN 1..50 LOOP
        ASSERT held[i] = pg_temp.state('b' || i), 'a result changed: ' || i;
    END LOOP;
END $$;

-- Within one query: the state is loaded, then replaced, then looked at. With the cache and without.
SELECT wf_save_state('s', pg_temp.state('c')) > 0 AS saved;
SELECT loaded.state = pg_temp.state('c') AS as_loaded, version > 0 AS saved
  FROM (SELECT wf_load_state('s') AS state OFFSET 0) AS loaded
 CROSS JOIN LATERAL (SELECT wf_save_state('s', pg_temp.state('d' || octet_length(loaded.state::text))) AS version OFFSET 0) AS after;
SET wfstate.cache_size = 0;
SELECT count(*) AS loads, count(*) FILTER (WHERE state ->> 'mark' LIKE 'd%') AS right, count(DISTINCT md5(state::text)) AS different
  FROM (SELECT wf_load_state(CASE i % 2 WHEN 0 THEN 's' ELSE 'other' END) AS state FROM generate_series(1, 40) i) AS loads;
SELECT execution_id, state = wf_load_state(execution_id) AS same FROM wf_load_many(ARRAY['s', 'other', 's']) ORDER BY execution_id;
RESET wfstate.cache_size;

-- Patches that are in TOAST, compressed, or both are taken from there.
SET wfstate.keyframe_min = '1MB';
SELECT wf_patch_state('other', jsonb_build_object('long', repeat('x', 100000))) > 0 AS compressed,
       wf_patch_state('other', jsonb_build_object('random', (SELECT jsonb_agg(md5('r' || i)) FROM generate_series(1, 3000) i))) > 0 AS outside;
SELECT bool_or(pg_column_size(patch) < 10000 AND octet_length(patch::text) > 90000) AS compressed, bool_or(pg_column_size(patch) > 90000) AS outside
  FROM wfstate.state_versions WHERE tenant = 'shared_result' AND execution_id = 'other' AND snapshot IS NULL;
SET wfstate.cache_size = 0;
SELECT state ->> 'long' = repeat('x', 100000) AS compressed, jsonb_array_length(state -> 'random') AS outside, state - 'long' - 'random' = pg_temp.state('y50') AS rest
  FROM wf_load_state('other') AS state;
RESET wfstate.cache_size;
RESET wfstate.keyframe_min;

-- What is made of it is a copy.
SELECT (wf_load_state('s') || '{"mark": "x"}') ->> 'mark' AS changed, jsonb_set(wf_load_state('s'), '{pad, 0}', '"x"') -> 'pad' ->> 0 AS set;
SELECT wf_load_state('s') ->> 'mark' LIKE 'd%' AS unchanged, wf_load_state('s') -> 'pad' ->> 0 <> 'x' AS unchanged;

-- Lost by an error, by a rolled back savepoint, and by a cursor that is closed.
DO $$ BEGIN
    FOR i IN 1..20 LOOP
        BEGIN
            PERFORM 1 / (octet_length(wf_load_state('s')::text) - octet_length(wf_load_state('s')::text));
        EXCEPTION WHEN division_by_zero THEN NULL;
        END;
    END LOOP;
END $$;
BEGIN;
DECLARE c CURSOR FOR SELECT wf_load_state('s') ->> 'mark' LIKE 'd%' AS right FROM generate_series(1, 3);
FETCH 1 FROM c;
SAVEPOINT a;
SELECT wf_save_state('s', pg_temp.state('e')) > 0 AS saved;
FETCH 1 FROM c;
ROLLBACK TO a;
FETCH 1 FROM c;
CLOSE c;
COMMIT;
SELECT wf_load_state('s') ->> 'mark' LIKE 'd%' AS as_before;
SELECT bool_and(wf_delete(execution_id)) AS deleted FROM wf_list();
