-- Group: Tenants and rights
-- Whose rows a session sees, and which roles may name which.

-- wf_tenant under a name that no choice of schema changes: the policies and the statements say the same, so
-- that the planner sees one condition where it would see two, and a filter between them.
CREATE FUNCTION wfstate.current_tenant() RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_tenant_wrapper';
COMMENT ON FUNCTION wfstate.current_tenant IS 'wf_tenant, for the policies and statements of the extension.';
INSERT INTO wfstate.access VALUES ('current_tenant', 'everybody');

-- Sessions keep copies of some small tables; a change tells them so. ALWAYS: also when it is replicated.
CREATE FUNCTION wfstate.invalidate() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'invalidate_wrapper';
COMMENT ON FUNCTION wfstate.invalidate IS 'Trigger: tells every session that its copy of the table is stale.';
INSERT INTO wfstate.access VALUES ('invalidate', 'nobody');

CREATE TABLE wfstate.tenant_roles (
    role       regrole NOT NULL,
    tenant     wfstate.identifier NOT NULL,
    granted_by text NOT NULL DEFAULT CURRENT_USER,
    granted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT tenant_roles_pkey PRIMARY KEY (role, tenant)
);
COMMENT ON TABLE wfstate.tenant_roles IS 'Roles bound to tenants: a role with a row here, or that is a member of one, is refused every other tenant.';
COMMENT ON COLUMN wfstate.tenant_roles.role IS 'The bound role.';
COMMENT ON COLUMN wfstate.tenant_roles.tenant IS 'A tenant that it may use.';
COMMENT ON COLUMN wfstate.tenant_roles.granted_by IS 'Role that called wf_grant_tenant.';
COMMENT ON COLUMN wfstate.tenant_roles.granted_at IS 'When.';
COMMENT ON INDEX wfstate.tenant_roles_pkey IS 'The tenants of one role.';
COMMENT ON CONSTRAINT tenant_roles_pkey ON wfstate.tenant_roles IS 'A role is bound to a tenant once.';
CREATE TRIGGER tenant_roles_invalidate AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON wfstate.tenant_roles FOR EACH STATEMENT EXECUTE FUNCTION wfstate.invalidate();
ALTER TABLE wfstate.tenant_roles ENABLE ALWAYS TRIGGER tenant_roles_invalidate;
COMMENT ON TRIGGER tenant_roles_invalidate ON wfstate.tenant_roles IS 'Makes every session read the bindings again.';
-- Bindings decide about tenants and so belong to none; only admins have rights to the table.
CREATE POLICY tenant_roles_admin ON wfstate.tenant_roles USING (true) WITH CHECK (true);
COMMENT ON POLICY tenant_roles_admin ON wfstate.tenant_roles IS 'Whoever has rights to the table: admins.';
INSERT INTO wfstate.access VALUES ('wfstate.tenant_roles', 'admin');

CREATE FUNCTION @extschema@.wf_tenant() RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_tenant_wrapper';
COMMENT ON FUNCTION @extschema@.wf_tenant IS
'Returns the tenant of the session, the setting wfstate.tenant, after checking that the calling role may use it. Row-level security compares every row with it.
Errors: 42501 when the role, or a role that it is a member of, is bound to other tenants; 22023 when the setting is empty; 54000 when it is longer than 255 bytes.';
INSERT INTO wfstate.access VALUES ('wf_tenant', 'everybody');

CREATE FUNCTION @extschema@.wf_grant_access(role text, access text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_grant_access_wrapper';
COMMENT ON FUNCTION @extschema@.wf_grant_access IS
'Gives a role the rights on tables and functions that it needs. reader: everything that only reads. writer: also saving, checkpoints, recovery, forks, pruning, import and deletion. admin: also tenants, search declarations and this function. Each includes the one before. For admins; CREATE EXTENSION makes the installing role one.
Errors: 22023 when the role or the access does not exist; 42501 when the caller may not grant it.';
INSERT INTO wfstate.access VALUES ('wf_grant_access', 'admin');

CREATE FUNCTION @extschema@.wf_grant_tenant(role text, tenant text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_grant_tenant_wrapper';
COMMENT ON FUNCTION @extschema@.wf_grant_tenant IS
'Binds a role to a tenant. A role that is bound, or is a member of one that is, may use only the tenants that it is bound to, whatever wfstate.tenant says. A role may be bound to several. Binding twice is no error. For admins.
Errors: 22023 when the role does not exist or an argument is NULL or empty; 54000 when the tenant is longer than 255 bytes.';
INSERT INTO wfstate.access VALUES ('wf_grant_tenant', 'admin');

CREATE FUNCTION @extschema@.wf_revoke_tenant(role text, tenant text) RETURNS bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_revoke_tenant_wrapper';
COMMENT ON FUNCTION @extschema@.wf_revoke_tenant IS
'Takes a role''s binding to a tenant away. A role whose last binding goes may use every tenant again. For admins.
Returns true, or false when there was no such binding.
Errors: 22023 when the role does not exist or an argument is NULL or empty.';
INSERT INTO wfstate.access VALUES ('wf_revoke_tenant', 'admin');

CREATE FUNCTION @extschema@.wf_tenants(role text DEFAULT NULL) RETURNS TABLE (
    role text, tenant text, granted_by text, granted_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_tenants_wrapper';
COMMENT ON FUNCTION @extschema@.wf_tenants IS
'Lists which roles are bound to which tenants, of one role or of all. For admins.
Errors: 22023 when the role does not exist.';
INSERT INTO wfstate.access VALUES ('wf_tenants', 'admin');
