-- Group: Health

-- What the server's statistics say, of all tenants together, and this session.
CREATE FUNCTION wfstate.health_of_server(max_bytes bigint) RETURNS SETOF wfstate.health_check
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    at CONSTANT timestamptz := clock_timestamp();
    freeze_age CONSTANT double precision := current_setting('autovacuum_freeze_max_age')::double precision;
    is_standby CONSTANT bool := pg_is_in_recovery();
    found record;
    said wfstate.health_check;
BEGIN
    -- What was vacuumed just now is in order, however much of it is dead: a busy queue is all dead rows in between.
    SELECT t.table_name, t.dead_rows, t.dead_rows::double precision / (t.live_rows + t.dead_rows) AS share INTO found
      FROM wfstate.table_metrics AS t
     WHERE t.dead_rows >= 10000 AND coalesce(t.vacuumed_seconds_ago, 600) >= 600
     ORDER BY share DESC, t.table_name LIMIT 1;
    said := wfstate.judged('dead_rows', CASE WHEN NOT is_standby THEN coalesce(found.share, 0) END, 'share of rows',
        found.share > 0.5, found.share > 0.9,
        CASE WHEN is_standby THEN 'not known to a standby'
             WHEN found.table_name IS NULL THEN 'no table has 10000 or more and was not vacuumed in the last 10 minutes'
             ELSE format('table %s: %s dead rows', found.table_name, found.dead_rows) END,
        'Vacuum does not come, or may not remove them: see autovacuum, long_transactions, prepared_transactions, and pg_replication_slots.');
    RETURN NEXT said;

    SELECT o.table_name, o.is_off, o.dead_rows / o.due_at AS times INTO found
      FROM (SELECT t.table_name, t.dead_rows, t.vacuumed_seconds_ago,
                   coalesce(r.options ->> 'autovacuum_enabled', 'true')::bool IS FALSE AS is_off,
                   greatest(1, coalesce(r.options ->> 'autovacuum_vacuum_threshold',
                                        current_setting('autovacuum_vacuum_threshold'))::double precision
                       + coalesce(r.options ->> 'autovacuum_vacuum_scale_factor',
                                  current_setting('autovacuum_vacuum_scale_factor'))::double precision
                       * greatest(c.reltuples, 0)) AS due_at
              FROM wfstate.table_metrics AS t
              JOIN pg_class AS c ON c.relname = t.table_name AND c.relnamespace = 'wfstate'::regnamespace
             CROSS JOIN LATERAL (SELECT jsonb_object_agg(o.option_name, o.option_value) AS options
                                   FROM pg_options_to_table(c.reloptions) AS o) AS r) AS o
     WHERE o.is_off OR (o.dead_rows >= 10000 AND coalesce(o.vacuumed_seconds_ago, 600) >= 600)
     ORDER BY o.is_off DESC, times DESC, o.table_name LIMIT 1;
    said := wfstate.judged('autovacuum', CASE WHEN NOT is_standby THEN coalesce(found.times, 0) END,
        'times its threshold',
        NOT is_standby AND (NOT current_setting('autovacuum')::bool OR NOT current_setting('track_counts')::bool
                            OR found.is_off OR found.times > 5),
        NOT is_standby AND found.times > 50,
        CASE WHEN is_standby THEN 'not known to a standby'
             WHEN NOT current_setting('autovacuum')::bool THEN 'autovacuum is off'
             WHEN NOT current_setting('track_counts')::bool THEN 'track_counts is off'
             WHEN found.is_off THEN format('it is off for table %s', found.table_name)
             ELSE coalesce('table ' || found.table_name, 'it keeps up') END,
        'Let autovacuum run, and often enough: autovacuum_naptime, autovacuum_max_workers, autovacuum_vacuum_cost_limit.');
    RETURN NEXT said;

    SELECT t.table_name, t.transaction_age INTO found FROM wfstate.table_metrics AS t
     ORDER BY t.transaction_age DESC, t.table_name LIMIT 1;
    said := wfstate.judged('wraparound', found.transaction_age, 'transactions',
        found.transaction_age > least(1.5 * freeze_age, 1000000000), found.transaction_age > 1500000000,
        format('table %s; autovacuum freezes from %s on', found.table_name, freeze_age::bigint),
        'Autovacuum cannot freeze: something holds old rows (long_transactions, prepared_transactions, pg_replication_slots), or VACUUM fails; see the server''s log.');
    RETURN NEXT said;

    -- Of executions and leases most updates may rightly touch the indexes, by a change of status: they are judged where
    -- somebody has added an index on what every save or heartbeat changes.
    SELECT string_agg(format('%s %s', u.table_name, round(u.share::numeric, 3)), ', ' ORDER BY u.table_name) AS shares,
           min(u.share) FILTER (WHERE u.is_judged) AS lowest, string_agg(u.added, ', ' ORDER BY u.added) AS added
      INTO found
      FROM (SELECT t.table_name, t.hot_updated_rows::double precision / t.updated_rows AS share, a.added,
                   h.is_judged OR a.added IS NOT NULL AS is_judged
              FROM (VALUES ('executions', false, '{version,hash,updated_at,state_bytes,chain_bytes,keyframe_version,archive_bytes}'::text[]),
                           ('leases', false, '{expires_at}'), ('agent_statistics', true, '{stats}'),
                           ('circuits', true, '{updated_at,progress_at,permits_taken,outcomes}'))
                       AS h (table_name, is_judged, changing)
              JOIN wfstate.table_metrics AS t ON t.table_name = h.table_name AND t.updated_rows >= 1000
             CROSS JOIN LATERAL (
                SELECT string_agg(DISTINCT d.objid::regclass::text, ', ') AS added
                  FROM pg_index AS i
                  JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid
                  JOIN pg_attribute AS c ON c.attrelid = i.indrelid AND c.attnum = d.refobjsubid
                 WHERE i.indrelid = ('wfstate.' || h.table_name)::regclass AND c.attname = ANY (h.changing)) AS a) AS u;
    said := wfstate.judged('hot_updates', CASE WHEN NOT is_standby THEN found.lowest END, 'share of updates',
        NOT is_standby AND found.lowest < 0.5, false,
        CASE WHEN is_standby THEN 'not known to a standby'
             ELSE coalesce(found.shares || coalesce('; indexes that prevent it: ' || found.added, ''),
                           'no hot table has 1000 updates yet') END,
        'Updates touch every index: drop indexes on columns that change, and end long transactions.');
    RETURN NEXT said;

    SELECT sum(c.hits) / nullif(sum(c.hits + c.misses), 0) AS share, sum(c.hits + c.misses) AS asked,
           sum(c.evictions) AS evictions INTO found
      FROM @extschema@.wf_cache_stats() AS c;
    said := wfstate.judged('cache_hits', found.share, 'share of look-ups',
        found.asked >= 1000 AND found.evictions >= 100 AND found.share < 0.5, false,
        format('this session alone: %s look-ups, %s evictions', found.asked, found.evictions),
        'What this session loads does not fit its caches: raise wfstate.cache_size or wfstate.definition_cache_size.');
    RETURN NEXT said;

    SELECT sum(t.bytes)::bigint AS bytes,
           (SELECT wfstate.finite(min(e.created_at)) FROM wfstate.executions AS e
             WHERE e.tenant = wfstate.current_tenant() AND e.created_at <= at) AS since_at
      INTO found FROM wfstate.table_metrics AS t;
    said := wfstate.judged('disk', found.bytes, 'bytes', found.bytes > 0.8 * max_bytes,
        found.bytes > 0.95 * max_bytes,
        CASE WHEN max_bytes IS NULL THEN 'no max_bytes to compare with' ELSE 'of ' || pg_size_pretty(max_bytes) END
            || CASE WHEN found.since_at IS NULL THEN ''
                    ELSE format('; %s a day since %s, when the oldest execution of this tenant was created',
                                pg_size_pretty((found.bytes / greatest(extract(epoch FROM at - found.since_at) / 86400, 1))::bigint),
                                wfstate.moment(found.since_at)) END,
        'Remove what is not needed any more, or give it more room. wfstate.table_metrics tells the sizes.');
    RETURN NEXT said;
