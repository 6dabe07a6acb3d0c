-- Group: Time partitions
-- Logs and metrics by time, so that old ones go with the table that they are in.

-- With the caller's rights: whoever may attach a partition is the tables' owner or a superuser anyway. pg_partman 4
-- cannot begin with a table that has a default partition, so there its configuration is written here; 5 can.
CREATE FUNCTION @extschema@.wf_partition(
    table_name text, every interval, keep interval DEFAULT NULL, premake integer DEFAULT 4
) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    control text := CASE table_name WHEN 'logs' THEN 'logged_at' WHEN 'metrics' THEN 'recorded_at' END;
    parent  text := 'wfstate.' || table_name;
    partman record;
    begins  timestamptz;
    exists  bool;
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
        WHEN NOT pg_has_role((SELECT c.relowner FROM pg_class AS c WHERE c.oid = parent::regclass), 'USAGE') THEN
            RAISE insufficient_privilege USING MESSAGE = format('permission denied to partition %s', parent),
                HINT = 'Ask a superuser.';
        ELSE
    END CASE;
    SELECT e.oid, e.extnamespace, n.nspname AS schema, split_part(e.extversion, '.', 1)::integer AS major
      INTO partman
      FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'pg_partman';
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = 'pg_partman is not installed in this database',
            HINT = 'CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman; makes it, where its package is installed.';
    END IF;
    -- What is called must be the extension's own, whoever may create functions in its schema.
    IF EXISTS (
        WITH member AS (SELECT d.classid, d.objid FROM pg_depend AS d
                         WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = partman.oid AND d.deptype = 'e'),
             called AS (SELECT p.oid, p.proname FROM pg_proc AS p WHERE p.pronamespace = partman.extnamespace)
        SELECT FROM called AS c
         WHERE c.proname IN (SELECT o.proname FROM member AS m JOIN pg_proc AS o ON o.oid = m.objid
                              WHERE m.classid = 'pg_proc'::regclass)
           AND c.oid NOT IN (SELECT m.objid FROM member AS m WHERE m.classid = 'pg_proc'::regclass)) THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('schema %I has functions of pg_partman''s names that are not pg_partman''s', partman.schema),
            HINT = 'Drop them: they could be called in the place of its own.';
    END IF;
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
    RETURN (SELECT count(*) - 1 FROM pg_inherits AS i WHERE i.inhparent = parent::regclass);
END
$$;
COMMENT ON FUNCTION @extschema@.wf_partition IS
'Has the extension pg_partman keep wfstate.logs or wfstate.metrics (table_name: logs or metrics) in partitions by time, each of the length every (1 hour to 10 years; an hour, a day, 7 days, a month, a year), so that old rows go with the table that they are in. keep: partitions older than this are dropped; NULL drops none. premake: how many partitions are made ahead (1 to 100). pg_partman''s maintenance, which makes and drops them, is to be run at least once a period, by the same role and in the same TimeZone: CALL partman.run_maintenance_proc(), by pg_cron for instance, or by pg_partman''s background worker.
Rows that are there already stay in the default partition, and so does what comes for a time that has no partition; wf_delete and whoever prunes by age removes these row by row. Where rows of the current period are there, the partitions begin with the next one. For superusers. Waits for whoever is writing to the table.
Returns how many partitions there are now, the default one left out.
Errors: 55000 when pg_partman is not installed; 42710 when it has the table already; 22023 for a bad argument; 42501 for others than the owner of the table and superusers, or where the schema of pg_partman has functions that could be taken for its own; 23514 when the default partition has rows of the periods to come.';
INSERT INTO wfstate.access VALUES ('wf_partition', 'nobody');
