-- Group: Health
-- Whether what wf_set_retention has bounded is removed in time.

CREATE FUNCTION wfstate.oldest_ended() RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    RETURN (
        SELECT min(e.completed_at)
          FROM (SELECT x.execution_id, x.completed_at, x.workflow, x.workflow_version FROM wfstate.executions AS x
                 WHERE x.tenant = wfstate.current_tenant() AND x.completed_at > '-infinity'
                 ORDER BY x.completed_at LIMIT 100) AS e
         WHERE (SELECT true FROM wfstate.checkpoints AS c
                 WHERE c.tenant = wfstate.current_tenant() AND c.execution_id = e.execution_id LIMIT 1) IS NULL
           AND (SELECT true FROM wfstate.executions AS f
                 WHERE f.tenant = wfstate.current_tenant() AND f.forked_from_execution_id = e.execution_id
                 LIMIT 1) IS NULL
           AND (SELECT r.parent_execution_id FROM wfstate.runs AS r
                 WHERE r.tenant = wfstate.current_tenant() AND r.execution_id = e.execution_id) IS NULL
           AND (SELECT true FROM wfstate.runs AS r
                 WHERE r.tenant = wfstate.current_tenant() AND r.parent_execution_id = e.execution_id LIMIT 1) IS NULL
           AND (SELECT d.keep_completed_for FROM wfstate.definitions AS d
                 WHERE d.tenant = wfstate.current_tenant() AND d.workflow = e.workflow
                   AND d.workflow_version = e.workflow_version) IS NULL);
END
$$;
COMMENT ON FUNCTION wfstate.oldest_ended IS 'Of the 100 executions that ended first, the first that nothing but the tenant''s policy keeps: no checkpoint, fork, parent, child or definition.';
INSERT INTO wfstate.access VALUES ('oldest_ended', 'reader');

CREATE FUNCTION wfstate.health_of_retention() RETURNS SETOF wfstate.health_check
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    at CONSTANT timestamptz := clock_timestamp();
    policy record;
    oldest timestamptz;
    worst interval := '0';
    what text := 'nothing is older than it is to be kept';
    said wfstate.health_check;
BEGIN
    FOR policy IN
        SELECT k.item, k.query, k.rest, at - r.older_than AS before
          FROM (VALUES ('executions', 'SELECT wfstate.oldest_ended()', NULL),
                       ('decisions', 'SELECT x.decided_at FROM wfstate.routing_decisions AS x', ' ORDER BY x.decision_id LIMIT 1'),
                       ('statistics', 'SELECT min(x.hour_at) FROM wfstate.agent_statistics AS x', ''),
                       ('changes', 'SELECT min(x.changed_at) FROM wfstate.changes AS x', ''),
                       ('signals', 'SELECT min(x.taken_at) FROM wfstate.signals AS x', ''),
                       ('waits', 'SELECT min(x.ended_at) FROM wfstate.waits AS x', ''),
                       ('recoveries', 'SELECT min(x.recovered_at) FROM wfstate.recoveries AS x', ''),
                       ('migration_failures', 'SELECT min(x.failed_at) FROM wfstate.migration_failures AS x', ''),
                       ('logs', 'SELECT min(x.logged_at) FROM wfstate.logs AS x', ''),
                       ('metrics', 'SELECT min(x.recorded_at) FROM wfstate.metrics AS x', ''),
                       ('memories', 'SELECT min(x.updated_at) FROM wfstate.memories AS x', ''),
                       ('todo_lists', 'SELECT min(x.updated_at) FROM wfstate.todo_lists AS x', ' AND x.execution_id IS NULL')) AS k (item, query, rest)
          JOIN wfstate.retention AS r ON r.tenant = wfstate.current_tenant() AND r.item = k.item
         WHERE r.older_than IS NOT NULL
    LOOP
        EXECUTE policy.query || coalesce(' WHERE x.tenant = wfstate.current_tenant()' || policy.rest, '') INTO oldest;
        IF isfinite(oldest) AND policy.before - oldest > worst THEN
            worst := policy.before - oldest;
            what := format('of %s the first is of %s', policy.item, wfstate.moment(oldest));
        END IF;
    END LOOP;
    said := wfstate.judged('retention', extract(epoch FROM worst)::double precision, 'seconds', worst > '1 day',
        worst > '7 days', what,
        'Older than wf_set_retention says: call wf_maintain every minute, which wf_schedule_maintenance sees to, or wf_cleanup until all is finished.');
    RETURN NEXT said;
END
$$;
COMMENT ON FUNCTION wfstate.health_of_retention IS 'Part of wf_health: what is kept for longer than wf_set_retention says, so that nobody runs the upkeep, or it does not keep up.';
INSERT INTO wfstate.access VALUES ('health_of_retention', 'reader');
