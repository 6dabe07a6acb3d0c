-- wf_find: always right, by an index where the workflow declares paths.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'find';
\pset null (null)
SELECT wf_save_state('o' || i, jsonb_build_object('customer', jsonb_build_object('id', i % 3, 'name', 'n' || i), 'total', i * 1.0, 'items', jsonb_build_array(i, jsonb_build_object('sku', 's' || i % 2))), workflow => 'order', tags => jsonb_build_object('env', CASE WHEN i % 2 = 0 THEN 'prod' ELSE 'dev' END)) FROM generate_series(1, 9) i;
SELECT wf_save_state('other', '{"customer": {"id": 1}}', workflow => 'other'), wf_save_state('none', '{"customer": {"id": 1}}'), wf_save_state('array', '[1, {"a": 2}]', workflow => 'order'), wf_save_state('scalar', '"text"', workflow => 'order');
CREATE FUNCTION pg_temp.found(containment jsonb, workflow text = NULL, tags jsonb = NULL) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(execution_id, ' ') FROM wf_find(containment, workflow, tags) $$;
CREATE TEMP TABLE query (n serial, containment jsonb, workflow text, tags jsonb);
INSERT INTO query (containment, workflow, tags) VALUES
    ('{"customer": {"id": 1}}', 'order', NULL), ('{"customer": {"id": 1}}', NULL, NULL), ('{"customer": {"id": 1}}', 'other', NULL), ('{"customer": {"id": 1}}', NULL, '{"env": "prod"}'),
    ('{"customer": {"id": 1}, "total": 4}', 'order', NULL), ('{"customer": {"id": 1, "name": "n7"}}', 'order', NULL), ('{"customer": {}}', 'order', NULL), ('{"customer": {"id": 1.00}}', 'order', NULL),
    ('{"customer": {"id": 99}}', 'order', NULL), ('{"customer": {"id": "1"}}', 'order', NULL), ('{"customer": 1}', 'order', NULL), ('{"customer": {"id": {}}}', 'order', NULL), ('{"items": [{"sku": "s1"}]}', 'order', NULL), ('{"items": [4]}', 'order', NULL), ('{"items": [{"sku": "s1"}], "customer": {"id": 2}}', 'order', '{"env": "dev"}'), ('{"items": []}', 'order', NULL),
    ('{}', 'order', NULL), ('{}', NULL, NULL), ('{}', NULL, '{"env": "dev"}'), ('[1]', 'order', NULL), ('[]', NULL, NULL), ('[{"a": 2}]', NULL, NULL), ('"text"', 'order', NULL), ('1', 'order', NULL), ('null', NULL, NULL), ('{"customer": {"id": 1}}', 'nowhere', NULL), ('{"": 1}', 'order', NULL);
