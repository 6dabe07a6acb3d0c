-- Group: Time partitions
-- Logs and metrics by time, so that old ones go with the table that they are in.

-- pg_partman runs with its own schema before pg_catalog on the search path, and whoever may put something there runs it
-- as the caller. So nothing may be there but what is its own, and what it makes itself: templates of tables.
CREATE FUNCTION wfstate.check_partman(partman oid, schema oid) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    trusted oid[] := ARRAY(SELECT r.oid FROM pg_roles AS r WHERE r.rolsuper OR r.rolname = CURRENT_USER);
    foreigner text;
    place     text := quote_ident((SELECT n.nspname FROM pg_namespace AS n WHERE n.oid = schema));
BEGIN
    -- Whoever has it, or may create in it, could change it again at any time.
    SELECT quote_ident(pg_get_userbyid(o.role)) INTO foreigner
      FROM (SELECT n.nspowner FROM pg_namespace AS n WHERE n.oid = schema
            UNION ALL SELECT e.extowner FROM pg_extension AS e WHERE e.oid = partman
            UNION ALL SELECT p.proowner FROM pg_proc AS p WHERE p.pronamespace = schema
            UNION ALL SELECT c.relowner FROM pg_class AS c
             WHERE c.relnamespace = schema AND NOT starts_with(c.relname, 'template_')) AS o (role)
     WHERE o.role <> ALL (trusted) LIMIT 1;
    IF FOUND THEN
        RAISE insufficient_privilege USING MESSAGE = format('pg_partman in schema %s is not a superuser''s', place),
            DETAIL = format('Role %s has it, or a part of it.', foreigner),
            HINT = 'Install it as a superuser: what its owner puts into it would run as you.';
    END IF;
    SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END INTO foreigner
      FROM pg_namespace AS n, aclexplode(n.nspacl) AS a
     WHERE n.oid = schema AND a.privilege_type = 'CREATE' AND a.grantee <> ALL (trusted) LIMIT 1;
    IF FOUND THEN
        RAISE insufficient_privilege USING MESSAGE = format('others may create objects in schema %s of pg_partman', place),
            DETAIL = format('Role %s may.', foreigner),
            HINT = format('REVOKE CREATE ON SCHEMA %s FROM %s; what they create there would run as you.', place, foreigner);
    END IF;
    SELECT pg_describe_object(o.classid, o.objid, 0) INTO foreigner
      FROM (SELECT 'pg_proc'::regclass, p.oid FROM pg_proc AS p WHERE p.pronamespace = schema
            UNION ALL SELECT 'pg_operator'::regclass, p.oid FROM pg_operator AS p WHERE p.oprnamespace = schema
            UNION ALL SELECT 'pg_type'::regclass, t.oid FROM pg_type AS t
             WHERE t.typnamespace = schema AND t.typtype IN ('b', 'd', 'e', 'r')
               AND NOT EXISTS (SELECT FROM pg_type AS e WHERE e.typarray = t.oid)
            UNION ALL SELECT CASE c.relkind WHEN 'c' THEN 'pg_type'::regclass ELSE 'pg_class'::regclass END,
                             CASE c.relkind WHEN 'c' THEN c.reltype ELSE c.oid END FROM pg_class AS c
             WHERE c.relnamespace = schema AND c.relkind NOT IN ('i', 'I', 't')
               AND NOT (c.relkind = 'r' AND starts_with(c.relname, 'template_'))) AS o (classid, objid)
     WHERE NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = o.classid AND d.objid = o.objid AND d.deptype = 'e'
                          AND d.refclassid = 'pg_extension'::regclass AND d.refobjid = partman) LIMIT 1;
    IF FOUND THEN
        RAISE insufficient_privilege USING MESSAGE = format('schema %s has objects that are not pg_partman''s', place),
            DETAIL = format('One is %s.', foreigner),
            HINT = 'Drop them, or give pg_partman a schema of its own: they could be called in the place of what it means.';
    END IF;
    SELECT format('Trigger %I on %s', t.tgname, t.tgrelid::regclass) INTO foreigner
      FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid WHERE c.relnamespace = schema
       AND NOT starts_with(c.relname, 'template_') AND NOT t.tgisinternal LIMIT 1;
    IF FOUND THEN
        RAISE insufficient_privilege USING MESSAGE = format('tables in schema %s have triggers that are not pg_partman''s', place),
            DETAIL = format('One is %s.', foreigner), HINT = 'Drop them: they would run as you.';
    END IF;
