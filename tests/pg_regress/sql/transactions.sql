-- Rollbacks, savepoints and version numbers that are used again; what a session remembers must not outlive them.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'transactions';
SET wfstate.snapshot_below = 0;
CREATE FUNCTION pg_temp.pad(t text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('t', t, 'pad', repeat('x', 1000)) $$;
BEGIN;
SELECT wf_save_state('a', pg_temp.pad('gone'));
ROLLBACK;
SELECT wf_load_state('a');
\echo :SQLSTATE
SELECT wf_save_state('a', pg_temp.pad('one'), 0);
BEGIN;
SELECT wf_patch_state('a', '{"t": "rolled back"}', 1);
SELECT wf_load_state('a') ->> 't' AS inside;
ROLLBACK;
SELECT wf_load_state('a') ->> 't' AS after;
-- Version 2 again, with other content: by a save, a merge patch, a JSON Patch.
SELECT wf_save_state('a', pg_temp.pad('two'), 1);
SELECT wf_load_state('a') ->> 't' AS two, wf_state_at('a', 2) ->> 't' AS at_two;
BEGIN;
SELECT wf_save_state('a', pg_temp.pad('no'), 2);
ROLLBACK;
SELECT wf_patch_state('a', '{"m": 1}', 2);
SELECT wf_load_state('a') - 'pad';
BEGIN;
SELECT wf_patch_state('a', '[{"op":"add","path":"/no","value":1}]', 3), wf_patch_state('a', '{"no2": 1}', 4);
ROLLBACK;
SELECT wf_patch_state('a', '[{"op":"add","path":"/j","value":1}]');
SELECT version, state - 'pad' AS state FROM wf_load('a');
-- Savepoints; an error inside one.
BEGIN;
SELECT wf_patch_state('a', '{"s": 1}');
SAVEPOINT s1;
SELECT wf_patch_state('a', '{"s": 2}');
SELECT wf_checkpoint('a', 'in s1');
SAVEPOINT s2;
SELECT wf_patch_state('a', '[{"op":"remove","path":"/none"}]');
ROLLBACK TO s2;
SELECT wf_patch_state('a', '{"s": 3}');
ROLLBACK TO s1;
SELECT wf_load_state('a') -> 's' AS s;
SELECT wf_patch_state('a', '{"other": true}');
COMMIT;
SELECT version, state - 'pad' AS state FROM wf_load('a');
SELECT count(*) FROM wf_checkpoints('a');
SELECT version, wf_state_at('a', version) - 'pad' AS state FROM wf_history('a');
-- A block of PL/pgSQL that catches.
DO $$ BEGIN
    PERFORM wf_patch_state('a', '{"kept": 1}');
    BEGIN
        PERFORM wf_patch_state('a', '{"lost": 1}');
        PERFORM wf_patch_state('a', '{"lost": 1}', 1);
    EXCEPTION WHEN SQLSTATE 'WF001' THEN RAISE NOTICE 'caught %', SQLSTATE;
    END;
    PERFORM wf_patch_state('a', '{"kept": 2}');
END $$;
SELECT version, state - 'pad' AS state FROM wf_load('a');
SELECT * FROM wf_verify('a');
-- The same version with the same content in another order of events is the same version.
BEGIN; SELECT wf_delete('a'); ROLLBACK;
SELECT version FROM wf_load('a');
BEGIN; SELECT wf_recover('a', version => 1); SELECT wf_load_state('a') - 'pad' AS inside; ROLLBACK;
SELECT wf_load_state('a') - 'pad' AS after;
BEGIN; SELECT wf_prune_history('a', 1); SELECT count(*) FROM wf_history('a'); ROLLBACK;
SELECT count(*) FROM wf_history('a');
-- A declaration that is rolled back.
SELECT wf_save_state('w', '{"k": 1}', workflow => 'w');
BEGIN; SELECT wf_declare_search('w', '{/k}'); ROLLBACK;
SELECT wf_save_state('w', '{"k": 2}');
SELECT count(*) FROM wfstate.search WHERE tenant = 'transactions';
-- Functions that read see what their statement sees; the next statement sees what this one saved.
SELECT wf_save_state('w', '{"k": 3}') AS saved, wf_load_state('w') AS as_of_the_statement;
SELECT wf_load_state('w');
-- A read-only transaction reads and does not write.
BEGIN READ ONLY;
SELECT wf_load_state('w'), (SELECT count(*) FROM wf_history('w')) AS versions, (SELECT valid FROM wf_verify('w')) AS valid;
SELECT wf_save_state('w', '{}');
\echo :SQLSTATE
ROLLBACK;
-- Isolation levels of one session.
BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT wf_save_state('w', '{"k": 4}'), wf_patch_state('w', '{"l": 5}'); COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT wf_patch_state('w', '{"l": 6}'), wf_checkpoint('w', 'cp'), wf_recover('w'); COMMIT;
SELECT version, state FROM wf_load('w');
-- A cursor keeps to what it began with.
BEGIN;
DECLARE c CURSOR FOR SELECT wf_load_state('w') FROM generate_series(1, 2);
FETCH 1 FROM c;
SELECT wf_save_state('w', '"new"');
FETCH 1 FROM c;
COMMIT;
-- A temporary table of the same name is nobody's business.
CREATE TEMP TABLE executions (tenant text); CREATE TEMP TABLE state_versions (tenant text);
SELECT wf_save_state('w', '1');
DROP TABLE executions, state_versions;
SELECT wf_delete('a'), wf_delete('w');
