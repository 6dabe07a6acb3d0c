-- Group: Health
-- Views of numbers with labels, for postgres_exporter and its like. They live in schema wfstate, so that a file of
-- queries need not know the schema of the API. Each is bounded: what would have to be counted for long is counted up to
-- a number that the comment names.

CREATE FUNCTION wfstate.library_version() RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'library_version_wrapper';
COMMENT ON FUNCTION wfstate.library_version IS 'Version of the library that this session has loaded, as it was compiled.';
INSERT INTO wfstate.access VALUES ('library_version', 'reader');

CREATE VIEW wfstate.execution_metrics WITH (security_invoker) AS
SELECT wfstate.current_tenant() AS tenant, coalesce(e.workflow, '')::text AS workflow, e.status::text AS status,
       count(*) AS executions
  FROM (SELECT x.workflow, x.status FROM wfstate.executions AS x
         WHERE x.tenant = wfstate.current_tenant() AND x.completed_at IS NULL
         ORDER BY x.created_at LIMIT 50000) AS e
 GROUP BY e.workflow, e.status
 ORDER BY count(*) DESC LIMIT 1000;
COMMENT ON VIEW wfstate.execution_metrics IS 'Executions without a final status by workflow and status: the oldest 50000 of the tenant, and the 1000 pairs with the most of them.';
COMMENT ON COLUMN wfstate.execution_metrics.tenant IS 'Tenant of the session.';
COMMENT ON COLUMN wfstate.execution_metrics.workflow IS 'Workflow; empty for none.';
COMMENT ON COLUMN wfstate.execution_metrics.status IS 'Status.';
COMMENT ON COLUMN wfstate.execution_metrics.executions IS 'How many.';
INSERT INTO wfstate.access VALUES ('wfstate.execution_metrics', 'nobody');

CREATE VIEW wfstate.finished_metrics WITH (security_invoker) AS
SELECT wfstate.current_tenant() AS tenant, coalesce(e.workflow, '')::text AS workflow, e.status::text AS status,
       count(*) AS executions, avg(e.seconds)::double precision AS mean_seconds, max(e.seconds) AS max_seconds
  FROM (SELECT x.workflow, x.status,
               extract(epoch FROM x.completed_at - x.created_at)::double precision AS seconds
          FROM wfstate.executions AS x
         WHERE x.tenant = wfstate.current_tenant() AND x.completed_at IS NOT NULL
           AND x.completed_at > now() - interval '5 minutes'
         ORDER BY x.completed_at DESC LIMIT 50000) AS e
 GROUP BY e.workflow, e.status
 ORDER BY count(*) DESC LIMIT 1000;
COMMENT ON VIEW wfstate.finished_metrics IS 'Executions that came to a final status in the last 5 minutes, by workflow and status: the newest 50000 of the tenant, and the 1000 pairs with the most of them.';
COMMENT ON COLUMN wfstate.finished_metrics.tenant IS 'Tenant of the session.';
COMMENT ON COLUMN wfstate.finished_metrics.workflow IS 'Workflow; empty for none.';
COMMENT ON COLUMN wfstate.finished_metrics.status IS 'Final status.';
COMMENT ON COLUMN wfstate.finished_metrics.executions IS 'How many.';
COMMENT ON COLUMN wfstate.finished_metrics.mean_seconds IS 'Mean time from creation to the final status.';
COMMENT ON COLUMN wfstate.finished_metrics.max_seconds IS 'Longest such time.';
INSERT INTO wfstate.access VALUES ('wfstate.finished_metrics', 'nobody');

-- The first ready execution of each lane: one probe of an index for each. What came forward again keeps no time of
-- that, so it is the latest time that is known of it.
CREATE VIEW wfstate.queue_heads WITH (security_invoker) AS
SELECT q.workflow::text AS workflow, (n.lane / 2)::integer AS priority, h.execution_id::text AS execution_id,
       greatest((SELECT e.updated_at FROM wfstate.executions AS e
                  WHERE e.tenant = wfstate.current_tenant() AND e.execution_id = h.execution_id),
                h.claimed_at,
                (SELECT max(coalesce(w.ended_at, w.wake_at)) FROM wfstate.waits AS w
                  WHERE w.tenant = wfstate.current_tenant() AND w.execution_id = h.execution_id
                    AND coalesce(w.ended_at, w.wake_at) <= clock_timestamp())) AS ready_at
  FROM (SELECT x.workflow, x.lanes FROM wfstate.queues AS x
         WHERE x.tenant = wfstate.current_tenant() ORDER BY x.workflow LIMIT 1000) AS q
 CROSS JOIN generate_series(0, 19) AS n (lane)
 CROSS JOIN LATERAL (
    SELECT l.execution_id, l.claimed_at FROM wfstate.leases AS l
     WHERE l.tenant = wfstate.current_tenant() AND l.workflow = q.workflow AND l.lane = n.lane::smallint
       AND l.state = 'ready'
     ORDER BY l.ticket LIMIT 1) AS h
 WHERE (q.lanes >> n.lane) & 1 = 1;
