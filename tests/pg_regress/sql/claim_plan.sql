-- A claim reads a handful of index entries, whatever waits, was claimed before or is not its business, also with plans
-- that were made while the tables were empty; and a heartbeat touches no index.
SET wfstate.tenant = 'claim_plan';
SELECT count(*) FROM wf_claim('w');
SELECT created FROM wf_start('order', 'first');
SELECT execution_id FROM wf_claim('w');
SELECT wf_complete('first') > 0 AS completed;
SELECT created FROM wf_start('other', 'other');
-- 4,000 that wait, of two workflows.
INSERT INTO wfstate.executions (tenant, execution_id, workflow, status, version, hash, updated_at, state_bytes, chain_bytes, keyframe_version, created_at)
SELECT 'claim_plan', 'e' || i, CASE WHEN i <= 2000 THEN 'other' ELSE 'order' END, 'pending', 1, i, now(), 10, 0, 1, now() FROM generate_series(1, 4000) AS i;
INSERT INTO wfstate.leases (tenant, execution_id, workflow, lane, state)
SELECT tenant, execution_id, workflow, 0, 'ready' FROM wfstate.executions WHERE tenant = 'claim_plan' AND execution_id ~ '^e' ORDER BY substr(execution_id, 2)::integer;
CREATE FUNCTION pg_temp.reads(query text, OUT rows bigint, OUT few boolean, OUT sequential text) LANGUAGE plpgsql AS $$
DECLARE counted record;
BEGIN
    CREATE TEMP TABLE before ON COMMIT DROP AS
    SELECT c.oid, c.relname::text, c.relkind, pg_stat_get_xact_numscans(c.oid) AS scans, pg_stat_get_xact_tuples_returned(c.oid) AS entries
      FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
     WHERE coalesce(i.indrelid, c.oid) IN ('wfstate.leases'::regclass, 'wfstate.executions'::regclass, 'wfstate.runs'::regclass);
    EXECUTE format('SELECT count(*) FROM %s', query) INTO rows;
    SELECT sum(pg_stat_get_xact_tuples_returned(b.oid) - b.entries) <= 20 + 20 * rows,
           string_agg(b.relname, ' ') FILTER (WHERE relkind = 'r' AND pg_stat_get_xact_numscans(b.oid) > b.scans)
      INTO few, sequential FROM before b;
    DROP TABLE before;
END $$;
SELECT * FROM pg_temp.reads($$wf_claim('w', '{order}')$$);
SELECT * FROM pg_temp.reads($$wf_claim('w')$$);
SELECT * FROM pg_temp.reads($$wf_claim('w', '{order}', max_rows => 50)$$);
SELECT * FROM pg_temp.reads($$wf_claim('w', max_rows => 50)$$);
-- What was claimed before is not passed again, while its dead entries are still there.
DO $$ BEGIN FOR i IN 1..20 LOOP PERFORM wf_complete(execution_id) FROM wf_claim('w', '{order}', max_rows => 50); END LOOP; END $$;
SELECT * FROM pg_temp.reads($$wf_claim('w', '{order}')$$);
SELECT * FROM pg_temp.reads($$wf_claim('w', '{order}', max_rows => 10)$$);
-- Of a tenant that the statistics hardly know.
SET wfstate.tenant = 'claim_unknown';
SELECT created FROM wf_start('order', 'first');
ANALYZE wfstate.executions, wfstate.leases, wfstate.runs;
SELECT * FROM pg_temp.reads($$wf_claim('w', '{order}')$$);
INSERT INTO wfstate.executions (tenant, execution_id, workflow, status, version, hash, updated_at, state_bytes, chain_bytes, keyframe_version, created_at)
SELECT 'claim_unknown', 'e' || i, 'order', 'pending', 1, i, now(), 10, 0, 1, now() FROM generate_series(1, 2000) AS i;
INSERT INTO wfstate.leases (tenant, execution_id, workflow, lane, state)
SELECT tenant, execution_id, workflow, 0, 'ready' FROM wfstate.executions WHERE tenant = 'claim_unknown' AND execution_id ~ '^e';
SELECT * FROM pg_temp.reads($$wf_claim('w', '{order}')$$);
SELECT * FROM pg_temp.reads($$wf_claim('w', '{order}', max_rows => 50)$$);
DELETE FROM wfstate.leases WHERE tenant = 'claim_unknown';
DELETE FROM wfstate.queues WHERE tenant = 'claim_unknown';
DELETE FROM wfstate.runs WHERE tenant = 'claim_unknown';
DELETE FROM wfstate.state_versions WHERE tenant = 'claim_unknown';
DELETE FROM wfstate.executions WHERE tenant = 'claim_unknown';
DELETE FROM wfstate.search WHERE tenant = 'claim_unknown';
SET wfstate.tenant = 'claim_plan';
-- Nothing to be had, and limits.
SELECT * FROM pg_temp.reads($$wf_claim('w', '{first}')$$);
SELECT wf_set_limits('order', 70);
SELECT rows <= 10 AS within, sequential FROM pg_temp.reads($$wf_claim('w', '{order}', max_rows => 50)$$);
-- Heartbeats are HOT.
VACUUM wfstate.leases;
BEGIN;
SELECT pg_stat_get_xact_tuples_updated('wfstate.leases'::regclass) AS updated, pg_stat_get_xact_tuples_hot_updated('wfstate.leases'::regclass) AS hot \gset
SELECT count(*) AS beats, bool_and(held) AS held FROM (SELECT (wf_heartbeat(array_agg(execution_id), array_agg(lease), '1 minute')).* FROM (SELECT * FROM wf_leases(state => 'held') LIMIT 10) AS l) AS h;
SELECT pg_stat_get_xact_tuples_updated('wfstate.leases'::regclass) - :updated AS updated, pg_stat_get_xact_tuples_hot_updated('wfstate.leases'::regclass) - :hot AS hot;
COMMIT;
DELETE FROM wfstate.leases WHERE tenant = 'claim_plan';
DELETE FROM wfstate.queues WHERE tenant = 'claim_plan';
DELETE FROM wfstate.runs WHERE tenant = 'claim_plan';
DELETE FROM wfstate.state_versions WHERE tenant = 'claim_plan';
DELETE FROM wfstate.executions WHERE tenant = 'claim_plan';
DELETE FROM wfstate.search WHERE tenant = 'claim_plan';
