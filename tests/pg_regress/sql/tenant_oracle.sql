-- An error that a policy raises would tell of other tenants' rows: conditions of the caller's that are cheaper and
-- leakproof are looked at before it. A tenant that is refused sees no row, and is told by the functions.
\set SHOW_CONTEXT never
SET wfstate.tenant = 'oracle-b';
SELECT created FROM wf_start('order', 'secret', idempotency_key => 'hidden');
CREATE ROLE regress_wf_spy LOGIN;
SELECT wf_grant_access('regress_wf_spy', 'reader', '{oracle-a}');
SET SESSION AUTHORIZATION regress_wf_spy;
SET wfstate.tenant = 'oracle-a';
-- The tenant changes after planning.
BEGIN;
DECLARE there CURSOR FOR SELECT FROM wfstate.runs WHERE execution_id = 'secret';
DECLARE missing CURSOR FOR SELECT FROM wfstate.runs WHERE execution_id = 'none';
SET LOCAL wfstate.tenant = '';
FETCH there;
FETCH missing;
SET LOCAL wfstate.tenant = 'oracle-b';
FETCH there;
FETCH missing;
SET LOCAL wfstate.tenant = '*';
FETCH there;
COMMIT;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SET enable_indexonlyscan = off;
SET plan_cache_mode = force_generic_plan;
SET wfstate.tenant = 'oracle-a';
PREPARE between_ids (text, text) AS SELECT count(*) FROM wfstate.runs WHERE execution_id > $1 AND execution_id <= $2;
EXECUTE between_ids ('a', 'z');
SET wfstate.tenant = 'oracle-b';
EXECUTE between_ids ('secres', 'secret');
EXECUTE between_ids ('y', 'z');
SET wfstate.tenant = 'oracle-a';
SELECT count(*) FROM set_config('wfstate.tenant', '', false) AS s CROSS JOIN LATERAL (SELECT 1 FROM wfstate.runs WHERE execution_id = 'secret' AND s IS NOT NULL OFFSET 0) AS x;
-- Directly: nothing is seen, written or removed; the functions say why.
SELECT count(*) FROM wfstate.runs WHERE execution_id = 'secret';
SELECT wf_tenant();
\echo :SQLSTATE
SET wfstate.tenant = 'oracle-b';
SELECT count(*) FROM wfstate.executions;
SELECT wf_tenant();
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SET wfstate.tenant = 'oracle-b';
SELECT wf_grant_access('regress_wf_spy', 'writer', '{oracle-a}');
SET SESSION AUTHORIZATION regress_wf_spy;
UPDATE wfstate.runs SET priority = 9;
DELETE FROM wfstate.runs;
INSERT INTO wfstate.runs (tenant, execution_id) VALUES ('oracle-b', 'secret');
\echo :SQLSTATE
INSERT INTO wfstate.runs (tenant, execution_id) VALUES ('oracle-b', 'none');
\echo :SQLSTATE
RESET SESSION AUTHORIZATION;
SELECT priority FROM wfstate.runs WHERE execution_id = 'secret';
SELECT wf_delete('secret');
SELECT wf_revoke_access('regress_wf_spy');
DROP ROLE regress_wf_spy;