END
$$;
COMMENT ON FUNCTION wfstate.health_of_server IS 'Part of wf_health: vacuum, updates, caches and sizes.';
INSERT INTO wfstate.access VALUES ('health_of_server', 'reader');

CREATE FUNCTION @extschema@.wf_health(
    pending_after interval DEFAULT '5 minutes', overdue_after interval DEFAULT '1 minute',
    transaction_after interval DEFAULT '5 minutes', max_bytes bigint DEFAULT NULL
) RETURNS SETOF wfstate.health_check
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    said wfstate.health_check;
    has constant text := (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'wfstate');
BEGIN
    -- Refuses what the role may not see, and loads the library.
    PERFORM @extschema@.wf_tenant();
    PERFORM wfstate.check_age('pending_after', pending_after), wfstate.check_age('overdue_after', overdue_after),
            wfstate.check_age('transaction_after', transaction_after);
    IF max_bytes <= 0 THEN
        RAISE invalid_parameter_value USING MESSAGE = format('max_bytes must be at least 1, is %s', max_bytes),
            HINT = 'Give a number of bytes, or NULL to compare the sizes with nothing.';
    END IF;
    said := wfstate.judged('version', NULL, NULL, false, has <> wfstate.library_version(),
        format('library %s, extension %s', wfstate.library_version(), has),
        'Install the library of this version, then ALTER EXTENSION wfstate UPDATE, and reconnect.');
    RETURN NEXT said;
    RETURN QUERY SELECT * FROM wfstate.health_of_queues(pending_after, overdue_after);
    RETURN QUERY SELECT * FROM wfstate.health_of_states();
    RETURN QUERY SELECT * FROM wfstate.health_of_retention();
    RETURN QUERY SELECT * FROM wfstate.health_of_transactions(transaction_after);
    RETURN QUERY SELECT * FROM wfstate.health_of_server(max_bytes);
