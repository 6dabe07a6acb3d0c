-- wf_history: kinds, changes that can be replayed, pages.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'history';
SET wfstate.snapshot_below = 0;
\pset null (null)
SELECT wf_save_state('h', jsonb_build_object('pad', repeat('p', 600), 'list', '[1,2,3]'::jsonb), step_id => 's1', note => 'n1', status => 'pending', phase => 'a');
SELECT wf_patch_state('h', '{"x": 1, "gone": null}', step_id => 's2');
SELECT wf_patch_state('h', '[{"op":"remove","path":"/list/0"}]', status => 'running');
SELECT wf_save_state('h', wf_load_state('h'), note => 'the same');
SELECT wf_save_state('h', '{"small": true}', phase => 'b');
SELECT wf_recover('h', version => 2, note => 'back to 2');
SELECT wf_patch_state('h', '{"x": null, "y": {"z": 1.00}}');
SELECT wf_recover('h', version => 5);
SELECT wf_save_state('h', '[]');
SELECT version, base_version, kind, status, phase, step_id, note, left(changes::text, 90) AS changes FROM wf_history('h');
SELECT bool_and(stored_bytes > 0) AS sized, bool_and(saved_by = current_user) AS by_me, count(DISTINCT saved_at) AS times FROM wf_history('h');
-- Replaying the changes on a copy gives each state.
CREATE FUNCTION pg_temp.replay(id text) RETURNS TABLE (versions bigint, wrong bigint) LANGUAGE plpgsql AS $$
DECLARE h record;
BEGIN
    versions := 0; wrong := 0;
    FOR h IN SELECT * FROM wf_history(id, max_rows => 10000) LOOP
        IF h.changes IS NULL THEN
            PERFORM wf_save_state('copy of ' || id, wf_state_at(id, h.version));
        ELSE
            PERFORM wf_patch_state('copy of ' || id, h.changes);
        END IF;
        versions := versions + 1;
        IF wf_load_state('copy of ' || id)::text <> wf_state_at(id, h.version)::text THEN wrong := wrong + 1; END IF;
    END LOOP;
    PERFORM wf_delete('copy of ' || id);
    RETURN NEXT;
END $$;
SELECT * FROM pg_temp.replay('h');
-- Pages, both ways, are parts of the whole; a page that begins in the middle has the same changes.
CREATE TEMP TABLE whole AS SELECT * FROM wf_history('h');
SELECT size, count(*) AS rows, bool_and(record_image_eq(p, w)) AS same
  FROM generate_series(1, 10) size, generate_series(0, 8) after, wf_history('h', false, after, size) p JOIN whole w ON w.version = p.version
 WHERE p.version > after GROUP BY size ORDER BY size;
SELECT size, count(*) AS rows, bool_and(record_image_eq(p, w)) AS same
  FROM generate_series(1, 10) size, generate_series(2, 10) after, wf_history('h', true, after, size) p JOIN whole w ON w.version = p.version
 WHERE p.version < after GROUP BY size ORDER BY size;
SELECT array_agg(version) FROM wf_history('h', newest_first => true);
SELECT array_agg(version) FROM wf_history('h', max_rows => 3);
SELECT array_agg(version) FROM wf_history('h', after => 3, max_rows => 3);
SELECT array_agg(version) FROM wf_history('h', after => 3, max_rows => 3, newest_first => true);
SELECT array_agg(version) FROM wf_history('h', after => 9);
SELECT array_agg(version) FROM wf_history('h', after => 1, newest_first => true);
SELECT count(*) FROM wf_history('h', after => -5) a, wf_history('h', NULL, 0, 100) b;
-- After pruning: what lost the version before shows no changes.
SELECT wf_checkpoint('h', 'three', 3);
SELECT wf_prune_history('h', keep_last => 3);
SELECT version, base_version, kind, changes IS NULL AS no_changes, note FROM wf_history('h');
SELECT * FROM pg_temp.replay('h');
SELECT count(*) AS differ FROM wf_history('h') n JOIN whole w USING (version) WHERE n.changes IS NOT NULL AND n.changes::text <> w.changes::text;
-- Forks, many versions with keyframes.
SELECT wf_fork('h', 'f', version => 3);
SELECT wf_patch_state('f', '{"f": 1}');
SELECT version, base_version, kind, status, phase, changes FROM wf_history('f');
SET wfstate.keyframe_min = 0;
SET wfstate.keyframe_ratio = 0.5;
DO $$ BEGIN FOR i IN 1..60 LOOP
    PERFORM wf_patch_state('f', CASE i % 3 WHEN 0 THEN jsonb_build_object('k' || i % 7, i) WHEN 1 THEN jsonb_build_array(jsonb_build_object('op', 'add', 'path', '/list/0', 'value', i)) ELSE '{"f": null}' END);
    IF i % 13 = 0 THEN PERFORM wf_recover('f', version => i / 2); END IF;
END LOOP; END $$;
SELECT * FROM pg_temp.replay('f');
SELECT kind, count(*) FROM wf_history('f') GROUP BY kind ORDER BY kind;
-- Refusals.
SELECT * FROM wf_history('none');
\echo :SQLSTATE
SELECT * FROM wf_history('h', max_rows => 0);
\echo :SQLSTATE
SELECT * FROM wf_history('h', max_rows => 10001);
\echo :SQLSTATE
SELECT * FROM wf_history('h', max_rows => NULL);
\echo :SQLSTATE
SELECT wf_delete('h'), wf_delete('f');
