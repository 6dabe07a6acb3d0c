-- What follows from the declarations before: each table's protection, and everybody's rights. Every table of the
-- extension that has a tenant gets the same, so that none can be forgotten.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT c.oid, c.relname FROM pg_class AS c
         WHERE c.relnamespace = 'wfstate'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'access'
         ORDER BY c.relname
    LOOP
        -- A row of a role that is gone would be restored for whichever role has its OID there.
        PERFORM pg_extension_config_dump(item.oid, CASE WHEN item.relname = 'tenant_roles'
            THEN 'WHERE role::pg_catalog.oid IN (SELECT oid FROM pg_catalog.pg_roles)' ELSE '' END);
        EXECUTE format('ALTER TABLE wfstate.%I ENABLE ROW LEVEL SECURITY', item.relname);
        CONTINUE WHEN item.relname = 'tenant_roles';
        EXECUTE format('CREATE POLICY %I ON wfstate.%I USING (tenant = wfstate.current_tenant())
                            WITH CHECK (tenant = wfstate.current_tenant())', item.relname || '_tenant', item.relname);
        EXECUTE format('COMMENT ON POLICY %I ON wfstate.%I IS %L', item.relname || '_tenant', item.relname,
                       'Only the session''s tenant.');
    END LOOP;
    -- One long execution must not make the planner read a table through for each of the others: whatever a sample
    -- holds, an execution has few rows of a table, and is looked up by an index.
    FOR item IN
        SELECT c.relname, a.attname
          FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
         WHERE c.relnamespace = 'wfstate'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname ~ 'execution_id$'
           AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnatts = 2
                                                       AND a.attnum = i.indkey[1])
         ORDER BY c.relname, a.attnum
    LOOP
        EXECUTE format('ALTER TABLE wfstate.%I ALTER COLUMN %I SET (n_distinct = -0.2, n_distinct_inherited = -0.2)',
                       item.relname, item.attname);
    END LOOP;
    -- The columns of a partition are its parent's.
    FOR item IN
        SELECT c.relname, a.attname, col_description(i.inhparent, a.attnum) AS comment
          FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relkind = 'r'
          JOIN pg_attribute AS a ON a.attrelid = i.inhparent AND a.attnum > 0
         WHERE c.relnamespace = 'wfstate'::regnamespace
    LOOP
        EXECUTE format('COMMENT ON COLUMN wfstate.%I.%I IS %L', item.relname, item.attname, item.comment);
    END LOOP;
    -- The values of sequences go with the rows.
    FOR item IN
        SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = 'wfstate'::regnamespace AND c.relkind = 'S'
         ORDER BY c.relname
    LOOP
        PERFORM pg_extension_config_dump(item.oid, '');
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
-- does the database's owner, also where a superuser restores the database. Every argument is given with its very
-- type, so that no function of the schema that the caller has chosen fits better.
INSERT INTO wfstate.tenant_roles (role, tenant)
SELECT r.oid::regrole, '*' FROM pg_roles AS r
 WHERE NOT r.rolsuper AND (r.rolname = (parse_ident('@extowner@'))[1]
       OR r.oid = (SELECT d.datdba FROM pg_database AS d WHERE d.datname = current_database()));
SELECT @extschema@.wf_grant_access((parse_ident('@extowner@'))[1]::text, 'admin'::text, '{}'::text[]);
SELECT @extschema@.wf_grant_access(pg_get_userbyid(d.datdba)::text, 'admin'::text, '{}'::text[])
  FROM pg_database AS d WHERE d.datname = current_database();

-- Rights given while the script runs are remembered as the extension's own, for pg_dump to leave out. Up to 16 they
-- are remembered beyond the role: once one of them is dropped, or one that default privileges name, a dump revokes
-- from a number and cannot be restored, nor can pg_upgrade pass. Without them a dump states the rights as they are.
DO $$
BEGIN
    IF current_setting('server_version_num')::integer < 170000 THEN
        DELETE FROM pg_init_privs AS i USING pg_depend AS d, pg_extension AS e
         WHERE e.extname = 'wfstate' AND d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
           AND d.deptype = 'e' AND i.classoid = d.classid AND i.objoid = d.objid;
    END IF;
END
$$;
