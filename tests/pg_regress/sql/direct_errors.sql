-- What fails below the executor, after rows have been found, changed or put in: nothing of it stays, no memory and no
-- lock, and the session goes on. That no pin and no open table is left is said in the server's log, which the run looks at.
SET wfstate.tenant = 'direct_errors';
SELECT wf_save_state('a', '{"n": 0}'), wf_save_state('b', '{"n": 0}');
CREATE FUNCTION pg_temp.left() RETURNS TABLE (what text, n bigint) LANGUAGE sql AS $$
    SELECT 'contexts', count(*) FROM pg_backend_memory_contexts WHERE name ~ 'wfstate'
    UNION ALL SELECT 'locks', count(*) FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation
     WHERE c.relnamespace = 'wfstate'::regnamespace AND l.pid = pg_backend_pid()
$$;
SELECT * FROM pg_temp.left();

-- In the index, once the head has moved and the row of the log is in: the version is there already.
INSERT INTO wfstate.state_versions (tenant, execution_id, version, base_version, keyframe_version, hash, saved_at, state_bytes,
       chain_bytes, status, patch)
SELECT tenant, execution_id, 2, 1, 1, hash, saved_at, state_bytes, 0, status, '[]' FROM wfstate.state_versions
 WHERE execution_id = 'a';
SELECT wf_patch_state('a', '{"n": 1}');
SELECT * FROM pg_temp.left();
DO $do$
BEGIN
    FOR n IN 1..2000 LOOP
        BEGIN
            PERFORM wf_patch_state('a', '{"n": 1}');
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
        BEGIN
            PERFORM wf_save_state('a', format('{"n": %s}', n)::jsonb);
            RAISE 'saved';
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END LOOP;
END $do$;
SELECT * FROM pg_temp.left();
SELECT version, state FROM wf_load('a');
DELETE FROM wfstate.state_versions WHERE execution_id = 'a' AND version = 2;
SELECT wf_patch_state('a', '{"n": 1}');

-- In what a domain asks, before a decision is put in; and in an index of somebody's own.
BEGIN;
ALTER DOMAIN wfstate.identifier ADD CONSTRAINT mine CHECK (VALUE <> 'hidden');
DO $do$
BEGIN
    FOR n IN 1..500 LOOP
        BEGIN
            PERFORM wf_record_routing('t', 'hidden', success => true);
            RAISE 'recorded';
        EXCEPTION WHEN check_violation THEN
            NULL;
        END;
    END LOOP;
END $do$;
SELECT * FROM pg_temp.left() WHERE what <> 'locks';
ROLLBACK;
BEGIN;
CREATE UNIQUE INDEX mine ON wfstate.state_versions (tenant, execution_id, step_id);
SELECT wf_patch_state('b', '{"n": 1}', step_id => 's');
DO $do$
BEGIN
    FOR n IN 1..500 LOOP
        BEGIN
            PERFORM wf_patch_state('b', '{"n": 2}', step_id => 's');
            RAISE 'saved';
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END LOOP;
END $do$;
SELECT * FROM pg_temp.left() WHERE what <> 'locks';
SELECT version, state FROM wf_load('b');
ROLLBACK;
SELECT * FROM pg_temp.left();
SELECT w.table_name, w.direct > 4000 AS often_direct FROM wf_direct_access() AS w WHERE w.table_name = 'executions';
SELECT * FROM wf_verify('a');
SELECT wf_delete('a'), wf_delete('b');
