-- What stands behind the functions: candidates for wf_find, row-level security, and who may do what.

-- Called by the statements that append; and by the triggers below.
CREATE FUNCTION wfstate.chain_hash(base bigint, payload bigint) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'chain_hash_wrapper';
-- wf_tenant under a name that no choice of schema changes: the policies and the statements say the same, so
-- that the planner sees one condition where it would see two, and a filter between them.
CREATE FUNCTION wfstate.current_tenant() RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_tenant_wrapper';
CREATE FUNCTION wfstate.invalidate() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'invalidate_wrapper';

-- jsonb's operators are not leakproof, so that below row-level security they could not use an index. These
-- two run as the owner, who sees every row, and therefore compare the tenant themselves. EXECUTE plans for the
-- very tenant and document, since both may be rare or most of the table. What matches is collected before it
-- is sorted: with ORDER BY and LIMIT above it, the planner would rather walk the primary key and hope to meet
-- enough of it.
CREATE FUNCTION wfstate.candidates_by_document(workflow text, document jsonb, after text, max_rows bigint)
RETURNS SETOF text LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE
        'WITH matching AS MATERIALIZED (
             SELECT s.execution_id FROM wfstate.search AS s
              WHERE s.tenant = $1 AND s.document IS NOT NULL AND s.document @> $2 AND s.workflow = $3)
         SELECT m.execution_id::text FROM matching AS m WHERE m.execution_id > $4
          ORDER BY m.execution_id LIMIT $5'
    USING wfstate.current_tenant(), document, workflow, coalesce(after, ''), max_rows;
END
$$;
COMMENT ON FUNCTION wfstate.candidates_by_document IS 'Ids of the calling tenant''s executions whose declared paths contain the document, for wf_find.';

CREATE FUNCTION wfstate.candidates_by_tags(tags jsonb, after text, max_rows bigint)
RETURNS SETOF text LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE
        'WITH matching AS MATERIALIZED (
             SELECT s.execution_id FROM wfstate.search AS s
              WHERE s.tenant = $1 AND s.tags IS NOT NULL AND s.tags @> $2)
         SELECT m.execution_id::text FROM matching AS m WHERE m.execution_id > $3
          ORDER BY m.execution_id LIMIT $4'
    USING wfstate.current_tenant(), tags, coalesce(after, ''), max_rows;
END
$$;
COMMENT ON FUNCTION wfstate.candidates_by_tags IS 'Ids of the calling tenant''s executions whose tags contain these, for wf_find.';

-- Every session keeps a copy of these two tables; a change tells them so.
CREATE TRIGGER tenant_roles_invalidate AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON wfstate.tenant_roles FOR EACH STATEMENT EXECUTE FUNCTION wfstate.invalidate();
CREATE TRIGGER search_paths_invalidate AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON wfstate.search_paths FOR EACH STATEMENT EXECUTE FUNCTION wfstate.invalidate();
COMMENT ON TRIGGER tenant_roles_invalidate ON wfstate.tenant_roles IS 'Makes every session read the bindings again.';
COMMENT ON TRIGGER search_paths_invalidate ON wfstate.search_paths IS 'Makes every session read the declarations again.';

ALTER TABLE wfstate.executions ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfstate.state_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfstate.checkpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfstate.search ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfstate.search_paths ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfstate.tenant_roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfstate.circuits ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfstate.circuit_policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfstate.circuit_transitions ENABLE ROW LEVEL SECURITY;

CREATE POLICY executions_tenant ON wfstate.executions
    USING (tenant = wfstate.current_tenant()) WITH CHECK (tenant = wfstate.current_tenant());
CREATE POLICY state_versions_tenant ON wfstate.state_versions
    USING (tenant = wfstate.current_tenant()) WITH CHECK (tenant = wfstate.current_tenant());
CREATE POLICY checkpoints_tenant ON wfstate.checkpoints
    USING (tenant = wfstate.current_tenant()) WITH CHECK (tenant = wfstate.current_tenant());
CREATE POLICY search_tenant ON wfstate.search
    USING (tenant = wfstate.current_tenant()) WITH CHECK (tenant = wfstate.current_tenant());
CREATE POLICY search_paths_tenant ON wfstate.search_paths
    USING (tenant = wfstate.current_tenant()) WITH CHECK (tenant = wfstate.current_tenant());
