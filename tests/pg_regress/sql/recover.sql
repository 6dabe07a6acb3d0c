-- wf_recover: an old state, with its status and phase, becomes the newest version.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'recover';
SET wfstate.snapshot_below = 0;
\pset null (null)
CREATE FUNCTION pg_temp.pad(n int) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('n', n, 'pad', repeat('x', 1000)) $$;
SELECT wf_save_state('r', pg_temp.pad(1), status => 'pending', phase => 'draft');
SELECT wf_checkpoint('r', 'one');
SELECT wf_save_state('r', pg_temp.pad(2), status => 'running', phase => 'work', tags => '{"t": 1}');
SELECT wf_checkpoint('r', 'two');
SELECT wf_save_state('r', pg_temp.pad(3), status => 'completed', phase => 'done');
-- By default to the checkpoint made last; by name; by version.
SELECT wf_recover('r');
SELECT version, status, phase, completed_at IS NULL AS incomplete, state -> 'n' AS n, tags FROM wf_load('r');
SELECT wf_recover('r', 'one', note => 'to one');
SELECT version, status, phase, completed_at IS NULL AS incomplete, state -> 'n' AS n FROM wf_load('r');
SELECT wf_recover('r', version => 3);
SELECT version, status, phase, completed_at IS NULL AS incomplete, state -> 'n' AS n FROM wf_load('r');
SELECT version, base_version, kind, status, phase, note, changes FROM wf_history('r');
-- The checkpoint made last counts, not the one of the highest version.
SELECT wf_checkpoint('r', 'made last', 1);
SELECT wf_recover('r');
SELECT wf_load_state('r') -> 'n' AS n;
-- Recoveries of recoveries refer to the version that they all stand for.
SELECT wf_recover('r', version => 7), wf_recover('r', version => 8), wf_recover('r', version => 9);
SELECT version, base_version, wf_state_at('r', version) -> 'n' AS n FROM wf_history('r', after => 6);
-- Equal saves are looked through too; a recovery to the head is a version like any other.
SELECT wf_save_state('r', wf_load_state('r'));
SELECT wf_recover('r', version => 11);
SELECT wf_recover('r', version => 12, expected_version => 12);
SELECT wf_load_state('r') -> 'n' AS n, version FROM wf_load('r');
-- Work goes on from there, in patches.
SELECT wf_patch_state('r', '{"after": "recovery"}', 13);
SELECT wf_save_state('r', wf_load_state('r') || '{"more": 1}');
SELECT version, kind, changes FROM wf_history('r', after => 13);
SELECT * FROM wf_verify('r');
-- Long histories: back to old ones behind keyframes, on from there, and back again.
SET wfstate.keyframe_min = 0;
SET wfstate.keyframe_ratio = 0.3;
CREATE TEMP TABLE kept (version bigint PRIMARY KEY, state jsonb);
DO $$
DECLARE v bigint;
BEGIN
    PERFORM wf_save_state('long', pg_temp.pad(0));
    INSERT INTO kept SELECT 1, wf_load_state('long');
    FOR i IN 1..150 LOOP
        IF i % 17 = 0 THEN
            v := wf_recover('long', version => (i * 7) % (i - 1) + 1);
            IF wf_load_state('long') <> (SELECT state FROM kept WHERE version = (i * 7) % (i - 1) + 1) THEN RAISE 'wrong state at %', i; END IF;
        ELSE
            v := wf_patch_state('long', jsonb_build_object('k' || i % 10, md5(i::text), 'n', i));
        END IF;
        IF i % 23 = 0 THEN PERFORM wf_checkpoint('long', 'cp' || i); END IF;
        INSERT INTO kept SELECT v, wf_load_state('long');
    END LOOP;
END $$;
SELECT count(*) AS versions, count(*) FILTER (WHERE wf_state_at('long', version)::text <> state::text) AS wrong FROM kept;
SET wfstate.cache_size = 0;
SELECT wf_load_state('long')::text = state::text AS head_right FROM kept WHERE version = 151;
RESET wfstate.cache_size;
SELECT count(*) FILTER (WHERE snapshot IS NOT NULL) > 3 AS keyframes FROM wfstate.state_versions WHERE tenant = 'recover' AND execution_id = 'long';
SELECT versions, valid FROM wf_verify('long');
-- A recovery is one small row, whatever the size of the state.
SELECT wf_save_state('big', jsonb_build_object('pad', (SELECT jsonb_agg(md5(i::text)) FROM generate_series(1, 20000) i)));
SELECT wf_save_state('big', '{}');
SELECT wf_recover('big', version => 1);
SELECT stored_bytes < 300 AS small FROM wf_history('big', after => 2);
SELECT wf_patch_state('big', '{"x": 1}');
SELECT jsonb_array_length(wf_load_state('big') -> 'pad') AS elements, wf_load_state('big') -> 'x' AS x;
-- Refusals.
SELECT wf_recover('r', expected_version => 1);
\echo :SQLSTATE
SELECT wf_recover('r', expected_version => 0);
\echo :SQLSTATE
SELECT wf_recover('r', expected_version => -1);
\echo :SQLSTATE
SELECT wf_recover('r', 'one', 1);
\echo :SQLSTATE
SELECT wf_recover('r', 'none');
\echo :SQLSTATE
SELECT wf_recover('r', version => 99);
\echo :SQLSTATE
SELECT wf_recover('r', version => 0);
\echo :SQLSTATE
SELECT wf_recover('big');
\echo :SQLSTATE
SELECT wf_recover('none');
\echo :SQLSTATE
SELECT version FROM wf_load('r');
SELECT bool_and(wf_delete(execution_id)) FROM wf_list();

-- Recoveries count towards the next keyframe by the size of the state: a load follows a bounded number of jumps.
SELECT wf_save_state('jumps', jsonb_build_object('n', 0, 'a', (SELECT jsonb_agg(md5(g::text)) FROM generate_series(1, 2000) AS g)));
DO $$ DECLARE good bigint; BEGIN FOR i IN 1..900 LOOP
  good := wf_patch_state('jumps', jsonb_build_object('n', i));
  PERFORM wf_patch_state('jumps', '{"n": -1}'); PERFORM wf_recover('jumps', version => good);
END LOOP; END $$;
SELECT count(*) < 800 AS bounded FROM wfstate.state_versions AS v JOIN wfstate.executions AS e USING (tenant, execution_id)
 WHERE execution_id = 'jumps' AND v.base_version < v.version - 1
   AND v.version > (SELECT max(s.version) FROM wfstate.state_versions AS s WHERE s.execution_id = 'jumps' AND s.snapshot IS NOT NULL);
SELECT count(*) > 1 AS keyframes FROM wfstate.state_versions WHERE execution_id = 'jumps' AND snapshot IS NOT NULL;
SELECT wf_load_state('jumps') = wf_state_at('jumps', 2699) AS loads, valid FROM wf_verify('jumps');
SELECT wf_delete('jumps');
