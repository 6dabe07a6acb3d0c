-- Which index each list of sessions, todo lists, thoughts and memories is read from, by a role that row-level security
-- holds for, and that few of its entries are read.
SET wfstate.tenant = 'agents_plan';
SET default_text_search_config = 'pg_catalog.simple';
-- Below the executor the head's index is not looked at where the session knows its place.
SET wfstate.direct_access = off;
CREATE ROLE regress_wf_agent;
SELECT wf_grant_access('regress_wf_agent', 'reader'), wf_grant_tenant('regress_wf_agent', 'agents_plan');
-- What a session has planned while all was empty must do, too.
SELECT count(*) FROM wf_memories() UNION ALL SELECT count(*) FROM wf_recall();
-- 4,000 executions, of which 3,000 are sessions; a hundredth of them failed. Those that are none are all cancelled.
INSERT INTO wfstate.executions (tenant, execution_id, status, version, hash, updated_at, state_bytes, chain_bytes, keyframe_version, created_at, is_session)
SELECT 'agents_plan', 'e' || i, CASE WHEN i > 3000 OR i = 1500 THEN 'cancelled' WHEN i % 100 = 0 THEN 'failed' ELSE 'running' END, 1, i, t.at, 10, 0, 1, t.at, CASE WHEN i <= 3000 THEN true END
  FROM generate_series(1, 4000) i, LATERAL (SELECT timestamptz '2026-01-01Z' + (i * 7919 % 4001) * interval '1 second' AS at) t;
INSERT INTO wfstate.sessions (tenant, execution_id, created_at, user_id)
SELECT tenant, execution_id, created_at, 'u' || substr(execution_id, 2)::integer % 100 FROM wfstate.executions WHERE tenant = 'agents_plan' AND is_session;
INSERT INTO wfstate.todo_lists (tenant, list_id, version, execution_id, status, plan)
SELECT 'agents_plan', 'l' || i, 1, 'e' || i % 200, CASE WHEN i % 100 = 0 THEN 'done' ELSE 'active' END, '[]' FROM generate_series(1, 4000) i;
INSERT INTO wfstate.thoughts (tenant, execution_id, step_id, thought, recorded_at)
SELECT 'agents_plan', 'e' || i % 2, 's' || i % 100, 't', now() FROM generate_series(1, 4000) i;
-- Words that all memories have, that a hundredth has, and that one has; and as many memories of another tenant.
INSERT INTO wfstate.memories (tenant, lesson_key, tool_name, lesson, tags, confidence, config, created_at, updated_at, document)
SELECT t.tenant, sha256(i::text::bytea), 'tool' || i % 50, l.lesson, jsonb_build_object('n', i % 500), (i * 7919 % 1000) / 1000.0, 'pg_catalog.simple', now(), now(), setweight(to_tsvector('simple', l.lesson), 'A')
  FROM (VALUES ('agents_plan'), ('agents_plan2')) AS t (tenant), generate_series(1, 4000) i, LATERAL (SELECT format('always common some%s rare%s', i % 100, i) AS lesson) l;
CREATE FUNCTION pg_temp.reads(query text, OUT rows bigint, OUT indexes text, OUT few boolean, OUT sequential text) LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE counted ON COMMIT DROP AS SELECT c.oid, c.relname::text, c.relkind, pg_stat_get_xact_numscans(c.oid) AS scans, pg_stat_get_xact_tuples_returned(c.oid) AS entries
      FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
     WHERE coalesce(i.indrelid, c.oid) IN ('wfstate.executions'::regclass, 'wfstate.sessions'::regclass, 'wfstate.todo_lists'::regclass, 'wfstate.thoughts'::regclass, 'wfstate.memories'::regclass);
    SET LOCAL ROLE regress_wf_agent;
    EXECUTE format('SELECT count(*) FROM %s', query) INTO rows;
    RESET ROLE;
    SELECT string_agg(c.relname, ' ' ORDER BY c.relname COLLATE "C") FILTER (WHERE relkind = 'i' AND pg_stat_get_xact_numscans(c.oid) > c.scans),
           sum(pg_stat_get_xact_tuples_returned(c.oid) - c.entries) <= 40 + 20 * rows,
           string_agg(c.relname, ' ') FILTER (WHERE relkind = 'r' AND pg_stat_get_xact_numscans(c.oid) > c.scans)
      INTO indexes, few, sequential FROM counted c;
    DROP TABLE counted;
END $$;
CREATE TEMP TABLE lists AS SELECT * FROM unnest(ARRAY['wf_sessions(max_rows => 20)', 'wf_sessions(''u7'', max_rows => 20)', 'wf_sessions(''nobody'')', 'wf_sessions(status => ''failed'', max_rows => 20)', 'wf_sessions(status => ''cancelled'', max_rows => 20)',
    'wf_sessions(status => ''paused'')', 'wf_sessions(since => ''2026-01-01 00:30Z'', before => ''2026-01-01 00:31Z'')', 'wf_sessions(after => ''1767225700000000:e1'', max_rows => 20)',
    'wf_todo_lists(max_rows => 20)', 'wf_todo_lists(''e7'')', 'wf_todo_lists(status => ''done'', max_rows => 20)', 'wf_todo_lists(after => ''l3'', max_rows => 20)',
    'wf_thoughts(''e1'', max_rows => 20)', 'wf_thoughts(''e1'', newest_first => true, max_rows => 20)', 'wf_thoughts(''e1'', ''s7'', max_rows => 20)', 'wf_memories(max_rows => 20)', 'wf_recall(max_rows => 20)', 'wf_recall(NULL, ''tool7'', max_rows => 20)',
    'wf_recall(NULL, NULL, 0.999)']) WITH ORDINALITY AS l (query, n);
ANALYZE wfstate.executions, wfstate.sessions, wfstate.todo_lists, wfstate.thoughts, wfstate.memories;
SELECT l.query, r.* FROM lists l, LATERAL pg_temp.reads(l.query) r ORDER BY n;
-- A search reads the 500 surest through and has the others of a word from the index, 200 of each: other tenants' rows are not touched.
SELECT q.query, r.rows, r.indexes, r.sequential FROM unnest(ARRAY['wf_recall(''rare7 rare1700'', max_rows => 1000)', 'wf_recall(''some7'', max_rows => 1000)', 'wf_recall(''common rare7'', max_rows => 1000)', 'wf_recall(''always common'', max_rows => 1000)', 'wf_recall(''some7 rare57'', ''tool7'', max_rows => 1000)',
    'wf_recall(''rare7'', tags => ''{"n": 7}'')', 'wf_recall(tags => ''{"n": 7}'')']) WITH ORDINALITY AS q (query, n), LATERAL pg_temp.reads(q.query) r ORDER BY n;
SELECT wf_forget(max_confidence => 1);
SET wfstate.tenant = 'agents_plan2';
SELECT wf_forget(max_confidence => 1);
DELETE FROM wfstate.executions WHERE tenant = 'agents_plan';
DELETE FROM wfstate.sessions WHERE tenant = 'agents_plan';
DELETE FROM wfstate.todo_lists WHERE tenant = 'agents_plan';
DELETE FROM wfstate.thoughts WHERE tenant = 'agents_plan';
DELETE FROM wfstate.tenant_roles WHERE role::text = 'regress_wf_agent';
DROP OWNED BY regress_wf_agent;
DROP ROLE regress_wf_agent;
