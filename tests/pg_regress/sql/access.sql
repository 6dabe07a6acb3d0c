-- Rights: none without wf_grant_access, exactly what is needed with it; and what the catalog says.
\set SHOW_CONTEXT never
\pset null (null)
SET wfstate.tenant = 'access';
SELECT wf_save_state('a', '{"n": 1}', tags => '{"t": 1}'), wf_checkpoint('a', 'cp');
CREATE ROLE regress_wf_nobody;
CREATE ROLE regress_wf_reader;
CREATE ROLE regress_wf_writer;
CREATE ROLE regress_wf_operator;
CREATE ROLE regress_wf_admin;
CREATE ROLE "regress ""odd"" role";
SELECT wf_grant_access('regress_wf_reader', 'reader'), wf_grant_access('regress_wf_writer', 'writer'), wf_grant_access('regress_wf_operator', 'operator'), wf_grant_access('regress_wf_admin', access => 'admin'), wf_grant_access('regress "odd" role', 'reader');
-- Every function of the API: who may call it.
CREATE VIEW pg_temp.api AS
SELECT p.oid, p.proname, n.nspname, p.provolatile, p.proparallel, p.proisstrict, p.prosecdef, p.proretset, p.proleakproof, p.proacl, p.proconfig, l.lanname
  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'wfstate' JOIN pg_proc p ON p.oid = d.objid JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
 WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e';
SELECT CASE nspname WHEN 'wfstate' THEN 'wfstate.' ELSE '' END || proname AS function, provolatile AS volatility, proparallel AS parallel, proisstrict AS strict, prosecdef AS definer,
       concat_ws(' ', CASE WHEN has_function_privilege('regress_wf_nobody', oid, 'EXECUTE') THEN 'public' END, CASE WHEN has_function_privilege('regress_wf_reader', oid, 'EXECUTE') THEN 'reader' END,
         CASE WHEN has_function_privilege('regress_wf_writer', oid, 'EXECUTE') THEN 'writer' END, CASE WHEN has_function_privilege('regress_wf_operator', oid, 'EXECUTE') THEN 'operator' END, CASE WHEN has_function_privilege('regress_wf_admin', oid, 'EXECUTE') THEN 'admin' END) AS may_call
  FROM pg_temp.api ORDER BY nspname = 'wfstate', proname COLLATE "C";
-- Every signature.
\pset format unaligned
SELECT proname || '(' || pg_get_function_arguments(oid) || ') -> ' || pg_get_function_result(oid) AS signature FROM pg_temp.api WHERE nspname <> 'wfstate' ORDER BY proname COLLATE "C", 1;
\pset format aligned
-- No overloads, all arguments named, all optional ones with a default; what runs as its owner has a search_path.
SELECT proname FROM pg_temp.api GROUP BY proname HAVING count(*) > 1;
SELECT proname, proconfig FROM pg_temp.api WHERE prosecdef ORDER BY proname;
-- Tables.
SELECT c.relname, r.role, string_agg(p, ' ' ORDER BY o) AS rights FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'wfstate',
    unnest('{regress_wf_nobody,regress_wf_reader,regress_wf_writer,regress_wf_operator,regress_wf_admin}'::text[]) WITH ORDINALITY r (role, ord), unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) WITH ORDINALITY x (p, o)
 WHERE c.relkind IN ('r', 'v', 'S', 'p') AND has_table_privilege(r.role, c.oid, p) GROUP BY c.relname, r.role, r.ord ORDER BY c.relname, r.ord;
SELECT has_schema_privilege('regress_wf_nobody', 'wfstate', 'USAGE') AS nobody, has_schema_privilege('regress_wf_reader', 'wfstate', 'USAGE') AS reader, has_schema_privilege('regress_wf_admin', 'wfstate', 'CREATE') AS admin_creates;
-- Nothing is PUBLIC's but wf_tenant.
SELECT 'function ' || proname AS public FROM pg_temp.api, aclexplode(coalesce(proacl, acldefault('f', 10))) a WHERE a.grantee = 0
UNION ALL SELECT 'relation ' || relname FROM pg_class c, aclexplode(coalesce(relacl, acldefault('r', 10))) a WHERE relnamespace = 'wfstate'::regnamespace AND relkind IN ('r', 'v') AND a.grantee = 0
UNION ALL SELECT 'schema' FROM pg_namespace n, aclexplode(coalesce(nspacl, acldefault('n', 10))) a WHERE nspname = 'wfstate' AND a.grantee = 0;
-- In practice: nobody.
SET ROLE regress_wf_nobody;
SELECT wf_tenant();
\echo :SQLSTATE
SELECT wf_load_state('a');
\echo :SQLSTATE
SELECT wf_save_state('a', '1');
\echo :SQLSTATE
SELECT * FROM wf_tenants();
\echo :SQLSTATE
SELECT * FROM wfstate.executions;
\echo :SQLSTATE
SELECT wf_grant_access('regress_wf_nobody', 'admin');
\echo :SQLSTATE
-- A reader.
SET ROLE regress_wf_reader;
SELECT wf_load_state('a'), wf_state_at('a', 1), wf_diff('a', 1), wf_export('a') IS NOT NULL AS exported, (SELECT valid FROM wf_verify('a')) AS valid, (SELECT count(*) FROM wf_history('a')) AS history,
    (SELECT count(*) FROM wf_checkpoints('a')) AS checkpoints, (SELECT count(*) FROM wf_list(tags => '{"t": 1}')) AS listed, (SELECT count(*) FROM wf_find('{"n": 1}', tags => '{"t": 1}')) AS found, (SELECT count(*) FROM wf_load_many('{a}')) AS loaded, (SELECT count(*) FROM wf_load('a')) AS loaded_one;
