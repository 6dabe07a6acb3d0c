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
-- 'right' is a state that was saved.
CREATE FUNCTION pg_temp.told(text) RETURNS text LANGUAGE sql AS
$$ SELECT CASE WHEN $1 IN ('8', '9') THEN 'right: ' || $1 ELSE regexp_replace($1, '\d+ in pg_toast_\d+', 'N in TOAST') END $$;
SELECT e.execution_id, v.versions, v.valid, v.bad_version, pg_temp.told(v.problem) AS problem FROM wfstate.executions e, wf_verify(e.execution_id) v ORDER BY 1;
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
DELETE FROM wfstate.state_versions;
DELETE FROM wfstate.executions;
