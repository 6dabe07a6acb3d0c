-- Group: Upkeep

CREATE FUNCTION @extschema@.wf_maintain(max_rows integer DEFAULT 10000, all_tenants bool DEFAULT false) RETURNS TABLE (
    task text, processed bigint
)
    LANGUAGE c VOLATILE ROWS 10 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_maintain_wrapper';
COMMENT ON FUNCTION @extschema@.wf_maintain IS
'Does everything that is to be done from time to time, in one bounded batch; wf_schedule_maintenance has pg_cron call it. fold_outcomes: recorded outcomes become part of the statistics of their hour. merge_statistics: the parts of past hours become one an hour. index_search: executions whose workflow has declared paths since they were indexed come into the index. expire_leases: what has waited long enough, and whose lease has expired, is ready to be claimed, as wf_claim would make it. recover_circuits: as wf_circuits_recover. cleanup_executions and the like: as wf_cleanup() removes, by wf_set_retention and the definitions; of the rest nothing is removed. forget_roles: the grants of tenants to roles that have been dropped, of the whole database. protect_partitions: partitions of logs and metrics that pg_partman has made get their row-level security. failed: what could not be done.
all_tenants: not the session''s tenant but all of them, one after the other, for who may use all tenants. A call goes on behind the tenant where the last one has ended, and ends when max_rows rows were processed, or 1000 tenants or all were served. Work that fails in one tenant is taken back and counted under failed, and others'' goes on. While another session does that, nothing is done.
Returns each task with the number of rows that it has processed, and with all_tenants how many tenants were served; fewer than max_rows (1 to 10000, by default 10000) means that little or nothing is left to do.
Errors: 42501 for all_tenants when the caller may not use all tenants; 22023 when max_rows is out of range, or all_tenants is NULL.';
INSERT INTO wfstate.access VALUES ('wf_maintain', 'operator');

CREATE FUNCTION wfstate.check_all_tenants() RETURNS void
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'check_all_tenants_wrapper';
COMMENT ON FUNCTION wfstate.check_all_tenants IS 'Refuses (42501) whoever may not use all tenants.';
INSERT INTO wfstate.access VALUES ('check_all_tenants', 'operator');

-- What a job runs.
CREATE FUNCTION wfstate.cron_command(max_rows integer) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    routine text := (SELECT format('%I.%I', n.nspname, p.proname)
                       FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
                      WHERE p.oid = to_regprocedure('@extschema@.wf_maintain(integer, boolean)'));
BEGIN
    RETURN format('SELECT pg_catalog.count(*) FROM %s(%s::integer, true)', routine, max_rows);
END
$$;
COMMENT ON FUNCTION wfstate.cron_command IS 'The command of a job, which depends on no search_path.';
INSERT INTO wfstate.access VALUES ('cron_command', 'operator');

-- pg_cron's own function of these arguments, to be called by EXECUTE; what somebody else has put into a schema of that
-- name is none of the extension's.
CREATE FUNCTION wfstate.cron_call(routine text, arguments text[]) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found text;
    home  text;
BEGIN
    SELECT format('%I.%I(%s)', n.nspname, p.proname,
                  (SELECT string_agg(format('%s => $%s::%s', p.proargnames[a.n], a.n, format_type(a.type, NULL)), ', ' ORDER BY a.n)
                     FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a (type, n)))
      INTO found
      FROM pg_extension AS e
      JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
       AND d.classid = 'pg_proc'::regclass
      JOIN pg_proc AS p ON p.oid = d.objid
      JOIN pg_namespace AS n ON n.oid = p.pronamespace
     WHERE e.extname = 'pg_cron' AND p.proname = routine AND p.proargnames::text[] = arguments;
    IF found IS NULL THEN
        BEGIN
            home := current_setting('cron.database_name', true);
        EXCEPTION WHEN insufficient_privilege THEN
            home := NULL;
        END;
        RAISE feature_not_supported USING MESSAGE = 'pg_cron is not installed in this database',
            HINT = CASE WHEN home IS NULL
                THEN 'Add pg_cron to shared_preload_libraries, set cron.database_name to this database, restart, and CREATE EXTENSION pg_cron; or have something else call wf_maintain.'
                WHEN home = current_database() THEN 'CREATE EXTENSION pg_cron; it must be version 1.4 or later.'
                ELSE format('The jobs of pg_cron are in database "%s"; there this schedules one: SELECT cron.schedule_in_database(%L, %L, %L, %L);',
                            home, 'wfstate maintenance of ' || current_database(), '* * * * *',
                            wfstate.cron_command(10000), current_database()) END;
    END IF;
    RETURN found;
END
$$;

COMMENT ON FUNCTION wfstate.cron_call IS 'How a function of pg_cron is called; refuses (0A000) where pg_cron is not in this database.';
INSERT INTO wfstate.access VALUES ('cron_call', 'operator');