SELECT (SELECT count(*) FROM wf_circuits()) AS circuits, (SELECT count(*) FROM wf_circuits_open()) AS open, (SELECT count(*) FROM wf_circuit_transitions()) AS transitions, (SELECT count(*) FROM wf_circuit_policy('a')) AS policies;
SELECT * FROM wf_circuit_allow('a');
\echo :SQLSTATE
SELECT wf_save_state('a', '1');
\echo :SQLSTATE
SELECT wf_declare_search('w', '{}');
\echo :SQLSTATE
SELECT * FROM wf_tenants();
\echo :SQLSTATE
DELETE FROM wfstate.executions;
\echo :SQLSTATE
SELECT * FROM wfstate.tenant_roles;
\echo :SQLSTATE
-- A writer does everything of State and Checkpoints.
SET ROLE regress_wf_writer;
SELECT wf_save_state('b', '{"n": 1}', tags => '{"t": 2}'), wf_patch_state('b', '{"n": 2}'), wf_checkpoint('b', 'cp'), wf_recover('b', version => 1), wf_fork('b', 'c'), wf_drop_checkpoint('b', 'cp');
SELECT wf_prune_history('b', 1);
\echo :SQLSTATE
SELECT * FROM wf_maintain();
\echo :SQLSTATE
SELECT * FROM wf_prune_routing('1 day');
\echo :SQLSTATE
SELECT wf_recalculate_statistics();
\echo :SQLSTATE
SELECT * FROM wf_save_states('{b,d}', ARRAY['1', '2']::jsonb[]);
SELECT wf_import(wf_export('b'), 'e');
SELECT execution_id, initiated_by FROM wf_load('b');
SELECT saved_by FROM wf_history('b');
SELECT wf_delete('b'), wf_delete('c'), wf_delete('d'), wf_delete('e');
SELECT wf_declare_search('w', '{}');
\echo :SQLSTATE
SELECT c.allowed, r.state, wf_circuit_save('b', 'open', '2020-01-01'), (SELECT count(*) FROM wf_circuits_recover()) AS recovered, wf_circuit_reset('b') FROM wf_circuit_allow('b') c, wf_circuit_record('b', false) r;
SELECT changed_by FROM wf_circuit_transitions('b') LIMIT 1;
DELETE FROM wfstate.circuits; DELETE FROM wfstate.circuit_transitions;
SELECT wf_circuit_configure('b', window_size => 1);
\echo :SQLSTATE
INSERT INTO wfstate.circuit_policies (tenant, agent_key) VALUES ('access', 'b');
\echo :SQLSTATE
SELECT wf_grant_tenant('regress_wf_writer', 'x');
\echo :SQLSTATE
SELECT wf_grant_access('regress_wf_nobody', 'reader');
\echo :SQLSTATE
INSERT INTO wfstate.search_paths VALUES ('access', 'w', '{}');
\echo :SQLSTATE
-- An operator does the chores of a tenant, and grants nothing.
SET ROLE regress_wf_operator;
SELECT wf_save_state('o', '1'), wf_save_state('o', '2'), wf_prune_history('o', 1), wf_delete('o');
SELECT wf_declare_search('w', '{/n}'), wf_declare_search('w', '{}'), wf_circuit_configure('b', window_size => 1), wf_circuit_configure('b', replace => true);
SELECT wf_recalculate_statistics() AS recalculated, (SELECT decisions FROM wf_prune_routing('1 day')) AS pruned, (SELECT count(*) > 0 FROM wf_maintain()) AS maintained;
SELECT wf_grant_access('regress_wf_nobody', 'reader');
\echo :SQLSTATE
SELECT wf_revoke_access('regress_wf_reader');
\echo :SQLSTATE
SELECT * FROM wf_tenants();
\echo :SQLSTATE
SELECT * FROM wfstate.tenant_roles;
\echo :SQLSTATE
-- An admin grants on, and reads as an ordinary role below row-level security.
SET ROLE regress_wf_admin;
SELECT wf_declare_search('w', '{/n}'), wf_declare_search('w', '{}'), wf_circuit_configure('b', window_size => 1), wf_circuit_configure('b', replace => true);
SELECT wf_grant_tenant('regress_wf_nobody', 'x'), wf_revoke_tenant('regress_wf_nobody', 'x');
SELECT wf_grant_access('regress_wf_nobody', 'reader');
SELECT wf_save_state('admin', '1'), wf_delete('admin');
SET ROLE regress_wf_nobody;
SELECT wf_load_state('a');
RESET ROLE;
SELECT wf_grant_access('regress_wf_nobody', 'owner');
\echo :SQLSTATE
SELECT wf_grant_access('regress_wf_nobody', NULL);
\echo :SQLSTATE
SELECT wf_grant_access(NULL, 'reader');
\echo :SQLSTATE
SELECT wf_grant_access('regress_wf_none', 'reader');
\echo :SQLSTATE
SELECT wf_grant_access('PUBLIC', 'reader');
\echo :SQLSTATE
-- Taking it all back: what remains is nothing.
CREATE VIEW pg_temp.remains AS
SELECT r.rolname, count(*) FILTER (WHERE d.objid IS NOT NULL) AS rights, (SELECT count(*) FROM wfstate.tenant_roles t WHERE t.role = r.oid::regrole) AS tenants
  FROM pg_roles r LEFT JOIN pg_shdepend d ON d.refobjid = r.oid AND d.refclassid = 'pg_authid'::regclass AND d.deptype = 'a' AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
 WHERE r.rolname ~ '^regress' GROUP BY r.oid, r.rolname;
