-- Group: Tenants and rights
-- Whose rows a session sees, and which roles may name which.

-- wf_tenant under a name that no choice of schema changes: the policies and the statements say the same, so
-- that the planner sees one condition where it would see two, and a filter between them. NULL, not an error: a
-- cheaper condition of the caller's is looked at before, so that an error would tell of a row that fits it.
CREATE FUNCTION wfstate.current_tenant() RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'current_tenant_wrapper';
COMMENT ON FUNCTION wfstate.current_tenant IS 'wf_tenant, for the policies and statements of the extension; NULL where that refuses, so that no row is seen.';
INSERT INTO wfstate.access VALUES ('current_tenant', 'everybody');

-- Sessions keep copies of some small tables; a change tells them so, also when it is replicated: ALWAYS, and for each
-- row, since a subscription fires no trigger of a statement.
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
COMMENT ON TABLE wfstate.tenant_roles IS 'Which tenants were granted to which roles. A role may use those granted to it or to a role that it is a member of, and no others. Written by functions only.';
COMMENT ON COLUMN wfstate.tenant_roles.role IS 'The role.';
COMMENT ON COLUMN wfstate.tenant_roles.tenant IS 'A tenant that it may use; * for all.';
COMMENT ON COLUMN wfstate.tenant_roles.granted_by IS 'Role that granted it.';
COMMENT ON COLUMN wfstate.tenant_roles.granted_at IS 'When.';
COMMENT ON INDEX wfstate.tenant_roles_pkey IS 'The tenants of one role.';
COMMENT ON CONSTRAINT tenant_roles_pkey ON wfstate.tenant_roles IS 'A tenant is granted to a role once.';
CREATE TRIGGER tenant_roles_invalidate AFTER INSERT OR UPDATE OR DELETE
    ON wfstate.tenant_roles FOR EACH ROW EXECUTE FUNCTION wfstate.invalidate();
CREATE TRIGGER tenant_roles_invalidate_all AFTER TRUNCATE
    ON wfstate.tenant_roles FOR EACH STATEMENT EXECUTE FUNCTION wfstate.invalidate();
ALTER TABLE wfstate.tenant_roles ENABLE ALWAYS TRIGGER tenant_roles_invalidate;
ALTER TABLE wfstate.tenant_roles ENABLE ALWAYS TRIGGER tenant_roles_invalidate_all;
COMMENT ON TRIGGER tenant_roles_invalidate ON wfstate.tenant_roles IS 'Makes every session read the grants again.';
COMMENT ON TRIGGER tenant_roles_invalidate_all ON wfstate.tenant_roles IS 'The same after TRUNCATE.';

-- The script gives the database's owner all tenants, and so it does where a dump is restored. What the dump says
-- then takes the place of that.
CREATE FUNCTION wfstate.place_grant() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM wfstate.tenant_roles AS r WHERE r.role = NEW.role AND (r.tenant = '*') <> (NEW.tenant = '*');
    -- Locked: a row that is gone but for an old snapshot must not count.
    PERFORM FROM wfstate.tenant_roles AS r WHERE r.role = NEW.role AND r.tenant = NEW.tenant FOR KEY SHARE;
    IF FOUND THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION wfstate.place_grant IS 'Trigger: a role has all tenants or named ones, and each once.';
INSERT INTO wfstate.access VALUES ('place_grant', 'nobody');
CREATE TRIGGER tenant_roles_place BEFORE INSERT
    ON wfstate.tenant_roles FOR EACH ROW EXECUTE FUNCTION wfstate.place_grant();
-- Also where a subscription copies the grants: it would stop at the owner's that both sides have.
ALTER TABLE wfstate.tenant_roles ENABLE ALWAYS TRIGGER tenant_roles_place;
COMMENT ON TRIGGER tenant_roles_place ON wfstate.tenant_roles IS 'A role has all tenants or named ones, and each once.';
CREATE FUNCTION wfstate.may_use(tenant text) RETURNS bool
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'may_use_wrapper';
COMMENT ON FUNCTION wfstate.may_use IS 'Whether everybody on whose behalf the call runs may use a tenant; * when they may use all. For the policy.';
INSERT INTO wfstate.access VALUES ('may_use', 'admin');
-- Grants decide about tenants and so belong to none; only admins have the right to read the table, and nobody but
-- its owner, as whom the functions below run their statements, to write it.
CREATE POLICY tenant_roles_admin ON wfstate.tenant_roles FOR SELECT USING (wfstate.may_use(tenant));
COMMENT ON POLICY tenant_roles_admin ON wfstate.tenant_roles IS 'Admins see the grants of the tenants that they may use.';
INSERT INTO wfstate.access VALUES ('wfstate.tenant_roles', 'nobody', 'admin');