COMMENT ON VIEW wfstate.queue_heads IS 'The executions of the tenant that are to be claimed next, by workflow and priority, up to 1000 workflows.';
COMMENT ON COLUMN wfstate.queue_heads.workflow IS 'Workflow.';
COMMENT ON COLUMN wfstate.queue_heads.priority IS 'Priority, from 0 to 9; of each there are up to two, what was started before going first.';
COMMENT ON COLUMN wfstate.queue_heads.execution_id IS 'Execution.';
COMMENT ON COLUMN wfstate.queue_heads.ready_at IS 'Since when it can be claimed, at the earliest: its last version, its last claim, or the end of its last wait.';
INSERT INTO wfstate.access VALUES ('wfstate.queue_heads', 'nobody');

CREATE VIEW wfstate.queue_metrics WITH (security_invoker) AS
WITH timed AS MATERIALIZED (
    SELECT l.workflow,
           count(*) FILTER (WHERE l.state = 'held') AS held,
           count(*) FILTER (WHERE l.state = 'held' AND l.expires_at <= clock_timestamp()) AS expired,
           count(*) FILTER (WHERE l.state = 'delayed') AS "delayed",
           count(*) FILTER (WHERE l.state = 'waiting') AS waiting,
           max(extract(epoch FROM clock_timestamp() - l.check_at))
               FILTER (WHERE l.state <> 'held' AND l.check_at <= clock_timestamp()) AS overdue_seconds
      FROM (SELECT x.workflow, x.state, x.expires_at, x.check_at FROM wfstate.leases AS x
             WHERE x.tenant = wfstate.current_tenant() AND x.state IN ('held', 'delayed', 'waiting')
             ORDER BY x.check_at LIMIT 50000) AS l
     GROUP BY l.workflow
), oldest AS MATERIALIZED (
    SELECT h.workflow, min(h.ready_at) AS ready_at FROM wfstate.queue_heads AS h GROUP BY h.workflow
)
SELECT wfstate.current_tenant() AS tenant, q.workflow::text AS workflow,
       (SELECT count(*) FROM (SELECT FROM wfstate.leases AS l
         WHERE l.tenant = wfstate.current_tenant() AND l.workflow = q.workflow AND l.state = 'ready'
         LIMIT 50000) AS r) AS ready,
       (SELECT count(*) FROM (SELECT FROM wfstate.leases AS l
         WHERE l.tenant = wfstate.current_tenant() AND l.workflow = q.workflow AND l.state = 'parked'
         LIMIT 50000) AS p) AS parked,
       coalesce(t.held, 0) AS held, coalesce(t.expired, 0) AS expired, coalesce(t."delayed", 0) AS "delayed",
       coalesce(t.waiting, 0) AS waiting,
       greatest(coalesce(extract(epoch FROM clock_timestamp() - o.ready_at), 0), 0)::double precision
           AS oldest_ready_seconds,
       coalesce(t.overdue_seconds, 0)::double precision AS overdue_seconds
  FROM (SELECT x.workflow FROM wfstate.queues AS x
         WHERE x.tenant = wfstate.current_tenant() ORDER BY x.workflow LIMIT 1000) AS q
  LEFT JOIN timed AS t ON t.workflow = q.workflow
  LEFT JOIN oldest AS o ON o.workflow = q.workflow;
COMMENT ON VIEW wfstate.queue_metrics IS 'The queues of the tenant, by workflow, up to 1000: how many executions stand where. ready and parked are counted up to 50000 a workflow; held, expired, delayed and waiting among the 50000 that are due first.';
COMMENT ON COLUMN wfstate.queue_metrics.tenant IS 'Tenant of the session.';
COMMENT ON COLUMN wfstate.queue_metrics.workflow IS 'Workflow.';
COMMENT ON COLUMN wfstate.queue_metrics.ready IS 'Executions that can be claimed.';
COMMENT ON COLUMN wfstate.queue_metrics.parked IS 'Executions whose concurrency_key has no room.';
COMMENT ON COLUMN wfstate.queue_metrics.held IS 'Executions that a worker has claimed, expired ones included.';
COMMENT ON COLUMN wfstate.queue_metrics.expired IS 'Those whose lease has expired, and which nobody has claimed again.';
COMMENT ON COLUMN wfstate.queue_metrics."delayed" IS 'Executions that are not to be claimed before a time.';
COMMENT ON COLUMN wfstate.queue_metrics.waiting IS 'Executions that wait for a time, a signal or children.';
COMMENT ON COLUMN wfstate.queue_metrics.oldest_ready_seconds IS 'How long the oldest of wfstate.queue_heads can be claimed; 0 for none.';
COMMENT ON COLUMN wfstate.queue_metrics.overdue_seconds IS 'How long ago the first wait or delay ended that no claim has seen; 0 for none.';
INSERT INTO wfstate.access VALUES ('wfstate.queue_metrics', 'nobody');