CREATE TEMP TABLE before AS SELECT n, pg_temp.found(containment, workflow, tags) AS ids FROM query;
SELECT n, containment, workflow, tags, ids FROM query JOIN before USING (n) ORDER BY n;
-- It is right by the server's own containment.
SELECT n FROM query q JOIN before USING (n) WHERE ids IS DISTINCT FROM (SELECT string_agg(l.execution_id, ' ' ORDER BY l.execution_id COLLATE "C") FROM wf_list() l WHERE wf_load_state(l.execution_id) @> q.containment AND (q.workflow IS NULL OR l.workflow = q.workflow) AND (q.tags IS NULL OR l.tags @> q.tags));
-- Declared, it finds the same, whatever is declared.
SELECT wf_declare_search('order', '{/customer/id}');
SELECT execution_id, workflow, tags, document FROM wfstate.search WHERE tenant = 'find' ORDER BY execution_id;
SELECT n FROM query JOIN before USING (n) WHERE ids IS DISTINCT FROM pg_temp.found(containment, workflow, tags);
SELECT wf_declare_search('order', '{/items,/customer/name,/total}');
SELECT n FROM query JOIN before USING (n) WHERE ids IS DISTINCT FROM pg_temp.found(containment, workflow, tags);
SELECT wf_declare_search('order', '{/customer,/customer/id,/missing/~1~0/x}');
SELECT n FROM query JOIN before USING (n) WHERE ids IS DISTINCT FROM pg_temp.found(containment, workflow, tags);
SELECT wf_declare_search('order', '{}');
SELECT count(*) FROM wfstate.search WHERE tenant = 'find' AND document IS NOT NULL;
SELECT n FROM query JOIN before USING (n) WHERE ids IS DISTINCT FROM pg_temp.found(containment, workflow, tags);
-- The whole row, the pages.
SELECT wf_declare_search(workflow => 'order', paths => '{/customer/id}');
SELECT execution_id, workflow, status, phase, version, state, updated_at IS NOT NULL AS updated FROM wf_find('{"customer": {"id": 1}}', 'order', max_rows => 1, after => 'o1');
SELECT size, string_agg(ids, '|') FROM generate_series(1, 4) size, LATERAL (
    WITH RECURSIVE page AS (
        SELECT array_agg(execution_id) AS ids FROM wf_find('{"customer": {"id": 1}}', 'order', max_rows => size)
        UNION ALL SELECT (SELECT array_agg(execution_id) FROM wf_find('{"customer": {"id": 1}}', 'order', after => ids[cardinality(ids)], max_rows => size)) FROM page WHERE cardinality(ids) > 0)
    SELECT array_to_string(ids, ' ') AS ids FROM page WHERE ids IS NOT NULL) p GROUP BY size ORDER BY size;
