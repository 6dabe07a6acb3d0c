-- wf_prune_history: what goes, what stays, and that everything that stays is whole.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'prune';
SET wfstate.snapshot_below = 0;
CREATE FUNCTION pg_temp.make(id text, versions int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..versions LOOP
        PERFORM wf_save_state(id, jsonb_build_object('n', i, 'pad', repeat('x', 1000)));
    END LOOP;
    UPDATE wfstate.state_versions SET saved_at = now() - interval '100 days' + version * interval '1 day' WHERE tenant = 'prune' AND execution_id = id;
END $$;
CREATE FUNCTION pg_temp.kept(id text) RETURNS TABLE (versions text, right_states boolean, valid boolean) LANGUAGE sql AS $$
    SELECT string_agg(version::text, ' ' ORDER BY version), bool_and((wf_state_at(id, version) -> 'n')::int = version), (SELECT valid FROM wf_verify(id)) FROM wf_history(id)
$$;
SELECT pg_temp.make('last', 10), pg_temp.make('age', 10), pg_temp.make('both', 10), pg_temp.make('both2', 10), pg_temp.make('tag', 10), pg_temp.make('one', 1);
SELECT wf_prune_history('last', 3);
SELECT * FROM pg_temp.kept('last');
-- Done again, it finds nothing; the head always stays.
SELECT wf_prune_history('last', 3), wf_prune_history('last', 100), wf_prune_history('one', 1), wf_prune_history('one', older_than => '0');
SELECT wf_prune_history('last', keep_last => 1);
SELECT * FROM pg_temp.kept('last');
-- By age: version n is 100 - n days old.
SELECT wf_prune_history('age', older_than => '95 days 12 hours');
SELECT * FROM pg_temp.kept('age');
SELECT wf_prune_history('age', older_than => interval '0');
SELECT * FROM pg_temp.kept('age');
-- Both: only what both let go.
SELECT wf_prune_history('both', keep_last => 8, older_than => '1 day');
SELECT * FROM pg_temp.kept('both');
SELECT wf_prune_history('both2', 1, interval '97 days 12 hours');
SELECT * FROM pg_temp.kept('both2');
-- Tagged and forked versions stay, with gaps around them.
SELECT wf_checkpoint('tag', 'three', 3), wf_checkpoint('tag', 'five', 5), wf_fork('tag', 'branch', 7);
SELECT wf_prune_history('tag', 1);
SELECT * FROM pg_temp.kept('tag');
SELECT version, base_version, kind FROM wf_history('tag');
SELECT wf_recover('tag', 'three');
SELECT wf_load_state('tag') -> 'n' AS tag, wf_load_state('branch') -> 'n' AS branch;
SELECT valid FROM wf_verify('tag');
-- Once the tag and the fork are gone, so may they; a recovery that loses its base stands on its own.
SELECT wf_drop_checkpoint('tag', 'three'), wf_drop_checkpoint('tag', 'five'), wf_delete('branch');
SELECT wf_prune_history('tag', 1);
SELECT version, base_version, kind, wf_state_at('tag', version) -> 'n' AS n FROM wf_history('tag');
-- Keyframes, demoted ones, recoveries, merge patches: prune bit by bit and compare all that is left each time.
SET wfstate.keyframe_min = 0;
SET wfstate.keyframe_ratio = 0.4;
CREATE TEMP TABLE copy (version bigint, state jsonb);
DO $$ BEGIN
    PERFORM wf_save_state('mix', '{"pad": [1, 2, 3]}');
    FOR i IN 1..120 LOOP
        IF i % 19 = 0 THEN PERFORM wf_recover('mix', version => i / 2);
        ELSE PERFORM wf_patch_state('mix', CASE i % 3 WHEN 0 THEN jsonb_build_object('k' || i % 11, md5(i::text)) WHEN 1 THEN jsonb_build_array(jsonb_build_object('op', 'add', 'path', '/pad/-', 'value', i)) ELSE jsonb_build_object('k' || i % 5, NULL) END);
        END IF;
        IF i % 31 = 0 THEN PERFORM wf_checkpoint('mix', 'cp' || i); END IF;
    END LOOP;
    INSERT INTO copy SELECT version, wf_state_at('mix', version) FROM wf_history('mix', max_rows => 1000);
END $$;
CREATE TEMP TABLE step (keep int, removed bigint, kept bigint, wrong bigint, valid boolean);
DO $$
DECLARE k int; r bigint;
BEGIN
    FOREACH k IN ARRAY '{110,90,61,60,59,33,20,7,2,1}'::int[] LOOP
        r := wf_prune_history('mix', k);
        INSERT INTO step SELECT k, r, count(*), count(*) FILTER (WHERE wf_state_at('mix', h.version)::text <> c.state::text), (SELECT valid FROM wf_verify('mix'))
          FROM wf_history('mix', max_rows => 1000) h JOIN copy c USING (version);
    END LOOP;
END $$;
SELECT * FROM step;
SELECT string_agg(version::text, ' ' ORDER BY version) FROM wf_history('mix');
-- And saving goes on.
SELECT wf_patch_state('mix', '{"after": 1}');
SELECT wf_load_state('mix') -> 'after' AS after, (SELECT valid FROM wf_verify('mix')) AS valid;
-- Refusals.
SELECT wf_prune_history('mix');
\echo :SQLSTATE
SELECT wf_prune_history('mix', 0);
\echo :SQLSTATE
SELECT wf_prune_history('mix', -1);
\echo :SQLSTATE
SELECT wf_prune_history('mix', older_than => '-1 day');
\echo :SQLSTATE
SELECT wf_prune_history('none', 1);
\echo :SQLSTATE
SELECT bool_and(wf_delete(execution_id)) FROM wf_list();
-- The time that it takes follows the number of versions, not its square, which here would be a quarter of a minute.
SELECT wf_save_state('many', '{"n": 1}'), wf_patch_state('many', '{"n": 2}');
SET wfstate.keyframe_min = '1MB';
-- In transactions of their own: each version of the head that one of them has made is looked at by its later ones.
DO $$ BEGIN FOR n IN 3..60000 LOOP PERFORM wf_patch_state('many', '{}'); IF n % 500 = 0 THEN COMMIT; END IF; END LOOP; END $$;
RESET wfstate.keyframe_min;
SELECT count(wf_checkpoint('many', 'c' || n, n)) FROM generate_series(1000, 50000, 1000) AS n;
SET statement_timeout = '4s';
SELECT wf_prune_history('many', 20000);
SELECT wf_prune_history('many', 1);
RESET statement_timeout;
SELECT count(*), count(base_version) AS with_base, bool_and((wf_state_at('many', version) -> 'n')::int = 2) AS right_states FROM wfstate.state_versions WHERE tenant = 'prune' AND execution_id = 'many';
