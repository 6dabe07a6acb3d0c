-- Group: Routing
-- The audit trail of decisions, and the statistics of the agents that were chosen.

CREATE TABLE wfstate.routing_decisions (
    decision_id         uuid NOT NULL,
    decided_at          timestamptz NOT NULL,
    completed_at        timestamptz,
    duration_ms         double precision,
    agent_score         double precision,
    priority            integer,
    retry_attempts      integer NOT NULL DEFAULT 0,
    success             boolean,
    tenant              wfstate.identifier NOT NULL,
    task_id             wfstate.identifier NOT NULL,
    selected_agent      wfstate.identifier NOT NULL,
    task_type           wfstate.identifier,
    required_capability wfstate.identifier,
    execution_id        wfstate.identifier,
    step_id             wfstate.identifier,
    recorded_by         text NOT NULL DEFAULT CURRENT_USER,
    error               text,
    candidates          jsonb,
    CONSTRAINT routing_decisions_pkey PRIMARY KEY (tenant, decision_id)
) WITH (fillfactor = 95);
COMMENT ON TABLE wfstate.routing_decisions IS 'The audit trail: one row for each time that an agent was chosen for a task.';
COMMENT ON COLUMN wfstate.routing_decisions.decision_id IS 'UUIDv7 of decided_at: sorts by time.';
COMMENT ON COLUMN wfstate.routing_decisions.decided_at IS 'When the agent was chosen. Statistics count the task in this hour.';
COMMENT ON COLUMN wfstate.routing_decisions.completed_at IS 'When the outcome was recorded.';
COMMENT ON COLUMN wfstate.routing_decisions.duration_ms IS 'How long the task took, in milliseconds.';
COMMENT ON COLUMN wfstate.routing_decisions.agent_score IS 'Score of the chosen agent, as the caller counts it.';
COMMENT ON COLUMN wfstate.routing_decisions.priority IS 'Priority of the task, as the caller counts it.';
COMMENT ON COLUMN wfstate.routing_decisions.retry_attempts IS 'Attempts beyond the first.';
COMMENT ON COLUMN wfstate.routing_decisions.success IS 'Whether the task succeeded; NULL until the outcome is known.';
COMMENT ON COLUMN wfstate.routing_decisions.tenant IS 'Whose decision.';
COMMENT ON COLUMN wfstate.routing_decisions.task_id IS 'The caller''s name for the task.';
COMMENT ON COLUMN wfstate.routing_decisions.selected_agent IS 'The agent that was chosen.';
COMMENT ON COLUMN wfstate.routing_decisions.task_type IS 'Kind of task.';
COMMENT ON COLUMN wfstate.routing_decisions.required_capability IS 'What the task asks of an agent.';
COMMENT ON COLUMN wfstate.routing_decisions.execution_id IS 'Execution that the task belongs to; it need not exist.';
COMMENT ON COLUMN wfstate.routing_decisions.step_id IS 'Step of the execution.';
COMMENT ON COLUMN wfstate.routing_decisions.recorded_by IS 'Role that recorded the decision.';
COMMENT ON COLUMN wfstate.routing_decisions.error IS 'What went wrong.';
COMMENT ON COLUMN wfstate.routing_decisions.candidates IS 'Which agents there were to choose from, as the caller describes them.';
COMMENT ON INDEX wfstate.routing_decisions_pkey IS 'wf_complete_routing by id; wf_routing_decisions and wf_prune_routing by time.';
COMMENT ON CONSTRAINT routing_decisions_pkey ON wfstate.routing_decisions IS 'A decision''s id is unique.';
CREATE INDEX routing_decisions_task_idx ON wfstate.routing_decisions (tenant, task_id, decision_id);
COMMENT ON INDEX wfstate.routing_decisions_task_idx IS 'wf_routing_decisions(task_id => ...).';
CREATE INDEX routing_decisions_agent_idx ON wfstate.routing_decisions (tenant, selected_agent, decision_id);
COMMENT ON INDEX wfstate.routing_decisions_agent_idx IS 'wf_routing_decisions(agent => ...).';
CREATE INDEX routing_decisions_execution_idx ON wfstate.routing_decisions (tenant, execution_id, decision_id)
    WHERE execution_id IS NOT NULL;