SELECT rolname, rights > 0 AS rights, tenants FROM pg_temp.remains ORDER BY rolname COLLATE "C";
SELECT wf_revoke_access('regress "odd" role'), wf_revoke_access('regress "odd" role'), wf_revoke_access(role => 'regress_wf_reader'), wf_revoke_access('regress_wf_writer');
-- Rights of columns go, too; so does what an admin has granted, whoever revokes.
GRANT UPDATE (note) ON wfstate.state_versions TO regress_wf_operator;
SET ROLE regress_wf_admin;
SELECT wf_revoke_access('regress_wf_operator'), wf_revoke_access('regress_wf_operator');
RESET ROLE;
-- What was passed on by the option that a superuser gave must be taken back there first.
GRANT EXECUTE ON FUNCTION wf_load_state TO regress_wf_admin WITH GRANT OPTION;
SET ROLE regress_wf_admin;
GRANT EXECUTE ON FUNCTION wf_load_state TO regress_wf_operator;
RESET ROLE;
SELECT wf_revoke_access('regress_wf_admin');
\echo :SQLSTATE
SELECT wf_revoke_access('regress_wf_operator'), wf_revoke_access('regress_wf_nobody'), wf_revoke_access('regress_wf_admin');
SELECT rolname, rights > 0 AS rights, tenants FROM pg_temp.remains ORDER BY rolname COLLATE "C";
SET ROLE regress_wf_admin;
SELECT wf_grant_access('regress_wf_nobody', 'reader');
\echo :SQLSTATE
RESET ROLE;
SELECT wf_revoke_access(NULL);
\echo :SQLSTATE
SELECT wf_revoke_access('regress_wf_none');
\echo :SQLSTATE
-- EXECUTE alone is not enough: what is missing is told, and the statement that it is missing for is not.
\set SHOW_CONTEXT errors
GRANT EXECUTE ON FUNCTION wf_load_state, wf_list, wf_find, wf_save_state, wf_agent_statistics TO regress_wf_nobody;
SELECT wf_grant_tenant('regress_wf_nobody', 'access');
SET ROLE regress_wf_nobody;
SELECT wf_load_state('a');
\echo :SQLSTATE
RESET ROLE;
GRANT USAGE ON SCHEMA wfstate TO regress_wf_nobody;
SET ROLE regress_wf_nobody;
SELECT wf_load_state('a');
\echo :SQLSTATE
SELECT * FROM wf_list();
SELECT wf_find('{}');
SELECT wf_save_state('a', '1');
SELECT * FROM wf_agent_statistics();
DO $$ BEGIN PERFORM wf_load_state('a'); END $$;
-- The session goes on.
BEGIN;
SAVEPOINT before;
SELECT wf_save_state('a', '1');
ROLLBACK TO before;
SELECT 1 AS on;
COMMIT;
RESET ROLE;
\set SHOW_CONTEXT never
-- The owner of the objects has its rights from nobody.
SELECT wf_revoke_access(current_user::text), wf_load_state('a');
SELECT wf_delete('a');
DROP VIEW pg_temp.remains;
DROP OWNED BY regress_wf_admin, regress_wf_nobody, regress_wf_reader, regress_wf_writer, regress_wf_operator, "regress ""odd"" role";
DROP ROLE regress_wf_admin, regress_wf_nobody, regress_wf_reader, regress_wf_writer, regress_wf_operator, "regress ""odd"" role";