CREATE FUNCTION @extschema@.wf_schedule_maintenance(
    schedule text DEFAULT '* * * * *', max_rows integer DEFAULT 10000
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    call text;
    job  bigint;
BEGIN
    PERFORM wfstate.check_all_tenants();
    IF schedule IS NULL THEN
        RAISE invalid_parameter_value USING MESSAGE = 'schedule must not be null', HINT = 'Give schedule a value.';
    ELSIF max_rows IS NULL THEN
        RAISE invalid_parameter_value USING MESSAGE = 'max_rows must not be null', HINT = 'Give max_rows a value.';
    ELSIF max_rows NOT BETWEEN 1 AND 10000 THEN
        RAISE invalid_parameter_value USING MESSAGE = 'max_rows is out of range',
            DETAIL = format('It is %s, but must be between 1 and 10000.', max_rows),
            HINT = 'What a call leaves is done by the next one.';
    END IF;
    call := wfstate.cron_call('schedule', '{job_name,schedule,command}');
    EXECUTE 'SELECT ' || call INTO job
      USING 'wfstate maintenance', schedule, wfstate.cron_command(max_rows);
    RETURN job;
END
$$;
COMMENT ON FUNCTION @extschema@.wf_schedule_maintenance IS
'Has pg_cron call wf_maintain for all tenants, by default every minute, as the current role: a job named wfstate maintenance, of which a role has one in a database. Called again, it changes the job. schedule is as pg_cron takes it, max_rows what wf_maintain does in a call (1 to 10000, by default 10000). pg_cron 1.4 or later must be installed in this database; where it is in another, the HINT has the command that schedules the job there. The role needs USAGE on schema cron, and must be let in by pg_hba.conf as pg_cron connects.
Returns the number of the job.
Errors: 0A000 when pg_cron is not installed in this database; 42501 when the caller may not use all tenants, or not use pg_cron; 22023 when max_rows is out of range, or for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_schedule_maintenance', 'operator');

CREATE FUNCTION @extschema@.wf_unschedule_maintenance() RETURNS bool
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    call  text := wfstate.cron_call('unschedule', '{job_name}');
    jobs  text;
    found bool;
BEGIN
    SELECT format('%I.%I', n.nspname, c.relname) INTO STRICT jobs
      FROM pg_extension AS e
      JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
       AND d.classid = 'pg_class'::regclass
      JOIN pg_class AS c ON c.oid = d.objid AND c.relname = 'job' AND c.relkind = 'r'
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE e.extname = 'pg_cron';
    EXECUTE format('SELECT EXISTS (SELECT FROM %s AS j WHERE j.jobname = $1 AND j.username = current_user)', jobs) INTO found
      USING 'wfstate maintenance';
    IF found THEN
        EXECUTE 'SELECT ' || call INTO found USING 'wfstate maintenance';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION @extschema@.wf_unschedule_maintenance IS
'Takes the job of wf_schedule_maintenance from pg_cron, the current role''s.
Returns true, or false when there is none.
Errors: 0A000 when pg_cron is not installed in this database; 42501 when the caller may not use it.';
INSERT INTO wfstate.access VALUES ('wf_unschedule_maintenance', 'operator');

CREATE FUNCTION @extschema@.wf_cache_stats() RETURNS TABLE (
    cache text, entries bigint, bytes bigint, max_bytes bigint, hits bigint, misses bigint, evictions bigint
)
    LANGUAGE c VOLATILE ROWS 2 PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'wf_cache_stats_wrapper';
COMMENT ON FUNCTION @extschema@.wf_cache_stats IS
'Returns what this session keeps in memory: states (bounded by wfstate.cache_size) and definitions, compiled (bounded by wfstate.definition_cache_size). hits are look-ups that found what they wanted, misses those that did not, evictions entries that had to make room for others, all since the session began.';
INSERT INTO wfstate.access VALUES ('wf_cache_stats', 'everybody');

CREATE FUNCTION @extschema@.wf_direct_access() RETURNS TABLE (
    table_name text, is_direct boolean, direct bigint, by_statement bigint
)
    LANGUAGE c VOLATILE ROWS 4 PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'wf_direct_access_wrapper';
COMMENT ON FUNCTION @extschema@.wf_direct_access IS
'Returns the tables that the commonest calls read and write below the executor. is_direct: whether this session does now, its rights aside, which takes the setting wfstate.direct_access and a table without triggers, policies, constraints, columns or, where rows are appended, indexes beyond those that it came with; else such calls run statements, with the same answers. direct and by_statement count the calls of either kind since the session began; a write that finds its row changed by another session counts as both.';
INSERT INTO wfstate.access VALUES ('wf_direct_access', 'everybody');