CREATE POLICY routing_decisions_tenant ON wfstate.routing_decisions
    USING (tenant = wfstate.current_tenant()) WITH CHECK (tenant = wfstate.current_tenant());
CREATE POLICY agent_statistics_tenant ON wfstate.agent_statistics
    USING (tenant = wfstate.current_tenant()) WITH CHECK (tenant = wfstate.current_tenant());
CREATE POLICY routing_retention_tenant ON wfstate.routing_retention
    USING (tenant = wfstate.current_tenant()) WITH CHECK (tenant = wfstate.current_tenant());
CREATE POLICY circuits_tenant ON wfstate.circuits
    USING (tenant = wfstate.current_tenant()) WITH CHECK (tenant = wfstate.current_tenant());
CREATE POLICY circuit_policies_tenant ON wfstate.circuit_policies
    USING (tenant = wfstate.current_tenant()) WITH CHECK (tenant = wfstate.current_tenant());
CREATE POLICY circuit_transitions_tenant ON wfstate.circuit_transitions
    USING (tenant = wfstate.current_tenant()) WITH CHECK (tenant = wfstate.current_tenant());
-- Bindings decide about tenants and so belong to none; only admins have rights to the table.
CREATE POLICY tenant_roles_admin ON wfstate.tenant_roles USING (true) WITH CHECK (true);
COMMENT ON POLICY executions_tenant ON wfstate.executions IS 'Only the session''s tenant.';
COMMENT ON POLICY state_versions_tenant ON wfstate.state_versions IS 'Only the session''s tenant.';
COMMENT ON POLICY checkpoints_tenant ON wfstate.checkpoints IS 'Only the session''s tenant.';
COMMENT ON POLICY search_tenant ON wfstate.search IS 'Only the session''s tenant.';
COMMENT ON POLICY search_paths_tenant ON wfstate.search_paths IS 'Only the session''s tenant.';
COMMENT ON POLICY routing_decisions_tenant ON wfstate.routing_decisions IS 'Only the session''s tenant.';
COMMENT ON POLICY agent_statistics_tenant ON wfstate.agent_statistics IS 'Only the session''s tenant.';
COMMENT ON POLICY routing_retention_tenant ON wfstate.routing_retention IS 'Only the session''s tenant.';
COMMENT ON POLICY circuits_tenant ON wfstate.circuits IS 'Only the session''s tenant.';
COMMENT ON POLICY circuit_policies_tenant ON wfstate.circuit_policies IS 'Only the session''s tenant.';
COMMENT ON POLICY circuit_transitions_tenant ON wfstate.circuit_transitions IS 'Only the session''s tenant.';
COMMENT ON POLICY tenant_roles_admin ON wfstate.tenant_roles IS 'Whoever has rights to the table: admins.';

COMMENT ON SCHEMA wfstate IS 'Tables and internals of the extension wfstate.';
COMMENT ON FUNCTION wfstate.chain_hash IS 'Links the hash of a version''s content to the hash of its base.';
COMMENT ON FUNCTION wfstate.current_tenant IS 'wf_tenant, for the policies and statements of the extension.';
COMMENT ON FUNCTION wfstate.invalidate IS 'Trigger: tells every session that its copy of the table is stale.';

-- Nobody may do anything until wf_grant_access says so: neither the API nor what stands behind it is left to
-- PUBLIC. But every role must be able to ask for its tenant, which the policies do, and to use the types.
DO $$
DECLARE
    routine pg_catalog.regprocedure;
BEGIN
    FOR routine IN
        SELECT p.oid FROM pg_catalog.pg_proc AS p
          JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
               AND d.objid = p.oid AND d.deptype = 'e'
          JOIN pg_catalog.pg_extension AS e ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
               AND e.oid = d.refobjid AND e.extname = 'wfstate'
         WHERE (p.proname LIKE 'wf\_%' AND p.proname <> 'wf_tenant')
            OR (p.pronamespace = 'wfstate'::pg_catalog.regnamespace
                AND p.proname IN ('chain_hash', 'invalidate', 'candidates_by_document', 'candidates_by_tags'))
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', routine);
    END LOOP;
END
$$;

-- A trusted extension's objects belong to the bootstrap superuser; who installs it administers it, and so
-- does the database's owner, also where a superuser restores the database.
SELECT wf_grant_access((pg_catalog.parse_ident('@extowner@'))[1], 'admin');
SELECT wf_grant_access(pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text, 'admin')
  FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database();