COMMENT ON INDEX wfstate.routing_decisions_execution_idx IS 'wf_routing_decisions(execution_id => ...).';

-- Recording only appends here, so that nobody waits. Rows go when they are folded: vacuum often, and keep the space,
-- since giving it back takes a lock that cancels readers of a standby. Names are as wf_record_routing has checked them:
-- nobody else writes here, and a domain's check would take time. The identity is for logical replication; a key
-- would cost each recording an index more.
CREATE TABLE wfstate.routing_outcomes (
    hour_at     timestamptz NOT NULL,
    duration_ms double precision,
    spread      integer NOT NULL,
    success     boolean NOT NULL,
    tenant      text COLLATE "C" NOT NULL,
    agent       text COLLATE "C" NOT NULL,
    task_type   text COLLATE "C"
) WITH (autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_insert_threshold = -1,
        autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
ALTER TABLE wfstate.routing_outcomes REPLICA IDENTITY FULL;
COMMENT ON TABLE wfstate.routing_outcomes IS 'Outcomes of tasks that are not folded into agent_statistics yet: wf_agent_statistics adds them up. Appended by recording, removed by folding.';
COMMENT ON COLUMN wfstate.routing_outcomes.hour_at IS 'Hour, in UTC, in which the task was routed.';
COMMENT ON COLUMN wfstate.routing_outcomes.duration_ms IS 'How long the task took, in milliseconds.';
COMMENT ON COLUMN wfstate.routing_outcomes.spread IS 'Chance: spreads the outcomes of an agent in the index, so that entries of folded ones make room for new ones.';
COMMENT ON COLUMN wfstate.routing_outcomes.success IS 'Whether the task succeeded.';
COMMENT ON COLUMN wfstate.routing_outcomes.tenant IS 'Whose task.';
COMMENT ON COLUMN wfstate.routing_outcomes.agent IS 'Agent that was chosen.';
COMMENT ON COLUMN wfstate.routing_outcomes.task_type IS 'Kind of task.';
CREATE INDEX routing_outcomes_agent_idx ON wfstate.routing_outcomes (tenant, agent, spread);
COMMENT ON INDEX wfstate.routing_outcomes_agent_idx IS 'Folding the outcomes of an agent; wf_agent_statistics.';

-- A transaction that folds takes a part of the hour that nobody else holds, or adds one. The number of a part is
-- chance, so that nobody waits to see whether it is taken.
CREATE TABLE wfstate.agent_statistics (
    hour_at   timestamptz NOT NULL,
    part      bigint NOT NULL,
    tenant    wfstate.identifier NOT NULL,
    agent     wfstate.identifier NOT NULL,
    task_type text COLLATE "C" NOT NULL,
    stats     @extschema@.routing_stats NOT NULL,
    CONSTRAINT agent_statistics_pkey PRIMARY KEY (tenant, agent, task_type, hour_at, part)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE wfstate.agent_statistics IS 'Statistics of completed tasks by agent, task type and hour: one row, and more where transactions folded at the same time. Their sum, and what is in routing_outcomes, is what wf_agent_statistics tells. Updated in place (HOT).';
COMMENT ON COLUMN wfstate.agent_statistics.hour_at IS 'Hour, in UTC, in which the tasks were routed.';
COMMENT ON COLUMN wfstate.agent_statistics.part IS 'Tells parts of an hour from each other. Above 0: folded while tasks were recorded; below: merged by wf_maintain, or recalculated.';
COMMENT ON COLUMN wfstate.agent_statistics.tenant IS 'Whose tasks.';
COMMENT ON COLUMN wfstate.agent_statistics.agent IS 'Agent that was chosen.';
COMMENT ON COLUMN wfstate.agent_statistics.task_type IS 'Kind of task; empty for tasks without.';
COMMENT ON COLUMN wfstate.agent_statistics.stats IS 'What is known of the tasks.';
COMMENT ON INDEX wfstate.agent_statistics_pkey IS 'Folding outcomes; wf_agent_statistics of one agent.';
COMMENT ON CONSTRAINT agent_statistics_pkey ON wfstate.agent_statistics IS 'One row for each part of an hour.';
CREATE INDEX agent_statistics_hour_idx ON wfstate.agent_statistics (tenant, hour_at);
COMMENT ON INDEX wfstate.agent_statistics_hour_idx IS 'wf_top_agents(since => ...), wf_prune_routing(statistics_older_than => ...).';
CREATE INDEX agent_statistics_part_idx ON wfstate.agent_statistics (tenant, hour_at) WHERE part > 0;
COMMENT ON INDEX wfstate.agent_statistics_part_idx IS 'wf_maintain: parts of past hours.';

CREATE TABLE wfstate.routing_retention (
    tenant        wfstate.identifier NOT NULL,
    pruned_until_at timestamptz NOT NULL,
    CONSTRAINT routing_retention_pkey PRIMARY KEY (tenant)
);
COMMENT ON TABLE wfstate.routing_retention IS 'From when on the audit trail is complete: statistics of hours before cannot be recalculated.';
COMMENT ON COLUMN wfstate.routing_retention.tenant IS 'Whose audit trail.';
COMMENT ON COLUMN wfstate.routing_retention.pruned_until_at IS 'No decision made at or after this time was ever pruned.';
COMMENT ON INDEX wfstate.routing_retention_pkey IS 'wf_recalculate_statistics: from when on it may.';
COMMENT ON CONSTRAINT routing_retention_pkey ON wfstate.routing_retention IS 'One row for each tenant that has pruned.';

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_settings
                WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
        ALTER TABLE wfstate.routing_decisions ALTER COLUMN candidates SET COMPRESSION lz4;
        ALTER TABLE wfstate.agent_statistics ALTER COLUMN stats SET COMPRESSION lz4;
    END IF;
END
$$;
INSERT INTO wfstate.access VALUES ('wfstate.routing_decisions', 'writer');
INSERT INTO wfstate.access VALUES ('wfstate.routing_outcomes', 'admin');
INSERT INTO wfstate.access VALUES ('wfstate.agent_statistics', 'admin');
INSERT INTO wfstate.access VALUES ('wfstate.routing_retention', 'writer');

CREATE FUNCTION @extschema@.wf_record_routing(
    task_id text, selected_agent text, success bool DEFAULT NULL, duration_ms double precision DEFAULT NULL,
    task_type text DEFAULT NULL, required_capability text DEFAULT NULL, priority integer DEFAULT NULL,
    agent_score double precision DEFAULT NULL, candidates jsonb DEFAULT NULL, error text DEFAULT NULL,
    retry_attempts integer DEFAULT 0, execution_id text DEFAULT NULL, step_id text DEFAULT NULL,
    decided_at timestamptz DEFAULT NULL, feed_circuit bool DEFAULT false
) RETURNS uuid
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_record_routing_wrapper';
COMMENT ON FUNCTION @extschema@.wf_record_routing IS
'Records that an agent was chosen for a task, and what came of it where that is known: then the statistics of the agent count the task, in the same transaction. Leave success NULL when the outcome comes later, and give it to wf_complete_routing.
duration_ms is in milliseconds, from 0 to 2^40. candidates is a JSON document of at most 16 kB, error a text of at most 8 kB. decided_at is now unless given, and decides about the hour that counts the task. The execution and its step need not exist. feed_circuit records the outcome with the agent''s circuit breaker as well, as wf_circuit_record does; the circuit''s row is then locked until the transaction ends.
Returns the id of the decision, a UUIDv7.
Errors: 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_record_routing', 'writer');

CREATE FUNCTION @extschema@.wf_complete_routing(
    decision_id uuid, success bool, duration_ms double precision DEFAULT NULL, error text DEFAULT NULL,
    retry_attempts integer DEFAULT NULL, feed_circuit bool DEFAULT false
) RETURNS bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_complete_routing_wrapper';
COMMENT ON FUNCTION @extschema@.wf_complete_routing IS
'Records the outcome of a decision that was recorded without one; the statistics of the agent count the task then, in the hour of the decision. error and retry_attempts: NULL keeps the former. feed_circuit is that of wf_record_routing.
Returns true, or false when the outcome was recorded before, in which case nothing is changed: a call may be repeated.
Errors: WF005 when the decision does not exist; 22023 for a bad argument; 54000 over a limit.';
INSERT INTO wfstate.access VALUES ('wf_complete_routing', 'writer');

CREATE FUNCTION @extschema@.wf_routing_decisions(
    task_id text DEFAULT NULL, execution_id text DEFAULT NULL, agent text DEFAULT NULL, task_type text DEFAULT NULL,
    success bool DEFAULT NULL, pending bool DEFAULT NULL, since timestamptz DEFAULT NULL,
    until timestamptz DEFAULT NULL, newest_first bool DEFAULT true, after uuid DEFAULT NULL,
    max_rows integer DEFAULT 100
) RETURNS TABLE (
    decision_id uuid, task_id text, selected_agent text, success bool, duration_ms double precision, task_type text,
    required_capability text, priority integer, agent_score double precision, candidates jsonb, error text,
    retry_attempts integer, execution_id text, step_id text, decided_at timestamptz, completed_at timestamptz,
    recorded_by text
)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_routing_decisions_wrapper';
COMMENT ON FUNCTION @extschema@.wf_routing_decisions IS
'Lists routing decisions that satisfy every filter given, newest first unless newest_first is false. pending: true for those without an outcome, false for those with one. since is inclusive, until exclusive, both of decided_at. after is the decision_id of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100). By task, agent, execution or time a list is read from an index.
Errors: 22023 when max_rows is out of range or a name is empty; 54000 for over-long names.';
INSERT INTO wfstate.access VALUES ('wf_routing_decisions', 'reader');

CREATE TYPE wfstate.agent_summary AS (
    agent              text,
    total_tasks        bigint,
    successful_tasks   bigint,
    failed_tasks       bigint,
    success_rate       double precision,
    mean_duration_ms   double precision,
    stddev_duration_ms double precision,
    min_duration_ms    double precision,
    p50_duration_ms    double precision,
    p95_duration_ms    double precision,
    p99_duration_ms    double precision,
    max_duration_ms    double precision,
    stats              @extschema@.routing_stats
);
COMMENT ON TYPE wfstate.agent_summary IS 'What is known of the tasks of an agent: a row of wf_agent_statistics, wf_top_agents and wf_underperforming_agents.';
COMMENT ON COLUMN wfstate.agent_summary.agent IS 'Agent.';
COMMENT ON COLUMN wfstate.agent_summary.total_tasks IS 'Completed tasks.';
COMMENT ON COLUMN wfstate.agent_summary.successful_tasks IS 'Those that succeeded.';
COMMENT ON COLUMN wfstate.agent_summary.failed_tasks IS 'Those that failed.';
COMMENT ON COLUMN wfstate.agent_summary.success_rate IS 'Share of those that succeeded; NULL where there are none.';
COMMENT ON COLUMN wfstate.agent_summary.mean_duration_ms IS 'Mean duration of those whose duration is known, in milliseconds.';
COMMENT ON COLUMN wfstate.agent_summary.stddev_duration_ms IS 'Sample standard deviation of their durations; NULL for fewer than two.';
COMMENT ON COLUMN wfstate.agent_summary.min_duration_ms IS 'Shortest duration.';
COMMENT ON COLUMN wfstate.agent_summary.p50_duration_ms IS 'Median, within 1 %.';
COMMENT ON COLUMN wfstate.agent_summary.p95_duration_ms IS '95th percentile, within 1 %.';
COMMENT ON COLUMN wfstate.agent_summary.p99_duration_ms IS '99th percentile, within 1 %.';
COMMENT ON COLUMN wfstate.agent_summary.max_duration_ms IS 'Longest duration.';
COMMENT ON COLUMN wfstate.agent_summary.stats IS 'The whole, to be merged or asked for more.';

CREATE FUNCTION @extschema@.wf_agent_statistics(
    agent text DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    task_type text DEFAULT NULL, after text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS SETOF wfstate.agent_summary
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_agent_statistics_wrapper';
COMMENT ON FUNCTION @extschema@.wf_agent_statistics IS
'Tells what is known of the tasks of each agent, or of one: counts, success rate, and durations in milliseconds. Percentiles are within 1 %, all else is exact. Tasks count in the hour (UTC) of their decision: from the hour that holds since on, up to the hour that holds the moment before until: a full hour ends with the one before it. stats is the whole, to be merged or asked for more.
after is the agent of the last row of the page before, max_rows the size of the page (1 to 10000, by default 100).
Errors: 22023 for a bad argument; WF008 when a stored value is damaged.';
INSERT INTO wfstate.access VALUES ('wf_agent_statistics', 'reader');

CREATE FUNCTION @extschema@.wf_top_agents(
    min_tasks bigint DEFAULT 1, since timestamptz DEFAULT NULL, task_type text DEFAULT NULL,
    max_rows integer DEFAULT 10
) RETURNS SETOF wfstate.agent_summary
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_top_agents_wrapper';
COMMENT ON FUNCTION @extschema@.wf_top_agents IS
'Lists the agents with the highest success rate, of equals the one with the shorter mean duration, among those with at least min_tasks completed tasks since an hour. The columns are those of wf_agent_statistics. max_rows is how many (1 to 10000, by default 10).
Errors: 22023 for a bad argument; WF008 when a stored value is damaged.';
INSERT INTO wfstate.access VALUES ('wf_top_agents', 'reader');

CREATE FUNCTION @extschema@.wf_underperforming_agents(
    threshold double precision DEFAULT 0.8, min_tasks bigint DEFAULT 10, since timestamptz DEFAULT NULL,
    task_type text DEFAULT NULL, max_rows integer DEFAULT 100
) RETURNS SETOF wfstate.agent_summary
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'wf_underperforming_agents_wrapper';
COMMENT ON FUNCTION @extschema@.wf_underperforming_agents IS
'Lists the agents whose success rate is below a threshold (0 to 1), the lowest first, of equals the one with more tasks, among those with at least min_tasks completed tasks since an hour. The columns are those of wf_agent_statistics. max_rows is how many (1 to 10000, by default 100).
Errors: 22023 for a bad argument; WF008 when a stored value is damaged.';
INSERT INTO wfstate.access VALUES ('wf_underperforming_agents', 'reader');

CREATE FUNCTION @extschema@.wf_recalculate_statistics(since timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_recalculate_statistics_wrapper';
COMMENT ON FUNCTION @extschema@.wf_recalculate_statistics IS
'Builds the statistics of agents anew from the routing decisions, from the hour on that holds since; NULL: all of them. Hours whose decisions were pruned keep what they have. Recording goes on meanwhile; the call itself waits for transactions of the tenant that have folded or pruned. The result equals what recording has counted.
Returns the number of rows that the statistics of these hours now take.';
INSERT INTO wfstate.access VALUES ('wf_recalculate_statistics', 'operator');

CREATE FUNCTION @extschema@.wf_prune_routing(
    older_than interval DEFAULT NULL, statistics_older_than interval DEFAULT NULL, max_rows integer DEFAULT 10000
) RETURNS TABLE (
    decisions bigint, statistics bigint
)
    LANGUAGE c VOLATILE ROWS 1 PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'wf_prune_routing_wrapper';
COMMENT ON FUNCTION @extschema@.wf_prune_routing IS
'Removes routing decisions made longer ago than older_than, and statistics of hours that ended longer ago than statistics_older_than, the oldest first and at most max_rows (1 to 10000, by default 10000) of each, so that a transaction stays short: call it again until it removes fewer. At least one age must be given. Statistics outlive the decisions that they count.
Returns how many of each were removed; outcomes of such hours that were not folded yet count as statistics.
Errors: 22023 when both are NULL, or for a bad argument.';
INSERT INTO wfstate.access VALUES ('wf_prune_routing', 'operator');
