-- What follows from the declarations before: each table's protection, and everybody's rights. Every table of the
-- extension that has a tenant gets the same, so that none can be forgotten.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT c.oid, c.relname,
               EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'tenant') AS has_tenant
          FROM pg_class AS c
         WHERE c.relnamespace = 'wfstate'::regnamespace AND c.relkind = 'r' AND c.relname <> 'access'
         ORDER BY c.relname
    LOOP
        PERFORM pg_extension_config_dump(item.oid, '');
        EXECUTE format('ALTER TABLE wfstate.%I ENABLE ROW LEVEL SECURITY', item.relname);
        CONTINUE WHEN item.relname = 'tenant_roles';
        EXECUTE format('CREATE POLICY %I ON wfstate.%I USING (tenant = wfstate.current_tenant())
                            WITH CHECK (tenant = wfstate.current_tenant())', item.relname || '_tenant', item.relname);
        EXECUTE format('COMMENT ON POLICY %I ON wfstate.%I IS %L', item.relname || '_tenant', item.relname,
                       'Only the session''s tenant.');
    END LOOP;
    FOR item IN
        SELECT p.oid::regprocedure AS routine, a.level
          FROM pg_depend AS d
          JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'wfstate'
          JOIN pg_proc AS p ON p.oid = d.objid
          LEFT JOIN wfstate.access AS a ON a.object = p.proname
         WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    LOOP
        IF item.level IS NULL THEN
            RAISE EXCEPTION 'wfstate.access says nothing about %', item.routine;
        END IF;
        CONTINUE WHEN item.level = 'everybody';
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', item.routine);
    END LOOP;
END
$$;

-- A trusted extension's objects belong to the bootstrap superuser; who installs it administers it, and so
-- does the database's owner, also where a superuser restores the database.
SELECT @extschema@.wf_grant_access((parse_ident('@extowner@'))[1], 'admin');
SELECT @extschema@.wf_grant_access(pg_get_userbyid(d.datdba)::text, 'admin')
  FROM pg_database AS d WHERE d.datname = current_database();