CREATE VIEW wfstate.circuit_metrics WITH (security_invoker) AS
SELECT wfstate.current_tenant() AS tenant, s.state, count(c.state) AS circuits
  FROM unnest('{closed,open,half_open,disabled,metrics_only,forced_open}'::text[]) AS s (state)
  LEFT JOIN @extschema@.wf_circuits(max_rows => 10000) AS c ON c.state = s.state
 GROUP BY s.state;
COMMENT ON VIEW wfstate.circuit_metrics IS 'Circuits of the tenant by state, as of now: all states, and up to 10000 circuits.';
COMMENT ON COLUMN wfstate.circuit_metrics.tenant IS 'Tenant of the session.';
COMMENT ON COLUMN wfstate.circuit_metrics.state IS 'State.';
COMMENT ON COLUMN wfstate.circuit_metrics.circuits IS 'How many.';
INSERT INTO wfstate.access VALUES ('wfstate.circuit_metrics', 'nobody');

CREATE VIEW wfstate.agent_metrics WITH (security_invoker) AS
SELECT wfstate.current_tenant() AS tenant, a.agent, a.total_tasks AS tasks, a.failed_tasks, a.success_rate,
       a.mean_duration_ms, a.p50_duration_ms, a.p95_duration_ms, a.p99_duration_ms
  FROM @extschema@.wf_agent_statistics(since => now() - interval '1 hour', max_rows => 1000) AS a;
COMMENT ON VIEW wfstate.agent_metrics IS 'Tasks of agents that were routed in this hour or the one before (UTC), for up to 1000 agents, by name.';
COMMENT ON COLUMN wfstate.agent_metrics.tenant IS 'Tenant of the session.';
COMMENT ON COLUMN wfstate.agent_metrics.agent IS 'Agent.';
COMMENT ON COLUMN wfstate.agent_metrics.tasks IS 'Completed tasks.';
COMMENT ON COLUMN wfstate.agent_metrics.failed_tasks IS 'Those that failed.';
COMMENT ON COLUMN wfstate.agent_metrics.success_rate IS 'Share of those that succeeded.';
COMMENT ON COLUMN wfstate.agent_metrics.mean_duration_ms IS 'Mean duration, in milliseconds.';
COMMENT ON COLUMN wfstate.agent_metrics.p50_duration_ms IS 'Median, within 1 %.';
COMMENT ON COLUMN wfstate.agent_metrics.p95_duration_ms IS '95th percentile, within 1 %.';
COMMENT ON COLUMN wfstate.agent_metrics.p99_duration_ms IS '99th percentile, within 1 %.';
INSERT INTO wfstate.access VALUES ('wfstate.agent_metrics', 'nobody');

-- The statistics of the server's, of all tenants together: everybody may read them.
CREATE VIEW wfstate.table_metrics WITH (security_invoker) AS
SELECT c.relname::text AS table_name, pg_stat_get_live_tuples(c.oid) AS live_rows,
       pg_stat_get_dead_tuples(c.oid) AS dead_rows, pg_stat_get_tuples_inserted(c.oid) AS inserted_rows,
       pg_stat_get_tuples_updated(c.oid) AS updated_rows, pg_stat_get_tuples_hot_updated(c.oid) AS hot_updated_rows,
       pg_stat_get_tuples_deleted(c.oid) AS deleted_rows, pg_total_relation_size(c.oid) AS bytes,
       extract(epoch FROM clock_timestamp() - greatest(pg_stat_get_last_vacuum_time(c.oid),
                                                       pg_stat_get_last_autovacuum_time(c.oid)))::double precision
           AS vacuumed_seconds_ago,
       age(c.relfrozenxid) AS transaction_age
  FROM pg_class AS c
 WHERE c.relnamespace = 'wfstate'::regnamespace AND c.relkind = 'r';
COMMENT ON VIEW wfstate.table_metrics IS 'What the server counts of the tables of schema wfstate, of all tenants together. A standby counts neither rows nor vacuums.';
COMMENT ON COLUMN wfstate.table_metrics.table_name IS 'Table.';
COMMENT ON COLUMN wfstate.table_metrics.live_rows IS 'Rows, estimated.';
COMMENT ON COLUMN wfstate.table_metrics.dead_rows IS 'Row versions that nobody sees any more and vacuum has not removed, estimated.';
COMMENT ON COLUMN wfstate.table_metrics.inserted_rows IS 'Rows inserted since the statistics were reset.';
COMMENT ON COLUMN wfstate.table_metrics.updated_rows IS 'Rows updated since.';
COMMENT ON COLUMN wfstate.table_metrics.hot_updated_rows IS 'Those whose new version stayed on its page, so that no index was touched.';
COMMENT ON COLUMN wfstate.table_metrics.deleted_rows IS 'Rows deleted since.';
COMMENT ON COLUMN wfstate.table_metrics.bytes IS 'Size on disk, with indexes and TOAST.';
COMMENT ON COLUMN wfstate.table_metrics.vacuumed_seconds_ago IS 'How long ago the last vacuum ended; NULL for never.';
COMMENT ON COLUMN wfstate.table_metrics.transaction_age IS 'Transactions since the oldest id that is not frozen.';
INSERT INTO wfstate.access VALUES ('wfstate.table_metrics', 'nobody');