CREATE FUNCTION @extschema@.wf_tenant() RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_tenant_wrapper';
COMMENT ON FUNCTION @extschema@.wf_tenant IS
'Returns the tenant of the session, the setting wfstate.tenant, after checking that the calling role may use it. Row-level security compares every row with it. A role may use the tenants that were granted to it or to a role that it is a member of, a superuser every one. The role that logged in, the one of SET ROLE and the owner of a SECURITY DEFINER function must all be allowed.
Errors: 42501 when the tenant was not granted, or in a SECURITY DEFINER function inside VACUUM, ANALYZE, REINDEX or REFRESH; 22023 when the setting is empty or *; 54000 when it is longer than 255 bytes.';
INSERT INTO wfstate.access VALUES ('wf_tenant', 'everybody');

CREATE FUNCTION @extschema@.wf_grant_access(role text, access text, tenants text[] DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_grant_access_wrapper';
COMMENT ON FUNCTION @extschema@.wf_grant_access IS
'Gives a role the rights on tables and functions that it needs, and tenants. reader: everything that only reads. writer: also saving, checkpoints, recovery, forks, import, deletion, recording. operator: also the chores of a tenant, such as declaring searches, configuring circuits, pruning. admin: also granting. Each includes the one before. tenants: those that are granted besides what the role has, {*} for all instead of named ones, {} for none besides; NULL gives a role all that has none yet, by itself or as a member of another, and leaves others as they are. For admins who may use all tenants, since a level counts in each of them; CREATE EXTENSION makes the installing role one, and the database''s owner. Nobody gets the option to pass the rights on by GRANT.
Errors: 22023 when the role or the access does not exist; 42501 when the caller may not use all tenants.';
INSERT INTO wfstate.access VALUES ('wf_grant_access', 'admin');

CREATE FUNCTION @extschema@.wf_revoke_access(role text) RETURNS bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_revoke_access_wrapper';
COMMENT ON FUNCTION @extschema@.wf_revoke_access IS
'Takes from a role everything that wf_grant_access has given: its rights on the schema wfstate, on tables and functions, and its tenants. What it has as a member of another role stays. For admins who may use all tenants.
Returns true, or false when it had nothing.
Errors: 22023 when the role does not exist; 42501 when the caller may not use all tenants, or somebody else than the extension''s owner granted the rights by GRANT whose rights the caller does not have; 2BP01 when the role has granted such rights to others.';
INSERT INTO wfstate.access VALUES ('wf_revoke_access', 'admin');

CREATE FUNCTION @extschema@.wf_grant_tenant(role text, tenant text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_grant_tenant_wrapper';
COMMENT ON FUNCTION @extschema@.wf_grant_tenant IS
'Grants a tenant to a role: besides those that it has by name, or instead of all of them (*), so that it may use no other from now on. * grants all. Members of the role may use its tenants, too. Granting twice is no error. For admins who may use all tenants themselves.
Errors: 22023 when the role does not exist or an argument is NULL or empty; 42501 when the caller may not use all tenants; 54000 when the tenant is longer than 255 bytes.';
INSERT INTO wfstate.access VALUES ('wf_grant_tenant', 'admin');

CREATE FUNCTION @extschema@.wf_revoke_tenant(role text, tenant text) RETURNS bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_revoke_tenant_wrapper';
COMMENT ON FUNCTION @extschema@.wf_revoke_tenant IS
'Takes a tenant from a role, or all that was granted as *. A role without any may use none. For admins who may use all tenants themselves.
Returns true, or false when it was not granted.
Errors: 22023 when the role does not exist or an argument is NULL or empty; 42501 when the caller may not use all tenants.';
INSERT INTO wfstate.access VALUES ('wf_revoke_tenant', 'admin');

CREATE FUNCTION @extschema@.wf_tenants(role text DEFAULT NULL) RETURNS TABLE (
    role text, tenant text, granted_by text, granted_at timestamptz
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_tenants_wrapper';
COMMENT ON FUNCTION @extschema@.wf_tenants IS
'Lists which tenants were granted to which roles, of one role or of all; * stands for all tenants. Superusers, who may use every tenant, are not listed, nor are tenants that the caller may not use. For admins.
Errors: 22023 when the role does not exist.';
INSERT INTO wfstate.access VALUES ('wf_tenants', 'admin');
