-- wf_checkpoints: by name, metadata, place and direction; which index serves.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'checkpoint_lists';
\pset null (null)
SELECT count(wf_save_state('c', to_jsonb(i))) FROM generate_series(1, 9) i;
SELECT wf_checkpoint('c', 'ns1/a', 1, '{"source": "input", "step": 0}'), wf_checkpoint('c', 'ns2/a', 2, '{"source": "input", "step": 0}'), wf_checkpoint('c', 'ns1/b', 3, '{"source": "loop", "step": 1, "by": ["x", "y"]}'),
       wf_checkpoint('c', 'ns2/b', 4, '{"source": "loop", "step": 1}'), wf_checkpoint('c', 'ns1/c', 5, '{"source": "loop", "step": 2}'), wf_checkpoint('c', 'ns1/d', 5), wf_checkpoint('c', 'ns2/c', 7, '{}'), wf_checkpoint('c', 'ns1', 8, '{"source": "update"}');
CREATE FUNCTION pg_temp.names(VARIADIC arguments text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE names text; BEGIN
    EXECUTE format('SELECT string_agg(name, '' '' ORDER BY n) FROM wf_checkpoints(''c''%s) WITH ORDINALITY AS c (name, version, metadata, created_by, created_at, state, changes, n)', (SELECT string_agg(', ' || a, '') FROM unnest(arguments) a)) INTO names;
    RETURN names; END $$;
SELECT pg_temp.names('prefix => NULL') AS "all", pg_temp.names('newest_first => true') AS newest_first;
SELECT pg_temp.names('prefix => ''ns1/''') AS ns1, pg_temp.names('prefix => ''ns2/''', 'newest_first => true') AS ns2, pg_temp.names('prefix => ''ns1''') AS ns1_also, pg_temp.names('prefix => ''ns1/b''') AS one, pg_temp.names('prefix => ''ns3''') AS none;
-- before: what comes before it, by version and name, in either direction.
SELECT pg_temp.names('before => ''ns1/d''') AS before, pg_temp.names('before => ''ns1/d''', 'newest_first => true') AS newest_first, pg_temp.names('before => ''ns1/a''') AS none,
       pg_temp.names('before => ''ns1/d''', 'prefix => ''ns2/''', 'newest_first => true', 'max_rows => 1') AS last_of_ns2;
SELECT pg_temp.names('after => ''ns1/b''', 'before => ''ns2/c''') AS between, pg_temp.names('after => ''ns2/c''', 'before => ''ns1/d''', 'newest_first => true') AS narrower_before, pg_temp.names('after => ''ns1/b''', 'before => ''ns1/d''', 'newest_first => true') AS narrower_after,
       pg_temp.names('after => ''ns2/c''', 'before => ''ns1/b''') AS nothing;
SELECT pg_temp.names('containment => ''{"source": "loop"}''') AS loop, pg_temp.names('containment => ''{"source": "loop", "step": 1}''', 'prefix => ''ns1/''') AS both, pg_temp.names('containment => ''{"by": ["y"]}''') AS in_array,
       pg_temp.names('containment => ''{}''') AS with_metadata, pg_temp.names('containment => ''{"step": 1.0}''', 'newest_first => true') AS number, pg_temp.names('containment => ''{"source": "none"}''') AS none;
-- Pages of every size are parts of the whole.
CREATE FUNCTION pg_temp.paged(size integer, filter text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE names text; page text; last text; BEGIN
    LOOP
        page := pg_temp.names(VARIADIC ARRAY[filter, 'max_rows => ' || size] || CASE WHEN last IS NOT NULL THEN ARRAY['after => ' || quote_literal(last)] ELSE '{}' END);
        EXIT WHEN page IS NULL;
        names := concat_ws(' ', names, page);
        last := substring(page FROM '\S+$');
    END LOOP;
    RETURN names; END $$;
SELECT filter, bool_and(pg_temp.paged(size, filter) = pg_temp.names(filter)) AS same, bool_and(pg_temp.paged(size, filter || ', newest_first => true') = pg_temp.names(filter, 'newest_first => true')) AS same_downwards
  FROM generate_series(1, 9) size, unnest(ARRAY['prefix => NULL', 'before => ''ns1/d''', 'prefix => ''ns1''', 'containment => ''{"source": "loop"}''', 'prefix => ''ns2'', before => ''ns1'', containment => ''{"step": 1}''']) filter GROUP BY filter ORDER BY filter;
-- Refusals.
SELECT * FROM wf_checkpoints('c', before => 'gone');
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('c', after => 'gone');
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('none', before => 'ns1');
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('c', prefix => '');
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('c', prefix => repeat('x', 256));
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('c', containment => '[]');
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('c', containment => jsonb_build_object('t', repeat('x', 65536)));
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('c', newest_first => NULL);
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('c', max_rows => NULL);
\echo :SQLSTATE
SELECT * FROM wf_checkpoints('c', max_rows => 10001);
\echo :SQLSTATE
SELECT * FROM wf_checkpoints(NULL);
\echo :SQLSTATE
-- 5,000 names of one execution and as many of others; a rare piece of metadata, one that every name has, and one that
-- only other executions have. What a role reads that row-level security holds for.
CREATE ROLE regress_wf_lister;
SELECT wf_grant_access('regress_wf_lister', 'reader'), wf_grant_tenant('regress_wf_lister', 'checkpoint_lists');
SELECT count(*) AS while_empty FROM wf_checkpoints('c', prefix => 'x', containment => '{"a": 1}');
INSERT INTO wfstate.checkpoints (tenant, execution_id, name, version, metadata)
SELECT t.tenant, CASE WHEN i <= 5000 THEN 'c' ELSE 'o' || i % 100 END, CASE WHEN i % 1000 = 999 THEN 'rare/' ELSE 'often/' END || i, 10 + i, jsonb_build_object('always', true, 'hundredth', i % 100, 'rare', i, CASE WHEN i > 5000 THEN 'other' ELSE 'this' END, true)
  FROM (VALUES ('checkpoint_lists'), ('checkpoint_lists2')) AS t (tenant), generate_series(1, 10000) i;
INSERT INTO wfstate.executions (tenant, execution_id, status, version, hash, updated_at, state_bytes, chain_bytes, keyframe_version, created_at) SELECT 'checkpoint_lists2', 'c', 'running', 1, 1, now(), 10, 0, 1, now();
CREATE FUNCTION pg_temp.reads(query text, OUT rows bigint, OUT indexes text, OUT entries bigint, OUT sequential boolean) LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE counted ON COMMIT DROP AS SELECT c.oid, c.relname::text, c.relkind, pg_stat_get_xact_numscans(c.oid) AS scans, pg_stat_get_xact_tuples_returned(c.oid) AS entries
      FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE coalesce(i.indrelid, c.oid) = 'wfstate.checkpoints'::regclass;
    SET LOCAL ROLE regress_wf_lister;
    -- random: in this process, whose counts these are.
    EXECUTE format('SELECT count(*) FROM wf_checkpoints(%s) WHERE random() >= 0', query) INTO rows;
    RESET ROLE;
    SELECT string_agg(c.relname, ' ' ORDER BY c.relname COLLATE "C") FILTER (WHERE relkind = 'i' AND pg_stat_get_xact_numscans(c.oid) > c.scans),
           sum(pg_stat_get_xact_tuples_returned(c.oid) - c.entries), bool_or(relkind = 'r' AND pg_stat_get_xact_numscans(c.oid) > c.scans)
      INTO indexes, entries, sequential FROM counted c;
    DROP TABLE counted;
END $$;
CREATE TEMP TABLE lists AS SELECT * FROM (VALUES (1, '''c'', max_rows => 20', 40), (2, '''c'', newest_first => true, max_rows => 20', 40), (3, '''c'', after => ''often/3000'', max_rows => 20', 40), (4, '''c'', before => ''often/3000'', newest_first => true, max_rows => 20', 40),
    (5, '''c'', after => ''often/3000'', max_rows => 20, newest_first => true', 40), (6, '''c'', prefix => ''often/'', max_rows => 20', 60), (7, '''c'', prefix => ''rare/'', newest_first => true', 1100), (8, '''c'', prefix => ''often/77''', 2300),
    (9, '''c'', containment => ''{"rare": 4321}''', 1100), (10, '''c'', containment => ''{"rare": 4321}'', prefix => ''often/'', newest_first => true', 6500), (11, '''c'', containment => ''{"always": true}'', max_rows => 20', 60),
    (12, '''c'', containment => ''{"hundredth": 7}'', max_rows => 5', 1100), (13, '''c'', containment => ''{"none": 7}''', 1100), (14, '''c'', containment => ''{"rare": 7}'', newest_first => true, before => ''often/4000''', 6500)) AS l (n, query, most);
ANALYZE wfstate.checkpoints;
SELECT l.query, r.rows, CASE WHEN n < 9 OR n IN (11, 12) THEN r.indexes ELSE substring(r.indexes FROM 'checkpoints_metadata_idx') END AS indexes, r.entries <= l.most AS few, r.sequential FROM lists l, LATERAL pg_temp.reads(l.query) r ORDER BY n;
-- What is rare is in order, also over several readings, and as what is looked through one by one.
SELECT newest, count(*) AS rows, bool_and(w.name IS NOT DISTINCT FROM c.name) AS same FROM (VALUES (true), (false)) AS o (newest), LATERAL wf_checkpoints('c', max_rows => 10000, containment => '{"hundredth": 99}', prefix => 'often/', newest_first => newest) WITH ORDINALITY AS c (name, version, metadata, created_by, created_at, state, changes, n)
  JOIN LATERAL (SELECT name, row_number() OVER (ORDER BY CASE WHEN newest THEN -version ELSE version END) AS n FROM wfstate.checkpoints WHERE tenant = 'checkpoint_lists' AND execution_id = 'c' AND metadata @> '{"hundredth": 99}' AND name LIKE 'often/%') AS w ON w.n = c.n GROUP BY newest;
SELECT newest, count(*) AS rows, count(DISTINCT name) AS names, min(version), max(version) FROM (VALUES (true), (false)) AS o (newest), LATERAL wf_checkpoints('c', max_rows => 10000, prefix => 'often/', containment => '{"this": true}', newest_first => newest) GROUP BY newest;
SELECT newest, count(*) AS rows, count(DISTINCT name) AS names FROM (VALUES (true), (false)) AS o (newest), LATERAL wf_checkpoints('c', max_rows => 3333, newest_first => newest) GROUP BY newest;
-- Another tenant has its own.
SET wfstate.tenant = 'checkpoint_lists2';
SELECT count(*) FROM wf_checkpoints('c', max_rows => 10000, containment => '{"rare": 4321}');
SET ROLE regress_wf_lister;
SELECT * FROM wf_checkpoints('c');
\echo :SQLSTATE
RESET ROLE;
DELETE FROM wfstate.checkpoints WHERE tenant LIKE 'checkpoint_lists%';
DELETE FROM wfstate.executions WHERE tenant = 'checkpoint_lists2';
SET wfstate.tenant = 'checkpoint_lists';
SELECT wf_delete('c');
DELETE FROM wfstate.tenant_roles WHERE role::text = 'regress_wf_lister';
DROP OWNED BY regress_wf_lister;
DROP ROLE regress_wf_lister;