END
$$;
COMMENT ON FUNCTION @extschema@.wf_health IS
'Tells what an operator should look at: a row for each check, its status (ok, warn, critical), what was measured, and what to do. What concerns executions is that of the session''s tenant; tables, sizes and transactions are those of all tenants. What the role may not see, or a standby does not know, is told as such and counts as ok. The checks are bounded, so that they take milliseconds whatever the tables hold; while somebody has a table of the extension locked as a whole (ACCESS EXCLUSIVE: VACUUM FULL, ALTER TABLE, TRUNCATE), it waits, unless lock_timeout or statement_timeout ends it.
Leases that expired longer ago than overdue_after, and waits that ended so long ago, without a claim, are a warning, critical from ten times that on; so is a pending execution older than pending_after, and a transaction, a prepared one or a lag of wf_changes beyond transaction_after. max_bytes: what the tables may take on disk; from 80 % of it on a warning, from 95 % on critical; NULL compares with nothing. The thresholds of the other checks are fixed: docs/monitoring.md has them.
Errors: 22023 for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_health', 'reader');

CREATE VIEW wfstate.health_metrics WITH (security_invoker) AS
SELECT wfstate.current_tenant() AS tenant, h.check_name, h.value,
       CASE h.status WHEN 'ok' THEN 0 WHEN 'warn' THEN 1 ELSE 2 END AS status
  FROM @extschema@.wf_health() AS h;
COMMENT ON VIEW wfstate.health_metrics IS 'wf_health in numbers, with its thresholds at their defaults.';
COMMENT ON COLUMN wfstate.health_metrics.tenant IS 'Tenant of the session.';
COMMENT ON COLUMN wfstate.health_metrics.check_name IS 'Name of the check.';
COMMENT ON COLUMN wfstate.health_metrics.value IS 'What was measured, in the unit that wf_health tells; NULL where nothing could be.';
COMMENT ON COLUMN wfstate.health_metrics.status IS '0 for ok, 1 for warn, 2 for critical.';
INSERT INTO wfstate.access VALUES ('wfstate.health_metrics', 'nobody');