-- Every way of changing a state keeps it findable.
SELECT wf_patch_state('o1', '{"customer": {"id": 7}}');
SELECT pg_temp.found('{"customer": {"id": 7}}', 'order') AS merged, pg_temp.found('{"customer": {"id": 1}}', 'order') AS rest;
SELECT wf_patch_state('o1', '{"elsewhere": 1}');
SELECT wf_patch_state('o4', '[{"op": "replace", "path": "/customer/id", "value": 7}]');
SELECT wf_patch_state('o7', '[{"op": "remove", "path": "/customer"}]');
SELECT wf_patch_state('o2', '[{"op": "move", "from": "/customer", "path": "/moved"}]');
SELECT wf_save_state('o3', '{"customer": {"id": 7, "x": 1}}');
SELECT wf_patch_state('o5', '{"customer": null}'), wf_patch_state('o6', '{"customer": {"id": {"deep": [7]}}}');
SELECT pg_temp.found('{"customer": {"id": 7}}', 'order') AS seven, pg_temp.found('{"customer": {"id": 1}}', 'order') AS one, pg_temp.found('{"customer": {"id": 2}}', 'order') AS two, pg_temp.found('{"customer": {"id": {"deep": [7]}}}', 'order') AS deep;
SELECT wf_recover('o3', version => 1);
SELECT pg_temp.found('{"customer": {"id": 7}}', 'order') AS seven, pg_temp.found('{"customer": {"id": 0}}', 'order') AS zero;
-- Tags and workflows that change.
SELECT wf_save_state('o9', wf_load_state('o9'), tags => '{"env": "test"}');
SELECT pg_temp.found('{}', tags => '{"env": "test"}') AS test, pg_temp.found('{}', 'order', '{"env": "dev"}') AS dev;
SELECT wf_save_state('other', wf_load_state('other'), workflow => 'order'), wf_save_state('o8', wf_load_state('o8'), workflow => 'other');
SELECT pg_temp.found('{"customer": {"id": 1}}', 'order') AS moved_in, pg_temp.found('{"customer": {"id": 2}}', 'order') AS moved_out, pg_temp.found('{"customer": {"id": 2}}', 'other') AS there;
SELECT execution_id, workflow, document FROM wfstate.search WHERE tenant = 'find' AND execution_id IN ('o8', 'other') ORDER BY execution_id;
-- A save that does not touch what is declared does not touch the search row.
BEGIN;
SELECT coalesce(sum(n_tup_upd + n_tup_ins), 0) AS written FROM pg_stat_xact_user_tables WHERE schemaname = 'wfstate' AND relname = 'search' \gset
SELECT wf_save_state('o9', wf_load_state('o9') || '{"elsewhere": 2}');
SELECT wf_patch_state('o9', '{"elsewhere": 3}');
SELECT wf_patch_state('o9', '[{"op": "replace", "path": "/elsewhere", "value": 3}]');
SELECT coalesce(sum(n_tup_upd + n_tup_ins), 0) - :written AS search_rows_written FROM pg_stat_xact_user_tables WHERE schemaname = 'wfstate' AND relname = 'search';
COMMIT;
-- Arrays and scalars hide nothing of a declared path.
SELECT wf_save_state('arr1', '{"customer": [{"id": 50}]}', workflow => 'order'), wf_save_state('arr2', '{"customer": {"id": [50, 51]}}', workflow => 'order');
SELECT pg_temp.found('{"customer": [{"id": 50}]}', 'order') AS arr1, pg_temp.found('{"customer": {"id": [50]}}', 'order') AS arr2, pg_temp.found('{"customer": {"id": 50}}', 'order') AS scalar_in_array;
-- A top-level array contains a scalar, by jsonb's exception.
SELECT pg_temp.found('"text"', 'order'), pg_temp.found('1', 'order');
-- Declarations and what they index, rolled back.
BEGIN;
SELECT wf_declare_search('order', '{/total}');
SELECT wf_save_state('o1', '{"total": 77}');
SELECT pg_temp.found('{"total": 77}', 'order');
ROLLBACK;
SELECT wf_save_state('o1', '{"customer": {"id": 78}}');
SELECT pg_temp.found('{"customer": {"id": 78}}', 'order'), pg_temp.found('{"total": 77}', 'order');
SELECT paths, declaration FROM wfstate.search_paths WHERE tenant = 'find';
-- The index is used, by an ordinary role below row-level security too.
SELECT count(wf_save_state('n' || i, jsonb_build_object('customer', jsonb_build_object('id', 1000 + i)), workflow => 'order')) FROM generate_series(1, 3000) i;
ANALYZE wfstate.search;
CREATE ROLE regress_wf_finder;
SELECT wf_grant_access('regress_wf_finder', 'reader');
SET ROLE regress_wf_finder;
BEGIN;
SELECT pg_stat_get_xact_numscans('wfstate.search_document_idx'::regclass) AS by_index, pg_stat_get_xact_numscans('wfstate.search'::regclass) AS sequential \gset
SELECT pg_temp.found('{"customer": {"id": 2345}}', 'order');
SELECT pg_stat_get_xact_numscans('wfstate.search_document_idx'::regclass) > :by_index AS by_document_index, pg_stat_get_xact_numscans('wfstate.search'::regclass) - :sequential AS sequential;
ROLLBACK;
RESET ROLE;
SELECT count(wf_save_state('n' || i, '{}', tags => jsonb_build_object('k', i))) FROM generate_series(1, 3000) i;
ANALYZE wfstate.search;
SET ROLE regress_wf_finder;
BEGIN;
SELECT pg_stat_get_xact_numscans('wfstate.search_tags_idx'::regclass) AS by_index, pg_stat_get_xact_numscans('wfstate.search'::regclass) AS sequential \gset
SELECT pg_temp.found('{}', tags => '{"k": 1234}');
SELECT pg_stat_get_xact_numscans('wfstate.search_tags_idx'::regclass) > :by_index AS by_tags_index, pg_stat_get_xact_numscans('wfstate.search'::regclass) - :sequential AS sequential;
ROLLBACK;
RESET ROLE;
DROP OWNED BY regress_wf_finder;
DROP ROLE regress_wf_finder;
-- A declaration of many is brought in line in portions; what is left is found, and wf_maintain goes on.
SELECT wf_save_state('n2345', '{"customer": {"id": 2345}}'), wf_save_state('n2', '{"customer": {"id": 1002}}');
SELECT wf_declare_search('order', '{/customer/id,/more}', max_rows => 1000);
SELECT pg_temp.found('{"customer": {"id": 2345}}', 'order') AS left_over, pg_temp.found('{"customer": {"id": 1002}}', 'order') AS any;
SELECT count(*) FILTER (WHERE s.declaration = p.declaration) AS current FROM wfstate.search s JOIN wfstate.search_paths p USING (tenant, workflow) WHERE s.tenant = 'find';
SELECT wf_declare_search('order', '{/customer/id,/more}', max_rows => 1000);
SELECT processed FROM wf_maintain(500) WHERE task = 'index_search';
SELECT processed < 1000 AS the_rest FROM wf_maintain(1000) WHERE task = 'index_search';
SELECT processed FROM wf_maintain() WHERE task = 'index_search';
SELECT pg_temp.found('{"customer": {"id": 2345}}', 'order');
-- It holds no table against anybody.
BEGIN;
SELECT wf_declare_search('order', '{/customer/id}') > 3000 AS indexed;
SELECT DISTINCT relation::regclass, mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'wfstate'::regnamespace AND relkind = 'r') AND mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock');
COMMIT;
SELECT wf_declare_search('order', '{/customer/id}', max_rows => 0);
\echo :SQLSTATE
-- A withdrawn declaration keeps its number, which grows on.
BEGIN;
SELECT wf_declare_search('order', '{}') > 3000 AS cleared, wf_declare_search('order', '{}') AS again, wf_declare_search('order', '{/customer/id}', 1) AS anew;
SELECT pg_temp.found('{"customer": {"id": 2345}}', 'order');
ROLLBACK;
-- Many candidates that the recheck refuses, over several batches.
SELECT count(*), min(execution_id), max(execution_id) FROM wf_find('{"last": true}', 'order');
SELECT wf_save_state('zzz', '{"last": true}', workflow => 'order');
SELECT execution_id FROM wf_find('{"last": true}', 'order', max_rows => 1);
SELECT count(*), max(execution_id) FROM wf_find('{}', 'order', max_rows => 1500);
-- Refusals.
SELECT * FROM wf_find(NULL);
\echo :SQLSTATE
SELECT * FROM wf_find('{}', max_rows => 0);
\echo :SQLSTATE
SELECT * FROM wf_find('{}', tags => '1');
\echo :SQLSTATE
SELECT * FROM wf_find('{}', workflow => '');
\echo :SQLSTATE
SELECT wf_declare_search(NULL, '{}');
\echo :SQLSTATE
SELECT wf_declare_search('', '{}');
\echo :SQLSTATE
SELECT wf_declare_search('order', NULL);
\echo :SQLSTATE
SELECT wf_declare_search('order', '{NULL}');
\echo :SQLSTATE
SELECT wf_declare_search('order', '{""}');
\echo :SQLSTATE
SELECT wf_declare_search('order', '{customer}');
\echo :SQLSTATE
SELECT wf_declare_search('order', '{/a~2}');
\echo :SQLSTATE
SELECT wf_declare_search('order', (SELECT array_agg('/p' || i) FROM generate_series(1, 65) i));
\echo :SQLSTATE
SELECT wf_declare_search('order', ARRAY['/' || repeat('x', 255)]);
\echo :SQLSTATE
SELECT paths, declaration FROM wfstate.search_paths WHERE tenant = 'find';
SELECT wf_declare_search('order', '{}'), wf_declare_search('never', '{}');
SELECT count(*) FILTER (WHERE wf_delete(execution_id)) > 3000 AS deleted FROM wf_list(max_rows => 10000);