END
$$;
COMMENT ON FUNCTION wfstate.check_partman IS 'Refuses a pg_partman that runs what is somebody else''s.';
INSERT INTO wfstate.access VALUES ('check_partman', 'nobody');

-- A partition is read through its table, whose policy holds; whoever may read all tables of the schema must not read
-- around it. Nothing waits for long: what is in use is protected the next time.
CREATE FUNCTION wfstate.protect_partitions() RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms'
AS $$
DECLARE
    partition_name text;
    protected      bigint := 0;
    busy           integer := 0;
BEGIN
    FOR partition_name IN
        SELECT format('%I.%I', n.nspname, c.relname)
          FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE i.inhparent IN ('wfstate.logs'::regclass, 'wfstate.metrics'::regclass) AND c.relkind = 'r'
           AND NOT c.relrowsecurity AND NOT i.inhdetachpending AND pg_has_role(c.relowner, 'USAGE')
         ORDER BY c.oid DESC
    LOOP
        BEGIN
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, ALTER COLUMN execution_id SET (n_distinct = -0.2)',
                           partition_name);
            protected := protected + 1;
        EXCEPTION WHEN lock_not_available THEN
            busy := busy + 1;
            EXIT WHEN busy >= 3;
        END;
    END LOOP;
    RETURN protected;
END
$$;
COMMENT ON FUNCTION wfstate.protect_partitions IS 'Gives row-level security to partitions that were made without it, so that nobody reads them past their table. Returns how many.';
INSERT INTO wfstate.access VALUES ('protect_partitions', 'nobody');

