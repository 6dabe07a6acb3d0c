-- wf_diff: RFC 6902 between any two versions; small for small changes.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'diff';
CREATE TEMP TABLE v (n serial, state jsonb);
INSERT INTO v (state) VALUES ('{"a": 1, "list": [1, 2, 3], "o": {"x": {"y": 1}}}'), ('{"a": 1, "list": [1, 2, 3, 4], "o": {"x": {"y": 1}}}'),
    ('{"a": 1, "list": [0, 1, 2, 3, 4], "o": {"x": {"y": 2}}}'), ('{"list": [0, 1, 3, 4], "o": {"x": {"y": 2}}, "b/c~d": null}'),
    ('{"list": [0, 1, {"k": "v"}, 3, 4], "o": {"x": []}, "b/c~d": 1.0}'), ('{"list": [0, 1, {"k": "w"}, 3, 4], "o": {"x": []}, "b/c~d": 1.00}'), ('"scalar"'), ('[]');
SELECT wf_save_state('d', state) FROM v ORDER BY n;
SELECT a, wf_diff('d', a, a + 1) FROM generate_series(1, 7) a;
SELECT wf_diff('d', 5, 4), wf_diff('d', 3, 3), wf_diff('d', 7), wf_diff('d', 1, 4);
-- Applied to the one, every difference gives the other.
CREATE FUNCTION pg_temp.leads(f int, t int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM wf_save_state('c', (SELECT state FROM v WHERE n = f));
    PERFORM wf_patch_state('c', wf_diff('d', f, t));
    RETURN wf_load_state('c')::text = (SELECT state FROM v WHERE n = t)::text;
END $$;
SELECT count(*) AS pairs, count(*) FILTER (WHERE pg_temp.leads(a.n, b.n)) AS right FROM v a, v b;
-- Never larger than replacing the whole, as jsonb.
SELECT count(*) FROM v a, v b WHERE pg_column_size(wf_diff('d', a.n, b.n)) > pg_column_size(jsonb_build_array(jsonb_build_object('op', 'replace', 'path', '', 'value', b.state)));
-- One element into, out of and at the end of a long array is one operation.
SELECT wf_save_state('long', (SELECT jsonb_agg(md5(i::text)) FROM generate_series(1, 500) i));
SELECT wf_save_state('long', wf_load_state('long') || '["end"]');
SELECT wf_save_state('long', wf_load_state('long') - 250);
SELECT wf_save_state('long', jsonb_insert(wf_load_state('long'), '{100}', '"new"'));
SELECT a, wf_diff('long', a, a + 1) FROM generate_series(1, 3) a;
SELECT wf_diff('d', 1, 99);
\echo :SQLSTATE
SELECT wf_diff('d', 99);
\echo :SQLSTATE
SELECT wf_diff('d', 0, 1);
\echo :SQLSTATE
SELECT wf_diff('d', 1, -1);
\echo :SQLSTATE
SELECT wf_diff('d', NULL);
\echo :SQLSTATE
SELECT wf_diff('none', 1);
\echo :SQLSTATE
SELECT bool_and(wf_delete(execution_id)) FROM wf_list();
