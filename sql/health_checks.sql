-- Group: Health
-- What an operator should look at. Each check is bounded: it reads an index from one end, or a sample.

CREATE TYPE wfstate.health_check AS (
    check_name text,
    status     text,
    value      double precision,
    unit       text,
    detail     text,
    advice     text
);
COMMENT ON TYPE wfstate.health_check IS 'What one check has found: a row of wf_health.';
COMMENT ON COLUMN wfstate.health_check.check_name IS 'Name of the check.';
COMMENT ON COLUMN wfstate.health_check.status IS 'ok, warn or critical.';
COMMENT ON COLUMN wfstate.health_check.value IS 'What was measured; NULL where nothing could be.';
COMMENT ON COLUMN wfstate.health_check.unit IS 'Unit of the value.';
COMMENT ON COLUMN wfstate.health_check.detail IS 'What the value is about, or why there is none.';
COMMENT ON COLUMN wfstate.health_check.advice IS 'What to do; NULL where all is well.';

CREATE FUNCTION wfstate.plain(value text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'plain_wrapper';
COMMENT ON FUNCTION wfstate.plain IS 'A text that somebody else has chosen, for a terminal: on one line, what is hidden or moves other text as its number.';
INSERT INTO wfstate.access VALUES ('plain', 'reader');

-- A row that was written by hand may have any time.
CREATE FUNCTION wfstate.finite(at timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN least(greatest(at, timestamptz '1970-01-01 00:00:00+00'), timestamptz '9999-12-31 00:00:00+00');
COMMENT ON FUNCTION wfstate.finite IS 'A time that others can be subtracted from: the nearest one from 1970 to 9999.';
INSERT INTO wfstate.access VALUES ('finite', 'reader');

CREATE FUNCTION wfstate.judged(
    check_name text, value double precision, unit text, is_warn bool, is_critical bool, detail text, advice text
) RETURNS wfstate.health_check
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ROW(check_name, CASE WHEN is_critical THEN 'critical' WHEN is_warn THEN 'warn' ELSE 'ok' END, value, unit,
           wfstate.plain(detail), CASE WHEN is_critical OR is_warn THEN advice END)::wfstate.health_check;
COMMENT ON FUNCTION wfstate.judged IS 'A row of wf_health: its status, and advice where that is not ok.';
INSERT INTO wfstate.access VALUES ('judged', 'reader');

CREATE FUNCTION wfstate.check_age(argument text, age interval) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF age IS NULL THEN
        RAISE invalid_parameter_value USING MESSAGE = format('%s must not be null', argument),
            HINT = format('Give %s a value.', argument);
    ELSIF age < '0' THEN
        RAISE invalid_parameter_value USING MESSAGE = format('%s must not be negative', argument),
            HINT = 'Give a length of time, such as interval ''30 days''.';
    ELSIF age > '1000 years' THEN
        RAISE invalid_parameter_value USING MESSAGE = format('%s is out of range', argument),
            DETAIL = 'It must be at most 1000 years.',
            HINT = 'Give a length of time, such as interval ''30 days''.';
    END IF;
END
$$;
COMMENT ON FUNCTION wfstate.check_age IS 'Refuses an age that is NULL, negative or beyond 1000 years.';
INSERT INTO wfstate.access VALUES ('check_age', 'reader');

CREATE FUNCTION wfstate.moment(at timestamptz) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"');
COMMENT ON FUNCTION wfstate.moment IS 'A time as wf_health writes it, whatever the session''s settings.';
INSERT INTO wfstate.access VALUES ('moment', 'reader');

-- Statements with parameters, and plans of their own for each call: kept ones would be those of tables that were empty.
CREATE FUNCTION wfstate.health_of_queues(pending_after interval, overdue_after interval)
    RETURNS SETOF wfstate.health_check
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    at CONSTANT timestamptz := clock_timestamp();
    since CONSTANT timestamptz := at - overdue_after;
    found record;
    said wfstate.health_check;
BEGIN
    SELECT count(*) AS n, wfstate.finite(min(l.expires_at)) AS oldest_at, extract(epoch FROM at - wfstate.finite(min(l.expires_at))) AS age,
           (array_agg(l.execution_id::text ORDER BY l.expires_at))[1] AS id INTO found
      FROM (SELECT x.execution_id, x.expires_at FROM wfstate.leases AS x
             WHERE x.tenant = wfstate.current_tenant() AND x.state = 'held' AND x.check_at < since
             ORDER BY x.check_at LIMIT 10000) AS l
     WHERE l.expires_at < since;
    said := wfstate.judged('expired_leases', coalesce(found.age, 0), 'seconds', found.n > 0,
        at - found.oldest_at > 10 * overdue_after,
        format('expired and not claimed again: %s', found.n) || coalesce(', first that of ' || found.id, ''),
        'No worker claims: see that workers run for its workflow. wf_leases(state => ''held'') lists the leases.');
    RETURN NEXT said;

    SELECT h.execution_id, h.workflow, wfstate.finite(h.ready_at) AS ready_at,
           extract(epoch FROM at - wfstate.finite(h.ready_at)) AS age INTO found
      FROM (SELECT q.execution_id, q.workflow, q.ready_at FROM wfstate.queue_heads AS q
            UNION ALL
            SELECT e.execution_id, e.workflow, e.updated_at
              FROM (SELECT x.execution_id, x.workflow, x.updated_at FROM wfstate.executions AS x
                     WHERE x.tenant = wfstate.current_tenant() AND x.status = 'pending' AND x.created_at < at
                     ORDER BY x.created_at LIMIT 1000) AS e
             WHERE (SELECT l.state <> 'parked' FROM wfstate.leases AS l
                     WHERE l.tenant = wfstate.current_tenant() AND l.execution_id = e.execution_id) IS NOT TRUE
            UNION ALL
            SELECT p.execution_id, p.workflow, greatest(p.claimed_at, (SELECT x.updated_at FROM wfstate.executions AS x
                     WHERE x.tenant = wfstate.current_tenant() AND x.execution_id = p.execution_id))
              FROM (SELECT l.execution_id, l.workflow, l.claimed_at FROM wfstate.leases AS l
                     WHERE l.tenant = wfstate.current_tenant() AND l.state = 'parked'
                     ORDER BY l.workflow, l.concurrency_key, l.lane DESC, l.ticket LIMIT 1000) AS p) AS h
     ORDER BY h.ready_at LIMIT 1;
    said := wfstate.judged('oldest_pending', greatest(coalesce(found.age, 0), 0), 'seconds',
        at - found.ready_at > pending_after, at - found.ready_at > 10 * pending_after,
        CASE WHEN found.execution_id IS NULL THEN 'nothing is pending'
             ELSE format('execution %s of workflow %s', found.execution_id, coalesce(found.workflow, '(none)')) END,
        'Work comes faster than it is done, no worker claims it, or limits hold it back: see wfstate.queue_metrics and wf_limits.');
    RETURN NEXT said;

    SELECT count(*) AS n, wfstate.finite(min(l.check_at)) AS oldest_at, extract(epoch FROM at - wfstate.finite(min(l.check_at))) AS age,
           (array_agg(l.execution_id::text ORDER BY l.check_at))[1] AS id INTO found
      FROM (SELECT x.execution_id, x.check_at FROM wfstate.leases AS x
             WHERE x.tenant = wfstate.current_tenant() AND x.state IN ('delayed', 'waiting') AND x.check_at < since
             ORDER BY x.check_at LIMIT 10000) AS l;
    said := wfstate.judged('overdue_waits', coalesce(found.age, 0), 'seconds', found.n > 0,
        at - found.oldest_at > 10 * overdue_after,
        format('over and not claimed: %s', found.n) || coalesce(', first that of ' || found.id, ''),
        'Waits and delays end when a worker claims: see that workers run. wf_leases lists due_at.');
    RETURN NEXT said;
END
$$;
COMMENT ON FUNCTION wfstate.health_of_queues IS 'Part of wf_health: leases, what is pending, and waits.';
INSERT INTO wfstate.access VALUES ('health_of_queues', 'reader');

CREATE FUNCTION wfstate.health_of_states() RETURNS SETOF wfstate.health_check
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    at CONSTANT timestamptz := clock_timestamp();
    ratio CONSTANT double precision := current_setting('wfstate.keyframe_ratio')::double precision;
    least_chain CONSTANT bigint := pg_size_bytes(current_setting('wfstate.keyframe_min'));
    found record;
    said wfstate.health_check;
BEGIN
    SELECT count(*) AS n, string_agg(c.agent_key, ', ' ORDER BY c.agent_key) FILTER (WHERE c.place <= 3) AS names
      INTO found
      FROM (SELECT x.agent_key, row_number() OVER (ORDER BY x.agent_key) AS place
              FROM @extschema@.wf_circuits_open(NULL::text, 10000) AS x) AS c;
    said := wfstate.judged('open_circuits', found.n, 'circuits', found.n > 0, found.n >= 10,
        CASE WHEN found.n = 0 THEN 'none is open' ELSE 'of ' || found.names || CASE WHEN found.n > 3 THEN ', …' ELSE '' END END,
        'Calls to these agents are refused: see wf_circuits_open and wf_circuit_transitions, and mend the agents.');
    RETURN NEXT said;

    IF has_table_privilege('wfstate.quarantine', 'SELECT') THEN
        SELECT count(*) AS n, wfstate.finite(min(q.quarantined_at)) AS oldest_at INTO found
          FROM (SELECT x.quarantined_at FROM wfstate.quarantine AS x
                 WHERE x.tenant = wfstate.current_tenant() AND x.quarantined_at <= at
                 ORDER BY x.quarantined_at LIMIT 10000) AS q;
        said := wfstate.judged('quarantine', found.n, 'versions', found.n > 0, false,
            coalesce('the first since ' || wfstate.moment(found.oldest_at), 'nothing is in quarantine'),
            'Look at them (wf_quarantined), then let them go: wf_release_quarantined or wf_prune_quarantine.');
        RETURN NEXT said;
    ELSE
        said := wfstate.judged('quarantine', NULL, 'versions', false, false,
            'not seen: it takes the access operator', NULL);
        RETURN NEXT said;
    END IF;

    SELECT count(*) FILTER (WHERE r.action <> 'valid') AS n, count(*) FILTER (WHERE r.action = 'failed') AS failed
      INTO found
      FROM (SELECT x.action FROM wfstate.recoveries AS x
             WHERE x.tenant = wfstate.current_tenant() AND x.recovered_at > at - interval '7 days'
             ORDER BY x.recovered_at DESC LIMIT 10000) AS r;
    said := wfstate.judged('repairs', found.n, 'repairs', found.n > 0, found.failed > 0,
        format('in the last 7 days; %s of them found nothing to go back to', found.failed),
        'States were damaged or broke their rules: wf_recoveries tells what was done. Check disks and memory, and wf_verify_all.');
    RETURN NEXT said;

    SELECT count(*) AS n, (array_agg(f.execution_id::text))[1] AS id INTO found
      FROM (SELECT x.execution_id FROM wfstate.migration_failures AS x
             WHERE x.tenant = wfstate.current_tenant() AND x.failed_at <= at
             ORDER BY x.execution_id LIMIT 10000) AS f;
    said := wfstate.judged('migration_failures', found.n, 'executions', found.n > 0, false,
        coalesce('first ' || found.id, 'none has failed'),
        'Mend the migration (wf_migration_failures tells why each failed), and call wf_migrate_states again.');
    RETURN NEXT said;

    SELECT c.execution_id, c.chain_bytes, c.share INTO found
      FROM (SELECT s.execution_id, s.chain_bytes,
                   s.chain_bytes / greatest(ratio * s.state_bytes, least_chain, 1) AS share
              FROM ((SELECT x.execution_id, x.chain_bytes, x.state_bytes FROM wfstate.executions AS x
                      WHERE x.tenant = wfstate.current_tenant() AND x.completed_at IS NULL AND x.created_at <= at
                      ORDER BY x.created_at, x.execution_id LIMIT 1000)
                    UNION ALL
                    (SELECT x.execution_id, x.chain_bytes, x.state_bytes FROM wfstate.executions AS x
                      WHERE x.tenant = wfstate.current_tenant() AND x.created_at <= at
                      ORDER BY x.created_at DESC, x.execution_id DESC LIMIT 1000)) AS s) AS c
     ORDER BY c.share DESC, c.execution_id LIMIT 1;
    said := wfstate.judged('longest_chain', coalesce(found.share, 0), 'times the limit', found.share > 2,
        found.share > 10,
        CASE WHEN found.execution_id IS NULL THEN 'there are no executions'
             ELSE format('execution %s: %s bytes of patches', found.execution_id, found.chain_bytes) END,
        'Loads apply many patches: a save with wfstate.keyframe_ratio and wfstate.keyframe_min at their defaults makes a keyframe.');
    RETURN NEXT said;

    SELECT count(*) AS n, wfstate.finite(min(o.hour_at)) AS oldest_at INTO found
      FROM (SELECT x.hour_at FROM wfstate.routing_outcomes AS x
             WHERE x.tenant = wfstate.current_tenant() AND x.hour_at <= at LIMIT 100000) AS o;
    said := wfstate.judged('unfolded_outcomes', found.n, 'outcomes',
        found.n >= 100000 OR found.oldest_at < at - interval '1 day', false,
        coalesce('counted up to 100000; the oldest of the hour ' || wfstate.moment(found.oldest_at), 'all are folded'),
        'Call wf_maintain from time to time: every query of statistics adds up what is not folded.');
    RETURN NEXT said;
END
$$;
COMMENT ON FUNCTION wfstate.health_of_states IS 'Part of wf_health: circuits, repairs, migrations, chains and statistics.';
INSERT INTO wfstate.access VALUES ('health_of_states', 'reader');

CREATE FUNCTION wfstate.health_of_transactions(transaction_after interval) RETURNS SETOF wfstate.health_check
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    at CONSTANT timestamptz := clock_timestamp();
    found record;
    said wfstate.health_check;
    hidden bigint;
BEGIN
    SELECT wfstate.finite(c.changed_at) AS changed_at, extract(epoch FROM at - wfstate.finite(c.changed_at)) AS age INTO found
      FROM wfstate.feeds AS f
     CROSS JOIN LATERAL (
        SELECT x.changed_at FROM wfstate.changes AS x
         WHERE x.tenant = wfstate.current_tenant() AND x.era = f.era
           AND x.xid >= pg_snapshot_xmin(pg_current_snapshot()) AND x.changed_at <= at
         ORDER BY x.xid, x.position LIMIT 1) AS c
     WHERE f.tenant = wfstate.current_tenant() AND f.is_recording
       AND f.cluster = (SELECT s.system_identifier FROM pg_control_system() AS s);
    said := wfstate.judged('feed_lag', coalesce(found.age, 0), 'seconds',
        at - found.changed_at > transaction_after, at - found.changed_at > 10 * transaction_after,
        coalesce('wf_changes waits since ' || wfstate.moment(found.changed_at), 'wf_changes gives all that was committed'),
        'A transaction that has written is still running, in any database of the server: see long_transactions and prepared_transactions.');
    RETURN NEXT said;

    SELECT count(*) INTO hidden FROM pg_stat_activity AS a
     WHERE a.query = '<insufficient privilege>' AND a.datid IS NOT NULL;
    SELECT a.pid, a.xact_start, extract(epoch FROM at - a.xact_start) AS age INTO found
      FROM pg_stat_activity AS a
     WHERE (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL) AND a.pid <> pg_backend_pid()
       AND a.xact_start <= at AND a.backend_type <> 'autovacuum worker'
     ORDER BY a.xact_start LIMIT 1;
    said := wfstate.judged('long_transactions', coalesce(found.age, 0), 'seconds',
        at - found.xact_start > transaction_after, at - found.xact_start > 10 * transaction_after,
        coalesce('process ' || found.pid, 'none is seen to hold a snapshot')
            || CASE WHEN hidden > 0 THEN format('; %s sessions are not seen: it takes pg_read_all_stats', hidden) ELSE '' END,
        'It keeps dead rows from being removed, and the feed back: end it, or set idle_in_transaction_session_timeout.');
    RETURN NEXT said;

    SELECT p.gid, p.prepared, extract(epoch FROM at - p.prepared) AS age INTO found
      FROM pg_prepared_xacts AS p WHERE p.prepared <= at ORDER BY p.prepared LIMIT 1;
    said := wfstate.judged('prepared_transactions', coalesce(found.age, 0), 'seconds',
        at - found.prepared > transaction_after, at - found.prepared > 10 * transaction_after,
        coalesce('transaction ' || quote_literal(found.gid), 'none is prepared'),
        'Nobody ends it by itself: COMMIT PREPARED or ROLLBACK PREPARED.');
    RETURN NEXT said;
END
$$;
COMMENT ON FUNCTION wfstate.health_of_transactions IS 'Part of wf_health: what holds back the feed and vacuum.';
INSERT INTO wfstate.access VALUES ('health_of_transactions', 'reader');
