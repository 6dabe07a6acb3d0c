-- Routing: the audit trail of decisions, and the statistics of the agents that were chosen.
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

-- A row of its own for each session that records at the same time (slot), so that none waits for another.
CREATE TABLE wfstate.agent_statistics (
    hour_at   timestamptz NOT NULL,
    slot      integer NOT NULL,
    tenant    wfstate.identifier NOT NULL,
    agent     wfstate.identifier NOT NULL,
    task_type text COLLATE "C" NOT NULL,
    stats     routing_stats NOT NULL,
    CONSTRAINT agent_statistics_pkey PRIMARY KEY (tenant, agent, task_type, hour_at, slot)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE wfstate.agent_statistics IS 'Statistics of completed tasks by agent, task type and hour, spread over slots; their sum is what wf_agent_statistics tells. Updated in place (HOT).';
COMMENT ON COLUMN wfstate.agent_statistics.hour_at IS 'Hour, in UTC, in which the tasks were routed.';
COMMENT ON COLUMN wfstate.agent_statistics.slot IS '0: folded by wf_maintain or recalculated; else the slot of the sessions that recorded.';
COMMENT ON COLUMN wfstate.agent_statistics.tenant IS 'Whose tasks.';
COMMENT ON COLUMN wfstate.agent_statistics.agent IS 'Agent that was chosen.';
COMMENT ON COLUMN wfstate.agent_statistics.task_type IS 'Kind of task; empty for tasks without.';
COMMENT ON COLUMN wfstate.agent_statistics.stats IS 'What is known of the tasks.';
COMMENT ON INDEX wfstate.agent_statistics_pkey IS 'Recording a task; wf_agent_statistics of one agent.';
COMMENT ON CONSTRAINT agent_statistics_pkey ON wfstate.agent_statistics IS 'One row for each slot.';
CREATE INDEX agent_statistics_hour_idx ON wfstate.agent_statistics (tenant, hour_at);
COMMENT ON INDEX wfstate.agent_statistics_hour_idx IS 'wf_top_agents(since => ...), wf_prune_routing(statistics_older_than => ...).';
CREATE INDEX agent_statistics_slot_idx ON wfstate.agent_statistics (tenant, hour_at) WHERE slot > 0;
COMMENT ON INDEX wfstate.agent_statistics_slot_idx IS 'wf_maintain: slots of past hours.';

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

SELECT pg_catalog.pg_extension_config_dump('wfstate.routing_decisions', '');
SELECT pg_catalog.pg_extension_config_dump('wfstate.agent_statistics', '');
SELECT pg_catalog.pg_extension_config_dump('wfstate.routing_retention', '');

ALTER TABLE wfstate.routing_decisions ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfstate.agent_statistics ENABLE ROW LEVEL SECURITY;
ALTER TABLE wfstate.routing_retention ENABLE ROW LEVEL SECURITY;