-- With the caller's rights: whoever may attach a partition is the tables' owner or a superuser anyway. pg_partman 4
-- cannot begin with a table that has a default partition, so there its configuration is written here; 5 can.
CREATE FUNCTION wfstate.make_partitions(table_name text, every interval, keep interval, premake integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    control text := CASE table_name WHEN 'logs' THEN 'logged_at' WHEN 'metrics' THEN 'recorded_at' END;
    parent  text := 'wfstate.' || table_name;
    partman record;
    begins  timestamptz;
    exists  bool;
    most    CONSTANT integer := 500;
BEGIN
    CASE
        WHEN table_name IS NULL OR every IS NULL OR premake IS NULL THEN
            RAISE invalid_parameter_value USING MESSAGE = CASE WHEN table_name IS NULL THEN 'table_name'
                WHEN every IS NULL THEN 'every' ELSE 'premake' END || ' must not be null',
                HINT = 'Give a table, the length of a partition, and how many are made ahead: wf_partition(''logs'', ''1 day'').';
        WHEN control IS NULL THEN
            RAISE invalid_parameter_value USING MESSAGE = format('table_name "%s" is not known', left(table_name, 40)),
                HINT = 'Use one of logs, metrics.';
        WHEN every < interval '1 hour' OR every > interval '10 years' THEN
            RAISE invalid_parameter_value USING MESSAGE = 'every is out of range',
                DETAIL = format('It is %s, but must be between 1 hour and 10 years.', every),
                HINT = 'Give a length of time, such as interval ''1 day''.';
        WHEN keep < every THEN
            RAISE invalid_parameter_value USING MESSAGE = 'keep must not be shorter than every',
                DETAIL = format('It is %s, but a partition is of %s.', keep, every),
                HINT = 'Make shorter partitions, or keep them longer.';
        WHEN premake < 1 OR premake > 100 THEN
            RAISE invalid_parameter_value USING MESSAGE = 'premake is out of range',
                DETAIL = format('It is %s, but must be between 1 and 100.', premake),
                HINT = 'pg_partman''s maintenance makes more in time.';
        WHEN extract(epoch FROM keep) / extract(epoch FROM every) + premake > most THEN
            RAISE program_limit_exceeded USING MESSAGE = 'keep makes too many partitions',
                DETAIL = format('%s in parts of %s, and %s ahead, are more than %s partitions.', keep, every, premake, most),
                HINT = 'Make longer partitions, or keep them shorter: what reads all of them takes a lock on each and on each of its indexes.';
        ELSE
    END CASE;
    SELECT e.oid, e.extnamespace, n.nspname AS schema, split_part(e.extversion, '.', 1)::integer AS major
      INTO partman
      FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'pg_partman';
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = 'pg_partman is not installed in this database',
            HINT = 'CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman; makes it, where its package is installed.';
    END IF;
    -- Locked first: nobody gives it a trigger meanwhile.
    EXECUTE format('LOCK TABLE %I.part_config IN SHARE ROW EXCLUSIVE MODE', partman.schema);
    PERFORM wfstate.check_partman(partman.oid, partman.extnamespace);
    EXECUTE format('SELECT true FROM %I.part_config WHERE parent_table = $1', partman.schema) INTO exists USING parent;
    IF exists THEN
        RAISE duplicate_object USING MESSAGE = format('%s is partitioned by pg_partman already', parent),
            HINT = format('UPDATE %I.part_config changes how.', partman.schema);
    END IF;
    -- Lines that are there already stay in the default partition: where some are of this period, the next one is first.
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', parent);
    begins := date_trunc(CASE WHEN every >= interval '1 year' THEN 'year' WHEN every >= interval '1 month' THEN 'month'
        WHEN every = interval '7 days' THEN 'week' WHEN every >= interval '1 day' THEN 'day' ELSE 'hour' END, now());
    EXECUTE format('SELECT true FROM %s_default WHERE %I >= $1 LIMIT 1', parent, control) INTO exists USING begins;
    IF exists THEN
        begins := begins + every;
    END IF;
    IF partman.major < 5 THEN
        EXECUTE format('INSERT INTO %I.part_config (parent_table, control, partition_type, partition_interval, premake,
                            datetime_string, template_table, jobmon)
                        VALUES ($1, $2, ''native'', $3, $4, $5, $6, false)', partman.schema)
          USING parent, control, every::text, premake,
                CASE WHEN every >= interval '1 year' THEN 'YYYY' WHEN every >= interval '1 month' THEN 'YYYY_MM'
                     WHEN every >= interval '1 day' THEN 'YYYY_MM_DD' ELSE 'YYYY_MM_DD_HH24MI' END, parent || '_default';
        EXECUTE format('SELECT %I.create_partition_time($1, $2, false)', partman.schema)
          USING parent, ARRAY(SELECT begins + n * every FROM generate_series(0, premake) AS n);
    ELSE
        EXECUTE format('SELECT %I.create_parent(p_parent_table => $1, p_control => $2, p_interval => $3, p_premake => $4,
                            p_start_partition => $5, p_template_table => $6, p_default_table => false, p_jobmon => false)', partman.schema)
          USING parent, control, every::text, premake, begins::text, parent || '_default';
    END IF;
    EXECUTE format('UPDATE %I.part_config SET retention = $2, retention_keep_table = false, infinite_time_partitions = true,
                        ignore_default_data = true WHERE parent_table = $1', partman.schema)
      USING parent, keep::text;
    PERFORM wfstate.protect_partitions();
    RETURN (SELECT count(*) - 1 FROM pg_inherits AS i WHERE i.inhparent = parent::regclass);
END
$$;
COMMENT ON FUNCTION wfstate.make_partitions IS 'wf_partition, which puts the settings back that pg_partman changes.';
INSERT INTO wfstate.access VALUES ('make_partitions', 'nobody');

CREATE FUNCTION @extschema@.wf_partition(
    table_name text, every interval, keep interval DEFAULT NULL, premake integer DEFAULT 4
) RETURNS integer
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_partition_wrapper';
COMMENT ON FUNCTION @extschema@.wf_partition IS
'Has the extension pg_partman keep wfstate.logs or wfstate.metrics (table_name: logs or metrics) in partitions by time, each of the length every (1 hour to 10 years; an hour, a day, 7 days, a month, a year), so that old rows go with the table that they are in. keep: partitions older than this are dropped; NULL drops none. premake: how many partitions are made ahead (1 to 100). pg_partman''s maintenance, which makes and drops them, is to be run at least once a period, by the same role and in the same TimeZone: CALL partman.run_maintenance_proc(), by pg_cron for instance, or by pg_partman''s background worker; behind it wf_maintain, which gives new partitions their row-level security.
Rows that are there already stay in the default partition, and so does what comes for a time that has no partition; wf_delete and whoever prunes by age removes these row by row. Where rows of the current period are there, the partitions begin with the next one. For superusers. Waits for whoever is writing to the table.
pg_partman runs with its schema on the search path. So it is refused where anything in that schema is neither its own nor one of the tables template_... that it makes, where its tables have triggers, and where anybody but superusers and the caller owns any of it or may create objects there.
Returns how many partitions there are now, the default one left out.
Errors: 55000 when pg_partman is not installed; 42710 when it has the table already; 22023 for a bad argument; 54000 where what is kept and made ahead are more than 500 partitions; 42501 for others than the owner of the table and superusers, or where pg_partman could run what is somebody else''s; 23514 when the default partition has rows of the periods to come.';
INSERT INTO wfstate.access VALUES ('wf_partition', 'nobody');
