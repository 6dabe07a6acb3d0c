-- The log is damaged behind the extension's back: every kind is found, is told as WF008, and never gives a wrong state.
\set SHOW_CONTEXT never
\set VERBOSITY terse
SET wfstate.tenant = 'damage';
SET wfstate.snapshot_below = 0;
SET wfstate.cache_size = 0;
SET wfstate.keyframe_min = 100000;
SET allow_system_table_mods = on;
-- Incompressible, so that a snapshot is in TOAST: 20 kB at version 1, small patches after.
CREATE FUNCTION pg_temp.make(id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM wf_save_state(id, jsonb_build_object('n', 0, 'pad', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 700) i)));
    FOR i IN 1..9 LOOP PERFORM wf_patch_state(id, jsonb_build_object('n', i)); END LOOP;
END $$;
-- One call, and what it was refused with; a state that it gives is compared with the one that was saved.
CREATE FUNCTION pg_temp.try(call text, id text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    EXECUTE format(call, id) INTO found;
    RETURN coalesce(found, 'null');
EXCEPTION WHEN OTHERS THEN
    RETURN sqlstate || ' ' || sqlerrm;
END $$;
SELECT count(pg_temp.make(id)) FROM unnest(ARRAY['sound', 'patch altered', 'patch emptied', 'snapshot altered', 'snapshot hash', 'version hash',
    'version gone', 'root gone', 'head version gone', 'head hash', 'head astray', 'head keyframe', 'neither']) id;
UPDATE wfstate.state_versions SET patch = '{"n": 99}' WHERE execution_id = 'patch altered' AND version = 6;
UPDATE wfstate.state_versions SET patch = '{}' WHERE execution_id = 'patch emptied' AND version = 6;
UPDATE wfstate.state_versions SET snapshot = snapshot || '{"n": 99}' WHERE execution_id = 'snapshot altered' AND version = 1;
UPDATE wfstate.state_versions SET snapshot_hash = snapshot_hash + 1 WHERE execution_id = 'snapshot hash' AND version = 1;
UPDATE wfstate.state_versions SET hash = hash + 1 WHERE execution_id = 'version hash' AND version = 6;
DELETE FROM wfstate.state_versions WHERE execution_id = 'version gone' AND version = 6;
DELETE FROM wfstate.state_versions WHERE execution_id = 'root gone' AND version = 1;
DELETE FROM wfstate.state_versions WHERE execution_id = 'head version gone' AND version = 10;
UPDATE wfstate.executions SET hash = hash + 1 WHERE execution_id = 'head hash';
UPDATE wfstate.executions SET version = 8 WHERE execution_id = 'head astray';
UPDATE wfstate.executions SET keyframe_version = 7 WHERE execution_id = 'head keyframe';
UPDATE wfstate.state_versions SET patch = NULL WHERE execution_id = 'neither' AND version = 6;
-- A state's chunks in TOAST are those that came with it.
CREATE FUNCTION pg_temp.make_without_chunks(id text, which text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    toast text := (SELECT reltoastrelid::regclass::text FROM pg_class WHERE oid = 'wfstate.state_versions'::regclass);
    before oid[];
BEGIN
    EXECUTE format('SELECT array_agg(DISTINCT chunk_id) FROM %s', toast) INTO before;
    PERFORM pg_temp.make(id);
    -- The server changes no TOAST table directly.
    UPDATE pg_class SET relkind = 'r' WHERE oid = toast::regclass;
    EXECUTE format('DELETE FROM %s WHERE chunk_id <> ALL (coalesce($1, ''{}'')) AND %s', toast, which) USING before;
    UPDATE pg_class SET relkind = 't' WHERE oid = toast::regclass;
END $$;
SELECT count(pg_temp.make_without_chunks(id, which)) FROM (VALUES ('toast gone', 'true'), ('toast part gone', 'chunk_seq = 3')) t (id, which);
-- The server reads chunks that are deleted as long as they are there.
VACUUM wfstate.state_versions;
-- 'right' is a state that was saved.
CREATE FUNCTION pg_temp.told(text) RETURNS text LANGUAGE sql AS
$$ SELECT CASE WHEN $1 IN ('8', '9') THEN 'right: ' || $1 ELSE regexp_replace($1, '\d+ in pg_toast_\d+', 'N in TOAST') END $$;
SELECT e.execution_id, v.versions, v.valid, v.bad_version, pg_temp.told(v.problem) AS problem FROM wfstate.executions e, wf_verify(e.execution_id) v ORDER BY 1;
-- All of them page by page; damage of one stops nothing.
SELECT execution_id, valid, bad_version FROM wf_verify_all();
SELECT execution_id, valid FROM wf_verify_all(after => 'snapshot hash', max_rows => 3);
SELECT count(*) FROM wf_verify_all(after => 'zzz');
SELECT count(*) FROM wf_verify_all(max_rows => 0);
\echo :SQLSTATE
SELECT count(*) FROM wf_verify_all('');
\echo :SQLSTATE
-- The head, and a version behind the damage.
SELECT execution_id, pg_temp.told(pg_temp.try('SELECT wf_load_state(%L) -> ''n''', execution_id)) AS load FROM wfstate.executions ORDER BY 1;
SELECT execution_id, pg_temp.told(pg_temp.try('SELECT wf_state_at(%L, 9) -> ''n''', execution_id)) AS at_9 FROM wfstate.executions ORDER BY 1;
SELECT execution_id, pg_temp.told(pg_temp.try('SELECT state -> ''n'' FROM wf_load(%L)', execution_id)) AS load FROM wfstate.executions ORDER BY 1;
SELECT execution_id, pg_temp.told(pg_temp.try('SELECT wf_diff(%L, 1, 9)', execution_id)) AS diff FROM wfstate.executions ORDER BY 1;
SELECT execution_id, pg_temp.told(pg_temp.try('SELECT count(version) FROM wf_history(%L)', execution_id)) AS history FROM wfstate.executions WHERE execution_id LIKE 'toast%' ORDER BY 1;
-- What must read the state to be saved is refused, a whole state as well as a JSON Patch.
SELECT execution_id, pg_temp.told(pg_temp.try('SELECT wf_save_state(%L, ''{"n": 10}'')', execution_id)) AS save FROM wfstate.executions WHERE execution_id <> 'sound' ORDER BY 1;
SELECT execution_id, pg_temp.told(pg_temp.try('SELECT wf_patch_state(%L, ''[{"op": "add", "path": "/m", "value": 1}]'')', execution_id)) AS patch FROM wfstate.executions WHERE execution_id <> 'sound' ORDER BY 1;
SELECT execution_id, pg_temp.told(pg_temp.try('SELECT count(version) FROM wf_save_states(ARRAY[%L], ARRAY[''{"n": 11}''::jsonb])', execution_id)) AS batch FROM wfstate.executions WHERE execution_id <> 'sound' ORDER BY 1;
\set VERBOSITY default
SELECT wf_load_state('patch altered');
\echo :SQLSTATE
-- A repair brings back the newest version that can be rebuilt, and says what was lost; where nothing can, that.
SELECT e.execution_id, r.action, r.version, r.target_version, r.lost_count, r.lost_from, r.lost_to, pg_temp.told(r.reason) AS reason FROM (SELECT execution_id FROM wfstate.executions ORDER BY 1) e, wf_repair(e.execution_id) r;
SELECT e.execution_id, e.status, v.valid, v.bad_version, pg_temp.told(v.problem) AS problem FROM wfstate.executions e, wf_verify(e.execution_id) v ORDER BY 1;
SELECT e.execution_id, q.version, q.recovery_no, pg_temp.told(q.reason) AS reason, q.patch, q.snapshot IS NOT NULL AS snapshot FROM wfstate.executions e, wf_quarantined(e.execution_id) q WHERE e.execution_id IN ('patch altered', 'neither') ORDER BY 1, 2;
-- Everything works on it again: loads, saves, patches, checkpoints, forks, history.
SELECT execution_id, pg_temp.try('SELECT wf_load_state(%L) -> ''n''', execution_id) AS load FROM wfstate.executions WHERE status <> 'failed' ORDER BY 1;
SELECT execution_id, pg_temp.try('SELECT wf_patch_state(%L, ''[{"op": "add", "path": "/m", "value": 1}]'')', execution_id) AS patch,
       pg_temp.try('SELECT wf_save_state(%L, ''{"n": 10}'')', execution_id) AS save, pg_temp.try('SELECT wf_checkpoint(%L, ''c'')', execution_id) AS checkpoint,
       pg_temp.try('SELECT wf_fork(%1$L, %1$L || '' fork'')', execution_id) AS fork, pg_temp.try('SELECT count(version) FROM wf_history(%L)', execution_id) AS history,
       pg_temp.try('SELECT valid FROM wf_verify(%L)', execution_id) AS valid FROM wfstate.executions WHERE status <> 'failed' ORDER BY 1;
-- Of a failed one nothing is left to save onto; it can be deleted and begun again.
SELECT execution_id, pg_temp.try('SELECT wf_save_state(%L, ''{}'')', execution_id) AS save FROM wfstate.executions WHERE status = 'failed' ORDER BY 1;
SELECT wf_delete('toast gone'), wf_save_state('toast gone', '{"n": 1}');
SELECT count(*) FROM wf_recoveries('toast gone');
SELECT recovery_no, action, version, lost_count, recovered_by IS NOT NULL AS by, recovered_at IS NOT NULL AS at FROM wf_recoveries('root gone');
DELETE FROM wfstate.recoveries;
DELETE FROM wfstate.quarantine;
DELETE FROM wfstate.checkpoints;
DELETE FROM wfstate.state_versions;
DELETE FROM wfstate.executions;
