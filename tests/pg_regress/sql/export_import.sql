-- wf_export and wf_import: an execution with all that belongs to it, as one document.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'export';
SET wfstate.snapshot_below = 0;
\pset null (null)
SELECT wf_save_state('a', jsonb_build_object('pad', repeat('x', 800), 'n', 1.00), status => 'pending', phase => 'p', workflow => 'w', tags => '{"t": [1.0]}', step_id => 's1', note => 'n1', schema_version => 5);
SELECT wf_patch_state('a', '{"n": 2, "k": null}', status => 'running', note => 'merge');
SELECT wf_patch_state('a', '[{"op":"add","path":"/list","value":[1e400, -0.0]}]', step_id => 's3');
SELECT wf_save_state('a', wf_load_state('a'), phase => 'q');
SELECT wf_checkpoint('a', 'cp', 2, '{"by": "hand"}'), wf_checkpoint('a', 'later', 3);
SELECT wf_recover('a', 'cp');
SELECT wf_save_state('a', '{"end": true}', status => 'completed');
SELECT wf_fork('a', 'fork', 3);
SELECT wf_patch_state('fork', '{"own": 1}');
SELECT wf_save_state('pruned', jsonb_build_object('n', i, 'pad', repeat('x', 800)), note => 'n' || i) FROM generate_series(1, 8) i;
SELECT wf_checkpoint('pruned', 'three', 3), wf_recover('pruned', version => 3), wf_fork('pruned', 'pruned fork', 5);
SELECT wf_patch_state('pruned fork', '{"own": 1}'), wf_prune_history('pruned fork', 1), wf_prune_history('pruned', 2);
SELECT jsonb_object_agg(key, CASE WHEN jsonb_typeof(value) IN ('array', 'object') AND key <> 'tags' THEN to_jsonb(jsonb_typeof(value)) ELSE value END) FROM jsonb_each(wf_export('a'));
-- Nothing internal, and no tenant, is in it.
SELECT string_agg(DISTINCT key, ' ' ORDER BY key) AS execution FROM jsonb_object_keys(wf_export('a') -> 'execution') key;
SELECT string_agg(DISTINCT key, ' ' ORDER BY key) AS versions FROM jsonb_array_elements(wf_export('a') -> 'versions') v, jsonb_object_keys(v) key;
SELECT string_agg(DISTINCT key, ' ' ORDER BY key) AS checkpoints FROM jsonb_array_elements(wf_export('a') -> 'checkpoints') v, jsonb_object_keys(v) key;
-- A copy beside it has the same of everything; so has one in another tenant, under its own id.
CREATE FUNCTION pg_temp.all_of(id text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT jsonb_set(to_jsonb(l), '{execution_id}', '0')::text || l.state::text FROM (SELECT * FROM wf_load(id)) l
    UNION ALL SELECT to_jsonb(c)::text FROM wf_checkpoints(id) c
    UNION ALL SELECT (to_jsonb(h) - '{stored_bytes,base_version,kind}'::text[])::text FROM wf_history(id) h
    UNION ALL SELECT wf_state_at(id, version)::text FROM wf_history(id)
    UNION ALL SELECT (SELECT (versions, valid, problem)::text FROM wf_verify(id))
$$;
SELECT wf_import(wf_export('a'), 'a copy');
SELECT * FROM pg_temp.all_of('a') EXCEPT ALL SELECT * FROM pg_temp.all_of('a copy');
SELECT count(*) AS facts FROM (SELECT * FROM pg_temp.all_of('a copy') INTERSECT ALL SELECT * FROM pg_temp.all_of('a')) x;
SELECT version, base_version, kind FROM wf_history('a copy');
SELECT wf_import(wf_export('pruned'), 'pruned copy');
SELECT * FROM pg_temp.all_of('pruned') EXCEPT ALL SELECT * FROM pg_temp.all_of('pruned copy');
-- A fork stands on its own afterwards, and otherwise is the same.
SELECT wf_import(wf_export('fork'), 'fork copy'), wf_import(wf_export('pruned fork'), 'pruned fork copy');
SELECT version, base_version, kind, changes FROM wf_history('fork copy');
SELECT wf_load_state('fork copy') = wf_load_state('fork') AS same, (SELECT valid FROM wf_verify('fork copy')) AS valid, forked_from_execution_id FROM wf_load('fork copy');
SELECT wf_load_state('pruned fork copy') = wf_load_state('pruned fork') AS same, (SELECT valid FROM wf_verify('pruned fork copy')) AS valid;
-- An import again exports the same document.
SELECT jsonb_set(wf_export('a copy'), '{execution,execution_id}', '"a"') = wf_export('a') AS same_document;
SELECT wf_export('a') AS document \gset
SET wfstate.tenant = 'export2';
SELECT wf_import(:'document');
SELECT version, status, tags, state FROM wf_load('a');
SELECT execution_id FROM wf_find('{}', tags => '{"t": [1]}');
-- It lives on: saves, recoveries, prunes.
SELECT wf_patch_state('a', '{"more": 1}', 6), wf_recover('a', 'cp'), wf_prune_history('a', 1);
SELECT version, wf_load_state('a') -> 'n' AS n, (SELECT valid FROM wf_verify('a')) AS valid FROM wf_history('a');
-- Declared paths index what is imported.
SELECT wf_declare_search('w', '{/end}');
SELECT wf_import(:'document', 'a3');
SELECT execution_id FROM wf_find('{"end": true}', 'w');
SELECT wf_declare_search('w', '{}');
-- Long histories with keyframes and a state as deep as any.
SET wfstate.keyframe_min = 0;
DO $$ BEGIN
    PERFORM wf_save_state('long', '{"l": []}');
    FOR i IN 1..80 LOOP
        IF i % 9 = 0 THEN PERFORM wf_recover('long', version => i / 2);
        ELSE PERFORM wf_patch_state('long', jsonb_build_array(jsonb_build_object('op', 'add', 'path', '/l/-', 'value', md5(i::text)))); END IF;
    END LOOP;
END $$;
SELECT wf_import(wf_export('long'), 'long copy');
SELECT count(*) AS differences FROM (SELECT * FROM pg_temp.all_of('long') EXCEPT ALL SELECT * FROM pg_temp.all_of('long copy')) d;
SELECT wf_save_state('deep', (repeat('[', 1000) || repeat(']', 1000))::jsonb);
SELECT wf_import(wf_export('deep'), 'deep copy');
\echo :SQLSTATE
SELECT wf_load_state('deep copy') = wf_load_state('deep') AS same;
SELECT wf_save_state('nested', (repeat('{"a": ', 999) || '1' || repeat('}', 999))::jsonb);
SELECT wf_import(wf_export('nested'), 'nested copy');
\echo :SQLSTATE
-- Taken.
SELECT wf_import(:'document');
\echo :SQLSTATE
SELECT wf_import(:'document', 'long');
\echo :SQLSTATE
SELECT wf_import(:'document', '');
\echo :SQLSTATE
SELECT wf_export('none');
\echo :SQLSTATE
-- Documents that are none, and some that are not quite.
SELECT wf_import(NULL);
\echo :SQLSTATE
CREATE FUNCTION pg_temp.try(document jsonb, id text, OUT code text, OUT shows_content boolean) LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    PERFORM wf_import(document, id);
    code := 'imported';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    code := SQLSTATE; shows_content := SQLERRM || detail LIKE '%merge%' OR detail LIKE '%Failing row%';
END $$;
CREATE TEMP TABLE bad (n serial, what text, document jsonb);
INSERT INTO bad (what, document) VALUES
    ('a scalar', '1'), ('an array', '[]'), ('an empty object', '{}'), ('another format', :'document'::jsonb || '{"format": "other"}'), ('another format_version', :'document'::jsonb || '{"format_version": 99}'),
    ('no execution', :'document'::jsonb - 'execution'), ('execution no object', :'document'::jsonb || '{"execution": 1}'), ('no id', :'document'::jsonb #- '{execution,execution_id}'),
    ('no versions', :'document'::jsonb - 'versions'), ('versions empty', :'document'::jsonb || '{"versions": []}'), ('versions no array', :'document'::jsonb || '{"versions": {}}'), ('a version no object', jsonb_set(:'document', '{versions,1}', '1')),
    ('a version missing', :'document'::jsonb #- '{versions,2}'), ('first version missing', :'document'::jsonb #- '{versions,0}'), ('a version twice', jsonb_set(:'document', '{versions,2,version}', '2')), ('a version of 0', jsonb_set(:'document', '{versions,0,version}', '0')), ('a version of 1.5', jsonb_set(:'document', '{versions,0,version}', '1.5')), ('a version as text', jsonb_set(:'document', '{versions,0,version}', '"1"')), ('a huge version', jsonb_set(:'document', '{versions,5,version}', '1e30')),
    ('no content', :'document'::jsonb #- '{versions,1,patch}'), ('patch that does not apply', jsonb_set(:'document', '{versions,2,patch}', '[{"op":"remove","path":"/zzz"}]')), ('patch a scalar', jsonb_set(:'document', '{versions,2,patch}', '7')), ('patch and snapshot', jsonb_set(:'document', '{versions,2,snapshot}', '{}')), ('base later than the version', jsonb_set(:'document', '{versions,1,base_version}', '4')), ('base itself', jsonb_set(:'document', '{versions,1,base_version}', '2')),
    ('version status unknown', jsonb_set(:'document', '{versions,1,status}', '"bogus"')), ('version without status', :'document'::jsonb #- '{versions,1,status}'), ('version without time', :'document'::jsonb #- '{versions,1,saved_at}'), ('version with a bad time', jsonb_set(:'document', '{versions,1,saved_at}', '"yesterday evening"')), ('note too long', jsonb_set(:'document', '{versions,1,note}', to_jsonb(repeat('n', 8193)))), ('phase too long', jsonb_set(:'document', '{versions,1,phase}', to_jsonb(repeat('n', 256)))), ('step_id too long', jsonb_set(:'document', '{versions,1,step_id}', to_jsonb(repeat('n', 256)))),
    ('times go back', jsonb_set(:'document', '{versions,1,saved_at}', '"2001-01-01T00:00:00Z"')),
    ('head status unknown', jsonb_set(:'document', '{execution,status}', '"bogus"')), ('head without status', :'document'::jsonb #- '{execution,status}'), ('head without created_at', :'document'::jsonb #- '{execution,created_at}'), ('head created at infinity', jsonb_set(:'document', '{execution,created_at}', '"infinity"')), ('head with a bad time', jsonb_set(:'document', '{execution,created_at}', '"soon"')), ('schema_version no number', jsonb_set(:'document', '{execution,schema_version}', '"x"')), ('workflow too long', jsonb_set(:'document', '{execution,workflow}', to_jsonb(repeat('w', 256)))),
    ('no checkpoints', :'document'::jsonb - 'checkpoints'), ('checkpoints no array', :'document'::jsonb || '{"checkpoints": 1}'), ('checkpoint no object', :'document'::jsonb || '{"checkpoints": [1]}'), ('checkpoint of no version', jsonb_set(:'document', '{checkpoints,0,version}', '99')), ('checkpoint without name', :'document'::jsonb #- '{checkpoints,0,name}'), ('checkpoint name empty', jsonb_set(:'document', '{checkpoints,0,name}', '""')), ('checkpoint name twice', jsonb_set(:'document', '{checkpoints,1,name}', '"cp"')), ('metadata no object', jsonb_set(:'document', '{checkpoints,0,metadata}', '[]')),
    ('no tags', :'document'::jsonb - 'tags'), ('tags no object', :'document'::jsonb || '{"tags": []}'), ('tags too large', jsonb_set(:'document', '{tags,x}', to_jsonb(repeat('t', 20000))));
-- 22023, or 54000 where something is over a limit; and nothing of the content in the message.
SELECT what, t.* FROM bad, pg_temp.try(document, 'bad' || n) t ORDER BY n;
-- What ended before it was created: wf_cleanup would not find it.
SELECT wf_import(jsonb_set(jsonb_set(:'document', '{execution,created_at}', '"2026-11-20T00:00:00Z"'), '{execution,completed_at}', '"2026-11-10T00:00:00Z"'), 'early');
\echo :SQLSTATE
SELECT wf_import(jsonb_set(:'document', '{execution,created_at}', :'document'::jsonb #> '{execution,completed_at}'), 'early') > 0 AS imported, wf_delete('early');
-- Whatever was taken in can be listed, loaded, verified.
SELECT execution_id, (SELECT valid FROM wf_verify(execution_id)) AS valid FROM wf_list() WHERE execution_id LIKE 'bad%';
SELECT bool_and(wf_delete(execution_id)) FROM wf_list();
SET wfstate.tenant = 'export';
SELECT bool_and(wf_delete(execution_id)) FROM wf_list();
